//! The pages and the server functions they call.

use std::sync::Arc;

use app::service::SharedService;
use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions};
use model::{Caller, Error};
use tower_http::limit::RequestBodyLimitLayer;

use super::{AppState, Failure, assets, caller, headers, limits, refusals};

pub(super) fn router(state: &AppState) -> Router<AppState> {
    Router::new()
        .leptos_routes_with_context(state, app::routes(), context(state), shell(state))
        .fallback(other)
        .layer(RequestBodyLimitLayer::new(limits::FORM))
        .layer(map_response(too_large))
        .layer(from_fn_with_state(state.clone(), caller::attach))
}

/// What the pages and server functions of one request find in their context.
fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let service: SharedService = Arc::clone(&state.weir) as SharedService;
    move || {
        provide_context(Arc::clone(&service));
        if let Some(caller) = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned()) {
            provide_context(caller);
        }
        let policy = use_nonce().and_then(|nonce| headers::page(&nonce));
        if let (Some(policy), Some(response)) = (policy, use_context::<ResponseOptions>()) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// A body over the limit is refused before any server function sees it: the page gets the error in
/// the shape of theirs.
async fn too_large(response: Response) -> Response {
    if response.status() != StatusCode::PAYLOAD_TOO_LARGE || refusals::is_json(response.headers()) {
        return response;
    }
    Failure(Error::too_large("a request may not be larger than 7 MiB, a definition not larger than 2 MiB"))
        .into_response()
}

fn shell(state: &AppState) -> impl Fn() -> leptos::prelude::AnyView + Clone + Send + Sync + 'static {
    let options = LeptosOptions::from_ref(state);
    move || app::shell(options.clone())
}

/// An address without a route: a file of `public/`, or the page that says so.
async fn other(State(state): State<AppState>, request: Request) -> Response {
    if refusals::is_interface(request.uri().path()) || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return refusals::missing().await;
    }
    if let Some(file) = assets::public(request.uri().path(), request.headers()) {
        return file;
    }
    let mut response = leptos_axum::render_app_async_with_context(context(&state), shell(&state))(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
