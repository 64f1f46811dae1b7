//! Namespaces, which GitLab calls groups.

use axum::response::Response;
use serde_json::{Value, json};

use super::error::Refused;
use super::given::{called, number, one_of, paged, switch, text};
use super::page::Page;
use super::target::Asked;
use super::wire::{project, user};
use crate::http::{Fresh, Freshness};

/// `GET /groups`
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, query) = (Page::read(&asked.query)?, &asked.query);
    let search = text(query, "search").map(str::to_lowercase);
    let (owned, top) = (switch(query, "owned")?, switch(query, "top_level_only")?);
    let least = number(query, "min_access_level")?;
    let order = one_of(query, "order_by", &["name", "path", "id"])?;
    let ascending = one_of(query, "sort", &["asc", "desc"])? == "asc";
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let mut all = target.weir.namespaces(&target.caller).await?;
            all.retain(|one| {
                let path = one.namespace.path.to_lowercase();
                search.as_ref().is_none_or(|part| path.contains(part))
                    && owned.is_none_or(|on| !on || one.role >= model::Role::Owner)
                    && top.is_none_or(|on| !on || one.parent.is_none())
                    && least.is_none_or(|least| i64::from(one.role.level()) >= least)
            });
            if order == "id" {
                all.sort_by_key(|one| one.namespace.id);
            }
            if !ascending {
                all.reverse();
            }
            let shown: Vec<Value> = all.iter().map(|one| project::group(one, target.base())).collect();
            paged(&target, page, &shown)
        })
        .await
}

/// `GET /groups/:gid`: with the projects right below it, unless `with_projects` is off.
pub async fn get(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let with_projects = switch(&asked.query, "with_projects")?.unwrap_or(true);
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let wanted = target.name("group");
            let view = target.weir.namespace_called(&target.caller, wanted).await.map_err(called("Group"))?;
            let mut shown = project::group(&view, target.base());
            if with_projects {
                let mut all = target.weir.project_views(&target.caller, None).await?;
                all.retain(|one| one.namespace.id == view.namespace.id);
                let below: Vec<Value> = all.iter().map(|one| project::whole(one, target.base())).collect();
                shown = user::joined(shown, json!({"projects": below, "shared_projects": []}));
            }
            Ok(Fresh::list(&shown)?)
        })
        .await
}
