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

use axum::extract::DefaultBodyLimit;

use crate::http::{AppState, Routes};

/// The largest body that is read.
const BODY: usize = 4 << 20;

/// The routes, relative to `/api`.
pub fn router() -> Routes<AppState> {
    Routes::new()
        .get("/jobs", jobs::list)
        .post("/jobs", jobs::create)
        .get("/jobs/{id}", jobs::get)
        .patch("/jobs/{id}", jobs::change)
        .delete("/jobs/{id}", jobs::delete)
        .get("/jobs/{id}/traces", traces::list)
        .get("/jobs/{id}/agent-runs", traces::agent_runs)
        .get("/jobs/{id}/agent-runs/{run}/spans", traces::spans)
        .get("/pipelines", pipelines::list)
        .post("/pipelines", pipelines::create)
        .put("/pipelines", pipelines::put)
        .get("/pipelines/{id}", pipelines::get)
        .put("/pipelines/{id}", pipelines::put_one)
        .patch("/pipelines/{id}", pipelines::change)
        .delete("/pipelines/{id}", pipelines::delete)
        .post("/pipelines/{id}/run", pipelines::run)
        .get("/operations", operations::list)
        .post("/operations", operations::create)
        .put("/operations", operations::put)
        .get("/operations/{id}", operations::get)
        .put("/operations/{id}", operations::put_one)
        .patch("/operations/{id}", operations::change)
        .delete("/operations/{id}", operations::delete)
        .within(|router| router.layer(DefaultBodyLimit::max(BODY)))
}

/// `GET /health`, which stands beside `/api`.
pub async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({"status": "ok"}))
}
