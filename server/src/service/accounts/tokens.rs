//! Tokens: made, turned over, ended.

use model::{
    Caller, Error, NewToken, Place, ProjectId, Role, Timestamp, TokenDraft, TokenId, TokenKind, TokenScope, UserId, Via,
};

use super::logins::{acting_user, own};
use super::triggers;
use super::users::{is_invisible, recipient};
use crate::auth::Action;
use crate::auth::policy::may_grant;
use crate::auth::token::{Kind, Token};
use crate::clock;
use crate::random;
use crate::service::access::Standing;
use crate::service::{LastSeen, Weir, access, audit};
use crate::store::{Snapshot, StoreError, Tx, members, projects, tokens, users};

/// The last moment that a date can name: the end of the year 9999.
const LAST: Timestamp = Timestamp(253_402_300_799_999);
/// Characters of a token's name.
const NAME: usize = 255;

impl Weir {
    pub(super) async fn make_token(&self, caller: &Caller, draft: TokenDraft) -> Result<NewToken, Error> {
        let (by, kind, project) = (caller.clone(), draft.kind, draft.project);
        self.store().read(move |conn| may_make(conn, &by, kind, project)).await?;
        let name = named(&draft.name)?;
        if draft.expires_at.is_some_and(|at| at <= clock::now()) {
            return Err(Error::invalid("the token would have expired already"));
        }
        if draft.expires_at.is_some_and(|at| at > LAST) {
            return Err(Error::invalid("a token ends before the year 10000, or never"));
        }
        if draft.description.as_ref().is_some_and(|text| text.chars().count() > 1024 || text.contains('\0')) {
            return Err(Error::invalid("a token's description has at most 1024 characters"));
        }
        let text = Token::fresh(if draft.kind == TokenKind::Trigger { Kind::Trigger } else { Kind::Access });
        let secret = text.reveal().to_owned();
        let (caller, is_local, keys) = (caller.clone(), self.is_local(), self.keys());
        let made = self.store().write(move |tx| {
            let (user, project) = match draft.kind {
                TokenKind::Personal => (owner_of_new(tx, &caller, is_local, draft.user.as_deref())?, None),
                TokenKind::Project => {
                    let project = draft.project.ok_or_else(|| Error::invalid("project is missing"))?;
                    let role = draft.role.ok_or_else(|| Error::invalid("role is missing"))?;
                    access::at_project(tx.conn(), &caller, Action::ManageProjectTokens, project, "project")?;
                    let own = role_at(tx.conn(), &caller, project)?;
                    if !may_grant(own, role) {
                        return Err(Error::forbidden(format!("nobody gives more than they have: {own}")).into());
                    }
                    let bot = format!("project_{project}_bot_{}", &random::uid().as_str()[..12]);
                    let bot = users::insert(tx, &bot, &name, None, false, true)?;
                    members::set(tx, &Place::Project(project), bot.id, Some(role))?;
                    (bot.id, Some(project))
                }
                TokenKind::Trigger => {
                    let project = draft.project.ok_or_else(|| Error::invalid("project is missing"))?;
                    access::at_project(tx.conn(), &caller, Action::ManageTriggers, project, "project")?;
                    (acting_user(tx, &caller)?.id, Some(project))
                }
            };
            let scope = (draft.kind != TokenKind::Trigger).then_some(draft.scope);
            let new = tokens::New {
                kind: draft.kind,
                user,
                project,
                name: &name,
                description: draft.description.as_deref(),
                scope,
                expires_at: draft.expires_at,
                hash: &text.hash(),
                hint: text.hint(),
            };
            let id = tokens::insert(tx, &new)?;
            if draft.kind == TokenKind::Trigger {
                tokens::keep_text(tx, id, &triggers::seal(&keys.ring(), id, &text))?;
            }
            let target = format!("{} {name}", word(draft.kind));
            let mut changes = vec![
                audit::change("expires_at", None, draft.expires_at.map(Timestamp::rfc3339).as_deref()),
                audit::change("scope", None, scope.map(TokenScope::as_str)),
            ];
            changes.retain(|change| change.after.is_some());
            changes.extend(draft.role.map(|role| audit::change("role", None, Some(role.word()))));
            record(tx, &caller, "token.create", project, user, &target, changes)?;
            known(tx.conn(), id)
        });
        let token = made.await?.0;
        self.look_for_administrator().await?;
        Ok(NewToken { token, secret })
    }

