//! Operations, and how pipelines were given.

use std::collections::HashMap;

use model::{PipelineId, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use crate::store::{StoreError, Tx, rows};

/// One step that a node of a pipeline points at.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The id that the script gave.
    pub id: String,
    /// What people read.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Everything else, as it was given.
    pub body: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// Last change.
    pub version: Seq,
}

const OPERATION: &str = "id, name, description, body, created_at, updated_at, version";

fn operation(row: &Row<'_>) -> rusqlite::Result<Operation> {
    Ok(Operation {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        body: rows::json(row, 3)?,
        created_at: Timestamp(row.get(4)?),
        updated_at: Timestamp(row.get(5)?),
        version: Seq(row.get(6)?),
    })
}

/// Every operation, the one that was changed last first.
pub fn operations(conn: &Connection) -> Result<Vec<Operation>, StoreError> {
    let sql = format!("SELECT {OPERATION} FROM operations ORDER BY updated_at DESC, id");
    Ok(conn.prepare_cached(&sql)?.query_map([], operation)?.collect::<Result<_, _>>()?)
}

/// An operation.
pub fn operation_by_id(conn: &Connection, id: &str) -> Result<Option<Operation>, StoreError> {
    let sql = format!("SELECT {OPERATION} FROM operations WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], operation).optional()?)
}

/// Stores an operation, replacing one of the same id; says whether it is new.
pub fn put_operation(tx: &mut Tx<'_>, op: &Operation) -> Result<(Operation, bool), StoreError> {
    let old = operation_by_id(tx.conn, &op.id)?;
    let version = tx.touch("operation")?;
    let stored = Operation {
        created_at: old.as_ref().map_or(tx.now, |old| old.created_at),
        updated_at: tx.now,
        version,
        ..op.clone()
    };
    tx.conn
        .prepare_cached(
            "INSERT INTO operations (id, name, description, body, created_at, updated_at, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
                 body = excluded.body, updated_at = excluded.updated_at, version = excluded.version",
        )?
        .execute((
            &stored.id,
            &stored.name,
            &stored.description,
            stored.body.to_string(),
            stored.created_at.0,
            stored.updated_at.0,
            version.0,
        ))?;
    Ok((stored, old.is_none()))
}

/// Deletes an operation; false when there is none.
pub fn delete_operation(tx: &mut Tx<'_>, id: &str) -> Result<bool, StoreError> {
    let gone = tx.conn.prepare_cached("DELETE FROM operations WHERE id = ?1")?.execute([id])? > 0;
    if gone {
        tx.touch("operation")?;
    }
    Ok(gone)
}

/// How a pipeline was given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The project as the script called it.
    pub project: Option<String>,
    /// Ordine's tags.
    pub tags: Vec<String>,
    /// Nodes, edges and time limit, when the definition was made from them.
    pub graph: Option<Value>,
}

fn origin(row: &Row<'_>, first: usize) -> rusqlite::Result<Origin> {
    let graph = row.get_ref(first + 2)?.as_str_or_null()?.is_some();
    Ok(Origin {
        project: row.get(first)?,
        tags: rows::json(row, first + 1)?,
        graph: if graph { Some(rows::json(row, first + 2)?) } else { None },
    })
}

/// How a pipeline was given; nothing of it when it was made elsewhere.
pub fn origin_of(conn: &Connection, pipeline: PipelineId) -> Result<Origin, StoreError> {
    let found = conn
        .prepare_cached("SELECT project, tags, graph FROM pipeline_origins WHERE pipeline_id = ?1")?
        .query_row([pipeline.0], |row| origin(row, 0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// How all pipelines were given.
pub fn origins(conn: &Connection) -> Result<HashMap<PipelineId, Origin>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT pipeline_id, project, tags, graph FROM pipeline_origins")?
        .query_map([], |row| Ok((PipelineId(row.get(0)?), origin(row, 1)?)))?
        .collect::<Result<_, _>>()?)
}

/// Stores how a pipeline was given.
pub fn put_origin(tx: &mut Tx<'_>, pipeline: PipelineId, origin: &Origin) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO pipeline_origins (pipeline_id, project, tags, graph) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (pipeline_id) DO UPDATE SET project = excluded.project, tags = excluded.tags, graph = excluded.graph",
        )?
        .execute((
            pipeline.0,
            &origin.project,
            serde_json::to_string(&origin.tags)?,
            origin.graph.as_ref().map(Value::to_string),
        ))?;
    Ok(())
}
