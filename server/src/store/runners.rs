//! Runners, known by the hash of their token.

use model::{Error, ProjectId, RunnerDraft, RunnerId, Timestamp};
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
    /// Who made it; `None` for the server itself.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// What it is recognised by.
    pub token_hash: Vec<u8>,
}

const COLUMNS: &str =
    "id, name, tags, run_untagged, project_id, paused, protected, created_by, created_at, token_hash FROM runners";

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
    let sql = "SELECT count(*) FROM jobs WHERE runner_id = ?1 AND status IN ('running', 'canceling')";
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
            "INSERT INTO runners (name, token_hash, created_at, tags, run_untagged, project_id, paused, protected, created_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
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
        ))?;
    let id = RunnerId(tx.conn.last_insert_rowid());
    tx.touch("runners")?;
    require(tx.conn, id)
}

/// Changes a runner. Jobs that waited for one like it are looked at again.
pub fn update(tx: &mut Tx<'_>, id: RunnerId, draft: &RunnerDraft) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE runners SET name = ?2, tags = ?3, run_untagged = ?4, paused = ?5, protected = ?6 WHERE id = ?1",
        )?
        .execute((
            id.0,
            &draft.name,
            serde_json::to_string(&draft.tags)?,
            draft.run_untagged,
            draft.paused,
            draft.protected,
        ))?;
    tx.wake_dispatch();
    tx.touch("runners")?;
    Ok(())
}

/// Replaces what a runner is recognised by.
pub fn set_token(tx: &mut Tx<'_>, id: RunnerId, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE runners SET token_hash = ?2 WHERE id = ?1")?.execute((id.0, hash.as_slice()))?;
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

/// Whether any runner may take a job with these tags, of this project, of a run that is protected or not.
pub fn any_fits(conn: &Connection, tags: &[String], project: ProjectId, protected: bool) -> Result<bool, StoreError> {
    let fits = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM runners WHERE NOT paused AND (project_id IS NULL OR project_id = ?2)
                 AND (NOT runners.protected OR ?3) AND CASE WHEN ?1 = '[]' THEN run_untagged ELSE
                 NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE value NOT IN (SELECT value FROM json_each(runners.tags))) END)",
        )?
        .query_row((serde_json::to_string(tags)?, project.0, protected), |row| row.get(0))?;
    Ok(fits)
}
