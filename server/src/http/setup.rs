//! A server that has no administrator yet answers nothing but what makes one.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::{AppState, refusals};

/// What is answered all the same: probes, what the pages are made of, and the pages that make an administrator. Whole
/// paths, and folders of files that are built in.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/welcome" | "/password" | "/favicon.svg" | "/favicon.ico" | "/icons.svg")
        || path.starts_with("/pkg/")
        || matches!(path, "/rpc/welcome" | "/rpc/password" | "/rpc/prefs/theme" | "/rpc/prefs/language" | "/rpc/draft")
}

/// Refuses everything else until there is an administrator.
pub(super) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if state.weir.is_set_up() || is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let is_page = request.method() == Method::GET
        && !refusals::is_interface(request.uri().path())
        && request
            .headers()
            .get(header::ACCEPT)
            .is_some_and(|kinds| kinds.to_str().is_ok_and(|k| k.contains("text/html")));
    if is_page {
        return Redirect::to("/welcome").into_response();
    }
    let text = "this server has no administrator yet: open the link that it printed on its terminal";
    refusals::answer_at(request.uri().path(), StatusCode::SERVICE_UNAVAILABLE, text)
}
