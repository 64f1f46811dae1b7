//! What CodeArts' interface asks: the latest runs of many pipelines at once, and a pipeline's runs by its filters.

use std::collections::HashMap;

use model::plan::LeftOut;
use model::{PipelineId, PipelineKey, ProjectId, Run, RunId, Stage, Status, Timestamp, Uid};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Scope, StoreError, rows, users};

/// A pipeline without its definition, which may be large.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Number.
    pub id: PipelineId,
    /// Uid.
    pub uid: Uid,
    /// Key.
    pub key: PipelineKey,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its project.
    pub project: ProjectId,
    /// Who made it.
    pub creator: Option<String>,
    /// Whether it starts no runs.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

const BRIEF: &str = "id, uid, key, name, description, project_id, creator, disabled, created_at, updated_at";

fn brief(row: &rusqlite::Row<'_>) -> rusqlite::Result<Brief> {
    Ok(Brief {
        id: rows::id(row, 0, PipelineId)?,
        uid: rows::parsed(row, 1)?,
        key: rows::parsed(row, 2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        project: rows::id(row, 5, ProjectId)?,
        creator: row.get(6)?,
        disabled: row.get(7)?,
        created_at: rows::id(row, 8, Timestamp)?,
        updated_at: rows::id(row, 9, Timestamp)?,
    })
}

/// The pipelines with these uids, in no order.
pub fn called(conn: &Connection, uids: &[String], scope: &Scope) -> Result<Vec<Brief>, StoreError> {
    let seen = scope.sql("project_id");
    let sql = format!("SELECT {BRIEF} FROM pipelines WHERE uid IN (SELECT value FROM json_each(?1)) AND {seen}");
    let mut query = conn.prepare_cached(&sql)?;
    Ok(query.query_map([serde_json::to_string(uids)?], brief)?.collect::<Result<_, _>>()?)
}

/// The pipelines of these projects, by number.
pub fn of_projects(conn: &Connection, scope: &Scope) -> Result<Vec<Brief>, StoreError> {
    let sql = format!("SELECT {BRIEF} FROM pipelines WHERE {} ORDER BY id", scope.sql("project_id"));
    let mut query = conn.prepare_cached(&sql)?;
    Ok(query.query_map([], brief)?.collect::<Result<_, _>>()?)
}

/// The latest run of each of these pipelines that has any, with its stages.
pub fn latest(conn: &Connection, pipelines: &[PipelineId]) -> Result<HashMap<PipelineId, Run>, StoreError> {
    let sql = format!(
        "SELECT {} FROM runs WHERE id IN (
             SELECT (SELECT id FROM runs AS one WHERE one.pipeline_id = wanted.value AND one.parent_run_id IS NULL
                     ORDER BY one.id DESC LIMIT 1) FROM json_each(?1) AS wanted)",
        rows::RUN
    );
    let ids: Vec<i64> = pipelines.iter().map(|id| id.0).collect();
    let mut query = conn.prepare_cached(&sql)?;
    let mut found = query.query_map([serde_json::to_string(&ids)?], rows::run)?.collect::<Result<Vec<_>, _>>()?;
    add_stages(conn, &mut found)?;
    Ok(found.into_iter().filter_map(|run| Some((run.pipeline_id?, run))).collect())
}

fn add_stages(conn: &Connection, runs: &mut [Run]) -> Result<(), StoreError> {
    let mut stages: HashMap<i64, Vec<Stage>> = HashMap::with_capacity(runs.len());
    let mut query = conn.prepare_cached(
        "SELECT run_id, name, status, warnings FROM stages WHERE run_id IN (SELECT value FROM json_each(?1))
         ORDER BY run_id, idx",
    )?;
    let mut found = query.query([numbers(runs.iter())?])?;
    while let Some(row) = found.next()? {
        let stage = Stage { name: row.get(1)?, status: rows::parsed(row, 2)?, warnings: row.get(3)? };
        stages.entry(row.get(0)?).or_default().push(stage);
    }
    for run in runs {
        run.stages = stages.remove(&run.id.0).unwrap_or_default();
    }
    Ok(())
}

fn numbers<'r>(runs: impl Iterator<Item = &'r Run>) -> Result<String, StoreError> {
    Ok(serde_json::to_string(&runs.map(|run| run.id.0).collect::<Vec<_>>())?)
}

