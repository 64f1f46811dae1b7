//! Trace intake: `PATCH /jobs/:id/trace`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{FailureReason, JobId, Status};
use runner::protocol::header;

use super::{Refused, auth, job_status};
use crate::logs::AppendError;
use crate::scheduler::finish::End;
use crate::service::Weir;

/// Appends a piece that begins exactly where the trace ends; anything else is answered with 416
/// and how much is held. The end of the range is not believed: clients differ by one there.
pub(super) async fn append(
    State(weir): State<Arc<Weir>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let id = JobId(id);
    let stored = auth::live_job(&weir, &headers, "", id).await?;
    let first = headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok()?.split('-').next()?.trim().parse::<u64>().ok())
        .ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "Missing Content-Range"))?;
    let logs = Arc::clone(weir.logs());
    // Small pieces, the usual case, are written faster than another thread would take over.
    let result = if body.len() <= 64 << 10 {
        logs.append(id, first, &body)
    } else {
        tokio::task::spawn_blocking(move || logs.append(id, first, &body))
            .await
            .map_err(|error| model::Error::internal(error.to_string()))?
    };
    match result {
        Ok(held) => Ok(answer(StatusCode::ACCEPTED, held, stored.job.status)),
        Err(AppendError::Gap { held }) => Ok(answer(StatusCode::RANGE_NOT_SATISFIABLE, held, stored.job.status)),
        Err(AppendError::TooLarge { .. }) => {
            let end = End::Failed {
                failure: FailureReason::TraceSizeExceeded,
                exit_code: None,
                detail: Some("its log grew over the limit".into()),
            };
            weir.end_job(id, end).await?;
            Err(Refused::forbidden("Trace is too large").of_job(Status::Failed))
        }
        Err(AppendError::Io(error)) => {
            Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, format!("the log cannot be written: {error}")))
        }
        Err(other) => Err(Refused::forbidden(other.to_string())),
    }
}

fn answer(code: StatusCode, held: u64, status: Status) -> Response {
    let mut response = code.into_response();
    let headers = response.headers_mut();
    if let Ok(range) = http::HeaderValue::from_str(&format!("0-{held}")) {
        headers.insert(header::RANGE, range);
    }
    headers.insert(header::JOB_STATUS, job_status(status));
    headers.insert(header::TRACE_UPDATE_INTERVAL, http::HeaderValue::from_static("3"));
    response
}
