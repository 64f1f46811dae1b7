//! `GET …/pipeline-runs/detail`: a run with its stages, jobs and steps.

use axum::response::Response;
use model::{Job, JobKind, Pipeline, Project, Status, Timestamp};
use serde_json::{Value, json};

use super::super::{Call, Id, Refused, derived, state};
use super::list::VERSION;
use super::wire::{BuildParams, JobAt, detail_url, end_of, job_end, jobs_of, span_of, stage_id, stage_of, trigger};
use crate::clock;
use crate::http::{Fresh, Freshness};
use crate::service::codearts::{Detail, Part, Which};

/// By its id, by its number, or the latest.
pub async fn detail(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let number = |text: &str| {
        let number = text.parse::<i64>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| Refused::invalid("pipeline_run_number is no number of a run"))
    };
    let which = match (call.query.one("pipeline_run_id")?, call.query.one("pipeline_run_number")?) {
        (Some(id), _) => Which::Uid(Id::parse("pipeline_run_id", id)?.as_str().to_owned()),
        (None, Some(text)) => Which::Number(number(text)?),
        (None, None) => Which::Latest,
    };
    freshness
        .respond(|| async {
            let (project, pipeline) = (call.project().await?, super::pipeline(&call).await?);
            let detail = call.weir.run_of(&call.caller, pipeline.id, which.clone()).await?;
            let base = call.weir.external_url();
            Ok(Fresh::timed(clock::now(), |now| whole(&pipeline, &project, &detail, base, now))?)
        })
        .await
}

fn whole(pipeline: &Pipeline, project: &Project, detail: &Detail, base: &str, now: Timestamp) -> Value {
    let run = &detail.view.run;
    let jobs: Vec<&Job> = detail.view.jobs.iter().filter(|job| !job.retried).collect();
    let daily = detail.numbers.daily();
    let stage = |(place, part): (usize, &Part)| {
        let (start, end) = span_of(run, part);
        let (id, stage) = (stage_id(run, place), stage_of(run, part));
        let of_stage = jobs_of(part, &jobs).into_iter().enumerate().map(|(sequence, job)| match job {
            JobAt::There(job) => job_run(job, sequence, &part.name, &daily),
            JobAt::LeftOut(name) => left_out(name, sequence, &derived("job", &id, sequence)),
        });
        json!({
            "id": id, "category": null, "name": part.name, "identifier": place.to_string(),
            "run_always": false, "parallel": null, "is_select": stage.is_some(), "sequence": place,
            "depends_on": if place == 0 { vec![] } else { vec![(place - 1).to_string()] },
            "condition": null, "status": stage.map_or(state::UNSELECTED, state::of_stage_5),
            "start_time": start.map(|at| at.0), "end_time": end.map(|at| at.0), "pause_time": null,
            "pre": [], "post": [],
            "jobs": of_stage.collect::<Vec<_>>(),
        })
    };
    let artifact = |job: &Job, one: &model::ArtifactInfo| {
        json!({
            "name": one.filename, "packageType": one.kind, "version": null,
            "downloadUrl": format!("{base}/jobs/{}/artifacts/{}", job.id, super::super::super::encoded(&one.filename)),
        })
    };
    let artifacts = jobs.iter().flat_map(|job| job.artifacts.iter().map(|one| artifact(job, one)));
    json!({
        "id": run.uid, "pipeline_id": pipeline.uid, "manifest_version": VERSION, "name": pipeline.name,
        "description": detail.description, "is_publish": false,
        "executor_id": detail.user, "executor_name": run.user,
        "status": state::of_run_5(run.status), "trigger_type": trigger(run), "run_number": run.number,
        "pause_time": null, "start_time": run.created_at.0, "end_time": end_of(run).map(|at| at.0),
        "stages": detail.parts.iter().enumerate().map(stage).collect::<Vec<_>>(),
        "domain_id": null, "project_id": project.uid, "region": null, "component_id": "", "language": null,
        "sources": sources(run, project), "artifacts": artifacts.collect::<Vec<_>>(),
        "subject_id": run.uid, "group_id": null, "group_name": null,
        "detail_url": detail_url(base, run), "current_system_time": now.0,
    })
}

fn job_run(job: &Job, sequence: usize, stage: &str, daily: &str) -> Value {
    let needs = job.needs.clone().unwrap_or_default();
    let end = job_end(job).map(|at| at.0);
    json!({
        "id": job.uid, "category": null, "sequence": sequence, "async": "false", "name": job.name, "identifier": job.name,
        "depends_on": needs, "condition": job.when.as_str(), "resource": null, "is_select": true,
        "timeout": job.timeout.to_string(), "last_dispatch_id": null, "status": state::of_job_5(job),
        "message": format!("{}: {}", job.name, job.reason),
        "start_time": job.started_at.map(|at| at.0), "end_time": end,
        "steps": [step(job, stage, daily)], "exec_id": null,
    })
}

/// A job that the run was started without: it has no step, since nothing can be asked of it.
fn left_out(name: &str, sequence: usize, id: &str) -> Value {
    json!({
        "id": id, "category": null, "sequence": sequence, "async": "false", "name": name, "identifier": name,
        "depends_on": [], "condition": null, "resource": null, "is_select": false, "timeout": null,
        "last_dispatch_id": null, "status": state::UNSELECTED, "message": "the run was started without the job",
        "start_time": null, "end_time": null, "steps": [], "exec_id": null,
    })
}

/// A job's script is its one step; a manual job's is a review for as long as it waits.
fn step(job: &Job, stage: &str, daily: &str) -> Value {
    let task = match (job.kind, job.status) {
        (JobKind::Bridge, _) => "official_devcloud_subPipeline",
        (_, Status::Manual) => "official_devcloud_checkpoint",
        _ => "official_shell_plugin",
    };
    let business = match (job.status, state::dsl_method(stage)) {
        (Status::Manual, _) => "Normal",
        (_, "deploy") => "Deploy",
        (_, "test") => "Test",
        _ => "Build",
    };
    let failed = job.status == Status::Failed;
    json!({
        "id": derived("step", job.uid.as_str(), 0), "name": job.name, "task": task, "business_type": business,
        "inputs": [], "sequence": 0, "official_task_version": null, "identifier": null, "multi_step_editable": 0,
        "endpoint_ids": [], "last_dispatch_id": null, "status": state::of_step_5(job),
        "message": failed.then(|| format!("{}: {}", job.name, job.reason)),
        "start_time": job.started_at.map(|at| at.0),
        "end_time": job_end(job).map(|at| at.0),
        "daily_build_number": daily,
    })
}

fn sources(run: &model::Run, project: &Project) -> Value {
    let Some(url) = &project.source else { return json!([]) };
    let build = BuildParams::new(run, Some(project));
    let mut build = serde_json::to_value(build).unwrap_or_default();
    // It stands beside it here.
    if let Some(fields) = build.as_object_mut() {
        fields.remove("git_url");
    }
    build["virtual_merge_branch"] = Value::Null;
    build["virtual_merge_commit_id"] = Value::Null;
    json!([{
        "type": "code",
        "params": {
            "git_type": "git", "git_url": url, "ssh_git_url": null, "web_url": null,
            "repo_name": project.path.name(), "default_branch": null, "endpoint_id": null, "codehub_id": null,
            "alias": "", "build_params": build,
        },
    }])
}
