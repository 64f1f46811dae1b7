//! The server's face to browsers, scripts and runners: router, state, extractors, errors to
//! responses, assets, streams, limits, security headers. It knows the service, the dialects and the
//! dispatch, and no SQL.

mod artifact;
mod assets;
mod audit;
mod caller;
mod error;
pub mod file;
mod fresh;
mod git;
mod guard;
mod headers;
mod health;
mod limits;
mod live;
mod manual;
mod observe;
mod openapi;
mod origin;
mod pages;
mod paper;
mod rate;
mod raw;
mod refusals;
mod routes;
mod serve;
mod setup;
mod signed;
mod slots;
mod state;
mod tls;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _};
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::{dialect, dispatch};

pub use caller::{Access, Ended, Refusal, Unasked};
pub use error::{Failure, status};
pub use fresh::{Fresh, Freshness};
pub use headers::REASON;
pub use observe::RequestId;
pub use origin::{Origin, Peer, Proxies, Site};
pub use rate::{REQUESTS, Rates, Rule, Rules, Verdict};
pub use routes::Routes;
pub use serve::{Listeners, ServeError, serve};
pub use signed::{SignedRequest, Unsigned};
pub use state::{AppState, Options, Public};
pub use tls::{Tls, TlsError};

/// Everything that is served over TCP.
pub fn router(state: AppState) -> Router {
    let routes = routes(&state).into_router();
    let routes = routes
        .layer(from_fn(refusals::stray))
        .layer(from_fn_with_state(state.clone(), git::serve))
        .layer(from_fn(caller::tell_rate))
        .layer(from_fn_with_state(state.clone(), setup::check))
        .layer(from_fn_with_state(state.clone(), guard::check));
    finish(routes, state)
}

/// All routes that are served over TCP.
fn routes(state: &AppState) -> Routes<AppState> {
    // Streams, traces and archives are never compressed: the first must not be held back, the
    // others are large or packed already, and their length is told before they come.
    let compress = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(headers::is_no_file));
    let plain = Routes::new()
        .merge(live::router())
        .merge(raw::router())
        .merge(artifact::router())
        .merge(audit::router())
        .merge(git::router())
        .merge(assets::router())
        .get("/healthz", health::alive)
        .get("/readyz", health::ready);
    let packed = pages::router(state).merge(openapi::router()).merge(manual::router()).merge(interfaces(state));
    let packed = packed.within(|router| router.layer(compress));
    plain.merge(packed)
}

/// What is served over the Unix socket in the data folder: the runner protocol, for the embedded runner, and the REST
/// interfaces, for the command line. Whoever reaches the socket owns the folder.
pub fn socket_router(state: AppState) -> Router {
    let routes = interfaces(&state).merge(live::router()).get("/healthz", health::alive);
    let routes = routes.into_router().fallback(refusals::missing).layer(Extension(caller::Trusted));
    finish(routes, state)
}

/// The REST interfaces. Nothing below their roots is ever answered with HTML or a redirect.
fn interfaces(state: &AppState) -> Routes<AppState> {
    let mut routes = Routes::new()
        .nest("/api/v4", refusals::strict_gitlab(runner_protocol(state).merge(dialect::gitlab::router())))
        .nest("/api", refusals::strict(dialect::ordine::router()))
        .get("/health", dialect::ordine::health);
    for (version, of_version) in dialect::codearts::routers() {
        routes = routes.nest(version, of_version);
    }
    routes.within(|router| router.layer(map_response(headers::interface)))
}

fn runner_protocol(state: &AppState) -> Routes<AppState> {
    let counted = from_fn_with_state(state.clone(), caller::count_wrong);
    let stop = Extension(state.stop.clone());
    dispatch::router().within(|router| router.with_state(state.service()).layer(stop).layer(counted))
}

/// What every answer goes through, from the inside out.
fn finish(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .layer(DefaultBodyLimit::max(limits::BODY))
        .layer(from_fn(limits::pace))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(map_response(headers::secure))
        .layer(from_fn(observe::request))
        .with_state(state)
}

#[cfg(test)]
mod tests;
