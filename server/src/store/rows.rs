//! Rows to model types, in one place.

use std::str::FromStr;

use model::plan::When;
use model::{
    FailureReason, Job, JobKind, Parent, Pipeline, Project, ProjectOptions, Protection, Run, Stage, Status, Timestamp,
};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use super::StoreError;

pub(super) const PROJECT: &str = "id, uid, path, source, created_at, version, visibility, public_jobs, protect_default, \
     protected_refs, description, default_branch, config_path, timeout, git_depth, auto_cancel, shared_runners, updated_at, name, namespace_id, keep_latest";
pub(super) const PIPELINE: &str = "p.id, p.uid, p.key, p.project_id, j.path, p.name, p.description, p.definition, \
     p.created_at, p.updated_at, p.version, p.disabled, p.creator";
pub(super) const RUN: &str = "id, uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, \
     status, warnings, source, git_ref, is_tag, sha, commit_title, user, input_path, external_project, created_at, \
     started_at, finished_at, version, name, parent_run_id, parent_job_id, schedule_id, updated_at, ran, \
     length(git_ref) >= 7 AND sha GLOB lower(git_ref) || '*' AND NOT is_tag AND (commit_details ->> 'is_branch') IS NOT 1";
pub(super) const JOB: &str = "id, uid, run_id, project_id, name, stage, stage_index, status, reason, job_when, \
     allow_failure, needs, attempt, retried, failure_reason, exit_code, user, runner, timeout, created_at, queued_at, \
     started_at, finished_at, artifacts, erased_at, version, resource_group, kind, child_run_id, tags, environment, \
     confirmation, coverage, tests, artifacts_expired_at";

fn damaged(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// A text column whose type can be read from text.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::fmt::Debug,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| damaged(column, std::io::Error::other(format!("{text:?}: {error:?}"))))
}

/// A text column that holds JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| damaged(column, error))
}

/// As [`json`], of a column that may be NULL.
pub(super) fn optional_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    if row.get_ref(column)? == rusqlite::types::ValueRef::Null { Ok(None) } else { json(row, column).map(Some) }
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

pub(super) fn id<T>(row: &Row<'_>, column: usize, make: fn(i64) -> T) -> rusqlite::Result<T> {
    Ok(make(row.get(column)?))
}

pub(super) fn project(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        id: id(row, 0, model::ProjectId)?,
        uid: parsed(row, 1)?,
        path: parsed(row, 2)?,
        namespace_id: row.get(19)?,
        source: row.get(3)?,
        visibility: parsed(row, 6)?,
        public_jobs: row.get(7)?,
        protection: Protection { default_branch: row.get(8)?, refs: json(row, 9)? },
        options: ProjectOptions {
            name: row.get(18)?,
            description: row.get(10)?,
            default_branch: row.get(11)?,
            config_path: row.get(12)?,
            timeout: row.get(13)?,
            git_depth: row.get(14)?,
            auto_cancel: row.get(15)?,
            keep_latest: row.get(20)?,
            shared_runners: row.get(16)?,
        },
        created_at: id(row, 4, Timestamp)?,
        updated_at: id(row, 17, Timestamp)?,
        version: id(row, 5, model::Seq)?,
    })
}

pub(super) fn pipeline(row: &Row<'_>) -> rusqlite::Result<Pipeline> {
    Ok(Pipeline {
        id: id(row, 0, model::PipelineId)?,
        uid: parsed(row, 1)?,
        key: parsed(row, 2)?,
        project_id: id(row, 3, model::ProjectId)?,
        project_path: parsed(row, 4)?,
        name: row.get(5)?,
        description: row.get(6)?,
        definition: row.get(7)?,
        disabled: row.get(11)?,
        creator: row.get(12)?,
        created_at: id(row, 8, Timestamp)?,
        updated_at: id(row, 9, Timestamp)?,
        version: id(row, 10, model::Seq)?,
    })
}

