//! Pairs of keys for signed requests, and another key for all that is sealed.

use model::{AccessKey, AccessKeyId, Caller, Error, NewAccessKey, TokenId, UserId};

use super::logins::own;
use super::users::recipient;
use crate::auth::Action;
use crate::random;
use crate::secrets::keys::{self, KeyError};
use crate::secrets::seal::{self, Place};
use crate::service::{Weir, access, audit};
use crate::store::{Snapshot, StoreError, access_keys, ci_variables, projects, schedules, tokens, users};

/// Characters of an access key, as Huawei's have: capital letters and digits.
const ACCESS: usize = 20;

impl Weir {
    pub(super) async fn make_access_key(
        &self,
        caller: &Caller,
        user: Option<&str>,
        project: Option<&str>,
    ) -> Result<NewAccessKey, Error> {
        let keys = self.keys();
        let (access, secret) = (access_key(), hex::encode(random::bytes::<32>()));
        let (caller, is_local) = (caller.clone(), self.is_local());
        let (user, project) = (user.map(str::to_owned), project.map(str::to_owned));
        let shown = secret.clone();
        let made = self.store().write(move |tx| {
            let keys = keys.ring();
            access::at_instance(tx.conn(), &caller, Action::ChangeOwnAccount)?;
            let owner = match &user {
                Some(name) => {
                    let known = users::by_name(tx.conn(), name)?;
                    if known.is_none_or(|known| Some(known.id) != caller.id) {
                        access::at_instance(tx.conn(), &caller, Action::ManageUsers)?;
                    }
                    recipient(tx, &caller, is_local, name)?
                }
                None => own(tx.conn(), &caller)?,
            };
            if !owner.is_active || owner.is_bot {
                return Err(Error::conflict(format!("{} cannot have keys: the user is not active", owner.name)).into());
            }
            let project = match &project {
                Some(wanted) => {
                    let found = projects::find(tx.conn(), wanted)?.ok_or_else(|| Error::not_found("project"))?;
                    access::at_project(tx.conn(), &caller, Action::ReadProject, found.id, "project")?;
                    Some(found)
                }
                None => None,
            };
            let sealed = |row| {
                let place = Place { table: access_keys::PLACE.0, row, column: access_keys::PLACE.1 };
                seal::seal(&keys, place, secret.as_bytes())
            };
            let id = access_keys::insert(tx, owner.id, project.as_ref().map(|one| one.id), &access, &sealed)?;
            let target = format!("access key {access} of {}", owner.name);
            audit::of_instance(tx, &caller, "access_key.create", &target, Vec::new());
            let (key, _) = access_keys::get(tx.conn(), id)?.ok_or_else(|| Error::not_found("access key"))?;
            Ok((key, project.map(|project| project.uid)))
        });
        let (key, project_uid) = made.await?;
        self.look_for_administrator().await?;
        Ok(NewAccessKey { key, secret: shown, project_uid })
    }

