//! Jobs.

use std::sync::Arc;

use app::service::Service as _;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::plan::Variable;
use model::view::JobView;
use model::{ErrorKind, Job, Status, status::UnknownStatus};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::error::Refused;
use super::page::Page;
use super::target::{Query, Target};
use super::wire::JobObject;
use crate::clock;
use crate::http::{Fresh, Freshness};

/// The statuses of `scope`, `scope[]` and, Weir's addition, `status`.
pub fn scope(query: &Query) -> Result<Vec<Status>, Refused> {
    let words = query.all("scope").into_iter().chain(query.all("status")).filter(|word| !word.is_empty());
    let wrong = |_: UnknownStatus| Refused::parameter("scope does not have a valid value");
    words.map(|word| word.parse().map_err(wrong)).collect()
}

/// `GET …/jobs`: newest first, retried ones included.
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    let scope = scope(&target.query)?;
    let mut project = target.project.as_ref().map(|project| project.id);
    if let (None, Some(name)) = (project, target.query.get("project").filter(|name| !name.is_empty())) {
        project = Some(target.weir.project_called(&target.caller, name).await?.id);
    }
    freshness
        .respond(|| async {
            let mut jobs = target
                .weir
                .page_of_jobs(&target.caller, scope.clone(), project, page.offset(), page.size() + 1)
                .await?;
            let more = jobs.len() > page.size() as usize;
            jobs.truncate(page.size() as usize);
            let now = clock::now();
            let shown: Vec<JobObject> =
                jobs.iter().map(|(job, run)| JobObject::new(job, run, target.base(), now)).collect();
            Ok(Fresh::list(&shown)?.with(page.headers(target.base(), &target.path, &target.query, None, more)))
        })
        .await
}

/// `GET …/jobs/:jid`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let view = target.job().await?;
            let version = view.job.version.max(view.run.version);
            Ok(Fresh::object(&object(&target, &view), version)?)
        })
        .await
}

fn object(target: &Target, view: &JobView) -> JobObject {
    JobObject::new(&view.job, &view.run, target.base(), clock::now())
}

/// The job after a change, with its run as it is now.
async fn changed(target: &Target, job: &Job) -> Result<JobObject, Refused> {
    let view = target.weir.job(&target.caller, job.id).await?;
    Ok(object(target, &view))
}

