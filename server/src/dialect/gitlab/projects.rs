//! Server, user, projects.

use app::service::Accounts as _;
use app::service::Service as _;
use axum::response::Response;

use super::error::Refused;
use super::page::Page;
use super::target::Target;
use super::wire::{Me, ProjectObject};
use crate::auth::Action;
use crate::http::{Fresh, Freshness};

/// `GET /user`
pub async fn user(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    if !target.caller.is_signed_in() || matches!(target.caller.via, model::Via::Job(..) | model::Via::Trigger(..)) {
        return Err(Refused::unauthorized("this is about who asks, and nobody is signed in"));
    }
    let me = target.weir.me(&target.caller).await?;
    let user = Me::new(&me, &target.caller.user, target.base());
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
    target.weir.may(&target.caller, Action::ReadProject, project.id).await?;
    freshness
        .respond(|| async { Ok(Fresh::object(&ProjectObject::new(project, target.base()), project.version)?) })
        .await
}
