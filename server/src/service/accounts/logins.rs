//! Coming in: the first administrator, passwords, sessions, tokens that are presented.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use model::{
    AccountView, Caller, Error, Me, NewSession, NewUser, SessionId, Timestamp, TokenKind, TokenScope, User, Via,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::PRECISION;
use super::users::{check_profile, parse_name};
use crate::auth::password::{self, Busy};
use crate::auth::token::Token;
use crate::auth::{Action, password::Refusal};
use crate::clock;
use crate::random;
use crate::service::{Weir, access, audit};
use crate::store::{StoreError, Tx, access_keys, projects, sessions, tokens, users};

/// How long a session lasts after its last use, in milliseconds.
pub const SESSION: i64 = 14 * 24 * 3600 * 1000;
/// Characters that are kept of what a browser calls itself.
const AGENT: usize = 255;

/// How often somebody may try to log in. Counted where requests are.
pub trait LoginLimit: Send + Sync {
    /// Asked before a password is looked at; seconds to wait when it is one too many.
    fn admit(&self, address: Option<&str>, name: &str) -> Result<(), u32>;
    /// The login was one: it does not count.
    fn succeeded(&self, address: Option<&str>, name: &str);
}

/// Whether the server has an administrator, and the key by which one is made when it has none.
#[derive(Debug, Default)]
pub struct Setup {
    done: AtomicBool,
    key: Mutex<Option<[u8; 32]>>,
}

impl Weir {
    /// The path of the page on which the administrator is made, with a fresh key; `None` when there is one.
    pub async fn first_start(&self) -> Result<Option<String>, Error> {
        if self.look_for_administrator().await? {
            return Ok(None);
        }
        let key = random::token("");
        *self.setup.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(random::hash(&key));
        Ok(Some(format!("/welcome?key={key}")))
    }

    /// Whether anybody can administrate the server: until then it answers nothing else.
    pub fn is_set_up(&self) -> bool {
        self.setup.done.load(Ordering::Relaxed)
    }

    /// Looks again, after something that may have made an administrator.
    pub(super) async fn look_for_administrator(&self) -> Result<bool, Error> {
        let now = clock::now();
        let done = self.is_set_up() || self.store().read(move |conn| users::is_set_up(conn, now)).await?;
        if done {
            self.setup.done.store(true, Ordering::Relaxed);
        }
        Ok(done)
    }

    /// A server of one person needs no administrator but its owner, who is made when they are not there: tokens belong
    /// to somebody.
    pub async fn begin_local(&self, owner: &str) -> Result<(), Error> {
        self.setup.done.store(true, Ordering::Relaxed);
        self.local.store(true, Ordering::Relaxed);
        let owner = owner.to_owned();
        let made = self.store().write(move |tx| ensure_owner(tx, &owner).map(drop));
        Ok(made.await?)
    }

    pub(super) async fn make_first(
        &self,
        caller: &Caller,
        key: &str,
        user: NewUser,
        password: &str,
    ) -> Result<NewSession, Error> {
        let wrong = || Error::not_found("link");
        let expected = *self.setup.key.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = expected.filter(|_| !self.is_set_up()).ok_or_else(wrong)?;
        if !bool::from(expected.ct_eq(&random::hash(key))) {
            return Err(wrong());
        }
        let name = parse_name(&user.name)?;
        check_profile(&user.full_name, user.email.as_deref())?;
        let phc = self.hashed(password, &name).await?;
        let (secret, hash) = fresh();
        let caller = caller.clone();
        let made = self.store().write(move |tx| {
            if users::is_set_up(tx.conn(), tx.now)? {
                return Err(wrong().into());
            }
            // One that was made on the command line and never got a password is the one that is meant.
            let made = match users::by_name(tx.conn(), &name)? {
                Some(mut known) => {
                    (known.is_admin, known.is_active) = (true, true);
                    users::update(tx, &known)?;
                    known
                }
                None => users::insert(tx, &name, &user.full_name, user.email.as_deref(), true, false)?,
            };
            users::set_password(tx, made.id, &phc)?;
            let by = Caller { user: made.name.clone(), id: Some(made.id), ..caller };
            let target = format!("administrator {}", made.name);
            begin(tx, &by, &made, &hash, None, ("user.create", &target))
        });
        let expires_at = made.await?;
        *self.setup.key.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.setup.done.store(true, Ordering::Relaxed);
        Ok(NewSession { user: user.name, secret, expires_at })
    }

