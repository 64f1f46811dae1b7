//! The runner's side of the protocol: one method per endpoint, answers as types.
//!
//! Nothing here waits or tries again; who calls knows what giving up would cost.

mod backoff;
mod http;
mod tls;
mod transfer;

use std::{sync::Arc, time::Duration};

use ::http::{Method, Request, StatusCode, header};
use bytes::Bytes;

pub(crate) use backoff::Backoff;
use http::{Answer, Http, HttpError, body};
pub use http::{Endpoint, EndpointError};

use crate::protocol::{
    ClientInfo, JobPayload, JobRequest, Secret, UpdateRequest, VerifyRequest, WatchedStatus, header as names,
};

/// How this client names itself.
pub(crate) const USER_AGENT: &str = concat!("weir-runner ", env!("CARGO_PKG_VERSION"));

/// The server holds a request for a job for up to 50 s.
const HELD: Duration = Duration::from_secs(90);
const USUAL: Duration = Duration::from_mins(1);
const SMALL: usize = 64 << 10;
const MAX_PAYLOAD: usize = 64 << 20;

/// Speaks to one server as one runner.
#[derive(Clone)]
pub struct Client {
    http: Arc<Http>,
    token: Secret,
    system_id: String,
    info: ClientInfo,
    mirrors: bool,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server is not there, broke off, or asks to come back later.
    #[error("{text}")]
    Away {
        /// What happened.
        text: String,
        /// Whether it answered at all.
        answered: bool,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The server answered that it will not.
    #[error("the server answered {status}: {text}")]
    Refused {
        /// HTTP's code.
        status: u16,
        /// Its words.
        text: String,
    },
}

/// What the job endpoints are asked with.
#[derive(Clone, Debug)]
pub(crate) struct JobKey {
    pub id: i64,
    pub token: Secret,
    /// Whether the trace shows more than everybody may see.
    pub debug: bool,
}

/// What asking for a job gave.
pub(crate) enum Asked {
    Job(Box<JobPayload>),
    /// The queue's version, if the server told it.
    Nothing(Option<String>),
}

/// What the server said to a piece of the trace.
pub(crate) struct Patched {
    /// How much it holds.
    pub held: u64,
    pub status: WatchedStatus,
    /// When it wants the next piece.
    pub interval: Option<Duration>,
}

/// What the server said to an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Updated {
    Done(WatchedStatus),
    /// Still storing the trace: say it again after a while.
    Again(Option<Duration>),
    /// The trace that it holds is not the one that was sent.
    TraceInvalid,
    /// The job is no longer this runner's.
    Gone,
}

impl Client {
    /// A client of the server at `endpoint`.
    pub fn new(endpoint: &Endpoint, token: Secret, system_id: String, info: ClientInfo) -> Result<Self, EndpointError> {
        Ok(Self { http: Arc::new(Http::new(endpoint)?), token, system_id, info, mirrors: false })
    }

    /// Says whether jobs can read the server's copies of repositories where they lie.
    pub(crate) fn with_mirrors(self, mirrors: bool) -> Self {
        Self { mirrors, ..self }
    }

    /// The waits that suit this server.
    pub(crate) fn backoff(&self) -> Backoff {
        if self.http.is_local() { Backoff::LOCAL } else { Backoff::REMOTE }
    }

    /// Whether the token is good.
    pub async fn verify(&self) -> Result<(), ClientError> {
        let request =
            VerifyRequest { token: self.token.clone(), system_id: self.system_id.clone(), info: self.info.clone() };
        let answer = self.json(Method::POST, "/runners/verify", &[], &request, USUAL).await?;
        self.finish(answer, &[StatusCode::OK]).await.map(drop)
    }

    /// Whether the server answers, whatever it says.
    pub(crate) async fn is_there(&self) -> bool {
        let path = self.http.path("/version");
        let Ok(answer) = self.http.send(|| Request::get(&path), || body(Bytes::new()), USUAL).await else {
            return false;
        };
        answer.read(&self.http, SMALL).await.is_ok()
    }

    /// Asks for a job; the server may hold the request while there is none.
    pub(crate) async fn request_job(&self, last_update: &str, in_hand: Vec<i64>) -> Result<Asked, ClientError> {
        let request = JobRequest {
            token: self.token.clone(),
            system_id: self.system_id.clone(),
            last_update: last_update.to_owned(),
            info: self.info.clone(),
            weir_jobs: Some(in_hand),
            weir_mirrors: self.mirrors,
        };
        let headers = [(names::RUNNER_TOKEN, self.token.reveal())];
        let answer = self.json(Method::POST, "/jobs/request", &headers, &request, HELD).await?;
        match answer.status {
            StatusCode::CREATED => {
                let bytes = answer.read(&self.http, MAX_PAYLOAD).await.map_err(away)?;
                let job = serde_json::from_slice(&bytes).map_err(|error| ClientError::Refused {
                    status: 201,
                    text: format!("a job that cannot be read: {error}"),
                })?;
                Ok(Asked::Job(Box::new(job)))
            }
            StatusCode::NO_CONTENT => {
                let version = answer.header(names::LAST_UPDATE).map(str::to_owned);
                answer.read(&self.http, SMALL).await.map_err(away)?;
                Ok(Asked::Nothing(version))
            }
            _ => Err(self.refusal(answer).await),
        }
    }

