//! Users and the links by which they set a password.

use model::{Error, Timestamp, Uid, User, UserId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{StoreError, Tx};
use crate::random;

const COLUMNS: &str =
    "id, uid, name, full_name, email, is_admin, is_bot, is_active, password IS NOT NULL, created_at, seen_at";

pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        uid: super::rows::parsed(row, 1)?,
        name: row.get(2)?,
        full_name: row.get(3)?,
        email: row.get(4)?,
        is_admin: row.get(5)?,
        is_bot: row.get(6)?,
        is_active: row.get(7)?,
        has_password: row.get(8)?,
        created_at: Timestamp(row.get(9)?),
        seen_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
    })
}

/// By number.
pub fn get(conn: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id.0], user).optional()?)
}

/// By number; not found is an error.
pub fn require(conn: &Connection, id: UserId) -> Result<User, StoreError> {
    get(conn, id)?.ok_or_else(|| Error::not_found("user").into())
}

/// By name, in whatever case.
pub fn by_name(conn: &Connection, name: &str) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE key = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([name.to_lowercase()], user).optional()?)
}

/// The opaque name of somebody who is known by name alone: whoever worked on the data folder, or had an account once. It
/// is the same for ever, and nobody else's.
pub fn uid_of_name(name: &str) -> Uid {
    let hash = random::hash(&format!("somebody called {}", name.to_lowercase()));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uid::from_bytes(bytes)
}

/// Every user, by name.
pub fn list(conn: &Connection) -> Result<Vec<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users ORDER BY key");
    Ok(conn.prepare_cached(&sql)?.query_map([], user)?.collect::<Result<_, _>>()?)
}

/// The administrator who was there first.
pub fn first_administrator(conn: &Connection) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE is_admin ORDER BY id LIMIT 1");
    Ok(conn.prepare_cached(&sql)?.query_row([], user).optional()?)
}

/// Makes a user; a name that is taken is a conflict. `password` is a PHC string.
pub fn insert(
    tx: &mut Tx<'_>,
    name: &str,
    full_name: &str,
    email: Option<&str>,
    is_admin: bool,
    is_bot: bool,
) -> Result<User, StoreError> {
    if by_name(tx.conn, name)?.is_some() {
        return Err(Error::conflict(format!("there is a user {name} already")).into());
    }
    tx.conn
        .prepare_cached(
            "INSERT INTO users (uid, name, key, full_name, email, is_admin, is_bot, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            random::uid().as_str(),
            name,
            name.to_lowercase(),
            if full_name.trim().is_empty() { name } else { full_name.trim() },
            email,
            is_admin,
            is_bot,
            tx.now.0,
        ))?;
    require(tx.conn, UserId(tx.conn.last_insert_rowid()))
}

/// Writes what people may change of a user.
pub fn update(tx: &mut Tx<'_>, user: &User) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE users SET full_name = ?2, email = ?3, is_admin = ?4, is_active = ?5 WHERE id = ?1")?
        .execute((user.id.0, &user.full_name, &user.email, user.is_admin, user.is_active))?;
    Ok(())
}

/// The PHC string of a user's password.
pub fn password(conn: &Connection, id: UserId) -> Result<Option<String>, StoreError> {
    let mut query = conn.prepare_cached("SELECT password FROM users WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get(0)).optional()?.flatten())
}

/// Sets it; every link of the user's ends.
pub fn set_password(tx: &mut Tx<'_>, id: UserId, phc: &str) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?.execute((id.0, phc))?;
    tx.conn.prepare_cached("DELETE FROM password_links WHERE user_id = ?1")?.execute([id.0])?;
    Ok(())
}

/// Notes that a user did something.
pub fn seen(tx: &mut Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE users SET seen_at = ?2 WHERE id = ?1")?.execute((id.0, tx.now.0))?;
    Ok(())
}

/// How many active administrators there are.
pub fn administrators(conn: &Connection) -> Result<u32, StoreError> {
    let sql = "SELECT count(*) FROM users WHERE is_admin AND is_active";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Whether an administrator can come in: by a password, a token, a pair of keys, or a link that still works.
pub fn is_set_up(conn: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    Ok(!coming(conn, now)?.is_empty())
}

/// The administrators who can come in.
pub fn coming(conn: &Connection, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT id FROM users AS u WHERE is_admin AND is_active AND (password IS NOT NULL
            OR EXISTS (SELECT 1 FROM tokens WHERE user_id = u.id AND kind = 'personal' AND revoked_at IS NULL
                AND (expires_at IS NULL OR expires_at > ?1))
            OR EXISTS (SELECT 1 FROM access_keys WHERE user_id = u.id)
            OR EXISTS (SELECT 1 FROM password_links WHERE user_id = u.id AND expires_at > ?1))";
    Ok(conn.prepare_cached(sql)?.query_map([now.0], |row| row.get(0).map(UserId))?.collect::<Result<_, _>>()?)
}

/// Keeps a link by which a user sets a password; those made before end.
pub fn insert_link(tx: &mut Tx<'_>, id: UserId, hash: &[u8; 32], expires_at: Timestamp) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM password_links WHERE user_id = ?1 OR expires_at <= ?2")?
        .execute((id.0, tx.now.0))?;
    tx.conn.prepare_cached("INSERT INTO password_links (hash, user_id, expires_at) VALUES (?1, ?2, ?3)")?.execute((
        hash.as_slice(),
        id.0,
        expires_at.0,
    ))?;
    Ok(())
}

/// Whose password a link sets, while it can be used.
pub fn of_link(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<User>, StoreError> {
    let sql = "SELECT user_id FROM password_links WHERE hash = ?1 AND expires_at > ?2";
    let found: Option<i64> =
        conn.prepare_cached(sql)?.query_row((hash.as_slice(), now.0), |row| row.get(0)).optional()?;
    match found {
        Some(id) => Ok(get(conn, UserId(id))?.filter(|user| user.is_active)),
        None => Ok(None),
    }
}
