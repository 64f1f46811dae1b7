//! What the pages ask of the server: one trait (with [`Accounts`] and [`Schedules`]), implemented once in `server/src/service`.
//!
//! Every method takes the [`Caller`] first and begins with the permission check. Server functions
//! get the implementation from the Leptos context, REST dialects from axum's state.

use std::sync::Arc;

use async_trait::async_trait;
use model::plan::Variable;
use model::view::{
    Dashboard, EnvironmentView, EnvironmentsView, JobView, LintView, PipelineView, RunFilter, RunPage, RunView, Why,
};
use model::{
    Caller, CiVariable, CiVariableDraft, CiVariableId, CiVariablesView, EnvironmentId, Error, Job, JobId, NewRun,
    Pipeline, PipelineKey, Project, Run, RunId, TestReport, VariableOwner, Visibility, log::LogPage,
};

/// The service as it is passed around.
pub type SharedService = Arc<dyn Service>;

/// How the request reached the server: in the context of pages and server functions, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Whether the browser speaks HTTPS, to the server or to a proxy before it, or is to speak nothing else.
    pub secure: bool,
}

/// Which lines of a trace a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// From this line on, counted from 1.
    From(u64),
    /// The last ones.
    Tail,
}

/// A pipeline to be made.
#[derive(Clone, Debug, Default)]
pub struct NewPipeline {
    /// The key; must be new.
    pub key: String,
    /// What people read; the key when empty.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The project's path; `None` means the instance's default project.
    pub project: Option<String>,
    /// The `.gitlab-ci.yml` text; `None` means the project's own file.
    pub definition: Option<String>,
}

mod accounts;
mod schedules;

pub use accounts::Accounts;
pub use schedules::Schedules;

/// One method per use case. Errors are [`model::Error`]: kind and text for the client.
#[async_trait]
pub trait Service: Accounts + Schedules {
    /// The dashboard's snapshot.
    async fn dashboard(&self, caller: &Caller) -> Result<Dashboard, Error>;
    /// A page of runs, newest first.
    async fn runs(&self, caller: &Caller, filter: RunFilter) -> Result<RunPage, Error>;
    /// A run with its jobs.
    async fn run(&self, caller: &Caller, id: RunId) -> Result<RunView, Error>;
    /// A job with what stands beside it.
    async fn job(&self, caller: &Caller, id: JobId) -> Result<JobView, Error>;
    /// At most `limit` lines (1 to 5000) of a job's trace.
    async fn log_lines(&self, caller: &Caller, id: JobId, from: Lines, limit: u32) -> Result<LogPage, Error>;
    /// Every pipeline, by name.
    async fn pipelines(&self, caller: &Caller) -> Result<Vec<Pipeline>, Error>;
    /// A pipeline with its definition, diagnostics, plan and last runs.
    async fn pipeline(&self, caller: &Caller, key: &PipelineKey) -> Result<PipelineView, Error>;
    /// Every project, by path.
    async fn projects(&self, caller: &Caller) -> Result<Vec<Project>, Error>;
    /// Makes a project; `source` is a folder (administrators only) or a git URL. Who makes it becomes its owner.
    async fn create_project(
        &self,
        caller: &Caller,
        path: &str,
        source: Option<&str>,
        visibility: Visibility,
    ) -> Result<Project, Error>;
    /// Makes a pipeline; a definition with errors is refused with its diagnostics.
    async fn create_pipeline(&self, caller: &Caller, new: NewPipeline) -> Result<Pipeline, Error>;
    /// Replaces the stored definition; one with errors is refused with its diagnostics.
    async fn save_definition(&self, caller: &Caller, key: &PipelineKey, text: String) -> Result<Pipeline, Error>;
    /// Deletes a pipeline; its runs stay readable.
    async fn delete_pipeline(&self, caller: &Caller, key: &PipelineKey) -> Result<(), Error>;
    /// Lets a pipeline start runs, or not, whoever asks.
    async fn switch_pipeline(&self, caller: &Caller, key: &PipelineKey, disabled: bool) -> Result<Pipeline, Error>;
    /// Looks through a text that may not be saved, as if it were the definition of that pipeline.
    async fn lint(&self, caller: &Caller, text: String, of: Option<&PipelineKey>) -> Result<LintView, Error>;
    /// What a run of this pipeline with that ref, those variables and inputs would be now. What stands against it
    /// is among the diagnostics; nothing is started.
    async fn plan_run(&self, caller: &Caller, key: &PipelineKey, new: NewRun) -> Result<LintView, Error>;
    /// Lets a scheduled job wait for somebody instead of its time.
    async fn unschedule_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error>;
    /// Starts a run.
    async fn start_run(&self, caller: &Caller, key: &PipelineKey, new: NewRun) -> Result<Run, Error>;
    /// Runs the latest failed and canceled jobs again.
    async fn retry_run(&self, caller: &Caller, id: RunId) -> Result<Run, Error>;
    /// Cancels every job that can be canceled.
    async fn cancel_run(&self, caller: &Caller, id: RunId) -> Result<Run, Error>;
    /// Deletes a run with its logs and artifacts; a live one is stopped first.
    async fn delete_run(&self, caller: &Caller, id: RunId) -> Result<(), Error>;
    /// Starts a manual job, with variables of its own.
    async fn play_job(&self, caller: &Caller, id: JobId, variables: Vec<Variable>) -> Result<Job, Error>;
    /// Makes a new attempt at a finished job.
    async fn retry_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error>;
    /// Cancels a job.
    async fn cancel_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error>;
    /// Every environment, by project and name.
    async fn environments(&self, caller: &Caller) -> Result<EnvironmentsView, Error>;
    /// Takes an environment down: plays the job that its definition names for it, or only marks it as
    /// stopped when it names none.
    async fn stop_environment(&self, caller: &Caller, id: EnvironmentId) -> Result<EnvironmentView, Error>;
    /// The CI/CD variables that are kept for a project, a namespace or the instance.
    async fn ci_variables(&self, caller: &Caller, owner: VariableOwner) -> Result<CiVariablesView, Error>;
    /// Makes a CI/CD variable, or changes the one of this number.
    async fn save_ci_variable(
        &self,
        caller: &Caller,
        owner: VariableOwner,
        id: Option<CiVariableId>,
        draft: CiVariableDraft,
    ) -> Result<CiVariable, Error>;
    /// Deletes a CI/CD variable.
    async fn delete_ci_variable(&self, caller: &Caller, owner: VariableOwner, id: CiVariableId) -> Result<(), Error>;
    /// The test reports of the latest attempts of a run's jobs; a suite per job.
    async fn run_tests(&self, caller: &Caller, id: RunId) -> Result<TestReport, Error>;
    /// The test reports of a job.
    async fn job_tests(&self, caller: &Caller, id: JobId) -> Result<TestReport, Error>;
    /// The reason chain of a run.
    async fn why_run(&self, caller: &Caller, id: RunId) -> Result<Why, Error>;
    /// The reason chain of a job.
    async fn why_job(&self, caller: &Caller, id: JobId) -> Result<Why, Error>;
}
