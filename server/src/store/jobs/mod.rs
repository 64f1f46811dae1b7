//! Jobs: attempts, transitions, and the nodes that the scheduler decides on.

mod bridges;
mod left;

use std::collections::HashMap;

use model::event::Change;
use model::plan::{PlannedJob, Variable};
use model::schedule::{Node, Started};
use model::{Error, FailureReason, Job, JobId, JobKind, PipelineId, ProjectId, Reason, RunId, RunnerId, Status};
use rusqlite::{Connection, OptionalExtension};

pub use bridges::{due_bridges, forget_child, hold, instances_called, latest_called, set_child};
pub use left::{
    add_artifact, dotenv, drop_artifacts, end_free_artifacts, erase, expire_artifacts, expired, keep_artifacts,
    next_expiry, set_reported, set_words,
};

use super::{Board, Scope, StoreError, Tx, resources, rows, runs};
use crate::random;

/// A job with what only the server needs to know.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The job.
    pub job: Job,
    /// Its place in the definition, which finds its spec.
    pub position: i64,
    /// Whether its runner can stop it gracefully.
    pub graceful: bool,
    /// Hash of its token.
    pub token_hash: Option<Vec<u8>>,
    /// Variables given when it was played.
    pub variables: Vec<Variable>,
    /// The pattern that finds its coverage in its log.
    pub coverage_pattern: Option<String>,
}

/// A job by id.
pub fn get(conn: &Connection, id: JobId) -> Result<Option<Job>, StoreError> {
    let sql = format!("SELECT {} FROM jobs WHERE id = ?1", rows::JOB);
    Ok(conn.prepare_cached(&sql)?.query_row([id.0], rows::job).optional()?)
}

/// A job that must be there, with all that the server knows of it.
pub fn require(conn: &Connection, id: JobId) -> Result<Stored, StoreError> {
    let sql = format!(
        "SELECT {}, position, graceful, token_hash, coverage_pattern, variables FROM jobs WHERE id = ?1",
        rows::JOB
    );
    let found = conn
        .prepare_cached(&sql)?
        .query_row([id.0], |row| {
            Ok(Stored {
                job: rows::job(row)?,
                position: row.get("position")?,
                graceful: row.get("graceful")?,
                token_hash: row.get("token_hash")?,
                coverage_pattern: row.get("coverage_pattern")?,
                variables: rows::json(row, row.as_ref().column_index("variables")?)?,
            })
        })
        .optional()?;
    found.ok_or_else(|| Error::not_found("job").into())
}

/// The runner that took a job, as long as it is known.
pub fn runner_of(conn: &Connection, id: JobId) -> Result<Option<RunnerId>, StoreError> {
    let mut query = conn.prepare_cached("SELECT runner_id FROM jobs WHERE id = ?1")?;
    let found = query.query_row([id.0], |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(found.flatten().map(RunnerId))
}

/// All attempts of all jobs of a run: by stage, then in the order of the definition, then by attempt.
pub fn of_run(conn: &Connection, run: RunId) -> Result<Vec<Job>, StoreError> {
    let sql = format!("SELECT {} FROM jobs WHERE run_id = ?1 ORDER BY stage_index, position, attempt", rows::JOB);
    Ok(conn.prepare_cached(&sql)?.query_map([run.0], rows::job)?.collect::<Result<_, _>>()?)
}

/// Which jobs a list has; none that start child runs.
#[derive(Clone, Debug, Default)]
pub struct JobList {
    /// Only those in these statuses; empty means all.
    pub statuses: Vec<Status>,
    /// Only those of this project.
    pub project: Option<ProjectId>,
    /// Only those of runs of this branch or tag.
    pub git_ref: Option<String>,
    /// Only those older than this one.
    pub before: Option<JobId>,
}

/// A page of jobs, newest first.
pub fn list(
    conn: &Connection,
    wanted: &JobList,
    scope: &Scope,
    offset: u64,
    limit: u32,
) -> Result<Vec<Job>, StoreError> {
    // The words come from the enum, never from the client.
    let words: Vec<_> = wanted.statuses.iter().map(|s| format!("'{s}'")).collect();
    let clause = if words.is_empty() { String::new() } else { format!("AND status IN ({})", words.join(", ")) };
    let of_ref = match &wanted.git_ref {
        Some(_) => "AND (SELECT git_ref FROM runs WHERE runs.id = jobs.run_id) = ?4",
        None => "AND ?4 IS NULL",
    };
    let sql = format!(
        "SELECT {} FROM jobs WHERE id < ?1 AND {} AND kind = 'build' {clause} {of_ref}
         ORDER BY id DESC LIMIT ?2 OFFSET ?3",
        rows::JOB,
        scope.sql("project_id")
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let before = wanted.before.map_or(i64::MAX, |id| id.0);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let jobs = statement.query_map((before, limit, offset, &wanted.git_ref), rows::job)?;
    Ok(jobs.collect::<Result<_, _>>()?)
}

/// The jobs of a project that have ended.
pub fn ended_of_project(conn: &Connection, project: ProjectId) -> Result<Vec<JobId>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id FROM jobs WHERE run_id IN (SELECT id FROM runs WHERE project_id = ?1) AND finished_at IS NOT NULL
             AND erased_at IS NULL ORDER BY id",
    )?;
    Ok(query.query_map([project.0], |row| Ok(JobId(row.get(0)?)))?.collect::<Result<_, _>>()?)
}

