//! What the pages show: each type is what one page or one part of it needs, in one consistent
//! snapshot that says up to which commit it reaches.

use serde::{Deserialize, Serialize};

use crate::plan::{ExcludedJob, FormInput, FormVariable, Variable};
use crate::{
    Deployment, Diagnostic, Environment, Job, JobId, Pipeline, PipelineKey, Project, Run, Seq, Status, TestCounts,
};

/// The dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dashboard {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// Runs that are not at rest: pending, running, canceling; newest first.
    pub active: Vec<Run>,
    /// Runs that wait for a person, newest first.
    pub blocked: Vec<Run>,
    /// The runs that ended last, newest first.
    pub recent: Vec<Run>,
    /// Every pipeline with its health, by name.
    pub pipelines: Vec<PipelineHealth>,
    /// Jobs that wait for a runner.
    pub queued_jobs: u64,
    /// Jobs that run.
    pub running_jobs: u64,
    /// Runners heard of lately.
    pub runners_online: u64,
}

/// A pipeline at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineHealth {
    /// The pipeline, without its definition's text.
    pub pipeline: Pipeline,
    /// Its last runs, newest first, at most ten.
    pub last: Vec<RunMark>,
    /// For a pipeline that is broken now: number of its last good run.
    pub last_good: Option<i64>,
}

/// A run as a mark in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunMark {
    /// Its id.
    pub id: crate::RunId,
    /// Its number.
    pub number: i64,
    /// Its status.
    pub status: Status,
    /// Whether a job failed that was allowed to.
    pub warnings: bool,
    /// Milliseconds it ran, when it ended.
    pub duration: Option<i64>,
}

/// What the run list is filtered by; all given ones must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFilter {
    /// Only this pipeline.
    pub pipeline: Option<PipelineKey>,
    /// Only this project.
    pub project: Option<crate::ProjectId>,
    /// Only these statuses; empty means all.
    #[serde(default)]
    pub status: Vec<Status>,
    /// Only this branch or tag.
    pub git_ref: Option<String>,
    /// Only this person's.
    pub user: Option<String>,
    /// Only those whose pipeline name, key, ref or commit title contains this text.
    pub text: Option<String>,
    /// Only runs older than this one: the next page.
    pub before: Option<crate::RunId>,
    /// At most this many, 1 to 200; `None` means 50.
    pub limit: Option<u32>,
    /// Only what this started. Without it, runs that jobs of other runs started are left out.
    #[serde(default)]
    pub source: Option<crate::Source>,
}

/// A page of runs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// The runs.
    pub runs: Vec<Run>,
    /// Give this as `before` for the next page.
    pub next: Option<crate::RunId>,
}

/// A run with all its jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// The run.
    pub run: Run,
    /// All attempts of all jobs, by stage, then in the order of the definition, then by attempt.
    pub jobs: Vec<Job>,
    /// The variables that it was started with; none for those who may not see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
}

/// The mean of the coverages that the latest attempts tell, in percent, as GitLab counts it.
pub fn coverage<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Option<f64> {
    let told: Vec<f64> = jobs.into_iter().filter(|job| !job.retried).filter_map(|job| job.coverage).collect();
    (!told.is_empty()).then(|| told.iter().sum::<f64>() / told.len() as f64)
}

/// How the tests of a run went, over the latest attempts; `None` when none reported any.
pub fn tests<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Option<TestCounts> {
    jobs.into_iter().filter(|job| !job.retried).filter_map(|job| job.tests).reduce(|sum, one| sum + one)
}

/// A job with what stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// The job.
    pub job: Job,
    /// Its run.
    pub run: Run,
    /// All attempts at the same job, oldest first.
    pub attempts: Vec<(JobId, u32, Status)>,
    /// The variables of its definition and its run, as the job gets them.
    pub variables: Vec<Variable>,
    /// The commands of `before_script` and `script`, and of `after_script`.
    pub script: Vec<String>,
    /// Commands that run whatever the result.
    pub after_script: Vec<String>,
    /// Bytes in its trace now.
    pub trace_bytes: u64,
    /// The run that it started.
    #[serde(default)]
    pub child: Option<Run>,
}

/// A pipeline with what its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineView {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its project.
    pub project: Project,
    /// The definition as it would be used now; `None` when the source cannot be read.
    pub definition: Option<String>,
    /// Errors and warnings in it.
    pub diagnostics: Vec<Diagnostic>,
    /// The stages and job names it makes, in order; empty when it is invalid.
    pub plan: Vec<PlanStage>,
    /// Jobs of the file that a run would not have.
    pub excluded: Vec<ExcludedJob>,
    /// The variables of the run form.
    pub variables: Vec<FormVariable>,
    /// The inputs of the run form.
    #[serde(default)]
    pub inputs: Vec<FormInput>,
    /// Its last runs, newest first.
    pub runs: Vec<Run>,
}

/// A stage of a plan with its jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStage {
    /// The stage.
    pub name: String,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<PlanJob>,
}

/// A job of a plan as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanJob {
    /// Its name.
    pub name: String,
    /// When it would run.
    pub when: crate::plan::When,
    /// Whether its failure is ignored.
    pub allow_failure: bool,
    /// What it waits for instead of the earlier stages.
    pub needs: Option<Vec<String>>,
    /// Milliseconds it took the last time it went well; `None` when it never has, or nobody knows.
    #[serde(default)]
    pub last_duration: Option<i64>,
}

/// The environments of all projects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentsView {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// By project and name.
    pub environments: Vec<EnvironmentView>,
}

/// An environment with what stands there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentView {
    /// The environment.
    pub environment: Environment,
    /// The newest deployment, however it stands.
    pub last: Option<Deployment>,
    /// The newest deployment that went well, when it is not `last`.
    pub live: Option<Deployment>,
    /// The job that takes it down, when its definition names one that could.
    pub stop_job: Option<JobId>,
}

/// What lint and plan say of a text that may not be saved yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LintView {
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The stages and jobs it makes.
    pub plan: Vec<PlanStage>,
    /// Jobs of the file that a run would not have.
    pub excluded: Vec<ExcludedJob>,
    /// The variables of the run form.
    pub variables: Vec<FormVariable>,
    /// The inputs of the run form.
    #[serde(default)]
    pub inputs: Vec<FormInput>,
}

/// The reason chain of a run or a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// "run 12" or "job 40 (unit)".
    pub subject: String,
    /// Its status.
    pub status: Status,
    /// One sentence.
    pub answer: String,
    /// What it rests on, nearest first.
    pub because: Vec<Why>,
}
