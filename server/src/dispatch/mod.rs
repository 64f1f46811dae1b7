//! The runner protocol, server side: the only way in which a job gets run. The embedded runner and
//! unmodified `gitlab-runner`s speak it alike (contracts/runner-protocol.md).

mod artifacts;
mod auth;
mod hold;
mod payload;
mod request;
pub mod spec;
mod trace;
mod update;
mod watch;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRef};
use axum::handler::Handler as _;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::Status;
use runner::protocol::header;

use crate::http::Routes;
use crate::service::Weir;

/// The largest piece of a trace in one request; runners send at most 1 MiB.
const TRACE_PIECE: usize = 8 << 20;

/// The routes, below `/api/v4`.
pub fn router<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<Weir>: FromRef<S>,
{
    Routes::new()
        .post("/jobs/request", request::request)
        .put("/jobs/{id}", update::update)
        .patch("/jobs/{id}/trace", trace::append.layer(DefaultBodyLimit::max(TRACE_PIECE)))
        .post("/jobs/{id}/artifacts", artifacts::upload.layer(DefaultBodyLimit::disable()))
        .get("/jobs/{id}/artifacts", artifacts::download)
        .post("/jobs/{id}/watch", watch::watch)
        .post("/runners/verify", request::verify)
        .post("/runners", request::register)
}

/// A refusal in the protocol's shape.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    message: String,
    /// Told in `Job-Status`, so that the runner knows what to do.
    job: Option<Status>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), job: None }
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn of_job(mut self, status: Status) -> Self {
        self.job = Some(status);
        self
    }
}

impl From<model::Error> for Refused {
    fn from(error: model::Error) -> Self {
        use model::ErrorKind;
        // Never 500 for a refusal: runners would try again. 503 is "try again".
        let status = match error.kind {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound
            | ErrorKind::Unauthorized
            | ErrorKind::Scope
            | ErrorKind::Forbidden
            | ErrorKind::TooMany => StatusCode::FORBIDDEN,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Unavailable | ErrorKind::Internal => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.message)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = axum::Json(serde_json::json!({ "message": format!("{} {}", self.status.as_u16(), self.message) }));
        let mut response = (self.status, body).into_response();
        if let Some(job) = self.job {
            response.headers_mut().insert(header::JOB_STATUS, job_status(job));
        }
        response
    }
}

/// The value of `Job-Status`.
fn job_status(status: Status) -> http::HeaderValue {
    http::HeaderValue::from_static(status.as_str())
}
