//! Users, as administrators make and change them.

use model::{AuditChange, Caller, Error, NewUser, PasswordLink, Timestamp, User, UserChanges, UserId, Via};

use crate::auth::Action;
use crate::auth::name::UserName;
use crate::random;
use crate::service::{Weir, access, audit};
use crate::store::{StoreError, Tx, sessions, users};

/// How long a link by which a password is set can be used, in milliseconds.
const LINK: i64 = 72 * 3600 * 1000;
/// Characters of names and addresses.
const TEXT: usize = 255;

/// A user's name as people may choose it.
pub(super) fn parse_name(text: &str) -> Result<String, Error> {
    let name = UserName::parse(text).map_err(|error| Error::invalid(format!("{error}")))?;
    Ok(name.as_str().to_owned())
}

/// Refuses what can be no full name or address.
pub(super) fn check_profile(full_name: &str, email: Option<&str>) -> Result<(), Error> {
    let is_text = |text: &str| text.chars().count() <= TEXT && !text.chars().any(is_invisible);
    if !is_text(full_name) {
        return Err(Error::invalid("a full name has at most 255 characters, all of them visible"));
    }
    let is_address = |text: &str| {
        let (name, host) = text.rsplit_once('@')?;
        (is_text(text) && !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)).then_some(())
    };
    match email {
        Some(text) if is_address(text).is_none() => Err(Error::invalid(format!("{text:?} is no e-mail address"))),
        _ => Ok(()),
    }
}

/// Controls, and what turns or hides the text around it.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// What a change of a user changes.
pub(super) fn differences(before: &User, after: &User) -> Vec<AuditChange> {
    let word = |flag: bool| flag.to_string();
    let fields = [
        ("full_name", before.full_name.clone(), after.full_name.clone()),
        ("email", before.email.clone().unwrap_or_default(), after.email.clone().unwrap_or_default()),
        ("admin", word(before.is_admin), word(after.is_admin)),
        ("active", word(before.is_active), word(after.is_active)),
    ];
    let changed = fields.iter().filter(|(_, before, after)| before != after);
    changed.map(|(field, before, after)| audit::change(field, Some(before), Some(after))).collect()
}

/// The user to whom something is given on the command line. In a data folder that nobody has set up, and on a server
/// of one person, a name that is not there yet is that person's.
pub(super) fn recipient(tx: &mut Tx<'_>, caller: &Caller, is_local: bool, name: &str) -> Result<User, StoreError> {
    match users::by_name(tx.conn(), name)? {
        Some(user) => Ok(user),
        None if caller.via == Via::Local && (is_local || users::administrators(tx.conn())? == 0) => {
            let name = parse_name(name)?;
            audit::of_instance(tx, caller, "user.create", &format!("user {name}"), Vec::new());
            users::insert(tx, &name, "", None, true, false)
        }
        None => Err(Error::not_found("user").into()),
    }
}