/// How many jobs wait for a runner, and how many run.
pub fn load(conn: &Connection, scope: &Scope) -> Result<(u64, u64), StoreError> {
    // With a sign the column leads to no index: those of the few jobs that wait or run are the ones.
    let seen = scope.sql("+project_id");
    let sql = format!(
        "SELECT (SELECT count(*) FROM jobs WHERE status = 'pending' AND kind = 'build' AND {seen}),
                (SELECT count(*) FROM jobs
                 WHERE status IN ('running', 'canceling') AND kind = 'build' AND {seen})"
    );
    Ok(conn.query_row(&sql, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))?)
}

/// The latest attempts of a run's jobs as the scheduler sees them, and their ids.
pub fn nodes(conn: &Connection, run: RunId) -> Result<(Vec<JobId>, Vec<Node>), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, stage_index, status, job_when, allow_failure, needs FROM jobs
         WHERE run_id = ?1 AND retried = 0 ORDER BY position",
    )?;
    let mut ids = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    let mut needs: Vec<Option<Vec<String>>> = Vec::new();
    let mut found = statement.query([run.0])?;
    while let Some(row) = found.next()? {
        ids.push(JobId(row.get(0)?));
        needs.push(match row.get_ref(6)?.as_str_or_null().map_err(rusqlite::Error::from)? {
            Some(text) => Some(serde_json::from_str(text)?),
            None => None,
        });
        nodes.push(Node {
            name: row.get(1)?,
            stage: row.get::<_, u32>(2)? as usize,
            status: rows::parsed(row, 3)?,
            when: rows::when(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?),
            allow_failure: row.get(5)?,
            needs: None,
        });
    }
    if needs.iter().any(Option::is_some) {
        let place: HashMap<String, usize> = nodes.iter().enumerate().map(|(i, node)| (node.name.clone(), i)).collect();
        for (node, names) in nodes.iter_mut().zip(needs) {
            node.needs = names.map(|names| names.iter().filter_map(|name| place.get(name).copied()).collect());
        }
    }
    Ok((ids, nodes))
}

/// The board of a run, to decide with. It has to be [kept](keep) once what was decided is written.
pub fn board(tx: &mut Tx<'_>, run: RunId) -> Result<Board, StoreError> {
    if let Some(board) = tx.boards.take(run) {
        return Ok(board);
    }
    let (ids, nodes) = nodes(tx.conn, run)?;
    Ok(Board { run, ids, nodes })
}

/// Gives a board back that says what is written.
pub fn keep(tx: &mut Tx<'_>, board: Board) {
    tx.boards.put(board);
}

/// Makes the first attempt of a planned job.
#[expect(clippy::too_many_arguments, reason = "one column each, called in one place")]
pub fn insert_first(
    tx: &mut Tx<'_>,
    run: RunId,
    project: ProjectId,
    position: i64,
    stage: usize,
    planned: &PlannedJob,
    user: &str,
    default_timeout: u32,
) -> Result<(), StoreError> {
    let needs: Option<Vec<&str>> =
        planned.needs.as_ref().map(|needs| needs.iter().map(|need| need.job.as_str()).collect());
    let reason = Reason::WaitsForStage { stage: String::new() };
    if let Some(group) = &planned.resource_group {
        resources::ensure(tx, project, group)?;
    }
    let kind = if planned.trigger.is_some() { JobKind::Bridge } else { JobKind::Build };
    tx.conn
        .prepare_cached(
            "INSERT INTO jobs (uid, run_id, project_id, position, name, stage, stage_index, status, reason, job_when,
                 allow_failure, needs, attempt, user, timeout, created_at, version, start_in, resource_group, interruptible,
                 kind, tags, environment, confirmation, coverage_pattern)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'created', ?8, ?9, ?10, ?11, 1, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                 ?21, ?22, ?23)",
        )?
        .execute(rusqlite::params![
            random::uid().as_str(),
            run.0,
            project.0,
            position,
            planned.name,
            planned.stage,
            stage as i64,
            serde_json::to_string(&reason)?,
            planned.when.as_str(),
            planned.allow_failure.always(),
            needs.map(|needs| serde_json::to_string(&needs)).transpose()?,
            user,
            planned.timeout.unwrap_or(default_timeout),
            tx.now.0,
            tx.next_version().0,
            planned.start_in,
            planned.resource_group,
            planned.interruptible,
            kind.as_str(),
            (!planned.tags.is_empty()).then(|| serde_json::to_string(&planned.tags)).transpose()?,
            planned.environment.as_ref().map(|environment| &environment.name),
            planned.manual_confirmation,
            planned.coverage,
        ])?;
    Ok(())
}

