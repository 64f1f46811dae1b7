//! Resource groups and the time of delayed jobs: what the scheduler asks about jobs beyond one run.

use model::schedule::{Claim, ResourceMode};
use model::{JobId, ProjectId, RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, rows};

/// The jobs that have or want a resource group, and in whose hand it is: their runs and names.
pub fn claims(conn: &Connection, project: ProjectId, group: &str) -> Result<Vec<(Claim, RunId, String)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, run_id, status, name FROM jobs
         WHERE project_id = ?1 AND resource_group = ?2 AND resource_group IS NOT NULL AND retried = 0
             AND status NOT IN ('success', 'failed', 'canceled', 'skipped', 'manual')",
    )?;
    let found = statement.query_map((project.0, group), |row| {
        let run: i64 = row.get(1)?;
        Ok((Claim { run, job: row.get(0)?, status: rows::parsed(row, 2)? }, RunId(run), row.get(3)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Who of the waiting jobs gets the group next.
pub fn mode(conn: &Connection, project: ProjectId, group: &str) -> Result<ResourceMode, StoreError> {
    let found: Option<String> = conn
        .prepare_cached("SELECT mode FROM resource_groups WHERE project_id = ?1 AND name = ?2")?
        .query_row((project.0, group), |row| row.get(0))
        .optional()?;
    Ok(match found {
        Some(word) => serde_json::from_value(word.into())?,
        None => ResourceMode::default(),
    })
}

/// Sets when a delayed job starts, counted from now. Returns that time.
pub fn set_due(tx: &mut Tx<'_>, id: JobId) -> Result<Timestamp, StoreError> {
    let seconds: Option<i64> =
        tx.conn.prepare_cached("SELECT start_in FROM jobs WHERE id = ?1")?.query_row([id.0], |row| row.get(0))?;
    let due = Timestamp(tx.now.0 + seconds.unwrap_or_default() * 1000);
    tx.conn.prepare_cached("UPDATE jobs SET due_at = ?2 WHERE id = ?1")?.execute((id.0, due.0))?;
    tx.wake_timer();
    Ok(due)
}

/// When the next delayed job starts.
pub fn next_due(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT min(due_at) FROM jobs WHERE status = 'scheduled'")?
        .query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Timestamp)))?)
}

/// The delayed jobs whose time has come, the first ones first.
pub fn due(conn: &Connection, now: Timestamp) -> Result<Vec<(JobId, RunId)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, run_id FROM jobs WHERE status = 'scheduled' AND due_at <= ?1 ORDER BY due_at, id LIMIT 100",
    )?;
    let found = statement.query_map([now.0], |row| Ok((JobId(row.get(0)?), RunId(row.get(1)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}
