//! Events: one committed change each. Streams are made of them.

use serde::{Deserialize, Serialize};

use crate::{Job, Pipeline, Run, Seq};

/// One committed change, carrying the whole object as it was after that commit. The events of one
/// object come in the order of their `seq`; none is left out while the window holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The commit's number; the object's version is the same.
    pub seq: Seq,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "object", rename_all = "snake_case")]
pub enum Change {
    /// A run was made, or its status, a stage's status or a time changed.
    Run(Box<Run>),
    /// A job was made or changed.
    Job(Box<Job>),
    /// A pipeline was made or changed.
    Pipeline(Box<Pipeline>),
    /// A run was deleted, with all that belongs to it.
    RunDeleted(crate::RunId),
    /// A pipeline was deleted; its runs stay.
    PipelineDeleted(crate::PipelineId),
    /// Something else that lists show was made, changed or deleted; the text names it.
    Touched(String),
}

impl Change {
    /// The name of the SSE event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Job(_) => "job",
            Self::Pipeline(_) => "pipeline",
            Self::RunDeleted(_) => "run_deleted",
            Self::PipelineDeleted(_) => "pipeline_deleted",
            Self::Touched(_) => "touched",
        }
    }

    /// The project whose object it carries; `None` when it carries none.
    pub fn project_id(&self) -> Option<crate::ProjectId> {
        match self {
            Self::Run(run) => Some(run.project_id),
            Self::Job(job) => Some(job.project_id),
            Self::Pipeline(pipeline) => Some(pipeline.project_id),
            Self::RunDeleted(_) | Self::PipelineDeleted(_) | Self::Touched(_) => None,
        }
    }

    /// The run it concerns.
    pub fn run_id(&self) -> Option<crate::RunId> {
        match self {
            Self::Run(run) => Some(run.id),
            Self::Job(job) => Some(job.run_id),
            Self::RunDeleted(id) => Some(*id),
            Self::Pipeline(_) | Self::PipelineDeleted(_) | Self::Touched(_) => None,
        }
    }
}
