//! Who opened which trace: looked at when a secret turns out to have leaked.

use model::{JobId, Timestamp};
use rusqlite::Connection;

use super::{StoreError, Tx};

/// Notes that somebody opened a trace. A job that is gone meanwhile has no trace.
pub fn record(tx: &mut Tx<'_>, job: JobId, viewer: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO trace_views (job_id, viewer, at) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?1)
             ON CONFLICT (job_id, viewer) DO UPDATE SET at = excluded.at",
        )?
        .execute((job.0, viewer, tx.now.0))?;
    Ok(())
}

/// Who opened a job's trace, the latest first.
pub fn of_job(conn: &Connection, job: JobId) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT viewer, at FROM trace_views WHERE job_id = ?1 ORDER BY at DESC")?;
    Ok(query.query_map([job.0], |row| Ok((row.get(0)?, Timestamp(row.get(1)?))))?.collect::<Result<_, _>>()?)
}
