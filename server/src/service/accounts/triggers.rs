//! The triggers of a project, as GitLab's API looks after them: tokens that start runs and nothing else. Their texts are
//! kept sealed beside their hashes, for their owners alone.

use model::{Caller, Error, NewToken, ProjectId, Timestamp, TokenDraft, TokenId, TokenKind, TokenScope, User, Via};

use super::logins::own;
use super::tokens::{changed_at, named, record};
use crate::auth::Action;
use crate::auth::token::Token;
use crate::secrets::keys::KeyRing;
use crate::secrets::seal::{self, Place};
use crate::service::{LastSeen, Weir, access, audit};
use crate::store::{Snapshot, StoreError, tokens, users};

/// A trigger as one caller sees it.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The token.
    pub token: model::Token,
    /// As whom it starts runs.
    pub owner: User,
    /// Its text; for its owner alone, where it was kept, and not by a token that may only read.
    pub text: Option<String>,
    /// When it was made, got another text or another name.
    pub updated_at: Timestamp,
}

/// What is kept of the text of a trigger.
pub(super) fn seal(keys: &KeyRing, id: TokenId, text: &Token) -> String {
    seal::seal(keys, place(id), text.reveal().as_bytes())
}

fn place(id: TokenId) -> Place<'static> {
    Place { table: tokens::PLACE.0, row: id.0, column: tokens::PLACE.1 }
}

impl Weir {
    /// The triggers of a project, the oldest first.
    pub async fn triggers(&self, caller: &Caller, project: ProjectId) -> Result<Vec<Trigger>, Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        let found = self.store().read(move |conn| {
            let keys = keys.ring();
            access::at_project(conn, &caller, Action::ReadTriggers, project, "project")?;
            let all = tokens::triggers_of(conn, project)?;
            all.into_iter().map(|(token, owner)| seen(conn, &caller, &keys, token, owner)).collect::<Result<_, _>>()
        });
        Ok(found.await?)
    }

    /// One of them.
    pub async fn trigger(&self, caller: &Caller, project: ProjectId, id: TokenId) -> Result<Trigger, Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        let found = self.store().read(move |conn| {
            access::at_project(conn, &caller, Action::ReadTriggers, project, "project")?;
            let (token, owner) = of_project(conn, project, id)?;
            seen(conn, &caller, &keys.ring(), token, owner)
        });
        Ok(found.await?)
    }

    /// Makes one, which starts runs as the caller.
    pub async fn create_trigger(
        &self,
        caller: &Caller,
        project: ProjectId,
        name: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<Trigger, Error> {
        let draft = TokenDraft {
            kind: TokenKind::Trigger,
            name: name.to_owned(),
            scope: TokenScope::Api,
            user: None,
            project: Some(project),
            role: None,
            expires_at,
            description: None,
        };
        let NewToken { token, secret } = self.make_token(caller, draft).await?;
        let made = self.trigger(caller, project, token.id).await?;
        Ok(Trigger { text: Some(secret), ..made })
    }

    /// Gives one another name.
    pub async fn rename_trigger(
        &self,
        caller: &Caller,
        project: ProjectId,
        id: TokenId,
        name: Option<&str>,
    ) -> Result<Trigger, Error> {
        let name = name.map(named).transpose()?;
        let (caller, keys) = (caller.clone(), self.keys());
        let renamed = self.store().write(move |tx| {
            access::at_project(tx.conn(), &caller, Action::ManageTriggers, project, "project")?;
            let (token, owner) = of_project(tx.conn(), project, id)?;
            if let Some(name) = name.filter(|name| *name != token.name) {
                let change = audit::change("name", Some(&token.name), Some(&name));
                let target = format!("trigger {}", token.name);
                record(tx, &caller, "token.change", Some(project), owner, &target, vec![change])?;
                tokens::rename(tx, id, &name)?;
            }
            let (token, owner) = of_project(tx.conn(), project, id)?;
            seen(tx.conn(), &caller, &keys.ring(), token, owner)
        });
        Ok(renamed.await?)
    }

    /// Ends one, unless it changed since it was seen.
    pub async fn delete_trigger(
        &self,
        caller: &Caller,
        project: ProjectId,
        id: TokenId,
        seen: LastSeen,
    ) -> Result<(), Error> {
        let by = caller.clone();
        let asked = self.store().read(move |conn| {
            access::at_project(conn, &by, Action::ManageTriggers, project, "project")?;
            of_project(conn, project, id).map(|_| ())
        });
        asked.await?;
        self.drop_token(caller, id, seen).await
    }

    /// Notes that the trigger by which a caller comes started a run.
    pub async fn trigger_used(&self, caller: &Caller) -> Result<(), Error> {
        let Via::Trigger(id, _) = caller.via else { return Ok(()) };
        let from = caller.address.clone();
        Ok(self.store().write(move |tx| tokens::used(tx, id, from.as_deref())).await?)
    }
}

/// A trigger of this project.
fn of_project(conn: &Snapshot, project: ProjectId, id: TokenId) -> Result<(model::Token, model::UserId), StoreError> {
    let found = tokens::get(conn, id)?;
    let is_of = |token: &model::Token| token.kind == TokenKind::Trigger && token.project_id == Some(project);
    found.filter(|(token, _)| is_of(token)).ok_or_else(|| Error::not_found("trigger").into())
}

fn seen(
    conn: &Snapshot,
    caller: &Caller,
    keys: &KeyRing,
    token: model::Token,
    owner: model::UserId,
) -> Result<Trigger, StoreError> {
    let only_reads = matches!(caller.via, Via::Token(_, TokenScope::ReadApi));
    let is_own = !only_reads && own(conn, caller).is_ok_and(|user| user.id == owner);
    let sealed = tokens::text_of(conn, token.id)?;
    let text =
        sealed.filter(|_| is_own).map(|sealed| seal::open_text(keys, place(token.id), &sealed)).transpose().map_err(
            |error| {
                tracing::error!(token = token.id.0, %error, "failed to open the text of a trigger");
                Error::unavailable(format!("the text of the trigger cannot be opened: {error}"))
            },
        )?;
    let updated_at = changed_at(conn, &token)?;
    let text = text.map(|text| text.as_str().to_owned());
    Ok(Trigger { owner: users::require(conn, owner)?, token, text, updated_at })
}
