//! Who asks: by a token, a browser's session, or by being on this machine.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{Caller, Error, Via};

use runner::protocol::header::JOB_STATUS;

use super::origin::Origin;
use super::rate::{Rates, Verdict};
use super::{AppState, Failure};
use crate::auth::token::{PresentError, Presented, present};
use crate::clock;
use crate::service::Weir;

/// The cookie that holds a browser's session.
pub(super) const SESSION: &str = app::SESSION_COOKIE;
/// Where people sign in.
const SIGN_IN: &str = "/rpc/session/sign_in";

/// The service together with who asks it: the only way by which a handler gets at the service.
#[derive(Clone, Debug)]
pub struct Access {
    /// Who asks; the first argument of every method of the service.
    pub caller: Caller,
    /// The service.
    pub weir: Arc<Weir>,
}

impl FromRequestParts<AppState> for Access {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let caller = identify(state, parts).await?;
        Ok(Self { caller, weir: Arc::clone(&state.weir) })
    }
}

/// The service for the routes that find out themselves who asks, by what is in the body.
#[derive(Clone, Debug)]
pub struct Unasked {
    /// The service.
    pub weir: Arc<Weir>,
    /// Where the request comes from.
    pub address: Option<String>,
    /// The address under which this client knows the server, without a slash at its end.
    pub base: String,
}

impl FromRequestParts<AppState> for Unasked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let origin = parts.extensions.get::<Origin>().cloned().unwrap_or_default();
        // Guessing tokens is limited here as anywhere.
        if let Some(rates) = &state.rates {
            let verdict = rates.anonymous(origin.address, clock::now());
            if !verdict.allowed {
                return Err(Refusal::Rate(verdict));
            }
        }
        let weir = Arc::clone(&state.weir);
        let base = match parts.extensions.get::<Origin>() {
            Some(origin) => origin.base(weir.configured_url()),
            None => weir.external_url().to_owned(),
        };
        Ok(Self { weir, address: origin.address.map(|ip| ip.to_string()), base })
    }
}

pub use crate::service::Ended;

