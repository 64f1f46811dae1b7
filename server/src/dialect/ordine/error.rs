//! Refusals in Ordine's shape.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{Diagnostic, Error, ErrorKind};
use serde_json::{Value, json};

use super::graph::GraphError;

/// A refusal: a status and a JSON body with `error`, never text or HTML.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    error: String,
    code: Option<(&'static str, Value)>,
    diagnostics: Vec<Diagnostic>,
}

impl Refused {
    /// A refusal with this status and text.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), code: None, diagnostics: Vec::new() }
    }

    /// The request cannot be understood.
    pub fn invalid(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// A graph that cannot run; `status` says whether it was being stored or started.
    pub fn graph(status: StatusCode, error: &GraphError) -> Self {
        let code = match error {
            GraphError::Unmappable(_) => None,
            GraphError::Missing(list) => {
                let list: Vec<Value> =
                    list.iter().map(|(node, operation)| json!({"nodeId": node, "operationId": operation})).collect();
                Some(("PIPELINE_OPERATION_MISSING", Value::from(list)))
            }
        };
        Self { code, ..Self::new(status, error.to_string()) }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = match error.kind {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
            ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Scope | ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { diagnostics: error.diagnostics, ..Self::new(status, error.message) }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error});
        if let Some((code, missing)) = self.code {
            body["code"] = code.into();
            body["missing"] = missing;
        }
        if !self.diagnostics.is_empty() {
            body["diagnostics"] = self
                .diagnostics
                .iter()
                .map(|one| {
                    json!({
                        "severity": one.severity, "message": one.message, "file": one.file,
                        "line": one.span.line, "column": one.span.column, "hint": one.hint,
                        "link": one.link, "source_line": one.source_line, "width": one.caret_width(),
                    })
                })
                .collect();
        }
        (self.status, Json(body)).into_response()
    }
}
