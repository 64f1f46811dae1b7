//! Runs and their stages.

use std::collections::HashMap;

use model::event::Change;
use model::plan::{AutoCancel, Plan, PlannedJob, Variable};
use model::status::Aggregate;
use model::view::{RunFilter, RunMark};
use model::{Error, Given, JobId, NewRun, Parent, Pipeline, PipelineId, Run, RunId, Seq, Status, Timestamp};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};
use serde::{Deserialize, Serialize};

use super::pipelines::Numbers;
use super::{Scope, StoreError, Tx, jobs, pipelines, rows};
use crate::random;

/// What jobs get to know of a commit beyond its title; kept with the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitDetails {
    /// The whole message.
    pub message: String,
    /// `Name <address>`.
    pub author: String,
    /// When it was committed, ISO 8601.
    pub timestamp: String,
    /// When it was written, ISO 8601; empty in runs that did not note it.
    #[serde(default)]
    pub authored_at: String,
    /// Who committed it, `Name <address>`; empty in runs that did not note it.
    #[serde(default)]
    pub committer: String,
    /// The commits before it.
    #[serde(default)]
    pub parents: Vec<String>,
    /// Whether the run's ref is a branch, which may be called as its commit begins; not noted in older runs.
    #[serde(default)]
    pub is_branch: bool,
    /// The repository's default branch.
    pub default_branch: String,
    /// The message of the tag, when the run is for one that has a message.
    pub tag_message: String,
}

/// The commit that a run is made for.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Branch or tag.
    pub git_ref: String,
    /// 40 hexadecimal digits.
    pub sha: String,
    /// First line of its message.
    pub title: String,
    /// Whether `git_ref` is a tag.
    pub is_tag: bool,
    /// What else is known of it.
    pub details: CommitDetails,
}

/// Makes a run with its stages and jobs, all jobs created. The caller settles it in the same
/// transaction.
#[expect(clippy::too_many_arguments, reason = "what a run is made of, called in two places")]
pub fn insert(
    tx: &mut Tx<'_>,
    pipeline: &Pipeline,
    plan: &Plan,
    new: &NewRun,
    commit: &Commit,
    user: &str,
    parent: Option<Parent>,
    default_timeout: u32,
    protected: bool,
) -> Result<RunId, StoreError> {
    let numbers = pipelines::take_numbers(tx, pipeline)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO runs (uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, status,
                 warnings, source, git_ref, is_tag, sha, commit_title, user, input_path, external_project, variables, created_at, version,
                 auto_cancel, name, parent_run_id, parent_job_id, commit_details, protected, schedule_id, schedule_description,
                 updated_at, day, day_number, left_out, description)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'created', 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21, ?22, ?23, ?24, ?25, ?26, ?17, ?27, ?28, ?29, ?30)",
        )?
        .execute(rusqlite::params![
            random::uid().as_str(),
            pipeline.project_id.0,
            pipeline.project_path.as_str(),
            pipeline.id.0,
            pipeline.key.as_str(),
            pipeline.name,
            numbers.number,
            new.source.as_str(),
            commit.git_ref,
            commit.is_tag,
            commit.sha,
            commit.title,
            user,
            new.input_path,
            new.external_project,
            serde_json::to_string(&new.variables)?,
            tx.now.0,
            tx.next_version().0,
            (!plan.auto_cancel.is_default()).then(|| serde_json::to_string(&plan.auto_cancel)).transpose()?,
            plan.name,
            parent.map(|parent| parent.run.0),
            parent.map(|parent| parent.job.0),
            (!commit.sha.is_empty()).then(|| serde_json::to_string(&commit.details)).transpose()?,
            protected,
            new.schedule.as_ref().map(|(id, _)| id.0),
            new.schedule.as_ref().map(|(_, description)| description),
            numbers.day,
            numbers.of_day,
            (!plan.left_out.is_empty()).then(|| serde_json::to_string(&plan.left_out)).transpose()?,
            new.description,
        ])?;
    let run = RunId(tx.conn.last_insert_rowid());
    // Only stages that have jobs are part of a run.
    let used: Vec<&String> = plan.stages.iter().filter(|stage| plan.jobs.iter().any(|j| &j.stage == *stage)).collect();
    for (idx, stage) in used.iter().enumerate() {
        tx.conn
            .prepare_cached(
                "INSERT INTO stages (run_id, idx, name, status, warnings) VALUES (?1, ?2, ?3, 'created', 0)",
            )?
            .execute((run.0, idx as i64, stage.as_str()))?;
    }
    for (position, job) in plan.jobs.iter().enumerate() {
        let stage = used.iter().position(|stage| **stage == job.stage).unwrap_or(0);
        tx.conn.prepare_cached("INSERT INTO job_specs (run_id, position, spec) VALUES (?1, ?2, ?3)")?.execute((
            run.0,
            position as i64,
            serde_json::to_string(job)?,
        ))?;
        jobs::insert_first(tx, run, pipeline.project_id, position as i64, stage, job, user, default_timeout)?;
    }
    Ok(run)
}

