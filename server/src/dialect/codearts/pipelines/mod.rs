//! CodeArts Pipeline: sections 7.1, 7.4 and 9 of the contract.

mod detail;
mod list;
mod log;
mod retry;
mod review;
mod runs;
mod start;
mod status;
mod wire;

use model::Pipeline;

use super::{Call, Refused};
use crate::http::{AppState, Routes};

/// Routes below `/v3`.
pub fn v3() -> Routes<AppState> {
    Routes::new()
        .get("/pipelines/status", status::batch)
        .post("/pipelines/list", list::simple)
        .get("/pipelines/{pipeline_id}/status", status::one)
        .post("/pipelines/{pipeline_id}/start", start::start)
        .post("/pipelines/{pipeline_id}/stop", runs::stop_numbered)
}

/// Routes below `/v5`.
pub fn v5() -> Routes<AppState> {
    let one = "/{project_id}/api/pipelines/{pipeline_id}";
    let run = format!("{one}/pipeline-runs/{{pipeline_run_id}}");
    let step = format!("{run}/jobs/{{job_run_id}}/steps/{{step_run_id}}");
    Routes::new()
        .post("/{project_id}/api/pipelines/status", status::latest)
        .post("/{project_id}/api/pipelines/list", list::list)
        .post(&format!("{one}/run"), start::run)
        .post(&format!("{one}/pipeline-runs/list"), runs::list)
        .get(&format!("{one}/pipeline-runs/detail"), detail::detail)
        .post(&format!("{run}/stop"), runs::stop)
        .put(&format!("{run}/retry"), retry::retry)
        .post(&format!("{step}/pass"), review::accept)
        .post(&format!("{step}/refuse"), review::reject)
        .post(&format!("{step}/logs"), log::read)
}

/// The pipeline of the address, which is one of the address's project.
async fn pipeline(call: &Call) -> Result<Pipeline, Refused> {
    let (project, id) = (call.project().await?, call.id("pipeline_id")?);
    let (pipeline, _) = call.weir.pipeline_of_uid(&call.caller, id.as_str()).await?;
    if pipeline.project_id == project.id { Ok(pipeline) } else { Err(Refused::not_found("pipeline")) }
}
