//! Whether the server lives and can work.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{AppState, Failure};

/// `/healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `/readyz`: the store takes writes, and the server is not about to end.
pub(super) async fn ready(State(state): State<AppState>) -> Response {
    if state.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    }
    match state.weir.store().write(|tx| tx.probe()).await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => Failure(model::Error::unavailable(error.to_string())).into_response(),
    }
}
