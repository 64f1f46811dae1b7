//! Weir's own addition: a held request by which the runner learns of a cancel at once.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use model::event::Change;
use model::{JobId, Status};
use runner::protocol::header;
use tokio::sync::broadcast::error::RecvError;

use super::hold::Hold;
use super::{Refused, auth, job_status};
use crate::service::Weir;

/// Answers 200 with `Job-Status` as soon as the job is no longer simply running; 204 when nothing
/// happened for a while. A job that has ended is 403, as on every job endpoint.
pub(super) async fn watch(
    State(weir): State<Arc<Weir>>,
    Path(id): Path<i64>,
    hold: Hold,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let id = JobId(id);
    // First subscribe, then look: nothing falls between.
    let mut events = weir.bus().subscribe();
    loop {
        let stored = auth::live_job(&weir, &headers, "", id).await?;
        if stored.job.status != Status::Running {
            let mut response = StatusCode::OK.into_response();
            response.headers_mut().insert(header::JOB_STATUS, job_status(stored.job.status));
            return Ok(response);
        }
        loop {
            match hold.until(events.recv()).await {
                Some(Ok(event)) => {
                    if matches!(&event.change, Change::Job(job) if job.id == id) {
                        break;
                    }
                }
                Some(Err(RecvError::Lagged(_))) => break,
                None | Some(Err(RecvError::Closed)) => return Ok(StatusCode::NO_CONTENT.into_response()),
            }
        }
    }
}
