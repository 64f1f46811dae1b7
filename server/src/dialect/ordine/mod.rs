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

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::http::AppState;

/// The largest body that is read.
const BODY: usize = 4 << 20;

/// The routes, relative to `/api`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/jobs", get(jobs::list).post(jobs::create))
        .route("/jobs/{id}", get(jobs::get).patch(jobs::change).delete(jobs::delete))
        .route("/jobs/{id}/traces", get(traces::list))
        .route("/jobs/{id}/agent-runs", get(traces::agent_runs))
        .route("/jobs/{id}/agent-runs/{run}/spans", get(traces::spans))
        .route("/pipelines", get(pipelines::list).post(pipelines::create).put(pipelines::put))
        .route(
            "/pipelines/{id}",
            get(pipelines::get).put(pipelines::put_one).patch(pipelines::change).delete(pipelines::delete),
        )
        .route("/pipelines/{id}/run", post(pipelines::run))
        .route("/operations", get(operations::list).post(operations::create).put(operations::put))
        .route(
            "/operations/{id}",
            get(operations::get).put(operations::put_one).patch(operations::change).delete(operations::delete),
        )
        .layer(DefaultBodyLimit::max(BODY))
}

/// `GET /health`, which stands beside `/api`.
pub async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({"status": "ok"}))
}
