//! Who asks.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{Caller, Error};

use super::{AppState, Failure};
use crate::service::Weir;

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
        let caller = identify(state, &parts.headers).await?;
        Ok(Self { caller, weir: Arc::clone(&state.weir) })
    }
}

/// Why somebody does not get at the service.
#[derive(Debug)]
pub enum Refusal {
    /// The token is not known, or no longer.
    Token,
    /// The token could not be looked up.
    Fault(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Token => super::refusals::answer(StatusCode::UNAUTHORIZED, "the token is not valid"),
            Self::Fault(error) => Failure(error).into_response(),
        }
    }
}

/// In `--local` mode everybody who gets here is the owner (what comes from elsewhere was refused
/// before, see [`super::guard`]); a token that is given says who acts, and must be good.
async fn identify(state: &AppState, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let Some(secret) = token(headers) else { return Ok(Caller::local(state.options.owner.clone())) };
    state.weir.caller_of_token(secret).await?.ok_or(Refusal::Token)
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || {
        let (scheme, secret) = text(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(secret)
    };
    text("private-token").or_else(bearer).map(str::trim).filter(|secret| !secret.is_empty())
}

/// Puts the caller into the request, for the pages, which have no extractors.
pub(super) async fn attach(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match identify(&state, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}
