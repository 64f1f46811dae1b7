//! What a definition becomes for one trigger. The `pipeline` crate makes it; the scheduler and the
//! runner get everything they need from it.

mod choice;
mod files;
mod policy;
mod surroundings;
mod trigger;
mod variables;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use choice::Choice;
pub use files::{Access, ArtifactSpec, CacheKey, CacheSpec, Expiry, Report, report_format};
pub use policy::{AllowFailure, AutoCancel, OnJobFailure, OnNewCommit, Retry, When};
pub use surroundings::{Environment, EnvironmentAction, Image, Service};
pub use trigger::{Forward, Strategy, Trigger, TriggerInclude};
pub use variables::{FormInput, FormVariable, InputType, Inputs, Variable};

/// One need of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Name of the needed job: of one instance, where it has several.
    pub job: String,
    /// Whether its artifacts are fetched.
    pub artifacts: bool,
    /// Whether the run may be without that job.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A need for a job of the run that started this one (`needs:pipeline`): its artifacts are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentNeed {
    /// The run, not expanded: `$PARENT_PIPELINE_ID`.
    pub pipeline: String,
    /// Name of the job there.
    pub job: String,
    /// Whether its artifacts are fetched.
    pub artifacts: bool,
    /// Whether that run may be without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// Which of several instances of a job one is (`parallel`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its number, from 1: `CI_NODE_INDEX`.
    pub index: u32,
    /// How many there are: `CI_NODE_TOTAL`.
    pub total: u32,
    /// The values of the matrix, in the order of its keys; they are among the job's variables too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matrix: Vec<Variable>,
}

/// A job of the plan, with everything the scheduler and the runner need. Text that is "not expanded"
/// still names variables; whoever knows their values expands it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The file that this line is in; empty means the definition's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Which of several instances it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Instance>,
    /// Seconds that a [`When::Delayed`] job waits once its turn has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_in: Option<u32>,
    /// What a person is asked before playing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_confirmation: Option<String>,
    /// The jobs of this run whose artifacts it fetches; `None` means those of `needs`, or else of
    /// all earlier stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<String>>,
    /// Jobs of the run above this one whose artifacts it fetches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parent_needs: Vec<ParentNeed>,
    /// Tags that a runner must have, all of them; not expanded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The image it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// What runs beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Its caches, at most four.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache: Vec<CacheSpec>,
    /// Whether a newer commit may end it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interruptible: bool,
    /// Name of the lock it holds while it runs, not expanded; jobs of one project share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// Where it deploys to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Commands that the runner runs before it gets the sources (`hooks`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_get_sources_script: Vec<String>,
    /// The pattern that finds the coverage in the log, without its slashes: last match, first number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<String>,
    /// The child pipeline it starts; such a job has no script and needs no runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
}

impl PlannedJob {
    /// Whether this job fetches what the one called `name` left, which stands in the stage `theirs` where its
    /// own is `own`.
    pub fn fetches(&self, own: u32, name: &str, theirs: u32) -> bool {
        if let Some(named) = &self.dependencies {
            let left_out = self.needs.iter().flatten().any(|need| need.job == name && !need.artifacts);
            return !left_out && named.iter().any(|one| one == name);
        }
        match &self.needs {
            Some(needs) => needs.iter().any(|need| need.artifacts && need.job == name),
            None => theirs < own,
        }
    }
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The stages in order, with `.pre` first and `.post` last.
    pub stages: Vec<String>,
    /// The jobs of the run, in the order of the file. Whoever evaluated the definition has them too.
    pub jobs: Vec<Arc<PlannedJob>>,
    /// The jobs of the file that are not in the run.
    pub excluded: Vec<ExcludedJob>,
    /// The global variables as the run form shows them.
    pub variables: Vec<FormVariable>,
    /// The name of the run (`workflow:name`), not expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What new commits and failed jobs do to the run.
    #[serde(default, skip_serializing_if = "AutoCancel::is_default")]
    pub auto_cancel: AutoCancel,
    /// The inputs of the definition as the run form shows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<FormInput>,
    /// The files that were included, in the order in which they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// The jobs that a choice left out, in the order of the file.
    #[serde(skip)]
    pub left_out: Vec<LeftOut>,
}

/// A job that a run was started without, and where it would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub job: String,
    /// Its stage.
    pub stage: String,
    /// Place of the stage, from 0, had nothing been left out.
    pub stage_place: usize,
    /// Its place among the jobs of the stage, from 0, had nothing been left out.
    pub place: usize,
}

impl Plan {
    /// The position of a stage in the run, from 0.
    pub fn stage_index(&self, stage: &str) -> usize {
        self.stages.iter().position(|s| s == stage).unwrap_or(0)
    }
}
