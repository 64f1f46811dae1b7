//! The states of Ordine's jobs, and the statuses of runs that are seen as them.

use model::Status;

/// Where a hand-made job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Given up.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it never changes again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a job of this state may take the state `next`.
    pub const fn can_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Running | Self::Failed | Self::Cancelled),
            Self::Running => next.is_final(),
            Self::Completed | Self::Failed | Self::Cancelled => false,
        }
    }

    /// The statuses of runs that Ordine's scripts see as this state.
    pub const fn statuses(self) -> &'static [Status] {
        match self {
            Self::Pending => {
                &[Status::Created, Status::WaitingForResource, Status::Preparing, Status::Pending, Status::Scheduled]
            }
            Self::Running => &[Status::Running, Status::Manual],
            Self::Completed => &[Status::Success, Status::Skipped],
            Self::Failed => &[Status::Failed],
            Self::Cancelled => &[Status::Canceling, Status::Canceled],
        }
    }

    /// The state as which a run of this status is seen.
    pub fn of(status: Status) -> Self {
        Self::ALL.into_iter().find(|state| state.statuses().contains(&status)).unwrap_or(Self::Pending)
    }
}

/// A word that is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status; the statuses are pending, running, completed, failed and cancelled")]
pub struct UnknownState(String);

impl std::str::FromStr for State {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Ok(match text {
            "pending" | "queued" => Self::Pending,
            "running" => Self::Running,
            "completed" | "done" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" | "canceled" => Self::Cancelled,
            _ => return Err(UnknownState(text.chars().take(40).collect())),
        })
    }
}
