//! Refusals in GitLab's shapes: `{"message": "404 Not found"}` for objects and states, `{"error":
//! "scope does not have a valid value"}` for parameters.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{Error, ErrorKind};
use serde_json::{Value, json};

/// A refusal.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    body: Value,
}

impl Refused {
    /// `{"message": "404 Job Not Found"}`: status and text in one.
    pub fn message(status: StatusCode, text: &str) -> Self {
        Self { status, body: json!({"message": format!("{} {text}", status.as_u16())}) }
    }

    /// What was presented is not good; why, beside GitLab's words.
    pub fn unauthorized(why: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, body: json!({"message": "401 Unauthorized", "reason": why}) }
    }

    /// A parameter is wrong.
    pub fn parameter(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: json!({"error": text.into()}) }
    }

    /// As a parameter that is wrong, with another status.
    pub fn parameter_at(status: StatusCode, text: &str) -> Self {
        Self { status, body: json!({"error": text}) }
    }

    /// A text without the status in it.
    pub fn plain(status: StatusCode, text: &str) -> Self {
        Self { status, body: json!({"message": text}) }
    }

    /// Fields are wrong: their names and what is wrong with each.
    pub fn fields(problems: Value) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: json!({"message": problems}) }
    }

    /// No such record.
    pub fn not_found() -> Self {
        Self::message(StatusCode::NOT_FOUND, "Not found")
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = crate::http::status(error.kind);
        match error.kind {
            ErrorKind::NotFound if error.message.starts_with("project") => Self::message(status, "Project Not Found"),
            ErrorKind::NotFound => Self::not_found(),
            ErrorKind::Internal => Self::message(status, "Internal Server Error"),
            ErrorKind::Invalid => Self { status, body: json!({"message": {"base": [error.message]}}) },
            ErrorKind::Unauthorized => Self::message(status, "Unauthorized"),
            ErrorKind::Forbidden => Self { status, body: json!({"message": "403 Forbidden", "reason": error.message}) },
            ErrorKind::Scope => Self {
                status,
                body: json!({
                    "error": "insufficient_scope",
                    "error_description": "The request requires higher privileges than provided by the access token.",
                    "scope": "api",
                }),
            },
            ErrorKind::Conflict => Self::message(status, &format!("Conflict: {}", error.message)),
            ErrorKind::TooMany | ErrorKind::TooLarge | ErrorKind::Unavailable => Self::message(status, &error.message),
        }
    }
}

/// A refusal to the command line, which tells people what was not found.
#[derive(Debug)]
pub struct Told(Refused);

impl From<Refused> for Told {
    fn from(refused: Refused) -> Self {
        Self(refused)
    }
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        let reason = error.message.clone();
        let mut refused = Refused::from(error);
        refused.body["reason"] = reason.into();
        Self(refused)
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
