//! Projects and pipelines: what runs are made from.

use serde::{Deserialize, Serialize};

use crate::{PipelineId, PipelineKey, ProjectId, ProjectPath, Seq, Timestamp, Uid};

/// Owns pipelines and has a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Number in this instance.
    pub id: ProjectId,
    /// Opaque name.
    pub uid: Uid,
    /// `namespace/name`.
    pub path: ProjectPath,
    /// A git URL or a local folder; `None` when its pipelines need no files.
    pub source: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last change.
    pub version: Seq,
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
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// Last change.
    pub version: Seq,
}