/// A run without its stages: [`with_stages`] adds them.
pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let parent = row.get::<_, Option<i64>>(23)?.zip(row.get::<_, Option<i64>>(24)?);
    Ok(Run {
        id: id(row, 0, model::RunId)?,
        uid: parsed(row, 1)?,
        project_id: id(row, 2, model::ProjectId)?,
        project_path: parsed(row, 3)?,
        pipeline_id: row.get::<_, Option<i64>>(4)?.map(model::PipelineId),
        pipeline_key: parsed(row, 5)?,
        pipeline_name: row.get(6)?,
        number: row.get(7)?,
        status: parsed(row, 8)?,
        warnings: row.get(9)?,
        source: parsed(row, 10)?,
        git_ref: row.get(11)?,
        is_tag: row.get(12)?,
        is_commit: row.get(28)?,
        sha: row.get(13)?,
        commit_title: row.get(14)?,
        user: row.get(15)?,
        input_path: row.get(16)?,
        external_project: row.get(17)?,
        created_at: id(row, 18, Timestamp)?,
        started_at: time(row, 19)?,
        finished_at: time(row, 20)?,
        updated_at: id(row, 26, Timestamp)?,
        ran: row.get(27)?,
        given: None,
        stages: Vec::new(),
        version: id(row, 21, model::Seq)?,
        name: row.get(22)?,
        parent: parent.map(|(run, job)| Parent { run: model::RunId(run), job: model::JobId(job) }),
        schedule: row.get::<_, Option<i64>>(25)?.map(model::ScheduleId),
    })
}

/// Reads the stages of a run into it.
pub(super) fn with_stages(conn: &Connection, mut run: Run) -> Result<Run, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT name, status, warnings FROM stages WHERE run_id = ?1 ORDER BY idx")?;
    let stages = statement
        .query_map([run.id.0], |row| Ok(Stage { name: row.get(0)?, status: parsed(row, 1)?, warnings: row.get(2)? }))?;
    run.stages = stages.collect::<Result<_, _>>()?;
    Ok(run)
}

pub(super) fn when(text: &str) -> When {
    match text {
        "on_failure" => When::OnFailure,
        "always" => When::Always,
        "manual" => When::Manual,
        "delayed" => When::Delayed,
        "never" => When::Never,
        _ => When::OnSuccess,
    }
}

pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let needs = match row.get_ref(11)?.as_str_or_null()? {
        Some(text) => Some(serde_json::from_str(text).map_err(|error| damaged(11, error))?),
        None => None,
    };
    let failure_reason = row.get_ref(14)?.as_str_or_null()?;
    let failure_reason = failure_reason.map(|text| text.parse().unwrap_or(FailureReason::UnknownFailure));
    Ok(Job {
        id: id(row, 0, model::JobId)?,
        uid: parsed(row, 1)?,
        run_id: id(row, 2, model::RunId)?,
        project_id: id(row, 3, model::ProjectId)?,
        name: row.get(4)?,
        stage: row.get(5)?,
        stage_index: row.get(6)?,
        status: parsed::<Status>(row, 7)?,
        reason: json(row, 8)?,
        when: when(row.get_ref(9)?.as_str()?),
        allow_failure: row.get(10)?,
        needs,
        attempt: row.get(12)?,
        retried: row.get(13)?,
        failure_reason,
        exit_code: row.get(15)?,
        user: row.get(16)?,
        runner: row.get(17)?,
        timeout: row.get(18)?,
        created_at: id(row, 19, Timestamp)?,
        queued_at: time(row, 20)?,
        started_at: time(row, 21)?,
        finished_at: time(row, 22)?,
        artifacts: json(row, 23)?,
        artifacts_expired_at: time(row, 34)?,
        erased_at: time(row, 24)?,
        version: id(row, 25, model::Seq)?,
        resource_group: row.get(26)?,
        kind: if row.get_ref(27)?.as_str()? == "bridge" { JobKind::Bridge } else { JobKind::Build },
        child: row.get::<_, Option<i64>>(28)?.map(model::RunId),
        tags: optional_json(row, 29)?.unwrap_or_default(),
        environment: row.get(30)?,
        confirmation: row.get(31)?,
        coverage: row.get(32)?,
        tests: optional_json(row, 33)?,
    })
}