/// Why somebody does not get at the service.
#[derive(Debug)]
pub enum Refusal {
    /// What was presented is not good; why, as far as that helps who presents it.
    Token(String),
    /// It was good once.
    Ended(Ended),
    /// Too many requests.
    Rate(Verdict),
    /// It could not be looked up.
    Fault(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl From<PresentError> for Refusal {
    fn from(error: PresentError) -> Self {
        Self::Token(error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Token(why) => super::refusals::answer(StatusCode::UNAUTHORIZED, &why),
            Self::Ended(why) => super::refusals::answer(StatusCode::UNAUTHORIZED, &why.to_string()),
            Self::Rate(verdict) => verdict.refusal(),
            Self::Fault(error) => Failure(error).into_response(),
        }
    }
}

/// Marks requests over the data folder's own socket, which only its owner reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trusted;

/// Marks requests for the sources of a job that runs: it is given them, whatever has become of who started it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnSources;

/// Where the verdict of a request's rate limit is put, for the headers of its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted(Arc<Mutex<Option<Verdict>>>);

impl Counted {
    pub(super) fn set(&self, verdict: Verdict) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
    }

    fn take(&self) -> Option<Verdict> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Tells clients how many requests they have left.
pub(super) async fn tell_rate(mut request: Request, next: Next) -> Response {
    let counted = Counted::default();
    request.extensions_mut().insert(counted.clone());
    let mut response = next.run(request).await;
    if let Some(verdict) = counted.take() {
        verdict.write(response.headers_mut());
    }
    response
}

/// Counts tokens of runners and jobs that are not good, apart from those of people.
pub(super) async fn count_wrong(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let origin = request.extensions().get::<Origin>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    // Whoever is told of a job's state has its token.
    let is_wrong = response.status() == StatusCode::FORBIDDEN && !response.headers().contains_key(JOB_STATUS);
    let Some(rates) = state.rates.as_deref().filter(|_| is_wrong) else { return response };
    let verdict = rates.wrong_machine_token(origin.address, origin.proxy, clock::now());
    if verdict.allowed { response } else { verdict.refusal() }
}

/// Counts sign-ins by way of a proxy, too: whom it says they are from may be made up.
pub(super) async fn count_sign_ins(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let proxy = request.extensions().get::<Origin>().and_then(|origin| origin.proxy);
    let is_sign_in = request.uri().path() == SIGN_IN;
    let (Some(rates), Some(proxy), true) = (state.rates.as_deref(), proxy, is_sign_in) else {
        return next.run(request).await;
    };
    let verdict = rates.login_by(proxy, clock::now());
    if !verdict.allowed {
        return verdict.refusal();
    }
    let response = next.run(request).await;
    let begins = |cookie: &HeaderValue| cookie.as_bytes().starts_with(SESSION.as_bytes());
    if response.headers().get_all(SET_COOKIE).iter().any(begins) {
        rates.logged_in_by(proxy);
    }
    response
}

/// A token says who acts, and must be good; then a browser's session does. In `--local` mode everybody else who gets
/// here is the owner (what comes from elsewhere was refused before, see [`super::guard`]), as is who comes over the data
/// folder's socket. Others are nobody.
pub(super) async fn identify(state: &AppState, parts: &Parts) -> Result<Caller, Refusal> {
    if let Some(caller) = parts.extensions.get::<Caller>() {
        return Ok(caller.clone());
    }
    let origin = parts.extensions.get::<Origin>().cloned().unwrap_or_default();
    let address = origin.address.map(|ip| ip.to_string());
    let rates = state.rates.as_deref();
    let count = |verdict: Verdict| {
        if !verdict.allowed {
            return Err(Refusal::Rate(verdict));
        }
        if let Some(counted) = parts.extensions.get::<Counted>() {
            counted.set(verdict);
        }
        Ok(())
    };
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let query = query.map(|query| query.0).unwrap_or_default();
    // Addresses of pages end up in logs and histories: tokens in them are for scripts alone.
    let is_interface = super::refusals::is_interface(&whole_path(parts));
    let parameters = query.iter().filter(|_| is_interface).map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    if let Some(presented) = present(headers, parameters)? {
        let (found, token) = match &presented {
            Presented::Access(token) => (state.weir.caller_of_token(token, address.as_deref()).await?, Some(token)),
            Presented::Job(token) if parts.extensions.get::<OwnSources>().is_some() => {
                (state.weir.job_itself(token, address.as_deref()).await?, Some(token))
            }
            Presented::Job(token) => (state.weir.caller_of_job(token, address.as_deref()).await?, Some(token)),
            // Runners speak to their own addresses, and signatures are for the dialect that has them.
            Presented::Runner(_) | Presented::Signed(_) => (None, None),
        };
        return match (found, rates) {
            (Some(caller), rates) => {
                if let (Some(rates), Some(token)) = (rates, token) {
                    // A job's counts by itself: what jobs fetch keeps nobody from working who started many.
                    let user = caller.id.filter(|_| !matches!(presented, Presented::Job(_)));
                    count(rates.token(token.hash(), user, clock::now()))?;
                }
                Ok(caller)
            }
            (None, rates) => {
                let is_machine = matches!(presented, Presented::Job(_) | Presented::Runner(_));
                let wrong = |rates: &Rates| {
                    let of = if is_machine { Rates::wrong_machine_token } else { Rates::wrong_token };
                    of(rates, origin.address, origin.proxy, clock::now())
                };
                if let Some(verdict) = rates.map(wrong)
                    && !verdict.allowed
                {
                    return Err(Refusal::Rate(verdict));
                }
                if let Some(token) = token
                    && let Some(why) = state.weir.how_it_ended(token).await?
                {
                    return Err(Refusal::Ended(why));
                }
                let complaint = token.and_then(crate::auth::token::Token::complaint);
                Err(Refusal::Token(complaint.unwrap_or_else(|| "the token is not known, or no longer good".to_owned())))
            }
        };
    }
    let is_trusted = parts.extensions.get::<Trusted>().is_some();
    if is_trusted || state.options.public.is_none() {
        return Ok(Caller { address, ..Caller::local(state.options.owner.clone()) });
    }
    if let Some(secret) = cookie(&parts.headers, SESSION)
        && let Some(caller) = state.weir.caller_of_session(secret, address.as_deref()).await?
    {
        if let Some(rates) = rates {
            count(rates.user(caller.id, clock::now()))?;
        }
        return Ok(caller);
    }
    if let Some(rates) = rates {
        count(rates.anonymous(origin.address, clock::now()))?;
    }
    Ok(Caller { address, ..Caller::nobody() })
}

/// The header by which the browser keeps its session as long again, as the server does with each use; none unless it
/// was by one that it came in.
pub(super) fn renewed(caller: &Caller, headers: &HeaderMap, is_secure: bool) -> Option<HeaderValue> {
    let secret = cookie(headers, SESSION).filter(|_| matches!(caller.via, Via::Session(_)))?;
    app::session_cookie(secret, crate::service::SESSION / 1000, is_secure)
}

/// The path before routers took their parts of it.
fn whole_path(parts: &Parts) -> String {
    parts.extensions.get::<axum::extract::OriginalUri>().map_or(parts.uri.path(), |uri| uri.0.path()).to_owned()
}

/// The value of a cookie; `None` unless it came exactly once.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(key, _)| *key == name);
    let value = found.next()?.1;
    found.next().is_none().then_some(value).filter(|value| !value.is_empty())
}

/// Puts the caller into the request, for the pages, which have no extractors.
pub(super) async fn attach(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match identify(&state, &parts).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_comes_once_or_not_at_all() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(COOKIE, value.parse().unwrap());
            }
            cookie(&headers, SESSION).map(str::to_owned)
        };
        assert_eq!(of(&["theme=dark; weir_session=abc; x=y"]).as_deref(), Some("abc"));
        assert_eq!(of(&["theme=dark", "weir_session=abc"]).as_deref(), Some("abc"));
        for none in [&["weir_session="][..], &["weir_sessions=abc"], &["weir_session=a; weir_session=b"], &[]] {
            assert_eq!(of(none), None, "{none:?}");
        }
    }
}