    pub(super) async fn log_in(
        &self,
        caller: &Caller,
        name: &str,
        password: &str,
        agent: Option<&str>,
    ) -> Result<NewSession, Error> {
        let (limit, address) = (self.login_limit.get(), caller.address.as_deref());
        if let Some(Err(seconds)) = limit.map(|limit| limit.admit(address, name)) {
            return Err(Error::too_many(format!("too many attempts to sign in: try again in {seconds} s"), seconds));
        }
        let wanted = name.to_owned();
        let found = self.store().read(move |conn| match users::by_name(conn, &wanted)? {
            Some(user) => Ok(Some((users::password(conn, user.id)?, user))),
            None => Ok(None),
        });
        let found = found.await?;
        let stored = found.as_ref().and_then(|(phc, user)| phc.clone().filter(|_| user.is_active));
        // Whoever is not there, has no password or is deactivated costs the same and is told the same.
        let given = Zeroizing::new(password.to_owned());
        let is_good = self.hasher.verify(given, stored.clone()).await.map_err(busy)?;
        let Some((_, user)) = found.filter(|_| is_good) else {
            self.note_failed_login(caller, name).await;
            return Err(Error::unauthorized("the name or the password is wrong"));
        };
        let renewed = match stored.filter(|phc| password::needs_rehash(phc)) {
            Some(_) => Some(self.hasher.hash(Zeroizing::new(password.to_owned())).await.map_err(busy)?),
            None => None,
        };
        if let Some(limit) = limit {
            limit.succeeded(address, name);
        }
        let (secret, hash) = fresh();
        let agent = agent.map(|text| text.chars().take(AGENT).collect::<String>());
        let by = Caller { user: user.name.clone(), id: Some(user.id), ..caller.clone() };
        let name = user.name.clone();
        let begun = self.store().write(move |tx| {
            // Deactivated in this very moment?
            if !users::require(tx.conn(), user.id)?.is_active {
                return Err(Error::unauthorized("the name or the password is wrong").into());
            }
            if let Some(phc) = &renewed {
                users::set_password(tx, user.id, phc)?;
            }
            begin(tx, &by, &user, &hash, agent.as_deref(), ("login", &format!("user {}", user.name)))
        });
        Ok(NewSession { user: name, secret, expires_at: begun.await? })
    }

    /// A login that failed is recorded, with what was typed as the name as far as it can be one: people type passwords
    /// there.
    async fn note_failed_login(&self, caller: &Caller, name: &str) {
        let shown = parse_name(name).unwrap_or_else(|_| "(no user name)".to_owned());
        let caller = caller.clone();
        let noted = self.store().write(move |tx| {
            let known = users::by_name(tx.conn(), &shown)?.is_some();
            let target = if known { format!("user {shown}") } else { "an unknown user".to_owned() };
            audit::of_instance(tx, &caller, "login.failed", &target, Vec::new());
            Ok(())
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "failed to record a failed login");
        }
    }

    pub(super) async fn log_out(&self, caller: &Caller) -> Result<(), Error> {
        let (Via::Session(id), Some(user)) = (caller.via, caller.id) else { return Ok(()) };
        let caller = caller.clone();
        let ended = self.store().write(move |tx| {
            audit::of_instance(tx, &caller, "logout", &format!("user {}", caller.user), Vec::new());
            sessions::end(tx, user, id)
        });
        ended.await?;
        self.access_changed();
        Ok(())
    }

