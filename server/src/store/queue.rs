//! What dispatch asks: the next pending job, the jobs that run, who holds a token.

use model::{Job, JobId, Reason, Status, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, jobs, runners::Runner};

/// Takes the oldest pending job for this runner and marks it running; `None` when there is none.
pub fn take(
    tx: &mut Tx<'_>,
    runner: &Runner,
    graceful: bool,
    token_hash: &[u8; 32],
) -> Result<Option<Job>, StoreError> {
    let found = tx
        .conn
        .prepare_cached("SELECT id FROM jobs WHERE status = 'pending' ORDER BY id LIMIT 1")?
        .query_row([], |row| Ok(JobId(row.get(0)?)))
        .optional()?;
    let Some(id) = found else { return Ok(None) };
    tx.conn
        .prepare_cached("UPDATE jobs SET runner_id = ?2, runner = ?3, graceful = ?4, token_hash = ?5 WHERE id = ?1")?
        .execute((id.0, runner.id.0, &runner.name, graceful, token_hash.as_slice()))?;
    let reason = Reason::TakenBy { runner: runner.name.clone() };
    jobs::transition(tx, id, Status::Pending, Status::Running, &reason).map(Some)
}

/// The jobs that run: since when, and how many seconds they may.
pub fn running(conn: &Connection) -> Result<Vec<(JobId, Timestamp, u32)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, coalesce(started_at, created_at), timeout FROM jobs WHERE status IN ('running', 'canceling')",
    )?;
    let found = statement.query_map([], |row| Ok((JobId(row.get(0)?), Timestamp(row.get(1)?), row.get(2)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
