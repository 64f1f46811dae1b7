//! What jobs leave: artifacts, reports and what these tell.

use model::{ArtifactInfo, Job, JobId, ProjectId, TestCounts, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, emit, require};

/// Records what a job's reports tell; `None` leaves what is known.
pub fn set_reported(
    tx: &mut Tx<'_>,
    id: JobId,
    tests: Option<&TestCounts>,
    coverage: Option<f64>,
    dotenv: Option<&[(String, String)]>,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE jobs SET tests = coalesce(?2, tests), coverage = coalesce(?3, coverage), dotenv = coalesce(?4, dotenv),
                 version = ?5 WHERE id = ?1",
        )?
        .execute((
            id.0,
            tests.map(serde_json::to_string).transpose()?,
            coverage,
            dotenv.map(serde_json::to_string).transpose()?,
            tx.next_version().0,
        ))?;
    emit(tx, id)?;
    Ok(())
}

/// The variables that a job hands on (`artifacts:reports:dotenv`).
pub fn dotenv(conn: &Connection, id: JobId) -> Result<Vec<(String, String)>, StoreError> {
    let found: Option<String> =
        conn.prepare_cached("SELECT dotenv FROM jobs WHERE id = ?1")?.query_row([id.0], |row| row.get(0))?;
    Ok(found.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text))?)
}

/// Records what a job left.
pub fn add_artifact(tx: &mut Tx<'_>, id: JobId, artifact: &ArtifactInfo) -> Result<(), StoreError> {
    let mut stored = require(tx.conn, id)?.job.artifacts;
    stored.retain(|one| one.kind != artifact.kind);
    stored.push(artifact.clone());
    tx.conn
        .prepare_cached("UPDATE jobs SET artifacts = ?2, version = ?3, artifacts_expire_at = ?4 WHERE id = ?1")?
        .execute((
            id.0,
            serde_json::to_string(&stored)?,
            tx.next_version().0,
            stored.iter().filter_map(|one| one.expires_at).min().map(|at| at.0),
        ))?;
    emit(tx, id)?;
    Ok(())
}

/// Records what the words of a job became: names of what it left, and why it failed.
pub fn set_words(tx: &mut Tx<'_>, job: &Job) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE jobs SET artifacts = ?2, reason = ?3, version = ?4 WHERE id = ?1")?.execute((
        job.id.0,
        serde_json::to_string(&job.artifacts)?,
        serde_json::to_string(&job.reason)?,
        tx.next_version().0,
    ))?;
    emit(tx, job.id)?;
    Ok(())
}

/// Whether a job's artifacts are kept whatever their time: those of the latest good run of a branch or tag, and of what
/// it started, in a project that keeps them. A condition on a row of `jobs`.
const IS_LATEST: &str = "((SELECT keep_latest FROM projects WHERE projects.id = jobs.project_id) AND EXISTS (
     WITH RECURSIVE above (id, parent) AS (
         SELECT id, parent_run_id FROM runs WHERE id = jobs.run_id
         UNION ALL SELECT runs.id, runs.parent_run_id FROM runs JOIN above ON runs.id = above.parent)
     SELECT 1 FROM above JOIN runs AS root ON root.id = above.id
     WHERE above.parent IS NULL AND root.status = 'success' AND NOT EXISTS (
         SELECT 1 FROM runs AS newer WHERE newer.project_id = root.project_id AND newer.git_ref = root.git_ref
             AND newer.status = 'success' AND newer.id > root.id AND newer.parent_run_id IS NULL)))";

/// Jobs with artifacts whose time is over. Those of a job that has not ended stay for its retry.
pub fn expired(conn: &Connection, now: Timestamp) -> Result<Vec<JobId>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id FROM jobs WHERE artifacts_expire_at <= ?1 AND status IN ('success', 'failed', 'canceled')
             AND NOT {IS_LATEST} LIMIT 100"
    ))?;
    let found = statement.query_map([now.0], |row| Ok(JobId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// When the next artifacts are over.
pub fn next_expiry(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    // In the order of the index: the first that may go is the one.
    let found = conn
        .prepare_cached(&format!(
            "SELECT artifacts_expire_at FROM jobs WHERE artifacts_expire_at IS NOT NULL
                 AND status IN ('success', 'failed', 'canceled') AND NOT {IS_LATEST} ORDER BY artifacts_expire_at LIMIT 1"
        ))?
        .query_row([], |row| Ok(Timestamp(row.get(0)?)))
        .optional()?;
    Ok(found)
}

/// The time of what the ended jobs of a project left is over now, but for what is kept as the latest.
pub fn end_free_artifacts(tx: &mut Tx<'_>, project: ProjectId) -> Result<(), StoreError> {
    let mut statement = tx.conn.prepare_cached(&format!(
        "SELECT id FROM jobs WHERE project_id = ?1 AND artifacts <> '[]' AND status IN ('success', 'failed', 'canceled')
             AND NOT {IS_LATEST} ORDER BY id"
    ))?;
    let found = statement.query_map([project.0], |row| Ok(JobId(row.get(0)?)))?.collect::<Result<Vec<_>, _>>()?;
    drop(statement);
    let now = tx.now;
    for id in found {
        set_expiry(tx, id, Some(now))?;
    }
    tx.wake_timer();
    Ok(())
}

/// Keeps what a job left, whatever its time.
pub fn keep_artifacts(tx: &mut Tx<'_>, id: JobId) -> Result<Job, StoreError> {
    set_expiry(tx, id, None)
}

fn set_expiry(tx: &mut Tx<'_>, id: JobId, at: Option<Timestamp>) -> Result<Job, StoreError> {
    let mut left = require(tx.conn, id)?.job.artifacts;
    for artifact in &mut left {
        artifact.expires_at = at;
    }
    tx.conn
        .prepare_cached("UPDATE jobs SET artifacts = ?2, artifacts_expire_at = ?3, version = ?4 WHERE id = ?1")?
        .execute((id.0, serde_json::to_string(&left)?, at.map(|at| at.0), tx.next_version().0))?;
    emit(tx, id)
}

/// Notes that the artifacts of a job are gone because their time was over.
pub fn expire_artifacts(tx: &mut Tx<'_>, id: JobId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE jobs SET artifacts_expired_at = artifacts_expire_at WHERE id = ?1")?
        .execute([id.0])?;
    drop_artifacts(tx, id)
}

/// Notes that the artifacts of a job are gone.
pub fn drop_artifacts(tx: &mut Tx<'_>, id: JobId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE jobs SET artifacts = '[]', artifacts_expire_at = NULL, version = ?2 WHERE id = ?1")?
        .execute((id.0, tx.next_version().0))?;
    emit(tx, id)?;
    Ok(())
}

/// Notes that a job's log and artifacts are gone; false when that was noted before, or the job has
/// not ended.
pub fn erase(tx: &mut Tx<'_>, id: JobId) -> Result<bool, StoreError> {
    let changed = tx
        .conn
        .prepare_cached(
            "UPDATE jobs SET erased_at = ?2, artifacts = '[]', artifacts_expire_at = NULL, artifacts_expired_at = NULL,
                 version = ?3
             WHERE id = ?1 AND erased_at IS NULL AND status IN ('success', 'failed', 'canceled')",
        )?
        .execute((id.0, tx.now.0, tx.next_version().0))?;
    if changed > 0 {
        emit(tx, id)?;
    }
    Ok(changed > 0)
}