    pub(super) async fn turn_token(&self, caller: &Caller, id: TokenId) -> Result<NewToken, Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        let turned = self.store().write(move |tx| {
            let (token, user) = managed(tx.conn(), &caller, id)?;
            // Whoever has its new text acts as its owner.
            if token.kind != TokenKind::Project && own(tx.conn(), &caller)?.id != user {
                return Err(Error::forbidden(format!(
                    "it acts as {}, who alone can give it another text; others can only revoke it",
                    token.user
                ))
                .into());
            }
            let text = Token::fresh(if token.kind == TokenKind::Trigger { Kind::Trigger } else { Kind::Access });
            tokens::replace(tx, id, &text.hash(), text.hint())?;
            if token.kind == TokenKind::Trigger {
                tokens::keep_text(tx, id, &triggers::seal(&keys.ring(), id, &text))?;
            }
            let target = format!("{} {}", word(token.kind), token.name);
            record(tx, &caller, "token.rotate", token.project_id, user, &target, Vec::new())?;
            Ok(NewToken { token: known(tx.conn(), id)?.0, secret: text.reveal().to_owned() })
        });
        let turned = turned.await?;
        self.access_changed();
        Ok(turned)
    }

    /// Ends a token, unless it changed since it was seen.
    pub async fn drop_token(&self, caller: &Caller, id: TokenId, seen: LastSeen) -> Result<(), Error> {
        let caller = caller.clone();
        let dropped = self.store().write(move |tx| {
            let (token, user) = managed(tx.conn(), &caller, id)?;
            seen.holds(changed_at(tx.conn(), &token)?)?;
            let target = format!("{} {}", word(token.kind), token.name);
            record(tx, &caller, "token.revoke", token.project_id, user, &target, Vec::new())?;
            if token.kind == TokenKind::Project {
                let mut bot = users::require(tx.conn(), user)?;
                bot.is_active = false;
                users::update(tx, &bot)?;
            }
            if token.kind == TokenKind::Personal { tokens::revoke(tx, id) } else { tokens::delete(tx, id) }
        });
        dropped.await?;
        self.access_changed();
        Ok(())
    }
}

/// When a token was made, or got another text or name. Its use is no change.
pub(super) fn changed_at(conn: &Snapshot, token: &model::Token) -> Result<Timestamp, StoreError> {
    Ok(tokens::renamed_at(conn, token.id)?.unwrap_or(token.created_at).max(token.created_at))
}

/// A name that a token can have.
pub(super) fn named(name: &str) -> Result<String, Error> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(is_invisible) {
        return Err(Error::invalid("a token's name has 1 to 255 characters, all of them visible"));
    }
    Ok(name)
}

