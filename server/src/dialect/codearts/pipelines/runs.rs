//! Runs of a pipeline: listing and stopping them.

use app::service::Service as _;
use axum::Json;
use axum::response::Response;
use model::{Job, Status};
use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::{Call, Refused, derived, state};
use super::wire::{JobAt, LatestRun, jobs_of, sources, success};
use crate::http::{Fresh, Freshness};
use crate::service::codearts::{Part, Wanted, Which};

/// `POST /v5/{project_id}/api/pipelines/{pipeline_id}/pipeline-runs/list`
pub async fn list(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let project = call.project().await?;
    let pipeline = super::pipeline(&call).await?;
    let fields = Fields(call.object()?);
    let (offset, limit) = fields.part()?;
    let statuses = fields.texts("status")?.map(|words| statuses(&words)).transpose()?;
    if let Some(key) = fields.text("sort_key")?
        && !matches!(key, "start_time" | "update_time" | "run_number" | "create_time")
    {
        return Err(Refused::invalid("sort_key must be start_time, update_time or run_number"));
    }
    let users = match fields.texts("executor_ids")? {
        Some(uids) => Some(call.weir.starters(pipeline.id, uids).await?),
        None => None,
    };
    let triggers = match fields.texts("trigger_type")? {
        Some(words) => Some(triggers(&words)?),
        None => None,
    };
    // A stage only says whose jobs are told, a job which runs: both only where jobs are told at all.
    let with_jobs = fields.flag("show_job_details")?.unwrap_or(false);
    let (stage, job) = (fields.text("stage_id")?, fields.text("job_id")?.filter(|_| with_jobs));
    let wanted = Wanted {
        job: job.map(str::to_owned),
        statuses,
        users,
        sources: triggers,
        by_update: fields.text("sort_key")? == Some("update_time"),
        from: fields.time("start_time")?,
        until: fields.time("end_time")?,
        changed: fields.time("update_time")?,
        ascending: fields.ascending()?.unwrap_or(false),
    };
    freshness
        .respond(|| async {
            let found = call.weir.runs_of(&call.caller, &pipeline, wanted.clone(), offset, limit).await?;
            let base = call.weir.external_url();
            let mut list = Vec::new();
            for (run, parts) in &found.list {
                let one = LatestRun::new(pipeline.uid.as_str(), run, parts, Some(&project), &found.people, base);
                let mut one = serde_json::to_value(one).unwrap_or_default();
                if with_jobs {
                    let of_run = call.weir.run(&call.caller, run.id).await?.jobs;
                    add_jobs(&mut one["stage_status_list"], parts, &of_run, stage);
                }
                list.push(one);
            }
            let total = found.total;
            Ok(Fresh::list(&json!({"offset": offset, "limit": limit, "total": total, "pipeline_runs": list}))?)
        })
        .await
}

/// Puts jobs into one stage of a run: the one that is named, or the last.
fn add_jobs(stages: &mut Value, parts: &[Part], jobs: &[Job], stage: Option<&str>) {
    let jobs: Vec<&Job> = jobs.iter().filter(|job| !job.retried).collect();
    let count = parts.len();
    for (place, (told, part)) in stages.as_array_mut().into_iter().flatten().zip(parts).enumerate() {
        let id = told["id"].as_str().unwrap_or_default().to_owned();
        if stage.map_or(place + 1 != count, |stage| stage != id) {
            continue;
        }
        let of_stage = jobs_of(part, &jobs).into_iter().enumerate().map(|(sequence, job)| match job {
            JobAt::There(job) => json!({"id": job.uid, "name": job.name, "status": state::of_job_5(job)}),
            JobAt::LeftOut(name) => {
                json!({"id": derived("job", &id, sequence), "name": name, "status": state::UNSELECTED})
            }
        });
        told["jobs"] = of_stage.collect();
    }
}

/// The sources of the words that a list is filtered by. Words that are documented and start nothing here are fine.
fn triggers(words: &[String]) -> Result<Vec<&'static str>, Refused> {
    const KNOWN: [&str; 11] =
        ["Manual", "Scheduler", "RollBack", "CreateTag", "Note", "Issue", "MR", "CR", "Generic", "Push", "SubPipeline"];
    if let Some(word) = words.iter().find(|word| !KNOWN.contains(&word.as_str())) {
        let known = KNOWN.join(", ");
        return Err(Refused::invalid(format!("{word:?} is nothing that starts a run; that is one of {known}")));
    }
    Ok(words.iter().flat_map(|word| sources(word)).collect())
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