/// When a stage began and ended: its first job's start, its last job's end.
pub type Span = (Option<Timestamp>, Option<Timestamp>);

/// The spans of the stages of these runs, in order. A stage without a start has neither.
fn spans<'r>(
    conn: &Connection,
    runs: impl Iterator<Item = &'r Run> + Clone,
) -> Result<HashMap<RunId, Vec<Span>>, StoreError> {
    let mut all: HashMap<RunId, Vec<Span>> =
        runs.clone().map(|run| (run.id, vec![(None, None); run.stages.len()])).collect();
    let mut query = conn.prepare_cached(
        "SELECT run_id, stage_index, min(started_at), max(finished_at) FROM jobs
         WHERE run_id IN (SELECT value FROM json_each(?1)) AND retried = 0 GROUP BY run_id, stage_index",
    )?;
    let mut found = query.query([numbers(runs)?])?;
    while let Some(row) = found.next()? {
        let place = row.get::<_, u32>(1)? as usize;
        let span = all.get_mut(&RunId(row.get(0)?)).and_then(|spans| spans.get_mut(place));
        if let Some(span) = span {
            let time = |column| row.get::<_, Option<i64>>(column).map(|time| time.map(Timestamp));
            // Without a start it did not run, and what did not run has no end.
            let start = time(2)?;
            *span = (start, if start.is_some() { time(3)? } else { None });
        }
    }
    Ok(all)
}

/// A stage of a run, or one that the run was started without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Which of the run's stages it is; `None`: the run was started without it.
    pub stage: Option<usize>,
    /// Its name.
    pub name: String,
    /// When it began and ended, where that was asked for. Of what was canceled it is always there: it tells whether it
    /// ever began.
    pub span: Span,
    /// Jobs that the run was started without, in order: their places among those of the stage, and their names.
    pub left_out: Vec<(usize, String)>,
}

/// The parts of these runs, in the order of their definitions.
pub fn parts<'r>(
    conn: &Connection,
    runs: impl Iterator<Item = &'r Run> + Clone,
    with_spans: bool,
) -> Result<HashMap<RunId, Vec<Part>>, StoreError> {
    let was_canceled = |run: &Run| run.stages.iter().any(|stage| stage.status == Status::Canceled);
    let mut spans = spans(conn, runs.clone().filter(|run| with_spans || was_canceled(run)))?;
    let mut left_out: HashMap<i64, Vec<LeftOut>> = HashMap::new();
    let mut query = conn.prepare_cached(
        "SELECT id, left_out FROM runs WHERE id IN (SELECT value FROM json_each(?1)) AND left_out IS NOT NULL",
    )?;
    let mut found = query.query([numbers(runs.clone())?])?;
    while let Some(row) = found.next()? {
        left_out.insert(row.get(0)?, rows::json(row, 1)?);
    }
    let of = |run: &Run| {
        let spans = spans.remove(&run.id).unwrap_or_default();
        (run.id, assembled(run, &spans, left_out.remove(&run.id.0).unwrap_or_default()))
    };
    Ok(runs.map(of).collect())
}

fn assembled(run: &Run, spans: &[Span], mut left_out: Vec<LeftOut>) -> Vec<Part> {
    let part = |(place, stage): (usize, &Stage)| Part {
        stage: Some(place),
        name: stage.name.clone(),
        span: spans.get(place).copied().unwrap_or_default(),
        left_out: Vec::new(),
    };
    let mut parts: Vec<Part> = run.stages.iter().enumerate().map(part).collect();
    // The first first: then everything before a place is there already.
    left_out.sort_by_key(|one| (one.stage_place, one.place));
    for one in left_out {
        let place = one.stage_place.min(parts.len());
        if parts.get(place).is_none_or(|part| part.name != one.stage) {
            parts.insert(place, Part { name: one.stage, ..Part::default() });
        }
        parts[place].left_out.push((one.place, one.job));
    }
    parts
}

/// What was said of a run when it was started.
pub fn description(conn: &Connection, id: RunId) -> Result<Option<String>, StoreError> {
    let mut query = conn.prepare_cached("SELECT description FROM runs WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get(0))?)
}

/// The uids of these users, by name; who has no account is known by a uid as well.
pub fn people<'n>(
    conn: &Connection,
    names: impl Iterator<Item = &'n str>,
) -> Result<HashMap<String, String>, StoreError> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let keys: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let mut query = conn.prepare_cached("SELECT key, uid FROM users WHERE key IN (SELECT value FROM json_each(?1))")?;
    let found = query.query_map([serde_json::to_string(&keys)?], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: HashMap<String, String> = found.collect::<Result<_, _>>()?;
    let uid = |name: &str| {
        found.get(&name.to_lowercase()).cloned().unwrap_or_else(|| users::uid_of_name(name).as_str().to_owned())
    };
    Ok(names.into_iter().map(|name| (name.to_owned(), uid(name))).collect())
}