/// A run with its stages.
pub fn get(conn: &Connection, id: RunId) -> Result<Option<Run>, StoreError> {
    let sql = format!("SELECT {} FROM runs WHERE id = ?1", rows::RUN);
    let run = conn.prepare_cached(&sql)?.query_row([id.0], rows::run).optional()?;
    run.map(|run| rows::with_stages(conn, run)).transpose()
}

/// The newest run of a project for a commit.
pub fn newest_for(conn: &Connection, project: model::ProjectId, sha: &str) -> Result<Option<Run>, StoreError> {
    let found: Option<i64> = conn
        .prepare_cached(
            "SELECT id FROM runs WHERE project_id = ?1 AND sha = ?2 AND parent_run_id IS NULL ORDER BY id DESC LIMIT 1",
        )?
        .query_row((project.0, sha), |row| row.get(0))
        .optional()?;
    found.map(|id| require(conn, RunId(id))).transpose()
}

/// A run that must be there.
pub fn require(conn: &Connection, id: RunId) -> Result<Run, StoreError> {
    get(conn, id)?.ok_or_else(|| Error::not_found("run").into())
}

/// What a run is called from now on.
pub fn rename(tx: &mut Tx<'_>, id: RunId, name: &str) -> Result<Run, StoreError> {
    tx.conn.prepare_cached("UPDATE runs SET name = ?2, version = ?3 WHERE id = ?1")?.execute((
        id.0,
        name,
        tx.next_version().0,
    ))?;
    let run = require(tx.conn, id)?;
    tx.emit(Change::Run(Box::new(run.clone())))?;
    Ok(run)
}

/// Whether a run is one of a protected ref.
pub fn is_protected(conn: &Connection, id: RunId) -> Result<bool, StoreError> {
    let mut query = conn.prepare_cached("SELECT protected FROM runs WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// The id of the run with this uid.
pub fn id_of_uid(conn: &Connection, uid: &str) -> Result<Option<RunId>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT id FROM runs WHERE uid = ?1")?
        .query_row([uid], |row| Ok(RunId(row.get(0)?)))
        .optional()?)
}

/// What counts a run.
pub fn numbers(conn: &Connection, id: RunId) -> Result<Numbers, StoreError> {
    let mut query = conn.prepare_cached("SELECT number, day, day_number FROM runs WHERE id = ?1")?;
    let found = query
        .query_row([id.0], |row| Ok(Numbers { number: row.get(0)?, day: row.get(1)?, of_day: row.get(2)? }))
        .optional()?;
    found.ok_or_else(|| Error::not_found("run").into())
}

