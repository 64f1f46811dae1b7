//! Runs of a pipeline: listing and stopping them.

use app::service::Service as _;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use model::Status;
use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::{Call, Refused, state};
use super::wire::{LatestRun, sources, stage_id, success};
use crate::service::codearts::{Wanted, Which};

/// `POST /v5/{project_id}/api/pipelines/{pipeline_id}/pipeline-runs/list`
pub async fn list(call: Call) -> Result<Response, Refused> {
    let project = call.project().await?;
    let pipeline = super::pipeline(&call).await?;
    let fields = Fields(call.object()?);
    let (offset, limit) = fields.part()?;
    let statuses = fields.texts("status")?.map(|words| statuses(&words)).transpose()?;
    if let Some(key) = fields.text("sort_key")?
        && !matches!(key, "start_time" | "run_number" | "create_time")
    {
        return Err(Refused::invalid("sort_key must be start_time or run_number"));
    }
    let users = match fields.texts("executor_ids")? {
        Some(uids) => Some(call.weir.names_of(uids).await?),
        None => None,
    };
    let triggers = fields.texts("trigger_type")?;
    let wanted = Wanted {
        statuses,
        users,
        sources: triggers.map(|words| words.iter().flat_map(|word| sources(word)).collect()),
        from: fields.time("start_time")?,
        until: fields.time("end_time")?,
        changed: fields.time("update_time")?,
        ascending: fields.ascending()?.unwrap_or(false),
    };
    let found = call.weir.runs_of(&call.caller, &pipeline, wanted, offset, limit).await?;
    // Ids of parts belong to one run: whoever names one asks for that run.
    let (stage, job) = (fields.text("stage_id")?, fields.text("job_id")?);
    let details = fields.flag("show_job_details")?.unwrap_or(false);
    let base = call.weir.external_url();
    let mut list = Vec::new();
    let mut left_out = 0;
    for (run, spans) in &found.list {
        let has_stage = stage.is_none_or(|wanted| (0..run.stages.len()).any(|place| stage_id(run, place) == wanted));
        let jobs = if details || job.is_some() { call.weir.run(&call.caller, run.id).await?.jobs } else { Vec::new() };
        let has_job = job.is_none_or(|wanted| jobs.iter().any(|job| job.uid.as_str() == wanted));
        if !has_stage || !has_job {
            left_out += 1;
            continue;
        }
        let one = LatestRun::new(pipeline.uid.as_str(), run, spans, Some(&project), &found.people, base);
        let mut one = serde_json::to_value(one).unwrap_or_default();
        if details {
            for (place, stage) in one["stage_status_list"].as_array_mut().into_iter().flatten().enumerate() {
                let of_stage = jobs.iter().filter(|job| !job.retried && job.stage_index as usize == place);
                stage["jobs"] = of_stage
                    .map(|job| json!({"id": job.uid, "name": job.name, "status": state::of_job_5(job)}))
                    .collect();
            }
        }
        list.push(one);
    }
    let total = if left_out > 0 { list.len() as u64 } else { found.total };
    Ok(Json(json!({"offset": offset, "limit": limit, "total": total, "pipeline_runs": list})).into_response())
}

/// The native states of the words that a list is filtered by.
pub fn statuses(words: &[String]) -> Result<Vec<Status>, Refused> {
    let of = |word: &String| {
        state::runs_called_5(word).ok_or_else(|| {
            let known = "COMPLETED, RUNNING, FAILED, CANCELED, PAUSED, SUSPEND, IGNORED";
            Refused::invalid(format!("{word:?} is no status of a run; they are {known}"))
        })
    };
    Ok(words.iter().map(of).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// `POST …/pipeline-runs/{pipeline_run_id}/stop`
pub async fn stop(call: Call) -> Result<Json<Value>, Refused> {
    let pipeline = super::pipeline(&call).await?;
    let id = call.id("pipeline_run_id")?;
    cancel(&call, &pipeline, Which::Uid(id.as_str().to_owned())).await?;
    Ok(success())
}

/// `POST /v3/pipelines/{pipeline_id}/stop?build_id=25`
pub async fn stop_numbered(call: Call) -> Result<Json<Value>, Refused> {
    let id = call.id("pipeline_id")?;
    let number = super::status::build_id(&call)?;
    let number = number.ok_or_else(|| Refused::invalid("the parameter build_id is missing"))?;
    let (pipeline, _) = call.weir.pipeline_of_uid(&call.caller, id.as_str()).await?;
    cancel(&call, &pipeline, Which::Number(number)).await?;
    Ok(Json(json!({"pipeline_id": pipeline.uid, "pipeline_name": pipeline.name})))
}

async fn cancel(call: &Call, pipeline: &model::Pipeline, which: Which) -> Result<(), Refused> {
    let run = call.weir.run_of(&call.caller, pipeline.id, which).await?.view.run;
    let ended = run.status.is_complete();
    // Whether the caller may comes first: who may not is not told how it stands.
    call.weir.cancel_run(&call.caller, run.id).await?;
    if ended {
        return Err(model::Error::conflict(format!("run {} has ended already", run.number)).into());
    }
    Ok(())
}