    /// Sends the bytes of the trace from `offset` on.
    pub(crate) async fn patch_trace(&self, job: &JobKey, offset: u64, bytes: Bytes) -> Result<Patched, ClientError> {
        let path = self.http.path(&format!("/jobs/{}/trace?debug_trace={}", job.id, job.debug));
        let range = format!("{offset}-{}", offset + bytes.len() as u64 - 1);
        let request = || {
            Request::patch(&path)
                .header(header::CONTENT_TYPE, "text/plain")
                .header(names::JOB_TOKEN, job.token.reveal())
                .header(names::CONTENT_RANGE, &range)
        };
        let sent = offset + bytes.len() as u64;
        let answer = self.http.send(request, || body(bytes.clone()), USUAL).await.map_err(away)?;
        let mismatch = answer.status == StatusCode::RANGE_NOT_SATISFIABLE;
        if !answer.status.is_success() && !mismatch {
            return Err(self.refusal(answer).await);
        }
        let held = answer.header(names::RANGE).and_then(|range| range.rsplit_once('-')?.1.parse().ok());
        let patched = Patched {
            // A 416 that does not tell how much it holds holds nothing that can be built upon.
            held: held.unwrap_or(if mismatch { 0 } else { sent }),
            status: status(&answer),
            interval: interval(&answer),
        };
        answer.read(&self.http, SMALL).await.map_err(away)?;
        Ok(patched)
    }

    /// Reports how the job stands.
    pub(crate) async fn update(&self, job: &JobKey, mut update: UpdateRequest) -> Result<Updated, ClientError> {
        update.token = job.token.clone();
        update.info = self.info.clone();
        let headers = [(names::JOB_TOKEN, job.token.reveal())];
        let answer = self.json(Method::PUT, &format!("/jobs/{}", job.id), &headers, &update, USUAL).await?;
        let updated = match (answer.status, status(&answer)) {
            (StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, _) => Updated::Gone,
            (StatusCode::OK, status) => Updated::Done(status),
            (StatusCode::ACCEPTED, _) => Updated::Again(interval(&answer)),
            (StatusCode::PRECONDITION_FAILED, _) => Updated::TraceInvalid,
            _ => return Err(self.refusal(answer).await),
        };
        answer.read(&self.http, SMALL).await.map_err(away)?;
        Ok(updated)
    }

    /// Waits until the job's status is no longer `running`; the server may break off with nothing.
    pub(crate) async fn watch(&self, job: &JobKey) -> Result<WatchedStatus, ClientError> {
        let path = self.http.path(&format!("/jobs/{}/watch", job.id));
        let request = || Request::post(&path).header(names::JOB_TOKEN, job.token.reveal());
        let answer = self.http.send(request, || body(Bytes::new()), HELD).await.map_err(away)?;
        let told = match answer.status {
            StatusCode::OK => status(&answer),
            StatusCode::NO_CONTENT => WatchedStatus::Running,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => WatchedStatus::Gone,
            _ => return Err(self.refusal(answer).await),
        };
        answer.read(&self.http, SMALL).await.map_err(away)?;
        Ok(told)
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        content: &impl serde::Serialize,
        limit: Duration,
    ) -> Result<Answer, ClientError> {
        let path = self.http.path(path);
        let content = serde_json::to_vec(content).map(Bytes::from).map_err(|error| ClientError::Refused {
            status: 0,
            text: format!("a request that cannot be written: {error}"),
        })?;
        let request = || {
            let builder = Request::builder().method(method.clone()).uri(&path);
            let builder = builder.header(header::CONTENT_TYPE, "application/json");
            let builder = builder.header(header::ACCEPT, "application/json");
            headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value))
        };
        self.http.send(request, || body(content.clone()), limit).await.map_err(away)
    }

    async fn finish(&self, answer: Answer, good: &[StatusCode]) -> Result<Bytes, ClientError> {
        if !good.contains(&answer.status) {
            return Err(self.refusal(answer).await);
        }
        answer.read(&self.http, MAX_PAYLOAD).await.map_err(away)
    }

    /// Turns an answer that is not a good one into an error.
    async fn refusal(&self, answer: Answer) -> ClientError {
        let status = answer.status;
        let retry_after = answer.header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let bytes = answer.read(&self.http, SMALL).await.unwrap_or_default();
        let text: String = String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).take(300).collect();
        if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
            ClientError::Away {
                text: format!("the server answered {}: {text}", status.as_u16()),
                answered: true,
                retry_after,
            }
        } else {
            ClientError::Refused { status: status.as_u16(), text }
        }
    }
}

fn away(error: HttpError) -> ClientError {
    ClientError::Away { text: error.to_string(), answered: false, retry_after: None }
}

fn status(answer: &Answer) -> WatchedStatus {
    answer.header(names::JOB_STATUS).map_or(WatchedStatus::Running, WatchedStatus::from_header)
}

fn interval(answer: &Answer) -> Option<Duration> {
    answer.header(names::TRACE_UPDATE_INTERVAL).and_then(|text| text.parse().ok()).map(Duration::from_secs)
}
