//! Runners, known by the hash of their token.

use model::RunnerId;
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx};

/// A runner.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Its id.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
}

/// The runner that has this token.
pub fn by_token_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Runner>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id, name FROM runners WHERE token_hash = ?1")?
        .query_row([hash.as_slice()], |row| Ok(Runner { id: RunnerId(row.get(0)?), name: row.get(1)? }))
        .optional()?)
}

/// Makes a runner with this token's hash, or returns the one that has it.
pub fn ensure(tx: &mut Tx<'_>, name: &str, hash: &[u8; 32]) -> Result<Runner, StoreError> {
    if let Some(runner) = by_token_hash(tx.conn, hash)? {
        return Ok(runner);
    }
    tx.conn.execute(
        "INSERT INTO runners (name, token_hash, created_at) VALUES (?1, ?2, ?3)",
        (name, hash.as_slice(), tx.now.0),
    )?;
    Ok(Runner { id: RunnerId(tx.conn.last_insert_rowid()), name: name.to_owned() })
}
