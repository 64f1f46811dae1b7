//! Build jobs: what is told of them, and disabling them.

use axum::Json;
use axum::response::Response;
use serde_json::Value;

use super::wire::{Done, Envelope, JobInfo, JobList, JobStatus, ListedJob, RunningStatus};
use super::{job_id, page_of, state};
use crate::clock;
use crate::dialect::codearts::{Call, Refused};
use crate::http::{Fresh, Freshness};
use crate::service::builds::{BuildJobFilter, SortBy};

/// `GET /v1/job/{job_id}/info`
pub async fn info(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let id = job_id(&call)?;
    freshness
        .respond(|| async {
            let job = call.weir.build_job(&call.caller, id.as_str()).await?;
            Ok(Fresh::timed(clock::now(), |now| Envelope::new(JobInfo::new(&job, now)))?)
        })
        .await
}

/// `GET /v1/job/{job_id}/running-status`
pub async fn running_status(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let id = job_id(&call)?;
    freshness
        .respond(|| async {
            let job = call.weir.build_job(&call.caller, id.as_str()).await?;
            Ok(Fresh::list(&Envelope::new(RunningStatus::new(&job)))?)
        })
        .await
}

/// `GET /v3/jobs/{job_id}/status`
pub async fn status(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let id = job_id(&call)?;
    freshness
        .respond(|| async {
            let job = call.weir.build_job(&call.caller, id.as_str()).await?;
            Ok(Fresh::list(&JobStatus { result: RunningStatus::new(&job).is_running })?)
        })
        .await
}

/// `GET /v3/{project_id}/jobs`
pub async fn list(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let page = page_of(&call.query)?;
    let filter = BuildJobFilter { offset: page.offset(), limit: page.size, ..BuildJobFilter::default() };
    respond(freshness, &call, filter).await
}

/// `GET /v1/job/{project_id}/list`. There are no groups of jobs: what asks for one is asked for all.
pub async fn search(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let page = page_of(&call.query)?;
    let state = call.query.one("build_status")?.map(|word| {
        state::of_colour(word)
            .ok_or_else(|| Refused::invalid("build_status is one of red, blue, timeout, aborted, building and none"))
    });
    let sort = match call.query.one("sort_field")? {
        None | Some("job_name" | "jobName" | "name") => SortBy::Name,
        Some("create_time" | "createTime") => SortBy::Created,
        Some("last_build_time" | "lastBuildTime" | "build_time") => SortBy::LastBuild,
        Some(_) => return Err(Refused::invalid("sort_field is one of job_name, create_time and last_build_time")),
    };
    let descending = match call.query.one("sort_order")?.map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Refused::invalid("sort_order is asc or desc")),
    };
    let filter = BuildJobFilter {
        search: call.query.one("search")?.map(str::to_owned),
        creator: call.query.one("creator_id")?.map(str::to_owned),
        state: state.transpose()?,
        sort,
        descending,
        offset: page.offset(),
        limit: page.size,
    };
    respond(freshness, &call, filter).await
}

async fn respond(freshness: Freshness, call: &Call, filter: BuildJobFilter) -> Result<Response, Refused> {
    let project = call.id("project_id")?;
    freshness
        .respond(|| async {
            let (jobs, total) = call.weir.build_jobs(&call.caller, project.as_str(), filter.clone()).await?;
            let list = |now| JobList { jobs: jobs.iter().map(|job| ListedJob::new(job, now)).collect(), total };
            Ok(Fresh::timed(clock::now(), list)?)
        })
        .await
}

/// `POST /v3/jobs/{job_id}/disable`
pub async fn disable(call: Call) -> Result<Json<Done>, Refused> {
    set(&call, true).await
}

/// `POST /v3/jobs/{job_id}/recover`
pub async fn enable(call: Call) -> Result<Json<Done>, Refused> {
    set(&call, false).await
}

/// `POST /v1/job/{job_id}/disable`: the body says which of both.
pub async fn switch(call: Call) -> Result<Json<Done>, Refused> {
    job_id(&call)?;
    let disabled = match call.object()?.get("disabled") {
        Some(Value::Bool(disabled)) => *disabled,
        Some(Value::String(word)) if word == "true" || word == "false" => word == "true",
        Some(_) => return Err(Refused::invalid("disabled must be true or false")),
        None => return Err(Refused::invalid("disabled is missing: true or false")),
    };
    set(&call, disabled).await
}

async fn set(call: &Call, disabled: bool) -> Result<Json<Done>, Refused> {
    let id = job_id(call)?;
    call.weir.disable_build_job(&call.caller, id.as_str(), disabled).await?;
    Ok(Json(Done::SUCCESS))
}
