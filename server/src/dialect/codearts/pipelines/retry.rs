//! Running again what did not go well.

use app::service::Service as _;
use axum::Json;
use model::{Error, Status};
use serde_json::Value;

use super::super::fields::Fields;
use super::super::{Call, Id, Refused};
use super::wire::success;
use crate::service::codearts::Which;

/// `PUT …/pipeline-runs/{pipeline_run_id}/retry`: the jobs that are named, or all that failed or were canceled.
pub async fn retry(call: Call) -> Result<Json<Value>, Refused> {
    let pipeline = super::pipeline(&call).await?;
    let id = call.id("pipeline_run_id")?;
    let fields = Fields(call.object()?);
    let named = fields.texts("job_run_ids")?.unwrap_or_default();
    let named = named.iter().map(|one| Id::parse("a job_run_id", one)).collect::<Result<Vec<_>, _>>()?;
    let view = call.weir.run_of(&call.caller, pipeline.id, Which::Uid(id.as_str().to_owned())).await?.view;
    if named.is_empty() {
        let again = |job: &model::Job| !job.retried && matches!(job.status, Status::Failed | Status::Canceled);
        let has_any = view.jobs.iter().any(again);
        call.weir.retry_run(&call.caller, view.run.id).await?;
        if !has_any {
            return Err(Error::conflict("no job of the run failed or was canceled").into());
        }
        return Ok(success());
    }
    let mut jobs = Vec::new();
    for id in &named {
        let job = view.jobs.iter().find(|job| job.uid.as_str() == id.as_str());
        jobs.push(job.ok_or_else(|| Refused::not_found("job"))?.id);
    }
    jobs.sort_unstable();
    jobs.dedup();
    call.weir.retry_jobs(&call.caller, jobs).await?;
    Ok(success())
}