    pub(super) async fn of_link(&self, secret: &str) -> Result<User, Error> {
        let (hash, now) = (random::hash(secret), clock::now());
        let found = self.store().read(move |conn| users::of_link(conn, &hash, now)).await?;
        found.ok_or_else(|| Error::not_found("link"))
    }

    pub(super) async fn follow_link(
        &self,
        caller: &Caller,
        secret: &str,
        password: &str,
        agent: Option<&str>,
    ) -> Result<NewSession, Error> {
        let user = self.of_link(secret).await?;
        let phc = self.hashed(password, &user.name).await?;
        let (link, (secret, hash)) = (random::hash(secret), fresh());
        let agent = agent.map(|text| text.chars().take(AGENT).collect::<String>());
        let caller = caller.clone();
        let name = user.name.clone();
        let set = self.store().write(move |tx| {
            // Used by somebody else in this very moment?
            let user = users::of_link(tx.conn(), &link, tx.now)?.ok_or_else(|| Error::not_found("link"))?;
            users::set_password(tx, user.id, &phc)?;
            sessions::end_all(tx, user.id, None)?;
            let by = Caller { user: user.name.clone(), id: Some(user.id), ..caller };
            let target = format!("user {} by a link", user.name);
            begin(tx, &by, &user, &hash, agent.as_deref(), ("password.set", &target))
        });
        let expires_at = set.await?;
        self.access_changed();
        self.look_for_administrator().await?;
        Ok(NewSession { user: name, secret, expires_at })
    }

    pub(super) async fn hashed(&self, password: &str, user: &str) -> Result<String, Error> {
        password::check(password, user).map_err(|refusal: Refusal| Error::invalid(refusal.to_string()))?;
        self.hasher.hash(Zeroizing::new(password.to_owned())).await.map_err(busy)
    }

    pub(super) async fn who(&self, caller: &Caller) -> Result<Me, Error> {
        let by = caller.clone();
        let user = self.store().read(move |conn| match by.id {
            Some(id) => users::get(conn, id),
            None if by.via == Via::Local => users::by_name(conn, &by.user),
            None => Ok(None),
        });
        let user = user.await?;
        let is_local = caller.via == Via::Local;
        Ok(Me { is_admin: is_local || user.as_ref().is_some_and(|user| user.is_admin), user, is_local })
    }

