//! Accounts: users, their logins, tokens and keys, memberships, and what is recorded of what they do. Nothing here
//! holds a secret, but for the `New…` answers, which show it the one time that it can be seen.

use serde::{Deserialize, Serialize};

use crate::{
    AccessKeyId, AuditId, Place, ProjectId, ProjectOptions, ProjectPath, Role, RunnerId, Seq, SessionId, Timestamp,
    TokenId, Uid, UserId, Visibility,
};

/// A user as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Number in this instance.
    pub id: UserId,
    /// Opaque name.
    pub uid: Uid,
    /// The name to sign in with; shown as it was written, compared without regard to case.
    pub name: String,
    /// What people call them; the name when nobody said.
    pub full_name: String,
    /// Address; `None` when nobody said, and for those who may not see it.
    pub email: Option<String>,
    /// Whether they may do everything.
    pub is_admin: bool,
    /// Whether they stand for a project's token and not for a person.
    pub is_bot: bool,
    /// Whether they can sign in and their tokens work.
    pub is_active: bool,
    /// Whether they have a password yet.
    pub has_password: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they last did something; `None` before.
    pub seen_at: Option<Timestamp>,
}

/// A user to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// What people call them.
    pub full_name: String,
    /// Address.
    pub email: Option<String>,
    /// Whether they may do everything.
    pub is_admin: bool,
}

/// What changes of a user; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserChanges {
    /// What people call them.
    pub full_name: Option<String>,
    /// Address; empty for none.
    pub email: Option<String>,
    /// Whether they may do everything.
    pub is_admin: Option<bool>,
    /// Whether they can sign in and their tokens work.
    pub is_active: Option<bool>,
}

/// A link by which somebody sets a password, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordLink {
    /// Whose password.
    pub user: String,
    /// The link's path on this server, with its secret: shown this one time.
    pub path: String,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// Who somebody is to this server: what every page has at its head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The user; `None` for who is not signed in.
    pub user: Option<User>,
    /// Whether this is a `--local` server, where there is nothing to sign in to or out of.
    pub is_local: bool,
    /// Whether they may do everything.
    pub is_admin: bool,
}

/// A login session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to some minutes.
    pub seen_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The address it was last used from.
    pub address: Option<String>,
    /// What the browser calls itself, at most 255 characters: hostile text.
    pub agent: Option<String>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// A session that begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSession {
    /// Whose.
    pub user: String,
    /// What the browser keeps in a cookie.
    pub secret: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What a token lets its holder do, of what its user may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Everything.
    Api,
    /// Only reading.
    ReadApi,
}

impl TokenScope {
    /// The word in the database, on the wire and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ReadApi => "read_api",
        }
    }
}

impl std::str::FromStr for TokenScope {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Api, Self::ReadApi].into_iter().find(|scope| scope.as_str() == word).ok_or(())
    }
}

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A user's (`glpat-`).
    Personal,
    /// A project's (`glpat-`): it acts as a user of its own, with a role in that project and no other.
    Project,
    /// Starts runs of one project (`glptt-`), as the user who made it.
    Trigger,
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// Its kind.
    pub kind: TokenKind,
    /// What its owner calls it.
    pub name: String,
    /// What it lets one do; triggers have none.
    pub scope: Option<TokenScope>,
    /// Whose it is: the user's name.
    pub user: String,
    /// Of which project, for tokens of projects and triggers.
    pub project_id: Option<ProjectId>,
    /// The role it has in its project, for tokens of projects.
    pub role: Option<Role>,
    /// Its last characters, by which its owner knows it again.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None` never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to some minutes; `None` never.
    pub used_at: Option<Timestamp>,
    /// From which address.
    pub used_from: Option<String>,
    /// What its owner says about it.
    #[serde(default)]
    pub description: Option<String>,
    /// When somebody ended it; lists of pages leave those out.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDraft {
    /// Its kind.
    pub kind: TokenKind,
    /// What its owner calls it, 1 to 255 characters.
    pub name: String,
    /// What it lets one do; triggers take none.
    pub scope: TokenScope,
    /// For whom, when it is a personal one: `None` for who asks. Others' only administrators make.
    pub user: Option<String>,
    /// Of which project, for tokens of projects and triggers.
    pub project: Option<ProjectId>,
    /// The role in that project, for tokens of projects.
    pub role: Option<Role>,
    /// When it ends; `None` never.
    pub expires_at: Option<Timestamp>,
    /// What its owner says about it: up to 1024 characters.
    pub description: Option<String>,
}

