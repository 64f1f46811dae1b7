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
        .prepare_cached(
            "UPDATE jobs SET runner_id = ?2, runner = ?3, graceful = ?4, token_hash = ?5, contacted_at = ?6 WHERE id = ?1",
        )?
        .execute((id.0, runner.id.0, &runner.name, graceful, token_hash.as_slice(), tx.now.0))?;
    let reason = Reason::TakenBy { runner: runner.name.clone() };
    jobs::transition(tx, id, Status::Pending, Status::Running, &reason).map(Some)
}

/// Jobs that run although nothing was heard of their runner since `before`, and jobs that run
/// longer than their timeout allows by `slack` milliseconds.
pub fn lost(
    conn: &Connection,
    before: Timestamp,
    now: Timestamp,
    slack: i64,
) -> Result<Vec<(JobId, bool)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, coalesce(contacted_at, started_at) < ?1 FROM jobs WHERE status IN ('running', 'canceling')
         AND (coalesce(contacted_at, started_at) < ?1 OR started_at + timeout * 1000 + ?3 < ?2)",
    )?;
    let found = statement.query_map((before.0, now.0, slack), |row| Ok((JobId(row.get(0)?), row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// How many jobs run.
pub fn running(conn: &Connection) -> Result<u64, StoreError> {
    Ok(conn.query_row("SELECT count(*) FROM jobs WHERE status IN ('running', 'canceling')", [], |row| {
        Ok(row.get::<_, i64>(0)? as u64)
    })?)
}

/// Notes that the runners of these jobs were heard of; done for many at once, now and then, so
/// that idle means idle and a trace costs no write.
pub fn contacted(tx: &mut Tx<'_>, jobs: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
    for (id, at) in jobs {
        tx.conn.prepare_cached("UPDATE jobs SET contacted_at = ?2 WHERE id = ?1")?.execute((id.0, at.0))?;
    }
    Ok(())
}