    /// As whoever may make a pair of this user may make this one anew.
    pub(super) async fn turn_access_key(
        &self,
        caller: &Caller,
        access: &str,
        user: Option<&str>,
    ) -> Result<NewAccessKey, Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        let (old, user) = (access.to_owned(), user.map(str::to_owned));
        let (access, secret) = (access_key(), hex::encode(random::bytes::<32>()));
        let shown = secret.clone();
        let turned = self.store().write(move |tx| {
            let found = access_keys::called(tx.conn(), &old)?;
            let key = managed(tx.conn(), &caller, found)?;
            if user.is_some_and(|user| !user.eq_ignore_ascii_case(&key.user)) {
                return Err(Error::not_found("access key").into());
            }
            let Some(project) = access_keys::project(tx.conn(), key.id)? else {
                return Err(Error::conflict(format!("{} cannot have keys: the user is not active", key.user)).into());
            };
            let place = Place { table: access_keys::PLACE.0, row: key.id.0, column: access_keys::PLACE.1 };
            let sealed = seal::seal(&keys.ring(), place, secret.as_bytes());
            access_keys::replace(tx, key.id, &access, &sealed)?;
            let target = format!("access key {} of {}", key.access, key.user);
            let changes = vec![audit::change("access key", Some(&key.access), Some(&access))];
            audit::of_instance(tx, &caller, "access_key.rotate", &target, changes);
            let (key, _) = access_keys::get(tx.conn(), key.id)?.ok_or_else(|| Error::not_found("access key"))?;
            let project = project.map(|id| projects::get(tx.conn(), id)).transpose()?.flatten();
            Ok((key, project.map(|project| project.uid)))
        });
        let (key, project_uid) = turned.await?;
        self.access_changed();
        Ok(NewAccessKey { key, secret: shown, project_uid })
    }

    pub(super) async fn drop_access_key(&self, caller: &Caller, id: AccessKeyId) -> Result<(), Error> {
        let caller = caller.clone();
        let dropped = self.store().write(move |tx| {
            let found = access_keys::get(tx.conn(), id)?;
            let key = managed(tx.conn(), &caller, found)?;
            let target = format!("access key {} of {}", key.access, key.user);
            audit::of_instance(tx, &caller, "access_key.revoke", &target, Vec::new());
            access_keys::delete(tx, id)
        });
        dropped.await?;
        self.access_changed();
        Ok(())
    }

    /// Puts a fresh key in the place of those there are; its name, how much was sealed anew, and whether
    /// there is a fresh key. Where the environment has the keys, the administrator puts a new one in front, starts the server again, and this seals with it.
    pub async fn rotate_key(&self, caller: &Caller) -> Result<(String, u64, bool), Error> {
        let by = caller.clone();
        self.store().read(move |conn| access::at_instance(conn, &by, Action::InstanceSettings)).await?;
        // One after the other: a second one's key would be in front when this one drops all but the first.
        let _alone = self.rotating.lock().await;
        let failed = |error: KeyError| Error::unavailable(error.to_string());
        if let Some(file) = &self.key_file {
            self.keys.set(keys::add(file).map_err(failed)?);
        }
        let count = self.reseal(caller).await?;
        if let Some(file) = &self.key_file {
            self.keys.set(keys::keep_newest(file).map_err(failed)?);
        }
        Ok((self.keys.ring().newest().id().to_string(), count, self.key_file.is_some()))
    }

    /// Seals everything anew with the newest key; how much was not sealed with it before. Readers go on meanwhile: old
    /// keys open until they are dropped.
    async fn reseal(&self, caller: &Caller) -> Result<u64, Error> {
        let (keys, caller) = (self.keys(), caller.clone());
        let done = self.store().write(move |tx| {
            let keys = keys.ring();
            access::at_instance(tx.conn(), &caller, Action::InstanceSettings)?;
            let mut count = 0;
            for (table, column, rows) in [
                (access_keys::PLACE.0, access_keys::PLACE.1, access_keys::sealed(tx.conn())?),
                (ci_variables::PLACE.0, ci_variables::PLACE.1, ci_variables::sealed(tx.conn())?),
                (schedules::PLACE.0, schedules::PLACE.1, schedules::sealed(tx.conn())?),
                (tokens::PLACE.0, tokens::PLACE.1, tokens::sealed(tx.conn())?),
            ] {
                for (row, text) in rows {
                    let anew = seal::reseal(&keys, Place { table, row, column }, &text);
                    let anew = anew.map_err(|error| {
                        Error::unavailable(format!(
                            "row {row} of {table} cannot be opened: {error}; nothing was changed"
                        ))
                    })?;
                    let Some(anew) = anew else { continue };
                    count += 1;
                    match table {
                        table if table == access_keys::PLACE.0 => access_keys::reseal(tx, row, &anew)?,
                        table if table == schedules::PLACE.0 => schedules::reseal(tx, row, &anew)?,
                        table if table == tokens::PLACE.0 => tokens::keep_text(tx, TokenId(row), &anew)?,
                        _ => ci_variables::reseal(tx, row, &anew)?,
                    }
                }
            }
            audit::of_instance(tx, &caller, "key.rotate", &format!("key {}", keys.newest().id()), Vec::new());
            Ok(count)
        });
        Ok(done.await?)
    }
}

/// The pair, if the caller may end it: their own, and for administrators everybody's.
fn managed(conn: &Snapshot, caller: &Caller, found: Option<(AccessKey, UserId)>) -> Result<AccessKey, StoreError> {
    access::at_instance(conn, caller, Action::ChangeOwnAccount)?;
    let (key, user) = found.ok_or_else(|| Error::not_found("access key"))?;
    let is_own = own(conn, caller).is_ok_and(|own| own.id == user);
    if !is_own && access::at_instance(conn, caller, Action::ManageUsers).is_err() {
        return Err(Error::not_found("access key").into());
    }
    Ok(key)
}

/// A fresh access key.
fn access_key() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bytes = random::bytes::<ACCESS>();
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}
