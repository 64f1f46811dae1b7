//! Server functions: what the pages call. One file per noun, a few lines each; what they do is in
//! the implementation of [`crate::service::Service`].
//!
//! Each names its address, because the default one depends on the folder of the build. Functions
//! that change something are plain form targets too: they redirect to the page that shows the result.

mod dashboard;
mod drafts;
mod environments;
mod jobs;
mod pipelines;
mod prefs;
mod runs;
mod tests;
mod wire;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use model::{Error, Timestamp};
use serde::{Deserialize, Serialize};

pub use dashboard::{GetDashboard, get_dashboard};
pub use drafts::{Draft, GetDraft, get_draft};
pub use environments::{ListEnvironments, StopEnvironment, list_environments};
pub use jobs::{CancelJob, GetJob, LogLines, PlayJob, RetryJob, UnscheduleJob, get_job, log_lines};
pub use pipelines::{
    CreatePipeline, DeletePipeline, GetPipeline, Lint, ListPipelines, ListProjects, PlanRun, SaveDefinition, StartRun,
    SwitchPipeline, get_pipeline, list_pipelines, list_projects,
};
pub use prefs::{SetKeys, SetLanguage, SetTheme};
pub use runs::{CancelRun, DeleteRun, GetRun, ListRuns, RetryRun, get_run, list_runs};
pub use tests::{JobTests, RunTests, job_tests, run_tests};
pub use wire::{Answer, Loaded, address, get, load, parse, post, read};

/// The error of the service as it crosses to the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refusal(pub Error);

impl FromServerFnError for Refusal {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Request(text) => Error::unavailable(text),
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => Error::invalid(text),
            other => Error::internal(other.to_string()),
        })
    }
}

/// A snapshot with the time on the server's clock when it was taken: both halves compute the same
/// first view of what depends on the present moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub value: T,
}

#[cfg(feature = "ssr")]
pub(crate) mod ssr {
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;
    use model::{Caller, Error, ErrorKind, Timestamp};

    use super::{Refusal, Seen};
    use crate::service::SharedService;

    /// The service and the caller of this request.
    pub(crate) fn service() -> Result<(SharedService, Caller), Refusal> {
        let service = use_context::<SharedService>().ok_or_else(|| Error::internal("the service is not there"));
        let caller = use_context::<Caller>().ok_or_else(|| Error::internal("nobody asks"));
        Ok((service.map_err(refuse)?, caller.map_err(refuse)?))
    }

    /// Turns an error into an answer. A script learns the kind from the status code; a form is
    /// redirected back to its page, so its status stays alone.
    pub(crate) fn refuse(error: Error) -> Refusal {
        if let Some(response) = use_context::<ResponseOptions>()
            && !is_plain_form()
        {
            response.set_status(status(error.kind));
            // On a redirect it would ask the browser to wait with the page that says why.
            if let Some(seconds) = error.retry_after {
                response.insert_header(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
            }
        }
        Refusal(error)
    }

    /// Whether this is a form that a browser without script sent.
    pub(crate) fn is_plain_form() -> bool {
        use_context::<http::request::Parts>().is_some_and(|parts| {
            parts.method != http::Method::GET
                && parts
                    .headers
                    .get(http::header::ACCEPT)
                    .is_some_and(|a| a.to_str().is_ok_and(|a| a.contains("text/html")))
        })
    }

    /// The status code for a kind of error.
    pub(crate) fn status(kind: ErrorKind) -> http::StatusCode {
        match kind {
            ErrorKind::Invalid => http::StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::NotFound => http::StatusCode::NOT_FOUND,
            ErrorKind::Conflict => http::StatusCode::CONFLICT,
            ErrorKind::Unauthorized => http::StatusCode::UNAUTHORIZED,
            ErrorKind::Scope | ErrorKind::Forbidden => http::StatusCode::FORBIDDEN,
            ErrorKind::TooLarge => http::StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::TooMany => http::StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => http::StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Stamps a snapshot.
    #[expect(clippy::disallowed_methods, reason = "the one place where the interface reads the clock")]
    pub(crate) fn seen<T>(value: T) -> Seen<T> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Seen { at: Timestamp(since.as_millis() as i64), value }
    }

    /// Whether it is the path of a page of ours, and nothing that a browser takes for another site.
    pub(crate) fn is_local(path: &str) -> bool {
        path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    }

    /// Sends the browser on to a page of ours; anything that is not a local path leads home.
    pub(crate) fn go(path: &str) {
        leptos_axum::redirect(if is_local(path) { path } else { "/" });
    }
}

#[cfg(feature = "ssr")]
pub(crate) use drafts::kept;
#[cfg(feature = "ssr")]
pub(crate) use ssr::status;
