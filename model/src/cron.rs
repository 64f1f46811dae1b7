//! Schedules: runs that start by the clock.

use serde::{Deserialize, Serialize};

use crate::plan::{Inputs, Variable};
use crate::{PipelineKey, ProjectId, ProjectPath, Run, ScheduleId, Seq, Timestamp, UserId};

/// The time zone of a schedule that names none.
pub const UTC: &str = "UTC";

/// What people set about a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleDraft {
    /// What it is for: `CI_PIPELINE_SCHEDULE_DESCRIPTION` in its runs.
    pub description: String,
    /// When it is due: five fields, or `@daily` and the like.
    pub cron: String,
    /// The IANA name of the time zone in which that is meant.
    pub timezone: String,
    /// `refs/heads/main`, `refs/tags/v1`, or a name that was neither when it was set; empty: the default branch.
    pub git_ref: String,
    /// The pipeline; `None`: the one that is meant where only the project is named.
    pub pipeline: Option<PipelineKey>,
    /// Whether it starts runs.
    pub is_active: bool,
    /// Values of the definition's inputs.
    #[serde(default)]
    pub inputs: Inputs,
}

impl Default for ScheduleDraft {
    fn default() -> Self {
        Self {
            description: String::new(),
            cron: String::new(),
            timezone: UTC.to_owned(),
            git_ref: String::new(),
            pipeline: None,
            is_active: true,
            inputs: Inputs::new(),
        }
    }
}

impl ScheduleDraft {
    /// The branch or tag as people say it.
    pub fn short_ref(&self) -> &str {
        let name = self.git_ref.strip_prefix("refs/heads/").or_else(|| self.git_ref.strip_prefix("refs/tags/"));
        name.unwrap_or(&self.git_ref)
    }
}

/// As whom a schedule starts its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleOwner {
    /// Number.
    pub id: UserId,
    /// The name to sign in with.
    pub name: String,
    /// What people call them.
    pub full_name: String,
    /// Whether they can sign in; without that nothing starts as them.
    pub is_active: bool,
}

/// That no run came of a schedule the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleFailure {
    /// When that was.
    pub at: Timestamp,
    /// Why; for people.
    pub message: String,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Number in this instance.
    pub id: ScheduleId,
    /// The project.
    pub project_id: ProjectId,
    /// That project's path.
    pub project_path: ProjectPath,
    /// As whom it starts runs, with what they may then; `None` when they are gone.
    pub owner: Option<ScheduleOwner>,
    /// What people set.
    #[serde(flatten)]
    pub draft: ScheduleDraft,
    /// When it is due next; `None` while it is not active, and when that never comes.
    pub next_run_at: Option<Timestamp>,
    /// What stood against its last run; `None` when one was made, or none was due yet.
    pub failure: Option<ScheduleFailure>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody changed it last.
    pub updated_at: Timestamp,
    /// Last change, also of what is due.
    pub version: Seq,
}

/// A schedule with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// The schedule.
    pub schedule: Schedule,
    /// What its expression means.
    pub fields: Option<CronFields>,
    /// The last run that it started.
    pub last_run: Option<Run>,
    /// Its variables; `None` for who may not see them, and in lists.
    pub variables: Option<Vec<Variable>>,
    /// Whether the caller may change, play and delete it.
    pub may_change: bool,
    /// Whether it runs as the caller.
    pub is_own: bool,
}

/// All schedules that somebody sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulesView {
    /// The snapshot's place in the order of commits.
    pub seq: Seq,
    /// The schedules, those that are due next first, then those that are not.
    pub schedules: Vec<ScheduleView>,
    /// The projects in which the caller may make one.
    pub projects: Vec<(ProjectId, ProjectPath)>,
}

/// What changes of a schedule; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of ScheduleDraft")]
pub struct ScheduleChanges {
    pub description: Option<String>,
    pub cron: Option<String>,
    pub timezone: Option<String>,
    pub git_ref: Option<String>,
    /// Its key; empty takes it away.
    pub pipeline: Option<String>,
    pub is_active: Option<bool>,
    /// Values by input; `None` takes one away. Others stay.
    pub inputs: Vec<(String, Option<serde_json::Value>)>,
    /// All of its variables, in the place of those that it has.
    pub variables: Option<Vec<Variable>>,
}

/// What is done to one variable of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleVariableChange {
    /// There is one more.
    Add(Variable),
    /// The one of this name gets another value or type; `None` leaves it.
    Set(String, Option<String>, Option<bool>),
    /// It is taken away.
    Remove(String),
}

/// Which times a cron expression means, and the next of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronTimes {
    /// The fields.
    pub fields: CronFields,
    /// The next times, the first one first.
    pub next: Vec<CronTime>,
}

/// One time at which something is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronTime {
    /// The time.
    pub at: Timestamp,
    /// `2026-12-01 02:30` on a clock of the zone.
    pub local: String,
    /// The zone's name for its own offset then: `CET`, `+11`.
    pub offset: String,
    /// 0 is Sunday.
    pub weekday: u8,
}

/// The values of the five fields, in order; for days and months `None` means every one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of the fields")]
pub struct CronFields {
    pub minutes: Vec<u16>,
    pub hours: Vec<u16>,
    pub days: Option<Vec<u16>>,
    pub months: Option<Vec<u16>>,
    /// 0 is Sunday.
    pub weekdays: Option<Vec<u16>>,
    /// The fields of days as they were written, where they have letters that no list of days says (`L`, `15W`, `1#2`).
    pub special: Option<(String, String)>,
}
