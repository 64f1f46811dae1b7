//! Resource groups of a project.

use axum::Json;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use model::schedule::ResourceMode;
use serde::Serialize;

use super::error::Refused;
use super::fields::Fields;
use super::page::Page;
use super::target::Target;
use crate::http::{Fresh, Freshness};
use crate::store::resources::Group;

/// A resource group in GitLab's words.
#[derive(Debug, Serialize)]
pub struct GroupObject {
    id: i64,
    key: String,
    process_mode: ResourceMode,
    created_at: String,
    updated_at: String,
}

impl From<Group> for GroupObject {
    fn from(group: Group) -> Self {
        Self {
            id: group.id,
            key: group.name,
            process_mode: group.mode,
            created_at: group.created_at.rfc3339(),
            updated_at: group.updated_at.rfc3339(),
        }
    }
}

/// `GET …/resource_groups`
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let (page, project) = (Page::read(&target.query)?, target.project_id()?);
    freshness
        .respond(|| async {
            let all = target.weir.resource_groups(&target.caller, project).await?;
            let total = all.len() as u64;
            let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
            let shown: Vec<GroupObject> =
                all.into_iter().skip(skipped).take(page.size() as usize).map(GroupObject::from).collect();
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `GET …/resource_groups/:key`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            let group = target.weir.resource_group(&target.caller, project, target.name("key")).await?;
            Ok(Fresh::list(&GroupObject::from(group))?)
        })
        .await
}

/// `PUT …/resource_groups/:key`: sets `process_mode`.
pub async fn set(target: Target, headers: HeaderMap, body: Bytes) -> Result<Json<GroupObject>, Refused> {
    let project = target.project_id()?;
    let word = Fields::read(&target.query, &headers, &body)?.text("process_mode")?;
    let group = match word {
        None => target.weir.resource_group(&target.caller, project, target.name("key")).await?,
        Some(word) => {
            let wrong = |_| Refused::parameter("process_mode does not have a valid value");
            let mode: ResourceMode = serde_json::from_value(word.into()).map_err(wrong)?;
            target.weir.set_resource_mode(&target.caller, project, target.name("key"), mode).await?
        }
    };
    Ok(Json(group.into()))
}

/// `GET …/resource_groups/:key/upcoming_jobs`: those that wait, in the order in which they get it.
pub async fn upcoming(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            let jobs = target.weir.upcoming_jobs(&target.caller, project, target.name("key")).await?;
            Ok(Fresh::list(&target.jobs_shown(jobs).await?)?)
        })
        .await
}
