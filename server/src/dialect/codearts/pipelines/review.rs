//! Manual reviews: a manual job waits for somebody, who plays it or refuses it (docs/adr/0013-codearts.md).

use axum::Json;
use model::{Job, JobId};
use serde_json::Value;

use super::super::{Call, Refused, derived};
use super::wire::success;
use crate::service::codearts::Which;

/// `POST …/steps/{step_run_id}/pass`
pub async fn accept(call: Call) -> Result<Json<Value>, Refused> {
    let job = job(&call).await?;
    call.weir.review(&call.caller, job, true, comment(&call)?).await?;
    Ok(success())
}

/// `POST …/steps/{step_run_id}/refuse`
pub async fn reject(call: Call) -> Result<Json<Value>, Refused> {
    let job = job(&call).await?;
    call.weir.review(&call.caller, job, false, comment(&call)?).await?;
    Ok(success())
}

fn comment(call: &Call) -> Result<Option<String>, Refused> {
    let text = call.query.one("approval_description")?;
    if text.is_some_and(|text| text.contains('\0')) {
        return Err(Refused::invalid("approval_description contains a NUL character"));
    }
    if text.is_some_and(|text| text.chars().count() > 1000) {
        return Err(Refused::invalid("approval_description has more than 1000 characters"));
    }
    Ok(text.map(str::to_owned))
}

async fn job(call: &Call) -> Result<JobId, Refused> {
    Ok(step(call).await?.id)
}

/// The job of the address, whose only step the address names.
pub async fn step(call: &Call) -> Result<Job, Refused> {
    let pipeline = super::pipeline(call).await?;
    let (run, job, step) = (call.id("pipeline_run_id")?, call.id("job_run_id")?, call.id("step_run_id")?);
    let view = call.weir.run_of(&call.caller, pipeline.id, Which::Uid(run.as_str().to_owned())).await?.view;
    let found = view.jobs.into_iter().find(|one| one.uid.as_str() == job.as_str());
    let found = found.filter(|one| derived("step", one.uid.as_str(), 0) == step.as_str());
    found.ok_or_else(|| Refused::not_found("job"))
}
