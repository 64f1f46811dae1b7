//! Requests with a condition.

use axum::http::{HeaderMap, StatusCode, header};
use model::Timestamp;

use super::error::Refused;

/// Refuses to delete what changed after the time that the client knows. A time that cannot be read is no condition.
pub fn unmodified(headers: &HeaderMap, updated_at: Timestamp) -> Result<(), Refused> {
    let known = headers.get(header::IF_UNMODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let known = known.and_then(|text| httpdate::parse_http_date(text).ok());
    let seconds = known.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map(|since| since.as_secs());
    match seconds.and_then(|seconds| i64::try_from(seconds).ok()) {
        Some(seconds) if updated_at.seconds() > seconds => {
            Err(Refused::message(StatusCode::PRECONDITION_FAILED, "Precondition Failed"))
        }
        _ => Ok(()),
    }
}
