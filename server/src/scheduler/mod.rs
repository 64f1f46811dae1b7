//! Lets runs go on: decides (with the pure functions of `model::schedule`) and writes the decision
//! down, always inside the transaction that made it necessary.

pub mod bridge;
mod cancel;
pub mod cron;
pub mod deploy;
pub mod finish;
pub mod start;

use model::plan::PlannedJob;
use model::schedule::{self, Node};
use model::{JobId, Reason, RunId, Status};

pub use cancel::{cancel_one, cancel_outdated, cancel_run};

use crate::store::{StoreError, Tx, jobs, resources, runs};

/// Lets every job of the run whose turn has come take its step, then computes the statuses of
/// stages and run; resource groups that became free go to whoever waits for them, in any run, jobs
/// follow the children that they started, and environments the jobs that deploy to them.
/// `touched`: something of the run itself changed as well.
pub fn settle(tx: &mut Tx<'_>, run: RunId, touched: bool) -> Result<(), StoreError> {
    settle_one(tx, run, touched)?;
    settle_changed(tx)
}

/// The same for what a change beside any run made different.
pub fn settle_changed(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    loop {
        if let Some((project, group)) = tx.next_group() {
            if let Some(run) = start::grant(tx, project, &group)? {
                settle_one(tx, run, false)?;
            }
        } else if let Some(job) = tx.next_deployed() {
            deploy::follow(tx, job)?;
        } else if let Some(job) = tx.next_parent() {
            if let Some(run) = bridge::follow(tx, job)? {
                settle_one(tx, run, false)?;
            }
        } else {
            return Ok(());
        }
    }
}

fn settle_one(tx: &mut Tx<'_>, run: RunId, touched: bool) -> Result<(), StoreError> {
    let mut board = jobs::board(tx, run)?;
    let before: Vec<Status> = board.nodes.iter().map(|node| node.status).collect();
    for step in schedule::advance(&mut board.nodes) {
        let (from, id) = (before[step.node], board.ids[step.node]);
        match step.to {
            Status::Pending => board.nodes[step.node].status = start::let_run(tx, id, from, &step.reason)?,
            Status::Scheduled => {
                let at = Some(resources::set_due(tx, id)?);
                jobs::transition(tx, id, from, step.to, &Reason::WaitsForTime { at })?;
            }
            _ => {
                jobs::transition(tx, id, from, step.to, &step.reason)?;
            }
        }
    }
    write_aggregates(tx, run, &board.nodes, touched)?;
    jobs::keep(tx, board);
    Ok(())
}

/// Computes the statuses of stages and run anew.
fn write_aggregates(tx: &mut Tx<'_>, run: RunId, nodes: &[Node], touched: bool) -> Result<(), StoreError> {
    let stages = nodes.iter().map(|node| node.stage + 1).max().unwrap_or(0);
    let (stages, all) = schedule::aggregates(nodes, stages);
    let is_begun = nodes.iter().any(|node| node.status == Status::Running);
    runs::write_status(tx, run, &stages, all, is_begun, touched)
}

/// Makes a new attempt of a final job and lets it run at once; what was skipped behind it waits
/// again. The caller settles the run.
pub fn again(tx: &mut Tx<'_>, old: &jobs::Stored, user: &str, reason: &Reason) -> Result<JobId, StoreError> {
    let new = jobs::insert_next(tx, old, user, reason)?;
    start::let_run(tx, new, Status::Created, reason)?;
    reopen_behind(tx, old.job.run_id, &old.job.name)?;
    bridge::reopen(tx, old.job.run_id, user)?;
    Ok(new)
}

/// Lets the skipped jobs behind the one called `name` wait again.
pub fn reopen_behind(tx: &mut Tx<'_>, run: RunId, name: &str) -> Result<(), StoreError> {
    let (ids, nodes) = jobs::nodes(tx.conn(), run)?;
    let Some(place) = nodes.iter().position(|node| node.name == name) else { return Ok(()) };
    for skipped in schedule::reopened(&nodes, place) {
        let reason = Reason::PredecessorAgain { job: name.to_owned() };
        jobs::transition(tx, ids[skipped], Status::Skipped, Status::Created, &reason)?;
    }
    Ok(())
}

/// What the plan says of a job.
pub fn spec_of(tx: &Tx<'_>, stored: &jobs::Stored) -> Result<PlannedJob, StoreError> {
    runs::spec(tx.conn(), stored.job.run_id, stored.position)
}
