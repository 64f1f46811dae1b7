//! Refusals that no handler makes: unknown addresses and methods, bodies that are too large or
//! malformed. Below the roots of the REST interfaces they are always JSON.

use std::any::Any;

use axum::Json;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, map_response};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::{AppState, Routes, headers};
use crate::dialect;

/// `{"error": TEXT, "message": TEXT}`: the first is Ordine's word, the second GitLab's.
pub(super) fn answer(status: StatusCode, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": text, "message": text }))).into_response()
}

/// As [`answer`], in the words of the interface that the address belongs to.
pub(super) fn answer_at(path: &str, status: StatusCode, text: &str) -> Response {
    if dialect::codearts::is_root(path) { dialect::codearts::refuse(status, text) } else { answer(status, text) }
}

/// An address that is none of ours.
pub(super) async fn missing(OriginalUri(uri): OriginalUri) -> Response {
    answer_at(uri.path(), StatusCode::NOT_FOUND, "404 Not Found")
}

/// Refuses what lies below CodeArts' roots and none of its routers sees: pages would take it for one of theirs.
pub(super) async fn stray(request: Request, next: Next) -> Response {
    if dialect::codearts::is_stray(request.uri().path()) {
        return headers::interface(missing(OriginalUri(request.uri().clone())).await).await;
    }
    next.run(request).await
}

/// Whether an address lies below the roots of the REST interfaces, whatever routes are there.
pub(super) fn is_interface(path: &str) -> bool {
    path.split('/').find(|part| !part.is_empty()) == Some("api") || dialect::codearts::is_root(path)
}

async fn wrong_method() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed")
}

/// Makes every refusal of these routes JSON, also those that come from axum itself.
pub(super) fn strict(routes: Routes<AppState>) -> Routes<AppState> {
    routes.within(|router| {
        let as_json = map_response(async |response| as_json(response, answer).await);
        router.method_not_allowed_fallback(wrong_method).fallback(missing).layer(as_json)
    })
}

/// The same in GitLab's words, whose clients take `error` for more than `message`: there is never both.
pub(super) fn strict_gitlab(routes: Routes<AppState>) -> Routes<AppState> {
    routes.within(|router| {
        let as_json = map_response(async |response| as_json(response, error).await);
        let router = router.method_not_allowed_fallback(wrong_method_of_gitlab).fallback(missing_in_gitlab);
        router.layer(as_json).layer(CatchPanicLayer::custom(panicked_in_gitlab))
    })
}

/// `{"error": TEXT}`.
fn error(status: StatusCode, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": text }))).into_response()
}

async fn wrong_method_of_gitlab() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "405 Not Allowed")
}

/// As [`super::error::panicked`], whose answer says more than once what happened.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
fn panicked_in_gitlab(panic: Box<dyn Any + Send + 'static>) -> Response {
    super::error::log_panic(&*panic);
    let text = "500 Internal Server Error";
    (StatusCode::INTERNAL_SERVER_ERROR, Json(serde_json::json!({ "message": text }))).into_response()
}

/// No such address; or another format of one is asked for, and there is JSON alone.
async fn missing_in_gitlab(uri: Uri) -> Response {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match last.split_once('.') {
        Some((name, format)) if is_word(name) && is_word(format) && format.len() <= 5 && format != "json" => {
            error(StatusCode::NOT_ACCEPTABLE, &format!("The requested format '{format}' is not supported."))
        }
        _ => error(StatusCode::NOT_FOUND, "404 Not Found"),
    }
}

async fn as_json(response: Response, answer: fn(StatusCode, &str) -> Response) -> Response {
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    // Clients of a limit read its headers; the text is GitLab's.
    if !refused || status == StatusCode::TOO_MANY_REQUESTS || is_json(response.headers()) {
        return response;
    }
    let mut said = response.headers().clone();
    // The texts of axum's extractors are short and about the request alone.
    let text = axum::body::to_bytes(response.into_body(), 4096).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let reason = status.canonical_reason().unwrap_or_default();
    let text = if text.trim().is_empty() { format!("{} {reason}", status.as_u16()) } else { text.into_owned() };
    let mut answer = answer(status, text.trim());
    // What else was said stays: which methods there are, how much of a trace is held.
    for name in [CONTENT_TYPE, CONTENT_LENGTH, TRANSFER_ENCODING] {
        said.remove(name);
    }
    answer.headers_mut().extend(said);
    answer
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}
