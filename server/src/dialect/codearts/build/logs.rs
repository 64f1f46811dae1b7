//! The log of a build as a file: streamed, however long it is.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, Stream};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use crate::dialect::codearts::{Call, Refused};
use crate::http::{Fresh, Freshness};
use crate::logs::Logs;
use crate::service::builds::{LogPiece, RunLog};

/// Bytes read at once.
const PIECE: u64 = 128 * 1024;

/// `GET /v4/{record_id}/download-log` and `GET /v1/log/{record_id}/download-log`. The log has what the runner kept,
/// whatever level is asked for.
pub async fn download(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let record = record_id(call.name("record_id"))?;
    let level = call.query.one("log_level")?.map(str::to_ascii_uppercase);
    if !matches!(level.as_deref(), None | Some("INFO" | "DEBUG")) {
        return Err(Refused::invalid("log_level is INFO or DEBUG"));
    }
    let compress = match call.query.one("compress")? {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Refused::invalid("compress is true or false")),
    };
    let newest = Mutex::new(None);
    let fresh = freshness.respond(|| async {
        let log = call.weir.log_of_record(&call.caller, &record).await?;
        let fresh = Fresh::tagged(&tag(&log, compress));
        *newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(log);
        Ok::<_, Refused>(fresh)
    });
    let mut told = fresh.await?;
    let newest = newest.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some(log) = newest.filter(|_| told.status() == StatusCode::OK) else { return Ok(told) };
    let size = log.size();
    let reader = Reader { logs: Arc::clone(call.weir.logs()), pieces: log_pieces(log), at: 0 };
    let (mut response, kind, ending) = if compress {
        (Body::from_stream(compressed(reader)).into_response(), "application/gzip", "log.gz")
    } else {
        (Body::from_stream(plain(reader)).into_response(), "application/octet-stream", "log")
    };
    let headers = response.headers_mut();
    headers.extend(std::mem::take(told.headers_mut()));
    headers.remove(CONTENT_LENGTH);
    if !compress {
        headers.insert(CONTENT_LENGTH, size.into());
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{record}.{ending}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// A record's name, 36 characters with dashes, as that of its run. One that is well-formed and cannot be a name of ours
/// is that of nothing.
fn record_id(text: &str) -> Result<String, Refused> {
    let fits = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-';
    if text.len() != 36 || !text.bytes().all(fits) {
        return Err(Refused::invalid("a record's id has 36 characters: digits, lower-case letters and dashes"));
    }
    let uid = text.replace('-', "");
    if super::wire::dashed(&uid) == text { Ok(uid) } else { Err(Refused::not_found("build record")) }
}

/// What a log is known by: a trace only grows, or is erased.
fn tag(log: &RunLog, compress: bool) -> String {
    let pieces: Vec<String> = log.pieces.iter().map(|piece| format!("{}:{}", piece.job, piece.size)).collect();
    let whole = format!("{compress} {}", pieces.join(" "));
    hex::encode(&Sha256::digest(whole)[..12])
}

fn log_pieces(log: RunLog) -> std::vec::IntoIter<LogPiece> {
    let mut pieces = log.pieces;
    pieces.retain(|piece| piece.size > 0);
    pieces.into_iter()
}

/// A place in the traces of a build.
struct Reader {
    logs: Arc<Logs>,
    pieces: std::vec::IntoIter<LogPiece>,
    at: u64,
}

impl Reader {
    /// What comes next; `None` at the end. What was erased meanwhile breaks the answer off, so that nobody takes it for
    /// complete.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(piece) = self.pieces.as_slice().first().copied() else { return Ok(None) };
        let end = piece.size.min(self.at + PIECE);
        let bytes = self.logs.read(piece.job, self.at..end)?;
        if bytes.is_empty() {
            return Err(io::Error::other("the log was erased while it was being sent"));
        }
        self.at += bytes.len() as u64;
        if self.at >= piece.size {
            self.pieces.next();
            self.at = 0;
        }
        Ok(Some(bytes))
    }
}

fn plain(reader: Reader) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(reader, async |mut reader| {
        let step = spawn_blocking(move || reader.next().map(|bytes| bytes.map(|bytes| (Bytes::from(bytes), reader))));
        step.await.map_err(io::Error::other)?
    })
}

/// What is left to be packed; `None` when the end was.
type Packing = Option<(Reader, GzEncoder<Vec<u8>>)>;

fn compressed(reader: Reader) -> impl Stream<Item = io::Result<Bytes>> {
    let start: Packing = Some((reader, GzEncoder::new(Vec::new(), Compression::default())));
    stream::try_unfold(start, async |state| {
        let Some((mut reader, mut encoder)) = state else { return Ok(None) };
        let step = move || -> io::Result<Option<(Bytes, Packing)>> {
            // The encoder keeps what it has not made up its mind about: nothing empty is sent.
            while let Some(bytes) = reader.next()? {
                encoder.write_all(&bytes)?;
                let made = std::mem::take(encoder.get_mut());
                if !made.is_empty() {
                    return Ok(Some((Bytes::from(made), Some((reader, encoder)))));
                }
            }
            Ok(Some((Bytes::from(encoder.finish()?), None)))
        };
        spawn_blocking(step).await.map_err(io::Error::other)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_called_as_its_run_with_dashes() {
        let uid = "9d6169b9022d458c9dc848cc94cc4083";
        assert_eq!(record_id("9d6169b9-022d-458c-9dc8-48cc94cc4083").unwrap(), uid);
        for wrong in [
            "",
            uid,
            "9D6169B9-022d-458c-9dc8-48cc94cc4083",
            "9d6169b9-022d-458c-9dc8-48cc94cc408",
            "------------------------------------",
        ] {
            assert!(record_id(wrong).is_err(), "{wrong}");
        }
    }
}