/// A token that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// What lists show of it.
    pub token: Token,
    /// Its text, shown this one time.
    pub secret: String,
}

/// A pair of keys that requests of Huawei's SDKs are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// Its number.
    pub id: AccessKeyId,
    /// The access key (AK), which is no secret.
    pub access: String,
    /// Whose it is: the user's name.
    pub user: String,
    /// The project whose uid such requests name; `None` for any.
    pub project: Option<ProjectPath>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to some minutes; `None` never.
    pub used_at: Option<Timestamp>,
}

/// A pair of keys that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccessKey {
    /// What lists show of it.
    pub key: AccessKey,
    /// The secret key (SK), shown this one time.
    pub secret: String,
    /// The uid of the project that requests name.
    pub project_uid: Option<Uid>,
}

/// What people set about a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerDraft {
    /// What it is called, 1 to 255 characters.
    pub name: String,
    /// It takes jobs whose tags are all among these; at most 50.
    pub tags: Vec<String>,
    /// Whether it takes jobs without tags.
    pub run_untagged: bool,
    /// Whether it takes no jobs for now.
    pub paused: bool,
    /// Whether it takes jobs of protected refs alone.
    pub protected: bool,
    /// Whether it stays with the projects that it has.
    #[serde(default)]
    pub locked: bool,
    /// Seconds that no job runs longer on it; at least 600.
    #[serde(default)]
    pub maximum_timeout: Option<u32>,
    /// What its keepers note about it: up to 1024 characters.
    #[serde(default)]
    pub note: Option<String>,
}

/// A process that takes jobs with a runner's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerManager {
    /// Number.
    pub id: i64,
    /// What tells it from others of the same token.
    pub system_id: String,
    /// Version of the program.
    pub version: String,
    /// Its commit.
    pub revision: String,
    /// `linux`.
    pub platform: String,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// Where it came from, when that is known.
    pub address: Option<String>,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// When it was heard of last, to some minutes.
    pub contacted_at: Timestamp,
}

/// A runner as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerView {
    /// Its number.
    pub id: RunnerId,
    /// What people set.
    #[serde(flatten)]
    pub draft: RunnerDraft,
    /// The only project whose jobs it takes; `None`: all.
    pub project: Option<(ProjectId, ProjectPath)>,
    /// Who made it; `None` for the server's own.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When people last changed it.
    pub updated_at: Timestamp,
    /// Further projects that it was lent to.
    #[serde(default)]
    pub lent_to: Vec<(ProjectId, ProjectPath)>,
    /// The processes that came with its token, the one that was heard of last first.
    #[serde(default)]
    pub managers: Vec<RunnerManager>,
    /// Whether it was heard of lately.
    pub is_online: bool,
    /// How many jobs run on it.
    pub running: u64,
}

/// One's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Who.
    pub user: User,
    /// The login sessions, the latest first.
    pub sessions: Vec<Session>,
    /// The personal tokens, the newest first.
    pub tokens: Vec<Token>,
    /// The pairs of keys, the newest first.
    pub access_keys: Vec<AccessKey>,
    /// The projects that keys and tokens can be for.
    pub projects: Vec<(ProjectId, ProjectPath)>,
}

/// A member of a project or namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: User,
    /// The role.
    pub role: Role,
    /// The namespace above from which they have it; `None` when they have it here.
    pub from: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A ref, or a pattern of refs with `*`, that only maintainers run, and whose runs get protected variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedRef {
    /// Whether it names tags and not branches.
    pub is_tag: bool,
    /// The name or pattern.
    pub pattern: String,
}

/// What people set about a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectSettings {
    /// Who sees it.
    pub visibility: Visibility,
    /// Whether whoever sees it sees its runs and logs too.
    pub public_jobs: bool,
    /// Whether the default branch is protected.
    pub protect_default: bool,
    /// What else is protected.
    pub protected: Vec<ProtectedRef>,
    /// Its repository: a folder of the server or a git URL. Folders only administrators set.
    pub source: Option<String>,
    /// How its definition is read and its jobs run.
    pub options: ProjectOptions,
}

