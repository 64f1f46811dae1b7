//! Runners, known by the hash of their token.

use model::{Error, JobId, ProjectId, RunnerDraft, RunnerId, RunnerManager, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};

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
    /// The only project whose jobs it takes; `None`: all.
    pub project: Option<ProjectId>,
    /// Whether it takes no jobs for now.
    pub paused: bool,
    /// Whether it takes jobs of protected refs alone.
    pub protected: bool,
    /// Whether it stays with the projects that it has.
    pub locked: bool,
    /// Seconds that no job runs longer on it.
    pub maximum_timeout: Option<u32>,
    /// What its keepers note about it.
    pub note: Option<String>,
    /// Who made it; `None` for the server itself.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When people last changed it.
    pub updated_at: Timestamp,
    /// What it is recognised by.
    pub token_hash: Vec<u8>,
}

const COLUMNS: &str = "id, name, tags, run_untagged, project_id, paused, protected, created_by, created_at, token_hash, locked, maximum_timeout, \
     note, coalesce(updated_at, created_at) FROM runners";

fn runner(row: &Row<'_>) -> rusqlite::Result<Runner> {
    Ok(Runner {
        id: RunnerId(row.get(0)?),
        name: row.get(1)?,
        tags: rows::json(row, 2)?,
        run_untagged: row.get(3)?,
        project: row.get::<_, Option<i64>>(4)?.map(ProjectId),
        paused: row.get(5)?,
        protected: row.get(6)?,
        created_by: row.get(7)?,
        created_at: Timestamp(row.get(8)?),
        token_hash: row.get(9)?,
        locked: row.get(10)?,
        maximum_timeout: row.get(11)?,
        note: row.get(12)?,
        updated_at: Timestamp(row.get(13)?),
    })
}

/// The runner that has this token.
pub fn by_token_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Runner>, StoreError> {
    let sql = format!("SELECT {COLUMNS} WHERE token_hash = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([hash.as_slice()], runner).optional()?)
}

/// A runner by number.
pub fn get(conn: &Connection, id: RunnerId) -> Result<Option<Runner>, StoreError> {
    let sql = format!("SELECT {COLUMNS} WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id.0], runner).optional()?)
}

/// A runner by number; not found is an error.
pub fn require(conn: &Connection, id: RunnerId) -> Result<Runner, StoreError> {
    get(conn, id)?.ok_or_else(|| Error::not_found("runner").into())
}

/// Every runner, or those of one project, by number.
pub fn list(conn: &Connection, project: Option<ProjectId>) -> Result<Vec<Runner>, StoreError> {
    let sql = format!("SELECT {COLUMNS} WHERE ?1 IS NULL OR project_id = ?1 ORDER BY id");
    Ok(conn.prepare_cached(&sql)?.query_map([project.map(|id| id.0)], runner)?.collect::<Result<_, _>>()?)
}

/// How many jobs run on it now.
pub fn running(conn: &Connection, id: RunnerId) -> Result<u64, StoreError> {
    let sql =
        "SELECT count(*) FROM jobs INDEXED BY jobs_running WHERE runner_id = ?1 AND status IN ('running', 'canceling')";
    Ok(conn.prepare_cached(sql)?.query_row([id.0], |row| row.get::<_, i64>(0))? as u64)
}

/// Makes a runner.
pub fn insert(
    tx: &mut Tx<'_>,
    draft: &RunnerDraft,
    project: Option<ProjectId>,
    hash: &[u8; 32],
    created_by: &str,
) -> Result<Runner, StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO runners (name, token_hash, created_at, tags, run_untagged, project_id, paused, protected, created_by,
                 locked, maximum_timeout, note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute((
            &draft.name,
            hash.as_slice(),
            tx.now.0,
            serde_json::to_string(&draft.tags)?,
            draft.run_untagged,
            project.map(|id| id.0),
            draft.paused,
            draft.protected,
            created_by,
            draft.locked,
            draft.maximum_timeout,
            &draft.note,
        ))?;
    let id = RunnerId(tx.conn.last_insert_rowid());
    tx.touch("runners")?;
    require(tx.conn, id)
}

/// Changes a runner. Jobs that waited for one like it are looked at again.
pub fn update(tx: &mut Tx<'_>, id: RunnerId, draft: &RunnerDraft) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE runners SET name = ?2, tags = ?3, run_untagged = ?4, paused = ?5, protected = ?6, locked = ?7,
                 maximum_timeout = ?8, note = ?9, updated_at = ?10 WHERE id = ?1",
        )?
        .execute((
            id.0,
            &draft.name,
            serde_json::to_string(&draft.tags)?,
            draft.run_untagged,
            draft.paused,
            draft.protected,
            draft.locked,
            draft.maximum_timeout,
            &draft.note,
            tx.now.0,
        ))?;
    tx.wake_dispatch();
    tx.touch("runners")?;
    Ok(())
}

/// Replaces what a runner is recognised by.
pub fn set_token(tx: &mut Tx<'_>, id: RunnerId, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE runners SET token_hash = ?2 WHERE id = ?1")?.execute((id.0, hash.as_slice()))?;
    changed(tx, id)
}

/// Notes that people changed a runner now.
fn changed(tx: &mut Tx<'_>, id: RunnerId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE runners SET updated_at = ?2 WHERE id = ?1")?.execute((id.0, tx.now.0))?;
    tx.touch("runners")?;
    Ok(())
}

/// Deletes a runner that runs nothing; its jobs keep its name.
pub fn delete(tx: &mut Tx<'_>, id: RunnerId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE jobs SET runner_id = NULL WHERE runner_id = ?1")?.execute([id.0])?;
    tx.conn.prepare_cached("DELETE FROM runners WHERE id = ?1")?.execute([id.0])?;
    tx.touch("runners")?;
    Ok(())
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

/// The runners that may take a job with these tags, of this project, of a run that is protected or not.
pub fn fitting(
    conn: &Connection,
    tags: &[String],
    project: ProjectId,
    protected: bool,
) -> Result<Vec<RunnerId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM runners WHERE NOT paused AND (project_id = ?2
                 OR project_id IS NULL AND (SELECT shared_runners FROM projects WHERE id = ?2)
                 OR EXISTS (SELECT 1 FROM runner_projects WHERE runner_id = runners.id AND project_id = ?2))
             AND (NOT runners.protected OR ?3) AND CASE WHEN ?1 = '[]' THEN run_untagged ELSE
             NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE value NOT IN (SELECT value FROM json_each(runners.tags))) END",
    )?;
    let found =
        statement.query_map((serde_json::to_string(tags)?, project.0, protected), |row| Ok(RunnerId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The runners that may take jobs of a project: its own, those lent to it, and those of the whole server where it
/// takes them.
pub fn of_project(conn: &Connection, project: ProjectId) -> Result<Vec<Runner>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE project_id = ?1
             OR project_id IS NULL AND (SELECT shared_runners FROM projects WHERE id = ?1)
             OR id IN (SELECT runner_id FROM runner_projects WHERE project_id = ?1) ORDER BY id"
    );
    Ok(conn.prepare_cached(&sql)?.query_map([project.0], runner)?.collect::<Result<_, _>>()?)
}

