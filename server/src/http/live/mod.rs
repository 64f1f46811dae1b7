//! `/live/…`: Server-Sent Events. The first event of a stream is `state`, the whole state with its
//! sequence number as id; then come the changes. `Last-Event-ID` resumes without gap or repeat.
//!
//! A stream makes an event when the connection has room for it: a slow or vanished browser holds
//! no more than what is on its way.

mod board;
mod feed;
mod log;
mod rights;
mod trail;

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use model::{Error, Seq};
use serde::Serialize;

use super::{AppState, Routes};

pub(super) use trail::Trail;

/// A sign of life when nothing happens.
const PING: Duration = Duration::from_secs(15);
/// How soon a browser tries again after the connection broke.
const RETRY: Duration = Duration::from_secs(1);

pub(super) fn router() -> Routes<AppState> {
    Routes::new()
        .get("/live/dashboard", board::dashboard)
        .get("/live/runs", board::runs)
        .get("/live/pipelines", board::pipelines)
        .get("/live/environments", board::environments)
        .get("/live/runs/{id}", feed::run)
        .get("/live/jobs/{id}", feed::job)
        .get("/live/pipelines/{key}", feed::pipeline)
        .get("/live/jobs/{id}/log", log::log)
}

/// Something that gives one event after another.
trait Source: Send + 'static {
    /// The next event; `None` ends the stream. The client comes back unless it was told `end`.
    fn next(&mut self) -> impl Future<Output = Option<Event>> + Send;
}

fn respond(source: impl Source) -> Response {
    let events = stream::unfold(source, async |mut source| source.next().await.map(|event| (event, source)));
    let events = stream::iter([Event::default().retry(RETRY)]).chain(events);
    stream_of(events.map(Ok))
}

fn stream_of(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    // Without data a browser would not report the event.
    let ping = KeepAlive::new().interval(PING).event(Event::default().event("ping").data("{}"));
    let mut response = Sse::new(events).keep_alive(ping).into_response();
    // Reverse proxies would hold the stream back.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// An event with an object as its data.
fn event(name: &str, id: Option<u64>, data: &impl Serialize) -> Result<Event, Error> {
    let text = serde_json::to_string(data).map_err(|error| {
        tracing::error!(%error, "failed to write an event as JSON");
        Error::internal("internal error")
    })?;
    let event = Event::default().event(name).data(text);
    Ok(match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    })
}

/// The last event of a stream whose object is gone or complete: the client does not come back.
fn end(data: &impl Serialize) -> Option<Event> {
    event("end", None, data).ok()
}

/// What a client that comes back has seen.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

fn number(seq: Seq) -> Option<u64> {
    u64::try_from(seq.0).ok()
}
