//! Runs: GitLab's pipelines.

use app::service::Service as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::plan::Variable;
use model::{Error, JobKind, NewRun, RunId, Seq, Source};
use serde_json::{Map, Value, json};

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::page::Page;
use super::repository::{LOOK, age, is_of_run};
use super::start;
use super::target::{Asked, Target};
use super::wire::{BridgeObject, JobObject, Pipeline};
use crate::http::{Fresh, Freshness};

/// `GET …/pipelines/:pid`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let (object, version) = whole(&target, target.run_id().await?).await?;
            Ok(Fresh::object(&object, version)?)
        })
        .await
}

/// A run with its name.
async fn whole(target: &Target, id: RunId) -> Result<(Pipeline, Seq), Refused> {
    let found = target.weir.jobs_of_run(&target.caller, id, None, false).await?;
    let (shown, version) = target.run_covered(&found).await?;
    Ok((if target.is_of_project() { shown.named(&found.0) } else { shown }, version))
}

/// A run as it is after what was done to it.
async fn changed(target: &Target, id: RunId) -> Result<Json<Pipeline>, Refused> {
    let found = target.weir.jobs_of_run(&target.caller, id, None, false).await?;
    Ok(Json(target.run_covered(&found).await?.0))
}

/// `GET …/pipelines/latest`: the newest of the commit that a branch or tag is at. None is GitLab's 403.
pub async fn latest(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let git_ref = Fields::of_query(&asked.query).filled("ref")?;
    let target = asked.find().await?;
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    let age = age(&freshness);
    freshness
        .every(LOOK)
        .respond_when(
            |event| is_of_run(&event.change, project.id),
            || async {
                target.weir.fetch_for(&target.caller, project, age).await;
                let found = target.weir.latest_run(&target.caller, project, git_ref.as_deref()).await?;
                let Some(run) = found else { return Err(Refused::message(StatusCode::FORBIDDEN, "Forbidden")) };
                Ok(Fresh::list(&whole(&target, run.id).await?.0)?)
            },
        )
        .await
}

/// `POST …/pipeline`: starts a run of a branch or tag.
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let mut problems = Problems::default();
    let git_ref = problems.take(fields.required("ref"));
    let variables = problems.take(variables(&fields));
    let inputs = problems.take(inputs(&fields, "inputs"));
    problems.none()?;
    let target = asked.find().await?;
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    for (i, variable) in variables.iter().enumerate() {
        if variables[..i].iter().any(|other| other.key == variable.key) {
            return Err(Refused::base(&format!("Duplicate variable name: {}", variable.key)));
        }
    }
    let inputs = inputs.into_iter().collect();
    let new = NewRun { git_ref: Some(git_ref), variables, inputs, source: Source::Api, ..NewRun::default() };
    let run = target.weir.start_in_project(&target.caller, project, new).await.map_err(start::refused)?;
    Ok((StatusCode::CREATED, Json(target.run_shown(&run).await?)).into_response())
}

/// `variables`: a list of objects with `key`, `value` and perhaps `variable_type`.
fn variables(fields: &Fields) -> Result<Vec<Variable>, Refused> {
    let list = match fields.value("variables") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refused::parameter("variables is invalid")),
    };
    let mut problems = Problems::default();
    let mut read = Vec::with_capacity(list.len());
    for (i, one) in list.iter().enumerate() {
        let Value::Object(one) = one else { return Err(Refused::parameter("variables is invalid")) };
        let one = Fields::of_map(one.clone());
        let of = |name: &str| format!("variables[{i}][{name}]");
        let key = problems.take(one.required("key").map_err(|refused| refused.renamed("key", &of("key"))));
        let value = problems.take(one.required("value").map_err(|refused| refused.renamed("value", &of("value"))));
        let kind = one.choice("variable_type", &["env_var", "file"]);
        let kind = problems.take(kind.map_err(|refused| refused.renamed("variable_type", &of("variable_type"))));
        read.push(Variable { file: kind == Some("file"), ..Variable::new(key, value) });
    }
    problems.none().map(|()| read)
}

/// Values of inputs: an object.
pub fn inputs(fields: &Fields, name: &str) -> Result<Map<String, Value>, Refused> {
    match fields.value(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(inputs)) => Ok(inputs.clone()),
        // What a form writes of an empty one.
        Some(Value::String(text)) if text.is_empty() || text == "{}" => Ok(Map::new()),
        Some(_) => Err(Refused::parameter(format!("{name} is invalid"))),
    }
}