    pub(super) async fn own_account(&self, caller: &Caller) -> Result<AccountView, Error> {
        let caller = caller.clone();
        let view = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadOwnAccount)?;
            let user = own(conn, &caller)?;
            let mut list = sessions::list(conn, user.id, clock::now())?;
            for session in &mut list {
                session.is_current = caller.via == Via::Session(session.id);
            }
            let scope = access::scope(conn, &caller, Action::ReadProject)?;
            let open = projects::list(conn)?.into_iter().filter(|project| scope.holds(project.id));
            Ok(AccountView {
                sessions: list,
                tokens: tokens::of_user(conn, user.id)?,
                access_keys: access_keys::of_user(conn, user.id)?,
                projects: open.map(|project| (project.id, project.path)).collect(),
                user,
            })
        });
        Ok(view.await?)
    }

    pub(super) async fn change_own(&self, caller: &Caller, full_name: &str, email: &str) -> Result<(), Error> {
        let email = Some(email.trim().to_owned()).filter(|email| !email.is_empty());
        check_profile(full_name, email.as_deref())?;
        let (caller, full_name) = (caller.clone(), full_name.trim().to_owned());
        let changed = self.store().write(move |tx| {
            access::at_instance(tx.conn(), &caller, Action::ChangeOwnAccount)?;
            let before = own(tx.conn(), &caller)?;
            let full_name = if full_name.is_empty() { before.name.clone() } else { full_name };
            let after = User { full_name, email, ..before.clone() };
            let changes = super::users::differences(&before, &after);
            audit::of_instance(tx, &caller, "user.change", &format!("user {}", after.name), changes);
            users::update(tx, &after)
        });
        Ok(changed.await?)
    }

    pub(super) async fn change_own_password(&self, caller: &Caller, old: &str, new: &str) -> Result<(), Error> {
        let by = caller.clone();
        self.store().read(move |conn| access::at_instance(conn, &by, Action::ChangeOwnAccount)).await?;
        let (Via::Session(session), Some(id)) = (caller.via, caller.id) else {
            return Err(Error::forbidden("a password is changed by who is signed in with it"));
        };
        let limit = self.login_limit.get();
        if let Some(Err(seconds)) = limit.map(|limit| limit.admit(caller.address.as_deref(), &caller.user)) {
            return Err(Error::too_many(format!("too many wrong passwords: try again in {seconds} s"), seconds));
        }
        let stored = self.store().read(move |conn| users::password(conn, id)).await?;
        if !self.hasher.verify(Zeroizing::new(old.to_owned()), stored).await.map_err(busy)? {
            return Err(Error::invalid("the old password is wrong"));
        }
        if let Some(limit) = limit {
            limit.succeeded(caller.address.as_deref(), &caller.user);
        }
        let phc = self.hashed(new, &caller.user).await?;
        let caller = caller.clone();
        let changed = self.store().write(move |tx| {
            access::at_instance(tx.conn(), &caller, Action::ChangeOwnAccount)?;
            users::set_password(tx, id, &phc)?;
            sessions::end_all(tx, id, Some(session))?;
            audit::of_instance(tx, &caller, "password.set", &format!("user {}", caller.user), Vec::new());
            Ok(())
        });
        changed.await?;
        self.access_changed();
        Ok(())
    }

    pub(super) async fn end_own_session(&self, caller: &Caller, id: Option<SessionId>) -> Result<(), Error> {
        let caller = caller.clone();
        let ended = self.store().write(move |tx| {
            access::at_instance(tx.conn(), &caller, Action::ChangeOwnAccount)?;
            let user = own(tx.conn(), &caller)?;
            let current = match caller.via {
                Via::Session(id) => Some(id),
                _ => None,
            };
            let ended = match id {
                Some(id) => usize::from(sessions::end(tx, user.id, id)?),
                None => sessions::end_all(tx, user.id, current)?,
            };
            if id.is_some() && ended == 0 {
                return Err(Error::not_found("session").into());
            }
            audit::of_instance(tx, &caller, "session.end", &format!("{ended} of user {}", user.name), Vec::new());
            Ok(())
        });
        ended.await?;
        self.access_changed();
        Ok(())
    }

    /// Who holds a browser's session; `None` when it has ended.
    pub async fn caller_of_session(&self, secret: &str, address: Option<&str>) -> Result<Option<Caller>, Error> {
        let hash = random::hash(secret);
        let found = self.store().glance(move |conn| sessions::by_hash(conn, &hash)).await?;
        let now = clock::now();
        let Some(known) = found.filter(|known| known.expires_at > now) else { return Ok(None) };
        if now.since(known.seen_at) > PRECISION {
            let address = address.map(str::to_owned);
            self.note(move |tx| {
                sessions::seen(tx, known.id, address.as_deref(), Timestamp(tx.now.0 + SESSION))?;
                users::seen(tx, known.user_id)
            });
        }
        let via = Via::Session(known.id);
        Ok(Some(Caller { user: known.user, id: Some(known.user_id), via, address: address.map(str::to_owned) }))
    }

    /// Who holds this token of a user, project or trigger; `None` when nobody does or it has expired.
    pub async fn caller_of_token(&self, token: &Token, address: Option<&str>) -> Result<Option<Caller>, Error> {
        let hash = token.hash();
        let found = self.store().glance(move |conn| tokens::by_hash(conn, &hash)).await?;
        let now = clock::now();
        let Some(known) = found.filter(|known| !known.is_revoked && known.expires_at.is_none_or(|at| at > now)) else {
            return Ok(None);
        };
        if known.used_at.is_none_or(|at| now.since(at) > PRECISION) {
            let address = address.map(str::to_owned);
            self.note(move |tx| {
                tokens::used(tx, known.id, address.as_deref())?;
                users::seen(tx, known.user_id)
            });
        }
        let via = match (known.kind, known.project, known.scope) {
            (TokenKind::Trigger, Some(project), _) => Via::Trigger(known.id, project),
            (_, _, scope) => Via::Token(known.id, scope.unwrap_or(TokenScope::ReadApi)),
        };
        Ok(Some(Caller { user: known.user, id: Some(known.user_id), via, address: address.map(str::to_owned) }))
    }

    /// Whose job holds this token; `None` unless the job runs.
    pub async fn caller_of_job(&self, token: &Token, address: Option<&str>) -> Result<Option<Caller>, Error> {
        let hash = token.hash();
        let found = self.store().glance(move |conn| match tokens::of_job(conn, &hash)? {
            Some((job, project, name)) => {
                let user = users::by_name(conn, &name)?;
                Ok(user.filter(|user| user.is_active).map(|user| (job, project, user)))
            }
            None => Ok(None),
        });
        Ok(found.await?.map(|(job, project, user)| Caller {
            user: user.name,
            id: Some(user.id),
            via: Via::Job(job, project),
            address: address.map(str::to_owned),
        }))
    }

    /// Writes something that nobody waits for.
    pub(in crate::service) fn note(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static) {
        let store = std::sync::Arc::clone(&self.store);
        tokio::spawn(async move {
            if let Err(error) = store.write(work).await {
                tracing::warn!(%error, "failed to note a use");
            }
        });
    }
}

