//! `/live/jobs/ID/log`: a trace as it grows.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event as Message;
use model::{Error, JobId};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::trail::on_disk;
use super::{Source, Trail, end, event, last_event_id, respond};
use crate::http::{Access, AppState, Failure};
use crate::logs::{Cursor, LINE_LIMIT};

/// The shortest time between two pieces while a job writes: a job that writes single lines very
/// quickly is not worth an event for each.
const PAUSE: Duration = Duration::from_millis(30);

#[derive(Debug, Default, Deserialize)]
pub(super) struct Place {
    /// Byte offset to begin at.
    offset: Option<u64>,
    /// Or the line, from 1.
    line: Option<u64>,
}

/// Events `chunk` (a `LogChunk`, whose end is the id), `reset` when the trace is sent anew from
/// byte 0, and `end` when the job is over and everything was told.
pub(super) async fn log(
    access: Access,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id: JobId = id.parse().map_err(|_| Error::not_found("job"))?;
    let logs = access.weir.logs().clone();
    let trail = Trail::open(access, id, state.stop.clone()).await?;
    let resumed = last_event_id(&headers);
    let cursor = on_disk(&logs, move |logs| {
        let offset = match (resumed, place.offset, place.line) {
            (Some(offset), ..) | (None, Some(offset), _) => offset,
            (None, None, Some(line)) => logs.offset_of(id, line)?,
            (None, None, None) => 0,
        };
        logs.cursor(id, offset)
    });
    let cursor = cursor.await?;
    Ok(respond(Log { logs, id, trail, cursor: Some(cursor), not_before: Instant::now(), ended: false }))
}

struct Log {
    logs: std::sync::Arc<crate::logs::Logs>,
    id: JobId,
    trail: Trail,
    /// Away only while it reads.
    cursor: Option<Cursor>,
    not_before: Instant,
    ended: bool,
}

enum Piece {
    Chunk(model::log::LogChunk),
    Reset,
    Nothing,
}

impl Log {
    /// The next piece of what is there.
    async fn piece(&mut self) -> Result<Piece, Error> {
        let progress = self.trail.progress();
        let (id, cursor) = (self.id, self.cursor.take());
        let read = on_disk(&self.logs, move |logs| {
            let mut cursor = match cursor {
                Some(cursor) if !cursor.is_empty() => cursor,
                _ => logs.cursor(id, 0)?,
            };
            if progress.bytes < cursor.offset() && !progress.complete {
                return Ok((logs.cursor(id, 0)?, Piece::Reset));
            }
            let piece = cursor.next(progress)?.map_or(Piece::Nothing, Piece::Chunk);
            Ok((cursor, piece))
        });
        let (cursor, piece) = read.await?;
        self.cursor = Some(cursor);
        Ok(piece)
    }

    async fn message(&mut self) -> Result<Option<Message>, Error> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let over = self.trail.is_over().await;
            match self.piece().await? {
                Piece::Chunk(chunk) => {
                    // What has piled up goes out as quickly as it is taken.
                    let full = chunk.next_offset - chunk.offset >= (LINE_LIMIT / 2) as u64;
                    self.not_before = Instant::now() + if full { Duration::ZERO } else { PAUSE };
                    return event("chunk", Some(chunk.next_offset), &chunk).map(Some);
                }
                Piece::Reset => return event("reset", Some(0), &serde_json::json!({})).map(Some),
                Piece::Nothing if over => {
                    self.ended = true;
                    let bytes = self.cursor.as_ref().map_or(0, Cursor::offset);
                    return Ok(end(&serde_json::json!({ "status": self.trail.status(), "bytes": bytes })));
                }
                Piece::Nothing => {}
            }
            if !self.trail.change().await {
                return Ok(None);
            }
            sleep_until(self.not_before).await;
        }
    }
}

impl Source for Log {
    async fn next(&mut self) -> Option<Message> {
        // The client comes back and is told.
        self.message().await.unwrap_or(None)
    }
}