/// `POST …/jobs/:jid/play`
pub async fn play(target: Target, body: Bytes) -> Result<Json<JobObject>, Refused> {
    let view = target.job().await?;
    let variables = variables(&target.query, &body)?;
    match target.weir.play_job(&target.caller, view.job.id, variables).await {
        Ok(job) => Ok(Json(changed(&target, &job).await?)),
        Err(error) if error.kind == ErrorKind::Conflict => {
            Err(Refused::message(StatusCode::BAD_REQUEST, "Bad request - Unplayable Job"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `job_variables_attributes`: a list of keys and values.
fn variables(query: &Query, body: &[u8]) -> Result<Vec<Variable>, Refused> {
    if body.trim_ascii().is_empty() || !query.all("job_variables_attributes").is_empty() {
        return Ok(Vec::new());
    }
    let invalid = |name: &str| Refused::parameter(format!("{name} is invalid"));
    let body: Value =
        serde_json::from_slice(body).map_err(|error| Refused::parameter(format!("Problem parsing JSON: {error}")))?;
    if !body.is_object() {
        return Err(invalid("body"));
    }
    let list = match &body["job_variables_attributes"] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(invalid("job_variables_attributes")),
    };
    list.iter()
        .enumerate()
        .map(|(i, pair)| {
            let text = |name: &str| match &pair[name] {
                Value::String(text) => Ok(text.clone()),
                Value::Number(number) => Ok(number.to_string()),
                Value::Bool(on) => Ok(on.to_string()),
                _ => Err(Refused::parameter(format!("job_variables_attributes[{i}][{name}] is missing"))),
            };
            Ok(Variable::new(text("key")?, text("value")?))
        })
        .collect()
}

/// `POST /weir/jobs/:id/unschedule`: a delayed job waits for somebody instead of its time.
pub async fn unschedule(target: Target) -> Result<Json<JobObject>, Refused> {
    let view = target.job().await?;
    let job = target.weir.unschedule_job(&target.caller, view.job.id).await?;
    Ok(Json(changed(&target, &job).await?))
}

/// `POST …/jobs/:jid/retry`: the new attempt.
pub async fn retry(target: Target) -> Result<Response, Refused> {
    let view = target.job().await?;
    match target.weir.retry_job(&target.caller, view.job.id).await {
        Ok(job) => Ok((StatusCode::CREATED, Json(changed(&target, &job).await?)).into_response()),
        Err(error) if error.kind == ErrorKind::Conflict => {
            Err(Refused::message(StatusCode::FORBIDDEN, "Forbidden - Job is not retryable"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST …/jobs/:jid/cancel`: of one that has ended changes nothing.
pub async fn cancel(target: Target) -> Result<Response, Refused> {
    let view = target.job().await?;
    let job = match target.weir.cancel_job(&target.caller, view.job.id).await {
        Ok(job) => job,
        Err(error) if error.kind == ErrorKind::Conflict => view.job,
        Err(error) => return Err(error.into()),
    };
    Ok((StatusCode::CREATED, Json(changed(&target, &job).await?)).into_response())
}

/// `POST …/jobs/:jid/erase`: log and artifacts go, the job stays.
pub async fn erase(target: Target) -> Result<Response, Refused> {
    let view = target.job().await?;
    match target.weir.erase_job(&target.caller, view.job.id).await {
        Ok(job) => Ok((StatusCode::CREATED, Json(changed(&target, &job).await?)).into_response()),
        Err(error) if error.kind == ErrorKind::Conflict => {
            Err(Refused::message(StatusCode::FORBIDDEN, "Forbidden - Job is not erasable!"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /weir/jobs/:id/why`
pub async fn why(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let view = target.job().await?;
            Ok(Fresh::list(&target.weir.why_job(&target.caller, view.job.id).await?)?)
        })
        .await
}

/// `GET …/jobs/:jid/trace`: the raw log so far.
pub async fn trace(target: Target) -> Result<Response, Refused> {
    let view = target.job().await?;
    let number = |name: &str, least: u64| match target.query.get(name) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => Err(Refused::parameter(format!("{name} does not have a valid value"))),
        },
    };
    let (offset, limit) = (number("byte_offset", 0)?.unwrap_or(0), number("byte_limit", 1)?);
    target.weir.open_trace(&target.caller, view.job.id).await?;
    let (id, logs) = (view.job.id, Arc::clone(target.weir.logs()));
    let fault = |error: &dyn std::fmt::Display| {
        tracing::error!(job.id = id.0, %error, "failed to read a trace");
        Refused::from(model::Error::internal("internal error"))
    };
    let found = tokio::task::spawn_blocking(move || logs.file(id)).await.map_err(|error| fault(&error))?;
    let body = match found.map_err(|error| fault(&error))? {
        Some((file, size)) if offset < size => {
            let mut file = tokio::fs::File::from_std(file);
            file.seek(std::io::SeekFrom::Start(offset)).await.map_err(|error| fault(&error))?;
            let length = (size - offset).min(limit.unwrap_or(u64::MAX));
            Body::from_stream(ReaderStream::with_capacity(file.take(length), 256 << 10))
        }
        _ => Body::empty(),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain".to_owned()),
        (header::CONTENT_DISPOSITION, format!("infile; filename=\"{id}.log\"")),
        (header::CACHE_CONTROL, "max-age=0, private, must-revalidate".to_owned()),
    ];
    Ok((headers, body).into_response())
}
