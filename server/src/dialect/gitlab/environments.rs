//! Environments of a project.

use app::service::Service as _;
use axum::Json;
use axum::response::Response;
use model::view::EnvironmentView;
use model::{EnvironmentId, EnvironmentState};

use super::error::Refused;
use super::page::Page;
use super::target::Target;
use super::wire::EnvironmentObject;
use crate::auth::Action;
use crate::http::{Fresh, Freshness};

/// `GET …/environments`: by name; `name`, `search` and `states` narrow it down.
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&target.query)?;
    let given = |name: &str| target.query.get(name).filter(|text| !text.is_empty());
    let (name, search) = (given("name"), given("search"));
    if name.is_some() && search.is_some() {
        return Err(Refused::parameter("name, search are mutually exclusive"));
    }
    if search.is_some_and(|text| text.chars().count() < 3) {
        return Err(Refused::parameter("Search query is less than 3 characters"));
    }
    let state = given("states").map(|word| {
        word.parse::<EnvironmentState>().map_err(|()| Refused::parameter("states does not have a valid value"))
    });
    let (state, project) = (state.transpose()?, target.project_id()?);
    target.weir.may(&target.caller, Action::ReadEnvironments, project).await?;
    freshness
        .respond(|| async {
            let mut all = target.weir.environments(&target.caller).await?.environments;
            all.retain(|view| {
                let one = &view.environment;
                one.project_id == project
                    && name.is_none_or(|name| one.name == name)
                    && search.is_none_or(|text| one.name.contains(text))
                    && state.is_none_or(|state| one.state == state)
            });
            let total = all.len() as u64;
            let shown: Vec<EnvironmentObject> = all
                .iter()
                .skip(usize::try_from(page.offset()).unwrap_or(usize::MAX))
                .take(page.size() as usize)
                .map(|view| EnvironmentObject::new(&view.environment))
                .collect();
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// The environment that the address names.
async fn named(target: &Target) -> Result<EnvironmentView, Refused> {
    let id: EnvironmentId = target.name("environment").parse().map_err(|_| Refused::not_found())?;
    let project = target.project_id()?;
    target.weir.may(&target.caller, Action::ReadEnvironments, project).await?;
    let all = target.weir.environments(&target.caller).await?.environments;
    let found = all.into_iter().find(|view| view.environment.id == id && view.environment.project_id == project);
    found.ok_or_else(Refused::not_found)
}

async fn object(target: &Target, view: &EnvironmentView) -> Result<EnvironmentObject, Refused> {
    let mut object = EnvironmentObject::new(&view.environment);
    if let Some(deployment) = &view.last {
        let found = target.weir.job_of_deployment(&target.caller, deployment.job_id).await?;
        let deployable = target.jobs_shown(vec![found]).await?.pop().ok_or_else(Refused::not_found)?;
        object = object.with_deployment(deployment, deployable, target.base());
    }
    Ok(object)
}

/// `GET …/environments/:eid`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness.respond(|| async { Ok(Fresh::list(&object(&target, &named(&target).await?).await?)?) }).await
}

/// `POST …/environments/:eid/stop`: plays the job that takes it down, where there is one.
pub async fn stop(target: Target) -> Result<Json<EnvironmentObject>, Refused> {
    let view = named(&target).await?;
    let stopped = target.weir.stop_environment(&target.caller, view.environment.id).await?;
    Ok(Json(object(&target, &stopped).await?))
}
