//! Places and who has a role at them.

use model::{Caller, Error, Member, Place, PlaceRights, PlaceView, Project, Role};

use crate::auth::Action;
use crate::auth::policy::may_grant;
use crate::service::access::{Standing, granted};
use crate::service::projects::settings_of;
use crate::service::{Weir, access, audit};
use crate::store::{Scope, Snapshot, StoreError, members, pipelines, projects, runs, tokens, users};

impl Weir {
    pub(super) async fn list_places(&self, caller: &Caller) -> Result<Vec<(Place, String, Role)>, Error> {
        let caller = caller.clone();
        let list = self.store().read(move |conn| {
            let standing = Standing::of(conn, &caller)?;
            let all = projects::list(conn)?;
            let seen: Vec<&Project> =
                all.iter().filter(|project| standing.in_project(project, Action::ReadProject).allowed).collect();
            let mut places: Vec<(Place, String, Role)> = Vec::new();
            for project in seen {
                let path = project.path.as_str();
                for namespace in members::above(path) {
                    if !places.iter().any(|(_, known, _)| known == namespace) {
                        let role = standing.role_at_namespace(namespace);
                        places.push((Place::Namespace(namespace.to_owned()), namespace.to_owned(), role));
                    }
                }
                let role = standing.role_at_project(project.id, path);
                places.push((Place::Project(project.id), path.to_owned(), role));
            }
            places.sort_by(|a, b| a.1.cmp(&b.1));
            Ok(places)
        });
        Ok(list.await?)
    }

    pub(super) async fn view_place(&self, caller: &Caller, place: Place) -> Result<PlaceView, Error> {
        let caller = caller.clone();
        let view = self.store().read(move |conn| view(conn, &caller, place));
        Ok(view.await?)
    }

    pub(super) async fn put_member(
        &self,
        caller: &Caller,
        place: Place,
        user: &str,
        role: Option<Role>,
    ) -> Result<(), Error> {
        let (caller, user) = (caller.clone(), user.trim().to_owned());
        let set = self.store().write(move |tx| {
            let conn = tx.conn();
            let own = match &place {
                Place::Instance => return Err(Error::invalid("nobody is a member of the whole server").into()),
                Place::Project(id) => {
                    access::at_project(conn, &caller, Action::ManageMembers, *id, "project")?;
                    super::tokens::role_at(conn, &caller, *id)?
                }
                Place::Namespace(path) => {
                    require_namespace(conn, path)?;
                    access::at_namespace(conn, &caller, Action::ManageNamespaceMembers, path)?;
                    Standing::of(conn, &caller)?.role_at_namespace(path)
                }
            };
            if role.is_some_and(|role| !Role::OF_MEMBERS.contains(&role)) {
                return Err(Error::invalid("a member is guest, reporter, developer, maintainer or owner").into());
            }
            let member = users::by_name(conn, &user)?.ok_or_else(|| Error::not_found("user"))?;
            if member.is_bot {
                return Err(Error::invalid("this user stands for a project's token: its role is the token's").into());
            }
            let before = members::own(conn, &place, member.id)?;
            // Neither more than one has, nor of who has more.
            if !may_grant(own, role.unwrap_or(Role::Guest)) || !may_grant(own, before.unwrap_or(Role::Guest)) {
                return Err(Error::forbidden(format!("nobody gives or takes more than they have: {own}")).into());
            }
            let change = audit::change("role", before.map(Role::word), role.map(Role::word));
            let action = if role.is_some() { "member.set" } else { "member.remove" };
            audit::of_place(tx, &caller, action, &place, &format!("user {}", member.name), vec![change]);
            members::set(tx, &place, member.id, role)
        });
        set.await?;
        self.access_changed();
        Ok(())
    }
}

/// A namespace is there as long as a project is below it.
pub(in crate::service) fn require_namespace(conn: &Snapshot, path: &str) -> Result<(), StoreError> {
    let is_there =
        projects::list(conn)?.iter().any(|project| members::above(project.path.as_str()).any(|one| one == path));
    if is_there { Ok(()) } else { Err(Error::not_found("namespace").into()) }
}

/// Addresses are for administrators.
fn shown_to(standing: &Standing, mut list: Vec<Member>) -> Vec<Member> {
    if standing.role_at_instance() != Role::Administrator {
        for member in &mut list {
            member.user.email = None;
        }
    }
    list
}

fn view(conn: &Snapshot, caller: &Caller, place: Place) -> Result<PlaceView, StoreError> {
    let standing = Standing::of(conn, caller)?;
    match &place {
        Place::Instance => Err(Error::not_found("project").into()),
        Place::Namespace(path) => {
            require_namespace(conn, path)?;
            let may = |action| Ok::<bool, StoreError>(standing.in_namespace(conn, path, action)?.allowed);
            granted(standing.in_namespace(conn, path, Action::ReadNamespace)?, "namespace")?;
            Ok(PlaceView {
                seq: runs::seq(conn)?,
                path: path.clone(),
                uid: None,
                role: standing.role_at_namespace(path),
                settings: None,
                members: if standing.role_at_namespace(path) > Role::Nobody {
                    shown_to(&standing, members::list(conn, &place, path)?)
                } else {
                    Vec::new()
                },
                tokens: Vec::new(),
                pipelines: Vec::new(),
                may: PlaceRights {
                    members: may(Action::ManageNamespaceMembers)?,
                    variables: may(Action::ReadNamespaceVariables)?,
                    audit: may(Action::ReadNamespaceAudit)?,
                    projects: may(Action::CreateProject)?,
                    ..PlaceRights::default()
                },
                place,
            })
        }
        Place::Project(id) => {
            let project = projects::get(conn, *id)?.ok_or_else(|| Error::not_found("project"))?;
            let may = |action| standing.in_project(&project, action).allowed;
            granted(standing.in_project(&project, Action::ReadProject), "project")?;
            let settings = may(Action::ProjectSettings);
            let tokens_seen = may(Action::ReadProjectTokens);
            Ok(PlaceView {
                seq: runs::seq(conn)?,
                path: project.path.to_string(),
                uid: Some(project.uid.clone()),
                role: standing.role_at_project(*id, project.path.as_str()),
                settings: settings.then(|| settings_of(&project)),
                members: if may(Action::ReadMembers) {
                    shown_to(&standing, members::list(conn, &place, project.path.as_str())?)
                } else {
                    Vec::new()
                },
                tokens: if tokens_seen { tokens::of_project(conn, *id)? } else { Vec::new() },
                pipelines: pipelines::list(conn, &Scope::Of(vec![*id]))?
                    .into_iter()
                    .map(|pipeline| (pipeline.key.to_string(), pipeline.name))
                    .collect(),
                may: PlaceRights {
                    members: may(Action::ManageMembers),
                    settings,
                    delete: may(Action::DeleteProject),
                    tokens: may(Action::ManageProjectTokens),
                    variables: may(Action::ReadVariables),
                    redact: may(Action::RedactTraces),
                    audit: may(Action::ReadProjectAudit),
                    projects: false,
                },
                place,
            })
        }
    }
}
