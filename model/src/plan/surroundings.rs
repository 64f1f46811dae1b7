//! Where a job runs and where it deploys to.

use serde::{Deserialize, Serialize};

use super::Variable;

/// A container image, and what runs in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its name, not expanded.
    pub name: String,
    /// What is run instead of the image's own entry point; `None` means that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// `always`, `if-not-present`, `never`, in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pull_policy: Vec<String>,
    /// `docker:platform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `docker:user` (or `kubernetes:user`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A container that runs beside the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its image.
    pub image: Image,
    /// Host names under which the job finds it; empty means names made from the image's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What is run in it; `None` means the image's own command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Its own variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
}

/// What a job does to its environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentAction {
    /// Deploys to it (the default).
    #[default]
    Start,
    /// Prepares it, without a deployment.
    Prepare,
    /// Takes it down.
    Stop,
    /// Checks it, without a deployment.
    Verify,
    /// Uses it, without a deployment.
    Access,
}

impl EnvironmentAction {
    /// The word of the language: what `CI_ENVIRONMENT_ACTION` says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Prepare => "prepare",
            Self::Stop => "stop",
            Self::Verify => "verify",
            Self::Access => "access",
        }
    }
}

/// Where a job deploys to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name, not expanded.
    pub name: String,
    /// Its address, not expanded; may name variables that the job leaves in a dotenv report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the job does to it.
    #[serde(default)]
    pub action: EnvironmentAction,
    /// Name of the job of this plan that takes it down; a name in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_stop: Option<String>,
    /// `production`, `staging`, `testing`, `development` or `other`; `None` means that the name tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_tier: Option<String>,
}
