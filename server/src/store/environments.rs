//! Environments and the deployments to them.

use model::{Deployment, Environment, EnvironmentId, EnvironmentState, Error, Job, JobId, ProjectId, Status, Tier};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{StoreError, Tx, rows};

const ENVIRONMENT: &str = "e.id, e.project_id, p.path, e.name, e.slug, e.tier, e.state, e.external_url, e.created_at, \
     e.updated_at, e.version, e.description";
const DEPLOYMENT: &str = "d.id, d.number, d.environment_id, d.job_id, j.name, d.run_id, d.status, r.git_ref, r.sha, \
     j.user, d.created_at, d.finished_at";

/// What changes of them are called among the events.
const TOUCHED: &str = "environments";

fn environment(row: &Row<'_>) -> rusqlite::Result<Environment> {
    Ok(Environment {
        id: EnvironmentId(row.get(0)?),
        project_id: ProjectId(row.get(1)?),
        project_path: rows::parsed(row, 2)?,
        name: row.get(3)?,
        slug: row.get(4)?,
        tier: row.get_ref(5)?.as_str()?.parse().unwrap_or_default(),
        state: row.get_ref(6)?.as_str()?.parse().unwrap_or_default(),
        external_url: row.get(7)?,
        created_at: model::Timestamp(row.get(8)?),
        updated_at: model::Timestamp(row.get(9)?),
        version: model::Seq(row.get(10)?),
        description: row.get(11)?,
    })
}

fn deployment(row: &Row<'_>) -> rusqlite::Result<Deployment> {
    Ok(Deployment {
        id: row.get(0)?,
        number: row.get(1)?,
        environment_id: EnvironmentId(row.get(2)?),
        job_id: JobId(row.get(3)?),
        job_name: row.get(4)?,
        run_id: model::RunId(row.get(5)?),
        status: rows::parsed(row, 6)?,
        git_ref: row.get(7)?,
        sha: row.get(8)?,
        user: row.get(9)?,
        created_at: model::Timestamp(row.get(10)?),
        finished_at: row.get::<_, Option<i64>>(11)?.map(model::Timestamp),
    })
}

/// Every environment, by project and name.
pub fn list(conn: &Connection) -> Result<Vec<Environment>, StoreError> {
    let sql = format!(
        "SELECT {ENVIRONMENT} FROM environments e JOIN projects p ON p.id = e.project_id ORDER BY p.path, e.name"
    );
    Ok(conn.prepare_cached(&sql)?.query_map([], environment)?.collect::<Result<_, _>>()?)
}

/// An environment that must be there.
pub fn require(conn: &Connection, id: EnvironmentId) -> Result<Environment, StoreError> {
    let sql =
        format!("SELECT {ENVIRONMENT} FROM environments e JOIN projects p ON p.id = e.project_id WHERE e.id = ?1");
    let found = conn.prepare_cached(&sql)?.query_row([id.0], environment).optional()?;
    found.ok_or_else(|| Error::not_found("environment").into())
}

/// The environment that a job deployed to.
pub fn of_deployment(conn: &Connection, job: JobId) -> Result<Option<Environment>, StoreError> {
    let found = conn
        .prepare_cached("SELECT environment_id FROM deployments WHERE job_id = ?1")?
        .query_row([job.0], |row| Ok(EnvironmentId(row.get(0)?)))
        .optional()?;
    found.map(|id| require(conn, id)).transpose()
}

/// The environment of this name.
pub fn called(conn: &Connection, project: ProjectId, name: &str) -> Result<Option<EnvironmentId>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id FROM environments WHERE project_id = ?1 AND name = ?2")?
        .query_row((project.0, name), |row| Ok(EnvironmentId(row.get(0)?)))
        .optional()?)
}

/// The environment of this name; made when there is none.
pub fn ensure(
    tx: &mut Tx<'_>,
    project: ProjectId,
    name: &str,
    slug: &str,
    tier: Tier,
) -> Result<EnvironmentId, StoreError> {
    if let Some(id) = called(tx.conn, project, name)? {
        return Ok(id);
    }
    let version = tx.touch(TOUCHED)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO environments (project_id, name, slug, tier, state, created_at, updated_at, version)
             VALUES (?1, ?2, ?3, ?4, 'available', ?5, ?5, ?6)",
        )?
        .execute((project.0, name, slug, tier.as_str(), tx.now.0, version.0))?;
    Ok(EnvironmentId(tx.conn.last_insert_rowid()))
}