/// Makes the next attempt of a job, created; the old one becomes `retried`. How long it may run and whether it may fail are
/// asked of the definition anew: a runner may have allowed the old one less time, and its exit code may have been one of
/// those that are allowed.
pub fn insert_next(tx: &mut Tx<'_>, old: &Stored, user: &str, reason: &Reason) -> Result<JobId, StoreError> {
    let marked = tx
        .conn
        .prepare_cached("UPDATE jobs SET retried = 1, version = ?2 WHERE id = ?1 AND retried = 0")?
        .execute((old.job.id.0, tx.next_version().0))?;
    if marked == 0 {
        return Err(Error::conflict("the job was retried already").into());
    }
    tx.boards.forget(old.job.run_id);
    emit(tx, old.job.id)?;
    let planned = runs::spec(tx.conn, old.job.run_id, old.position)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO jobs (uid, run_id, project_id, position, name, stage, stage_index, status, reason, job_when,
                 allow_failure, needs, attempt, user, variables, timeout, created_at, version, start_in, resource_group,
                 interruptible, kind, tags, environment, confirmation, coverage_pattern)
             SELECT ?2, run_id, project_id, position, name, stage, stage_index, 'created', ?3, job_when,
                 ?4, needs, attempt + 1, ?5, variables,
                 coalesce(?8, (SELECT timeout FROM projects WHERE projects.id = jobs.project_id)), ?6, ?7, start_in,
                 resource_group, interruptible, kind, tags, environment, confirmation, coverage_pattern
             FROM jobs WHERE id = ?1",
        )?
        .execute(rusqlite::params![
            old.job.id.0,
            random::uid().as_str(),
            serde_json::to_string(reason)?,
            planned.allow_failure.always(),
            user,
            tx.now.0,
            tx.next_version().0,
            planned.timeout,
        ])?;
    let new = JobId(tx.conn.last_insert_rowid());
    emit(tx, new)?;
    Ok(new)
}

/// What a job needs to run.
#[derive(Clone, Debug)]
pub struct Wants {
    /// The project whose resource groups these are.
    pub project: ProjectId,
    /// The resource group.
    pub group: Option<String>,
    /// Script or child run.
    pub kind: JobKind,
    /// Tags of its runner.
    pub tags: Vec<String>,
}

impl Wants {
    /// Why the job is pending once its turn has come.
    pub fn pending(&self) -> Reason {
        match self.kind {
            JobKind::Bridge => Reason::StartsChild,
            JobKind::Build if self.tags.is_empty() => Reason::WaitsForRunner,
            JobKind::Build => Reason::WaitsForTags { tags: self.tags.clone() },
        }
    }
}

/// What a job needs to run.
pub fn wants(conn: &Connection, id: JobId) -> Result<Wants, StoreError> {
    Ok(conn
        .prepare_cached("SELECT project_id, resource_group, kind = 'bridge', tags FROM jobs WHERE id = ?1")?
        .query_row([id.0], |row| {
            Ok(Wants {
                project: ProjectId(row.get(0)?),
                group: row.get(1)?,
                kind: if row.get(2)? { JobKind::Bridge } else { JobKind::Build },
                tags: rows::optional_json(row, 3)?.unwrap_or_default(),
            })
        })?)
}

/// The jobs of a run (of this kind) as `workflow:auto_cancel` sees them, with their ids.
pub fn started(conn: &Connection, run: RunId, kind: Option<JobKind>) -> Result<(Vec<JobId>, Vec<Started>), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, status, interruptible, EXISTS (SELECT 1 FROM jobs one WHERE one.run_id = jobs.run_id
             AND one.position = jobs.position AND one.started_at IS NOT NULL)
         FROM jobs WHERE run_id = ?1 AND retried = 0 AND (?2 IS NULL OR kind = ?2) ORDER BY position",
    )?;
    let found = statement.query_map((run.0, kind.map(JobKind::as_str)), |row| {
        let seen = Started { status: rows::parsed(row, 1)?, interruptible: row.get(2)?, started: row.get(3)? };
        Ok((JobId(row.get(0)?), seen))
    })?;
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().unzip())
}

