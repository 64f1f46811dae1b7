//! A coordinator that answers as it is told, for what a real server would not do on demand.

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as Id, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{patch, post, put},
};
use runner::protocol::{JobPayload, UpdateRequest, header};
use tokio::{net::UnixListener, task::JoinHandle};

/// What the coordinator knows of one job.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub trace: Vec<u8>,
    pub patches: usize,
    pub updates: Vec<UpdateRequest>,
    pub artifacts: Vec<Vec<u8>>,
    pub done: bool,
    /// Whether the trace was said to show more than everybody may see.
    pub debug: bool,
    /// What the header Job-Status says.
    pub status: &'static str,
}

/// What is answered instead of the usual, once each.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Status codes for PATCHes, in order.
    pub patches: VecDeque<u16>,
    /// Status codes for final PUTs, in order.
    pub updates: VecDeque<u16>,
    /// Throw away what has been received before this PATCH, by number.
    pub forget_at: Option<usize>,
}

#[derive(Default)]
pub struct Inner {
    pub queue: VecDeque<JobPayload>,
    pub seen: HashMap<i64, Seen>,
    pub trouble: Trouble,
    pub archives: HashMap<i64, Vec<u8>>,
    pub in_hand: Vec<i64>,
    pub requests: usize,
}

#[derive(Clone, Default)]
pub struct Coordinator(Arc<Mutex<Inner>>);

impl Coordinator {
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub fn queue(&self, job: JobPayload) {
        self.inner().queue.push_back(job);
    }

    pub fn seen(&self, id: i64) -> Seen {
        self.inner().seen.get(&id).cloned().unwrap_or_default()
    }

    pub fn text(&self, id: i64) -> String {
        String::from_utf8_lossy(&self.seen(id).trace).into_owned()
    }

    pub fn done(&self, id: i64) -> bool {
        self.seen(id).done
    }

    /// Serves on a socket; stops, as a killed server does, when the handle is aborted.
    pub fn serve(&self, socket: &Path) -> JoinHandle<()> {
        let _ = std::fs::remove_file(socket);
        let listener = UnixListener::bind(socket).unwrap();
        let app = self.app();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() })
    }

    /// Serves on a port of this machine.
    pub async fn serve_tcp(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, app) = (listener.local_addr().unwrap(), self.app());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        address
    }

    fn app(&self) -> Router {
        Router::new()
            .route("/api/v4/jobs/request", post(request))
            .route("/api/v4/jobs/{id}", put(update))
            .route("/api/v4/jobs/{id}/trace", patch(trace))
            .route("/api/v4/jobs/{id}/watch", post(watch))
            .route("/api/v4/jobs/{id}/artifacts", post(upload).get(download))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(self.clone())
    }
}

async fn request(State(all): State<Coordinator>, body: Bytes) -> Response {
    let asked: serde_json::Value = serde_json::from_slice(&body).unwrap();
    for _ in 0..200 {
        {
            let mut all = all.inner();
            all.requests += 1;
            all.in_hand = serde_json::from_value(asked["weir_jobs"].clone()).unwrap_or_default();
            if let Some(job) = all.queue.pop_front() {
                all.seen.insert(job.id, Seen { status: "running", ..Seen::default() });
                return (StatusCode::CREATED, axum::Json(job)).into_response();
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (StatusCode::NO_CONTENT, [(header::LAST_UPDATE, "1")]).into_response()
}

async fn trace(
    State(all): State<Coordinator>,
    Id(id): Id<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut all = all.inner();
    let all = &mut *all;
    let seen = all.seen.entry(id).or_default();
    seen.patches += 1;
    seen.debug |= query.as_deref() == Some("debug_trace=true");
    if all.trouble.forget_at == Some(seen.patches) {
        seen.trace.clear();
    }
    let range = headers[header::CONTENT_RANGE].to_str().unwrap();
    let first: usize = range.split_once('-').unwrap().0.parse().unwrap();
    let answer = |status: u16, held: usize, job: &str| {
        let headers = [(header::RANGE, format!("0-{held}")), (header::JOB_STATUS, job.to_owned())];
        (StatusCode::from_u16(status).unwrap(), headers).into_response()
    };
    if let Some(status) = all.trouble.patches.pop_front().filter(|status| *status != 0) {
        return answer(status, seen.trace.len(), seen.status);
    }
    if first != seen.trace.len() {
        return answer(416, seen.trace.len(), seen.status);
    }
    seen.trace.extend_from_slice(&body);
    answer(202, seen.trace.len(), seen.status)
}

async fn update(State(all): State<Coordinator>, Id(id): Id<i64>, body: Bytes) -> Response {
    let update: UpdateRequest = serde_json::from_slice(&body).unwrap();
    let mut all = all.inner();
    let all = &mut *all;
    let seen = all.seen.entry(id).or_default();
    let trouble = all.trouble.updates.pop_front().filter(|status| *status != 0);
    if trouble.is_none() {
        if let Some(output) = &update.output {
            assert_eq!(output.bytesize, seen.trace.len() as u64);
            assert_eq!(output.crc32(), Some(crc32fast::hash(&seen.trace)));
        }
        seen.done = true;
    }
    let status = trouble.unwrap_or(200);
    seen.updates.push(update);
    (StatusCode::from_u16(status).unwrap(), [(header::JOB_STATUS, seen.status)]).into_response()
}

async fn watch(State(all): State<Coordinator>, Id(id): Id<i64>) -> Response {
    for _ in 0..200 {
        let status = all.seen(id).status;
        if status != "running" {
            return (StatusCode::OK, [(header::JOB_STATUS, status)]).into_response();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn upload(State(all): State<Coordinator>, Id(id): Id<i64>, mut parts: axum::extract::Multipart) -> Response {
    while let Some(part) = parts.next_field().await.unwrap() {
        assert_eq!(part.name(), Some("file"));
        let bytes = part.bytes().await.unwrap().to_vec();
        let mut all = all.inner();
        all.archives.insert(id, bytes.clone());
        all.seen.entry(id).or_default().artifacts.push(bytes);
    }
    StatusCode::CREATED.into_response()
}

async fn download(State(all): State<Coordinator>, Id(id): Id<i64>, headers: HeaderMap) -> Response {
    assert!(headers.contains_key(header::JOB_TOKEN));
    match all.inner().archives.get(&id) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
