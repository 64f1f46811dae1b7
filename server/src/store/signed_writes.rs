//! Signatures of requests that changed something, kept while they would be accepted again.

use model::Timestamp;
use rusqlite::Connection;

use super::{StoreError, Tx};

/// One of them: when it was signed, the signature, and when it came.
pub type SignedWrite = (Timestamp, [u8; 32], Timestamp);

/// The newest that were signed since, oldest first.
pub fn since(conn: &Connection, signed: Timestamp) -> Result<Vec<SignedWrite>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT signed_at, signature, seen_at FROM signed_writes WHERE signed_at >= ?1 ORDER BY signed_at, signature",
    )?;
    let found = query.query_map([signed.0], |row| Ok((Timestamp(row.get(0)?), row.get(1)?, Timestamp(row.get(2)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Keeps one, and drops those that were signed before `signed`: they are refused for their date.
pub fn keep(tx: &mut Tx<'_>, one: &SignedWrite, signed: Timestamp) -> Result<(), StoreError> {
    tx.conn.prepare_cached("DELETE FROM signed_writes WHERE signed_at < ?1")?.execute([signed.0])?;
    tx.conn
        .prepare_cached("INSERT OR IGNORE INTO signed_writes (signed_at, signature, seen_at) VALUES (?1, ?2, ?3)")?
        .execute((one.0.0, one.1.as_slice(), one.2.0))?;
    Ok(())
}