/// One transition: compare-and-set of the status, with its reason. A job that is no longer in
/// `from` is a conflict.
pub fn transition(tx: &mut Tx<'_>, id: JobId, from: Status, to: Status, reason: &Reason) -> Result<Job, StoreError> {
    let failure = match reason {
        Reason::Failed { failure, exit_code, .. } if to == Status::Failed => Some((*failure, *exit_code)),
        _ => None,
    };
    let failure = match (to, failure) {
        (Status::Failed, None) => Some((FailureReason::UnknownFailure, None)),
        (_, failure) => failure,
    };
    let changed = tx
        .conn
        .prepare_cached(
            "UPDATE jobs SET status = ?3, reason = ?4, failure_reason = ?5, exit_code = coalesce(?6, exit_code), version = ?7,
                 queued_at = CASE WHEN ?3 = 'pending' THEN ?8 ELSE queued_at END,
                 started_at = CASE WHEN ?3 = 'running' THEN ?8 ELSE started_at END,
                 finished_at = CASE WHEN ?3 IN ('success', 'failed', 'canceled') THEN ?8 ELSE finished_at END
             WHERE id = ?1 AND status = ?2",
        )?
        .execute(rusqlite::params![
            id.0,
            from.as_str(),
            to.as_str(),
            serde_json::to_string(reason)?,
            failure.map(|(reason, _)| reason.as_str()),
            failure.and_then(|(_, code)| code),
            tx.next_version().0,
            tx.now.0,
        ])?;
    if changed == 0 {
        let now = get(tx.conn, id)?.ok_or_else(|| Error::not_found("job"))?;
        return Err(Error::conflict(format!("the job is {} now", now.status)).into());
    }
    let job = emit(tx, id)?;
    if to == Status::Pending {
        match job.kind {
            JobKind::Build => tx.wake_dispatch(),
            JobKind::Bridge => tx.wake_timer(),
        }
    }
    if job.environment.is_some() && (to == Status::Running || to.is_final()) {
        tx.deployed(id);
    }
    tx.boards.moved(job.run_id, id, to);
    if to.is_final() && job.artifacts.iter().any(|one| one.expires_at.is_some()) {
        tx.wake_timer();
    }
    if let Some(group) = &job.resource_group {
        tx.group_changed(job.project_id, group);
    }
    Ok(job)
}

/// Sets who started the job now: who played or retried it.
pub fn set_user(tx: &mut Tx<'_>, id: JobId, user: &str, variables: &[Variable]) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE jobs SET user = ?2, variables = ?3 WHERE id = ?1")?.execute((
        id.0,
        user,
        serde_json::to_string(variables)?,
    ))?;
    Ok(())
}

/// Says anew why the job is in its status, which stays.
pub fn set_reason(tx: &mut Tx<'_>, id: JobId, reason: &Reason) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE jobs SET reason = ?2, version = ?3 WHERE id = ?1")?.execute((
        id.0,
        serde_json::to_string(reason)?,
        tx.next_version().0,
    ))?;
    emit(tx, id).map(drop)
}

/// Says that this failure is (or is not) ignored, once the exit code is known.
pub fn set_allow_failure(tx: &mut Tx<'_>, id: JobId, allowed: bool) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE jobs SET allow_failure = ?2 WHERE id = ?1")?.execute((id.0, allowed))?;
    tx.boards.clear();
    Ok(())
}

/// Milliseconds that each job of a pipeline took the last time it went well, by name. Looks at its
/// last fifty runs. Children are left out: how long they take depends on people, too.
pub fn last_durations(conn: &Connection, pipeline: PipelineId) -> Result<HashMap<String, i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT name, finished_at - started_at FROM jobs
         WHERE run_id IN (SELECT id FROM runs WHERE pipeline_id = ?1 ORDER BY id DESC LIMIT 50)
             AND status = 'success' AND started_at IS NOT NULL AND kind = 'build' ORDER BY id",
    )?;
    let found = statement.query_map([pipeline.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn emit(tx: &mut Tx<'_>, id: JobId) -> Result<Job, StoreError> {
    let job = get(tx.conn, id)?.ok_or_else(|| Error::not_found("job"))?;
    tx.emit(Change::Job(Box::new(job.clone())))?;
    Ok(job)
}

/// The run whose job runs with this token; empty when none does.
pub fn runs_with_token(conn: &Connection, hash: &[u8; 32]) -> Result<Vec<RunId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT run_id FROM jobs INDEXED BY jobs_running WHERE status IN ('running', 'canceling') AND token_hash = ?1",
    )?;
    let found = statement.query_map([hash.as_slice()], |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
