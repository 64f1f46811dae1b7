//! Who asks on CodeArts' addresses: by a signature over the request as it came, or by a token in `X-Auth-Token`
//! (contracts/codearts.md, section 3). What was signed is read from the wire, before anything decodes it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, MatchedPath, OriginalUri, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use model::{Caller, Error};

use super::AppState;
use super::caller::{Access, Counted, Trusted};
use super::origin::Origin;
use super::rate::Verdict;
use crate::auth::aksk::{self, SignError, Signed};
use crate::auth::token::{Kind, Token};
use crate::clock;
use crate::dialect::codearts;
use crate::service::SigningKey;

/// The largest body: the contract's.
const BODY: usize = 12 << 20;

/// A request whose sender is known, with the whole body that they sent.
#[derive(Debug)]
pub struct SignedRequest {
    /// The service, and who asks.
    pub access: Access,
    /// As it came.
    pub body: Bytes,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Unsigned {
    /// The signature is not good.
    Signature(SignError),
    /// What stands in `X-Auth-Token` is not good, or nothing is there at all.
    Token(&'static str),
    /// Too many requests.
    Rate(Verdict),
    /// The body is larger than [`BODY`].
    TooLarge,
    /// The body did not come.
    Broken(String),
    /// It could not be looked up.
    Fault(Error),
}

impl From<SignError> for Unsigned {
    fn from(error: SignError) -> Self {
        Self::Signature(error)
    }
}

impl From<Error> for Unsigned {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl FromRequest<AppState> for SignedRequest {
    type Rejection = Unsigned;

    /// As much as can be told without the body is told before it is read: strangers do not fill the memory.
    async fn from_request(request: Request, state: &AppState) -> Result<Self, Unsigned> {
        let (parts, body) = request.into_parts();
        let asking = Asking { state, parts: &parts };
        let (caller, body) = match asking.signature()? {
            Some(text) => {
                let (signed, key) = asking.key(&text).await?;
                let body = read(body).await?;
                (asking.verified(signed, &key, &body).await?, body)
            }
            None => (asking.by_token().await?, read(body).await?),
        };
        Ok(Self { access: Access { caller, weir: Arc::clone(&state.weir) }, body })
    }
}

async fn read(body: axum::body::Body) -> Result<Bytes, Unsigned> {
    let collected = Limited::new(body, BODY).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() { Unsigned::TooLarge } else { Unsigned::Broken(error.to_string()) }
    })
}

struct Asking<'a> {
    state: &'a AppState,
    parts: &'a Parts,
}

