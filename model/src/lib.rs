//! Weir's domain: the words of ARCHITECTURE.md as types, and the pure functions over them.
//!
//! This crate compiles for the server and for the browser. It does no I/O, reads no clock and knows
//! no other crate of the workspace.

pub mod access;
pub mod account;
pub mod caller;
pub mod ci_variable;
pub mod cron;
pub mod definition;
pub mod diagnostic;
pub mod environment;
pub mod error;
pub mod event;
pub mod failure;
pub mod id;
pub mod log;
pub mod options;
pub mod plan;
pub mod reason;
pub mod report;
pub mod run;
pub mod schedule;
pub mod status;
pub mod text;
pub mod time;
pub mod view;
pub mod zone;

/// Whose CI/CD variables: a project's beat its namespaces', and those the instance's.
pub use access::Place as VariableOwner;
pub use access::{Place, Role, Visibility};
pub use account::{
    AccessKey, AccountView, AuditChange, AuditEntry, AuditFilter, AuditPage, Me, Member, NewAccessKey, NewSession,
    NewToken, NewUser, PasswordLink, Permission, PermissionsView, PlaceRights, PlaceView, ProjectSettings,
    ProtectedRef, Redaction, RunnerDraft, RunnerManager, RunnerView, Session, Token, TokenDraft, TokenKind, TokenScope,
    User, UserChanges,
};
pub use caller::{Caller, Via};
pub use ci_variable::{CiVariable, CiVariableDraft, CiVariablesView, VariableType};
pub use cron::{
    CronFields, CronTime, CronTimes, Schedule, ScheduleChanges, ScheduleDraft, ScheduleFailure, ScheduleOwner,
    ScheduleVariableChange, ScheduleView, SchedulesView,
};
pub use definition::{Pipeline, Project, Protection};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use environment::{Deployment, Environment, EnvironmentState, Tier};
pub use error::{Cause, Error, ErrorKind};
pub use event::Event;
pub use failure::FailureReason;
pub use id::{
    AccessKeyId, AuditId, CiVariableId, EnvironmentId, JobId, PipelineId, PipelineKey, ProjectId, ProjectPath, RunId,
    RunnerId, ScheduleId, Seq, SessionId, TokenId, Uid, UserId,
};
pub use options::ProjectOptions;
pub use reason::Reason;
pub use report::{TestCase, TestReport, TestStatus, TestSuite};
pub use run::{ArtifactInfo, Given, Job, JobKind, NewRun, Parent, Run, Source, Stage, TestCounts};
pub use status::{Aggregate, Status, aggregate};
pub use time::Timestamp;
pub use zone::Zone;
