//! The objects as they stand on the wire: `model` in GitLab's words. Absent values are null, not
//! left out, except where GitLab leaves them out itself. The command line reads the same types.

mod environment;
mod job;
pub mod project;
pub mod repository;
mod run;
pub mod runner;
mod schedule;
pub mod user;

pub use environment::EnvironmentObject;
pub use job::{Artifact, ArtifactsFile, BridgeObject, Commit, JobObject, JobProject, JobUser, Runner};
pub use run::{DetailedStatus, Pipeline, PipelineBasic, User};
pub use schedule::{ScheduleDetails, ScheduleObject, ScheduleVariable, TriggerObject};
