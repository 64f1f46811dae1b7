//! What keeps other web sites away: the names that the server answers to (DNS rebinding) and where
//! a browser's request comes from (cross-site requests). One set of rules for a server that trusts
//! everybody on its machine (`--local`) and for one that people log in to.
//!
//! A server with an external URL shows its pages under that name, and under addresses and
//! `localhost`, which no foreign site can have. Under other names there are only the probes and the
//! REST interfaces and repositories, whose callers show a token with each request: runners and scripts of the house
//! may have their own names for it. Others of this kind leave `Host` alone, or redirect when they are
//! told to (Grafana's `enforce_domain`), and compare `Origin` only; but a page that had its name
//! pointed at us would have an `Origin` that fits its `Host`.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN, STRICT_TRANSPORT_SECURITY};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::origin::{self, Origin, Site};
use super::{AppState, git, refusals};
use crate::dialect;

/// How long a browser that came by https once asks for nothing here without it.
const A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what a foreign page could have made a browser send, and puts the [`Origin`] of the others
/// into the request. Clients that are no browsers send none of these headers and pass.
pub(super) async fn check(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let public = state.options.public.as_ref();
    let none = origin::Proxies::default();
    let proxies = public.map_or(&none, |public| &public.proxies);
    let origin = Origin::of(request.extensions(), request.headers(), proxies);
    let own = match public {
        None => Own::Local { port: state.options.port },
        Some(public) => Own::Public { origin: &origin, external: public.external.as_ref() },
    };
    let path = request.uri().path();
    let is_strict = own.is_strict();
    let mut response = match verdict(&own, request.headers(), request.method(), path) {
        Ok(()) => {
            request.extensions_mut().insert(origin);
            next.run(request).await
        }
        Err((status, text)) => {
            tracing::warn!(reason = %text, "refused a request that is not from this server's own pages");
            refusals::answer_at(path, status, &text)
        }
    };
    if is_strict {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, A_YEAR);
    }
    response
}

/// What is ours.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own<'a> {
    /// This machine's names, at this port.
    Local {
        /// Where the server listens.
        port: u16,
    },
    /// What the client called us, and the address that the administrator gave us.
    Public {
        /// This request's.
        origin: &'a Origin,
        /// The site of the external URL.
        external: Option<&'a Site>,
    },
}

/// The status and the text of a refusal.
type Refused = (StatusCode, Cow<'static, str>);

fn verdict(own: &Own<'_>, headers: &HeaderMap, method: &Method, path: &str) -> Result<(), Refused> {
    own.check_host(headers, path)?;
    if headers.get_all(ORIGIN).iter().any(|origin| !own.is_origin(origin)) {
        return Err(own.foreign());
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let streams = path.starts_with("/live/");
    let is_ours = |site: &HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
    if (changes || streams) && !headers.get_all(FETCH_SITE).iter().all(is_ours) {
        return Err((StatusCode::FORBIDDEN, "requests from pages of another site are refused".into()));
    }
    Ok(())
}

impl Own<'_> {
    /// Whether browsers may hold on to https: they came by it, and nobody is to be led to anything else.
    fn is_strict(&self) -> bool {
        match *self {
            Self::Local { .. } => false,
            Self::Public { origin, external } => origin.is_secure && external.is_none_or(Site::is_secure),
        }
    }

    fn check_host(&self, headers: &HeaderMap, path: &str) -> Result<(), Refused> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), others) = (hosts.next(), hosts.count()) else { return Ok(()) };
        // Whoever asks there shows a signature, in which the host has its part, or a token: a page whose name was pointed
        // at us has neither.
        if dialect::codearts::is_root(path) {
            return Ok(());
        }
        match *self {
            Self::Local { port } => {
                if others == 0 && host.to_str().is_ok_and(|host| is_local(host, port)) {
                    return Ok(());
                }
                Err((StatusCode::FORBIDDEN, "this server answers to localhost, 127.0.0.1 and [::1] only".into()))
            }
            Self::Public { origin, external } => {
                let said = if others == 0 { origin.host.as_deref() } else { None };
                let Some(host) = said else {
                    return Err((StatusCode::BAD_REQUEST, "the header Host is no host".into()));
                };
                let Some(site) = external else { return Ok(()) };
                let is_anywhere = matches!(path, "/healthz" | "/readyz" | "/health")
                    || refusals::is_interface(path)
                    || git::is_repository(path);
                if is_anywhere || site.has_name_of(host) || origin::is_literal(host) {
                    return Ok(());
                }
                Err((StatusCode::MISDIRECTED_REQUEST, format!("this server is reached at {site}").into()))
            }
        }
    }

    fn is_origin(&self, value: &HeaderValue) -> bool {
        let Ok(text) = value.to_str() else { return false };
        match *self {
            Self::Local { port } => text.strip_prefix("http://").is_some_and(|host| is_local(host, port)),
            Self::Public { origin, external } => {
                Site::of_header(text).is_some_and(|site| Some(&site) == external || origin.is_itself(&site))
            }
        }
    }

    fn foreign(&self) -> Refused {
        let text = match *self {
            Self::Local { .. } => "requests from pages of another origin are refused".into(),
            Self::Public { external: Some(site), .. } => {
                format!("requests from pages of another origin than {site} are refused").into()
            }
            Self::Public { origin, external: None } => {
                let here = origin.site();
                format!("requests from pages of another origin than {here} are refused (see --external-url)").into()
            }
        };
        (StatusCode::FORBIDDEN, text)
    }
}

/// Whether `host` or `host:port` names this server on this machine.
fn is_local(text: &str, port: u16) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let named = matches!(authority.host().to_ascii_lowercase().as_str(), "localhost" | "127.0.0.1" | "[::1]");
    // No `user@` and no empty port behind the colon.
    let plain = !text.contains('@') && !text.ends_with(':');
    named && plain && authority.port_u16().is_none_or(|given| given == port)
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
