//! What people set about how a project's definition is read and its jobs run.

use serde::{Deserialize, Serialize};

/// Seconds that a job of a project may run unless its definition or the project says otherwise.
pub const DEFAULT_TIMEOUT: u32 = 3600;
/// Commits that a job fetches unless `GIT_DEPTH` or the project says otherwise; as on GitLab.
pub const DEFAULT_DEPTH: u32 = 20;

/// Settings of a project with GitLab's names beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectOptions {
    /// `name`: what people call it; `None`: the last part of its path.
    pub name: Option<String>,
    /// What it is for: up to 2000 characters.
    pub description: Option<String>,
    /// `default_branch`: the branch of runs that name none; `None`: the one that the repository says.
    pub default_branch: Option<String>,
    /// `ci_config_path`: where in the repository the definition is; `None`: `.gitlab-ci.yml`.
    pub config_path: Option<String>,
    /// `build_timeout`: seconds that its jobs may run unless their definition says otherwise; 600 to 2 592 000.
    pub timeout: u32,
    /// `ci_default_git_depth`: commits that its jobs fetch, 0 for all; at most 1000.
    pub git_depth: u32,
    /// `auto_cancel_pending_pipelines`: whether a run for a newer commit of a ref ends what older ones have not done.
    pub auto_cancel: bool,
    /// `keep_latest_artifact`: whether the artifacts of the latest good run of each ref are kept beyond their time.
    pub keep_latest: bool,
    /// `shared_runners_enabled`: whether runners of the whole server take its jobs.
    pub shared_runners: bool,
}

/// Where the definition of a project is unless its options say otherwise.
pub const DEFINITION_FILE: &str = ".gitlab-ci.yml";

impl Default for ProjectOptions {
    fn default() -> Self {
        Self {
            name: None,
            description: None,
            default_branch: None,
            config_path: None,
            timeout: DEFAULT_TIMEOUT,
            git_depth: DEFAULT_DEPTH,
            auto_cancel: true,
            keep_latest: true,
            shared_runners: true,
        }
    }
}
