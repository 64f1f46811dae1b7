//! The end of a job, however it came about: final status, retry, successors, aggregates.

use model::{FailureReason, Job, JobId, Reason, Status};

use super::{again, settle, spec_of};
use crate::store::{StoreError, Tx, jobs};

/// How an attempt ended, as the runner (or the server itself) reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The script went well.
    Success,
    /// It did not.
    Failed {
        /// Why.
        failure: FailureReason,
        /// The script's exit code; 128 + n for signal n.
        exit_code: Option<i32>,
        /// One sentence more.
        detail: Option<String>,
    },
    /// The run that it started ended, or was made and need not be waited for.
    Child {
        /// How the job ends.
        status: Status,
        /// Why.
        reason: Reason,
    },
}

/// Ends an attempt that runs. Whoever comes second gets a conflict; a job that was being canceled
/// ends as canceled, whatever its script did meanwhile.
pub fn finish(tx: &mut Tx<'_>, id: JobId, end: End) -> Result<Job, StoreError> {
    let stored = jobs::require(tx.conn(), id)?;
    let job = &stored.job;
    if job.status == Status::Canceling {
        let reason = job.reason.clone();
        let done = jobs::transition(tx, id, Status::Canceling, Status::Canceled, &reason)?;
        settle(tx, job.run_id, false)?;
        return Ok(done);
    }
    let done = match end {
        End::Success => jobs::transition(tx, id, Status::Running, Status::Success, &Reason::Succeeded)?,
        End::Child { status, reason } => {
            let done = jobs::transition(tx, id, Status::Running, status, &reason)?;
            if status == Status::Failed && !done.allow_failure {
                super::cancel::cancel_after_failure(tx, &done)?;
            }
            done
        }
        End::Failed { failure, exit_code, detail } => {
            let spec = spec_of(tx, &stored)?;
            if spec.allow_failure.allows(exit_code) != job.allow_failure {
                jobs::set_allow_failure(tx, id, spec.allow_failure.allows(exit_code))?;
            }
            let signal = exit_code.filter(|code| (129..=192).contains(code)).map(|code| code - 128);
            let reason = Reason::Failed { failure, exit_code, signal, detail };
            let done = jobs::transition(tx, id, job.status, Status::Failed, &reason)?;
            if spec.retry.applies(job.attempt, failure, exit_code) {
                let stored = jobs::require(tx.conn(), id)?;
                let reason = Reason::RetriedByRule { attempt: job.attempt + 1, of: spec.retry.max + 1, failure };
                again(tx, &stored, &job.user, &reason)?;
            } else if !done.allow_failure {
                super::cancel::cancel_after_failure(tx, &done)?;
            }
            done
        }
    };
    settle(tx, job.run_id, false)?;
    Ok(done)
}

/// Ends an attempt that was handed out but never reached its runner, and puts another one in its
/// place; one that was being canceled is canceled.
pub fn lost_on_the_way(tx: &mut Tx<'_>, id: JobId) -> Result<(), StoreError> {
    let stored = jobs::require(tx.conn(), id)?;
    if stored.job.status != Status::Running {
        finish(tx, id, End::Success)?;
        return Ok(());
    }
    let cause = "it was handed out, but never reached its runner".to_owned();
    let reason = Reason::Failed {
        failure: FailureReason::RunnerSystemFailure,
        exit_code: None,
        signal: None,
        detail: Some(cause.clone()),
    };
    jobs::transition(tx, id, Status::Running, Status::Failed, &reason)?;
    let stored = jobs::require(tx.conn(), id)?;
    again(tx, &stored, &stored.job.user, &Reason::Requeued { cause })?;
    settle(tx, stored.job.run_id, false)
}
