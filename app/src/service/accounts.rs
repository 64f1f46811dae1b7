//! Who may come in, as whom, and what they may: the part of the service that is about accounts.

use async_trait::async_trait;
use model::{
    AccessKeyId, AccountView, AuditFilter, AuditPage, Caller, Error, JobId, Me, NewAccessKey, NewSession, NewToken,
    NewUser, PasswordLink, PermissionsView, Place, PlaceView, ProjectId, ProjectSettings, Redaction, Role, RunnerDraft,
    RunnerId, RunnerView, SessionId, TokenDraft, TokenId, User, UserChanges, UserId,
};

/// One method per use case.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Who asks.
    async fn me(&self, caller: &Caller) -> Result<Me, Error>;
    /// Makes the administrator of a server that has none. `key` is the secret of the link that the server printed.
    async fn set_up(&self, caller: &Caller, key: &str, user: NewUser, password: &str) -> Result<NewSession, Error>;
    /// Begins a session. `agent` is what the browser calls itself. A wrong name and a wrong password are one answer.
    async fn sign_in(
        &self,
        caller: &Caller,
        name: &str,
        password: &str,
        agent: Option<&str>,
    ) -> Result<NewSession, Error>;
    /// Ends the session by which the caller comes.
    async fn sign_out(&self, caller: &Caller) -> Result<(), Error>;
    /// Whose password a link sets; a link that was used, has expired or never was is not found.
    async fn password_link(&self, caller: &Caller, secret: &str) -> Result<String, Error>;
    /// Sets the password of a link's user, and begins a session. All others of the user's end.
    async fn use_password_link(
        &self,
        caller: &Caller,
        secret: &str,
        password: &str,
        agent: Option<&str>,
    ) -> Result<NewSession, Error>;

    /// The caller's own account.
    async fn account(&self, caller: &Caller) -> Result<AccountView, Error>;
    /// Changes the caller's name and address.
    async fn change_account(&self, caller: &Caller, full_name: &str, email: &str) -> Result<(), Error>;
    /// Changes the caller's password. All other sessions end.
    async fn change_password(&self, caller: &Caller, old: &str, new: &str) -> Result<(), Error>;
    /// Ends one of the caller's sessions; all but the one that asks for `None`.
    async fn end_session(&self, caller: &Caller, id: Option<SessionId>) -> Result<(), Error>;
    /// Makes a token.
    async fn create_token(&self, caller: &Caller, draft: TokenDraft) -> Result<NewToken, Error>;
    /// Makes a new token in the place of one, which ends at once.
    async fn rotate_token(&self, caller: &Caller, id: TokenId) -> Result<NewToken, Error>;
    /// Ends a token at once.
    async fn revoke_token(&self, caller: &Caller, id: TokenId) -> Result<(), Error>;
    /// Makes a pair of keys for signed requests; for another user than the caller only administrators may.
    async fn create_access_key(
        &self,
        caller: &Caller,
        user: Option<&str>,
        project: Option<&str>,
    ) -> Result<NewAccessKey, Error>;
    /// Makes new keys in the place of the pair with this access key, which ends at once; where it is said, only if it is
    /// this user's.
    async fn rotate_access_key(&self, caller: &Caller, access: &str, user: Option<&str>)
    -> Result<NewAccessKey, Error>;
    /// Ends a pair of keys at once.
    async fn revoke_access_key(&self, caller: &Caller, id: AccessKeyId) -> Result<(), Error>;

    /// Every user, by name.
    async fn users(&self, caller: &Caller) -> Result<Vec<User>, Error>;
    /// Makes a user, who sets a password by the link.
    async fn create_user(&self, caller: &Caller, user: NewUser) -> Result<(User, PasswordLink), Error>;
    /// Changes a user. The last administrator stays one, and active.
    async fn change_user(&self, caller: &Caller, id: UserId, changes: UserChanges) -> Result<User, Error>;
    /// Makes a link by which a user sets a new password; links made before end.
    async fn reset_password(&self, caller: &Caller, id: UserId) -> Result<PasswordLink, Error>;

    /// Every place that the caller sees, by path: namespaces and projects, with the caller's role.
    async fn places(&self, caller: &Caller) -> Result<Vec<(Place, String, Role)>, Error>;
    /// A project or namespace: settings, members, tokens.
    async fn place(&self, caller: &Caller, place: Place) -> Result<PlaceView, Error>;
    /// Gives a user a role at a place; takes it away for `None`.
    async fn set_member(&self, caller: &Caller, place: Place, user: &str, role: Option<Role>) -> Result<(), Error>;
    /// Changes a project's settings.
    async fn change_project(&self, caller: &Caller, id: ProjectId, settings: ProjectSettings) -> Result<(), Error>;
    /// Deletes a project with its pipelines, runs, logs, artifacts, variables and environments. Running jobs are
    /// stopped first.
    async fn delete_project(&self, caller: &Caller, id: ProjectId) -> Result<(), Error>;

    /// The runners of the whole server, or those that are for one project alone.
    async fn runners(&self, caller: &Caller, project: Option<ProjectId>) -> Result<Vec<RunnerView>, Error>;
    /// Makes a runner; the text is its token (`glrt-`), shown this one time.
    async fn create_runner(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
        draft: RunnerDraft,
    ) -> Result<(RunnerView, String), Error>;
    /// Changes a runner.
    async fn change_runner(&self, caller: &Caller, id: RunnerId, draft: RunnerDraft) -> Result<RunnerView, Error>;
    /// Gives a runner a new token; the old one ends at once.
    async fn rotate_runner(&self, caller: &Caller, id: RunnerId) -> Result<String, Error>;
    /// Deletes a runner that runs nothing.
    async fn delete_runner(&self, caller: &Caller, id: RunnerId) -> Result<(), Error>;

    /// What somebody may do at a place; the caller for `None`, whoever is not signed in for an empty name. Of others only who may read the place's audit log asks.
    async fn permissions(&self, caller: &Caller, user: Option<&str>, place: Place) -> Result<PermissionsView, Error>;
    /// A page of the audit log, newest first.
    async fn audit(&self, caller: &Caller, filter: AuditFilter) -> Result<AuditPage, Error>;
    /// Blanks a leaked value in the stored logs of a project's finished jobs, and tells who had opened them, and which
    /// artifacts have it.
    async fn redact(&self, caller: &Caller, project: ProjectId, value: &str) -> Result<Redaction, Error>;
    /// Deletes the artifacts of a job that has ended; its log stays.
    async fn delete_artifacts(&self, caller: &Caller, job: JobId) -> Result<(), Error>;
}
