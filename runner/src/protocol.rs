//! The wire types of the GitLab Runner protocol, for both of its sides.
//!
//! Reading is as tolerant as the reference client: unknown keys are ignored, and a key that is
//! missing or null has its empty value. Writing names every key, since some clients insist on them.

mod payload;
mod request;

pub use payload::{
    Artifact, ArtifactsFile, Cache, Credentials, Dependency, DockerOpts, ExecutorOpts, Features, GitInfo, Hook, Image,
    JobInfo, JobPayload, RunnerInfo, Service, Step, Variable,
};
pub use request::{
    ClientFeatures, ClientInfo, JobRequest, JobState, Output, UpdateRequest, VerifyRequest, VerifyResponse,
    WatchedStatus,
};

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Names of the headers that the protocol adds to HTTP's own.
pub mod header {
    /// The job's token, on every job endpoint.
    pub const JOB_TOKEN: &str = "job-token";
    /// The runner's token, on runner endpoints.
    pub const RUNNER_TOKEN: &str = "runner-token";
    /// The job's status as the server sees it, on answers of job endpoints.
    pub const JOB_STATUS: &str = "job-status";
    /// The opaque version of the queue, on a 204 of `jobs/request`.
    pub const LAST_UPDATE: &str = "x-gitlab-last-update";
    /// Seconds until the next trace update is wanted.
    pub const TRACE_UPDATE_INTERVAL: &str = "x-gitlab-trace-update-interval";
    /// Which bytes of the trace a PATCH carries: `first-last`, no unit, no total.
    pub const CONTENT_RANGE: &str = "content-range";
    /// How much of the trace the server holds: `0-<count>`; a count, not a last index.
    pub const RANGE: &str = "range";
    /// Identifies one request in both sides' logs.
    pub const REQUEST_ID: &str = "x-request-id";
}

/// The reasons that a runner gives for a failed job.
pub mod reason {
    /// The script ended with another code than 0, or by a signal.
    pub const SCRIPT_FAILURE: &str = "script_failure";
    /// The runner could not do its work, or was stopped.
    pub const RUNNER_SYSTEM_FAILURE: &str = "runner_system_failure";
    /// The job ran longer than its timeout.
    pub const JOB_EXECUTION_TIMEOUT: &str = "job_execution_timeout";
    /// The job was cancelled and ended gracefully.
    pub const JOB_CANCELED: &str = "job_canceled";
    /// A dependency's artifacts, or the sources, could not be had.
    pub const EXTERNAL_DEPENDENCY_FAILURE: &str = "runner_external_dependency_failure";
    /// The runner cannot do what the job asks for.
    pub const UNSUPPORTED: &str = "runner_unsupported";
    /// A container image could not be had.
    pub const IMAGE_PULL_FAILURE: &str = "image_pull_failure";
    /// The runner was asked to end its jobs at once.
    pub const INTERRUPTED: &str = "runner_interrupted";
    /// Anything else.
    pub const UNKNOWN_FAILURE: &str = "unknown_failure";
}

/// A text that must not be shown: it is written to the wire, and nowhere else.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret(..)" })
    }
}

/// Reads null as the empty value.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Declares structs of the wire: every field may be missing or null.
macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(default)]
            pub struct $name {
                $(
                    $(#[$field_meta])*
                    #[serde(deserialize_with = "crate::protocol::or_default")]
                    pub $field: $type,
                )*
            }
        )*
    };
}
use wire;
