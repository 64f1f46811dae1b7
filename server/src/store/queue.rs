//! What dispatch asks: the next pending job, the jobs that run, who holds a token.
//!
//! All of it is asked for every job, so it names the index of the few jobs that it is about: left to itself SQLite has taken
//! one that leads through everything a runner has ever done.

use model::{Job, JobId, Reason, Status};
use rusqlite::{Connection, OptionalExtension};

use super::runners::{self, Runner};
use super::{StoreError, Tx, jobs};

/// Which runner process asks, and what it can do.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The runner.
    pub runner: Runner,
    /// Which of the processes (machines) that share its token.
    pub system_id: String,
    /// Whether it can stop a job gracefully.
    pub graceful: bool,
}

/// Takes the oldest pending job that this runner may take and marks it running; `None` when there is none.
pub fn take(tx: &mut Tx<'_>, asker: &Asker, token_hash: &[u8; 32]) -> Result<Option<Job>, StoreError> {
    // It may have been changed, paused or given another token while it waited for an answer.
    let Some(runner) = runners::get(tx.conn, asker.runner.id)? else { return Ok(None) };
    if runner.paused || runner.token_hash != asker.runner.token_hash {
        return Ok(None);
    }
    let found = tx
        .conn
        .prepare_cached(
            "SELECT id FROM jobs INDEXED BY jobs_pending WHERE status = 'pending' AND kind = 'build' AND CASE WHEN ?3 IS NULL THEN
                     (SELECT shared_runners FROM projects WHERE projects.id = jobs.project_id)
                 ELSE project_id = ?3
                     OR EXISTS (SELECT 1 FROM runner_projects WHERE runner_id = ?5 AND project_id = jobs.project_id) END
                 AND (NOT ?4 OR (SELECT protected FROM runs WHERE runs.id = jobs.run_id)) AND CASE WHEN tags IS NULL THEN ?1 ELSE
                 NOT EXISTS (SELECT 1 FROM json_each(jobs.tags) WHERE value NOT IN (SELECT value FROM json_each(?2))) END
             ORDER BY id LIMIT 1",
        )?
        .query_row(
            (
                runner.run_untagged,
                serde_json::to_string(&runner.tags)?,
                runner.project.map(|id| id.0),
                runner.protected,
                runner.id.0,
            ),
            |row| Ok(JobId(row.get(0)?)),
        )
        .optional()?;
    let Some(id) = found else { return Ok(None) };
    tx.conn
        .prepare_cached(
            "UPDATE jobs SET runner_id = ?2, runner = ?3, system_id = ?4, graceful = ?5, token_hash = ?6,
                 timeout = min(timeout, coalesce(?7, timeout)) WHERE id = ?1",
        )?
        .execute((
            id.0,
            asker.runner.id.0,
            &asker.runner.name,
            &asker.system_id,
            asker.graceful,
            token_hash.as_slice(),
            runner.maximum_timeout,
        ))?;
    let reason = Reason::TakenBy { runner: asker.runner.name.clone() };
    jobs::transition(tx, id, Status::Pending, Status::Running, &reason).map(Some)
}

/// The jobs that run on this process as far as the server knows, except those that it has in hand:
/// they were lost on their way to it.
pub fn lost_on_the_way(conn: &Connection, asker: &Asker, in_hand: &[i64]) -> Result<Vec<JobId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM jobs INDEXED BY jobs_running
         WHERE status IN ('running', 'canceling') AND runner_id = ?1 AND system_id = ?2",
    )?;
    let found = statement.query_map((asker.runner.id.0, &asker.system_id), |row| row.get::<_, i64>(0))?;
    let all = found.collect::<Result<Vec<_>, _>>()?;
    Ok(all.into_iter().filter(|id| !in_hand.contains(id)).map(JobId).collect())
}

/// The jobs that run, and how many seconds they may.
pub fn running(conn: &Connection) -> Result<Vec<(JobId, u32)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, timeout FROM jobs INDEXED BY jobs_running
         WHERE status IN ('running', 'canceling') AND kind = 'build'",
    )?;
    let found = statement.query_map([], |row| Ok((JobId(row.get(0)?), row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
