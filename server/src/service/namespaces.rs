//! Namespaces by number: what GitLab's API calls groups.

use model::{Caller, Error, Role};

use super::Weir;
use super::access::{Standing, granted};
use crate::auth::Action;
use crate::store::namespaces::{self, Namespace};
use crate::store::{Snapshot, StoreError, members, projects};

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

fn view(conn: &Snapshot, standing: &Standing, namespace: Namespace) -> Result<NamespaceView, StoreError> {
    let above = namespace.path.rsplit_once('/').map(|(above, _)| above);
    let parent = above.map(|above| namespaces::by_path(conn, above)).transpose()?.flatten().map(|found| found.id);
    let all = projects::list(conn)?;
    let below = all.iter().filter(|project| members::is_at_or_above(&namespace.path, project.path.as_str()));
    let seen = below.filter(|project| standing.in_project(project, Action::ReadProject).allowed);
    let visibility = seen.map(|project| project.visibility).max().unwrap_or_default();
    Ok(NamespaceView { parent, visibility, role: standing.role_at_namespace(&namespace.path), namespace })
}
