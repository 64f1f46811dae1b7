//! Resource groups and the time of delayed jobs: what the scheduler asks about jobs beyond one run.

use model::schedule::{Claim, ResourceMode};
use model::{JobId, ProjectId, Reason, RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, rows};

/// The jobs that have or want a resource group, and in whose hand it is: their runs and names. One that was retried while it
/// was being canceled has it until it has ended.
pub fn claims(conn: &Connection, project: ProjectId, group: &str) -> Result<Vec<(Claim, RunId, String)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, run_id, status, name FROM jobs
         WHERE project_id = ?1 AND resource_group = ?2 AND resource_group IS NOT NULL
             AND status NOT IN ('success', 'failed', 'canceled', 'skipped', 'manual')",
    )?;
    let found = statement.query_map((project.0, group), |row| {
        let run: i64 = row.get(1)?;
        Ok((Claim { run, job: row.get(0)?, status: rows::parsed(row, 2)? }, RunId(run), row.get(3)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Who of the waiting jobs gets the group next.
pub fn mode(conn: &Connection, project: ProjectId, group: &str) -> Result<ResourceMode, StoreError> {
    let found: Option<String> = conn
        .prepare_cached("SELECT mode FROM resource_groups WHERE project_id = ?1 AND name = ?2")?
        .query_row((project.0, group), |row| row.get(0))
        .optional()?;
    Ok(match found {
        Some(word) => serde_json::from_value(word.into())?,
        None => ResourceMode::default(),
    })
}

/// A resource group as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Number in this instance.
    pub id: i64,
    /// Its name, unique in the project.
    pub name: String,
    /// Who of the waiting jobs gets it next.
    pub mode: ResourceMode,
    /// When a job first named it.
    pub created_at: Timestamp,
    /// When its mode was set last.
    pub updated_at: Timestamp,
}

const GROUP: &str = "id, name, mode, created_at, updated_at";

fn group(row: &rusqlite::Row<'_>) -> rusqlite::Result<Group> {
    let mode = serde_json::from_value(row.get::<_, String>(2)?.into()).unwrap_or_default();
    let (created_at, updated_at) = (Timestamp(row.get(3)?), Timestamp(row.get(4)?));
    Ok(Group { id: row.get(0)?, name: row.get(1)?, mode, created_at, updated_at })
}

/// Makes the group known when a job first names it.
pub(super) fn ensure(tx: &mut Tx<'_>, project: ProjectId, name: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO resource_groups (project_id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute((project.0, name, tx.now.0))?;
    // A job that is to come may be first in line already.
    tx.group_changed(project, name);
    Ok(())
}

/// The resource groups of a project, by name.
pub fn list(conn: &Connection, project: ProjectId) -> Result<Vec<Group>, StoreError> {
    let sql = format!("SELECT {GROUP} FROM resource_groups WHERE project_id = ?1 ORDER BY name");
    Ok(conn.prepare_cached(&sql)?.query_map([project.0], group)?.collect::<Result<_, _>>()?)
}

/// One of them, by name.
pub fn get(conn: &Connection, project: ProjectId, name: &str) -> Result<Option<Group>, StoreError> {
    let sql = format!("SELECT {GROUP} FROM resource_groups WHERE project_id = ?1 AND name = ?2");
    Ok(conn.prepare_cached(&sql)?.query_row((project.0, name), group).optional()?)
}

/// Sets who of the waiting jobs gets a group next. That may be another one than before: the caller settles the groups.
pub fn set_mode(tx: &mut Tx<'_>, project: ProjectId, name: &str, mode: ResourceMode) -> Result<(), StoreError> {
    let word = serde_json::to_value(mode)?;
    tx.touch("resource_groups")?;
    tx.conn
        .prepare_cached("UPDATE resource_groups SET mode = ?3, updated_at = ?4 WHERE project_id = ?1 AND name = ?2")?
        .execute((project.0, name, word.as_str(), tx.now.0))?;
    tx.group_changed(project, name);
    Ok(())
}

/// The jobs that wait for a group, in the order in which they get it.
pub fn upcoming(conn: &Connection, project: ProjectId, name: &str) -> Result<Vec<JobId>, StoreError> {
    let mode = mode(conn, project, name)?;
    let mut waiting: Vec<Claim> = claims(conn, project, name)?.into_iter().map(|(claim, ..)| claim).collect();
    waiting.retain(|claim| claim.status == model::Status::WaitingForResource);
    let mut order = Vec::new();
    while let Some(next) = model::schedule::next_claim(mode, &waiting) {
        order.push(JobId(waiting.remove(next).job));
    }
    Ok(order)
}

/// The jobs that wait for a group, with their reasons, in the order of their numbers.
pub fn waiting(conn: &Connection, project: ProjectId, name: &str) -> Result<Vec<(JobId, Reason)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, reason FROM jobs
         WHERE project_id = ?1 AND resource_group = ?2 AND resource_group IS NOT NULL AND retried = 0
             AND status = 'waiting_for_resource' ORDER BY id",
    )?;
    let found = statement.query_map((project.0, name), |row| Ok((JobId(row.get(0)?), row.get::<_, String>(1)?)))?;
    found
        .map(|row| row.map_err(StoreError::from).and_then(|(id, text)| Ok((id, serde_json::from_str(&text)?))))
        .collect()
}

/// Sets when a delayed job starts, counted from now. Returns that time.
pub fn set_due(tx: &mut Tx<'_>, id: JobId) -> Result<Timestamp, StoreError> {
    let seconds: Option<i64> =
        tx.conn.prepare_cached("SELECT start_in FROM jobs WHERE id = ?1")?.query_row([id.0], |row| row.get(0))?;
    let due = Timestamp(tx.now.0 + seconds.unwrap_or_default() * 1000);
    tx.conn.prepare_cached("UPDATE jobs SET due_at = ?2 WHERE id = ?1")?.execute((id.0, due.0))?;
    tx.wake_timer();
    Ok(due)
}

/// When the next delayed job starts.
pub fn next_due(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT min(due_at) FROM jobs WHERE status = 'scheduled'")?
        .query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Timestamp)))?)
}

/// The delayed jobs whose time has come, the first ones first.
pub fn due(conn: &Connection, now: Timestamp) -> Result<Vec<(JobId, RunId)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, run_id FROM jobs WHERE status = 'scheduled' AND due_at <= ?1 ORDER BY due_at, id LIMIT 100",
    )?;
    let found = statement.query_map([now.0], |row| Ok((JobId(row.get(0)?), RunId(row.get(1)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}