impl Asking<'_> {
    fn origin(&self) -> Origin {
        self.parts.extensions.get::<Origin>().cloned().unwrap_or_default()
    }

    fn address(&self) -> Option<String> {
        self.origin().address.map(|ip| ip.to_string())
    }

    /// The header that a signature stands in. Two of them could mean two things.
    fn signature(&self) -> Result<Option<String>, Unsigned> {
        let mut found = None;
        let mut count = 0;
        for value in self.parts.headers.get_all(AUTHORIZATION) {
            count += 1;
            let text = std::str::from_utf8(value.as_bytes()).map(str::trim).unwrap_or_default();
            if Signed::is_meant(text) {
                found = Some(text.to_owned());
            }
        }
        match found {
            Some(_) if count > 1 => Err(self.wrong(SignError::Malformed)),
            found => Ok(found),
        }
    }

    /// The pair that is named, of a request that was signed in time.
    async fn key<'t>(&self, text: &'t str) -> Result<(Signed<'t>, SigningKey), Unsigned> {
        let signed = Signed::parse(text).map_err(|error| self.wrong(error))?;
        let key = self.state.weir.signing_key(signed.access).await?;
        let key = key.ok_or_else(|| self.wrong(SignError::UnknownKey(signed.access.to_owned())))?;
        self.with_request(&[], |request| aksk::check_date(signed, request, clock::now()).map(|_| ()))
            .map_err(|error| self.wrong(error))?;
        Ok((signed, key))
    }

    async fn verified(&self, signed: Signed<'_>, key: &SigningKey, body: &[u8]) -> Result<Caller, Unsigned> {
        let only_tells =
            self.parts.extensions.get::<MatchedPath>().is_some_and(|route| codearts::is_read(route.as_str()));
        let (verified, is_write) = self
            .with_request(body, |request| {
                let verified = aksk::verify(signed, request, &key.secret, clock::now())?;
                Ok((verified, request.is_write() && !only_tells))
            })
            .map_err(|error| self.wrong(error))?;
        if let Some(rates) = &self.state.rates {
            self.count(rates.token(signed.access, Some(key.user()), clock::now()))?;
        }
        let address = self.address();
        let caller = self.state.weir.caller_of_signature(key, verified, is_write, address.as_deref()).await?;
        Ok(caller?)
    }

    fn with_request<T>(&self, body: &[u8], work: impl FnOnce(&aksk::Request<'_>) -> T) -> T {
        let uri = self.parts.extensions.get::<OriginalUri>().map_or(&self.parts.uri, |uri| &uri.0);
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let headers: Vec<(&str, &[u8])> =
            self.parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        work(&aksk::Request { method: self.parts.method.as_str(), target, headers: &headers, body })
    }

    /// A signature is no password that could be guessed, so a wrong one counts as a request of nobody, and no key is ever
    /// locked for it: who holds the right one is not to suffer from others.
    fn wrong(&self, error: SignError) -> Unsigned {
        let verdict = self.state.rates.as_deref().map(|rates| rates.anonymous(self.origin().address, clock::now()));
        verdict.filter(|verdict| !verdict.allowed).map_or(Unsigned::Signature(error), Unsigned::Rate)
    }

    fn count(&self, verdict: Verdict) -> Result<(), Unsigned> {
        if !verdict.allowed {
            return Err(Unsigned::Rate(verdict));
        }
        if let Some(counted) = self.parts.extensions.get::<Counted>() {
            counted.set(verdict);
        }
        Ok(())
    }

    /// By a token of Weir's own. With `--local` too something has to be shown here, as on the vendor's addresses; over
    /// the data folder's own socket nothing has.
    async fn by_token(&self) -> Result<Caller, Unsigned> {
        let mut values = self.parts.headers.get_all("x-auth-token").iter();
        let (first, others) = (values.next(), values.count());
        let text = first.and_then(|value| value.to_str().ok()).map(str::trim).unwrap_or_default();
        if text.is_empty() || others > 0 {
            if first.is_none() && self.parts.extensions.get::<Trusted>().is_some() {
                return Ok(Caller { address: self.address(), ..Caller::local(self.state.options.owner.clone()) });
            }
            if let Some(rates) = &self.state.rates {
                self.count(rates.anonymous(self.origin().address, clock::now()))?;
            }
            return Err(Unsigned::Token("the request has neither a signature nor a token in X-Auth-Token"));
        }
        let address = self.address();
        let found = match Token::presented(text) {
            Some(token) if Kind::of(token.reveal()) == Some(Kind::Job) => {
                (self.state.weir.caller_of_job(&token, address.as_deref()).await?, Some(token))
            }
            Some(token) => (self.state.weir.caller_of_token(&token, address.as_deref()).await?, Some(token)),
            None => (None, None),
        };
        match (found, self.state.rates.as_deref()) {
            ((Some(caller), Some(token)), Some(rates)) => {
                let user = caller.id.filter(|_| Kind::of(token.reveal()) != Some(Kind::Job));
                self.count(rates.token(token.hash(), user, clock::now()))?;
                Ok(caller)
            }
            ((Some(caller), _), _) => Ok(caller),
            ((None, _), rates) => {
                let Origin { address, proxy, .. } = self.origin();
                let verdict = rates.map(|rates| rates.wrong_token(address, proxy, clock::now()));
                let verdict = verdict.filter(|verdict| !verdict.allowed);
                Err(verdict.map_or(Unsigned::Token("decrypt token fail"), Unsigned::Rate))
            }
        }
    }
}
