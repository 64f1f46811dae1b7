//! Accounts: who may come in, as whom, with what; and who has which role where.

mod keys;
mod logins;
mod members;
mod permissions;
mod redact;
mod runners;
mod signatures;
mod sudo;
mod tokens;
mod triggers;
mod users;

use app::service::Accounts;
use async_trait::async_trait;
use model::{
    AccessKeyId, AccountView, AuditFilter, AuditPage, Caller, Error, JobId, Me, NewAccessKey, NewSession, NewToken,
    NewUser, PasswordLink, PermissionsView, Place, PlaceView, ProjectId, ProjectSettings, Redaction, Role, RunnerDraft,
    RunnerId, RunnerView, SessionId, TokenDraft, TokenId, User, UserChanges, UserId,
};

use super::{LastSeen, Weir};

pub use logins::{LoginLimit, SESSION, Setup};
pub(super) use members::require_namespace;
pub use redact::Views;
pub use triggers::Trigger;

pub(super) use logins::acting_user;
pub use signatures::SigningKey;
pub(super) use signatures::replays;
pub use sudo::Ended;
pub use tokens::token_of;

/// How precise "last used" is, in milliseconds: a use that is noted costs a write.
const PRECISION: i64 = 5 * 60 * 1000;

#[async_trait]
impl Accounts for Weir {
    async fn me(&self, caller: &Caller) -> Result<Me, Error> {
        self.who(caller).await
    }
    async fn set_up(&self, caller: &Caller, key: &str, user: NewUser, password: &str) -> Result<NewSession, Error> {
        self.make_first(caller, key, user, password).await
    }
    async fn sign_in(
        &self,
        caller: &Caller,
        name: &str,
        password: &str,
        agent: Option<&str>,
    ) -> Result<NewSession, Error> {
        self.log_in(caller, name, password, agent).await
    }
    async fn sign_out(&self, caller: &Caller) -> Result<(), Error> {
        self.log_out(caller).await
    }
    async fn password_link(&self, _caller: &Caller, secret: &str) -> Result<String, Error> {
        Ok(self.of_link(secret).await?.name)
    }
    async fn use_password_link(
        &self,
        caller: &Caller,
        secret: &str,
        password: &str,
        agent: Option<&str>,
    ) -> Result<NewSession, Error> {
        self.follow_link(caller, secret, password, agent).await
    }
    async fn account(&self, caller: &Caller) -> Result<AccountView, Error> {
        self.own_account(caller).await
    }
    async fn change_account(&self, caller: &Caller, full_name: &str, email: &str) -> Result<(), Error> {
        self.change_own(caller, full_name, email).await
    }
    async fn change_password(&self, caller: &Caller, old: &str, new: &str) -> Result<(), Error> {
        self.change_own_password(caller, old, new).await
    }
    async fn end_session(&self, caller: &Caller, id: Option<SessionId>) -> Result<(), Error> {
        self.end_own_session(caller, id).await
    }
    async fn create_token(&self, caller: &Caller, draft: TokenDraft) -> Result<NewToken, Error> {
        self.make_token(caller, draft).await
    }
    async fn rotate_token(&self, caller: &Caller, id: TokenId) -> Result<NewToken, Error> {
        self.turn_token(caller, id).await
    }
    async fn revoke_token(&self, caller: &Caller, id: TokenId) -> Result<(), Error> {
        self.drop_token(caller, id, LastSeen::default()).await
    }
    async fn create_access_key(
        &self,
        caller: &Caller,
        user: Option<&str>,
        project: Option<&str>,
    ) -> Result<NewAccessKey, Error> {
        self.make_access_key(caller, user, project).await
    }
    async fn rotate_access_key(
        &self,
        caller: &Caller,
        access: &str,
        user: Option<&str>,
    ) -> Result<NewAccessKey, Error> {
        self.turn_access_key(caller, access, user).await
    }
    async fn revoke_access_key(&self, caller: &Caller, id: AccessKeyId) -> Result<(), Error> {
        self.drop_access_key(caller, id).await
    }
    async fn users(&self, caller: &Caller) -> Result<Vec<User>, Error> {
        self.list_users(caller).await
    }
    async fn create_user(&self, caller: &Caller, user: NewUser) -> Result<(User, PasswordLink), Error> {
        self.make_user(caller, user).await
    }
    async fn change_user(&self, caller: &Caller, id: UserId, changes: UserChanges) -> Result<User, Error> {
        self.put_user(caller, id, changes).await
    }
    async fn reset_password(&self, caller: &Caller, id: UserId) -> Result<PasswordLink, Error> {
        self.make_link(caller, id).await
    }
    async fn places(&self, caller: &Caller) -> Result<Vec<(Place, String, Role)>, Error> {
        self.list_places(caller).await
    }
    async fn place(&self, caller: &Caller, place: Place) -> Result<PlaceView, Error> {
        self.view_place(caller, place).await
    }
    async fn set_member(&self, caller: &Caller, place: Place, user: &str, role: Option<Role>) -> Result<(), Error> {
        self.put_member(caller, place, user, role).await
    }
    async fn change_project(&self, caller: &Caller, id: ProjectId, settings: ProjectSettings) -> Result<(), Error> {
        self.put_settings(caller, id, settings).await
    }
    async fn delete_project(&self, caller: &Caller, id: ProjectId) -> Result<(), Error> {
        self.drop_project(caller, id, LastSeen::default()).await
    }
    async fn runners(&self, caller: &Caller, project: Option<ProjectId>) -> Result<Vec<RunnerView>, Error> {
        self.list_runners(caller, project).await
    }
    async fn create_runner(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
        draft: RunnerDraft,
    ) -> Result<(RunnerView, String), Error> {
        self.make_runner(caller, project, draft).await
    }
    async fn change_runner(&self, caller: &Caller, id: RunnerId, draft: RunnerDraft) -> Result<RunnerView, Error> {
        self.put_runner(caller, id, draft).await
    }
    async fn rotate_runner(&self, caller: &Caller, id: RunnerId) -> Result<String, Error> {
        self.turn_runner(caller, id).await
    }
    async fn delete_runner(&self, caller: &Caller, id: RunnerId) -> Result<(), Error> {
        self.drop_runner(caller, id, LastSeen::default()).await
    }
    async fn permissions(&self, caller: &Caller, user: Option<&str>, place: Place) -> Result<PermissionsView, Error> {
        self.explain_permissions(caller, user, place).await
    }
    async fn audit(&self, caller: &Caller, filter: AuditFilter) -> Result<AuditPage, Error> {
        self.read_audit(caller, filter).await
    }
    async fn redact(&self, caller: &Caller, project: ProjectId, value: &str) -> Result<Redaction, Error> {
        self.redact_traces(caller, project, value).await
    }
    async fn delete_artifacts(&self, caller: &Caller, job: JobId) -> Result<(), Error> {
        self.drop_artifacts(caller, job).await
    }
}
