//! Pipelines.

use model::event::Change;
use model::{Error, Pipeline, PipelineKey, Project};
use rusqlite::{Connection, OptionalExtension};

use super::{Scope, StoreError, Tx, rows};
use crate::{clock, random};

/// What a new pipeline is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Must be free.
    pub key: PipelineKey,
    /// What people read.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `None`: the project's own file.
    pub definition: Option<String>,
    /// Whether it starts no runs.
    pub disabled: bool,
}

fn select(tail: &str) -> String {
    format!("SELECT {} FROM pipelines p JOIN projects j ON j.id = p.project_id {tail}", rows::PIPELINE)
}

/// A pipeline by key.
pub fn by_key(conn: &Connection, key: &PipelineKey) -> Result<Option<Pipeline>, StoreError> {
    Ok(conn.prepare_cached(&select("WHERE p.key = ?1"))?.query_row([key.as_str()], rows::pipeline).optional()?)
}

/// Every pipeline of these projects, by name.
pub fn list(conn: &Connection, scope: &Scope) -> Result<Vec<Pipeline>, StoreError> {
    Ok(conn
        .prepare_cached(&select(&format!("WHERE {} ORDER BY p.name, p.key", scope.sql("p.project_id"))))?
        .query_map([], rows::pipeline)?
        .collect::<Result<_, _>>()?)
}

/// Makes a pipeline; a key that is taken is a conflict.
pub fn insert(tx: &mut Tx<'_>, project: &Project, draft: &Draft, creator: &str) -> Result<Pipeline, StoreError> {
    if by_key(tx.conn, &draft.key)?.is_some() {
        return Err(Error::conflict(format!("there is a pipeline {:?} already", draft.key.as_str())).into());
    }
    let (version, uid) = (tx.next_version(), random::uid());
    tx.conn
        .prepare_cached(
            "INSERT INTO pipelines (uid, key, project_id, name, description, definition, created_at, updated_at, version,
                 disabled, creator)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            uid.as_str(),
            draft.key.as_str(),
            project.id.0,
            &draft.name,
            &draft.description,
            &draft.definition,
            tx.now.0,
            version.0,
            draft.disabled,
            creator,
        ))?;
    emit(tx, &draft.key)
}

/// Replaces what can be changed of a pipeline.
pub fn update(tx: &mut Tx<'_>, draft: &Draft) -> Result<Pipeline, StoreError> {
    let version = tx.next_version();
    let changed = tx
        .conn
        .prepare_cached(
            "UPDATE pipelines SET name = ?2, description = ?3, definition = ?4, updated_at = ?5, version = ?6, disabled = ?7
             WHERE key = ?1",
        )?
        .execute((
            draft.key.as_str(),
            &draft.name,
            &draft.description,
            &draft.definition,
            tx.now.0,
            version.0,
            draft.disabled,
        ))?;
    if changed == 0 {
        return Err(Error::not_found("pipeline").into());
    }
    emit(tx, &draft.key)
}

/// Deletes a pipeline; its runs stay, without it.
pub fn delete(tx: &mut Tx<'_>, key: &PipelineKey) -> Result<(), StoreError> {
    let Some(pipeline) = by_key(tx.conn, key)? else { return Err(Error::not_found("pipeline").into()) };
    tx.conn.prepare_cached("DELETE FROM pipelines WHERE id = ?1")?.execute([pipeline.id.0])?;
    tx.emit(Change::PipelineDeleted(pipeline.id))
}

/// The pipelines of a project, by key.
pub fn keys_of(conn: &Connection, project: model::ProjectId) -> Result<Vec<PipelineKey>, StoreError> {
    let mut query = conn.prepare_cached("SELECT key FROM pipelines WHERE project_id = ?1 ORDER BY key")?;
    Ok(query.query_map([project.0], |row| rows::parsed(row, 0))?.collect::<Result<_, _>>()?)
}

/// The number that the next run of a pipeline gets; `None` for one that is not there.
pub fn next_number(conn: &Connection, id: model::PipelineId) -> Result<Option<i64>, StoreError> {
    let mut query = conn.prepare_cached("SELECT next_number FROM pipelines WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get(0)).optional()?)
}

/// Whether a pipeline starts no runs; `None` for one that is not there.
pub fn is_disabled(conn: &Connection, id: model::PipelineId) -> Result<Option<bool>, StoreError> {
    let mut query = conn.prepare_cached("SELECT disabled FROM pipelines WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get(0)).optional()?)
}

/// What counts a run: among all of its pipeline, and among those of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// From 1.
    pub number: i64,
    /// The day where the server is: 20260305.
    pub day: i64,
    /// Among the runs of that day, from 1.
    pub of_day: i64,
}

impl Numbers {
    /// `20260305.2`
    pub fn daily(&self) -> String {
        format!("{}.{}", self.day, self.of_day)
    }
}

/// Takes the next numbers of a pipeline, which nobody gets again. A day may come back, when the zone is another one or the
/// clock was set: it goes on where it was.
pub fn take_numbers(tx: &mut Tx<'_>, pipeline: &Pipeline) -> Result<Numbers, StoreError> {
    let (id, day) = (pipeline.id.0, i64::from(clock::zone().day(tx.now)));
    let number = tx
        .conn
        .prepare_cached("UPDATE pipelines SET next_number = next_number + 1 WHERE id = ?1 RETURNING next_number - 1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::not_found("pipeline"))?;
    let of_day = tx
        .conn
        .prepare_cached(
            "INSERT INTO run_days (pipeline_id, day, number) VALUES (?1, ?2, 1)
             ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number",
        )?
        .query_row((id, day), |row| row.get(0))?;
    Ok(Numbers { number, day, of_day })
}

/// The pipeline that has this uid.
pub fn by_uid(conn: &Connection, uid: &str) -> Result<Option<Pipeline>, StoreError> {
    Ok(conn.prepare_cached(&select("WHERE p.uid = ?1"))?.query_row([uid], rows::pipeline).optional()?)
}

fn emit(tx: &mut Tx<'_>, key: &PipelineKey) -> Result<Pipeline, StoreError> {
    let pipeline = by_key(tx.conn, key)?.ok_or_else(|| Error::not_found("pipeline"))?;
    tx.emit(Change::Pipeline(Box::new(pipeline.clone())))?;
    Ok(pipeline)
}