/// Sets how an environment stands and, where it is given, its address.
pub fn set_state(
    tx: &mut Tx<'_>,
    id: EnvironmentId,
    state: EnvironmentState,
    url: Option<&str>,
) -> Result<(), StoreError> {
    let version = tx.touch(TOUCHED)?;
    tx.conn
        .prepare_cached(
            "UPDATE environments SET state = ?2, external_url = coalesce(?3, external_url), updated_at = ?4, version = ?5
             WHERE id = ?1",
        )?
        .execute((id.0, state.as_str(), url, tx.now.0, version.0))?;
    Ok(())
}

/// Records that a job began to deploy; `on_stop` is the job that takes the environment down.
pub fn begin(tx: &mut Tx<'_>, job: &Job, id: EnvironmentId, on_stop: Option<&str>) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO deployments (project_id, number, environment_id, job_id, run_id, status, on_stop, created_at)
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM deployments WHERE project_id = ?1",
        )?
        .execute((job.project_id.0, id.0, job.id.0, job.run_id.0, job.status.as_str(), on_stop, tx.now.0))?;
    tx.touch(TOUCHED)?;
    Ok(())
}

/// Records the address of a deployment as far as it is known while its job runs.
pub fn set_url(tx: &mut Tx<'_>, job: JobId, url: &str) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE deployments SET url = ?2 WHERE job_id = ?1")?.execute((job.0, url))?;
    Ok(())
}

/// The address of the deployment of a job as far as it was known when the job began.
pub fn url(conn: &Connection, job: JobId) -> Result<Option<String>, StoreError> {
    let found = conn
        .prepare_cached("SELECT url FROM deployments WHERE job_id = ?1")?
        .query_row([job.0], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// Records how the job of a deployment ended.
pub fn end(tx: &mut Tx<'_>, job: JobId, status: Status) -> Result<(), StoreError> {
    let ended = tx
        .conn
        .prepare_cached("UPDATE deployments SET status = ?2, finished_at = ?3 WHERE job_id = ?1")?
        .execute((job.0, status.as_str(), tx.now.0))?;
    if ended > 0 {
        tx.touch(TOUCHED)?;
    }
    Ok(())
}

/// The newest deployment to an environment; with `status`, the newest that ended so. With it, the
/// name of the job that takes the environment down.
pub fn newest(
    conn: &Connection,
    id: EnvironmentId,
    status: Option<Status>,
) -> Result<Option<(Deployment, Option<String>)>, StoreError> {
    let sql = format!(
        "SELECT {DEPLOYMENT}, d.on_stop FROM deployments d JOIN jobs j ON j.id = d.job_id JOIN runs r ON r.id = d.run_id
         WHERE d.environment_id = ?1 AND (?2 IS NULL OR d.status = ?2) ORDER BY d.id DESC LIMIT 1"
    );
    Ok(conn
        .prepare_cached(&sql)?
        .query_row((id.0, status.map(Status::as_str)), |row| Ok((deployment(row)?, row.get(12)?)))
        .optional()?)
}

/// Writes what people set about an environment.
pub fn update(tx: &mut Tx<'_>, environment: &Environment) -> Result<(), StoreError> {
    let version = tx.touch(TOUCHED)?;
    tx.conn
        .prepare_cached(
            "UPDATE environments SET tier = ?2, external_url = ?3, description = ?4, updated_at = ?5, version = ?6
             WHERE id = ?1",
        )?
        .execute((
            environment.id.0,
            environment.tier.as_str(),
            &environment.external_url,
            &environment.description,
            tx.now.0,
            version.0,
        ))?;
    Ok(())
}

/// Deletes an environment with its deployments.
pub fn delete(tx: &mut Tx<'_>, id: EnvironmentId) -> Result<(), StoreError> {
    tx.touch(TOUCHED)?;
    tx.conn.prepare_cached("DELETE FROM environments WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}
