//! Runners, known by the hash of their token.

use model::{Error, RunnerId};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, rows};

/// A runner.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Its id.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// Its tags: it takes jobs whose tags are all among these.
    pub tags: Vec<String>,
    /// Whether it takes jobs without tags.
    pub run_untagged: bool,
}

/// The runner that has this token.
pub fn by_token_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Runner>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id, name, tags, run_untagged FROM runners WHERE token_hash = ?1")?
        .query_row([hash.as_slice()], |row| {
            Ok(Runner {
                id: RunnerId(row.get(0)?),
                name: row.get(1)?,
                tags: rows::json(row, 2)?,
                run_untagged: row.get(3)?,
            })
        })
        .optional()?)
}

/// Makes a runner with this token's hash, or finds the one that has it; it has these tags from now on.
pub fn ensure(tx: &mut Tx<'_>, name: &str, hash: &[u8; 32], tags: &[String]) -> Result<Runner, StoreError> {
    tx.conn.execute(
        "INSERT INTO runners (name, token_hash, created_at, tags) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (token_hash) DO UPDATE SET tags = excluded.tags",
        (name, hash.as_slice(), tx.now.0, serde_json::to_string(tags)?),
    )?;
    by_token_hash(tx.conn, hash)?.ok_or_else(|| Error::internal("a runner that was made is not there").into())
}

/// Whether any runner may take a job with these tags.
pub fn any_fits(conn: &Connection, tags: &[String]) -> Result<bool, StoreError> {
    let fits = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM runners WHERE CASE WHEN ?1 = '[]' THEN run_untagged ELSE
                 NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE value NOT IN (SELECT value FROM json_each(runners.tags))) END)",
        )?
        .query_row([serde_json::to_string(tags)?], |row| row.get(0))?;
    Ok(fits)
}
