//! The window of committed changes.

use model::event::Change;
use model::{Event, RunId, Seq};
use rusqlite::Connection;

use super::StoreError;

/// The number of the last visible commit; 0 in a new database.
pub fn last(conn: &Connection) -> Result<Seq, StoreError> {
    Ok(Seq(conn.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))?))
}

/// The events after `since`, in order, of one run or of all; `None` when the window no longer
/// reaches back that far (or `since` is of another data folder).
pub fn since(conn: &Connection, since: Seq, run: Option<RunId>) -> Result<Option<Vec<Event>>, StoreError> {
    let (first, last): (i64, i64) = conn.query_row(
        "SELECT coalesce((SELECT seq FROM events ORDER BY seq LIMIT 1), 1), coalesce(max(seq), 0) FROM events",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if since.0 < first - 1 || since.0 > last {
        return Ok(None);
    }
    let read =
        |row: &rusqlite::Row<'_>| Ok(Event { seq: Seq(row.get(0)?), change: super::rows::json::<Change>(row, 1)? });
    let events = match run {
        Some(run) => conn
            .prepare_cached("SELECT seq, change FROM events WHERE run_id = ?1 AND seq > ?2 ORDER BY seq")?
            .query_map((run.0, since.0), read)?
            .collect::<Result<_, _>>()?,
        None => conn
            .prepare_cached("SELECT seq, change FROM events WHERE seq > ?1 ORDER BY seq")?
            .query_map([since.0], read)?
            .collect::<Result<_, _>>()?,
    };
    Ok(Some(events))
}
