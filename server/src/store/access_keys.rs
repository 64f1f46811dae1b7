//! Pairs of keys that requests are signed with. Secret keys come and go sealed.

use model::{AccessKey, AccessKeyId, ProjectId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{StoreError, Tx};

/// Table and column of the sealed secret keys: what they are bound to.
pub const PLACE: (&str, &str) = ("access_keys", "secret");

/// A pair as a signature is checked with it.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its number.
    pub id: AccessKeyId,
    /// The secret key, sealed.
    pub sealed: String,
    /// Whose it is.
    pub user_id: UserId,
    /// The user's name.
    pub user: String,
    /// The project that it is for.
    pub project: Option<ProjectId>,
    /// When it was last used, to some minutes.
    pub used_at: Option<Timestamp>,
}

/// The pair with this access key, of a user who is active.
pub fn by_access(conn: &Connection, access: &str) -> Result<Option<Known>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT k.id, k.secret, k.user_id, u.name, k.project_id, k.used_at
         FROM access_keys AS k JOIN users AS u ON u.id = k.user_id WHERE k.access = ?1 AND u.is_active",
    )?;
    let known = query.query_row([access], |row| {
        Ok(Known {
            id: AccessKeyId(row.get(0)?),
            sealed: row.get(1)?,
            user_id: UserId(row.get(2)?),
            user: row.get(3)?,
            project: row.get::<_, Option<i64>>(4)?.map(ProjectId),
            used_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        })
    });
    Ok(known.optional()?)
}

/// The project that a pair is for, if for one alone; `None` when the pair is gone or its user no longer active.
pub fn project(conn: &Connection, id: AccessKeyId) -> Result<Option<Option<ProjectId>>, StoreError> {
    let sql =
        "SELECT k.project_id FROM access_keys AS k JOIN users AS u ON u.id = k.user_id WHERE k.id = ?1 AND u.is_active";
    let found = conn.prepare_cached(sql)?.query_row([id.0], |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(found.map(|project| project.map(ProjectId)))
}

/// Whether any secret key is sealed.
pub fn any(conn: &Connection) -> Result<bool, StoreError> {
    Ok(conn.query_row("SELECT EXISTS (SELECT 1 FROM access_keys)", [], |row| row.get(0))?)
}

/// Keeps a pair. `seal` seals the secret key for the row that it gets.
pub fn insert(
    tx: &mut Tx<'_>,
    user: UserId,
    project: Option<ProjectId>,
    access: &str,
    seal: &dyn Fn(i64) -> String,
) -> Result<AccessKeyId, StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO access_keys (access, secret, user_id, project_id, created_at) VALUES (?1, '', ?2, ?3, ?4)",
        )?
        .execute((access, user.0, project.map(|id| id.0), tx.now.0))?;
    let id = tx.conn.last_insert_rowid();
    tx.conn.prepare_cached("UPDATE access_keys SET secret = ?2 WHERE id = ?1")?.execute((id, seal(id)))?;
    Ok(AccessKeyId(id))
}

const COLUMNS: &str = "SELECT k.id, k.access, u.name, p.path, k.created_at, k.used_at, k.user_id FROM access_keys AS k \
     JOIN users AS u ON u.id = k.user_id LEFT JOIN projects AS p ON p.id = k.project_id";

fn key(row: &Row<'_>) -> rusqlite::Result<(AccessKey, UserId)> {
    let project: Option<String> = row.get(3)?;
    let key = AccessKey {
        id: AccessKeyId(row.get(0)?),
        access: row.get(1)?,
        user: row.get(2)?,
        project: project.and_then(|path| path.parse().ok()),
        created_at: Timestamp(row.get(4)?),
        used_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
    };
    Ok((key, UserId(row.get(6)?)))
}

/// One pair and whose it is.
pub fn get(conn: &Connection, id: AccessKeyId) -> Result<Option<(AccessKey, UserId)>, StoreError> {
    Ok(conn.prepare_cached(&format!("{COLUMNS} WHERE k.id = ?1"))?.query_row([id.0], key).optional()?)
}

/// The pair with this access key and whose it is, whatever has become of them.
pub fn called(conn: &Connection, access: &str) -> Result<Option<(AccessKey, UserId)>, StoreError> {
    Ok(conn.prepare_cached(&format!("{COLUMNS} WHERE k.access = ?1"))?.query_row([access], key).optional()?)
}

/// Replaces both keys of a pair.
pub fn replace(tx: &mut Tx<'_>, id: AccessKeyId, access: &str, sealed: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE access_keys SET access = ?2, secret = ?3, created_at = ?4, used_at = NULL WHERE id = ?1",
        )?
        .execute((id.0, access, sealed, tx.now.0))?;
    Ok(())
}

/// A user's, the newest first.
pub fn of_user(conn: &Connection, user: UserId) -> Result<Vec<AccessKey>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{COLUMNS} WHERE k.user_id = ?1 ORDER BY k.id DESC"))?;
    Ok(query.query_map([user.0], |row| Ok(key(row)?.0))?.collect::<Result<_, _>>()?)
}

/// Ends one.
pub fn delete(tx: &mut Tx<'_>, id: AccessKeyId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("DELETE FROM access_keys WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// Notes that it is used.
pub fn used(tx: &mut Tx<'_>, id: AccessKeyId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE access_keys SET used_at = ?2 WHERE id = ?1")?.execute((id.0, tx.now.0))?;
    Ok(())
}

/// All sealed secret keys by row, and a way to replace one: for another key of the instance.
pub fn sealed(conn: &Connection) -> Result<Vec<(i64, String)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT id, secret FROM access_keys")?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Replaces a sealed secret key.
pub fn reseal(tx: &mut Tx<'_>, row: i64, sealed: &str) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE access_keys SET secret = ?2 WHERE id = ?1")?.execute((row, sealed))?;
    Ok(())
}
