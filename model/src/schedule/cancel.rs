//! `workflow:auto_cancel`: which jobs a new commit or a failed job ends.

use crate::Status;
use crate::plan::{OnJobFailure, OnNewCommit};

/// One job of a run, as the decision sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Where its latest attempt stands.
    pub status: Status,
    /// Whether a newer commit may end it.
    pub interruptible: bool,
    /// Whether a runner ever had it, in this or an earlier attempt.
    pub started: bool,
}

/// The jobs of an older run on the same ref that a newer one cancels, by their places.
pub fn outdated(policy: OnNewCommit, jobs: &[Started]) -> Vec<usize> {
    let cancelable = || jobs.iter().enumerate().filter(|(_, job)| job.status.is_cancelable());
    match policy {
        OnNewCommit::None => Vec::new(),
        OnNewCommit::Interruptible => cancelable().filter(|(_, job)| job.interruptible).map(|(i, _)| i).collect(),
        OnNewCommit::Conservative if jobs.iter().any(|job| job.started && !job.interruptible) => Vec::new(),
        OnNewCommit::Conservative => cancelable().map(|(i, _)| i).collect(),
    }
}

/// The jobs that are canceled because one of the run has failed for good and was not allowed to.
pub fn after_failure(policy: OnJobFailure, statuses: &[Status]) -> Vec<usize> {
    match policy {
        OnJobFailure::None => Vec::new(),
        OnJobFailure::All => {
            statuses.iter().enumerate().filter(|(_, status)| status.is_cancelable()).map(|(i, _)| i).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::*;

    fn job(status: Status, interruptible: bool) -> Started {
        Started { status, interruptible, started: !matches!(status, Created | Pending | Manual | Scheduled | Skipped) }
    }

    #[test]
    fn the_three_policies() {
        let gentle = [job(Success, true), job(Running, true), job(Created, false)];
        assert_eq!(outdated(OnNewCommit::Conservative, &gentle), [1, 2]);
        assert_eq!(outdated(OnNewCommit::Interruptible, &gentle), [1]);
        assert!(outdated(OnNewCommit::None, &gentle).is_empty());
        let serious = [job(Success, false), job(Running, true), job(Pending, true)];
        assert!(outdated(OnNewCommit::Conservative, &serious).is_empty());
        assert_eq!(outdated(OnNewCommit::Interruptible, &serious), [1, 2]);
    }

    #[test]
    fn a_failure_may_end_the_rest() {
        let statuses = [Failed, Running, Created, Success, Skipped, Canceling];
        assert_eq!(after_failure(OnJobFailure::All, &statuses), [1, 2]);
        assert!(after_failure(OnJobFailure::None, &statuses).is_empty());
    }
}
