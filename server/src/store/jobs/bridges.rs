//! Jobs that start runs, and finding jobs by their names.

use model::{JobId, RunId};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, emit};
use crate::random;

/// Notes which run a bridge started.
pub fn set_child(tx: &mut Tx<'_>, id: JobId, child: RunId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE jobs SET child_run_id = ?2 WHERE id = ?1")?.execute((id.0, child.0))?;
    Ok(())
}

/// A bridge has no runner, so nobody has its token: it gets a hash that none has, which the table
/// wants of whatever runs.
pub fn hold(tx: &mut Tx<'_>, id: JobId) -> Result<(), StoreError> {
    let nobody = random::hash(&random::token("nobody-"));
    tx.conn.prepare_cached("UPDATE jobs SET token_hash = ?2 WHERE id = ?1")?.execute((id.0, nobody.as_slice()))?;
    Ok(())
}

/// A run is gone: the job that started it no longer leads to it.
pub fn forget_child(tx: &mut Tx<'_>, child: RunId) -> Result<(), StoreError> {
    let bridges: Vec<JobId> = tx
        .conn
        .prepare_cached("SELECT id FROM jobs WHERE child_run_id = ?1")?
        .query_map([child.0], |row| Ok(JobId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    for bridge in bridges {
        tx.conn
            .prepare_cached("UPDATE jobs SET child_run_id = NULL, version = ?2 WHERE id = ?1")?
            .execute((bridge.0, tx.next_version().0))?;
        emit(tx, bridge)?;
    }
    Ok(())
}

/// The bridges whose turn has come.
pub fn due_bridges(conn: &Connection) -> Result<Vec<JobId>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT id FROM jobs WHERE kind = 'bridge' AND status = 'pending' ORDER BY id LIMIT 100")?;
    let found = statement.query_map([], |row| Ok(JobId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The latest attempt of the job of this name in a run.
pub fn latest_called(conn: &Connection, run: RunId, name: &str) -> Result<Option<JobId>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id FROM jobs WHERE run_id = ?1 AND retried = 0 AND name = ?2")?
        .query_row((run.0, name), |row| Ok(JobId(row.get(0)?)))
        .optional()?)
}

/// The latest attempts of the jobs in a run that have this name in their definition: the job itself, or its
/// instances.
pub fn instances_called(conn: &Connection, run: RunId, name: &str) -> Result<Vec<JobId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT jobs.id FROM jobs JOIN job_specs USING (run_id, position)
         WHERE run_id = ?1 AND retried = 0 AND (name = ?2 OR json_extract(spec, '$.base_name') = ?2) ORDER BY position",
    )?;
    let found = statement.query_map((run.0, name), |row| Ok(JobId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
