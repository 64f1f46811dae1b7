//! The log of a job, as it is.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::target::Asked;
use crate::http::{Fresh, Freshness};

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// `GET …/jobs/:jid/trace`: the raw log so far, or a part of it. Its tag changes with every byte.
pub async fn get(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let fields = Fields::of_query(&asked.query);
    let mut problems = Problems::default();
    let offset = problems.take(fields.number("byte_offset", 0)).unwrap_or(0).unsigned_abs();
    let limit = problems.take(fields.number("byte_limit", 1)).map_or(u64::MAX, i64::unsigned_abs);
    problems.none()?;
    let target = asked.find().await?;
    let id = super::jobs::seen(&target).await?;
    let logs = target.weir.logs();
    let fault = |error: &dyn std::fmt::Display| {
        tracing::error!(job.id = id.0, %error, "failed to read a trace");
        Refused::from(model::Error::internal("internal error"))
    };
    let answered = freshness
        .respond(|| async {
            let job = target.weir.open_trace(&target.caller, id).await?;
            let mut growth = logs.follow(id).map_err(|error| fault(&error))?;
            let progress = *growth.borrow_and_update();
            let tag = format!("{}-{}", progress.bytes, job.status);
            let grown = async move {
                // A trace that is removed does not grow; what else happens to its job is a commit.
                if growth.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            Ok::<_, Refused>(Fresh::tagged(&tag).or_when(grown.boxed()))
        })
        .await?;
    if answered.status() == StatusCode::NOT_MODIFIED {
        return Ok(answered);
    }
    let opened = Arc::clone(logs);
    let found = tokio::task::spawn_blocking(move || opened.file(id)).await.map_err(|error| fault(&error))?;
    let (body, length) = match found.map_err(|error| fault(&error))? {
        Some((file, size)) if offset < size => {
            let mut file = tokio::fs::File::from_std(file);
            file.seek(std::io::SeekFrom::Start(offset)).await.map_err(|error| fault(&error))?;
            let length = (size - offset).min(limit);
            (Body::from_stream(ReaderStream::with_capacity(file.take(length), PIECE)), length)
        }
        _ => (Body::empty(), 0),
    };
    let mut response = body.into_response();
    response.headers_mut().extend(answered.headers().clone());
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if let Ok(name) = HeaderValue::try_from(format!("infile; filename=\"{id}.log\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
