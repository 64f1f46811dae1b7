//! How pipelines stand: many at once (versions 3 and 5), or one with its stages and jobs.

use axum::response::Response;
use model::plan::Variable;
use model::{Job, Run, Status, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::{Call, Id, Refused, derived, state};
use super::wire::{
    JobAt, LatestRun, detail_url, end_of, job_end, jobs_of, modify_url, slug, span_of, stage_id, stage_of, text,
};
use crate::http::{Fresh, Freshness};
use crate::service::codearts::{Card, Detail, Part, Which};

/// The most pipelines of one question.
const MOST: usize = 100;
/// The most characters that they have together: their ids, and the commas between.
const CHARACTERS: usize = 3300;

/// `PipelineExecuteStates`.
#[derive(Debug, Serialize)]
struct States {
    pipeline_id: String,
    pipeline_name: String,
    build_id: String,
    status: Option<&'static str>,
    result: Option<&'static str>,
    executor: String,
    start_time: String,
    end_time: Option<String>,
    detail_url: String,
    modify_url: String,
    stages: Vec<Stage>,
}

#[derive(Debug, Serialize)]
struct Stage {
    name: String,
    display_name: String,
    order: usize,
    dsl_method: &'static str,
    status: Option<&'static str>,
    result: Option<&'static str>,
    parameters: Option<Value>,
}

/// `GET /v3/pipelines/status?pipeline_ids=a,b`: those that have run, each once, in the order of the question.
pub async fn batch(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let wanted = call.query.required("pipeline_ids")?;
    if wanted.chars().count() > CHARACTERS {
        return Err(Refused::invalid(format!("pipeline_ids has more than {CHARACTERS} characters")));
    }
    let ids = ids("pipeline_ids", wanted.split(','))?;
    freshness
        .respond(|| async {
            let cards = call.weir.cards_of(&call.caller, &ids, None, false).await?;
            let base = call.weir.external_url();
            Ok(Fresh::list(&cards.list.iter().filter_map(|card| states(card, base)).collect::<Vec<_>>())?)
        })
        .await
}

fn ids<'i>(what: &str, given: impl Iterator<Item = &'i str>) -> Result<Vec<String>, Refused> {
    let ids = given.map(|one| Id::parse(what, one).map(|id| id.as_str().to_owned()));
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    if ids.len() > MOST {
        return Err(Refused::invalid(format!("{} ids are given; {MOST} are asked for at a time", ids.len())));
    }
    Ok(ids)
}

fn states(card: &Card, base: &str) -> Option<States> {
    let run = card.latest.as_ref()?;
    let words = state::of_run(run.status);
    let stage = |(place, part): (usize, &Part)| {
        let words = words_of(run, part);
        Stage {
            name: slug(&part.name, place),
            display_name: part.name.clone(),
            order: place + 1,
            dsl_method: state::dsl_method(&part.name),
            status: words.status,
            result: words.result,
            parameters: None,
        }
    };
    Some(States {
        pipeline_id: card.pipeline.uid.to_string(),
        pipeline_name: card.pipeline.name.clone(),
        build_id: run.number.to_string(),
        status: words.status,
        result: words.result,
        executor: run.user.clone(),
        start_time: text(run.created_at),
        end_time: end_of(run).map(text),
        detail_url: detail_url(base, run),
        modify_url: modify_url(base, card.pipeline.key.as_str()),
        stages: card.parts.iter().enumerate().map(stage).collect(),
    })
}

/// The words of a stage; one that did not run has none.
fn words_of(run: &Run, part: &Part) -> state::Words {
    let began = part.span.0.is_some();
    stage_of(run, part).map_or(state::NONE, |stage| state::of_part(stage.status, began))
}