/// The runs above this one: the one whose job started it first.
pub fn ancestors(conn: &Connection, id: RunId) -> Result<Vec<RunId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH RECURSIVE above (id, depth) AS (
             SELECT parent_run_id, 1 FROM runs WHERE id = ?1
             UNION ALL SELECT parent_run_id, depth + 1 FROM runs JOIN above USING (id) WHERE depth < 10)
         SELECT id FROM above WHERE id IS NOT NULL ORDER BY depth",
    )?;
    let found = statement.query_map([id.0], |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The runs that wait for a person somewhere below: a child that they wait for does.
pub fn waiting_below(conn: &Connection) -> Result<Vec<RunId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH RECURSIVE above (id, depth) AS (
             SELECT parent_run_id, 1 FROM runs WHERE status = 'manual' AND parent_run_id IS NOT NULL
             UNION SELECT parent_run_id, depth + 1 FROM runs JOIN above USING (id)
                 WHERE parent_run_id IS NOT NULL AND depth < 10)
         SELECT DISTINCT id FROM above JOIN runs USING (id) WHERE parent_run_id IS NULL AND status = 'running'
             AND NOT EXISTS (SELECT 1 FROM jobs WHERE run_id = runs.id AND kind = 'build'
                 AND status IN ('pending', 'running', 'canceling'))",
    )?;
    let found = statement.query_map([], |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The runs that jobs of this one started.
pub fn children(conn: &Connection, id: RunId) -> Result<Vec<RunId>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT id FROM runs WHERE parent_run_id = ?1")?;
    let found = statement.query_map([id.0], |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The runs that jobs of this one started, and those below them; the deepest first.
pub fn descendants(conn: &Connection, id: RunId) -> Result<Vec<RunId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH RECURSIVE below (id) AS (
             SELECT id FROM runs WHERE parent_run_id = ?1
             UNION SELECT runs.id FROM runs JOIN below ON runs.parent_run_id = below.id)
         SELECT id FROM below ORDER BY id DESC",
    )?;
    let found = statement.query_map([id.0], |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Hangs a child run on another attempt of the job that started it.
pub fn set_parent_job(tx: &mut Tx<'_>, id: RunId, job: JobId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE runs SET parent_job_id = ?2, version = ?3 WHERE id = ?1")?.execute((
        id.0,
        job.0,
        tx.next_version().0,
    ))?;
    let run = require(tx.conn, id)?;
    tx.emit(Change::Run(Box::new(run)))
}

/// The commit of a run.
pub fn commit(conn: &Connection, run: &Run) -> Result<Commit, StoreError> {
    let details = conn
        .prepare_cached("SELECT commit_details FROM runs WHERE id = ?1")?
        .query_row([run.id.0], |row| rows::optional_json(row, 0))?;
    Ok(Commit {
        git_ref: run.git_ref.clone(),
        sha: run.sha.clone(),
        title: run.commit_title.clone(),
        is_tag: run.is_tag,
        details: details.unwrap_or_default(),
    })
}

