//! Triggers: making them and looking after them. What they start is in `trigger`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::{Timestamp, TokenId};
use serde_json::json;

use super::error::Refused;
use super::fields::Fields;
use super::page::Page;
use super::target::{Asked, Target};
use super::wire::TriggerObject;
use crate::auth::Action;
use crate::http::{Fresh, Freshness};

/// GitLab names the field beside the problem.
fn checked(name: &str) -> Result<(), Refused> {
    let problem = match name.trim().chars().count() {
        0 => "can't be blank",
        1..=255 => return Ok(()),
        _ => "is too long (maximum is 255 characters)",
    };
    Err(Refused::fields(json!({"description": [problem]})))
}

fn id(target: &Target) -> Result<TokenId, Refused> {
    target.name("trigger").parse().map_err(|_| Refused::not_found())
}

/// `GET …/triggers`, the oldest first.
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let target = asked.find().await?;
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            let all = target.weir.triggers(&target.caller, project).await?;
            let total = all.len() as u64;
            let from = usize::try_from(page.offset()).unwrap_or(usize::MAX);
            let page_of = all.into_iter().skip(from).take(page.size() as usize);
            let shown: Vec<TriggerObject> = page_of.map(|one| TriggerObject::new(one, target.base())).collect();
            let headers = target.pages(page, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `GET …/triggers/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            target.weir.may(&target.caller, Action::ReadTriggers, project).await?;
            let found = target.weir.trigger(&target.caller, project, id(&target)?).await?;
            Ok(Fresh::list(&TriggerObject::new(found, target.base()))?)
        })
        .await
}

/// When a trigger ends: a time, or a day, which it has whole.
fn end(fields: &Fields) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = fields.text("expires_at")?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = Timestamp::parse(&text).or_else(|| Timestamp::parse(&format!("{text}T23:59:59.999Z")));
    read.map(Some).ok_or_else(|| Refused::parameter("expires_at is invalid"))
}

/// `POST …/triggers`
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let (name, end) = (fields.required("description")?, end(&fields)?);
    let target = asked.find().await?;
    let project = target.project_id()?;
    target.weir.may(&target.caller, Action::ManageTriggers, project).await?;
    checked(&name)?;
    let made = target.weir.create_trigger(&target.caller, project, &name, end).await?;
    Ok((StatusCode::CREATED, Json(TriggerObject::new(made, target.base()))).into_response())
}

/// `PUT …/triggers/:id`
pub async fn update(asked: Asked, fields: Fields) -> Result<Json<TriggerObject>, Refused> {
    let name = fields.text("description")?;
    let target = asked.find().await?;
    let project = target.project_id()?;
    target.weir.may(&target.caller, Action::ManageTriggers, project).await?;
    let id = target.weir.trigger(&target.caller, project, id(&target)?).await?.token.id;
    name.as_deref().map_or(Ok(()), checked)?;
    let changed = target.weir.rename_trigger(&target.caller, project, id, name.as_deref()).await?;
    Ok(Json(TriggerObject::new(changed, target.base())))
}

/// `DELETE …/triggers/:id`
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    let project = target.project_id()?;
    target.weir.may(&target.caller, Action::ManageTriggers, project).await?;
    let found = target.weir.trigger(&target.caller, project, id(&target)?).await?;
    target.weir.delete_trigger(&target.caller, project, found.token.id, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT)
}
