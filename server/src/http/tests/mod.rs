//! The real router over a real data folder.

mod access;
mod accounts;
mod audit;
mod codearts;
mod documented;
mod gitlab;
mod live;
mod pages;
mod redact;
mod schedules;
mod sessions;
mod sockets;
mod text;

use std::sync::Arc;

use app::service::{NewPipeline, Service};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use model::{Caller, Job, JobId, NewRun, PipelineKey, Run, RunId};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{AppState, Options};
use crate::scheduler::finish::End;
use crate::service::Weir;
use crate::store::{queue, runners};

const PORT: u16 = 9433;

/// A server that nobody has connected to yet.
pub(super) struct World {
    pub weir: Arc<Weir>,
    pub caller: Caller,
    pub state: AppState,
    pub folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let weir = Arc::new(Weir::open(folder.path()).unwrap());
        let options = Options { owner: "ada".into(), port: PORT, public: None };
        let state = AppState::new(Arc::clone(&weir), options, CancellationToken::new());
        weir.begin_local("ada").await.unwrap();
        let world = Self { weir, caller: Caller::local("ada"), state, folder };
        let definition = "stages: [one, two]\na: {stage: one, script: x}\nb: {stage: two, script: x}\n";
        let new = NewPipeline { key: "p".into(), definition: Some(definition.into()), ..NewPipeline::default() };
        world.weir.create_pipeline(&world.caller, new).await.unwrap();
        world.weir.store().write(|tx| runners::ensure(tx, "test", &[7; 32], &[])).await.unwrap();
        world
    }

    pub fn router(&self) -> Router {
        super::router(self.state.clone())
    }

    pub async fn start(&self) -> Run {
        let key: PipelineKey = "p".parse().unwrap();
        self.weir.start_run(&self.caller, &key, NewRun::default()).await.unwrap()
    }

    /// A runner takes the next job.
    pub async fn take(&self) -> JobId {
        let taken = self.weir.store().write(|tx| {
            let runner = runners::ensure(tx, "test", &[7; 32], &[])?;
            let asker = queue::Asker { runner, system_id: "s".into(), graceful: true };
            let job = queue::take(tx, &asker, &[9; 32])?;
            if let Some(job) = &job {
                crate::scheduler::settle(tx, job.run_id, false)?;
            }
            Ok(job)
        });
        taken.await.unwrap().unwrap().id
    }

    pub async fn end(&self, id: JobId) {
        self.weir.end_job(id, End::Success).await.unwrap();
    }

    pub async fn jobs(&self, id: RunId) -> Vec<Job> {
        self.weir.run(&self.caller, id).await.unwrap().jobs
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path, &[], "")).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(request("GET", path, headers, "")).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router().oneshot(request).await.unwrap()).await
    }

    /// Waits until so many requests are held.
    pub async fn holds(&self, count: usize) {
        self.state.held.subscribe().wait_for(|held| *held == count).await.unwrap();
    }

    /// The answer while it is still being given.
    pub async fn open(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.router().oneshot(request("GET", path, headers, "")).await.unwrap()
    }
}

pub(super) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", format!("localhost:{PORT}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// A whole answer.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        assert!(self.header("content-type").starts_with("application/json"), "{:?} {}", self.headers, self.text());
        serde_json::from_slice(&self.body).unwrap()
    }
}
