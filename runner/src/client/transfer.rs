//! Artifacts: up as multipart, down as they are.

use std::{io, path::Path, time::Duration};

use ::http::{Request, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
};

use super::{Client, ClientError, JobKey, SMALL, away, body, http::Body};
use crate::protocol::{Artifact, Dependency, header as names};

/// A large archive takes its time to be stored.
const UPLOAD: Duration = Duration::from_mins(30);
const DOWNLOAD: Duration = Duration::from_mins(10);
const PIECE: usize = 256 << 10;

impl Client {
    /// Uploads `file` as one of the job's artifacts.
    pub(crate) async fn upload(
        &self,
        job: &JobKey,
        artifact: &Artifact,
        file_name: &str,
        file: &Path,
    ) -> Result<(), ClientError> {
        let query = format!(
            "artifact_type={}&artifact_format={}&expire_in={}",
            escape(&artifact.artifact_type),
            escape(&artifact.artifact_format),
            escape(&artifact.expire_in)
        );
        let path = self.http.path(&format!("/jobs/{}/artifacts?{query}", job.id));
        let boundary = crate::random_hex(16);
        let request = || {
            Request::post(&path)
                .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
                .header(header::ACCEPT, "application/json")
                .header(names::JOB_TOKEN, job.token.reveal())
        };
        let name: String =
            file_name.chars().map(|c| if c.is_control() || "\"\\".contains(c) { '_' } else { c }).collect();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let content = || multipart(head.clone().into(), file, tail.clone().into());
        let answer = self.http.send(request, content, UPLOAD).await.map_err(away)?;
        if !answer.status.is_success() {
            return Err(self.refusal(answer).await);
        }
        answer.read(&self.http, SMALL).await.map_err(away).map(drop)
    }

    /// Downloads the archive of a job that is depended on to `to`; gives its size.
    pub(crate) async fn download(&self, from: &Dependency, to: &Path) -> Result<u64, ClientError> {
        let path = self.http.path(&format!("/jobs/{}/artifacts", from.id));
        let request = || Request::get(&path).header(names::JOB_TOKEN, from.token.reveal());
        let mut answer = self.http.send(request, || body(Bytes::new()), DOWNLOAD).await.map_err(away)?;
        if answer.status != StatusCode::OK {
            return Err(self.refusal(answer).await);
        }
        let broken =
            |error: io::Error| ClientError::Refused { status: 200, text: format!("failed to store it: {error}") };
        let mut file = File::create(to).await.map_err(broken)?;
        let mut size = 0;
        while let Some(piece) = answer.piece().await.map_err(away)? {
            file.write_all(&piece).await.map_err(broken)?;
            size += piece.len() as u64;
        }
        file.flush().await.map_err(broken)?;
        Ok(size)
    }
}

enum Part {
    Head(Bytes),
    Open,
    File(File),
    End,
}

/// A body of one part that is read from `file` as it is sent: no length is named in advance.
fn multipart(head: Bytes, file: &Path, tail: Bytes) -> Body {
    let file = file.to_owned();
    let pieces = stream::try_unfold(Part::Head(head), move |part| {
        let (file, tail) = (file.clone(), tail.clone());
        async move {
            let mut source = match part {
                Part::Head(head) => return Ok(Some((Frame::data(head), Part::Open))),
                Part::Open => File::open(&file).await?,
                Part::File(source) => source,
                Part::End => return Ok::<_, io::Error>(None),
            };
            let mut piece = BytesMut::with_capacity(PIECE);
            if source.read_buf(&mut piece).await? == 0 {
                return Ok(Some((Frame::data(tail), Part::End)));
            }
            Ok(Some((Frame::data(piece.freeze()), Part::File(source))))
        }
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// Percent-encodes all but what is plain everywhere.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
