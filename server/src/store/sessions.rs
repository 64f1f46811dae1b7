//! Login sessions, known by the hash of the browser's cookie.

use model::{Session, SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx};

/// A session as it is recognised.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The user's name.
    pub user: String,
    /// When it was last used, to some minutes.
    pub seen_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// The session with this hash, of a user who is active.
pub fn by_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Known>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT s.id, s.user_id, u.name, s.seen_at, s.expires_at FROM sessions AS s JOIN users AS u ON u.id = s.user_id
         WHERE s.hash = ?1 AND u.is_active",
    )?;
    let known = query.query_row([hash.as_slice()], |row| {
        Ok(Known {
            id: SessionId(row.get(0)?),
            user_id: UserId(row.get(1)?),
            user: row.get(2)?,
            seen_at: Timestamp(row.get(3)?),
            expires_at: Timestamp(row.get(4)?),
        })
    });
    Ok(known.optional()?)
}

/// Whether a session is still there, and its user active.
pub fn is_good(conn: &Connection, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sessions AS s JOIN users AS u ON u.id = s.user_id
                   WHERE s.id = ?1 AND s.expires_at > ?2 AND u.is_active)";
    Ok(conn.prepare_cached(sql)?.query_row((id.0, now.0), |row| row.get(0))?)
}

/// Begins one; those of the user's that have ended go.
pub fn insert(
    tx: &mut Tx<'_>,
    user: UserId,
    hash: &[u8; 32],
    expires_at: Timestamp,
    address: Option<&str>,
    agent: Option<&str>,
) -> Result<SessionId, StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND expires_at <= ?2")?
        .execute((user.0, tx.now.0))?;
    tx.conn
        .prepare_cached(
            "INSERT INTO sessions (hash, user_id, created_at, seen_at, expires_at, address, agent)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
        )?
        .execute((hash.as_slice(), user.0, tx.now.0, expires_at.0, address, agent))?;
    Ok(SessionId(tx.conn.last_insert_rowid()))
}

/// Notes that it is used.
pub fn seen(tx: &mut Tx<'_>, id: SessionId, address: Option<&str>, expires_at: Timestamp) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE sessions SET seen_at = ?2, address = ?3, expires_at = ?4 WHERE id = ?1")?
        .execute((id.0, tx.now.0, address, expires_at.0))?;
    Ok(())
}

/// Those of a user that have not ended, the latest first.
pub fn list(conn: &Connection, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id, created_at, seen_at, expires_at, address, agent FROM sessions
         WHERE user_id = ?1 AND expires_at > ?2 ORDER BY seen_at DESC, id DESC",
    )?;
    let rows = query.query_map((user.0, now.0), |row| {
        Ok(Session {
            id: SessionId(row.get(0)?),
            created_at: Timestamp(row.get(1)?),
            seen_at: Timestamp(row.get(2)?),
            expires_at: Timestamp(row.get(3)?),
            address: row.get(4)?,
            agent: row.get(5)?,
            is_current: false,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ends one of a user's; whether there was one.
pub fn end(tx: &mut Tx<'_>, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let sql = "DELETE FROM sessions WHERE id = ?1 AND user_id = ?2";
    Ok(tx.conn.prepare_cached(sql)?.execute((id.0, user.0))? > 0)
}

/// Ends all of a user's but one.
pub fn end_all(tx: &mut Tx<'_>, user: UserId, but: Option<SessionId>) -> Result<usize, StoreError> {
    let sql = "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2";
    Ok(tx.conn.prepare_cached(sql)?.execute((user.0, but.map(|id| id.0)))?)
}
