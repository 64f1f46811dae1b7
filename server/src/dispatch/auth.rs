//! Tokens of runners and jobs.

use axum::http::HeaderMap;
use model::{JobId, Status};
use runner::protocol::header;
use subtle::ConstantTimeEq;

use super::Refused;
use crate::random;
use crate::service::Weir;
use crate::store::jobs::Stored;
use crate::store::runners::{self, Runner};
use crate::store::{StoreError, jobs};

/// The runner whose token is in the body or, failing that, in the header.
pub(super) async fn runner(weir: &Weir, headers: &HeaderMap, body: &str) -> Result<Runner, Refused> {
    let hash = random::hash(token(headers, header::RUNNER_TOKEN, body));
    let found =
        weir.store().glance(move |conn| runners::by_token_hash(conn, &hash)).await.map_err(model::Error::from)?;
    found.ok_or_else(|| Refused::forbidden("Forbidden"))
}

/// The job, if the token is its own; whatever its status. What is not there is refused in the same
/// words as what is not yours.
pub(super) async fn job(weir: &Weir, headers: &HeaderMap, body: &str, id: JobId) -> Result<Stored, Refused> {
    let hash = random::hash(token(headers, header::JOB_TOKEN, body));
    let found = weir.store().glance(move |conn| jobs::require(conn, id)).await;
    let stored = match found {
        Ok(stored) => stored,
        Err(StoreError::Refused(_)) => return Err(Refused::forbidden("Forbidden")),
        Err(other) => return Err(model::Error::from(other).into()),
    };
    match &stored.token_hash {
        Some(own) if bool::from(own.as_slice().ct_eq(&hash)) => Ok(stored),
        _ => Err(Refused::forbidden("Forbidden")),
    }
}

/// As [`job`], and it still runs: otherwise the runner is told that it is no longer its.
pub(super) async fn live_job(weir: &Weir, headers: &HeaderMap, body: &str, id: JobId) -> Result<Stored, Refused> {
    live(weir, job(weir, headers, body, id).await?)
}

/// The job, if it still runs; this is a sign of life of its runner.
pub(super) fn live(weir: &Weir, stored: Stored) -> Result<Stored, Refused> {
    if stored.job.status.is_running() {
        weir.heartbeats().job(stored.job.id);
        Ok(stored)
    } else {
        Err(Refused::forbidden("Job is not processing on runner").of_job(told(stored.job.status)))
    }
}

/// What a runner is told of a job that no longer runs: clients know `canceled` and `failed`.
fn told(status: Status) -> Status {
    if status == Status::Canceled { Status::Canceled } else { Status::Failed }
}

/// The token in the body or, failing that, in the header of this name.
pub(super) fn token<'a>(headers: &'a HeaderMap, name: &str, body: &'a str) -> &'a str {
    if !body.is_empty() {
        return body;
    }
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
