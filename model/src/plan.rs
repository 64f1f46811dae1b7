//! What a definition becomes for one trigger. The `pipeline` crate makes it; the scheduler and the
//! runner get everything they need from it.

use serde::{Deserialize, Serialize};

use crate::FailureReason;

/// When a job runs, seen from what came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// All before it went well (the default).
    #[default]
    OnSuccess,
    /// Something before it failed.
    OnFailure,
    /// Whatever came before it.
    Always,
    /// A person plays it.
    Manual,
    /// Not at all: the job is not in the run.
    Never,
}

impl When {
    /// The word of the language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnSuccess => "on_success",
            Self::OnFailure => "on_failure",
            Self::Always => "always",
            Self::Manual => "manual",
            Self::Never => "never",
        }
    }
}

/// Whether a failure of the job counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowFailure {
    /// Always (`true`) or never (`false`).
    Bool(bool),
    /// Only with one of these exit codes.
    ExitCodes(Vec<i32>),
}

impl AllowFailure {
    /// Whether the failure may be ignored before anything is known of the exit code: what the
    /// aggregation uses while the job has not ended.
    pub const fn always(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Whether a failure with this exit code may be ignored.
    pub fn allows(&self, exit_code: Option<i32>) -> bool {
        match self {
            Self::Bool(allowed) => *allowed,
            Self::ExitCodes(codes) => exit_code.is_some_and(|code| codes.contains(&code)),
        }
    }
}

/// One name and value, in the order in which they were defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub key: String,
    /// The value, not yet expanded.
    pub value: String,
    /// `expand: false`: the runner must not expand it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw: bool,
}

impl Variable {
    /// A variable that may be expanded.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), raw: false }
    }
}

/// A variable of the definition as the run form shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormVariable {
    /// The name.
    pub key: String,
    /// The value it has unless somebody gives another.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// The values it may have; empty means any.
    #[serde(default)]
    pub options: Vec<String>,
}

/// One need of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Name of the needed job.
    pub job: String,
    /// Whether its artifacts are fetched.
    pub artifacts: bool,
    /// Whether the run may be without that job.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// What a job leaves for later ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactSpec {
    /// Globs relative to the project folder.
    pub paths: Vec<String>,
    /// `on_success`, `on_failure` or `always`: after which end they are kept.
    pub when: When,
}

/// How often a failed job is run again by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Further attempts, 0 to 2.
    pub max: u32,
    /// Only after these reasons; empty means after any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<FailureReason>,
    /// Only after these exit codes (or one of the reasons); empty means after any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_codes: Vec<i32>,
}

impl Retry {
    /// Whether an attempt that failed so may be followed by another. `attempt` counts from 1.
    pub fn applies(&self, attempt: u32, failure: FailureReason, exit_code: Option<i32>) -> bool {
        if attempt > self.max {
            return false;
        }
        if self.when.is_empty() && self.exit_codes.is_empty() {
            return true;
        }
        self.when.contains(&failure) || exit_code.is_some_and(|code| self.exit_codes.contains(&code))
    }
}

/// A job of the plan, with everything the scheduler and the runner need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedJob {
    /// The name, unique in the plan.
    pub name: String,
    /// The name in the file; differs from `name` for one of several instances.
    pub base_name: String,
    /// The stage it belongs to.
    pub stage: String,
    /// When it runs.
    pub when: When,
    /// Whether its failure counts.
    pub allow_failure: AllowFailure,
    /// The jobs it waits for instead of the earlier stages; `None` means stage order.
    pub needs: Option<Vec<Need>>,
    /// Commands before `script`, in the same shell.
    pub before_script: Vec<String>,
    /// The commands.
    pub script: Vec<String>,
    /// Commands after them, in a shell of their own, whatever the result.
    pub after_script: Vec<String>,
    /// Global and job variables, later ones win; not expanded.
    pub variables: Vec<Variable>,
    /// What it leaves for others.
    pub artifacts: Option<ArtifactSpec>,
    /// Seconds it may run; `None` means the project's default.
    pub timeout: Option<u32>,
    /// How often it is run again by itself.
    #[serde(default)]
    pub retry: Retry,
    /// Line in the definition where the job begins, from 1.
    pub line: u32,
}

/// A job of the file that is not in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedJob {
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Why, as a sentence fragment: "`when: never`".
    pub reason: String,
    /// Each of its rules that was looked at, with the comparisons and values that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// What a definition becomes for one trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The stages in order, with `.pre` first and `.post` last.
    pub stages: Vec<String>,
    /// The jobs of the run, in the order of the file.
    pub jobs: Vec<PlannedJob>,
    /// The jobs of the file that are not in the run.
    pub excluded: Vec<ExcludedJob>,
    /// The global variables as the run form shows them.
    pub variables: Vec<FormVariable>,
}

impl Plan {
    /// The position of a stage in the run, from 0.
    pub fn stage_index(&self, stage: &str) -> usize {
        self.stages.iter().position(|s| s == stage).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_rules() {
        let any = Retry { max: 1, ..Retry::default() };
        assert!(any.applies(1, FailureReason::ScriptFailure, Some(1)));
        assert!(!any.applies(2, FailureReason::ScriptFailure, Some(1)));
        let picky = Retry { max: 2, when: vec![FailureReason::RunnerSystemFailure], exit_codes: vec![42] };
        assert!(picky.applies(1, FailureReason::ScriptFailure, Some(42)));
        assert!(picky.applies(2, FailureReason::RunnerSystemFailure, None));
        assert!(!picky.applies(1, FailureReason::ScriptFailure, Some(1)));
    }
}
