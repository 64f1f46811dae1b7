//! Pages that the server renders alone: nothing of them, neither their code nor their texts, is compiled
//! for the browser, and their documents have no script (see `docs/adr/0010-pages-without-hydration.md`).
//! Links to them from pages that live are `rel="external"`, what they change is changed by plain forms.
//!
//! They need the same things from their context as all others: service, caller and, to say who that is,
//! [`model::Me`] (without one it is the owner of a `--local` server).

mod account;
mod asked;
mod audit;
mod login;
mod name;
mod once;
mod owner;
mod parts;
mod password;
mod phrase;
mod place;
mod places;
mod rpc;
mod runners;
mod schedules;
mod settings;
mod text;
mod tokens;
mod users;
mod variables;
mod visible;
mod welcome;

use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use futures_util::StreamExt;
use futures_util::stream::{Stream, once};
use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos::reactive::computed::ScopedFuture;
use leptos_meta::provide_meta_context;
use leptos_router::components::Router as PageRouter;
use model::{Error, ErrorKind, Me};

use crate::components::error::ErrorPage;
use crate::components::layout::Layout;
use crate::components::page::PageContext;
use crate::logic::query;
use crate::prefs::Prefs;
use crate::rpc::ssr;
use crate::shell::{document, style_of};

use account::environment as account_environment;
use asked::Asked;
pub(crate) use name::me_html;
pub use rpc::{SESSION_COOKIE, session_cookie};

/// Where they are.
pub const ADDRESSES: [&str; 12] = [
    "/login",
    "/welcome",
    "/password",
    "/projects",
    "/projects/{*path}",
    "/settings",
    "/settings/account",
    "/settings/users",
    "/settings/audit",
    "/settings/variables",
    "/runners",
    "/schedules",
];

/// Those by which people come in.
const DOORS: [&str; 3] = ["/login", "/welcome", "/password"];

/// In the context of these pages.
#[derive(Clone, Copy)]
struct Plain;

/// Whether this page is one of these.
pub(crate) fn is_plain() -> bool {
    use_context::<Plain>().is_some()
}

/// Whether this page is one by which people come in.
pub(crate) fn is_door() -> bool {
    is_plain()
        && use_context::<http::request::Parts>().is_some_and(|parts| DOORS.iter().any(|door| *door == parts.uri.path()))
}

/// Whether this page is about one project or namespace, although its address is not below theirs.
pub(crate) fn is_of_place() -> bool {
    let of_place = |parts: http::request::Parts| {
        let fields = query::read(parts.uri.query().unwrap_or_default());
        matches!(parts.uri.path(), "/schedules" | "/settings/variables")
            && fields.iter().any(|(name, value)| matches!(name.as_str(), "project" | "namespace") && !value.is_empty())
    };
    is_plain() && use_context::<http::request::Parts>().is_some_and(of_place)
}

/// The routes of these pages; `context` provides what all pages find in their context.
pub fn plain_pages<S: Clone + Send + Sync + 'static>(
    options: LeptosOptions,
    context: impl Fn() + Clone + Send + Sync + 'static,
) -> Router<S> {
    let answer = move |request: Request<Body>| {
        let (options, context) = (options.clone(), context.clone());
        leptos_axum::handle_response_inner(
            context,
            move || page(&options),
            request,
            |page, _, _| {
                // All of it first: status and headers depend on what is loaded. What the framework would add
                // behind it for a browser that takes the page over stays away. Whichever thread goes on with it finds the
                // context of this request: without it a page has no title.
                Box::pin(ScopedFuture::new(async move {
                    let html = page.to_html_stream_in_order().collect::<String>().await;
                    Box::pin(once(async move { html })) as Pin<Box<dyn Stream<Item = String> + Send>>
                }))
            },
        )
    };
    ADDRESSES.iter().fold(Router::new(), |router, address| router.route(address, get(answer.clone())))
}

fn page(options: &LeptosOptions) -> AnyView {
    document(style_of(options), || (), || view! { <Site /> }).into_any()
}

#[component]
fn Site() -> impl IntoView {
    provide_meta_context();
    let prefs = Prefs::current();
    provide_context(prefs);
    provide_context(prefs.lang);
    provide_context(PageContext::new());
    provide_context(Plain);
    view! {
        <PageRouter>
            <Layout>{Suspend::new(shown())}</Layout>
        </PageRouter>
    }
}

/// The page of this address, or why there is none.
async fn shown() -> AnyView {
    let asked = match Asked::current() {
        Ok(asked) => asked,
        Err(error) => return view! { <ErrorPage error /> }.into_any(),
    };
    let (here, nobody) = (asked.here(), asked.is_nobody());
    match at(asked).await {
        Ok(view) => view,
        // Whoever signs in then sees what they wanted to see.
        Err(error) if error.kind == ErrorKind::Unauthorized && nobody => {
            ssr::go(&format!("/login?{}", query::write([("next", here.as_str())])));
            ().into_any()
        }
        Err(error) => view! { <ErrorPage error /> }.into_any(),
    }
}

async fn at(asked: Asked) -> Result<AnyView, Error> {
    match asked.path.as_str() {
        "/login" => Ok(login::page(&asked)),
        "/welcome" => Ok(welcome::page(&asked)),
        "/password" => password::page(&asked).await,
        "/settings" => Ok(settings::first(&asked)),
        "/settings/account" => account::page(&asked).await,
        "/settings/users" => users::page(&asked).await,
        "/settings/audit" => audit::page(&asked).await,
        "/settings/variables" => variables::page(&asked).await,
        "/runners" => runners::page(&asked).await,
        "/schedules" => schedules::page(&asked).await,
        "/projects" => places::page(&asked).await,
        other => match other.strip_prefix("/projects/") {
            Some(path) => place::page(&asked, path).await,
            None => Err(Error::not_found("page")),
        },
    }
}

/// Who asks; on a server that says nothing of it, its owner.
fn me() -> Me {
    use_context::<Me>().unwrap_or(Me { user: None, is_local: true, is_admin: true })
}
