//! Runs, their stages and their jobs.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::plan::{Access, Variable, When};
use crate::{
    FailureReason, JobId, PipelineId, PipelineKey, ProjectId, ProjectPath, Reason, RunId, ScheduleId, Seq, Status,
    Timestamp, Uid,
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
    /// A job of another run that has `trigger`.
    ParentPipeline,
    /// Somebody with the token of a trigger.
    Trigger,
    /// A job, with its own token.
    Pipeline,
    /// A schedule, by the clock.
    Schedule,
}

impl Source {
    /// All words for what starts runs on GitLab. No run here has one that is none of a `Source`.
    pub const OF_GITLAB: [&str; 19] = [
        "unknown",
        "push",
        "web",
        "trigger",
        "schedule",
        "api",
        "external",
        "pipeline",
        "chat",
        "webide",
        "merge_request_event",
        "external_pull_request_event",
        "parent_pipeline",
        "ondemand_dast_scan",
        "ondemand_dast_validation",
        "security_orchestration_policy",
        "container_registry_push",
        "duo_workflow",
        "pipeline_execution_policy_schedule",
    ];

    /// The word in `CI_PIPELINE_SOURCE`, on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Api => "api",
            Self::ParentPipeline => "parent_pipeline",
            Self::Trigger => "trigger",
            Self::Pipeline => "pipeline",
            Self::Schedule => "schedule",
        }
    }
}

impl std::str::FromStr for Source {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Web, Self::Api, Self::ParentPipeline, Self::Trigger, Self::Pipeline, Self::Schedule]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(())
    }
}

/// The job that started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its run.
    pub run: RunId,
    /// The job, which has [`JobKind::Bridge`].
    pub job: JobId,
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
    /// Whether `git_ref` is a commit that was named itself: no branch and no tag.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_commit: bool,
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
    /// When its status changed last.
    #[serde(default)]
    pub updated_at: Timestamp,
    /// Milliseconds in which at least one of its jobs ran, as of its last end or of when it came to wait for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<i64>,
    /// Its stages in order, with computed statuses.
    pub stages: Vec<Stage>,
    /// The name that its definition gives it (`workflow:name`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What started a child run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The schedule that started it; the schedule may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleId>,
    /// A few of the variables that it was started with: in lists, for who may see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
    /// Last change.
    pub version: Seq,
}

/// Variables of a run, cut to what fits into a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// `NAME=value`, the first few.
    pub shown: Vec<String>,
    /// How many more there are.
    pub more: u32,
}

impl Given {
    /// So many are shown.
    const SHOWN: usize = 3;
    /// Characters of each, at most.
    const WIDTH: usize = 40;

    /// Of all variables of a run, of which those of one name are one: the last. Secrets and files are not among what is
    /// shown; `None` when there is nothing else.
    pub fn of<'v>(all: impl IntoIterator<Item = &'v Variable>) -> Option<Self> {
        let all: Vec<&Variable> = all.into_iter().collect();
        let mut seen = HashSet::new();
        let mut last: Vec<&Variable> = all.into_iter().rev().filter(|one| seen.insert(one.key.as_str())).collect();
        last.retain(|one| !one.masked && !one.file);
        last.reverse();
        let shown: Vec<String> = last.iter().take(Self::SHOWN).map(|one| Self::short(one)).collect();
        (!shown.is_empty()).then(|| Self { more: (last.len() - shown.len()) as u32, shown })
    }

    fn short(variable: &Variable) -> String {
        let whole = variable.key.chars().chain(['=']).chain(variable.value.chars());
        let mut text: Vec<char> = whole.map(|c| if c.is_control() { ' ' } else { c }).take(Self::WIDTH + 1).collect();
        if text.len() > Self::WIDTH {
            text.truncate(Self::WIDTH - 1);
            text.push('…');
        }
        text.into_iter().collect()
    }
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

/// Milliseconds in which at least one of these stretches of time lies; each is its begin and its end, in the order of
/// their begins.
pub fn covered(stretches: impl IntoIterator<Item = (Timestamp, Timestamp)>) -> i64 {
    let (mut total, mut until) = (0, i64::MIN);
    for (begin, end) in stretches {
        let begin = begin.0.max(until);
        total += (end.0 - begin).max(0);
        until = until.max(end.0);
    }
    total
}

/// What a job does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Runs a script on a runner.
    #[default]
    Build,
    /// Starts a child run; it has no runner, no log and no artifacts.
    Bridge,
}

