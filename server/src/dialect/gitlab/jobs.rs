//! Jobs.

use app::service::Service as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::plan::Variable;
use model::{ErrorKind, JobId, Status};
use serde_json::{Value, json};

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::keyset::{self, Keyset};
use super::page::Page;
use super::run_list::CALLBACK;
use super::target::{Asked, Query, Target};
use super::wire::JobObject;
use crate::http::{Fresh, Freshness};
use crate::store::jobs::JobList;

/// Which statuses are asked for.
#[derive(Clone, Debug, Default)]
pub struct Statuses {
    known: Vec<Status>,
    /// Some are, if only one that no job here ever has.
    any: bool,
}

impl Statuses {
    /// Whether a job in this status is.
    pub fn fits(&self, status: Status) -> bool {
        !self.any || self.known.contains(&status)
    }
}

/// The statuses of `scope`, `scope[]` and, Weir's addition, `status`.
pub fn scope(query: &Query) -> Result<Statuses, Refused> {
    let words = query.all("scope").into_iter().chain(query.all("status")).filter(|word| !word.is_empty());
    let mut found = Statuses::default();
    for word in words {
        found.any = true;
        match word.parse() {
            Ok(status) => found.known.push(status),
            Err(_) if word == CALLBACK => {}
            Err(_) => return Err(Refused::parameter("scope does not have a valid value")),
        }
    }
    Ok(found)
}

/// `GET …/jobs`: newest first, retried ones included.
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let mut problems = Problems::default();
    let page = problems.take(Page::read(&asked.query));
    let scope = problems.take(scope(&asked.query));
    let git_ref = problems.take(Fields::of_query(&asked.query).filled("ref"));
    let keyset = problems.take(Keyset::read(&asked.query));
    problems.none()?;
    let named = asked.query.get("project").filter(|name| !name.is_empty()).map(str::to_owned);
    let target = asked.find().await?;
    let mut project = target.project.as_ref().map(|project| project.id);
    if let (None, Some(name)) = (project, &named) {
        project = Some(target.weir.project_called(&target.caller, name).await?.id);
    }
    let is_bare = target.project.as_ref().is_some_and(|project| project.source.is_none());
    let git_ref = git_ref.map(|name| if is_bare && name == "main" { String::new() } else { name });
    let wanted = JobList { statuses: scope.known.clone(), project, git_ref, before: keyset.and_then(|one| one.before) };
    freshness
        .respond(|| async {
            let offset = if keyset.is_some() { 0 } else { page.offset() };
            let list = target.weir.page_of_jobs(&target.caller, wanted.clone(), offset, page.size() + 1);
            let mut jobs = list.await?;
            if scope.any && scope.known.is_empty() {
                jobs.clear();
            }
            let more = jobs.len() > page.size() as usize;
            jobs.truncate(page.size() as usize);
            let headers = if keyset.is_some() {
                let last = jobs.last().map(|(job, _)| job.id).filter(|_| more);
                last.map(|last| target.next_link("cursor", keyset::cursor(last))).unwrap_or_default()
            } else {
                target.pages(page, None, more)
            };
            Ok(Fresh::list(&target.jobs_shown(jobs).await?)?.with(headers))
        })
        .await
}

/// `GET …/jobs/:jid`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let found = target.weir.job_and_run(&target.caller, target.job_id().await?).await?;
            // GitLab knows its bridges elsewhere.
            if target.is_of_project() && !found.0.kind.is_build() {
                return Err(Refused::not_found());
            }
            let version = found.0.version.max(found.1.version);
            let shown = target.jobs_shown(vec![found]).await?.pop().ok_or_else(Refused::not_found)?;
            Ok(Fresh::object(&shown, version)?)
        })
        .await
}

/// `GET /job`: the job whose token is shown.
pub async fn own(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let none = || Refused::message(StatusCode::NOT_FOUND, "Job Not Found");
            let found = asked.weir.own_job(&asked.caller).await?.ok_or_else(none)?;
            Ok(Fresh::list(&asked.jobs_shown(vec![found]).await?.pop().ok_or_else(none)?)?)
        })
        .await
}

/// `GET /job/allowed_agents`: Weir knows no agents of clusters.
pub async fn agents(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let none = || Refused::message(StatusCode::NOT_FOUND, "Job Not Found");
    freshness
        .respond(|| async {
            let (job, run) = asked.weir.own_job(&asked.caller).await?.ok_or_else(none)?;
            let user = asked.weir.account_called(&job.user).await?;
            let body = json!({
                "allowed_agents": [],
                "job": {"id": job.id},
                "pipeline": {"id": run.id},
                "project": {"id": run.project_id, "groups": []},
                "user": {"id": user.map(|user| user.id), "username": job.user, "roles_in_project": []},
            });
            Ok(Fresh::list(&body)?)
        })
        .await
}

