//! The status machine of jobs and the aggregation of jobs to stages, needs and runs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The status of a job; stages and runs, whose statuses are computed, use the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its turn has not come.
    Created,
    /// Its turn has come, another job holds its resource group.
    WaitingForResource,
    /// Something is made ready for it.
    Preparing,
    /// Waits for a runner.
    Pending,
    /// A runner has it.
    Running,
    /// It is being stopped.
    Canceling,
    /// Ended well.
    Success,
    /// Ended badly.
    Failed,
    /// Was stopped, or never ran because somebody said so.
    Canceled,
    /// Does not run, because of what came before it.
    Skipped,
    /// Waits for a person.
    Manual,
    /// Waits for its time.
    Scheduled,
}

impl Status {
    /// Every status.
    pub const ALL: &[Self] = &[
        Self::Created,
        Self::WaitingForResource,
        Self::Preparing,
        Self::Pending,
        Self::Running,
        Self::Canceling,
        Self::Success,
        Self::Failed,
        Self::Canceled,
        Self::Skipped,
        Self::Manual,
        Self::Scheduled,
    ];

    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::WaitingForResource => "waiting_for_resource",
            Self::Preparing => "preparing",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Canceling => "canceling",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
            Self::Manual => "manual",
            Self::Scheduled => "scheduled",
        }
    }

    /// Whether a job of this status may take the status `next`: the table of ARCHITECTURE.md. The
    /// database checks the same edges again.
    pub const fn can_become(self, next: Self) -> bool {
        use Status::{
            Canceled, Canceling, Created, Failed, Manual, Pending, Preparing, Running, Scheduled, Skipped, Success,
            WaitingForResource,
        };
        match self {
            Created => {
                matches!(next, Pending | Manual | Scheduled | Skipped | WaitingForResource | Preparing | Canceled)
            }
            Manual => matches!(next, Pending | WaitingForResource | Skipped | Canceled | Created),
            Scheduled => matches!(next, Pending | WaitingForResource | Manual | Canceled),
            WaitingForResource => matches!(next, Pending | Preparing | Canceled),
            Preparing => matches!(next, Pending | Failed | Canceled),
            Pending => matches!(next, Running | Canceled | Failed | Created),
            Running => matches!(next, Success | Failed | Canceling | Canceled),
            Canceling => matches!(next, Canceled | Failed),
            Skipped => matches!(next, Created),
            Success | Failed | Canceled => false,
        }
    }

    /// Success, failed or canceled: this job never changes again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Canceled)
    }

    /// Final or skipped: what comes after may be decided.
    pub const fn is_complete(self) -> bool {
        self.is_final() || matches!(self, Self::Skipped)
    }

    /// A runner works on it.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Canceling)
    }

    /// Whether a cancel changes anything.
    pub const fn is_cancelable(self) -> bool {
        matches!(
            self,
            Self::Created
                | Self::WaitingForResource
                | Self::Preparing
                | Self::Pending
                | Self::Running
                | Self::Scheduled
                | Self::Manual
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no status; fits after "failed to read the filter: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a status; the statuses are {list}", list = Status::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", "))]
pub struct UnknownStatus(pub String);

impl FromStr for Status {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL
            .iter()
            .find(|status| status.as_str() == text)
            .copied()
            .ok_or_else(|| UnknownStatus(text.chars().take(40).collect()))
    }
}

/// What a set of jobs adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The computed status.
    pub status: Status,
    /// Whether a job failed (or was canceled) that was allowed to.
    pub warnings: bool,
}

/// Who asks for an aggregate: the rule differs in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The jobs of a stage or a run.
    Group,
    /// The needs of a job: one skipped need makes the whole skipped.
    Needs,
}

/// The jobs of a group, counted as far as the aggregation needs it: which statuses occur. Small,
/// so that tallies of prefixes can be kept and merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally(u32);

impl Tally {
    const WARNING: u32 = 1 << 30;
    const IGNORED: u32 = 1 << 31;

    const fn bit(status: Status) -> u32 {
        1 << status as u32
    }

