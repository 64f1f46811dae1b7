//! What a row of the table is made of.

use super::{Means, Role, Subject};

/// What somebody wants to do. The table says in words what each one lets one do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table has a sentence for each")]
pub enum Action {
    ReadProject,
    ReadRuns,
    ReadJob,
    ReadTrace,
    ReadArtifacts,
    ReadDeveloperArtifacts,
    ReadMaintainerArtifacts,
    ReadRepository,
    ReadSchedules,
    ReadEnvironments,
    BrowseRepository,
    ReadMembers,
    ReadOwnRunVariables,
    ReadRunVariables,
    Lint,
    StartRun,
    StartProtectedRun,
    ControlRun,
    ControlProtectedRun,
    ForceCancel,
    RenameRun,
    KeepArtifacts,
    DeleteArtifacts,
    EraseOwnJob,
    EraseJob,
    DeleteRun,
    ChangePipeline,
    ChangeOwnSchedule,
    ChangeSchedule,
    ManageEnvironments,
    ManageResourceGroups,
    ReadVariables,
    ChangeVariables,
    ReadTriggers,
    ManageTriggers,
    ReadRunners,
    ManageRunners,
    ManageMembers,
    ReadProjectTokens,
    ManageProjectTokens,
    RedactTraces,
    ProjectSettings,
    ReadProjectAudit,
    DeleteProject,
    ReadNamespace,
    CreateProject,
    ReadNamespaceVariables,
    ChangeNamespaceVariables,
    ReadNamespaceRunners,
    ManageNamespaceMembers,
    ReadNamespaceAudit,
    ReadOwnAccount,
    ChangeOwnAccount,
    ReadUsers,
    ManageUsers,
    ReadInstanceVariables,
    ChangeInstanceVariables,
    ReadInstanceRunners,
    ManageInstanceRunners,
    InstanceSettings,
    ReadInstanceAudit,
}

impl Action {
    /// Whether it changes nothing: what a token of scope `read_api` may at most.
    pub fn is_reading(self) -> bool {
        super::table::row(self).means & READ != 0
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// One project.
    Project,
    /// One namespace.
    Namespace,
    /// The whole server.
    Instance,
}

/// Who may without a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Nobody.
    Closed,
    /// Whoever sees the resource.
    BySight,
    /// Whoever sees the project, where its runs are public; guests count as others here.
    Jobs,
}

/// Tokens of scope `api`.
pub const API: u8 = 1;
/// Tokens of scope `read_api`.
pub const READ: u8 = 2;
/// Tokens of running jobs.
pub const JOB: u8 = 4;
/// Tokens of triggers.
pub const TRIGGER: u8 = 8;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What one wants to do.
    pub action: Action,
    /// To what.
    pub on: On,
    /// The least role of a member.
    pub least: Role,
    /// Who may without a role.
    pub others: Others,
    /// Which tokens may be used for it: [`API`], [`READ`], [`JOB`], [`TRIGGER`]. A session may be used for all.
    pub means: u8,
    /// What it lets one do, in words that fit after "to ".
    pub words: &'static str,
}

impl Row {
    pub(super) const fn of(
        action: Action,
        on: On,
        least: Role,
        others: Others,
        means: u8,
        words: &'static str,
    ) -> Self {
        Self { action, on, least, others, means, words }
    }

    /// Whether the means by which the subject comes is one for this row.
    pub fn lets(&self, subject: Subject) -> bool {
        match subject.means {
            Means::Session => true,
            Means::Api => self.means & API != 0,
            Means::ReadApi => self.means & READ != 0,
            Means::Job => self.means & JOB != 0,
            Means::Trigger => self.means & TRIGGER != 0,
        }
    }
}