/// Who started runs of a pipeline, by name.
pub fn starters(conn: &Connection, pipeline: PipelineId) -> Result<Vec<String>, StoreError> {
    let mut query = conn.prepare_cached("SELECT DISTINCT user FROM runs WHERE pipeline_id = ?1")?;
    Ok(query.query_map([pipeline.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Which runs of a pipeline are wanted; all given must hold.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// In one of these statuses; `None` means all.
    pub statuses: Option<Vec<Status>>,
    /// Started by one of these; `None` means all.
    pub users: Option<Vec<String>>,
    /// By one of these sources, in the database's words; `None` means all.
    pub sources: Option<Vec<&'static str>>,
    /// With the job that has this uid.
    pub job: Option<String>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made then or earlier.
    pub until: Option<Timestamp>,
    /// Changed then or later: made, started or ended.
    pub changed: Option<Timestamp>,
    /// By when they changed last, not by when they were made.
    pub by_update: bool,
    /// The oldest first.
    pub ascending: bool,
}

/// When a run changed last: was made, started or ended.
const CHANGED: &str = "max(created_at, coalesce(started_at, 0), coalesce(finished_at, 0))";

/// A part of a pipeline's runs with their stages, and how many fit in all.
pub fn runs_of(
    conn: &Connection,
    pipeline: PipelineId,
    wanted: &Wanted,
    offset: u64,
    limit: u32,
) -> Result<(Vec<Run>, u64), StoreError> {
    let mut sql = "pipeline_id = ?1 AND parent_run_id IS NULL".to_owned();
    let mut values: Vec<Value> = vec![pipeline.0.into()];
    let mut and = |clause: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&clause.replace('?', &format!("?{}", values.len())));
    };
    let among = |column: &str| format!("{column} IN (SELECT value FROM json_each(?))");
    if let Some(statuses) = &wanted.statuses {
        let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        and(&among("status"), serde_json::to_string(&words)?.into());
    }
    if let Some(users) = &wanted.users {
        and(&among("user"), serde_json::to_string(users)?.into());
    }
    if let Some(sources) = &wanted.sources {
        and(&among("source"), serde_json::to_string(sources)?.into());
    }
    if let Some(job) = &wanted.job {
        and("id IN (SELECT run_id FROM jobs WHERE uid = ?)", job.clone().into());
    }
    for (clause, time) in [
        ("created_at >= ?", wanted.from),
        ("created_at <= ?", wanted.until),
        (format!("{CHANGED} >= ?").as_str(), wanted.changed),
    ] {
        if let Some(time) = time {
            and(clause, time.0.into());
        }
    }
    let count = format!("SELECT count(*) FROM runs WHERE {sql}");
    let total: i64 = conn.prepare_cached(&count)?.query_row(params_from_iter(values.iter()), |row| row.get(0))?;
    let direction = if wanted.ascending { "ASC" } else { "DESC" };
    let by_update = if wanted.by_update { format!("{CHANGED} {direction}, ") } else { String::new() };
    let order = format!("{by_update}id {direction}");
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let page = format!("SELECT {} FROM runs WHERE {sql} ORDER BY {order} LIMIT {limit} OFFSET {offset}", rows::RUN);
    let mut query = conn.prepare_cached(&page)?;
    let mut runs = query.query_map(params_from_iter(values), rows::run)?.collect::<Result<Vec<_>, _>>()?;
    add_stages(conn, &mut runs)?;
    Ok((runs, total as u64))
}

/// The run of a pipeline that has this number.
pub fn numbered(conn: &Connection, pipeline: PipelineId, number: i64) -> Result<Option<RunId>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id FROM runs WHERE pipeline_id = ?1 AND number = ?2 AND parent_run_id IS NULL ORDER BY id DESC LIMIT 1",
    )?;
    let mut found = query.query((pipeline.0, number))?;
    Ok(found.next()?.map(|row| row.get(0).map(RunId)).transpose()?)
}
