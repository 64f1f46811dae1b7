//! The pages as a server has them, and who asks for them.

use std::sync::{Arc, LazyLock};

use app::service::{SharedService, Transport};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::LeptosRoutes;
use model::{Caller, Me, SessionId, UserId, Via};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::{Fixture, accounts};

/// What renders pages lives as long as the process and is shared by all tests of it; a runtime that
/// ended with its test would take along what another test waits for.
pub fn on_one_runtime<T>(test: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime starts"));
    RUNTIME.block_on(test)
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// The owner of a `--local` server.
    Local,
    /// An administrator who is signed in, by HTTPS.
    Admin,
    /// Somebody who is signed in.
    Member,
    /// Nobody is signed in.
    Nobody,
}

impl Visitor {
    fn provide(self) {
        let user = match self {
            // A server that says nothing of it is a local one.
            Self::Local => return provide_context(Caller::local("ada")),
            Self::Nobody => None,
            Self::Admin => Some(accounts::ada()),
            Self::Member => Some(accounts::grace()),
        };
        let caller = user.as_ref().map_or_else(Caller::nobody, |user| Caller {
            user: user.name.clone(),
            id: Some(UserId(user.id.0)),
            via: Via::Session(SessionId(1)),
            address: None,
        });
        provide_context(caller);
        provide_context(Transport { secure: self == Self::Admin });
        provide_context(Me { user, is_local: false, is_admin: self == Self::Admin });
    }
}

pub fn site(empty: bool) -> Router {
    site_for(empty, Visitor::Local)
}

pub fn site_for(empty: bool, visitor: Visitor) -> Router {
    let options = LeptosOptions::builder().output_name("weir").site_pkg_dir("pkg/test").build();
    let context = move || {
        let service: SharedService = Arc::new(Fixture { empty });
        provide_context(service);
        visitor.provide();
    };
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    Router::new()
        .leptos_routes_with_context(&options, app::routes(), context, shell.clone())
        .merge(app::plain_pages(options.clone(), context))
        .route(
            "/rpc/{*function}",
            axum::routing::any(move |request: Request<Body>| {
                leptos_axum::handle_server_fns_with_context(context, request)
            }),
        )
        .fallback(leptos_axum::file_and_error_handler::<LeptosOptions, _>(move |_| shell()))
        .with_state(options)
}

pub async fn send(request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    send_as(Visitor::Local, request).await
}

pub async fn send_as(visitor: Visitor, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = site_for(false, visitor).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 50_000_000).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

pub async fn get(path: &str, language: &str) -> (StatusCode, String) {
    let (status, _, text) = get_as(Visitor::Local, path, language).await;
    (status, text)
}

pub async fn get_as(visitor: Visitor, path: &str, language: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path)
        .header(header::HOST, "weir.example")
        .header(header::ACCEPT_LANGUAGE, language)
        .header(header::ACCEPT, "text/html");
    send_as(visitor, request.body(Body::empty()).unwrap()).await
}

pub async fn post(path: &str, body: &str, accept: &str) -> (StatusCode, HeaderMap, String) {
    post_as(Visitor::Local, path, body, accept).await
}

pub async fn post_as(visitor: Visitor, path: &str, body: &str, accept: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::post(path)
        .header(header::HOST, "weir.example")
        .header(header::ACCEPT, accept)
        .header(header::REFERER, "http://localhost/pipelines/shop")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send_as(visitor, request.body(Body::from(body.to_owned())).unwrap()).await
}

/// What a reader sees: the text of `<main>`, line by line, without scripts and tags.
pub fn text(html: &str) -> String {
    let main = html.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap_or("");
    let main = main.split_once('>').map_or("", |(_, inside)| inside);
    let mut out = String::new();
    let mut rest = main;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at..];
        let end = match tag {
            tag if tag.starts_with("<script") => "</script>",
            tag if tag.starts_with("<!--") => "-->",
            _ => ">",
        };
        let until = tag.find(end).map_or(tag.len(), |e| e + end.len());
        let inline = ["<span", "</span", "<!", "<code", "</code", "<strong", "</strong", "<a", "</a", "<wbr"];
        if !inline.iter().any(|name| tag.starts_with(name)) {
            out.push('\n');
        }
        rest = &tag[until..];
    }
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty() && *line != ">");
    lines.collect::<Vec<_>>().join("\n")
}

/// Where an answer leads.
pub fn location(headers: &HeaderMap) -> &str {
    headers[header::LOCATION].to_str().expect("a location is text")
}

/// As [`post_as`], from the form of a page.
pub async fn form(visitor: Visitor, path: &str, body: &str) -> (StatusCode, HeaderMap, String) {
    post_as(visitor, path, body, "text/html").await
}
