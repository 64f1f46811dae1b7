//! Runs and hand-made jobs in one list, as Ordine's dialect shows them.

use std::collections::HashMap;

use model::{ProjectId, Reason, Run, RunId, Status, Timestamp};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::State;
use super::handmade::{HANDMADE, Handmade, handmade};
use crate::store::{Scope, StoreError, rows};

/// What a list of Ordine's jobs is filtered by; all given ones must hold.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only this state.
    pub state: Option<State>,
    /// Only this project, as the script called it.
    pub project: Option<String>,
    /// Only this pipeline.
    pub pipeline: Option<String>,
    /// Only runs older than this, and hand-made jobs of a smaller rank: the next page.
    pub before: Option<(i64, i64)>,
    /// At most this many of each.
    pub limit: u32,
}

struct Clauses {
    sql: String,
    values: Vec<Sql>,
}

impl Clauses {
    fn and(&mut self, clause: &str, value: impl Into<Sql>) {
        self.values.push(value.into());
        self.sql.push_str(" AND ");
        self.sql.push_str(&clause.replace('?', &format!("?{}", self.values.len())));
    }
}

/// `projects` are the ids of the projects that `filter.project` names.
fn run_clauses(filter: &JobFilter, project: Option<ProjectId>) -> Clauses {
    let mut clauses = Clauses { sql: "WHERE 1".into(), values: Vec::new() };
    if let Some(state) = filter.state {
        // The words come from the enum, never from the client.
        let words: Vec<_> = state.statuses().iter().map(|status| format!("'{status}'")).collect();
        clauses.sql.push_str(&format!(" AND status IN ({})", words.join(", ")));
    }
    if let Some(wanted) = &filter.project {
        match project {
            Some(id) => clauses.and(&format!("(external_project = ? OR project_id = {id})"), wanted.clone()),
            None => clauses.and("external_project = ?", wanted.clone()),
        }
    }
    if let Some(key) = &filter.pipeline {
        clauses.and("pipeline_key = ?", key.clone());
    }
    clauses
}

fn handmade_clauses(filter: &JobFilter) -> Clauses {
    let mut clauses = Clauses { sql: "WHERE 1".into(), values: Vec::new() };
    if let Some(state) = filter.state {
        clauses.and("status = ?", state.as_str().to_owned());
    }
    if let Some(project) = &filter.project {
        clauses.and("project = ?", project.clone());
    }
    if let Some(pipeline) = &filter.pipeline {
        clauses.and("pipeline = ?", pipeline.clone());
    }
    clauses
}

/// One page of both kinds, each newest first, and how many there are in all.
#[derive(Debug)]
pub struct JobPage {
    /// Runs, without their stages.
    pub runs: Vec<Run>,
    /// Hand-made jobs.
    pub handmade: Vec<Handmade>,
    /// Of both kinds, whatever the page.
    pub total: u64,
}

/// Runs and hand-made jobs that fit, at most `limit` + 1 of each.
/// Runs of these projects, and those hand-made jobs that are asked for.
pub fn jobs(conn: &Connection, filter: &JobFilter, scope: &Scope, with_handmade: bool) -> Result<JobPage, StoreError> {
    let project = match &filter.project {
        Some(name) => project_called(conn, name)?,
        None => None,
    };
    let count = |table: &str, clauses: &Clauses| -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {table} {}", clauses.sql);
        let values = params_from_iter(clauses.values.iter());
        Ok(conn.prepare_cached(&sql)?.query_row(values, |row| row.get::<_, i64>(0))? as u64)
    };
    let (mut of_runs, mut of_handmade) = (run_clauses(filter, project), handmade_clauses(filter));
    of_runs.and(&format!("{} AND ?", scope.sql("project_id")), 1);
    of_handmade.and("?", i64::from(with_handmade));
    let total = count("runs", &of_runs)? + count("handmade_jobs", &of_handmade)?;
    if let Some((run, rank)) = filter.before {
        of_runs.and("id < ?", run);
        of_handmade.and("rank < ?", rank);
    }
    let limit = i64::from(filter.limit) + 1;
    let sql = format!("SELECT {} FROM runs {} ORDER BY id DESC LIMIT {limit}", rows::RUN, of_runs.sql);
    let runs =
        conn.prepare_cached(&sql)?.query_map(params_from_iter(of_runs.values), rows::run)?.collect::<Result<_, _>>()?;
    let sql = format!("SELECT {HANDMADE} FROM handmade_jobs {} ORDER BY rank DESC LIMIT {limit}", of_handmade.sql);
    let handmade = conn
        .prepare_cached(&sql)?
        .query_map(params_from_iter(of_handmade.values), handmade)?
        .collect::<Result<_, _>>()?;
    Ok(JobPage { runs, handmade, total })
}

/// Asks each of three indexes.
pub(in crate::store) const CALLED: &str = "SELECT id FROM projects WHERE path = ?1 OR uid = ?1 OR id = ?2 LIMIT 1";

/// The project with this path, uid or number.
pub fn project_called(conn: &Connection, name: &str) -> Result<Option<ProjectId>, StoreError> {
    // A number as it is told: not `007`, nor `+7`.
    let number = name.parse::<i64>().ok().filter(|number| number.to_string() == name);
    Ok(conn.prepare_cached(CALLED)?.query_row((name, number), |row| Ok(ProjectId(row.get(0)?))).optional()?)
}

/// A job of a run in a few words.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// Whether its failure is ignored.
    pub allow_failure: bool,
    /// The script's exit code.
    pub exit_code: Option<i32>,
    /// When a runner took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// The latest attempts of the jobs of these runs.
pub fn briefs(conn: &Connection, runs: &[RunId]) -> Result<HashMap<RunId, Vec<Brief>>, StoreError> {
    let mut found: HashMap<RunId, Vec<Brief>> = HashMap::new();
    let mut statement = conn.prepare_cached(
        "SELECT id, name, stage, status, reason, allow_failure, exit_code, started_at, finished_at FROM jobs
         WHERE run_id = ?1 AND retried = 0 ORDER BY stage_index, position",
    )?;
    for run in runs {
        let briefs = statement.query_map([run.0], |row| {
            Ok(Brief {
                id: row.get(0)?,
                name: row.get(1)?,
                stage: row.get(2)?,
                status: rows::parsed(row, 3)?,
                reason: rows::json(row, 4)?,
                allow_failure: row.get(5)?,
                exit_code: row.get(6)?,
                started_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                finished_at: row.get::<_, Option<i64>>(8)?.map(Timestamp),
            })
        })?;
        found.insert(*run, briefs.collect::<Result<_, _>>()?);
    }
    Ok(found)
}
