//! CI/CD variables of projects (`/projects/:id/variables`), namespaces (`/groups/:id/variables`) and the
//! instance (`/admin/ci/variables`).

use app::service::Service as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::{CiVariable, CiVariableDraft, ErrorKind, VariableOwner};
use serde::Serialize;
use serde_json::json;

use super::error::Refused;
use super::fields::Fields;
use super::page::Page;
use super::target::Target;
use crate::http::{Fresh, Freshness};

/// A variable in GitLab's words. Those of the instance have neither scope nor `hidden`.
#[derive(Debug, Serialize)]
pub struct VariableObject {
    variable_type: &'static str,
    key: String,
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    protected: bool,
    masked: bool,
    raw: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment_scope: Option<String>,
    description: Option<String>,
}

impl VariableObject {
    fn new(variable: CiVariable, owner: &VariableOwner) -> Self {
        let draft = variable.draft;
        let scoped = *owner != VariableOwner::Instance;
        Self {
            variable_type: draft.variable_type.as_str(),
            key: draft.key,
            value: draft.value,
            hidden: scoped.then_some(draft.hidden),
            protected: draft.protected,
            masked: draft.masked,
            raw: draft.raw,
            environment_scope: scoped.then_some(draft.environment_scope),
            description: draft.description,
        }
    }
}

/// Whose variables the address means.
fn owner(target: &Target) -> VariableOwner {
    match (&target.project, target.name("group")) {
        (Some(project), _) => VariableOwner::Project(project.id),
        (None, "") => VariableOwner::Instance,
        (None, group) => VariableOwner::Namespace(group.to_owned()),
    }
}

/// `GET …/variables`
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let (page, owner) = (Page::read(&target.query)?, owner(&target));
    freshness
        .respond(|| async {
            let mut all = target.weir.ci_variables(&target.caller, owner.clone()).await?.variables;
            all.sort_by_key(|variable| variable.id);
            let total = all.len() as u64;
            let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
            let shown: Vec<VariableObject> = all
                .into_iter()
                .skip(skipped)
                .take(page.size() as usize)
                .map(|variable| VariableObject::new(variable, &owner))
                .collect();
            let headers = page.headers(target.base(), &target.path, &target.query, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// The variable of this key; `filter[environment_scope]` tells those of the same key apart.
async fn named(target: &Target, owner: &VariableOwner) -> Result<CiVariable, Refused> {
    let scope = Fields::of_query(&target.query).within("filter", "environment_scope")?;
    let mut all = target.weir.ci_variables(&target.caller, owner.clone()).await?.variables;
    all.retain(|one| {
        let fits = scope.as_ref().is_none_or(|scope| one.draft.environment_scope == *scope);
        one.draft.key == target.name("key") && fits
    });
    match (all.pop(), all.is_empty()) {
        (Some(found), true) => Ok(found),
        (Some(_), false) => {
            let text = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'";
            Err(Refused::plain(StatusCode::CONFLICT, text))
        }
        (None, _) => Err(Refused::message(StatusCode::NOT_FOUND, "Variable Not Found")),
    }
}

/// `GET …/variables/:key`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let owner = owner(&target);
    freshness.respond(|| async { Ok(Fresh::list(&VariableObject::new(named(&target, &owner).await?, &owner))?) }).await
}

/// Puts what a request says over what is there.
fn change(fields: &Fields, draft: &mut CiVariableDraft) -> Result<(), Refused> {
    if let Some(kind) = fields.word("variable_type")? {
        draft.variable_type = kind;
    }
    for (name, place) in [("protected", &mut draft.protected), ("masked", &mut draft.masked), ("raw", &mut draft.raw)] {
        if let Some(on) = fields.switch(name)? {
            *place = on;
        }
    }
    if let Some(scope) = fields.text("environment_scope")? {
        draft.environment_scope = scope;
    }
    if let Some(text) = fields.text("description")? {
        draft.description = Some(text);
    }
    Ok(())
}

/// GitLab names the field beside the problem.
fn refused(error: model::Error) -> Refused {
    let text = error.message.as_str();
    match error.kind {
        ErrorKind::Invalid if text.contains("cannot be masked") => Refused::fields(json!({ "value": [text] })),
        ErrorKind::Invalid => match text.split_once(": ") {
            Some((field, problem)) => Refused::fields(json!({ field: [problem] })),
            None => error.into(),
        },
        ErrorKind::Conflict => Refused::fields(json!({ "key": [text] })),
        _ => error.into(),
    }
}

/// `POST …/variables`
pub async fn create(target: Target, fields: Fields) -> Result<Response, Refused> {
    let owner = owner(&target);
    let hidden = fields.switch("masked_and_hidden")?.unwrap_or(false);
    let mut draft = CiVariableDraft {
        key: fields.required("key")?,
        value: Some(fields.required("value")?),
        hidden,
        ..CiVariableDraft::default()
    };
    change(&fields, &mut draft)?;
    let made = target.weir.save_ci_variable(&target.caller, owner.clone(), None, draft).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(VariableObject::new(made, &owner))).into_response())
}

/// `PUT …/variables/:key`
pub async fn update(target: Target, fields: Fields) -> Result<Json<VariableObject>, Refused> {
    let owner = owner(&target);
    let before = named(&target, &owner).await?;
    let mut draft = CiVariableDraft { value: fields.text("value")?, hidden: false, ..before.draft };
    change(&fields, &mut draft)?;
    let id = Some(before.id);
    let saved = target.weir.save_ci_variable(&target.caller, owner.clone(), id, draft).await.map_err(refused)?;
    Ok(Json(VariableObject::new(saved, &owner)))
}

/// `DELETE …/variables/:key`
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    let owner = owner(&target);
    let found = named(&target, &owner).await?;
    target.weir.delete_ci_variable(&target.caller, owner, found.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