/// A project's or namespace's page: settings, members, tokens. What the caller may not see is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// What it is.
    pub place: Place,
    /// Its path.
    pub path: String,
    /// Its uid, when it is a project.
    pub uid: Option<Uid>,
    /// The caller's role here.
    pub role: Role,
    /// Settings of a project, for who may see it.
    pub settings: Option<ProjectSettings>,
    /// The members, the greatest role first.
    pub members: Vec<Member>,
    /// The tokens of a project and its triggers, for who may see them.
    pub tokens: Vec<Token>,
    /// Its pipelines: key and name.
    pub pipelines: Vec<(String, String)>,
    /// What the caller may do here, of what the page offers.
    pub may: PlaceRights,
}

/// What the page of a project or namespace offers its reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a button")]
pub struct PlaceRights {
    /// Change who is a member.
    pub members: bool,
    /// Change settings.
    pub settings: bool,
    /// Change who sees it, and delete it.
    pub delete: bool,
    /// Make and revoke tokens and triggers.
    pub tokens: bool,
    /// See and change its variables.
    pub variables: bool,
    /// Blank leaked values in its logs.
    pub redact: bool,
    /// Read its audit log, and ask what others may.
    pub audit: bool,
    /// Make projects below it.
    pub projects: bool,
}

/// A row of "what may X do here, and why not?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// The action's name, such as `start_run`.
    pub action: String,
    /// What it lets one do, in words that fit after "to ".
    pub words: String,
    /// Whether they may.
    pub allowed: bool,
    /// Why, or why not.
    pub why: String,
}

/// What somebody may do at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionsView {
    /// Who; `None` for people who are not signed in.
    pub user: Option<String>,
    /// Where.
    pub place: Place,
    /// The place's path; empty for the instance.
    pub path: String,
    /// The role there.
    pub role: Role,
    /// Every action that is about such a place.
    pub permissions: Vec<Permission>,
}

/// An entry of the audit log. All texts are hostile: they come from who is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Number.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who: the user's name then; `None` when nobody was signed in.
    pub user: Option<String>,
    /// By which means: "session 4", "token deploy (7)", "local" …
    pub via: String,
    /// From which address.
    pub address: Option<String>,
    /// What: `user.create`, `run.cancel` …
    pub action: String,
    /// On what: `project shop/web`, `run 12` …
    pub target: String,
    /// The project, where it was about one.
    pub project_id: Option<ProjectId>,
    /// What changed, field by field: name, before, after. Never a secret.
    pub changes: Vec<AuditChange>,
}

/// One field of what an action changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    /// The field.
    pub field: String,
    /// Before; `None` for nothing.
    pub before: Option<String>,
    /// After; `None` for nothing.
    pub after: Option<String>,
}

/// Which entries somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Of this project only.
    pub project: Option<ProjectId>,
    /// Of this namespace and all below it only. With neither, of the whole server.
    pub namespace: Option<String>,
    /// By this user only.
    pub user: Option<String>,
    /// Actions that begin so: `user.` or `run.cancel`.
    pub action: Option<String>,
    /// Only entries with this text in their target.
    pub target: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only entries older than this one: for the next page.
    pub before: Option<AuditId>,
    /// How many, at most 1000; 50 unless said.
    pub limit: Option<u32>,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<AuditId>,
}

/// What blanking a leaked value did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Logs that were looked through.
    pub searched: u64,
    /// Jobs whose logs had the value, or what they are listed with, with the number of places.
    pub redacted: Vec<(crate::JobId, u64)>,
    /// Who had opened these logs before, with the last time.
    pub viewers: Vec<(String, crate::JobId, Timestamp)>,
    /// Jobs whose artifacts have the value, with the files in which it stands. These are whole files: nothing is changed
    /// in them, they can be deleted.
    pub artifacts: Vec<(crate::JobId, Vec<String>)>,
    /// Jobs whose artifacts could not be looked through.
    pub unread: Vec<crate::JobId>,
}