/// `DELETE …/pipelines/:pid`: a live one is stopped first.
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    let id = target.run_id().await?;
    target.weir.remove_run(&target.caller, id, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT …/pipelines/:pid/metadata`: gives a run a name.
pub async fn rename(asked: Asked, fields: Fields) -> Result<Json<Pipeline>, Refused> {
    let name = fields.required("name")?;
    let target = asked.find().await?;
    let id = target.run_id().await?;
    if name.chars().count() > 255 {
        let text = "Failed to update pipeline - Name is too long (maximum is 255 characters)";
        // Who may not is told that first.
        target.weir.may(&target.caller, crate::auth::Action::RenameRun, target.project_id()?).await?;
        return Err(Refused::plain(StatusCode::BAD_REQUEST, text));
    }
    target.weir.rename_run(&target.caller, id, &name).await?;
    Ok(Json(whole(&target, id).await?.0))
}

/// `GET …/pipelines/:pid/variables`
pub async fn variables_of(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let found = target.weir.run_variables(&target.caller, target.run_id().await?).await?;
            let shown: Vec<Value> = found.iter().map(variable).collect();
            Ok(Fresh::list(&shown)?)
        })
        .await
}

/// A variable of a run.
fn variable(one: &Variable) -> Value {
    let kind = if one.file { "file" } else { "env_var" };
    json!({"variable_type": kind, "key": one.key, "value": one.value, "raw": one.raw})
}

/// `GET …/pipelines/:pid/jobs`: newest first, the latest attempts unless others are asked for.
pub async fn jobs(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let mut problems = Problems::default();
    let page = problems.take(Page::read(&asked.query));
    let scope = problems.take(super::jobs::scope(&asked.query));
    let retried = problems.take(Fields::of_query(&asked.query).switch("include_retried")).unwrap_or(false);
    problems.none()?;
    let target = asked.find().await?;
    // GitLab has its bridges apart; whoever asks without a project wants all of them.
    let kind = target.is_of_project().then_some(JobKind::Build);
    freshness
        .respond(|| async {
            let (run, mut jobs) =
                target.weir.jobs_of_run(&target.caller, target.run_id().await?, kind, retried).await?;
            jobs.retain(|job| scope.fits(job.status));
            let total = jobs.len() as u64;
            let found = page.of(&jobs).iter().map(|job| (job.clone(), run.clone())).collect();
            let headers = target.pages(page, Some(total), false);
            Ok(Fresh::list(&target.jobs_shown(found).await?)?.with(headers))
        })
        .await
}

/// `GET …/pipelines/:pid/bridges`: the jobs that start child runs.
pub async fn bridges(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let mut problems = Problems::default();
    let page = problems.take(Page::read(&asked.query));
    let scope = problems.take(super::jobs::scope(&asked.query));
    problems.none()?;
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let id = target.run_id().await?;
            let (run, mut jobs) = target.weir.jobs_of_run(&target.caller, id, Some(JobKind::Bridge), false).await?;
            jobs.retain(|job| scope.fits(job.status));
            let (total, of_page) = (jobs.len() as u64, page.of(&jobs));
            let children = of_page.iter().filter_map(|job| job.child).collect();
            let children = target.weir.children_of(&target.caller, children).await?;
            let found = of_page.iter().map(|job| (job.clone(), run.clone())).collect();
            let objects: Vec<JobObject> = target.jobs_shown(found).await?;
            let shown: Vec<BridgeObject> = objects
                .into_iter()
                .zip(of_page)
                .map(|(object, job)| {
                    let child = job.child.and_then(|id| children.get(&id));
                    BridgeObject::new(object, child, target.base())
                })
                .collect();
            let headers = target.pages(page, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `POST …/pipelines/:pid/retry`
pub async fn retry(target: Target) -> Result<Response, Refused> {
    let id = target.run_id().await?;
    seen(&target, id).await?;
    target.weir.retry_run(&target.caller, id).await?;
    Ok((StatusCode::CREATED, changed(&target, id).await?).into_response())
}

/// `POST …/pipelines/:pid/cancel`: of one that has ended changes nothing.
pub async fn cancel(target: Target) -> Result<Json<Pipeline>, Refused> {
    let id = target.run_id().await?;
    seen(&target, id).await?;
    target.weir.cancel_run(&target.caller, id).await?;
    changed(&target, id).await
}

/// Refuses who may not even see the run: for them it is not there.
async fn seen(target: &Target, id: RunId) -> Result<(), Refused> {
    if target.weir.may_read_run(&target.caller, id).await {
        return Ok(());
    }
    // Why not is told in the words that reading it has.
    let refused = target.weir.run(&target.caller, id).await.err();
    Err(refused.unwrap_or_else(|| Error::not_found("run")).into())
}

/// `GET /weir/runs/:id/why`
pub async fn why(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async { Ok(Fresh::list(&target.weir.why_run(&target.caller, target.run_id().await?).await?)?) })
        .await
}
