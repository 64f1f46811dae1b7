//! Blanking of logs that was decided and is not done yet. Where the value stands, and never the value.

use model::JobId;
use rusqlite::Connection;

use super::{StoreError, Tx};

/// One log that is to be blanked.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its number.
    pub id: i64,
    /// Whose log.
    pub job: JobId,
    /// Where.
    pub places: Vec<u8>,
    /// What the log says of it in the end.
    pub line: String,
}

/// Notes that a log is to be blanked.
pub fn insert(tx: &mut Tx<'_>, job: JobId, places: &[u8], line: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("INSERT INTO redactions (job_id, places, line) VALUES (?1, ?2, ?3)")?
        .execute((job.0, places, line))?;
    Ok(())
}

/// The next that is to be done behind this one.
pub fn next(conn: &Connection, after: i64) -> Result<Option<Due>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT id, job_id, places, line FROM redactions WHERE id > ?1 ORDER BY id LIMIT 1")?;
    let mut rows = query.query_map([after], |row| {
        Ok(Due { id: row.get(0)?, job: JobId(row.get(1)?), places: row.get(2)?, line: row.get(3)? })
    })?;
    Ok(rows.next().transpose()?)
}

/// Notes that it is done.
pub fn done(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.conn.prepare_cached("DELETE FROM redactions WHERE id = ?1")?.execute([id])?;
    Ok(())
}
