//! The pages and the server functions they call.

use std::sync::Arc;

use app::service::{Accounts as _, SharedService, Transport};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, OriginalUri, Request, State};
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{Extensions, Method, StatusCode};
use axum::middleware::Next;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::BodyExt as _;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::{LeptosRoutes, ResponseOptions};
use model::{Caller, Error, Me};
use tower_http::limit::RequestBodyLimitLayer;

use super::{AppState, Failure, Origin, Routes, Site, assets, caller, headers, limits, refusals};

pub(super) fn router(state: &AppState) -> Routes<AppState> {
    let pages = app::routes();
    let addresses = pages.iter().map(|page| page.path().to_owned());
    let plain = app::PLAIN_PAGES.into_iter().map(str::to_owned);
    let mut list: Vec<_> = addresses.chain(plain).map(|address| (Method::GET, address)).collect();
    list.extend(server_fn_paths().map(|(path, method)| (method, path.to_owned())));
    let router = Router::new()
        .leptos_routes_with_context(state, pages, context(state), shell(state))
        .merge(app::plain_pages(LeptosOptions::from_ref(state), context(state)));
    Routes::listed(router, list).within(|router| {
        router
            .fallback(other)
            .layer(from_fn(readable))
            .layer(from_fn_with_state(state.clone(), caller::count_sign_ins))
            .layer(RequestBodyLimitLayer::new(limits::FORM))
            .layer(DefaultBodyLimit::max(limits::FORM))
            .layer(map_response(too_large))
            .layer(map_response(kind_of_refusal))
            .layer(from_fn_with_state(state.clone(), welcome))
            .layer(from_fn_with_state(state.clone(), caller::attach))
    })
}

/// Tells the page who reads it; and leads those who are not signed in, and are refused, to where they can be.
async fn welcome(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let is_page = *request.method() == Method::GET
        && !request.uri().path().starts_with("/rpc/")
        && request.headers().get(ACCEPT).is_some_and(|kinds| kinds.to_str().is_ok_and(|k| k.contains("text/html")));
    let changes = *request.method() == Method::POST;
    let Some(caller) = request.extensions().get::<Caller>().cloned() else { return next.run(request).await };
    let is_secure = keeps_to_https(&state, request.extensions());
    let renewed = if is_page { caller::renewed(&caller, request.headers(), is_secure) } else { None };
    let wanted = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    match state.weir.me(&caller).await {
        Ok(me) => drop(request.extensions_mut().insert(me)),
        Err(error) => return Failure(error).into_response(),
    }
    let mut response = next.run(request).await;
    if let Some(header) = renewed {
        response.headers_mut().append(SET_COOKIE, header);
    }
    if changes && !caller.is_signed_in() && is_about_input(&wanted, response.status()) {
        return Failure(Error::unauthorized("sign in first")).into_response();
    }
    let is_refused =
        matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
    if !is_page || !is_refused || caller.is_signed_in() {
        return response;
    }
    let next = form_urlencoded::byte_serialize(wanted.as_bytes()).collect::<String>();
    Redirect::to(&format!("/login?next={next}")).into_response()
}

/// Server functions that change something for somebody who is not signed in.
const FOR_ANYBODY: [&str; 4] = ["/rpc/session/", "/rpc/prefs/", "/rpc/welcome", "/rpc/password"];

/// Whether a server function says what is wrong with what it was sent: its arguments are read before it can ask who sends
/// them. Who may not call it at all is told that, and nothing of its arguments.
fn is_about_input(address: &str, status: StatusCode) -> bool {
    let is_open = !address.starts_with("/rpc/") || FOR_ANYBODY.iter().any(|open| address.starts_with(open));
    !is_open && matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST)
}

