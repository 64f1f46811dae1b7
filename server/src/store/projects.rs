//! Projects.

use model::{Error, Project, ProjectId, ProjectPath, ProjectSettings, RunId, Timestamp, UserId, Visibility};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, members, namespaces, pipelines, rows};
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

/// Those that differ in case alone.
const ALIKE: &str = "SELECT id FROM projects WHERE path = ?1 COLLATE NOCASE LIMIT 2";

/// The project that GitLab's clients mean by its path, uid or number: in whatever case, where one alone is called so.
pub fn called(conn: &Connection, wanted: &str) -> Result<Option<ProjectId>, StoreError> {
    if let Some(found) = super::ordine::project_called(conn, wanted)? {
        return Ok(Some(found));
    }
    let mut query = conn.prepare_cached(ALIKE)?;
    let found = query.query_map([wanted], |row| Ok(ProjectId(row.get(0)?)))?.collect::<Result<Vec<_>, _>>()?;
    Ok(if let [one] = found[..] { Some(one) } else { None })
}

/// Every project, by path.
pub fn list(conn: &Connection) -> Result<Vec<Project>, StoreError> {
    let sql = format!("SELECT {} FROM projects ORDER BY path", rows::PROJECT);
    Ok(conn.prepare_cached(&sql)?.query_map([], rows::project)?.collect::<Result<_, _>>()?)
}

/// Makes a project; the caller has checked that the path is free.
pub fn insert(
    tx: &mut Tx<'_>,
    path: &ProjectPath,
    source: Option<&str>,
    visibility: Visibility,
    creator: Option<UserId>,
) -> Result<Project, StoreError> {
    let version = tx.touch(&format!("project {path}"))?;
    let mut namespace = 0;
    for above in members::above(path.as_str()) {
        namespace = namespaces::ensure(tx, above)?;
    }
    let uid = random::uid();
    tx.conn
        .prepare_cached(
            "INSERT INTO projects (uid, path, source, visibility, created_at, updated_at, version, creator_id, namespace_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            uid.as_str(),
            path.as_str(),
            source,
            visibility.as_str(),
            tx.now.0,
            version.0,
            creator.map(|id| id.0),
            namespace,
        ))?;
    require(tx.conn, ProjectId(tx.conn.last_insert_rowid()))
}

/// Who made a project, as far as that is known.
pub fn creator(conn: &Connection, id: ProjectId) -> Result<Option<UserId>, StoreError> {
    let mut query = conn.prepare_cached("SELECT creator_id FROM projects WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten().map(UserId))
}

/// When its last run was made.
pub fn last_run_at(conn: &Connection, id: ProjectId) -> Result<Option<Timestamp>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT created_at FROM runs WHERE project_id = ?1 ORDER BY id DESC LIMIT 1")?;
    Ok(query.query_row([id.0], |row| row.get(0)).optional()?.map(Timestamp))
}

/// A project by id; not found is an error.
pub fn require(conn: &Connection, id: ProjectId) -> Result<Project, StoreError> {
    get(conn, id)?.ok_or_else(|| Error::not_found("project").into())
}

/// Writes what people set about a project.
pub fn update(tx: &mut Tx<'_>, id: ProjectId, settings: &ProjectSettings) -> Result<(), StoreError> {
    let project = require(tx.conn, id)?;
    let version = tx.touch(&format!("project {}", project.path))?;
    tx.conn
        .prepare_cached(
            "UPDATE projects SET source = ?2, visibility = ?3, public_jobs = ?4, protect_default = ?5, protected_refs = ?6,
                 version = ?7, description = ?8, default_branch = ?9, config_path = ?10, timeout = ?11, git_depth = ?12,
                 auto_cancel = ?13, shared_runners = ?14, updated_at = ?15, name = ?16, keep_latest = ?17 WHERE id = ?1",
        )?
        .execute(rusqlite::params![
            id.0,
            &settings.source,
            settings.visibility.as_str(),
            settings.public_jobs,
            settings.protect_default,
            serde_json::to_string(&settings.protected)?,
            version.0,
            &settings.options.description,
            &settings.options.default_branch,
            &settings.options.config_path,
            settings.options.timeout,
            settings.options.git_depth,
            settings.options.auto_cancel,
            settings.options.shared_runners,
            tx.now.0,
            &settings.options.name,
            settings.options.keep_latest,
        ])?;
    // Jobs that waited may have a runner now.
    tx.wake_dispatch();
    Ok(())
}

