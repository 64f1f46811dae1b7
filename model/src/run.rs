//! Runs, their stages and their jobs.

use serde::{Deserialize, Serialize};

use crate::plan::{Variable, When};
use crate::{
    FailureReason, JobId, PipelineId, PipelineKey, ProjectId, ProjectPath, Reason, RunId, Seq, Status, Timestamp, Uid,
};

/// What started a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The browser.
    Web,
    /// A script or the command line.
    #[default]
    Api,
}

impl Source {
    /// The word in `CI_PIPELINE_SOURCE`, on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Api => "api",
        }
    }
}

/// One execution of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Number in this instance.
    pub id: RunId,
    /// Opaque name; the id of the run in Ordine's dialect.
    pub uid: Uid,
    /// The project.
    pub project_id: ProjectId,
    /// That project's path.
    pub project_path: ProjectPath,
    /// The pipeline; `None` when it was deleted since.
    pub pipeline_id: Option<PipelineId>,
    /// The pipeline's key, kept when the pipeline is deleted.
    pub pipeline_key: PipelineKey,
    /// The pipeline's name when the run was made.
    pub pipeline_name: String,
    /// Counts the runs of this pipeline from 1.
    pub number: i64,
    /// Computed from the jobs.
    pub status: Status,
    /// Whether a job failed that was allowed to.
    pub warnings: bool,
    /// What started it.
    pub source: Source,
    /// Branch or tag; empty without a repository.
    pub git_ref: String,
    /// Whether `git_ref` is a tag.
    #[serde(default)]
    pub is_tag: bool,
    /// Commit, 40 hexadecimal digits; empty without a repository.
    pub sha: String,
    /// First line of the commit's message; empty without a repository.
    pub commit_title: String,
    /// Who started it.
    pub user: String,
    /// Path given to the run (`weir run -i`), handed to its jobs as `INPUT_PATH`.
    pub input_path: Option<String>,
    /// Project id that a script gave in Ordine's dialect; kept as text, it need not exist here.
    pub external_project: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its first job started.
    pub started_at: Option<Timestamp>,
    /// When it ended (again).
    pub finished_at: Option<Timestamp>,
    /// Its stages in order, with computed statuses.
    pub stages: Vec<Stage>,
    /// Last change.
    pub version: Seq,
}

impl Run {
    /// Milliseconds from its start to its end, or to `now`; `None` before the start.
    pub fn duration(&self, now: Timestamp) -> Option<i64> {
        let end = if self.status.is_final() { self.finished_at.unwrap_or(now) } else { now };
        self.started_at.map(|start| end.since(start))
    }
}

/// An ordered group of a run's jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Computed from its jobs.
    pub status: Status,
    /// Whether a job failed that was allowed to.
    pub warnings: bool,
}

/// One attempt at one job of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Number in this instance.
    pub id: JobId,
    /// Opaque name.
    pub uid: Uid,
    /// The run.
    pub run_id: RunId,
    /// The project.
    pub project_id: ProjectId,
    /// Its name in the run.
    pub name: String,
    /// Its stage's name.
    pub stage: String,
    /// Its stage's place, from 0.
    pub stage_index: u32,
    /// Where it stands.
    pub status: Status,
    /// Why it stands there.
    pub reason: Reason,
    /// When it runs.
    pub when: When,
    /// Whether its failure is ignored.
    pub allow_failure: bool,
    /// Names of the jobs it waits for; `None` means stage order.
    pub needs: Option<Vec<String>>,
    /// Counts the attempts of this name in this run from 1.
    pub attempt: u32,
    /// Whether a later attempt exists.
    pub retried: bool,
    /// Set when failed.
    pub failure_reason: Option<FailureReason>,
    /// The script's exit code, where there was one.
    pub exit_code: Option<i32>,
    /// Who started it: who made the run, played or retried the job.
    pub user: String,
    /// The runner's name, once one took it.
    pub runner: Option<String>,
    /// Seconds it may run.
    pub timeout: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became pending.
    pub queued_at: Option<Timestamp>,
    /// When a runner took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What it left.
    pub artifacts: Vec<ArtifactInfo>,
    /// When its log and artifacts were erased.
    pub erased_at: Option<Timestamp>,
    /// The lock it holds while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// Last change.
    pub version: Seq,
}

impl Job {
    /// Milliseconds from its start to its end, or to `now`; `None` before the start.
    pub fn duration(&self, now: Timestamp) -> Option<i64> {
        self.started_at.map(|start| self.finished_at.unwrap_or(now).since(start))
    }

    /// Whether `play` does anything.
    pub fn is_playable(&self) -> bool {
        matches!(self.status, Status::Manual | Status::Scheduled)
    }

    /// Whether `retry` makes a new attempt.
    pub fn is_retryable(&self) -> bool {
        !self.retried && self.status.is_final()
    }

    /// Whether `cancel` stops anything.
    pub fn is_cancelable(&self) -> bool {
        self.status.is_cancelable()
    }
}

/// A file that a job left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactInfo {
    /// `archive` or the type of a report.
    pub kind: String,
    /// The name shown.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// When it is deleted (`artifacts:expire_in`); `None` means with its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A wish for a run, as every dialect and the browser say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// Branch, tag or commit; `None` means the source's default branch.
    pub git_ref: Option<String>,
    /// Pipeline variables: they beat those of the definition.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Values of the definition's inputs (`spec:inputs`); text is read as the type of its input.
    #[serde(default)]
    pub inputs: crate::plan::Inputs,
    /// Path handed to the jobs as `INPUT_PATH`.
    pub input_path: Option<String>,
    /// Project id that a script gave in Ordine's dialect.
    pub external_project: Option<String>,
    /// What starts it.
    pub source: Source,
}
