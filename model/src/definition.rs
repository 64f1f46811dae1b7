//! Projects and pipelines: what runs are made from.

use serde::{Deserialize, Serialize};

use crate::{
    PipelineId, PipelineKey, ProjectId, ProjectOptions, ProjectPath, ProtectedRef, Seq, Timestamp, Uid, Visibility,
};

/// Owns pipelines and has a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Number in this instance.
    pub id: ProjectId,
    /// Opaque name.
    pub uid: Uid,
    /// `namespace/name`.
    pub path: ProjectPath,
    /// Number of the namespace right above it: GitLab's group id.
    #[serde(skip)]
    pub namespace_id: i64,
    /// A git URL or a local folder; `None` when its pipelines need no files.
    pub source: Option<String>,
    /// Who sees it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Whether whoever sees it sees its runs and logs too.
    #[serde(skip)]
    pub public_jobs: bool,
    /// Which of its refs are protected.
    #[serde(skip)]
    pub protection: Protection,
    /// How its definition is read and its jobs run.
    #[serde(skip)]
    pub options: ProjectOptions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings changed last.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// Last change.
    pub version: Seq,
}

/// Which refs only maintainers run, and whose runs get protected variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Whether the default branch is.
    pub default_branch: bool,
    /// What else is.
    pub refs: Vec<ProtectedRef>,
}

impl Default for Protection {
    fn default() -> Self {
        Self { default_branch: true, refs: Vec::new() }
    }
}

impl Protection {
    /// Whether a branch or tag is protected. What is neither, a bare commit, never is.
    pub fn holds(&self, name: &str, is_tag: bool, is_default: bool) -> bool {
        (is_default && !is_tag && self.default_branch)
            || self.refs.iter().any(|one| one.is_tag == is_tag && fits(&one.pattern, name))
    }
}

/// Whether a name fits a pattern, in which `*` stands for any part.
pub fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A definition that runs are made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Number in this instance.
    pub id: PipelineId,
    /// Opaque name.
    pub uid: Uid,
    /// The name by which people and scripts call it.
    pub key: PipelineKey,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// That project's path.
    pub project_path: ProjectPath,
    /// What people read.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The stored definition; `None` means the project's own `.gitlab-ci.yml`.
    pub definition: Option<String>,
    /// Whether it starts no runs, whoever asks.
    #[serde(default)]
    pub disabled: bool,
    /// Who made it, where that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// Last change.
    pub version: Seq,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_protect_what_they_fit() {
        for (pattern, name, expected) in [
            ("release/*", "release/1", true),
            ("release/*", "release", false),
            ("*", "x", true),
            ("v*.0", "v1.0", true),
            ("v*.0", "v1.0.1", false),
            ("a*a", "a", false),
            ("main", "main", true),
            ("main", "maine", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
        let refs = vec![ProtectedRef { is_tag: true, pattern: "v*".into() }];
        let protection = Protection { default_branch: true, refs };
        assert!(protection.holds("main", false, true) && !protection.holds("main", true, true));
        assert!(protection.holds("v1", true, false) && !protection.holds("v1", false, false));
    }
}
