//! Jobs that start a child run: they become running with it and end as it does.

use model::plan::Strategy;
use model::schedule::mirrored;
use model::{FailureReason, JobId, JobKind, Reason, RunId, Status};

use super::finish::{End, finish};
use super::{reopen_behind, settle, settle_one, spec_of};
use crate::store::{StoreError, Tx, environments, jobs, runs};

/// Lets a pending bridge run with the child that was just made for it, and follow it at once.
/// `url` is the address of its environment.
pub fn begin(tx: &mut Tx<'_>, id: JobId, child: RunId, url: Option<&str>) -> Result<(), StoreError> {
    jobs::set_child(tx, id, child)?;
    jobs::hold(tx, id)?;
    let job = jobs::transition(tx, id, Status::Pending, Status::Running, &Reason::RunsChild { run: child })?;
    // The deployment has to be there before it gets its address, and that before the job may end.
    settle(tx, job.run_id, false)?;
    if let Some(url) = url {
        environments::set_url(tx, id, url)?;
    }
    tx.child_changed(id);
    settle(tx, job.run_id, false)
}

/// Ends a pending bridge whose child cannot be made.
pub fn fail(tx: &mut Tx<'_>, id: JobId, failure: FailureReason, detail: String) -> Result<(), StoreError> {
    let reason = Reason::Failed { failure, exit_code: None, signal: None, detail: Some(detail) };
    let job = jobs::transition(tx, id, Status::Pending, Status::Failed, &reason)?;
    if !job.allow_failure {
        super::cancel::cancel_after_failure(tx, &job)?;
    }
    settle(tx, job.run_id, false)
}

/// Lets a bridge take the step that its child's status means; the run to settle, if it took one.
pub(super) fn follow(tx: &mut Tx<'_>, id: JobId) -> Result<Option<RunId>, StoreError> {
    let stored = jobs::require(tx.conn(), id)?;
    let job = &stored.job;
    let (JobKind::Bridge, Status::Running, Some(child)) = (job.kind, job.status, job.child) else { return Ok(None) };
    let strategy = strategy(tx, &stored)?;
    let child = runs::require(tx.conn(), child)?;
    let status = match mirrored(strategy, job.status, child.status) {
        Some(status) if status.is_final() => status,
        _ => return Ok(None),
    };
    let reason = match strategy {
        Strategy::Detached => Reason::ChildMade { run: child.id },
        _ => Reason::ChildEnded { run: child.id, status: child.status },
    };
    finish(tx, id, End::Child { status, reason })?;
    Ok(Some(job.run_id))
}

/// A job of this run runs again: the job above that ended with the run gets a new attempt, which
/// follows the run on, and what was skipped behind it waits again.
pub fn reopen(tx: &mut Tx<'_>, run: RunId, user: &str) -> Result<(), StoreError> {
    let Some(parent) = runs::require(tx.conn(), run)?.parent else { return Ok(()) };
    let stored = jobs::require(tx.conn(), parent.job)?;
    let job = &stored.job;
    if !job.status.is_final() || job.retried || strategy(tx, &stored)? == Strategy::Detached {
        return Ok(());
    }
    let reason = Reason::ChildAgain { run };
    let new = jobs::insert_next(tx, &stored, user, &reason)?;
    jobs::set_child(tx, new, run)?;
    jobs::hold(tx, new)?;
    runs::set_parent_job(tx, run, new)?;
    jobs::transition(tx, new, Status::Created, Status::Pending, &reason)?;
    jobs::transition(tx, new, Status::Pending, Status::Running, &reason)?;
    // Should the child not run on after all, it ends again with it.
    tx.child_changed(new);
    reopen_behind(tx, parent.run, &job.name)?;
    settle_one(tx, parent.run, false)?;
    reopen(tx, parent.run, user)
}

fn strategy(tx: &Tx<'_>, stored: &jobs::Stored) -> Result<Strategy, StoreError> {
    Ok(spec_of(tx, stored)?.trigger.map(|trigger| trigger.strategy).unwrap_or_default())
}
