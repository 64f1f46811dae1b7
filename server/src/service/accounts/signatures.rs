//! Who signed a request: the pair of keys that it names, the project it is for, and that nobody sends the same write again.

use model::{Caller, Error, Project, ProjectId, Role, Timestamp, UserId, Via};
use zeroize::Zeroizing;

use super::PRECISION;
use crate::auth::Action;
use crate::auth::aksk::{Replays, SignError, Verified, WINDOW_MS};
use crate::clock;
use crate::secrets::seal::{self, Place};
use crate::service::access::Standing;
use crate::service::{DEFAULT_PROJECT, Weir};
use crate::store::access_keys::{self, Known};
use crate::store::members::{self, Roles};
use crate::store::{Store, StoreError, signed_writes, users};

/// A pair of keys that a request names.
pub struct SigningKey {
    known: Known,
    /// What the request has to be signed with. Wiped when it goes.
    pub secret: Zeroizing<String>,
}

impl SigningKey {
    /// Whose pair it is.
    pub fn user(&self) -> UserId {
        self.known.user_id
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.known.id).finish_non_exhaustive()
    }
}

/// The writes of before a restart that could be sent again now.
pub(in crate::service) fn replays(store: &Store) -> Result<Replays, StoreError> {
    let replays = Replays::default();
    let since = Timestamp(clock::now().0 - WINDOW_MS);
    replays.remember(store.at_start(|conn| signed_writes::since(conn, since))?);
    Ok(replays)
}

impl Weir {
    /// The pair with this access key, of a user who is active.
    pub async fn signing_key(&self, access: &str) -> Result<Option<SigningKey>, Error> {
        let access = access.to_owned();
        let found = self.store().glance(move |conn| access_keys::by_access(conn, &access)).await?;
        let Some(known) = found else { return Ok(None) };
        let place = Place { table: access_keys::PLACE.0, row: known.id.0, column: access_keys::PLACE.1 };
        let secret = seal::open_text(&self.keys().ring(), place, &known.sealed).map_err(|error| {
            tracing::error!(key = known.id.0, %error, "failed to open the secret key of a pair");
            Error::unavailable("the secret key of this access key cannot be opened: the server's log says why")
        })?;
        Ok(Some(SigningKey { known, secret }))
    }

    /// Who signed a request with this pair. A write is taken once, which is written down first.
    pub async fn caller_of_signature(
        &self,
        key: &SigningKey,
        verified: Verified,
        is_write: bool,
        address: Option<&str>,
    ) -> Result<Result<Caller, SignError>, Error> {
        let (known, now) = (&key.known, clock::now());
        if is_write {
            match self.replays.admit(verified, now) {
                Err(error) => return Ok(Err(error)),
                Ok(false) => {}
                Ok(true) => {
                    let one = (verified.date, verified.signature, now);
                    let since = Timestamp(now.0 - WINDOW_MS);
                    self.store().write(move |tx| signed_writes::keep(tx, &one, since)).await?;
                }
            }
        }
        if known.used_at.is_none_or(|at| now.since(at) > PRECISION) {
            let (id, user) = (known.id, known.user_id);
            self.note(move |tx| {
                access_keys::used(tx, id)?;
                users::seen(tx, user)
            });
        }
        Ok(Ok(Caller {
            user: known.user.clone(),
            id: Some(known.user_id),
            via: Via::AccessKey(known.id),
            address: address.map(str::to_owned),
        }))
    }

    /// The project that a caller's pair of keys is for.
    pub async fn project_of_key(&self, caller: &Caller) -> Result<Option<ProjectId>, Error> {
        let Via::AccessKey(id) = caller.via else { return Ok(None) };
        let found = self.store().read(move |conn| access_keys::project(conn, id)).await?;
        Ok(found.flatten())
    }

    /// The project that requests of a user are for when neither they nor the pair of keys name one, among those that both
    /// the user and the caller see: one in which the user has a role rather than one that is everybody's; that of pipelines
    /// without a project first, then the oldest. The user is the caller, unless named.
    pub async fn unnamed_project(&self, caller: &Caller, user: Option<&str>) -> Result<Option<Project>, Error> {
        let mut seen = self.list_projects(caller).await?;
        let (id, user) = (caller.id, user.map(str::to_owned));
        let first = self.store().read(move |conn| {
            let named = user.map(|name| users::by_name(conn, &name)).transpose()?.flatten();
            if let Some(user) = &named {
                let standing = Standing::of_user(conn, Some(user))?;
                seen.retain(|project| standing.in_project(project, Action::ReadProject).allowed);
            }
            let user = named.map(|user| user.id).or(id);
            let roles = user.map_or(Ok(Roles::default()), |user| members::roles(conn, user))?;
            Ok(seen.into_iter().min_by_key(|project| {
                let has_role = roles.at_project(project.id, project.path.as_str()) > Role::Nobody;
                (!has_role, project.path.as_str() != DEFAULT_PROJECT, project.id)
            }))
        });
        Ok(first.await?)
    }
}