/// The job of the address, which the caller sees; its state is for what is done to it.
pub async fn seen(target: &Target) -> Result<JobId, Refused> {
    let id = target.job_id().await?;
    target.weir.job_and_run(&target.caller, id).await?;
    Ok(id)
}

/// `POST …/jobs/:jid/play`: a job that waits goes on; one that was played before gets another attempt.
pub async fn play(asked: Asked, fields: Fields) -> Result<Json<JobObject>, Refused> {
    let mut problems = Problems::default();
    let variables = problems.take(variables(&fields));
    let inputs = problems.take(super::runs::inputs(&fields, "job_inputs"));
    problems.none()?;
    let target = asked.find().await?;
    let id = seen(&target).await?;
    no_inputs(&inputs)?;
    match target.weir.play_job(&target.caller, id, variables).await {
        Ok(job) => Ok(Json(target.job_shown(job.id).await?)),
        Err(error) if error.kind == ErrorKind::Conflict => Err(Refused::bad_request("Unplayable Job")),
        Err(error) => Err(error.into()),
    }
}

/// Jobs of Weir have no inputs of their own: whoever gives some is told so.
fn no_inputs(given: &serde_json::Map<String, Value>) -> Result<(), Refused> {
    match given.keys().next() {
        Some(name) => Err(Refused::bad_request(&format!("Unknown input: {name}"))),
        None => Ok(()),
    }
}

/// `job_variables_attributes`: a list of keys and values. In a query alone it cannot be meant: python-gitlab writes the
/// names of the fields there and loses the values.
fn variables(fields: &Fields) -> Result<Vec<Variable>, Refused> {
    let list = match fields.value("job_variables_attributes") {
        Some(Value::Array(list)) => list,
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) if matches!(text.as_str(), "" | "key" | "value") => return Ok(Vec::new()),
        Some(_) => return Err(Refused::parameter("job_variables_attributes is invalid")),
    };
    let mut problems = Problems::default();
    let mut read = Vec::with_capacity(list.len());
    for (i, one) in list.iter().enumerate() {
        let Value::Object(one) = one else {
            return Err(Refused::parameter("job_variables_attributes is invalid"));
        };
        let one = Fields::of_map(one.clone());
        let mut text = |name: &str| {
            let whole = format!("job_variables_attributes[{i}][{name}]");
            problems.take(one.required(name).map_err(|refused| refused.renamed(name, &whole)))
        };
        read.push(Variable::new(text("key"), text("value")));
    }
    problems.none().map(|()| read)
}

/// `POST /weir/jobs/:id/unschedule`: a delayed job waits for somebody instead of its time.
pub async fn unschedule(target: Target) -> Result<Json<JobObject>, Refused> {
    let job = target.weir.unschedule_job(&target.caller, seen(&target).await?).await?;
    Ok(Json(target.job_shown(job.id).await?))
}

/// `POST …/jobs/:jid/retry`: the new attempt.
pub async fn retry(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let inputs = super::runs::inputs(&fields, "inputs")?;
    let target = asked.find().await?;
    let id = seen(&target).await?;
    no_inputs(&inputs)?;
    match target.weir.retry_job(&target.caller, id).await {
        Ok(job) => Ok((StatusCode::CREATED, Json(target.job_shown(job.id).await?)).into_response()),
        Err(error) if error.kind == ErrorKind::Conflict => Err(Refused::forbidden("Job is not retryable")),
        Err(error) => Err(error.into()),
    }
}

/// `POST …/jobs/:jid/cancel`: of one that has ended changes nothing. `force` ends one that is being canceled.
pub async fn cancel(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let force = fields.switch("force")?.unwrap_or(false);
    let target = asked.find().await?;
    let id = seen(&target).await?;
    if force {
        target.weir.cancel_by_force(&target.caller, id).await?;
    } else {
        match target.weir.cancel_job(&target.caller, id).await {
            Err(error) if error.kind != ErrorKind::Conflict => return Err(error.into()),
            _ => {}
        }
    }
    Ok((StatusCode::CREATED, Json(target.job_shown(id).await?)).into_response())
}

/// `POST …/jobs/:jid/erase`: log and artifacts go, the job stays.
pub async fn erase(target: Target) -> Result<Response, Refused> {
    let id = seen(&target).await?;
    match target.weir.erase_job(&target.caller, id).await {
        Ok(_) => Ok((StatusCode::CREATED, Json(target.job_shown(id).await?)).into_response()),
        Err(error) if error.kind == ErrorKind::Conflict => Err(Refused::forbidden("Job is not erasable!")),
        Err(error) => Err(error.into()),
    }
}

/// `GET /weir/jobs/:id/why`
pub async fn why(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let id = seen(&target).await?;
            Ok(Fresh::list(&target.weir.why_job(&target.caller, id).await?)?)
        })
        .await
}
