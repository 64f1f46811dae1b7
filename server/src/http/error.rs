//! Errors of the service as answers: one place that knows which kind has which status.

use std::any::Any;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{Error, ErrorKind};

use super::refusals;

/// The status code of a kind of error. Dialects whose contract says otherwise have their own table.
pub const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorKind::Scope | ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An error of the service on its way to a client of Weir's own addresses:
/// `{"error": TEXT, "kind": KIND, "diagnostics": […]}`.
#[derive(Debug)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Error { kind, message, diagnostics, retry_after, .. } = self.0;
        let mut body = serde_json::json!({ "error": message, "message": message, "kind": kind });
        if !diagnostics.is_empty() {
            body["diagnostics"] = serde_json::json!(diagnostics);
        }
        let mut response = (status(kind), Json(body)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A fault below the service, such as a file that cannot be read: its text goes to the log, once,
/// and not to the client.
pub(super) fn fault(what: &'static str, error: &dyn std::error::Error) -> Failure {
    tracing::error!(%error, "failed to {what}");
    Failure(Error::internal("internal error"))
}

/// What a handler that panicked said. The panic's hook has logged where.
pub(super) fn log_panic(panic: &(dyn Any + Send)) {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("?"), "a request's handler panicked");
}

/// The answer of a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    log_panic(&*panic);
    refusals::answer(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
}