/// The user behind a caller; the owner of a local server is one too.
pub(super) fn own(conn: &crate::store::Snapshot, caller: &Caller) -> Result<User, StoreError> {
    match caller.id {
        Some(id) => users::require(conn, id),
        None => users::by_name(conn, &caller.user)?.ok_or_else(|| Error::not_found("user").into()),
    }
}

/// The user whom what the caller makes belongs to; the owner of the server's machine becomes one.
pub(in crate::service) fn acting_user(tx: &mut Tx<'_>, caller: &Caller) -> Result<User, StoreError> {
    match (caller.id, caller.via) {
        (None, Via::Local) => ensure_owner(tx, &caller.user),
        _ => own(tx.conn(), caller),
    }
}

/// The owner of a server of one person, made when they are not there.
pub(super) fn ensure_owner(tx: &mut Tx<'_>, name: &str) -> Result<User, StoreError> {
    match users::by_name(tx.conn(), name)? {
        Some(user) => Ok(user),
        None => users::insert(tx, name, name, None, true, false),
    }
}

/// A session's secret and what is stored of it.
fn fresh() -> (String, [u8; 32]) {
    let secret = random::token("");
    let hash = random::hash(&secret);
    (secret, hash)
}

fn begin(
    tx: &mut Tx<'_>,
    caller: &Caller,
    user: &User,
    hash: &[u8; 32],
    agent: Option<&str>,
    (action, target): (&'static str, &str),
) -> Result<Timestamp, StoreError> {
    let expires_at = Timestamp(tx.now.0 + SESSION);
    let id = sessions::insert(tx, user.id, hash, expires_at, caller.address.as_deref(), agent)?;
    // Whoever comes in was nobody until then.
    let by = Caller { via: Via::Session(id), ..caller.clone() };
    audit::of_instance(tx, &by, action, target, Vec::new());
    users::seen(tx, user.id)?;
    Ok(expires_at)
}

fn busy(busy: Busy) -> Error {
    Error::unavailable(busy.to_string())
}
