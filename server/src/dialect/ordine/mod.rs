//! Ordine's dialect below `/api`: jobs, traces, pipelines and operations, as its scripts know them.
//! Errors are always `{"error": "…"}`; lists are bare arrays, newest first.

mod error;
mod graph;
mod input;
mod jobs;
mod operations;
mod pipelines;
mod traces;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};

use crate::service::Weir;
use error::Refused;

/// The largest body that is read.
const BODY: usize = 4 << 20;

/// The routes, with their full paths. The caller is taken from the request's extensions, where
/// `http` puts it.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<Weir>: FromRef<S>,
{
    Router::new()
        .route("/api/jobs", get(jobs::list).post(jobs::create))
        .route("/api/jobs/{id}", get(jobs::get).patch(jobs::change).delete(jobs::delete))
        .route("/api/jobs/{id}/traces", get(traces::list))
        .route("/api/jobs/{id}/agent-runs", get(traces::agent_runs))
        .route("/api/jobs/{id}/agent-runs/{run}/spans", get(traces::spans))
        .route("/api/pipelines", get(pipelines::list).post(pipelines::create).put(pipelines::put))
        .route(
            "/api/pipelines/{id}",
            get(pipelines::get).put(pipelines::put_one).patch(pipelines::change).delete(pipelines::delete),
        )
        .route("/api/pipelines/{id}/run", post(pipelines::run))
        .route("/api/operations", get(operations::list).post(operations::create).put(operations::put))
        .route(
            "/api/operations/{id}",
            get(operations::get).put(operations::put_one).patch(operations::change).delete(operations::delete),
        )
        .route("/health", get(health))
        .method_not_allowed_fallback(async || Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"))
        .layer(DefaultBodyLimit::max(BODY))
}

/// What every other path below `/api` is answered with.
pub async fn not_found() -> axum::response::Response {
    Refused::new(StatusCode::NOT_FOUND, "no such route").into_response()
}

async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({"status": "ok"}))
}
