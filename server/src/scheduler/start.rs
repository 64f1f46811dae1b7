//! Letting a job run: it waits for a runner, or first for the resource group that it needs; and
//! delayed jobs whose time has come.

use model::schedule::{awaited, next_claim};
use model::{JobId, ProjectId, Reason, RunId, Status};

use super::settle;
use crate::store::{StoreError, Tx, jobs, resources};

/// Lets a job run whose turn has come. The caller settles its run, which gives the group away.
pub fn let_run(tx: &mut Tx<'_>, id: JobId, from: Status, reason: &Reason) -> Result<Status, StoreError> {
    let wants = jobs::wants(tx.conn(), id)?;
    let Some(group) = wants.group.clone() else {
        // Who says more than that it waits is heard.
        let reason = if *reason == Reason::WaitsForRunner { &wants.pending() } else { reason };
        jobs::transition(tx, id, from, Status::Pending, reason)?;
        return Ok(Status::Pending);
    };
    // Who has the group is said when it is known who gets it.
    let reason = Reason::WaitsForResource { group, holder: None, job: None, coming: false };
    jobs::transition(tx, id, from, Status::WaitingForResource, &reason)?;
    Ok(Status::WaitingForResource)
}

/// Gives a resource group to the job whose turn it is, if it is free, and tells those that go on waiting who has it.
/// Returns the run of the job that got it.
pub(super) fn grant(tx: &mut Tx<'_>, project: ProjectId, group: &str) -> Result<Option<RunId>, StoreError> {
    let claims = resources::claims(tx.conn(), project, group)?;
    let mode = resources::mode(tx.conn(), project, group)?;
    let plain: Vec<_> = claims.iter().map(|(claim, ..)| *claim).collect();
    let next = next_claim(mode, &plain);
    if let Some(next) = next {
        let id = JobId(claims[next].0.job);
        let reason = jobs::wants(tx.conn(), id)?.pending();
        jobs::transition(tx, id, Status::WaitingForResource, Status::Pending, &reason)?;
    }
    let first = awaited(mode, &plain);
    // Who has just got it holds it.
    let coming = first.is_some_and(|i| next != Some(i) && !plain[i].holds());
    let job = first.map(|i| JobId(plain[i].job));
    let holder = first.map(|i| format!("{} (run {})", claims[i].2, claims[i].1));
    for (id, before) in resources::waiting(tx.conn(), project, group)? {
        let reason = Reason::WaitsForResource { group: group.to_owned(), holder: holder.clone(), job, coming };
        if before != reason {
            jobs::set_reason(tx, id, &reason)?;
        }
    }
    Ok(next.map(|next| claims[next].1))
}

/// Lets the delayed jobs run whose time has come.
pub fn due(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let due = resources::due(tx.conn(), tx.now)?;
    for (id, run) in &due {
        let_run(tx, *id, Status::Scheduled, &Reason::WaitsForRunner)?;
        settle(tx, *run, false)?;
    }
    Ok(due.len())
}