impl Weir {
    /// Personal tokens, those that ended included: one's own, and for administrators everybody's.
    pub async fn personal_tokens(
        &self,
        caller: &Caller,
        of: Option<UserId>,
    ) -> Result<Vec<(model::Token, UserId)>, Error> {
        let caller = caller.clone();
        let list = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadOwnAccount)?;
            if access::at_instance(conn, &caller, Action::ReadUsers).is_ok() {
                return tokens::personal(conn, of);
            }
            let own = own(conn, &caller)?.id;
            if of.is_some_and(|of| of != own) {
                return Err(Error::forbidden("the tokens of others are for administrators to see").into());
            }
            tokens::personal(conn, Some(own))
        });
        Ok(list.await?)
    }

    /// One of them; another's is not there.
    pub async fn personal_token(&self, caller: &Caller, id: TokenId) -> Result<(model::Token, UserId), Error> {
        let all = self.personal_tokens(caller, None).await?;
        all.into_iter().find(|(token, _)| token.id == id).ok_or_else(|| Error::not_found("token"))
    }

    /// The token that is asked with.
    pub async fn own_token(&self, caller: &Caller) -> Result<(model::Token, UserId), Error> {
        let id = token_of(caller)?;
        let caller = caller.clone();
        let found = self.store().read(move |conn| {
            Standing::of(conn, &caller)?;
            known(conn, id)
        });
        Ok(found.await?)
    }

    /// Ends the token that is asked with, whatever its scope, unless it changed since it was seen.
    pub async fn revoke_own_token(&self, caller: &Caller, seen: LastSeen) -> Result<(), Error> {
        let (token, user) = self.own_token(caller).await?;
        if token.kind != TokenKind::Personal {
            return self.drop_token(caller, token.id, seen).await;
        }
        let caller = caller.clone();
        let revoked = self.store().write(move |tx| {
            Standing::of(tx.conn(), &caller)?;
            seen.holds(changed_at(tx.conn(), &token)?)?;
            record(tx, &caller, "token.revoke", None, user, &format!("token {}", token.name), Vec::new())?;
            tokens::revoke(tx, token.id)
        });
        revoked.await?;
        self.access_changed();
        Ok(())
    }

    /// A new token in the place of a personal one, which ends. Without `expires_at` the new one is good for as long as
    /// the old one was.
    pub async fn replace_token(
        &self,
        caller: &Caller,
        id: TokenId,
        expires_at: Option<Timestamp>,
    ) -> Result<(NewToken, UserId), Error> {
        if expires_at.is_some_and(|at| at <= clock::now() || at > LAST) {
            return Err(Error::invalid("the token would have expired already, or lies beyond the year 9999"));
        }
        let caller = caller.clone();
        let text = Token::fresh(Kind::Access);
        let secret = text.reveal().to_owned();
        let made = self.store().write(move |tx| {
            let (old, user) = managed(tx.conn(), &caller, id)?;
            // Whoever has its new text acts as its owner.
            if old.kind != TokenKind::Personal || own(tx.conn(), &caller)?.id != user {
                return Err(Error::forbidden(format!("it acts as {}, who alone can replace it", old.user)).into());
            }
            if old.expires_at.is_some_and(|at| at <= tx.now) {
                return Err(Error::invalid("token already expired").into());
            }
            let usual = old.expires_at.map(|at| Timestamp(tx.now.0.saturating_add(at.since(old.created_at))));
            tokens::revoke(tx, id)?;
            let new = tokens::New {
                kind: TokenKind::Personal,
                user,
                project: None,
                name: &old.name,
                description: old.description.as_deref(),
                scope: old.scope,
                expires_at: expires_at.or(usual).map(|at| at.min(LAST)),
                hash: &text.hash(),
                hint: text.hint(),
            };
            let fresh = tokens::insert(tx, &new)?;
            record(tx, &caller, "token.rotate", None, user, &format!("token {}", old.name), Vec::new())?;
            known(tx.conn(), fresh)
        });
        let (token, user) = made.await?;
        self.access_changed();
        Ok((NewToken { token, secret }, user))
    }
}

/// The token that is asked with.
pub fn token_of(caller: &Caller) -> Result<TokenId, Error> {
    match caller.via {
        Via::Token(id, _) => Ok(id),
        Via::Nobody | Via::Job(..) | Via::Trigger(..) => Err(Error::unauthorized("this is about an access token")),
        _ => Err(Error::invalid("the request was not made with an access token")),
    }
}

