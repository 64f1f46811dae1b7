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
use super::given::{called, clearable, paged};
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
async fn owner(target: &Target) -> Result<VariableOwner, Refused> {
    Ok(match (&target.project, target.name("group")) {
        (Some(project), _) => VariableOwner::Project(project.id),
        (None, "") => VariableOwner::Instance,
        (None, group) => {
            let found = target.weir.namespace_called(&target.caller, group).await.map_err(called("Group"))?;
            VariableOwner::Namespace(found.namespace.path)
        }
    })
}

/// What one that is not there is called.
fn missing(owner: &VariableOwner) -> Refused {
    let what = match owner {
        VariableOwner::Project(_) => "Variable Not Found",
        VariableOwner::Namespace(_) => "GroupVariable Not Found",
        VariableOwner::Instance => "InstanceVariable Not Found",
    };
    Refused::message(StatusCode::NOT_FOUND, what)
}

/// `GET …/variables`
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let (page, owner) = (Page::read(&target.query)?, owner(&target).await?);
    freshness
        .respond(|| async {
            let mut all = target.weir.ci_variables(&target.caller, owner.clone()).await?.variables;
            all.sort_by_key(|variable| variable.id);
            let shown = all.into_iter().map(|variable| VariableObject::new(variable, &owner));
            paged(&target, page, &shown.collect::<Vec<_>>())
        })
        .await
}

/// The variable of this key; `filter[environment_scope]` tells those of the same key apart.
async fn named(target: &Target, owner: &VariableOwner, fields: &Fields) -> Result<CiVariable, Refused> {
    let scope = fields.within("filter", "environment_scope")?;
    let mut all = target.weir.ci_variables(&target.caller, owner.clone()).await?.variables;
    all.retain(|one| {
        one.draft.key == target.name("key") && scope.as_ref().is_none_or(|scope| one.draft.environment_scope == *scope)
    });
    match (all.pop(), all.is_empty()) {
        (Some(found), true) => Ok(found),
        (Some(_), false) => {
            let text = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'";
            Err(Refused::plain(StatusCode::CONFLICT, text))
        }
        (None, _) => Err(missing(owner)),
    }
}

/// `GET …/variables/:key`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let owner = owner(&target).await?;
    let fields = Fields::of_query(&target.query);
    freshness
        .respond(|| async { Ok(Fresh::list(&VariableObject::new(named(&target, &owner, &fields).await?, &owner))?) })
        .await
}

/// Puts what a request says over what is there.
fn change(fields: &Fields, owner: &VariableOwner, draft: &mut CiVariableDraft) -> Result<(), Refused> {
    if let Some(kind) = fields.word("variable_type")? {
        draft.variable_type = kind;
    }
    for (name, place) in [("protected", &mut draft.protected), ("masked", &mut draft.masked), ("raw", &mut draft.raw)] {
        if let Some(on) = fields.switch(name)? {
            *place = on;
        }
    }
    if let Some(scope) = fields.text("environment_scope")?.filter(|_| *owner != VariableOwner::Instance) {
        draft.environment_scope = scope;
    }
    if let Some(text) = clearable(fields, "description")? {
        draft.description = text;
    }
    Ok(())
}

/// GitLab names the field beside the problem.
fn refused(error: model::Error) -> Refused {
    let text = error.message.as_str();
    match error.kind {
        // GitLab's words; why is beside them.
        ErrorKind::Invalid if text.contains("cannot be masked") => {
            Refused::fields(json!({ "value": ["is invalid"] })).because(text)
        }
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
    let owner = owner(&target).await?;
    let hidden = fields.switch("masked_and_hidden")?.unwrap_or(false);
    let mut draft = CiVariableDraft {
        key: fields.required("key")?,
        value: Some(fields.required("value")?),
        hidden,
        ..CiVariableDraft::default()
    };
    change(&fields, &owner, &mut draft)?;
    let made = target.weir.save_ci_variable(&target.caller, owner.clone(), None, draft).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(VariableObject::new(made, &owner))).into_response())
}

/// `PUT …/variables/:key`
pub async fn update(target: Target, fields: Fields) -> Result<Json<VariableObject>, Refused> {
    let owner = owner(&target).await?;
    let before = named(&target, &owner, &fields).await?;
    let mut draft = CiVariableDraft { value: fields.text("value")?, hidden: false, ..before.draft };
    change(&fields, &owner, &mut draft)?;
    let id = Some(before.id);
    let saved = target.weir.save_ci_variable(&target.caller, owner.clone(), id, draft).await.map_err(refused)?;
    Ok(Json(VariableObject::new(saved, &owner)))
}

/// `DELETE …/variables/:key`
pub async fn delete(target: Target, fields: Fields) -> Result<StatusCode, Refused> {
    let owner = owner(&target).await?;
    let found = named(&target, &owner, &fields).await?;
    target.weir.delete_ci_variable(&target.caller, owner, found.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
