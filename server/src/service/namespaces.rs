//! Namespaces by number: what GitLab's API calls groups.

use model::{Caller, Error, Role, User, UserId};

use super::Weir;
use super::access::{Standing, granted};
use crate::auth::Action;
use crate::store::namespaces::{self, Namespace};
use crate::store::{Snapshot, StoreError, members, projects, users};

/// What the numbers of namespaces that are not there yet begin behind: the one that is called like a user has the user's
/// number above this. Those that are there count from one.
const HOMES: i64 = 1 << 30;

/// A namespace as somebody sees it.
#[derive(Clone, Debug)]
pub struct NamespaceView {
    /// What it is.
    pub namespace: Namespace,
    /// The number of the one above it.
    pub parent: Option<i64>,
    /// The greatest visibility of the projects below that the caller sees.
    pub visibility: model::Visibility,
    /// The caller's role.
    pub role: Role,
}

impl Weir {
    /// The namespaces that the caller sees, by path.
    pub async fn namespaces(&self, caller: &Caller) -> Result<Vec<NamespaceView>, Error> {
        let caller = caller.clone();
        let list = self.store.read(move |conn| {
            let standing = Standing::of(conn, &caller)?;
            let mut seen = Vec::new();
            for namespace in namespaces::list(conn)? {
                if standing.in_namespace(conn, &namespace.path, Action::ReadNamespace)?.allowed {
                    seen.push(view(conn, &standing, namespace)?);
                }
            }
            Ok(seen)
        });
        Ok(list.await?)
    }

    /// The namespace that somebody means by its path or number, which the caller sees.
    pub async fn namespace_called(&self, caller: &Caller, wanted: &str) -> Result<NamespaceView, Error> {
        let (caller, wanted) = (caller.clone(), wanted.to_owned());
        let found = self.store.read(move |conn| {
            let namespace = namespaces::find(conn, &wanted)?.ok_or_else(|| Error::not_found("group"))?;
            let standing = Standing::of(conn, &caller)?;
            let decision = standing.in_namespace(conn, &namespace.path, Action::ReadNamespace)?;
            if !decision.visible {
                return Err(Error::not_found("group").into());
            }
            granted(decision, "group")?;
            view(conn, &standing, namespace)
        });
        Ok(found.await?)
    }
}

impl Weir {
    /// The numbers of the namespaces that are called like these people: where what they make lies unless they say
    /// otherwise. One that is not there yet, or that the caller does not see, has a number too.
    pub async fn numbers_of_homes(&self, caller: &Caller, people: Vec<User>) -> Result<Vec<i64>, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let standing = Standing::of(conn, &caller)?;
            let mut numbers = Vec::with_capacity(people.len());
            for user in people {
                let home = namespaces::by_path(conn, &user.name)?;
                let seen = match &home {
                    Some(home) => standing.in_namespace(conn, &home.path, Action::ReadNamespace)?.visible,
                    None => false,
                };
                numbers.push(home.filter(|_| seen).map_or(HOMES + user.id.0, |home| home.id));
            }
            Ok(numbers)
        });
        Ok(found.await?)
    }

    /// The path of the namespace that has this number, in which somebody wants to make a project: it may be one that is
    /// called like a user, and is not there yet.
    pub async fn home_called(&self, caller: &Caller, number: i64) -> Result<String, Error> {
        let user = number.checked_sub(HOMES).filter(|user| *user > 0).map(UserId);
        let Some(user) = user else {
            return Ok(self.namespace_called(caller, &number.to_string()).await?.namespace.path);
        };
        let found = self.store.read(move |conn| users::get(conn, user)).await?;
        found.map(|user| user.name).ok_or_else(|| Error::not_found("group"))
    }
}

fn view(conn: &Snapshot, standing: &Standing, namespace: Namespace) -> Result<NamespaceView, StoreError> {
    let above = namespace.path.rsplit_once('/').map(|(above, _)| above);
    let parent = above.map(|above| namespaces::by_path(conn, above)).transpose()?.flatten().map(|found| found.id);
    let all = projects::list(conn)?;
    let below = all.iter().filter(|project| members::is_at_or_above(&namespace.path, project.path.as_str()));
    let seen = below.filter(|project| standing.in_project(project, Action::ReadProject).allowed);
    let visibility = seen.map(|project| project.visibility).max().unwrap_or_default();
    Ok(NamespaceView { parent, visibility, role: standing.role_at_namespace(&namespace.path), namespace })
}
