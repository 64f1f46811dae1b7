//! Canceling jobs: because somebody wants it, because a newer commit came, or because another job of
//! the run failed (`workflow:auto_cancel`).

use model::plan::OnNewCommit;
use model::schedule::{after_failure, outdated};
use model::{Job, JobId, JobKind, Reason, Run, RunId, Status};

use super::settle;
use crate::store::{StoreError, Tx, jobs, projects, runs};

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
    if run.sha.is_empty() || !projects::require(tx.conn(), run.project_id)?.options.auto_cancel {
        return Ok(());
    }
    for older in runs::outdated(tx.conn(), run)? {
        let policy = runs::auto_cancel(tx.conn(), older)?.on_new_commit;
        let reason =
            Reason::OutdatedBy { newer: format!("run {} for {}", run.id, run.sha.get(..8).unwrap_or(&run.sha)) };
        // What its jobs started is part of it: a script down there decides as one of its own.
        let mut all = vec![older];
        all.extend(runs::descendants(tx.conn(), older)?);
        let (mut ids, mut seen) = (Vec::new(), Vec::new());
        for part in &all {
            let (of_part, started) = jobs::started(tx.conn(), *part, Some(JobKind::Build))?;
            ids.extend(of_part.into_iter().map(|id| (id, *part)));
            seen.extend(started);
        }
        let ended = outdated(policy, &seen);
        if policy == OnNewCommit::Conservative && !ended.is_empty() {
            cancel_run(tx, older, &reason)?;
            continue;
        }
        for place in &ended {
            cancel_one(tx, ids[*place].0, &reason)?;
        }
        for part in all {
            if ended.iter().any(|place| ids[*place].1 == part) {
                settle(tx, part, false)?;
            }
        }
    }
    Ok(())
}

/// Cancels the rest of the run after a job has failed for good, if its definition wants that. The
/// caller settles the run.
pub(super) fn cancel_after_failure(tx: &mut Tx<'_>, failed: &Job) -> Result<(), StoreError> {
    let policy = runs::auto_cancel(tx.conn(), failed.run_id)?.on_job_failure;
    let (ids, seen) = jobs::started(tx.conn(), failed.run_id, None)?;
    let statuses: Vec<Status> = seen.iter().map(|job| job.status).collect();
    for place in after_failure(policy, &statuses) {
        cancel_one(tx, ids[place], &Reason::CanceledAfterFailure { job: failed.name.clone() })?;
    }
    Ok(())
}
