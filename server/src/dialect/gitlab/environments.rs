//! Environments of a project.

use app::service::Service as _;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::view::EnvironmentView;
use model::{EnvironmentId, EnvironmentState, ErrorKind, Tier};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::given::{answer, by_field, clearable, paged, text};
use super::page::Page;
use super::target::{Asked, Target};
use super::wire::{EnvironmentObject, project, user};
use crate::auth::Action;
use crate::http::{Fresh, Freshness};
use crate::service::environments::EnvironmentDraft;

/// `GET …/environments`: by name; `name`, `search` and `states` narrow it down.
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let (name, search) = (text(&asked.query, "name").map(str::to_owned), text(&asked.query, "search"));
    if name.is_some() && search.is_some() {
        return Err(Refused::parameter("name, search are mutually exclusive"));
    }
    if search.is_some_and(|text| text.chars().count() < 3) {
        return Err(Refused::parameter("Search query is less than 3 characters"));
    }
    let search = search.map(str::to_lowercase);
    let state = text(&asked.query, "states").map(|word| {
        word.parse::<EnvironmentState>().map_err(|()| Refused::parameter("states does not have a valid value"))
    });
    let state = state.transpose()?;
    let target = asked.find().await?;
    let id = target.project_id()?;
    target.weir.may(&target.caller, Action::ReadEnvironments, id).await?;
    freshness
        .respond(|| async {
            let mut all = target.weir.environments(&target.caller).await?.environments;
            all.retain(|view| {
                let one = &view.environment;
                one.project_id == id
                    && name.as_ref().is_none_or(|name| one.name == *name)
                    && search.as_ref().is_none_or(|part| one.name.to_lowercase().contains(part))
                    && state.is_none_or(|state| one.state == state)
            });
            let of = target.project.as_ref().map(project::basic);
            let shown = all.iter().map(|view| {
                let shown = serde_json::to_value(EnvironmentObject::new(&view.environment)).unwrap_or_default();
                user::joined(shown, json!({ "project": of }))
            });
            paged(&target, page, &shown.collect::<Vec<_>>())
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

async fn object(target: &Target, view: &EnvironmentView) -> Result<Value, Refused> {
    let mut object = EnvironmentObject::new(&view.environment);
    if let Some(deployment) = &view.last {
        let found = target.weir.job_of_deployment(&target.caller, deployment.job_id).await?;
        let deployable = target.jobs_shown(vec![found]).await?.pop().ok_or_else(Refused::not_found)?;
        object = object.with_deployment(deployment, deployable);
    }
    let mut shown = serde_json::to_value(object).unwrap_or_default();
    if let Some(fields) = shown.as_object_mut() {
        fields.entry("last_deployment").or_insert(Value::Null);
    }
    Ok(shown)
}

/// `GET …/environments/:eid`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness.respond(|| async { Ok(Fresh::list(&object(&target, &named(&target).await?).await?)?) }).await
}

/// What a body says.
fn draft(fields: &Fields) -> Result<EnvironmentDraft, Refused> {
    if fields.value("slug").is_some() {
        return Err(Refused::parameter("slug is automatically generated and cannot be changed"));
    }
    // Environments are not stopped by time here, so that there is nothing to set.
    if let Some(word) = fields.text("auto_stop_setting")?
        && !matches!(word.as_str(), "always" | "with_action")
    {
        return Err(Refused::parameter("auto_stop_setting does not have a valid value"));
    }
    Ok(EnvironmentDraft {
        name: None,
        tier: fields.word::<Tier>("tier")?,
        external_url: clearable(fields, "external_url")?,
        description: clearable(fields, "description")?,
    })
}

fn refused(error: model::Error) -> Refused {
    match error.kind {
        ErrorKind::Conflict => Refused::fields(json!({"name": ["has already been taken"]})),
        _ => by_field(error),
    }
}

/// `POST …/environments`
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let draft = EnvironmentDraft { name: Some(fields.required("name")?), ..draft(&fields)? };
    let target = asked.find().await?;
    let project = target.project_id()?;
    let made = target.weir.put_environment(&target.caller, project, None, draft).await.map_err(refused)?;
    Ok(answer(StatusCode::CREATED, &object(&target, &made).await?))
}

/// `PUT …/environments/:eid`
pub async fn update(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let draft = draft(&fields)?;
    let target = asked.find().await?;
    let (id, project) = (named(&target).await?.environment.id, target.project_id()?);
    let put = target.weir.put_environment(&target.caller, project, Some(id), draft).await.map_err(refused)?;
    Ok(answer(StatusCode::OK, &object(&target, &put).await?))
}

/// `DELETE …/environments/:eid`: of one that was stopped.
pub async fn delete(target: Target) -> Result<Response, Refused> {
    let (found, project) = (named(&target).await?.environment, target.project_id()?);
    target.weir.drop_environment(&target.caller, project, found.id, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST …/environments/:eid/stop`: plays the job that takes it down, where there is one; with `force` it counts as
/// stopped without that. One that is stopped already stays as it is.
pub async fn stop(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let force = fields.switch("force")?.unwrap_or(false);
    let target = asked.find().await?;
    let view = named(&target).await?;
    let (id, state) = (view.environment.id, view.environment.state);
    let stopped = match (state, force) {
        (EnvironmentState::Stopped, _) | (EnvironmentState::Stopping, false) => {
            target.weir.may(&target.caller, Action::ManageEnvironments, target.project_id()?).await?;
            view
        }
        (_, true) => target.weir.force_stop(&target.caller, id).await?,
        (EnvironmentState::Available, false) => target.weir.stop_environment(&target.caller, id).await?,
    };
    Ok(answer(StatusCode::OK, &object(&target, &stopped).await?))
}
