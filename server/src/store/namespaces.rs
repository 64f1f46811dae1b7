//! Namespaces by number: one is there as long as a project is below it (`projects` sees to that).

use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{StoreError, Tx};

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its number: GitLab's group id.
    pub id: i64,
    /// Its path.
    pub path: String,
    /// When the first project below it was made.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "SELECT id, path, created_at FROM namespaces";
/// Those that differ in case alone.
pub(super) const ALIKE: &str = "SELECT id, path, created_at FROM namespaces WHERE path = ?1 COLLATE NOCASE LIMIT 2";

fn namespace(row: &Row<'_>) -> rusqlite::Result<Namespace> {
    Ok(Namespace { id: row.get(0)?, path: row.get(1)?, created_at: Timestamp(row.get(2)?) })
}

/// Every namespace, by path.
pub fn list(conn: &Connection) -> Result<Vec<Namespace>, StoreError> {
    let sql = format!("{COLUMNS} ORDER BY path");
    Ok(conn.prepare_cached(&sql)?.query_map([], namespace)?.collect::<Result<_, _>>()?)
}

/// The one of this path.
pub fn by_path(conn: &Connection, path: &str) -> Result<Option<Namespace>, StoreError> {
    let sql = format!("{COLUMNS} WHERE path = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([path], namespace).optional()?)
}

/// The one that somebody means by its path, in whatever case where one alone is called so, or by its number.
pub fn find(conn: &Connection, wanted: &str) -> Result<Option<Namespace>, StoreError> {
    if let Some(found) = by_path(conn, wanted)? {
        return Ok(Some(found));
    }
    let Ok(id) = wanted.parse::<i64>() else {
        let found = conn.prepare_cached(ALIKE)?.query_map([wanted], namespace)?.collect::<Result<Vec<_>, _>>()?;
        return Ok(<[Namespace; 1]>::try_from(found).ok().map(|[one]| one));
    };
    let sql = format!("{COLUMNS} WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], namespace).optional()?)
}

/// Gives a namespace its number, if it has none yet.
pub(super) fn ensure(tx: &mut Tx<'_>, path: &str) -> Result<i64, StoreError> {
    tx.conn
        .prepare_cached("INSERT INTO namespaces (path, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute((path, tx.now.0))?;
    Ok(tx.conn.query_row("SELECT id FROM namespaces WHERE path = ?1", [path], |row| row.get(0))?)
}
