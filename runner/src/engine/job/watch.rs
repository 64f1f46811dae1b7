//! What breaks off the runner's own work on a job's files.

use std::time::Duration;

use tokio::time::Instant;

use super::{super::outcome::End, ordered};
use crate::control::{Control, Level};

/// An order that is to be heeded, or the end of the time.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Watch<'a> {
    control: &'a Control,
    heed: Level,
    /// When the job's time is over, and how long that was.
    deadline: Option<(Instant, Duration)>,
}

impl<'a> Watch<'a> {
    /// Before the script: a cancelled job needs nothing more, and the time of the job runs.
    pub(super) fn before(control: &'a Control, deadline: Instant, limit: Duration) -> Self {
        Self { control, heed: Level::Run, deadline: Some((deadline, limit)) }
    }

    /// After the script: what it left is wanted even of a cancelled job.
    pub(super) fn after(control: &'a Control) -> Self {
        Self { control, heed: Level::Cancel, deadline: None }
    }

    /// Waits until the work is to be broken off; says how the job ends then.
    pub(in crate::engine) async fn broken(&self) -> End {
        let over = async {
            match self.deadline {
                Some((deadline, limit)) => {
                    tokio::time::sleep_until(deadline).await;
                    limit
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            level = self.control.above(self.heed) => ordered(level),
            limit = over => End::Timeout(limit),
        }
    }
}
