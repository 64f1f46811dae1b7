//! Updates: `PUT /jobs/:id`, the runner's word on how a job stands and how it ended.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{ErrorKind, FailureReason, JobId, Status};
use runner::protocol::{JobState, UpdateRequest, header, reason};

use super::{Refused, auth, job_status};
use crate::clock;
use crate::scheduler::finish::End;
use crate::service::Weir;

/// Records how a job stands. The end is durable, with its trace, before it is answered; the same
/// end told twice is answered like the first time.
pub(super) async fn update(
    State(weir): State<Arc<Weir>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Json(update): Json<UpdateRequest>,
) -> Result<Response, Refused> {
    let id = JobId(id);
    let end = match update.state {
        JobState::Pending | JobState::Running => {
            let stored = auth::live_job(&weir, &headers, update.token.reveal(), id).await?;
            return Ok(answer(stored.job.status));
        }
        JobState::Success => End::Success,
        JobState::Failed => {
            End::Failed { failure: failure(&update.failure_reason), exit_code: update.exit_code, detail: None }
        }
    };
    let stored = auth::job(&weir, &headers, update.token.reveal(), id).await?;
    if told_before(stored.job.status, update.state) {
        return Ok(StatusCode::OK.into_response());
    }
    let stored = auth::live(&weir, stored)?;
    if let Some(output) = &update.output {
        let logs = Arc::clone(weir.logs());
        let wanted = (output.bytesize, output.crc32());
        // Of a trace that grew in this process both are known; otherwise it is read.
        let known = logs.is_open(id);
        let check = move || -> std::io::Result<bool> {
            let good = logs.held(id)? == wanted.0
                && match wanted.1 {
                    Some(crc) => logs.checksum(id)? == crc,
                    None => true,
                };
            if !good {
                logs.reset(id)?;
            }
            Ok(good)
        };
        let whole = if known {
            check()
        } else {
            tokio::task::spawn_blocking(check).await.map_err(|error| model::Error::internal(error.to_string()))?
        };
        match whole {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(job.id = id.0, "a trace arrived damaged and is asked for again");
                return Ok(StatusCode::PRECONDITION_FAILED.into_response());
            }
            Err(error) => return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
        }
    }
    let end = match end {
        End::Failed { failure: FailureReason::JobExecutionTimeout, exit_code, detail: None } => {
            End::Failed { failure: FailureReason::JobExecutionTimeout, exit_code, detail: Some(limit_of(&stored.job)) }
        }
        other => other,
    };
    match weir.end_job(id, end).await {
        Ok(_) => Ok(answer(stored.job.status)),
        // Somebody was faster: a cancel, or the sweep of lost jobs.
        Err(error) if error.kind == ErrorKind::Conflict => {
            Err(Refused::forbidden(error.message).of_job(Status::Failed))
        }
        Err(error) => Err(error.into()),
    }
}

/// Which limit a job reached that its runner ended for its time: the one of its script is not told.
fn limit_of(job: &model::Job) -> String {
    let limit = job.timeout;
    if job.duration(clock::now()).is_some_and(|ran| ran < i64::from(limit) * 1000) {
        return format!("its script may run less long than the {limit} s of the job: `RUNNER_SCRIPT_TIMEOUT` says so");
    }
    format!("its time limit is {limit} s")
}

/// Whether the job has ended in the way that is told now: the first answer was lost.
fn told_before(now: Status, state: JobState) -> bool {
    match state {
        JobState::Success => now == Status::Success,
        JobState::Failed => now == Status::Failed,
        JobState::Pending | JobState::Running => false,
    }
}

/// Old clients give no reason; it is their script that failed. Reasons that this server does not
/// know are unknown failures.
fn failure(text: &str) -> FailureReason {
    match text {
        "" => FailureReason::ScriptFailure,
        reason::JOB_CANCELED => FailureReason::RunnerInterrupted,
        other => other.parse().unwrap_or(FailureReason::UnknownFailure),
    }
}

fn answer(status: Status) -> Response {
    let mut response = Json(status.as_str()).into_response();
    response.headers_mut().insert(header::JOB_STATUS, job_status(status));
    response.headers_mut().insert(header::TRACE_UPDATE_INTERVAL, http::HeaderValue::from_static("3"));
    response
}