/// What the pages and server functions of one request find in their context.
fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let service: SharedService = Arc::clone(&state.weir) as SharedService;
    let state = state.clone();
    move || {
        provide_context(Arc::clone(&service));
        if let Some(parts) = use_context::<Parts>() {
            if let Some(caller) = parts.extensions.get::<Caller>() {
                provide_context(caller.clone());
            }
            if let Some(me) = parts.extensions.get::<Me>() {
                provide_context(me.clone());
            }
            provide_context(Transport { secure: keeps_to_https(&state, &parts.extensions) });
        }
        let policy = use_nonce().and_then(|nonce| headers::page(&nonce));
        if let (Some(policy), Some(response)) = (policy, use_context::<ResponseOptions>()) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// Whether a session is for https alone: the browser came by it, or the server's own address has it. A proxy that does
/// not say how it was reached gives nobody's session to whoever listens.
fn keeps_to_https(state: &AppState, extensions: &Extensions) -> bool {
    let external = state.options.public.as_ref().and_then(|public| public.external.as_ref());
    external.is_some_and(Site::is_secure) || extensions.get::<Origin>().is_some_and(|origin| origin.is_secure)
}

/// Reads the body of a server function before it does. What it could not read it would tell as a fault of ours: one that
/// comes too slowly, or breaks off, or is no text.
async fn readable(request: Request, next: Next) -> Response {
    let is_call = *request.method() == Method::POST && request.uri().path().starts_with("/rpc/");
    if !is_call {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let (status, error) = match body.collect().await.map(|body| body.to_bytes()) {
        Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => {
            return next.run(Request::from_parts(parts, bytes.into())).await;
        }
        Ok(_) => (StatusCode::BAD_REQUEST, Error::invalid("the body is not UTF-8 text")),
        Err(error) if limits::is_too_slow(&error) => {
            (StatusCode::REQUEST_TIMEOUT, Error::unavailable("the body came too slowly"))
        }
        Err(error) if limits::is_too_large(&error) => (StatusCode::PAYLOAD_TOO_LARGE, body_too_large()),
        Err(_) => (StatusCode::BAD_REQUEST, Error::invalid("the body broke off")),
    };
    (status, Failure(error)).into_response()
}

/// A body over the limit is refused before any server function sees it: the page gets the error in
/// the shape of theirs.
async fn too_large(response: Response) -> Response {
    if response.status() != StatusCode::PAYLOAD_TOO_LARGE || refusals::is_json(response.headers()) {
        return response;
    }
    Failure(body_too_large()).into_response()
}

fn body_too_large() -> Error {
    Error::too_large("a request may not be larger than 7 MiB, a definition not larger than 2 MiB")
}

/// A server function whose arguments cannot be read answers as if it were at fault: it is told as what it is.
async fn kind_of_refusal(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || !refusals::is_json(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, 64 << 10).await else {
        return Failure(Error::internal("internal error")).into_response();
    };
    if let Ok(error) = serde_json::from_slice::<Error>(&bytes) {
        parts.status = super::status(error.kind);
    }
    Response::from_parts(parts, bytes.into())
}

fn shell(state: &AppState) -> impl Fn() -> leptos::prelude::AnyView + Clone + Send + Sync + 'static {
    let options = LeptosOptions::from_ref(state);
    move || app::shell(options.clone())
}

/// An address without a route: a file of `public/`, or the page that says so.
async fn other(State(state): State<AppState>, request: Request) -> Response {
    if refusals::is_interface(request.uri().path()) || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return refusals::missing(OriginalUri(request.uri().clone())).await;
    }
    if let Some(page) = page_of_gitlab(request.uri().path()) {
        return Redirect::temporary(&page).into_response();
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

/// The page that GitLab has at this address, and its clients know it by (`web_url`): `/shop/web/-/jobs/40`. Commits,
/// branches and tags have no page here: their project's has the newest of its runs.
fn page_of_gitlab(path: &str) -> Option<String> {
    let (project, rest) = path.strip_prefix('/')?.split_once("/-/")?;
    let (kind, rest) = rest.split_once('/')?;
    if !project.contains('/') || project.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    let first = rest.split('/').next().filter(|text| !text.is_empty())?;
    let number = first.parse::<i64>().ok().filter(|number| *number > 0);
    match kind {
        "pipelines" => number.map(|number| format!("/runs/{number}")),
        "jobs" => number.map(|number| format!("/jobs/{number}")),
        "commit" | "tree" | "tags" => Some(format!("/projects/{project}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::page_of_gitlab;

    #[test]
    fn addresses_of_gitlab_lead_to_our_pages() {
        let to = |path: &str| page_of_gitlab(path);
        assert_eq!(to("/shop/web/-/pipelines/12").as_deref(), Some("/runs/12"));
        assert_eq!(to("/a/b/c/-/jobs/40/artifacts/browse").as_deref(), Some("/jobs/40"));
        assert_eq!(to("/shop/web/-/commit/2f1c7c1e").as_deref(), Some("/projects/shop/web"));
        assert_eq!(to("/shop/web/-/tree/feature/x").as_deref(), Some("/projects/shop/web"));
        for none in [
            "/shop/web/-/tree/",
            "/shop/web/-/pipelines",
            "/shop/web/-/pipelines/x",
            "/web/-/jobs/1",
            "/shop/web/-/issues/1",
            "/",
            "//x/-/jobs/1",
            "/a/../-/jobs/1",
        ] {
            assert_eq!(to(none), None, "{none}");
        }
    }
}
