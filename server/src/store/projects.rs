//! Projects.

use model::{Project, ProjectId, ProjectPath};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, rows};
use crate::random;

/// A project by id.
pub fn get(conn: &Connection, id: ProjectId) -> Result<Option<Project>, StoreError> {
    let sql = format!("SELECT {} FROM projects WHERE id = ?1", rows::PROJECT);
    Ok(conn.prepare_cached(&sql)?.query_row([id.0], rows::project).optional()?)
}

/// A project by path.
pub fn by_path(conn: &Connection, path: &str) -> Result<Option<Project>, StoreError> {
    let sql = format!("SELECT {} FROM projects WHERE path = ?1", rows::PROJECT);
    Ok(conn.prepare_cached(&sql)?.query_row([path], rows::project).optional()?)
}

/// A project by uid.
pub fn by_uid(conn: &Connection, uid: &str) -> Result<Option<Project>, StoreError> {
    let sql = format!("SELECT {} FROM projects WHERE uid = ?1", rows::PROJECT);
    Ok(conn.prepare_cached(&sql)?.query_row([uid], rows::project).optional()?)
}

/// The project that somebody means by its path, uid or number.
pub fn find(conn: &Connection, wanted: &str) -> Result<Option<Project>, StoreError> {
    if let Some(project) = by_path(conn, wanted)? {
        return Ok(Some(project));
    }
    if let Some(project) = by_uid(conn, wanted)? {
        return Ok(Some(project));
    }
    wanted.parse().map_or(Ok(None), |id| get(conn, id))
}

/// Every project, by path.
pub fn list(conn: &Connection) -> Result<Vec<Project>, StoreError> {
    let sql = format!("SELECT {} FROM projects ORDER BY path", rows::PROJECT);
    Ok(conn.prepare_cached(&sql)?.query_map([], rows::project)?.collect::<Result<_, _>>()?)
}

/// Makes a project; the caller has checked that the path is free.
pub fn insert(tx: &mut Tx<'_>, path: &ProjectPath, source: Option<&str>) -> Result<Project, StoreError> {
    let version = tx.touch(&format!("project {path}"))?;
    let uid = random::uid();
    tx.conn
        .prepare_cached("INSERT INTO projects (uid, path, source, created_at, version) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((uid.as_str(), path.as_str(), source, tx.now.0, version.0))?;
    let id = ProjectId(tx.conn.last_insert_rowid());
    Ok(Project { id, uid, path: path.clone(), source: source.map(str::to_owned), created_at: tx.now, version })
}
