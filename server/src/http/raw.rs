//! `/jobs/ID/raw`: the trace as plain text, in ranges, or live until the job ends (`?follow`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use model::{Error, JobId};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::error::fault;
use super::live::Trail;
use super::{Access, AppState, Failure, Routes, file};
use crate::logs::Logs;

/// Bytes sent at once while following.
const PIECE: u64 = 128 * 1024;

pub(super) fn router() -> Routes<AppState> {
    Routes::new().get("/jobs/{id}/raw", raw)
}

#[derive(Debug, Deserialize)]
struct Wish {
    follow: Option<String>,
    #[serde(default)]
    offset: u64,
}

async fn raw(
    access: Access,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id: JobId = id.parse().map_err(|_| Error::not_found("job"))?;
    let mut response = if wish.follow.is_some_and(|word| !matches!(word.as_str(), "0" | "false" | "no")) {
        follow(access, &state, id, wish.offset).await?
    } else {
        access.weir.open_trace(&access.caller, id).await?;
        let logs = Arc::clone(access.weir.logs());
        let found = spawn_blocking(move || logs.file(id)).await.map_err(|error| fault("open a log", &error))?;
        let (log, size) =
            found.map_err(|error| fault("open a log", &error))?.map_or((None, 0), |(log, size)| (Some(log), size));
        file::respond(log, size, &headers).await.map_err(|error| fault("read a log", &error))?
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Ok(value) = HeaderValue::try_from(format!("inline; filename=\"job-{id}.log\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn follow(access: Access, state: &AppState, id: JobId, offset: u64) -> Result<Response, Error> {
    let logs = Arc::clone(access.weir.logs());
    let trail = Trail::open(access, id, state.stop.clone()).await?;
    let pieces = stream::unfold((trail, offset), move |(mut trail, offset)| {
        let logs = Arc::clone(&logs);
        async move {
            let bytes = next(&mut trail, &logs, id, offset).await.transpose()?;
            let read = bytes.as_ref().map_or(0, Bytes::len) as u64;
            Some((bytes, (trail, offset + read)))
        }
    });
    let mut response = Body::from_stream(pieces).into_response();
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// What follows `offset`, as soon as there is any; `None` at the end of the job. A server that
/// stops breaks the answer off, so that nobody takes it for complete.
async fn next(trail: &mut Trail, logs: &Arc<Logs>, id: JobId, offset: u64) -> std::io::Result<Option<Bytes>> {
    loop {
        let over = trail.is_over().await;
        if trail.progress().bytes > offset {
            let logs = Arc::clone(logs);
            let read = spawn_blocking(move || logs.read(id, offset..offset + PIECE)).await;
            let bytes = read.map_err(std::io::Error::other)??;
            if !bytes.is_empty() {
                return Ok(Some(Bytes::from(bytes)));
            }
        }
        if over {
            return Ok(None);
        }
        if !trail.change().await {
            return Err(std::io::Error::other("the server is shutting down, or the right to read ended"));
        }
    }
}
