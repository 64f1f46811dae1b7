//! Canceling jobs: because somebody wants it, because a newer commit came, or because another job of
//! the run failed (`workflow:auto_cancel`).

use model::schedule::{after_failure, outdated};
use model::{Job, JobId, JobKind, Reason, Run, RunId, Status};

use super::settle;
use crate::store::{StoreError, Tx, jobs, runs};

/// Cancels one job that can be canceled; the caller settles the run. A job that runs on a runner
/// that can stop it gracefully becomes canceling, any other canceled.
pub fn cancel_one(tx: &mut Tx<'_>, id: JobId, reason: &Reason) -> Result<(), StoreError> {
    let stored = jobs::require(tx.conn(), id)?;
    let to = if stored.job.status == Status::Running && stored.graceful { Status::Canceling } else { Status::Canceled };
    jobs::transition(tx, id, stored.job.status, to, reason)?;
    match stored.job.child {
        Some(child) if stored.job.kind == JobKind::Bridge => cancel_run(tx, child, reason),
        _ => Ok(()),
    }
}

/// Cancels every job of a run that can be canceled, and the runs that its jobs started; settles them.
pub fn cancel_run(tx: &mut Tx<'_>, id: RunId, reason: &Reason) -> Result<(), StoreError> {
    let (ids, nodes) = jobs::nodes(tx.conn(), id)?;
    for (job, node) in ids.iter().zip(&nodes) {
        if node.status.is_cancelable() {
            cancel_one(tx, *job, reason)?;
        }
    }
    settle(tx, id, false)?;
    // Children that nobody waits for end with it as well.
    for child in runs::children(tx.conn(), id)? {
        if !runs::require(tx.conn(), child)?.status.is_complete() {
            cancel_run(tx, child, reason)?;
        }
    }
    Ok(())
}

/// Cancels what a new run makes superfluous: jobs of older runs of the same pipeline and ref that
/// are for another commit, as far as their own definitions allow it.
pub fn cancel_outdated(tx: &mut Tx<'_>, run: &Run) -> Result<(), StoreError> {
    if run.sha.is_empty() {
        return Ok(());
    }
    for older in runs::outdated(tx.conn(), run)? {
        let policy = runs::auto_cancel(tx.conn(), older)?.on_new_commit;
        let (ids, seen) = jobs::started(tx.conn(), older)?;
        let ended = outdated(policy, &seen);
        let reason =
            Reason::OutdatedBy { newer: format!("run {} for {}", run.id, run.sha.get(..8).unwrap_or(&run.sha)) };
        for place in &ended {
            cancel_one(tx, ids[*place], &reason)?;
        }
        if !ended.is_empty() {
            settle(tx, older, false)?;
        }
    }
    Ok(())
}

/// Cancels the rest of the run after a job has failed for good, if its definition wants that. The
/// caller settles the run.
pub(super) fn cancel_after_failure(tx: &mut Tx<'_>, failed: &Job) -> Result<(), StoreError> {
    let policy = runs::auto_cancel(tx.conn(), failed.run_id)?.on_job_failure;
    let (ids, seen) = jobs::started(tx.conn(), failed.run_id)?;
    let statuses: Vec<Status> = seen.iter().map(|job| job.status).collect();
    for place in after_failure(policy, &statuses) {
        cancel_one(tx, ids[place], &Reason::CanceledAfterFailure { job: failed.name.clone() })?;
    }
    Ok(())
}
