//! Weir's domain: the words of ARCHITECTURE.md as types, and the pure functions over them.
//!
//! This crate compiles for the server and for the browser. It does no I/O, reads no clock and knows
//! no other crate of the workspace.

pub mod caller;
pub mod ci_variable;
pub mod definition;
pub mod diagnostic;
pub mod environment;
pub mod error;
pub mod event;
pub mod failure;
pub mod id;
pub mod log;
pub mod plan;
pub mod reason;
pub mod report;
pub mod run;
pub mod schedule;
pub mod status;
pub mod text;
pub mod time;
pub mod view;

pub use caller::{Caller, Via};
pub use ci_variable::{CiVariable, CiVariableDraft, CiVariablesView, VariableOwner, VariableType};
pub use definition::{Pipeline, Project};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use environment::{Deployment, Environment, EnvironmentState, Tier};
pub use error::{Error, ErrorKind};
pub use event::Event;
pub use failure::FailureReason;
pub use id::{
    CiVariableId, EnvironmentId, JobId, PipelineId, PipelineKey, ProjectId, ProjectPath, RunId, RunnerId, Seq, Uid,
};
pub use reason::Reason;
pub use report::{TestCase, TestReport, TestStatus, TestSuite};
pub use run::{ArtifactInfo, Job, JobKind, NewRun, Parent, Run, Source, Stage, TestCounts};
pub use status::{Aggregate, Status, aggregate};
pub use time::Timestamp;