/// `POST /v5/{project_id}/api/pipelines/status`, with a list of ids for a body: those of the project that have run.
pub async fn latest(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let project = call.project().await?;
    let wrong = || Refused::invalid("the body must be a list of pipeline ids");
    let list = match call.json()? {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => return Err(wrong()),
    };
    let texts = list.iter().map(|one| one.as_str().ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?;
    let ids = ids("a pipeline id", texts.into_iter())?;
    freshness
        .respond(|| async {
            let cards = call.weir.cards_of(&call.caller, &ids, Some(project.id), true).await?;
            let base = call.weir.external_url();
            let of = |card: &Card| {
                let run = card.latest.as_ref()?;
                let uid = card.pipeline.uid.as_str();
                Some(LatestRun::new(uid, run, &card.parts, Some(&project), &cards.people, base).without_ids())
            };
            Ok(Fresh::list(&cards.list.iter().filter_map(of).collect::<Vec<_>>())?)
        })
        .await
}

/// `GET /v3/pipelines/{pipeline_id}/status`: the latest run, or the one with the number `build_id`.
pub async fn one(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let id = call.id("pipeline_id")?;
    let which = match build_id(&call)? {
        Some(number) => Which::Number(number),
        None => Which::Latest,
    };
    freshness
        .respond(|| async {
            let (pipeline, _) = call.weir.pipeline_of_uid(&call.caller, id.as_str()).await?;
            let detail = call.weir.run_of(&call.caller, pipeline.id, which.clone()).await?;
            Ok(Fresh::list(&whole(&pipeline, &detail, call.weir.external_url()))?)
        })
        .await
}

/// The number of a run in the query: up to ten digits.
pub fn build_id(call: &Call) -> Result<Option<i64>, Refused> {
    let number = |text: &str| {
        let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<i64>().ok().filter(|number| is_number && *number > 0);
        number.ok_or_else(|| Refused::invalid("build_id is no number of a run"))
    };
    call.query.one("build_id")?.map(number).transpose()
}

fn whole(pipeline: &model::Pipeline, detail: &Detail, base: &str) -> Value {
    let run = &detail.view.run;
    let words = state::of_run(run.status);
    let page = detail_url(base, run);
    let jobs: Vec<&Job> = detail.view.jobs.iter().filter(|job| !job.retried).collect();
    let stage = |(place, part): (usize, &Part)| {
        let (start, end) = span_of(run, part);
        let words = words_of(run, part);
        let id = stage_id(run, place);
        let of_stage = jobs_of(part, &jobs).into_iter().enumerate().map(|(sequence, job)| match job {
            JobAt::There(job) => child(job, base),
            JobAt::LeftOut(name) => left_out(name, &derived("job", &id, sequence), &page),
        });
        json!({
            "id": id, "name": part.name, "type": "stage",
            "start_time": start.map(text), "end_time": end.map(text), "elapsed_time": elapsed(start, end),
            "status": words.status, "outcome": words.result,
            "error_code": null, "error_msg": null,
            "children": of_stage.collect::<Vec<_>>(),
            "detail_url": page,
        })
    };
    let parameter = |one: &Variable| json!({"name": one.key, "value": one.value});
    json!({
        "pipeline_id": pipeline.uid, "pipeline_name": pipeline.name,
        "executor": run.user, "build_id": run.number.to_string(),
        "start_time": text(run.created_at), "end_time": end_of(run).map(text),
        "elapsed_time": elapsed(Some(run.created_at), end_of(run)),
        "parameters": detail.variables.iter().map(parameter).collect::<Vec<_>>(),
        "states": detail.parts.iter().enumerate().map(stage).collect::<Vec<_>>(),
        "status": words.status, "outcome": words.result,
        "detail_url": page,
    })
}

fn child(job: &Job, base: &str) -> Value {
    let words = state::of_job(job);
    let failed = job.status == Status::Failed;
    json!({
        "id": job.uid, "name": job.name, "type": "task",
        "start_time": job.started_at.map(text), "end_time": job_end(job).map(text),
        "elapsed_time": elapsed(job.started_at, job_end(job)),
        "status": words.status, "outcome": words.result,
        "error_code": job.failure_reason.filter(|_| failed).map(|reason| reason.as_str()),
        "error_msg": failed.then(|| format!("{}: {}", job.name, job.reason)),
        "children": [],
        "detail_url": format!("{base}/jobs/{}", job.id),
    })
}

/// A job that the run was started without has no words, as one that did not run.
fn left_out(name: &str, id: &str, page: &str) -> Value {
    json!({
        "id": id, "name": name, "type": "task", "start_time": null, "end_time": null, "elapsed_time": null,
        "status": null, "outcome": null, "error_code": null, "error_msg": null, "children": [], "detail_url": page,
    })
}

/// Milliseconds as a text, of what has ended: until then it would be another answer at every moment.
fn elapsed(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<String> {
    Some(end?.since(start?).to_string())
}