/// The runs of a project, children after what started them.
pub fn runs(conn: &Connection, id: ProjectId) -> Result<Vec<RunId>, StoreError> {
    let mut query = conn.prepare_cached("SELECT id FROM runs WHERE project_id = ?1 ORDER BY id")?;
    Ok(query.query_map([id.0], |row| Ok(RunId(row.get(0)?)))?.collect::<Result<_, _>>()?)
}

/// Deletes a project whose runs are gone, with its pipelines, environments, variables and tokens; the users that
/// stand for its tokens stay behind, inactive, because the log names them.
pub fn delete(tx: &mut Tx<'_>, id: ProjectId) -> Result<(), StoreError> {
    let project = require(tx.conn, id)?;
    for key in pipelines::keys_of(tx.conn, id)? {
        pipelines::delete(tx, &key)?;
    }
    tx.conn.execute(
        "UPDATE users SET is_active = 0 WHERE is_bot AND id IN (SELECT user_id FROM tokens WHERE project_id = ?1)",
        [id.0],
    )?;
    tx.conn.execute("DELETE FROM ci_variables WHERE owner_kind = 'project' AND owner = ?1", [id.to_string()])?;
    tx.conn.execute("DELETE FROM projects WHERE id = ?1", [id.0])?;
    // A namespace ends with the last project below it, and with it all that was given there.
    let others = list(tx.conn)?;
    for namespace in members::above(project.path.as_str()) {
        if !others.iter().any(|other| members::is_at_or_above(namespace, other.path.as_str())) {
            tx.conn.execute("DELETE FROM members WHERE namespace = ?1", [namespace])?;
            tx.conn.execute("DELETE FROM namespaces WHERE path = ?1", [namespace])?;
            tx.conn.execute("DELETE FROM ci_variables WHERE owner_kind = 'namespace' AND owner = ?1", [namespace])?;
        }
    }
    tx.touch(&format!("project {}", project.path))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{open, ordine};

    /// Nearly every request names a project.
    #[test]
    fn bug_all_projects_were_read_to_find_one() {
        let folder = tempfile::tempdir().unwrap();
        let conn = open::writer(&folder.path().join("weir.db")).unwrap();
        for sql in [ordine::CALLED, ALIKE, namespaces::ALIKE] {
            let mut query = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nulls = vec![rusqlite::types::Null; query.parameter_count()];
            let steps = query.query_map(rusqlite::params_from_iter(nulls), |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {steps:?}");
        }
    }

    #[test]
    fn a_project_is_called_by_path_uid_or_number() {
        let folder = tempfile::tempdir().unwrap();
        let conn = open::writer(&folder.path().join("weir.db")).unwrap();
        let add = "INSERT INTO projects (id, uid, path, created_at, version) VALUES (?1, ?2, ?3, 1, 1)";
        for one in [(7, "c0ffee", "shop/web"), (8, "beef", "Shop/API"), (9, "f00d", "shop/api")] {
            conn.execute(add, one).unwrap();
        }
        let found = |name: &str| called(&conn, name).unwrap().map(|id| id.0);
        assert_eq!(["shop/web", "c0ffee", "7", "SHOP/Web"].map(found), [Some(7); 4]);
        assert_eq!(["Shop/API", "shop/api"].map(found), [Some(8), Some(9)]);
        assert_eq!(["SHOP/API", "007", "+7", "10", "shop", ""].map(found), [None; 6]);
    }
}
