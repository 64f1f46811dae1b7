//! What may somebody do here, and why not? From the table that decides.

use model::{Caller, Error, Permission, PermissionsView, Place, Role};

use super::members::require_namespace;
use crate::auth::Action;
use crate::service::access::Standing;
use crate::service::{Weir, access};
use crate::store::{projects, users};

impl Weir {
    pub(super) async fn explain_permissions(
        &self,
        caller: &Caller,
        user: Option<&str>,
        place: Place,
    ) -> Result<PermissionsView, Error> {
        let (caller, wanted) = (caller.clone(), user.map(str::to_owned));
        let view = self.store().read(move |conn| {
            let path = match &place {
                Place::Instance => String::new(),
                Place::Namespace(path) => {
                    require_namespace(conn, path)?;
                    access::at_namespace(conn, &caller, Action::ReadNamespace, path)?;
                    path.clone()
                }
                Place::Project(id) => {
                    access::at_project(conn, &caller, Action::ReadProject, *id, "project")?;
                    projects::require(conn, *id)?.path.to_string()
                }
            };
            let is_other = wanted.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(&caller.user));
            if is_other {
                match &place {
                    Place::Instance => access::at_instance(conn, &caller, Action::ReadInstanceAudit)?,
                    Place::Namespace(path) => {
                        access::at_namespace(conn, &caller, Action::ReadNamespaceAudit, path)?;
                    }
                    Place::Project(id) => {
                        access::at_project(conn, &caller, Action::ReadProjectAudit, *id, "project")?;
                    }
                }
            }
            let (user, standing) = match wanted.filter(|_| is_other) {
                // An empty name asks of people who are not signed in.
                Some(name) if name.is_empty() => (None, Standing::of_user(conn, None)?),
                Some(name) => {
                    let user = users::by_name(conn, &name)?.ok_or_else(|| Error::not_found("user"))?;
                    if !user.is_active {
                        return Err(Error::conflict(format!("{} is deactivated and may nothing", user.name)).into());
                    }
                    (Some(user.name.clone()), Standing::of_user(conn, Some(&user))?)
                }
                None => (Some(caller.user.clone()).filter(|name| !name.is_empty()), Standing::of(conn, &caller)?),
            };
            let role = match &place {
                Place::Instance => standing.role_at_instance(),
                Place::Namespace(path) => standing.role_at_namespace(path),
                Place::Project(id) => standing.role_at_project(*id, &path),
            };
            let permissions = standing.explain(conn, &place)?.into_iter().map(|(row, decision)| Permission {
                action: name_of(row.action),
                words: row.words.to_owned(),
                allowed: decision.allowed,
                why: decision.why,
            });
            Ok(PermissionsView { user, path, role: role.max(Role::Nobody), permissions: permissions.collect(), place })
        });
        Ok(view.await?)
    }
}

/// `StartRun` as scripts read it: `start_run`.
fn name_of(action: Action) -> String {
    let mut name = String::new();
    for c in format!("{action:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}
