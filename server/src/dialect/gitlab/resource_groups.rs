//! Resource groups of a project.

use axum::Json;
use axum::response::Response;
use model::schedule::ResourceMode;
use serde::Serialize;

use super::error::Refused;
use super::fields::Fields;
use super::given::paged;
use super::page::Page;
use super::target::{Asked, Target};
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
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let target = asked.find().await?;
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            let all = target.weir.resource_groups(&target.caller, project).await?;
            paged(&target, page, &all.into_iter().map(GroupObject::from).collect::<Vec<_>>())
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
pub async fn set(asked: Asked, fields: Fields) -> Result<Json<GroupObject>, Refused> {
    let wrong = |_| Refused::parameter("process_mode does not have a valid value");
    let mode = fields.filled("process_mode")?.map(|word| serde_json::from_value::<ResourceMode>(word.into()));
    let mode = mode.transpose().map_err(wrong)?;
    let target = asked.find().await?;
    let (project, key) = (target.project_id()?, target.name("key"));
    let group = match mode {
        None => target.weir.resource_group(&target.caller, project, key).await?,
        Some(mode) => target.weir.set_resource_mode(&target.caller, project, key, mode).await?,
    };
    Ok(Json(group.into()))
}

/// `GET …/resource_groups/:key/upcoming_jobs`: those that wait, in the order in which they get it.
pub async fn upcoming(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let target = asked.find().await?;
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            let jobs = target.weir.upcoming_jobs(&target.caller, project, target.name("key")).await?;
            let shown = target.jobs_shown(jobs).await?;
            paged(&target, page, &shown)
        })
        .await
}
