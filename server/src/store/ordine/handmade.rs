//! Hand-made jobs.

use model::{Error, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use super::State;
use crate::store::{StoreError, Tx, rows, runs};

/// A record that scripts keep; no runner ever takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Handmade {
    /// Counts them; the place in lists.
    pub rank: i64,
    /// The id that the script gave.
    pub id: String,
    /// What people read.
    pub title: Option<String>,
    /// Ordine's `type`.
    pub kind: Option<String>,
    /// Another job.
    pub parent: Option<String>,
    /// A pipeline; it need not exist.
    pub pipeline: Option<String>,
    /// A project; it need not exist.
    pub project: Option<String>,
    /// What it works on.
    pub input_path: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Any JSON.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it became running.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Last change.
    pub version: Seq,
}

pub(super) const HANDMADE: &str = "rank, id, title, kind, parent, pipeline, project, input_path, status, result, error, \
     created_at, updated_at, started_at, completed_at, version";

pub(super) fn handmade(row: &Row<'_>) -> rusqlite::Result<Handmade> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp));
    let result = if row.get_ref(9)?.as_str_or_null()?.is_some() { Some(rows::json(row, 9)?) } else { None };
    Ok(Handmade {
        rank: row.get(0)?,
        id: row.get(1)?,
        title: row.get(2)?,
        kind: row.get(3)?,
        parent: row.get(4)?,
        pipeline: row.get(5)?,
        project: row.get(6)?,
        input_path: row.get(7)?,
        state: rows::parsed(row, 8)?,
        result,
        error: row.get(10)?,
        created_at: Timestamp(row.get(11)?),
        updated_at: Timestamp(row.get(12)?),
        started_at: time(13)?,
        completed_at: time(14)?,
        version: Seq(row.get(15)?),
    })
}

/// A hand-made job.
pub fn handmade_by_id(conn: &Connection, id: &str) -> Result<Option<Handmade>, StoreError> {
    let sql = format!("SELECT {HANDMADE} FROM handmade_jobs WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], handmade).optional()?)
}

/// Stores a new hand-made job; times, rank and version are set here. An id that is taken, also by
/// a run, is a conflict.
pub fn insert_handmade(tx: &mut Tx<'_>, job: &Handmade) -> Result<Handmade, StoreError> {
    if handmade_by_id(tx.conn, &job.id)?.is_some() || runs::id_of_uid(tx.conn, &job.id)?.is_some() {
        return Err(Error::conflict(format!("there is a job {:?} already", job.id)).into());
    }
    let version = tx.touch("handmade job")?;
    let started = (job.state != State::Pending && job.state != State::Cancelled).then_some(tx.now.0);
    let completed = job.state.is_final().then_some(tx.now.0);
    tx.conn
        .prepare_cached(
            "INSERT INTO handmade_jobs (id, title, kind, parent, pipeline, project, input_path, status, result, error,
                 created_at, updated_at, started_at, completed_at, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13, ?14)",
        )?
        .execute(rusqlite::params![
            job.id,
            job.title,
            job.kind,
            job.parent,
            job.pipeline,
            job.project,
            job.input_path,
            job.state.as_str(),
            job.result.as_ref().map(Value::to_string),
            job.error,
            tx.now.0,
            started,
            completed,
            version.0,
        ])?;
    require_handmade(tx.conn, &job.id)
}

fn require_handmade(conn: &Connection, id: &str) -> Result<Handmade, StoreError> {
    handmade_by_id(conn, id)?.ok_or_else(|| Error::not_found("job").into())
}

/// What a change of a hand-made job says; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct HandmadeChange {
    /// The new state.
    pub state: Option<State>,
    /// The new result; `Some(None)` empties it.
    pub result: Option<Option<Value>>,
    /// The new error; `Some(None)` empties it.
    pub error: Option<Option<String>>,
    /// The new title.
    pub title: Option<String>,
}

/// Changes a hand-made job by compare-and-set: of two rivals one gets a conflict. The same state
/// again changes nothing.
pub fn change_handmade(tx: &mut Tx<'_>, id: &str, change: &HandmadeChange) -> Result<Handmade, StoreError> {
    let old = require_handmade(tx.conn, id)?;
    let next = change.state.unwrap_or(old.state);
    let same = change.state == Some(old.state);
    let empty = change.result.is_none() && change.error.is_none() && change.title.is_none();
    if (old.state.is_final() && same) || (empty && next == old.state) {
        return Ok(old);
    }
    if old.state.is_final() || (next != old.state && !old.state.can_become(next)) {
        let words = format!("a job that is {} cannot become {}", old.state.as_str(), next.as_str());
        let text =
            if next == old.state { format!("the job is {} and changes no more", old.state.as_str()) } else { words };
        return Err(Error::conflict(text).into());
    }
    let result = change.result.clone().unwrap_or(old.result);
    let mut error = change.error.clone().unwrap_or(old.error);
    if next == State::Failed && error.as_deref().is_none_or(|text| text.trim().is_empty()) {
        error = Some("failed; no reason was given".into());
    }
    let version = tx.touch("handmade job")?;
    let changed = tx
        .conn
        .prepare_cached(
            "UPDATE handmade_jobs SET status = ?3, result = ?4, error = ?5, title = coalesce(?6, title), updated_at = ?7,
                 started_at = CASE WHEN ?3 IN ('running', 'completed', 'failed') THEN coalesce(started_at, ?7) ELSE started_at END,
                 completed_at = CASE WHEN ?3 IN ('completed', 'failed', 'cancelled') THEN ?7 END,
                 version = ?8
             WHERE id = ?1 AND status = ?2",
        )?
        .execute(rusqlite::params![
            id,
            old.state.as_str(),
            next.as_str(),
            result.as_ref().map(Value::to_string),
            error,
            change.title,
            tx.now.0,
            version.0,
        ])?;
    if changed == 0 {
        return Err(Error::conflict("somebody else changed the job at the same moment").into());
    }
    require_handmade(tx.conn, id)
}

/// Deletes a hand-made job; false when there is none.
pub fn delete_handmade(tx: &mut Tx<'_>, id: &str) -> Result<bool, StoreError> {
    let gone = tx.conn.prepare_cached("DELETE FROM handmade_jobs WHERE id = ?1")?.execute([id])? > 0;
    if gone {
        tx.touch("handmade job")?;
    }
    Ok(gone)
}