    /// Adds one job: its status and whether its failure is allowed.
    pub fn add(&mut self, status: Status, allow_failure: bool) {
        self.0 |= match status {
            Status::Failed | Status::Canceled if allow_failure => Self::WARNING,
            Status::Manual if allow_failure => Self::IGNORED,
            other => Self::bit(other),
        };
    }

    /// The jobs of both.
    pub fn merged(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing was counted.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The status, by the rules of `contracts/gitlab-rest.md` 9.5 in their order.
    pub fn aggregate(self, of: Of) -> Aggregate {
        const SUCCESS: u32 = Tally::bit(Status::Success);
        const SKIPPED: u32 = Tally::bit(Status::Skipped);
        const CREATED: u32 = Tally::bit(Status::Created);
        const SOFT: u32 = Tally::WARNING | Tally::IGNORED;
        let only = |set: u32| self.0 & !set == 0;
        let any = |status: Status| self.0 & Self::bit(status) != 0;
        let skips = match of {
            Of::Needs => self.0 & (SKIPPED | Self::IGNORED) != 0 || self.is_empty(),
            Of::Group => only(SKIPPED | Self::IGNORED),
        };
        let status = if skips {
            Status::Skipped
        } else if only(SUCCESS | SKIPPED | SOFT) {
            Status::Success
        } else if only(CREATED | SOFT) {
            Status::Created
        } else if only(Self::bit(Status::Preparing) | SOFT) {
            Status::Preparing
        } else if only(Self::bit(Status::Canceled) | SUCCESS | SKIPPED | SOFT) {
            Status::Canceled
        } else if only(Self::bit(Status::Pending) | CREATED | SKIPPED | SOFT) {
            Status::Pending
        } else if any(Status::Running) || any(Status::Pending) {
            Status::Running
        } else if any(Status::WaitingForResource) {
            Status::WaitingForResource
        } else if any(Status::Manual) {
            Status::Manual
        } else if any(Status::Scheduled) {
            Status::Scheduled
        } else if any(Status::Preparing) {
            Status::Preparing
        } else if any(Status::Created) {
            Status::Running
        } else if any(Status::Canceling) {
            Status::Canceling
        } else {
            Status::Failed
        };
        Aggregate { status, warnings: self.0 & Self::WARNING != 0 }
    }
}

/// Computes the status of a stage, a run or a job's needs from the latest attempts of its jobs,
/// given as (status, `allow_failure`). No jobs are "skipped".
pub fn aggregate(jobs: impl IntoIterator<Item = (Status, bool)>, of: Of) -> Aggregate {
    let mut tally = Tally::default();
    for (status, allow_failure) in jobs {
        tally.add(status, allow_failure);
    }
    tally.aggregate(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::*;

    fn group(jobs: &[(Status, bool)]) -> Status {
        aggregate(jobs.iter().copied(), Of::Group).status
    }

    #[test]
    fn examples_of_the_contract() {
        let warned = aggregate([(Success, false), (Failed, true), (Manual, true)], Of::Group);
        assert_eq!(warned, Aggregate { status: Success, warnings: true });
        assert_eq!(group(&[(Success, false), (Manual, false)]), Manual);
        assert_eq!(group(&[(Failed, false), (Skipped, false)]), Failed);
        assert_eq!(group(&[(Canceled, false), (Skipped, false)]), Canceled);
        assert_eq!(group(&[(Success, false), (Created, false)]), Running);
        assert_eq!(group(&[]), Skipped);
        assert_eq!(group(&[(Success, false), (Pending, false)]), Running);
        assert_eq!(group(&[(Created, false), (Pending, false)]), Pending);
    }

    #[test]
    fn a_skipped_need_skips() {
        assert_eq!(aggregate([(Success, false), (Skipped, false)], Of::Needs).status, Skipped);
        assert_eq!(aggregate([(Success, false), (Manual, true)], Of::Needs).status, Skipped);
        assert_eq!(aggregate([(Success, false), (Failed, true)], Of::Needs).status, Success);
    }

    #[test]
    fn final_statuses_have_no_way_out() {
        for from in [Success, Failed, Canceled] {
            assert!(Status::ALL.iter().all(|to| !from.can_become(*to)));
        }
    }

    #[test]
    fn words_read_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
    }
}
