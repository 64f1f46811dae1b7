//! When a job runs, what its failure means, and what a new commit does to it.

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
    /// Like `OnSuccess`, but [`PlannedJob::start_in`](super::PlannedJob::start_in) later.
    Delayed,
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
            Self::Delayed => "delayed",
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

impl Default for AllowFailure {
    fn default() -> Self {
        Self::Bool(false)
    }
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

/// What a newer commit on the same ref does to a run (`workflow:auto_cancel:on_new_commit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNewCommit {
    /// The run is canceled unless a job that is not interruptible has started (the default).
    #[default]
    Conservative,
    /// Its interruptible jobs are canceled.
    Interruptible,
    /// Nothing.
    None,
}

/// What a failed job does to the other jobs of its run (`workflow:auto_cancel:on_job_failure`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnJobFailure {
    /// Nothing (the default).
    #[default]
    None,
    /// All that have not ended are canceled.
    All,
}

/// `workflow:auto_cancel`, with that of the workflow's rule over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoCancel {
    /// What a newer commit does.
    #[serde(default)]
    pub on_new_commit: OnNewCommit,
    /// What a failed job does.
    #[serde(default)]
    pub on_job_failure: OnJobFailure,
}

impl AutoCancel {
    /// Whether it is what a definition has that says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
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