/// The variables that the run was started with.
pub fn variables(conn: &Connection, id: RunId) -> Result<Vec<Variable>, StoreError> {
    let found = conn
        .prepare_cached("SELECT variables FROM runs WHERE id = ?1")?
        .query_row([id.0], |row| rows::json(row, 0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// What a row shows of the variables that these runs were started with.
pub fn glimpses(conn: &Connection, ids: &[RunId]) -> Result<HashMap<RunId, Given>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut query = conn.prepare_cached(
        "SELECT id, variables FROM runs WHERE id IN (SELECT value FROM json_each(?1)) AND variables <> '[]'",
    )?;
    let mut found = query.query([serde_json::to_string(&ids)?])?;
    let mut all = HashMap::new();
    while let Some(row) = found.next()? {
        let variables: Vec<Variable> = rows::json(row, 1)?;
        all.extend(Given::of(&variables).map(|given| (RunId(row.get_unwrap(0)), given)));
    }
    Ok(all)
}

/// `workflow:auto_cancel` of a run.
pub fn auto_cancel(conn: &Connection, id: RunId) -> Result<AutoCancel, StoreError> {
    let found: Option<String> =
        conn.prepare_cached("SELECT auto_cancel FROM runs WHERE id = ?1")?.query_row([id.0], |row| row.get(0))?;
    Ok(found.map_or(Ok(AutoCancel::default()), |text| serde_json::from_str(&text))?)
}

/// The runs of the same pipeline and ref that have not ended and are for another commit than `run`.
pub fn outdated(conn: &Connection, run: &Run) -> Result<Vec<RunId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM runs WHERE pipeline_id = (SELECT pipeline_id FROM runs WHERE id = ?1) AND git_ref = ?2
             AND sha <> '' AND sha <> ?3 AND finished_at IS NULL AND id < ?1 AND parent_run_id IS NULL",
    )?;
    let found = statement.query_map((run.id.0, &run.git_ref, &run.sha), |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What the plan says of the job at this place of the run.
pub fn spec(conn: &Connection, run: RunId, position: i64) -> Result<PlannedJob, StoreError> {
    Ok(conn
        .prepare_cached("SELECT spec FROM job_specs WHERE run_id = ?1 AND position = ?2")?
        .query_row((run.0, position), |row| rows::json(row, 0))?)
}

/// Runs that fit the filter, newest first, one more than the limit when there are more.
pub fn list(conn: &Connection, filter: &RunFilter, scope: &Scope) -> Result<Vec<Run>, StoreError> {
    let (clauses, values) = clauses(filter, scope);
    let limit = i64::from(filter.limit.unwrap_or(50).clamp(1, 200)) + 1;
    let sql = format!("SELECT {} FROM runs WHERE {clauses} ORDER BY id DESC LIMIT {limit}", rows::RUN);
    let mut statement = conn.prepare_cached(&sql)?;
    let runs = statement.query_map(params_from_iter(values), rows::run)?.collect::<Result<Vec<_>, _>>()?;
    runs.into_iter().map(|run| rows::with_stages(conn, run)).collect()
}

pub(super) fn clauses(filter: &RunFilter, scope: &Scope) -> (String, Vec<Value>) {
    let mut sql = scope.sql("project_id");
    let mut values: Vec<Value> = Vec::new();
    let mut and = |clause: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&clause.replace('?', &format!("?{}", values.len())));
    };
    if let Some(key) = &filter.pipeline {
        and("pipeline_key = ?", key.as_str().to_owned().into());
    }
    if let Some(project) = filter.project {
        and("project_id = ?", project.0.into());
    }
    if !filter.status.is_empty() {
        // The words come from the enum, never from the client.
        let list: Vec<_> = filter.status.iter().map(|s| format!("'{s}'")).collect();
        and(&format!("? AND status IN ({})", list.join(", ")), 1.into());
    }
    if let Some(git_ref) = &filter.git_ref {
        and("git_ref = ?", git_ref.clone().into());
    }
    if let Some(user) = &filter.user {
        and("user = ?", user.clone().into());
    }
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        and(
            "instr(lower(pipeline_name || char(10) || pipeline_key || char(10) || git_ref || char(10) || commit_title), ?) > 0",
            text.to_lowercase().into(),
        );
    }
    if let Some(before) = filter.before {
        and("id < ?", before.0.into());
    }
    match filter.source {
        Some(source) => and("source = ?", source.as_str().to_owned().into()),
        None => sql.push_str(" AND parent_run_id IS NULL"),
    }
    (sql, values)
}

/// How many runs there are in these statuses (all when empty).
pub fn count(conn: &Connection, statuses: &[Status]) -> Result<u64, StoreError> {
    let list: Vec<_> = statuses.iter().map(|s| format!("'{s}'")).collect();
    let clause = if list.is_empty() { String::new() } else { format!("WHERE status IN ({})", list.join(", ")) };
    Ok(conn.query_row(&format!("SELECT count(*) FROM runs {clause}"), [], |row| Ok(row.get::<_, i64>(0)? as u64))?)
}

/// The last runs of a pipeline as marks, newest first.
pub fn marks(conn: &Connection, pipeline: PipelineId, limit: u32) -> Result<Vec<RunMark>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, number, status, warnings, finished_at - started_at FROM runs
         WHERE pipeline_id = ?1 AND parent_run_id IS NULL ORDER BY id DESC LIMIT ?2",
    )?;
    let marks = statement.query_map((pipeline.0, limit), |row| {
        Ok(RunMark {
            id: RunId(row.get(0)?),
            number: row.get(1)?,
            status: rows::parsed(row, 2)?,
            warnings: row.get(3)?,
            duration: row.get(4)?,
        })
    })?;
    Ok(marks.collect::<Result<_, _>>()?)
}

