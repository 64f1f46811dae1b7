//! Refusals: `{"error_code": CODE, "error_msg": TEXT}`, with the request's id where it is about who asks.

use std::any::Any;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{Error, ErrorKind};
use serde_json::json;

use crate::auth::aksk::SignError;
use crate::http::{RequestId, Unsigned, Verdict};

/// What every JSON answer of the vendor's says of itself.
const JSON: &str = "application/json;charset=UTF-8";

/// A refusal. It gets its words when the layer around all routes writes it down.
#[derive(Clone, Debug)]
pub struct Refused {
    status: StatusCode,
    /// Unless it follows from the status and the address.
    code: Option<&'static str>,
    text: String,
    /// Whether it is about who asks.
    is_login: bool,
    rate: Option<Verdict>,
}

impl Refused {
    /// Anything.
    pub fn with(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, code: None, text: text.into(), is_login: false, rate: None }
    }

    /// The request is malformed.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, text)
    }

    /// There is no such thing, or none that the caller sees.
    pub fn not_found(what: &str) -> Self {
        Self::from(Error::not_found(what))
    }

    /// The address is none of ours.
    pub(super) fn unknown() -> Self {
        let text = "The API does not exist or has not been published in the environment";
        Self::with(StatusCode::NOT_FOUND, text).coded("APIG.0101")
    }

    /// With a code of its own.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    fn login(text: String) -> Self {
        Self { is_login: true, ..Self::with(StatusCode::UNAUTHORIZED, text) }.coded(SignError::CODE)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Unauthorized => Self::login(format!("Incorrect IAM authentication information: {error}")),
            // What went wrong is in the log; 500 is what the vendor says when it is busy, too, and scripts know it.
            ErrorKind::Internal => Self::with(StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
            kind => Self::with(crate::http::status(kind), told(error)),
        }
    }
}

/// The text, and where in a definition it is.
fn told(error: Error) -> String {
    let place = error.diagnostics.first().map(|found| format!("{}:{}: ", found.file, found.span.line));
    match place {
        Some(place) if !error.message.starts_with(&place) => format!("{place}{}", error.message),
        _ => error.message,
    }
}

impl From<Unsigned> for Refused {
    fn from(unsigned: Unsigned) -> Self {
        match unsigned {
            Unsigned::Signature(error) => Self::login(error.to_string()),
            Unsigned::Token(why) => Self::login(format!("Incorrect IAM authentication information: {why}")),
            Unsigned::Rate(verdict) => {
                let text = format!("The throttling threshold has been reached; retry in {} s", verdict.retry_after);
                let refused = Self::with(StatusCode::TOO_MANY_REQUESTS, text).coded("APIGW.0308");
                Self { rate: Some(verdict), ..refused }
            }
            Unsigned::TooLarge => {
                Self::with(StatusCode::PAYLOAD_TOO_LARGE, "Request entity too large: a body has up to 12 MB")
                    .coded("APIG.0201")
            }
            Unsigned::Broken(why) => Self::invalid(format!("the body cannot be read: {why}")).coded("APIG.0201"),
            Unsigned::Fault(error) => error.into(),
        }
    }
}

impl IntoResponse for Unsigned {
    fn into_response(self) -> Response {
        Refused::from(self).into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Whose words a code is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Gateway,
    Pipeline,
    Build,
}

impl Family {
    fn of(path: &str) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        // Both services have jobs in their addresses; a pipeline stands in those of one alone.
        if path.starts_with("/v3/projects") {
            Self::Gateway
        } else if parts.any(|part| part == "pipelines") {
            Self::Pipeline
        } else {
            Self::Build
        }
    }

    /// Documented are `DEVCP.00000001`, `CB.00060100`, `CB.00060101`, `CB.00060200` and `CB.00060211`; the others are
    /// made after them, with the status at their end.
    fn code(self, status: StatusCode) -> &'static str {
        match (self, status.as_u16()) {
            (Self::Pipeline, 400 | 413) => "DEVCP.00000001",
            (Self::Pipeline, 403) => "DEVCP.00000403",
            (Self::Pipeline, 404) => "DEVCP.00000404",
            (Self::Pipeline, 409) => "DEVCP.00000409",
            (Self::Pipeline, 429) => "DEVCP.00000429",
            (Self::Pipeline, _) => "DEVCP.00000500",
            (Self::Build, 400 | 413) => "CB.00060200",
            (Self::Build, 403) => "CB.00060403",
            (Self::Build, 404) => "CB.00060404",
            (Self::Build, 409) => "CB.00060409",
            (Self::Build, 429) => "CB.00060211",
            (Self::Build, 503) => "CB.00060100",
            (Self::Build, _) => "CB.00060101",
            (Self::Gateway, 401) => SignError::CODE,
            (Self::Gateway, 404) => "APIG.0101",
            (Self::Gateway, 429) => "APIGW.0308",
            (Self::Gateway, 400..=499) => "APIG.0201",
            (Self::Gateway, _) => "APIG.0601",
        }
    }
}

/// The answer that a refusal is, for an address.
pub(super) fn written(refused: &Refused, family: Family, request: Option<&str>) -> Response {
    let code = refused.code.unwrap_or_else(|| family.code(refused.status));
    let mut body = json!({"error_code": code, "error_msg": refused.text});
    if let Some(id) = request.filter(|_| refused.is_login) {
        body["request_id"] = id.into();
    }
    let mut response =
        (refused.status, [(CONTENT_TYPE, HeaderValue::from_static(JSON))], body.to_string()).into_response();
    if let Some(rate) = refused.rate {
        rate.write(response.headers_mut());
    }
    response
}

/// Writes refusals down, also those that come from axum itself, and says of JSON in which charset it is.
pub(super) async fn write(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<OriginalUri>().map_or(request.uri(), |uri| &uri.0).path().to_owned();
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let status = response.status();
    let said = response.extensions_mut().remove::<Arc<Refused>>();
    let refused = match said {
        Some(refused) => (*refused).clone(),
        None if status.is_client_error() || status.is_server_error() => unworded(status, &mut response).await,
        None => {
            let is_json = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/json");
            if response.headers().get(CONTENT_TYPE).is_some_and(is_json) {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
            }
            return response;
        }
    };
    let mut answer = written(&refused, Family::of(&path), Some(&id.0));
    let mut others: HeaderMap = std::mem::take(response.headers_mut());
    for name in [CONTENT_TYPE, CONTENT_LENGTH, TRANSFER_ENCODING] {
        others.remove(name);
    }
    answer.headers_mut().extend(others);
    answer
}

/// A refusal that nobody here made: the texts of extractors are short and about the request alone.
async fn unworded(status: StatusCode, response: &mut Response) -> Refused {
    let body = std::mem::replace(response.body_mut(), Body::empty());
    let text = axum::body::to_bytes(body, 4096).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let text = if text.trim().is_empty() { status.canonical_reason().unwrap_or_default() } else { text.trim() };
    Refused::with(status, text)
}

/// The answer of a handler that panicked. The panic's hook has logged where.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("?"), "a request's handler panicked");
    Refused::with(StatusCode::INTERNAL_SERVER_ERROR, "Internal error").into_response()
}
