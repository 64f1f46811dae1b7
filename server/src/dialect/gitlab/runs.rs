//! Runs: GitLab's pipelines.

use app::service::Service as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::view::RunFilter;
use model::{JobKind, Status, status::UnknownStatus};

use super::error::Refused;
use super::page::Page;
use super::target::Target;
use super::wire::{BridgeObject, JobObject, Pipeline, PipelineBasic};
use crate::clock;
use crate::http::{Fresh, Freshness};

/// `GET …/pipelines`, `GET /weir/runs`: the latter with whole objects, and by pipeline or project.
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    let mut filter = RunFilter { project: target.project.as_ref().map(|project| project.id), ..RunFilter::default() };
    filter.status = statuses(target.query.get("status"), target.query.get("scope"))?;
    let text = |name: &str| target.query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    filter.git_ref = text("ref");
    filter.user = text("username");
    // As on GitLab: children are listed when they are asked for.
    filter.source = match text("source") {
        Some(word) => Some(word.parse().map_err(|()| Refused::parameter("source does not have a valid value"))?),
        None => None,
    };
    if target.project.is_none() {
        if let Some(name) = text("project") {
            filter.project = Some(target.weir.project_called(&target.caller, &name).await?.id);
        }
        if let Some(key) = text("pipeline") {
            filter.pipeline = Some(key.parse().map_err(|error| Refused::parameter(format!("pipeline: {error}")))?);
        }
    }
    freshness
        .respond(|| async {
            let (runs, total) =
                target.weir.page_of_runs(&target.caller, filter.clone(), page.offset(), page.size()).await?;
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            let fresh = if target.project.is_some() {
                Fresh::list(&runs.iter().map(|run| PipelineBasic::new(run, target.base())).collect::<Vec<_>>())
            } else {
                Fresh::list(&runs.iter().map(|run| Pipeline::new(run, target.base())).collect::<Vec<_>>())
            };
            Ok(fresh?.with(headers))
        })
        .await
}

fn statuses(status: Option<&str>, scope: Option<&str>) -> Result<Vec<Status>, Refused> {
    let mut list = match scope.filter(|scope| !scope.is_empty()) {
        None => Vec::new(),
        Some("running") => vec![Status::Running],
        Some("pending") => vec![Status::Pending],
        Some("finished") => vec![Status::Success, Status::Failed, Status::Canceled],
        Some(_) => return Err(Refused::parameter("scope does not have a valid value")),
    };
    if let Some(word) = status.filter(|word| !word.is_empty()) {
        let wrong = |_: UnknownStatus| Refused::parameter("status does not have a valid value");
        list = vec![word.parse().map_err(wrong)?];
    }
    Ok(list)
}

/// `GET …/pipelines/:pid`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let view = target.run().await?;
            let mut object = Pipeline::new(&view.run, target.base());
            object.coverage = model::view::coverage(&view.jobs).map(|percent| format!("{percent:.2}"));
            // The coverage comes with jobs, and so may be newer than the run itself.
            let version = view.jobs.iter().filter(|job| job.coverage.is_some()).map(|job| job.version).max();
            Ok(Fresh::object(&object, version.unwrap_or_default().max(view.run.version))?)
        })
        .await
}

/// `DELETE …/pipelines/:pid`: a live one is stopped first.
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    let view = target.run().await?;
    target.weir.delete_run(&target.caller, view.run.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET …/pipelines/:pid/jobs`: newest first, the latest attempts unless others are asked for.
pub async fn jobs(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    let scope = super::jobs::scope(&target.query)?;
    let retried = target.query.get("include_retried").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    freshness
        .respond(|| async {
            let view = target.run().await?;
            let mut jobs = view.jobs;
            // GitLab has its bridges apart; whoever asks without a project wants all of them.
            let all_kinds = target.project.is_none();
            jobs.retain(|job| all_kinds || job.kind == JobKind::Build);
            jobs.retain(|job| (retried || !job.retried) && (scope.is_empty() || scope.contains(&job.status)));
            jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
            let total = jobs.len() as u64;
            let now = clock::now();
            let shown: Vec<JobObject> = jobs
                .iter()
                .skip(usize::try_from(page.offset()).unwrap_or(usize::MAX))
                .take(page.size() as usize)
                .map(|job| JobObject::new(job, &view.run, target.base(), now))
                .collect();
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `GET …/pipelines/:pid/bridges`: the jobs that start child runs.
pub async fn bridges(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    let scope = super::jobs::scope(&target.query)?;
    freshness
        .respond(|| async {
            let view = target.run().await?;
            let mut jobs = view.jobs;
            jobs.retain(|job| job.kind == JobKind::Bridge && !job.retried);
            jobs.retain(|job| scope.is_empty() || scope.contains(&job.status));
            jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
            let (total, now) = (jobs.len() as u64, clock::now());
            let mut shown = Vec::new();
            for job in jobs.iter().skip(usize::try_from(page.offset()).unwrap_or(usize::MAX)).take(page.size() as usize)
            {
                let child = match job.child {
                    Some(child) => Some(target.weir.run(&target.caller, child).await?.run),
                    None => None,
                };
                let job = JobObject::new(job, &view.run, target.base(), now);
                shown.push(BridgeObject::new(job, child.as_ref(), target.base()));
            }
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `POST …/pipelines/:pid/retry`
pub async fn retry(target: Target) -> Result<Response, Refused> {
    let view = target.run().await?;
    let run = target.weir.retry_run(&target.caller, view.run.id).await?;
    Ok((StatusCode::CREATED, Json(Pipeline::new(&run, target.base()))).into_response())
}

/// `POST …/pipelines/:pid/cancel`: of one that has ended changes nothing.
pub async fn cancel(target: Target) -> Result<Json<Pipeline>, Refused> {
    let view = target.run().await?;
    let run = target.weir.cancel_run(&target.caller, view.run.id).await?;
    Ok(Json(Pipeline::new(&run, target.base())))
}

/// `GET /weir/runs/:id/why`
pub async fn why(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async { Ok(Fresh::list(&target.weir.why_run(&target.caller, target.run_id().await?).await?)?) })
        .await
}
