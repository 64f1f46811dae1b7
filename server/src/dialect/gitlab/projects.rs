//! Server, user, projects; and Weir's additions that make projects and tokens.

use app::service::Service as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Refused;
use super::page::Page;
use super::target::Target;
use super::wire::{ProjectObject, User};
use crate::dialect::Object;
use crate::http::{Fresh, Freshness};
use crate::store::tokens::Scope;

/// `GET /version`: tools compare it with GitLab's.
pub async fn version(_target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let version = json!({
        "version": "18.0.0",
        "revision": concat!("weir-", env!("CARGO_PKG_VERSION")),
        "enterprise": false,
        "kas": {"enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null},
        "weir": env!("CARGO_PKG_VERSION"),
    });
    freshness.respond(|| async { Ok(Fresh::list(&version)?) }).await
}

/// `GET /user`
pub async fn user(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let user = User::new(&target.caller.user, target.base());
    freshness.respond(|| async { Ok(Fresh::list(&user)?) }).await
}

/// `GET /projects`
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    let search = target.query.get("search").unwrap_or_default().to_lowercase();
    let ascending = target.query.get("sort").is_some_and(|sort| sort == "asc");
    freshness
        .respond(|| async {
            let mut projects = target.weir.projects(&target.caller).await?;
            projects.retain(|project| project.path.as_str().to_lowercase().contains(&search));
            projects.sort_by_key(|project| project.id);
            if !ascending {
                projects.reverse();
            }
            let total = projects.len() as u64;
            let shown: Vec<ProjectObject> = projects
                .iter()
                .skip(usize::try_from(page.offset()).unwrap_or(usize::MAX))
                .take(page.size() as usize)
                .map(|project| ProjectObject::new(project, target.base()))
                .collect();
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `GET /projects/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    freshness
        .respond(|| async { Ok(Fresh::object(&ProjectObject::new(project, target.base()), project.version)?) })
        .await
}

#[derive(Deserialize)]
struct NewProject {
    path: String,
    source: Option<String>,
}

/// `POST /weir/projects`: `{"path": "namespace/name", "source": …}`
pub async fn create(target: Target, Object(body): Object) -> Result<Response, Refused> {
    let new: NewProject = read(body)?;
    let made = target.weir.create_project(&target.caller, &new.path, new.source.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(ProjectObject::new(&made, target.base()))).into_response())
}

#[derive(Deserialize)]
struct NewToken {
    user: String,
    name: String,
    scope: String,
    expires_at: Option<i64>,
}

/// `POST /weir/tokens`: the answer is the only place where the token can be seen.
pub async fn create_token(target: Target, Object(body): Object) -> Result<Response, Refused> {
    let new: NewToken = read(body)?;
    let scope: Scope = new.scope.parse().map_err(|()| Refused::parameter("scope does not have a valid value"))?;
    let token =
        target.weir.create_token(&target.caller, &new.user, &new.name, scope, new.expires_at.map(Timestamp)).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": token}))).into_response())
}

fn read<T: serde::de::DeserializeOwned>(body: serde_json::Map<String, Value>) -> Result<T, Refused> {
    serde_json::from_value(body.into()).map_err(|error| Refused::parameter(error.to_string()))
}
