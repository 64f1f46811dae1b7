//! What a job leaves and what it finds: artifacts and caches.

use serde::{Deserialize, Serialize};

use super::When;
use crate::Timestamp;

/// What a job leaves for later ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactSpec {
    /// Globs relative to the project folder.
    pub paths: Vec<String>,
    /// `on_success`, `on_failure` or `always`: after which end they are kept. Reports are kept
    /// after any.
    pub when: When,
    /// Globs of what is left out of `paths` and of the untracked files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Whether all files that git does not track are kept too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untracked: bool,
    /// Name of the archive, not expanded; `None` means `artifacts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long they are kept; `None` means as long as the server keeps those of jobs that say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_in: Option<Expiry>,
    /// The title under which a page links to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expose_as: Option<String>,
    /// Who may fetch them.
    #[serde(default, skip_serializing_if = "Access::is_all")]
    pub access: Access,
    /// Files that the server reads or keeps as reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<Report>,
}

/// When artifacts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// They stay.
    Never,
    /// So many seconds after they came.
    After(u64),
}

impl Expiry {
    /// When what came at `at` goes; `None` when it stays.
    pub fn of(self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::After(seconds) => Some(Timestamp(at.0.saturating_add_unsigned(seconds.saturating_mul(1000)))),
        }
    }
}

/// Who may fetch artifacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Whoever sees the run (the default; `public: true`).
    #[default]
    All,
    /// Developers and above (`public: false`).
    Developer,
    /// Maintainers and above.
    Maintainer,
    /// Nobody; jobs still get them.
    None,
}

impl Access {
    /// The word of the language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Developer => "developer",
            Self::Maintainer => "maintainer",
            Self::None => "none",
        }
    }

    /// Whether it is the default.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// One entry of `artifacts:reports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `junit`, `dotenv`, `coverage_report`, …
    pub kind: String,
    /// Paths or globs.
    pub paths: Vec<String>,
    /// The format of a `coverage_report`: `cobertura` or `jacoco`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// Reports that are one file and arrive as it is.
const RAW_REPORTS: &[&str] = &[
    "accessibility",
    "api_fuzzing",
    "browser_performance",
    "codequality",
    "container_scanning",
    "coverage_fuzzing",
    "dast",
    "dependency_scanning",
    "load_performance",
    "performance",
    "requirements",
    "sarif",
    "sast",
    "secret_detection",
    "terraform",
];

/// How reports of a kind (or of the format of a `coverage_report`) arrive: `raw`, `zip`, or `gzip`, which is a
/// member for each file, one behind the other.
pub fn report_format(kind: &str) -> &'static str {
    match kind {
        "lsif" => "zip",
        raw if RAW_REPORTS.contains(&raw) => "raw",
        _ => "gzip",
    }
}

/// One cache of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheSpec {
    /// Under which name it is kept.
    pub key: CacheKey,
    /// Globs relative to the project folder.
    pub paths: Vec<String>,
    /// Whether all files that git does not track are kept too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untracked: bool,
    /// `pull-push`, `pull` or `push`, or text with variables that becomes one of them.
    pub policy: String,
    /// `on_success`, `on_failure` or `always`: after which end it is saved.
    pub when: When,
    /// Keys that are tried, in this order, when there is nothing under `key`; not expanded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback_keys: Vec<String>,
}

/// The name of a cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheKey {
    /// This text, not expanded.
    Text(String),
    /// The last commits that changed these files, after a prefix.
    Files {
        /// One or two paths.
        files: Vec<String>,
        /// What stands before, not expanded; a `-` comes between.
        prefix: Option<String>,
    },
}

impl Default for CacheKey {
    fn default() -> Self {
        Self::Text("default".to_owned())
    }
}
