//! Runners: making them, with their tokens, and looking after them.

use app::service::Accounts as _;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{ProjectId, RunnerDraft, RunnerId, RunnerView};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::page::Page;
use super::target::Target;
use crate::http::{Fresh, Freshness};

/// `POST /user/runners`: the answer is the only place where the token can be seen.
pub async fn create(target: Target, headers: HeaderMap, body: Bytes) -> Result<Response, Refused> {
    let fields = Fields::read(&target.query, &headers, &body)?;
    let project = match fields.text("runner_type")?.as_deref() {
        Some("instance_type") => None,
        Some("project_type") => {
            let wanted = fields.text("project_id")?.ok_or_else(|| Refused::parameter("project_id is missing"))?;
            Some(target.weir.project_called(&target.caller, &wanted).await?.id)
        }
        Some("group_type") => return Err(Refused::parameter("runner_type: there are no runners of groups")),
        Some(_) => return Err(Refused::parameter("runner_type does not have a valid value")),
        None => return Err(Refused::parameter("runner_type is missing")),
    };
    let none = RunnerDraft { name: "runner".to_owned(), run_untagged: true, ..RunnerDraft::default() };
    let draft = changed(none, &fields)?;
    let (runner, token) = target.weir.create_runner(&target.caller, project, draft).await?;
    let body = json!({"id": runner.id, "token": token, "token_expires_at": null});
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `GET /runners/all`
pub async fn all(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    listed(&target, freshness, None).await
}

/// `GET /projects/:id/runners`
pub async fn of_project(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let project = target.project_id()?;
    listed(&target, freshness, Some(project)).await
}

async fn listed(target: &Target, freshness: Freshness, project: Option<ProjectId>) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    freshness
        .respond(|| async {
            let runners = target.weir.runners(&target.caller, project).await?;
            let from = usize::try_from(page.offset()).unwrap_or(usize::MAX);
            let shown: Vec<Value> = runners.iter().skip(from).take(page.size() as usize).map(basic).collect();
            let headers = page.headers(target.base(), &target.path, &target.query, Some(runners.len() as u64), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `GET /runners/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let id = id(&target)?;
    freshness.respond(|| async { Ok(Fresh::list(&details(&target.weir.runner(&target.caller, id).await?))?) }).await
}

/// `PUT /runners/:id`
pub async fn update(target: Target, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Refused> {
    let fields = Fields::read(&target.query, &headers, &body)?;
    let id = id(&target)?;
    let before = target.weir.runner(&target.caller, id).await?.draft;
    let draft = changed(before, &fields)?;
    let runner = target.weir.change_runner(&target.caller, id, draft).await?;
    Ok(Json(details(&runner)))
}

/// `DELETE /runners/:id`
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    target.weir.delete_runner(&target.caller, id(&target)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /runners/:id/reset_authentication_token`
pub async fn rotate(target: Target) -> Result<Response, Refused> {
    let token = target.weir.rotate_runner(&target.caller, id(&target)?).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": token, "token_expires_at": null}))).into_response())
}

fn id(target: &Target) -> Result<RunnerId, Refused> {
    target.name("runner").parse().map_err(|_| Refused::not_found())
}

fn changed(mut draft: RunnerDraft, fields: &Fields) -> Result<RunnerDraft, Refused> {
    if let Some(name) = fields.text("description")? {
        draft.name = name;
    }
    if let Some(tags) = fields.list("tag_list")? {
        draft.tags = tags;
    }
    if let Some(flag) = fields.switch("run_untagged")? {
        draft.run_untagged = flag;
    }
    if let Some(flag) = fields.switch("paused")? {
        draft.paused = flag;
    }
    match fields.text("access_level")?.as_deref() {
        None => {}
        Some("not_protected") => draft.protected = false,
        Some("ref_protected") => draft.protected = true,
        Some(_) => return Err(Refused::parameter("access_level does not have a valid value")),
    }
    Ok(draft)
}

fn basic(runner: &RunnerView) -> Value {
    let status = if runner.is_online { "online" } else { "offline" };
    json!({
        "id": runner.id,
        "description": runner.draft.name,
        "ip_address": null,
        "active": !runner.draft.paused,
        "paused": runner.draft.paused,
        "is_shared": runner.project.is_none(),
        "runner_type": if runner.project.is_none() { "instance_type" } else { "project_type" },
        "name": null,
        "online": runner.is_online,
        "created_at": runner.created_at.rfc3339(),
        "status": status,
        "job_execution_status": if runner.running > 0 { "active" } else { "idle" },
    })
}

fn details(runner: &RunnerView) -> Value {
    let mut body = basic(runner);
    let projects: Vec<Value> = runner
        .project
        .iter()
        .map(|(id, path)| json!({"id": id, "name": path.name(), "path_with_namespace": path}))
        .collect();
    let more = json!({
        "tag_list": runner.draft.tags,
        "run_untagged": runner.draft.run_untagged,
        "locked": false,
        "maximum_timeout": null,
        "access_level": if runner.draft.protected { "ref_protected" } else { "not_protected" },
        "maintenance_note": null,
        "projects": projects,
        "groups": [],
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}
