//! The error of the service layer: independent of HTTP, rendered by each dialect in its own shape.

use serde::{Deserialize, Serialize};

use crate::Diagnostic;

/// What kind of refusal it is; each dialect has one status code per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is malformed or says something impossible.
    Invalid,
    /// Not there, or not visible to the caller.
    NotFound,
    /// The state of the object does not allow it, or somebody was faster.
    Conflict,
    /// Nobody is signed in, or what was presented is not good.
    Unauthorized,
    /// The token is good, but not for this: its scope is too small.
    Scope,
    /// The caller may not do this.
    Forbidden,
    /// The request is larger than allowed.
    TooLarge,
    /// Too many of these in a short time.
    TooMany,
    /// The server cannot do it now (disk full, shutting down).
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// What a refusal is about, for clients that have words of their own for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// There is no such branch, tag or commit.
    UnknownRef,
    /// There is no definition at the commit.
    NoDefinition,
    /// The rules of `workflow` let no run be made.
    Workflow,
    /// The rules of the definition leave every job out.
    NoJobs,
    /// Something else is still under way: the same request may be granted in a moment.
    Busy,
    /// The value of a variable cannot be masked.
    Unmaskable,
    /// It changed since the client saw it.
    Changed,
}

/// A refusal or a fault. `message` is for the client and fits after "failed to …: ".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// What the client may know.
    pub message: String,
    /// What is wrong with a definition, where that is the cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
    /// Seconds after which another try is worth it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// What it is about, where that has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), diagnostics: Vec::new(), retry_after: None, cause: None }
    }

    /// With the name of what it is about.
    #[must_use]
    pub fn about(self, cause: Cause) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// The request cannot be understood or granted as it stands.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// `what` is "job", "run", "pipeline" …
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} not found"))
    }

    /// The object's state is against it.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// Nobody is signed in, or what was presented is not good.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthorized, message)
    }

    /// The scope of the token is too small.
    pub fn scope(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Scope, message)
    }

    /// The caller may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, message)
    }

    /// Larger than allowed.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, message)
    }

    /// Too many of these in a short time: the next one in so many seconds.
    pub fn too_many(message: impl Into<String>, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(ErrorKind::TooMany, message) }
    }

    /// Not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// A fault of ours; the details belong into the log, not into `message`.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// A definition that cannot be run.
    pub fn definition(diagnostics: Vec<Diagnostic>) -> Self {
        let message = diagnostics
            .iter()
            .find(|d| d.severity == crate::Severity::Error)
            .map_or_else(|| "the definition is invalid".to_owned(), ToString::to_string);
        Self { diagnostics, ..Self::new(ErrorKind::Invalid, message) }
    }
}
