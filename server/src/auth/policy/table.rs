//! The table itself: read it like one. Words and numbers are GitLab's; where the contract names a role, it is that one.

use super::{
    Role::{self, Administrator, Developer, Guest, Maintainer, Nobody, Owner, Reporter},
    row::{
        API, Action, JOB,
        On::{Instance, Namespace, Project},
        Others::{BySight, Closed, Jobs},
        READ, Row, TRIGGER,
    },
};

#[allow(clippy::enum_glob_use, reason = "in the table the names of the actions are the first column")]
use Action::*;

/// Role x action. A caller needs three things at once: to see the resource, the least role *or*, in a project that is
/// open to the caller, the column "others", and a means (session, token) of the column "means".
///
/// - least role: of a member, by GitLab's numbers; `Nobody` (0) is anybody who is signed in.
/// - others: `Closed` to who has no role; `BySight` open to whoever sees the project (anybody in a public one, anybody
///   signed in in an internal one); `Jobs` the same where the project's runs are public (`public_jobs`), which also
///   lets guests.
/// - means: a session may all of them; `API` and `READ` are the scopes of tokens, `JOB` the token of a running job,
///   `TRIGGER` a trigger's.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    //      action                     on          least role     others    means                 in words: "to …"
    Row::of(ReadProject,               Project,    Guest,         BySight,  API | READ,           "see the project and its pipelines"),
    Row::of(ReadRuns,                  Project,    Reporter,      Jobs,     API | READ | JOB,     "see runs, the lists of their jobs and test reports"),
    Row::of(ReadJob,                   Project,    Reporter,      Jobs,     API | READ,           "see one job and why it is in its state"),
    Row::of(ReadTrace,                 Project,    Reporter,      Jobs,     API | READ,           "read logs"),
    Row::of(ReadArtifacts,             Project,    Reporter,      Jobs,     API | READ | JOB,     "fetch artifacts"),
    Row::of(ReadDeveloperArtifacts,    Project,    Developer,     Closed,   API | READ | JOB,     "fetch artifacts that are for developers"),
    Row::of(ReadMaintainerArtifacts,   Project,    Maintainer,    Closed,   API | READ | JOB,     "fetch artifacts that are for maintainers"),
    Row::of(ReadRepository,            Project,    Reporter,      Closed,   API | READ | JOB,     "fetch the repository with git"),
    Row::of(ReadSchedules,             Project,    Reporter,      Jobs,     API | READ,           "see schedules"),
    Row::of(ReadEnvironments,          Project,    Reporter,      Closed,   API | READ | JOB,     "see environments"),
    Row::of(BrowseRepository,          Project,    Reporter,      Closed,   API | READ,           "read branches, tags, commits and files of the repository"),
    Row::of(ReadMembers,               Project,    Guest,         Closed,   API | READ,           "see who is a member"),
    Row::of(ReadOwnRunVariables,       Project,    Developer,     Closed,   API | READ,           "see the variables of a run that one started"),
    Row::of(ReadRunVariables,          Project,    Maintainer,    Closed,   API | READ,           "see the variables of runs that others started"),

    Row::of(Lint,                      Project,    Developer,     Closed,   API | READ,           "check a definition with the project's files"),
    Row::of(StartRun,                  Project,    Developer,     Closed,   API | JOB | TRIGGER,  "start a run"),
    Row::of(StartProtectedRun,         Project,    Maintainer,    Closed,   API | JOB | TRIGGER,  "start a run of a protected ref"),
    Row::of(ControlRun,                Project,    Developer,     Closed,   API,                  "play, retry and cancel jobs and runs"),
    Row::of(ControlProtectedRun,       Project,    Maintainer,    Closed,   API,                  "play and retry jobs and runs of a protected ref"),
    Row::of(ForceCancel,               Project,    Maintainer,    Closed,   API,                  "cancel a job without waiting for its runner"),
    Row::of(RenameRun,                 Project,    Developer,     Closed,   API | JOB,            "name a run"),
    Row::of(KeepArtifacts,             Project,    Developer,     Closed,   API,                  "keep artifacts beyond their time"),
    Row::of(DeleteArtifacts,           Project,    Maintainer,    Closed,   API,                  "delete artifacts"),
    Row::of(EraseOwnJob,               Project,    Developer,     Closed,   API,                  "erase log and artifacts of a job that one started"),
    Row::of(EraseJob,                  Project,    Maintainer,    Closed,   API,                  "erase log and artifacts of jobs that others started"),
    Row::of(DeleteRun,                 Project,    Owner,         Closed,   API,                  "delete a run"),

    Row::of(ChangePipeline,            Project,    Maintainer,    Closed,   API,                  "make, change and delete pipelines that are stored here"),
    Row::of(ChangeOwnSchedule,         Project,    Developer,     Closed,   API,                  "make schedules, and change and play one's own"),
    Row::of(ChangeSchedule,            Project,    Maintainer,    Closed,   API,                  "change, take over and delete schedules of others"),
    Row::of(ManageEnvironments,        Project,    Developer,     Closed,   API | JOB,            "make, change, stop and delete environments"),
    Row::of(ManageResourceGroups,      Project,    Developer,     Closed,   API,                  "see and change resource groups"),
    Row::of(ReadVariables,             Project,    Maintainer,    Closed,   API | READ,           "see the project's CI/CD variables"),
    Row::of(ChangeVariables,           Project,    Maintainer,    Closed,   API,                  "change the project's CI/CD variables"),
    Row::of(ReadTriggers,              Project,    Maintainer,    Closed,   API | READ,           "see triggers"),
    Row::of(ManageTriggers,            Project,    Maintainer,    Closed,   API,                  "make, change and delete triggers"),
    Row::of(ReadRunners,               Project,    Maintainer,    Closed,   API | READ,           "see the project's runners"),
    Row::of(ManageRunners,             Project,    Maintainer,    Closed,   API,                  "make, change and delete the project's runners"),
    Row::of(ManageMembers,             Project,    Maintainer,    Closed,   API,                  "change who is a member, up to one's own role"),
    Row::of(ReadProjectTokens,         Project,    Maintainer,    Closed,   API | READ,           "see the project's tokens, never their text"),
    Row::of(ManageProjectTokens,       Project,    Maintainer,    Closed,   API,                  "make, rotate and revoke the project's tokens, up to one's own role"),
    Row::of(RedactTraces,              Project,    Maintainer,    Closed,   API,                  "blank a leaked value in stored logs"),
    Row::of(ProjectSettings,           Project,    Maintainer,    Closed,   API,                  "change the project's settings"),
    Row::of(ReadProjectAudit,          Project,    Maintainer,    Closed,   API | READ,           "read the project's audit log and ask what others may"),
    Row::of(DeleteProject,             Project,    Owner,         Closed,   API,                  "delete or move the project, or change who sees it"),

    Row::of(ReadNamespace,             Namespace,  Guest,         BySight,  API | READ,           "see the namespace"),
    Row::of(CreateProject,             Namespace,  Maintainer,    Closed,   API,                  "make a project in the namespace"),
    Row::of(ReadNamespaceVariables,    Namespace,  Owner,         Closed,   API | READ,           "see the namespace's CI/CD variables"),
    Row::of(ChangeNamespaceVariables,  Namespace,  Owner,         Closed,   API,                  "change the namespace's CI/CD variables"),
    Row::of(ReadNamespaceRunners,      Namespace,  Maintainer,    Closed,   API | READ,           "see the namespace's runners"),
    Row::of(ManageNamespaceMembers,    Namespace,  Owner,         Closed,   API,                  "change who is a member of the namespace"),
    Row::of(ReadNamespaceAudit,        Namespace,  Owner,         Closed,   API | READ,           "read the namespace's audit log and ask what others may"),

    Row::of(ReadOwnAccount,            Instance,   Nobody,        Closed,   API | READ,           "see one's own account, tokens and sessions, and the names of users"),
    Row::of(ChangeOwnAccount,          Instance,   Nobody,        Closed,   API,                  "change one's own account, tokens and sessions"),
    Row::of(ReadUsers,                 Instance,   Administrator, Closed,   API | READ,           "see users with their addresses and logins"),
    Row::of(ManageUsers,               Instance,   Administrator, Closed,   API,                  "make, change and deactivate users"),
    Row::of(ReadInstanceVariables,     Instance,   Administrator, Closed,   API | READ,           "see the instance's CI/CD variables"),
    Row::of(ChangeInstanceVariables,   Instance,   Administrator, Closed,   API,                  "change the instance's CI/CD variables"),
    Row::of(ReadInstanceRunners,       Instance,   Administrator, Closed,   API | READ,           "see all runners"),
    Row::of(ManageInstanceRunners,     Instance,   Administrator, Closed,   API,                  "make, change and delete the instance's runners"),
    Row::of(InstanceSettings,          Instance,   Administrator, Closed,   API,                  "change the instance's settings and keys"),
    Row::of(ReadInstanceAudit,         Instance,   Administrator, Closed,   API | READ,           "read the whole audit log and ask what others may"),
];

/// The row of an action. Every action has exactly one: the tests say so.
///
/// # Panics
/// Never: see above.
pub fn row(action: Action) -> &'static Row {
    TABLE.iter().find(|row| row.action == action).expect("each action has a row")
}

/// The row in which artifacts of the definition's `artifacts:access` stand; none for `none`, which nobody may fetch.
pub fn artifacts(access: &str) -> Option<Action> {
    match access {
        "all" => Some(ReadArtifacts),
        "developer" => Some(ReadDeveloperArtifacts),
        "maintainer" => Some(ReadMaintainerArtifacts),
        _ => None,
    }
}

/// The most somebody of role `own` may give to another: nobody gives more than they have.
pub fn may_grant(own: Role, granted: Role) -> bool {
    own >= Maintainer && granted <= own.min(Owner)
}
