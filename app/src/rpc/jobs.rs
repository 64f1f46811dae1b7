//! Jobs and their traces.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::JobId;
use model::log::LogPage;
use model::view::{JobView, Why};

use super::{Refusal, Seen};

/// A job with what stands beside it, and why it stands where it stands.
#[server(prefix = "/rpc", endpoint = "job", input = GetUrl, output = Json)]
pub async fn get_job(id: JobId) -> Result<Seen<(JobView, Option<Why>)>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    let view = service.job(&caller, id).await.map_err(super::ssr::refuse)?;
    let why = service.why_job(&caller, id).await.ok();
    Ok(super::ssr::seen((view, why)))
}

/// At most `limit` lines of the trace from line `from` on; 0 means the last ones.
#[server(prefix = "/rpc", endpoint = "job/log", input = GetUrl, output = Json)]
pub async fn log_lines(id: JobId, from: u64, limit: u32) -> Result<LogPage, Refusal> {
    use crate::service::Lines;
    let (service, caller) = super::ssr::service()?;
    let lines = if from == 0 { Lines::Tail } else { Lines::From(from) };
    service.log_lines(&caller, id, lines, limit.clamp(1, 5000)).await.map_err(super::ssr::refuse)
}

/// Starts a manual job. `variables` holds a line `NAME=value` for each variable of its own.
#[server(prefix = "/rpc", endpoint = "job/play")]
pub async fn play_job(
    id: JobId,
    #[server(default)] variables: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let variables =
        crate::logic::variables::read(&variables).map_err(|e| super::ssr::refuse(model::Error::invalid(e)))?;
    let job = service.play_job(&caller, id, variables).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&if back.is_empty() { format!("/jobs/{}", job.id) } else { back });
    Ok(())
}

/// Lets a scheduled job wait for somebody instead of its time.
#[server(prefix = "/rpc", endpoint = "job/unschedule")]
pub async fn unschedule_job(id: JobId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let job = service.unschedule_job(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&if back.is_empty() { format!("/jobs/{}", job.id) } else { back });
    Ok(())
}

/// Makes a new attempt.
#[server(prefix = "/rpc", endpoint = "job/retry")]
pub async fn retry_job(id: JobId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let job = service.retry_job(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&if back.is_empty() { format!("/jobs/{}", job.id) } else { back });
    Ok(())
}

/// Cancels the job.
#[server(prefix = "/rpc", endpoint = "job/cancel")]
pub async fn cancel_job(id: JobId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let job = service.cancel_job(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&if back.is_empty() { format!("/jobs/{}", job.id) } else { back });
    Ok(())
}
