//! Runs as the builds of a pipeline, as CodeArts' Build counts and judges them. Child runs are no builds: whoever
//! started the run above them did not start them.

use model::run::covered;
use model::{PipelineId, Run, RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use super::pipelines::Numbers;
use super::{StoreError, rows};

/// Builds that tell of a pipeline's health, at most.
const JUDGED: u32 = 5;

/// A run, with what a build shows besides.
#[derive(Clone, Debug)]
pub struct Build {
    /// The run, without its stages.
    pub run: Run,
    /// What counts it.
    pub numbers: Numbers,
    /// Whether it failed because jobs ran too long, and for nothing else.
    pub timed_out: bool,
    /// When the latest attempts at its jobs began and ended, in the order of their begins: of one that has not come to an
    /// end.
    pub stretches: Vec<(Timestamp, Option<Timestamp>)>,
}

impl Build {
    /// Milliseconds in which at least one of its jobs ran, up to `now`; `None` before it began. The time before it was
    /// retried is not counted.
    pub fn took(&self, now: Timestamp) -> Option<i64> {
        let started = self.run.started_at?;
        if !self.run.status.is_final() {
            return Some(covered(self.stretches.iter().map(|(begin, end)| (*begin, end.unwrap_or(now)))));
        }
        // Of one that ended before this was counted only its ends are known.
        self.run.ran.or_else(|| Some(self.run.finished_at?.since(started)))
    }
}

/// Some job ran into its limit, and none failed otherwise.
const TIMED_OUT: &str = "status = 'failed' AND (SELECT count(*) > 0 AND min(failure_reason = 'job_execution_timeout')
     FROM jobs WHERE run_id = runs.id AND retried = 0 AND NOT allow_failure AND failure_reason IS NOT NULL)";

/// [`Build::stretches`], as JSON.
const STRETCHES: &str = "CASE WHEN status NOT IN ('success', 'failed', 'canceled', 'skipped') THEN
     (SELECT json_group_array(json_array(started_at, finished_at) ORDER BY started_at) FROM jobs
      WHERE run_id = runs.id AND retried = 0 AND started_at IS NOT NULL) END";

fn select(tail: &str) -> String {
    let run = rows::RUN;
    format!("SELECT {run}, day, day_number, {TIMED_OUT}, {STRETCHES} FROM runs WHERE parent_run_id IS NULL AND {tail}")
}

fn build(row: &rusqlite::Row<'_>) -> rusqlite::Result<Build> {
    let columns = rows::RUN.split(',').count();
    let run = rows::run(row)?;
    let numbers = Numbers { number: run.number, day: row.get(columns)?, of_day: row.get(columns + 1)? };
    let stretches: Option<Vec<(i64, Option<i64>)>> = rows::optional_json(row, columns + 3)?;
    let time = |(begin, end): (i64, Option<i64>)| (Timestamp(begin), end.map(Timestamp));
    let stretches = stretches.unwrap_or_default().into_iter().map(time).collect();
    Ok(Build { run, numbers, timed_out: row.get(columns + 2)?, stretches })
}

/// The newest build of a pipeline.
pub fn last(conn: &Connection, pipeline: PipelineId) -> Result<Option<Build>, StoreError> {
    let sql = select("pipeline_id = ?1 ORDER BY id DESC LIMIT 1");
    Ok(conn.prepare_cached(&sql)?.query_row([pipeline.0], build).optional()?)
}

/// The newest build of a pipeline that has come to an end and did something.
pub fn last_ended(conn: &Connection, pipeline: PipelineId) -> Result<Option<Build>, StoreError> {
    let sql = select("pipeline_id = ?1 AND status IN ('success', 'failed', 'canceled') ORDER BY id DESC LIMIT 1");
    Ok(conn.prepare_cached(&sql)?.query_row([pipeline.0], build).optional()?)
}

/// The newest build of a pipeline that has not come to an end.
pub fn last_live(conn: &Connection, pipeline: PipelineId) -> Result<Option<Build>, StoreError> {
    let sql = select(
        "pipeline_id = ?1 AND status NOT IN ('success', 'failed', 'canceled', 'skipped') ORDER BY id DESC LIMIT 1",
    );
    Ok(conn.prepare_cached(&sql)?.query_row([pipeline.0], build).optional()?)
}

/// The build of a pipeline that has this number.
pub fn by_number(conn: &Connection, pipeline: PipelineId, number: i64) -> Result<Option<Build>, StoreError> {
    let sql = select("pipeline_id = ?1 AND number = ?2 ORDER BY id DESC LIMIT 1");
    Ok(conn.prepare_cached(&sql)?.query_row((pipeline.0, number), build).optional()?)
}

/// A build by the number of its run.
pub fn get(conn: &Connection, id: RunId) -> Result<Option<Build>, StoreError> {
    Ok(conn.prepare_cached(&select("id = ?1"))?.query_row([id.0], build).optional()?)
}

/// Which builds of a pipeline are wanted: made at or after `from` and before `to`.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The earliest time of making.
    pub from: Timestamp,
    /// The first time that is too late.
    pub to: Timestamp,
}

/// A page of a pipeline's builds, newest first, and how many there are in all.
pub fn page(
    conn: &Connection,
    pipeline: PipelineId,
    span: Span,
    offset: u64,
    limit: u32,
) -> Result<(Vec<Build>, u64), StoreError> {
    let values: [Value; 3] = [pipeline.0.into(), span.from.0.into(), span.to.0.into()];
    let clause = "pipeline_id = ?1 AND created_at >= ?2 AND created_at < ?3";
    let count = format!("SELECT count(*) FROM runs WHERE parent_run_id IS NULL AND {clause}");
    let total: i64 = conn.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?;
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let sql = select(&format!("{clause} ORDER BY id DESC LIMIT {limit} OFFSET {offset}"));
    let mut query = conn.prepare(&sql)?;
    let found = query.query_map(params_from_iter(&values), build)?.collect::<Result<_, _>>()?;
    Ok((found, total as u64))
}

/// How many of the newest builds that went well or failed went well, and how many failed. Canceled ones and those
/// that did nothing tell nothing.
pub fn health(conn: &Connection, pipeline: PipelineId) -> Result<(u32, u32), StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT status = 'success' FROM runs WHERE pipeline_id = ?1 AND parent_run_id IS NULL
             AND status IN ('success', 'failed') ORDER BY id DESC LIMIT ?2",
    )?;
    let judged = query.query_map((pipeline.0, JUDGED), |row| row.get::<_, bool>(0))?;
    let judged = judged.collect::<Result<Vec<_>, _>>()?;
    let good = judged.iter().filter(|is_good| **is_good).count() as u32;
    Ok((good, judged.len() as u32 - good))
}