/// Who gets a new personal token.
fn owner_of_new(tx: &mut Tx<'_>, caller: &Caller, is_local: bool, wanted: Option<&str>) -> Result<UserId, StoreError> {
    access::at_instance(tx.conn(), caller, Action::ChangeOwnAccount)?;
    let Some(name) = wanted else { return Ok(own(tx.conn(), caller)?.id) };
    if name.eq_ignore_ascii_case(&caller.user) && caller.id.is_some() {
        return Ok(own(tx.conn(), caller)?.id);
    }
    access::at_instance(tx.conn(), caller, Action::ManageUsers)?;
    let user = recipient(tx, caller, is_local, name)?;
    if !user.is_active || user.is_bot {
        return Err(Error::conflict(format!("{} cannot have a token: the user is not active", user.name)).into());
    }
    Ok(user.id)
}

/// Refuses who may make no such token, before it is looked at what they want.
fn may_make(conn: &Snapshot, caller: &Caller, kind: TokenKind, project: Option<ProjectId>) -> Result<(), StoreError> {
    let action = match kind {
        TokenKind::Project => Action::ManageProjectTokens,
        TokenKind::Trigger => Action::ManageTriggers,
        TokenKind::Personal => Action::ChangeOwnAccount,
    };
    match project.filter(|_| kind != TokenKind::Personal) {
        Some(project) => access::at_project(conn, caller, action, project, "project"),
        None => access::at_instance(conn, caller, Action::ChangeOwnAccount),
    }
}

fn word(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Personal => "token",
        TokenKind::Project => "project token",
        TokenKind::Trigger => "trigger",
    }
}

fn known(conn: &Snapshot, id: TokenId) -> Result<(model::Token, UserId), StoreError> {
    tokens::get(conn, id)?.ok_or_else(|| Error::not_found("token").into())
}

/// A token that the caller may turn over and end: one's own, a project's for who manages them, and every user's for
/// administrators.
fn managed(conn: &Snapshot, caller: &Caller, id: TokenId) -> Result<(model::Token, UserId), StoreError> {
    // Whoever may not even have tokens is told so of every number alike.
    access::at_instance(conn, caller, Action::ChangeOwnAccount)?;
    let (token, user) = known(conn, id)?;
    if token.revoked_at.is_some() {
        return Err(Error::not_found("token").into());
    }
    match (token.kind, token.project_id) {
        (TokenKind::Project, Some(project)) => {
            access::at_project(conn, caller, Action::ManageProjectTokens, project, "token")?;
            let (own, given) = (role_at(conn, caller, project)?, token.role.unwrap_or(Role::Guest));
            if !may_grant(own, given) {
                return Err(Error::forbidden(format!("the token has a greater role than {own}")).into());
            }
        }
        (TokenKind::Trigger, Some(project)) => {
            access::at_project(conn, caller, Action::ManageTriggers, project, "token")?;
        }
        _ => {
            access::at_instance(conn, caller, Action::ChangeOwnAccount)?;
            let is_own = own(conn, caller).is_ok_and(|own| own.id == user);
            if !is_own && access::at_instance(conn, caller, Action::ManageUsers).is_err() {
                return Err(Error::not_found("token").into());
            }
        }
    }
    Ok((token, user))
}

/// The caller's role in a project, as far as it goes for giving roles to others.
pub(super) fn role_at(conn: &Snapshot, caller: &Caller, project: ProjectId) -> Result<Role, StoreError> {
    let path = projects::require(conn, project)?.path;
    let standing = Standing::of(conn, caller)?;
    let role = standing.role_at_project(project, path.as_str());
    Ok(if matches!(caller.via, Via::Job(..) | Via::Trigger(..)) { Role::Nobody } else { role })
}

pub(super) fn record(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &'static str,
    project: Option<ProjectId>,
    user: UserId,
    target: &str,
    changes: Vec<model::AuditChange>,
) -> Result<(), StoreError> {
    if let Some(project) = project {
        audit::of_project(tx, caller, action, project, target, changes);
    } else {
        let name = users::require(tx.conn(), user)?.name;
        audit::of_instance(tx, caller, action, &format!("{target} of {name}"), changes);
    }
    Ok(())
}