/// Number of the last run of a pipeline that went well.
pub fn last_good(conn: &Connection, pipeline: PipelineId) -> Result<Option<i64>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT number FROM runs WHERE pipeline_id = ?1 AND status = 'success' AND parent_run_id IS NULL
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([pipeline.0], |row| row.get(0))
        .optional()?)
}

/// Writes the computed statuses of a run and its stages where they changed, and tells of it.
/// `is_begun`: one of its jobs runs, whatever the run's own status: beside a job that somebody decides about it rests.
/// `touched` says that something else of the run changed, so that it gets a new version anyway.
pub fn write_status(
    tx: &mut Tx<'_>,
    id: RunId,
    stages: &[Aggregate],
    run: Aggregate,
    is_begun: bool,
    touched: bool,
) -> Result<(), StoreError> {
    let mut changed = touched;
    for (idx, stage) in stages.iter().enumerate() {
        changed |= 0 < tx
            .conn
            .prepare_cached(
                "UPDATE stages SET status = ?3, warnings = ?4
                     WHERE run_id = ?1 AND idx = ?2 AND (status IS NOT ?3 OR warnings IS NOT ?4)",
            )?
            .execute((id.0, idx as i64, stage.status.as_str(), stage.warnings))?;
    }
    let (old, warnings, begins): (String, bool, bool) = tx
        .conn
        .prepare_cached("SELECT status, warnings, ?2 AND started_at IS NULL FROM runs WHERE id = ?1")?
        .query_row((id.0, is_begun), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if !changed && !begins && old == run.status.as_str() && warnings == run.warnings {
        return Ok(());
    }
    let turned = old != run.status.as_str();
    let rests = turned && (run.status.is_complete() || run.status == Status::Manual);
    let ran = if rests { Some(ran(tx, id)?) } else { None };
    let started = begins || run.status.is_final();
    // A skipped run has an end too, but no start.
    let ended = run.status.is_complete() && turned;
    tx.conn
        .prepare_cached(
            "UPDATE runs SET status = ?2, warnings = ?3, version = ?4,
                 started_at = coalesce(started_at, CASE WHEN ?5 THEN
                     (SELECT min(started_at) FROM jobs WHERE run_id = ?1 AND started_at IS NOT NULL) END),
                 finished_at = CASE WHEN ?6 THEN ?7 ELSE finished_at END,
                 updated_at = CASE WHEN ?8 THEN ?7 ELSE updated_at END,
                 ran = coalesce(?9, ran)
             WHERE id = ?1",
        )?
        .execute((
            id.0,
            run.status.as_str(),
            run.warnings,
            tx.next_version().0,
            started,
            ended,
            tx.now.0,
            turned,
            ran,
        ))?;
    // What an older run of the ref kept may go now.
    if turned && run.status == Status::Success {
        tx.wake_timer();
    }
    let run = require(tx.conn, id)?;
    if let Some(parent) = run.parent {
        tx.child_changed(parent.job);
    }
    tx.emit(Change::Run(Box::new(run)))
}

/// Milliseconds in which a job of the run ran, by its latest attempts.
fn ran(tx: &Tx<'_>, id: RunId) -> Result<i64, StoreError> {
    let mut query = tx.conn.prepare_cached(
        "SELECT started_at, coalesce(finished_at, ?2) FROM jobs WHERE run_id = ?1 AND retried = 0 AND started_at IS NOT NULL
         ORDER BY started_at",
    )?;
    let found = query.query_map((id.0, tx.now.0), |row| Ok((Timestamp(row.get(0)?), Timestamp(row.get(1)?))))?;
    Ok(model::run::covered(found.collect::<Result<Vec<_>, _>>()?))
}

/// Deletes a run with its stages and jobs. Files are the caller's affair.
pub fn delete(tx: &mut Tx<'_>, id: RunId) -> Result<(), StoreError> {
    let gone = tx.conn.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([id.0])?;
    if gone == 0 {
        return Err(Error::not_found("run").into());
    }
    tx.boards.forget(id);
    jobs::forget_child(tx, id)?;
    tx.emit(Change::RunDeleted(id))
}

/// The commit that a snapshot on this connection reaches to.
pub fn seq(conn: &Connection) -> Result<Seq, StoreError> {
    super::events::last(conn)
}
