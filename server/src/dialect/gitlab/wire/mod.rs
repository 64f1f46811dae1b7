//! The objects as they stand on the wire: `model` in GitLab's words. Absent values are null, not
//! left out, except where GitLab leaves them out itself. The command line reads the same types.

mod job;
mod project;
mod run;

pub use job::{Artifact, ArtifactsFile, Commit, JobObject, JobProject, Runner};
pub use project::{Namespace, ProjectObject};
pub use run::{DetailedStatus, Pipeline, PipelineBasic, User};
