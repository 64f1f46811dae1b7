//! Schedules, and the runs that they started.

use model::{
    Error, ProjectId, Run, RunId, Schedule, ScheduleDraft, ScheduleFailure, ScheduleId, ScheduleOwner, Status,
    Timestamp, UserId,
};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};

use super::{Scope, StoreError, Tx, rows, runs};

/// Table and column of the sealed variables: what they are bound to.
pub const PLACE: (&str, &str) = ("schedules", "variables");
/// How many that are due are looked at in one go.
const BATCH: u32 = 100;

/// A schedule as it is kept.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The schedule.
    pub schedule: Schedule,
    /// Its variables, sealed; empty for none.
    pub sealed: String,
}

const COLUMNS: &str = "SELECT s.id, s.project_id, p.path, u.id, u.name, u.full_name, u.is_active, s.description, \
     s.git_ref, s.pipeline_key, s.cron, s.timezone, s.is_active, s.inputs, s.next_run_at, s.failed_at, s.failure, \
     s.created_at, s.updated_at, s.version, s.variables FROM schedules AS s JOIN projects AS p ON p.id = s.project_id \
     LEFT JOIN users AS u ON u.id = s.owner_id";

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let time = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
    let owner = match row.get::<_, Option<i64>>(3)? {
        Some(id) => {
            Some(ScheduleOwner { id: UserId(id), name: row.get(4)?, full_name: row.get(5)?, is_active: row.get(6)? })
        }
        None => None,
    };
    let failure = time(15)?.zip(row.get::<_, Option<String>>(16)?);
    let schedule = Schedule {
        id: ScheduleId(row.get(0)?),
        project_id: ProjectId(row.get(1)?),
        project_path: rows::parsed(row, 2)?,
        owner,
        draft: ScheduleDraft {
            description: row.get(7)?,
            git_ref: row.get(8)?,
            pipeline: row.get::<_, Option<String>>(9)?.and_then(|key| key.parse().ok()),
            cron: row.get(10)?,
            timezone: row.get(11)?,
            is_active: row.get(12)?,
            inputs: rows::json(row, 13)?,
        },
        next_run_at: time(14)?,
        failure: failure.map(|(at, message)| ScheduleFailure { at, message }),
        created_at: Timestamp(row.get(17)?),
        updated_at: Timestamp(row.get(18)?),
        version: rows::id(row, 19, model::Seq)?,
    };
    Ok(Stored { schedule, sealed: row.get(20)? })
}

/// A schedule by number.
pub fn get(conn: &Connection, id: ScheduleId) -> Result<Option<Stored>, StoreError> {
    Ok(conn.prepare_cached(&format!("{COLUMNS} WHERE s.id = ?1"))?.query_row([id.0], stored).optional()?)
}

/// A schedule that must be there.
pub fn require(conn: &Connection, id: ScheduleId) -> Result<Stored, StoreError> {
    get(conn, id)?.ok_or_else(|| Error::not_found("schedule").into())
}

/// The schedules of these projects: those that are due next first, then those that are not, the newest first.
pub fn list(conn: &Connection, scope: &Scope) -> Result<Vec<Schedule>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE {} ORDER BY s.next_run_at IS NULL, s.next_run_at, s.id DESC",
        scope.sql("s.project_id")
    );
    let mut query = conn.prepare_cached(&sql)?;
    Ok(query.query_map([], |row| Ok(stored(row)?.schedule))?.collect::<Result<_, _>>()?)
}

/// How many a project has.
pub fn count(conn: &Connection, project: ProjectId) -> Result<u32, StoreError> {
    let sql = "SELECT count(*) FROM schedules WHERE project_id = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([project.0], |row| row.get(0))?)
}

/// Those whose time has come, the first ones first.
pub fn due(conn: &Connection, now: Timestamp) -> Result<Vec<ScheduleId>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id FROM schedules WHERE next_run_at IS NOT NULL AND next_run_at <= ?1 ORDER BY next_run_at, id LIMIT ?2",
    )?;
    Ok(query.query_map((now.0, BATCH), |row| rows::id(row, 0, ScheduleId))?.collect::<Result<_, _>>()?)
}

/// When the next is due after now.
pub fn next_due(conn: &Connection, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(next_run_at) FROM schedules WHERE next_run_at IS NOT NULL AND next_run_at > ?1";
    Ok(conn.prepare_cached(sql)?.query_row([now.0], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Timestamp)))?)
}

