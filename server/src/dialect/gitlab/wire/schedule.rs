//! Schedules and triggers.

use model::plan::Variable;
use model::{Schedule, ScheduleView, VariableType};
use serde::Serialize;
use serde_json::Value;

use super::{PipelineBasic, User};
use crate::service::Trigger;

/// A schedule in lists. What stands behind `inputs` is Weir's addition.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleObject {
    id: i64,
    description: String,
    #[serde(rename = "ref")]
    git_ref: String,
    cron: String,
    cron_timezone: String,
    next_run_at: Option<String>,
    active: bool,
    created_at: String,
    updated_at: String,
    owner: Option<User>,
    inputs: Vec<Input>,
    /// The pipeline that it starts; null: the one that is meant where only the project is named.
    pipeline_key: Option<String>,
    /// What stood against its last run.
    failure: Option<Failure>,
}

#[derive(Clone, Debug, Serialize)]
struct Input {
    name: String,
    value: Value,
}

#[derive(Clone, Debug, Serialize)]
struct Failure {
    at: String,
    message: String,
}

/// A schedule alone.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleDetails {
    #[serde(flatten)]
    schedule: ScheduleObject,
    last_pipeline: Option<PipelineBasic>,
    /// Absent for who may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Vec<ScheduleVariable>>,
}

/// A variable of a schedule.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleVariable {
    variable_type: &'static str,
    key: String,
    value: String,
    raw: bool,
}

impl From<Variable> for ScheduleVariable {
    fn from(one: Variable) -> Self {
        let kind = if one.file { VariableType::File } else { VariableType::EnvVar };
        Self { variable_type: kind.as_str(), key: one.key, value: one.value, raw: one.raw }
    }
}

fn person(id: i64, name: &str, full_name: String, is_active: bool, base: &str) -> User {
    let state = if is_active { "active" } else { "blocked" };
    User { id, name: full_name, state: state.into(), ..User::new(name, base) }
}

impl ScheduleObject {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(schedule: Schedule, base: &str) -> Self {
        let draft = schedule.draft;
        Self {
            id: schedule.id.0,
            description: draft.description,
            git_ref: draft.git_ref,
            cron: draft.cron,
            cron_timezone: draft.timezone,
            next_run_at: super::run::time(schedule.next_run_at),
            active: draft.is_active,
            created_at: schedule.created_at.rfc3339(),
            updated_at: schedule.updated_at.rfc3339(),
            owner: schedule.owner.map(|one| person(one.id.0, &one.name, one.full_name, one.is_active, base)),
            inputs: draft.inputs.into_iter().map(|(name, value)| Input { name, value }).collect(),
            pipeline_key: draft.pipeline.map(|key| key.to_string()),
            failure: schedule.failure.map(|one| Failure { at: one.at.rfc3339(), message: one.message }),
        }
    }
}

impl ScheduleDetails {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(view: ScheduleView, base: &str) -> Self {
        Self {
            last_pipeline: view.last_run.map(|run| PipelineBasic::new(&run, base)),
            variables: view.variables.map(|list| list.into_iter().map(ScheduleVariable::from).collect()),
            schedule: ScheduleObject::new(view.schedule, base),
        }
    }
}

/// A trigger.
#[derive(Clone, Debug, Serialize)]
pub struct TriggerObject {
    id: i64,
    /// Whole for its owner; for others its first four characters.
    token: String,
    description: String,
    created_at: String,
    updated_at: String,
    last_used: Option<String>,
    expires_at: Option<String>,
    owner: User,
}

impl TriggerObject {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(trigger: Trigger, base: &str) -> Self {
        let Trigger { token, owner, text, updated_at } = trigger;
        Self {
            id: token.id.0,
            token: text.unwrap_or_else(|| crate::auth::token::Kind::Trigger.prefix()[..4].to_owned()),
            description: token.name,
            created_at: token.created_at.rfc3339(),
            updated_at: updated_at.rfc3339(),
            last_used: super::run::time(token.used_at),
            expires_at: super::run::time(token.expires_at),
            owner: person(owner.id.0, &owner.name, owner.full_name, owner.is_active, base),
        }
    }
}