/// The projects beyond its own that a runner was lent to.
pub fn lent_to(conn: &Connection, id: RunnerId) -> Result<Vec<ProjectId>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT project_id FROM runner_projects WHERE runner_id = ?1 ORDER BY project_id")?;
    Ok(query.query_map([id.0], |row| Ok(ProjectId(row.get(0)?)))?.collect::<Result<_, _>>()?)
}

/// Lends a runner to a project.
pub fn lend(tx: &mut Tx<'_>, id: RunnerId, project: ProjectId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("INSERT INTO runner_projects (runner_id, project_id, created_at) VALUES (?1, ?2, ?3)")?
        .execute((id.0, project.0, tx.now.0))?;
    tx.wake_dispatch();
    changed(tx, id)
}

/// Takes it back. The project that a runner belongs to hands it on to the first that it was lent to.
pub fn take_back(tx: &mut Tx<'_>, id: RunnerId, project: ProjectId) -> Result<(), StoreError> {
    let runner = require(tx.conn, id)?;
    let gone = if runner.project == Some(project) {
        let heir = lent_to(tx.conn, id)?.first().copied();
        let heir = heir.ok_or_else(|| Error::conflict("a runner keeps at least one project"))?;
        tx.conn.prepare_cached("UPDATE runners SET project_id = ?2 WHERE id = ?1")?.execute((id.0, heir.0))?;
        heir
    } else {
        project
    };
    tx.conn
        .prepare_cached("DELETE FROM runner_projects WHERE runner_id = ?1 AND project_id = ?2")?
        .execute((id.0, gone.0))?;
    tx.wake_dispatch();
    changed(tx, id)
}

/// The processes of a runner, the one that was heard of last first.
pub fn managers(conn: &Connection, id: RunnerId) -> Result<Vec<RunnerManager>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id, system_id, version, revision, platform, architecture, address, created_at, contacted_at
         FROM runner_managers WHERE runner_id = ?1 ORDER BY contacted_at DESC, id DESC",
    )?;
    let found = query.query_map([id.0], |row| {
        Ok(RunnerManager {
            id: row.get(0)?,
            system_id: row.get(1)?,
            version: row.get(2)?,
            revision: row.get(3)?,
            platform: row.get(4)?,
            architecture: row.get(5)?,
            address: row.get(6)?,
            created_at: Timestamp(row.get(7)?),
            contacted_at: Timestamp(row.get(8)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Notes that a process of a runner was heard of.
pub fn heard(tx: &mut Tx<'_>, id: RunnerId, of: &RunnerManager) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO runner_managers (runner_id, system_id, version, revision, platform, architecture, address, created_at,
                 contacted_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8 WHERE EXISTS (SELECT 1 FROM runners WHERE id = ?1)
             ON CONFLICT (runner_id, system_id) DO UPDATE SET version = excluded.version, revision = excluded.revision,
                 platform = excluded.platform, architecture = excluded.architecture, address = excluded.address,
                 contacted_at = excluded.contacted_at",
        )?
        .execute((
            id.0,
            &of.system_id,
            &of.version,
            &of.revision,
            &of.platform,
            &of.architecture,
            &of.address,
            tx.now.0,
        ))?;
    Ok(())
}

/// The jobs that a runner took, the newest first.
pub fn jobs(conn: &Connection, id: RunnerId, system: Option<&str>) -> Result<Vec<JobId>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id FROM jobs WHERE runner_id = ?1 AND (?2 IS NULL OR system_id = ?2) ORDER BY id DESC",
    )?;
    Ok(query.query_map((id.0, system), |row| Ok(JobId(row.get(0)?)))?.collect::<Result<_, _>>()?)
}