impl Weir {
    pub(super) async fn list_users(&self, caller: &Caller) -> Result<Vec<User>, Error> {
        let caller = caller.clone();
        let list = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadUsers)?;
            users::list(conn)
        });
        Ok(list.await?)
    }

    /// The users, as everybody who is signed in sees them; addresses are for administrators.
    pub async fn people(&self, caller: &Caller) -> Result<Vec<User>, Error> {
        let caller = caller.clone();
        let list = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadOwnAccount)?;
            let all = users::list(conn)?;
            let is_told = access::at_instance(conn, &caller, Action::ReadUsers).is_ok();
            let shown = all.into_iter().map(|user| if is_told { user } else { discreet(user) });
            Ok(shown.collect())
        });
        Ok(list.await?)
    }

    /// One of them, by number.
    pub async fn person(&self, caller: &Caller, id: UserId) -> Result<User, Error> {
        let caller = caller.clone();
        let found = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadOwnAccount)?;
            let user = users::require(conn, id)?;
            let is_told = access::at_instance(conn, &caller, Action::ReadUsers).is_ok();
            Ok(if is_told { user } else { discreet(user) })
        });
        Ok(found.await?)
    }

    /// The user of this name, as everybody who is signed in sees them.
    pub async fn user_called(&self, caller: &Caller, name: &str) -> Result<User, Error> {
        let (caller, name) = (caller.clone(), name.to_owned());
        let found = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadOwnAccount)?;
            users::by_name(conn, &name)?.ok_or_else(|| Error::not_found("user").into())
        });
        Ok(found.await?)
    }

    pub(super) async fn make_user(&self, caller: &Caller, user: NewUser) -> Result<(User, PasswordLink), Error> {
        let caller = caller.clone();
        let made = self.store().write(move |tx| {
            access::at_instance(tx.conn(), &caller, Action::ManageUsers)?;
            let name = parse_name(&user.name)?;
            let email = user.email.clone().filter(|email| !email.trim().is_empty());
            check_profile(&user.full_name, email.as_deref())?;
            let made = users::insert(tx, &name, &user.full_name, email.as_deref(), user.is_admin, false)?;
            let changes = vec![audit::change("admin", None, Some(&user.is_admin.to_string()))];
            audit::of_instance(tx, &caller, "user.create", &format!("user {name}"), changes);
            let link = link(tx, &made)?;
            Ok((made, link))
        });
        let made = made.await?;
        self.look_for_administrator().await?;
        Ok(made)
    }

    pub(super) async fn put_user(&self, caller: &Caller, id: UserId, changes: UserChanges) -> Result<User, Error> {
        let caller = caller.clone();
        let changed = self.store().write(move |tx| {
            access::at_instance(tx.conn(), &caller, Action::ManageUsers)?;
            let email = changes.email.as_deref().map(str::trim);
            check_profile(changes.full_name.as_deref().unwrap_or_default(), email.filter(|email| !email.is_empty()))?;
            let before = users::require(tx.conn(), id)?;
            let after = User {
                full_name: changes.full_name.filter(|text| !text.trim().is_empty()).unwrap_or(before.full_name.clone()),
                email: match changes.email {
                    Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                    None => before.email.clone(),
                },
                is_admin: changes.is_admin.unwrap_or(before.is_admin),
                is_active: changes.is_active.unwrap_or(before.is_active),
                ..before.clone()
            };
            if after.is_bot && (after.is_admin || after.is_active && !before.is_active) {
                return Err(Error::invalid("this user stands for a project's token: revoke or make the token").into());
            }
            let was = before.is_admin && before.is_active;
            if was && !(after.is_admin && after.is_active) {
                // One who never set a password is nobody to leave the server to.
                let coming = users::coming(tx.conn(), tx.now)?;
                let is_last = users::administrators(tx.conn())? <= 1 || coming == [id];
                if is_last {
                    let text = format!("{} is the last administrator who can sign in", before.name);
                    return Err(Error::conflict(text).into());
                }
            }
            users::update(tx, &after)?;
            if !after.is_active {
                sessions::end_all(tx, id, None)?;
            }
            let target = format!("user {}", after.name);
            audit::of_instance(tx, &caller, "user.change", &target, differences(&before, &after));
            Ok(after)
        });
        let changed = changed.await?;
        self.access_changed();
        Ok(changed)
    }

    pub(super) async fn make_link(&self, caller: &Caller, id: UserId) -> Result<PasswordLink, Error> {
        let caller = caller.clone();
        let made = self.store().write(move |tx| {
            access::at_instance(tx.conn(), &caller, Action::ManageUsers)?;
            let user = users::require(tx.conn(), id)?;
            if user.is_bot || !user.is_active {
                return Err(Error::conflict(format!("{} cannot sign in", user.name)).into());
            }
            audit::of_instance(tx, &caller, "password.link", &format!("user {}", user.name), Vec::new());
            link(tx, &user)
        });
        Ok(made.await?)
    }
}

/// A user without what is for administrators.
fn discreet(user: User) -> User {
    User { email: None, seen_at: None, ..user }
}

/// A link by which a user sets a password.
fn link(tx: &mut Tx<'_>, user: &User) -> Result<PasswordLink, StoreError> {
    let secret = random::token("");
    let expires_at = Timestamp(tx.now.0 + LINK);
    users::insert_link(tx, user.id, &random::hash(&secret), expires_at)?;
    Ok(PasswordLink { user: user.name.clone(), path: format!("/password?key={secret}"), expires_at })
}