impl JobKind {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Bridge => "bridge",
        }
    }

    /// Whether it runs a script.
    pub fn is_build(&self) -> bool {
        *self == Self::Build
    }
}

/// How the tests went that a job reported (`artifacts:reports:junit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestCounts {
    /// All of them.
    pub total: u32,
    /// Those that passed.
    pub success: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that could not be run.
    pub error: u32,
    /// Those that were left out.
    pub skipped: u32,
    /// Seconds that they took together.
    pub time: f64,
}

impl std::ops::Add for TestCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            success: self.success + other.success,
            failed: self.failed + other.failed,
            error: self.error + other.error,
            skipped: self.skipped + other.skipped,
            time: self.time + other.time,
        }
    }
}

/// One attempt at one job of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// When the time of what it left was over, which was deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts_expired_at: Option<Timestamp>,
    /// When its log and artifacts were erased.
    pub erased_at: Option<Timestamp>,
    /// The lock it holds while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// Whether it runs a script or starts another run.
    #[serde(default, skip_serializing_if = "JobKind::is_build")]
    pub kind: JobKind,
    /// The run that a [`JobKind::Bridge`] started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<RunId>,
    /// The tags that its runner must have, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Name of the environment that it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What a person is asked before playing it (`manual_confirmation`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<String>,
    /// The coverage that its log or its report tells, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// How the tests went that it reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestCounts>,
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
    /// The title under which the page of the run links to it (`artifacts:expose_as`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_as: Option<String>,
    /// Who may fetch it (`artifacts:access`).
    #[serde(default, skip_serializing_if = "Access::is_all")]
    pub access: Access,
}

/// A wish for a run, as every dialect and the browser say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// Branch, tag or commit; `None` means the source's default branch.
    pub git_ref: Option<String>,
    /// First digits of a commit, which is meant whatever is called so; with a ref, the one that it has to be at.
    #[serde(skip)]
    pub commit: Option<String>,
    /// What somebody says of the run.
    #[serde(skip)]
    pub description: Option<String>,
    /// Pipeline variables: they beat those of the definition.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Whether they may have names that no shell's variable has: those are kept, and no job gets them.
    #[serde(skip)]
    pub any_names: bool,
    /// Values of the definition's inputs (`spec:inputs`); text is read as the type of its input.
    #[serde(default)]
    pub inputs: crate::plan::Inputs,
    /// Path handed to the jobs as `INPUT_PATH`.
    pub input_path: Option<String>,
    /// Project id that a script gave in Ordine's dialect.
    pub external_project: Option<String>,
    /// The jobs that it gets, if not all.
    #[serde(default)]
    pub choice: crate::plan::Choice,
    /// What starts it.
    pub source: Source,
    /// The schedule that starts it, and its description; never said by a client.
    #[serde(skip)]
    pub schedule: Option<(ScheduleId, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_room_for_little() {
        let of = |all: &[Variable]| Given::of(all).map(|given| (given.shown.join(" "), given.more));
        assert_eq!(of(&[]), None);
        let secret = |name: &str| Variable { masked: true, ..Variable::new(name, "s3cret") };
        let file = Variable { file: true, ..Variable::new("FILE", "x") };
        assert_eq!(of(&[secret("A"), file.clone()]), None);
        let plain = |name: &str| Variable::new(name, "a\nb");
        assert_eq!(
            of(&[secret("A"), plain("B"), file, plain("C"), Variable::new("B", "")]),
            Some(("C=a b B=".into(), 0))
        );
        // The last of a name counts: one that was made a secret is none of what is shown.
        assert_eq!(of(&[plain("A"), secret("A")]), None);
        let (text, more) = of(&["A", "B", "C", "D", "E"].map(plain)).unwrap();
        assert_eq!((text.as_str(), more), ("A=a b B=a b C=a b", 2));
        for (length, cut) in [(38, false), (39, true), (1 << 20, true)] {
            let shown = Given::of(&[Variable::new("A", "好".repeat(length))]).unwrap().shown.remove(0);
            assert_eq!((shown.chars().count(), shown.ends_with('…')), (40, cut));
        }
    }

    #[test]
    fn what_runs_at_the_same_time_counts_once() {
        let of = |stretches: &[(i64, i64)]| covered(stretches.iter().map(|(a, b)| (Timestamp(*a), Timestamp(*b))));
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[(0, 10), (20, 25)]), 15);
        assert_eq!(of(&[(0, 10), (2, 5), (8, 12)]), 12);
        assert_eq!(of(&[(5, 5), (7, 6), (8, 9)]), 1);
    }
}
