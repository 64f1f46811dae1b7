//! CI/CD variables of projects (`/projects/:id/variables`), namespaces (`/groups/:id/variables`) and the
//! instance (`/admin/ci/variables`).

use app::service::Service as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::{Cause, CiVariable, CiVariableDraft, ErrorKind, VariableOwner, VariableType};
use serde::Serialize;
use serde_json::json;

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::given::{called, clearable, paged};
use super::page::Page;
use super::target::{Asked, Target};
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
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let target = asked.find().await?;
    let owner = owner(&target).await?;
    freshness
        .respond(|| async {
            let mut all = target.weir.ci_variables(&target.caller, owner.clone()).await?.variables;
            all.sort_by_key(|variable| variable.id);
            let shown = all.into_iter().map(|variable| VariableObject::new(variable, &owner));
            paged(&target, page, &shown.collect::<Vec<_>>())
        })
        .await
}

/// `filter[environment_scope]`, which tells variables of one key apart.
fn filter(fields: &Fields) -> Result<Option<String>, Refused> {
    fields.within("filter", "environment_scope")
}

/// The variable of the address's key, and of this scope where several have the key.
async fn named(target: &Target, owner: &VariableOwner, scope: Option<&str>) -> Result<CiVariable, Refused> {
    let mut all = target.weir.ci_variables(&target.caller, owner.clone()).await?.variables;
    all.retain(|one| {
        one.draft.key == target.name("key") && scope.is_none_or(|scope| one.draft.environment_scope == scope)
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
pub async fn get(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let scope = filter(&Fields::of_query(&asked.query))?;
    let target = asked.find().await?;
    let owner = owner(&target).await?;
    freshness
        .respond(|| async {
            Ok(Fresh::list(&VariableObject::new(named(&target, &owner, scope.as_deref()).await?, &owner))?)
        })
        .await
}

/// What a request says of a variable, besides its key and value.
#[expect(clippy::option_option, reason = "said and null differ from not said")]
struct Changes {
    variable_type: Option<VariableType>,
    protected: Option<bool>,
    masked: Option<bool>,
    raw: Option<bool>,
    environment_scope: Option<String>,
    description: Option<Option<String>>,
}

impl Changes {
    fn read(fields: &Fields) -> Result<Self, Refused> {
        Ok(Self {
            variable_type: fields.word("variable_type")?,
            protected: fields.switch("protected")?,
            masked: fields.switch("masked")?,
            raw: fields.switch("raw")?,
            environment_scope: fields.text("environment_scope")?,
            description: clearable(fields, "description")?,
        })
    }

    /// Over what is there. Those of the instance have no scope.
    fn over(self, draft: CiVariableDraft, owner: &VariableOwner) -> CiVariableDraft {
        let scope = self.environment_scope.filter(|_| *owner != VariableOwner::Instance);
        CiVariableDraft {
            variable_type: self.variable_type.unwrap_or(draft.variable_type),
            protected: self.protected.unwrap_or(draft.protected),
            masked: self.masked.unwrap_or(draft.masked),
            raw: self.raw.unwrap_or(draft.raw),
            environment_scope: scope.unwrap_or(draft.environment_scope),
            description: self.description.unwrap_or(draft.description),
            ..draft
        }
    }
}

/// GitLab names the field beside the problem.
fn refused(error: model::Error) -> Refused {
    let text = error.message.as_str();
    match error.kind {
        // GitLab's words; why is beside them.
        ErrorKind::Invalid if error.cause == Some(Cause::Unmaskable) => {
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
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let mut problems = Problems::default();
    let key = problems.take(fields.required("key"));
    let value = problems.take(fields.required("value"));
    problems.none()?;
    let hidden = fields.switch("masked_and_hidden")?.unwrap_or(false);
    // Said by itself it would be a secret that everybody is shown.
    let is_misnamed = fields.switch("hidden")?.unwrap_or(false) && !hidden;
    let changes = Changes::read(&fields)?;
    let target = asked.find().await?;
    let owner = owner(&target).await?;
    if is_misnamed {
        return Err(Refused::fields(
            json!({ "hidden": ["is not set by itself: masked_and_hidden hides a new variable"] }),
        ));
    }
    let draft = CiVariableDraft { key, value: Some(value), hidden, ..CiVariableDraft::default() };
    let draft = changes.over(draft, &owner);
    let made = target.weir.save_ci_variable(&target.caller, owner.clone(), None, draft).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(VariableObject::new(made, &owner))).into_response())
}

/// `PUT …/variables/:key`
pub async fn update(asked: Asked, fields: Fields) -> Result<Json<VariableObject>, Refused> {
    let (scope, value, changes) = (filter(&fields)?, fields.text("value")?, Changes::read(&fields)?);
    let target = asked.find().await?;
    let owner = owner(&target).await?;
    let before = named(&target, &owner, scope.as_deref()).await?;
    let draft = changes.over(CiVariableDraft { value, hidden: false, ..before.draft }, &owner);
    let id = Some(before.id);
    let saved = target.weir.save_ci_variable(&target.caller, owner.clone(), id, draft).await.map_err(refused)?;
    Ok(Json(VariableObject::new(saved, &owner)))
}

/// `DELETE …/variables/:key`
pub async fn delete(asked: Asked, fields: Fields) -> Result<StatusCode, Refused> {
    let scope = filter(&fields)?;
    let target = asked.find().await?;
    let owner = owner(&target).await?;
    let found = named(&target, &owner, scope.as_deref()).await?;
    target.weir.drop_ci_variable(&target.caller, owner, found.id, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT)
}