/// When each that is due some time is due, by what it says.
pub fn times(conn: &Connection) -> Result<Vec<(ScheduleId, String, String, Timestamp)>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT id, cron, timezone, next_run_at FROM schedules WHERE next_run_at IS NOT NULL")?;
    let found =
        query.query_map([], |row| Ok((ScheduleId(row.get(0)?), row.get(1)?, row.get(2)?, Timestamp(row.get(3)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Keeps a new one. `seal` seals its variables for the row that it gets; empty for none.
pub fn insert(
    tx: &mut Tx<'_>,
    project: ProjectId,
    owner: UserId,
    draft: &ScheduleDraft,
    next: Option<Timestamp>,
    seal: &dyn Fn(i64) -> String,
) -> Result<ScheduleId, StoreError> {
    let version = tx.touch("schedules")?;
    tx.conn
        .prepare_cached(
            "INSERT INTO schedules (project_id, owner_id, description, git_ref, pipeline_key, cron, timezone, is_active, inputs,
                 next_run_at, created_at, updated_at, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12)",
        )?
        .execute(rusqlite::params![
            project.0,
            owner.0,
            draft.description,
            draft.git_ref,
            draft.pipeline.as_ref().map(model::PipelineKey::as_str),
            draft.cron,
            draft.timezone,
            draft.is_active,
            serde_json::to_string(&draft.inputs)?,
            next.map(|at| at.0),
            tx.now.0,
            version.0,
        ])?;
    let id = tx.conn.last_insert_rowid();
    tx.conn.prepare_cached("UPDATE schedules SET variables = ?2 WHERE id = ?1")?.execute((id, seal(id)))?;
    tx.wake_timer();
    Ok(ScheduleId(id))
}

/// Writes what people set; `sealed` replaces the variables, and `None` keeps them.
pub fn update(
    tx: &mut Tx<'_>,
    id: ScheduleId,
    draft: &ScheduleDraft,
    next: Option<Timestamp>,
    sealed: Option<&str>,
) -> Result<(), StoreError> {
    let version = tx.touch("schedules")?;
    tx.conn
        .prepare_cached(
            "UPDATE schedules SET description = ?2, git_ref = ?3, pipeline_key = ?4, cron = ?5, timezone = ?6, is_active = ?7,
                 inputs = ?8, next_run_at = ?9, variables = coalesce(?10, variables), updated_at = ?11, version = ?12
             WHERE id = ?1",
        )?
        .execute(rusqlite::params![
            id.0,
            draft.description,
            draft.git_ref,
            draft.pipeline.as_ref().map(model::PipelineKey::as_str),
            draft.cron,
            draft.timezone,
            draft.is_active,
            serde_json::to_string(&draft.inputs)?,
            next.map(|at| at.0),
            sealed,
            tx.now.0,
            version.0,
        ])?;
    tx.wake_timer();
    Ok(())
}

/// It starts runs as this user from now on; what stood against its last run is forgotten.
pub fn set_owner(tx: &mut Tx<'_>, id: ScheduleId, owner: UserId) -> Result<(), StoreError> {
    let version = tx.touch("schedules")?;
    tx.conn
        .prepare_cached(
            "UPDATE schedules SET owner_id = ?2, failed_at = NULL, failure = NULL, updated_at = ?3, version = ?4
             WHERE id = ?1",
        )?
        .execute((id.0, owner.0, tx.now.0, version.0))?;
    Ok(())
}

/// Notes what became of a schedule that was due at `due`: when it is due next, and what stood against a run, if
/// anything did. False when it is not due then any more: somebody changed it, or was faster.
pub fn fired(
    tx: &mut Tx<'_>,
    id: ScheduleId,
    due: Timestamp,
    next: Option<Timestamp>,
    failure: Option<&str>,
) -> Result<bool, StoreError> {
    let version = tx.next_version();
    let done = tx
        .conn
        .prepare_cached(
            "UPDATE schedules SET next_run_at = ?3, failed_at = ?4, failure = ?5, version = ?6
             WHERE id = ?1 AND next_run_at = ?2",
        )?
        .execute((id.0, due.0, next.map(|at| at.0), failure.map(|_| tx.now.0), failure, version.0))?;
    if done == 0 {
        return Ok(false);
    }
    tx.touch("schedules")?;
    Ok(true)
}

/// Plans anew when it is due, unless it is due at another time than `at` by now.
pub fn set_next(tx: &mut Tx<'_>, id: ScheduleId, at: Timestamp, next: Timestamp) -> Result<(), StoreError> {
    let version = tx.touch("schedules")?;
    tx.conn
        .prepare_cached("UPDATE schedules SET next_run_at = ?3, version = ?4 WHERE id = ?1 AND next_run_at = ?2")?
        .execute((id.0, at.0, next.0, version.0))?;
    Ok(())
}

/// Notes what stood against a run that somebody asked for, or that nothing did.
pub fn played(tx: &mut Tx<'_>, id: ScheduleId, failure: Option<&str>) -> Result<(), StoreError> {
    let version = tx.touch("schedules")?;
    tx.conn
        .prepare_cached("UPDATE schedules SET failed_at = ?2, failure = ?3, version = ?4 WHERE id = ?1")?
        .execute((id.0, failure.map(|_| tx.now.0), failure, version.0))?;
    Ok(())
}

/// Deletes one; its runs stay.
pub fn delete(tx: &mut Tx<'_>, id: ScheduleId) -> Result<(), StoreError> {
    tx.touch("schedules")?;
    tx.conn.prepare_cached("DELETE FROM schedules WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// The last run that it started.
pub fn last_run(conn: &Connection, id: ScheduleId) -> Result<Option<Run>, StoreError> {
    let found: Option<i64> =
        conn.prepare_cached("SELECT max(id) FROM runs WHERE schedule_id = ?1")?.query_row([id.0], |row| row.get(0))?;
    found.map_or(Ok(None), |id| runs::get(conn, RunId(id)))
}

/// The description that a run's schedule had when it started the run.
pub fn description_for(conn: &Connection, run: RunId) -> Result<Option<String>, StoreError> {
    let mut query = conn.prepare_cached("SELECT schedule_description FROM runs WHERE id = ?1")?;
    Ok(query.query_row([run.0], |row| row.get(0)).optional()?.flatten())
}

/// Which of the runs of a schedule are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only those in one of these statuses; all when empty.
    pub status: Vec<Status>,
    /// Only those that are the newest of their branch (`Some(false)`) or tag (`Some(true)`).
    pub newest_of: Option<bool>,
    /// Only those made before and after.
    pub created: (Option<Timestamp>, Option<Timestamp>),
    /// Only those whose status changed last before and after.
    pub updated: (Option<Timestamp>, Option<Timestamp>),
    /// The newest first.
    pub descending: bool,
}

/// A page of the runs that a schedule started, without their stages, and how many there are in all.
pub fn runs_of(
    conn: &Connection,
    id: ScheduleId,
    wanted: &Wanted,
    offset: u64,
    limit: u32,
) -> Result<(Vec<Run>, u64), StoreError> {
    const UPDATED: &str = "max(created_at, coalesce(started_at, 0), coalesce(finished_at, 0))";
    let mut sql = "schedule_id = ?1".to_owned();
    let mut values: Vec<Value> = vec![id.0.into()];
    let times = [
        ("created_at <=", wanted.created.0),
        ("created_at >=", wanted.created.1),
        (&format!("{UPDATED} <="), wanted.updated.0),
        (&format!("{UPDATED} >="), wanted.updated.1),
    ];
    for (left, at) in times {
        if let Some(at) = at {
            values.push(at.0.into());
            sql.push_str(&format!(" AND {left} ?{}", values.len()));
        }
    }
    if !wanted.status.is_empty() {
        // The words come from the enum, never from the client.
        let list: Vec<_> = wanted.status.iter().map(|status| format!("'{status}'")).collect();
        sql.push_str(&format!(" AND status IN ({})", list.join(", ")));
    }
    if let Some(is_tag) = wanted.newest_of {
        sql.push_str(&format!(
            " AND id IN (SELECT max(id) FROM runs WHERE schedule_id = ?1 AND is_tag = {} GROUP BY git_ref)",
            u8::from(is_tag)
        ));
    }
    let count = format!("SELECT count(*) FROM runs WHERE {sql}");
    let total: i64 = conn.prepare_cached(&count)?.query_row(params_from_iter(values.iter()), |row| row.get(0))?;
    let (offset, order) = (i64::try_from(offset).unwrap_or(i64::MAX), if wanted.descending { "DESC" } else { "ASC" });
    let list = format!("SELECT {} FROM runs WHERE {sql} ORDER BY id {order} LIMIT {limit} OFFSET {offset}", rows::RUN);
    let mut query = conn.prepare_cached(&list)?;
    let found = query.query_map(params_from_iter(values), rows::run)?.collect::<Result<_, _>>()?;
    Ok((found, total as u64))
}

/// All sealed variables by row: for another key of the instance.
pub fn sealed(conn: &Connection) -> Result<Vec<(i64, String)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT id, variables FROM schedules WHERE variables <> ''")?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Replaces sealed variables.
pub fn reseal(tx: &mut Tx<'_>, row: i64, sealed: &str) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE schedules SET variables = ?2 WHERE id = ?1")?.execute((row, sealed))?;
    Ok(())
}
