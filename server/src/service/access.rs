//! What a caller may do: the role is looked up in the same snapshot as the data, and the one table
//! ([`crate::auth::policy`]) is asked. What is not visible is not found.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use model::{Caller, Error, Place, Project, ProjectId, ProjectPath, Role, Run, RunId, TokenScope, Via, Visibility};

use super::{DEFAULT_PROJECT, ci_variables};
use crate::auth::policy::{self, Action, Decision, Means, Refusal, Resource, Subject};
use crate::clock;
use crate::store::members::{self, Roles};
use crate::store::{Scope, Snapshot, StoreError, access_keys, projects, runs, sessions, tokens, users};

/// A caller as the snapshot knows them.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// Whether it is the user of a project's token, who has no account to look after.
    is_bot: bool,
    signed_in: bool,
    is_admin: bool,
    means: Means,
    roles: Roles,
    /// The one project that a narrow token opens.
    only: Option<ProjectId>,
}

impl Standing {
    /// Looks a caller up. Who was signed out, deactivated or revoked meanwhile is no longer good.
    pub(super) fn of(conn: &Snapshot, caller: &Caller) -> Result<Self, StoreError> {
        let now = clock::now();
        let mut standing = Self {
            is_bot: false,
            signed_in: true,
            is_admin: false,
            means: Means::Session,
            roles: Roles::default(),
            only: None,
        };
        let is_good = match caller.via {
            Via::Local | Via::System => {
                standing.is_admin = true;
                return Ok(standing);
            }
            Via::Nobody => {
                standing.signed_in = false;
                return Ok(standing);
            }
            Via::Session(id) => sessions::is_good(conn, id, now)?,
            Via::Token(id, scope) => {
                standing.means = if scope == TokenScope::ReadApi { Means::ReadApi } else { Means::Api };
                tokens::is_good(conn, id, now)?
            }
            Via::AccessKey(id) => {
                // A pair that was made for one project opens no other.
                let project = access_keys::project(conn, id)?;
                (standing.means, standing.only) = (Means::Api, project.flatten());
                project.is_some()
            }
            // As its owner, with all that they may now.
            Via::Schedule(_) => match caller.id {
                Some(id) => users::get(conn, id)?.is_some_and(|user| user.is_active),
                None => false,
            },
            Via::Job(job, project) => {
                (standing.means, standing.only) = (Means::Job, Some(project));
                let user = caller.id.map(|id| users::get(conn, id)).transpose()?.flatten();
                let may_come_in = user.is_none_or(|user| user.is_active);
                may_come_in && crate::store::jobs::require(conn, job).is_ok_and(|stored| stored.job.status.is_running())
            }
            Via::Trigger(id, project) => {
                (standing.means, standing.only) = (Means::Trigger, Some(project));
                tokens::is_good(conn, id, now)?
            }
        };
        if !is_good {
            return Err(Error::unauthorized("the login or token is no longer good").into());
        }
        // Whoever started a job before there were accounts may have none: then their job may nothing.
        if let Some(id) = caller.id
            && let Some(user) = users::get(conn, id)?
        {
            (standing.is_admin, standing.is_bot) = (user.is_admin, user.is_bot);
            standing.roles = members::roles(conn, id)?;
        }
        Ok(standing)
    }

    /// Somebody else's, as a login of theirs would have it; `None`: of people who are not signed in.
    pub(super) fn of_user(conn: &Snapshot, user: Option<&model::User>) -> Result<Self, StoreError> {
        Ok(Self {
            is_bot: user.is_some_and(|user| user.is_bot),
            signed_in: user.is_some(),
            is_admin: user.is_some_and(|user| user.is_admin),
            means: Means::Session,
            roles: user.map_or_else(|| Ok(Roles::default()), |user| members::roles(conn, user.id))?,
            only: None,
        })
    }

    /// Whether there is nothing that the caller may not.
    fn may_all(&self) -> bool {
        self.is_admin && self.only.is_none() && matches!(self.means, Means::Session | Means::Api)
    }

    pub(super) fn role_at_project(&self, id: ProjectId, path: &str) -> Role {
        if self.only.is_some_and(|only| only != id) {
            return Role::Nobody;
        }
        if self.is_admin { Role::Administrator } else { self.roles.at_project(id, path) }
    }

    pub(super) fn role_at_namespace(&self, path: &str) -> Role {
        match (self.only, self.is_admin) {
            (Some(_), _) => Role::Nobody,
            (None, true) => Role::Administrator,
            (None, false) => self.roles.at_namespace(path),
        }
    }

    pub(super) fn role_at_instance(&self) -> Role {
        if self.is_admin && self.only.is_none() { Role::Administrator } else { Role::Nobody }
    }

    fn subject(&self, role: Role) -> Subject {
        if self.signed_in { Subject::user(role, self.means) } else { Subject::ANONYMOUS }
    }

    pub(super) fn in_project(&self, project: &Project, action: Action) -> Decision {
        let role = self.role_at_project(project.id, project.path.as_str());
        policy::decide(self.subject(role), action, of_project(project))
    }

    pub(super) fn in_namespace(&self, conn: &Snapshot, path: &str, action: Action) -> Result<Decision, StoreError> {
        let resource = Resource::Namespace { visibility: visibility_of(conn, self, path)? };
        Ok(policy::decide(self.subject(self.role_at_namespace(path)), action, resource))
    }

    pub(super) fn on_instance(&self, action: Action) -> Decision {
        policy::decide(self.subject(self.role_at_instance()), action, Resource::Instance)
    }

    /// Every action that is about such a place, each with the decision.
    pub(super) fn explain(
        &self,
        conn: &Snapshot,
        place: &Place,
    ) -> Result<Vec<(&'static policy::Row, Decision)>, StoreError> {
        let (subject, resource) = match place {
            Place::Instance => (self.subject(self.role_at_instance()), Resource::Instance),
            Place::Namespace(path) => (
                self.subject(self.role_at_namespace(path)),
                Resource::Namespace { visibility: visibility_of(conn, self, path)? },
            ),
            Place::Project(id) => {
                let project = projects::require(conn, *id)?;
                (self.subject(self.role_at_project(*id, project.path.as_str())), of_project(&project))
            }
        };
        Ok(policy::explain(subject, resource).collect())
    }
}

fn of_project(project: &Project) -> Resource {
    Resource::Project { visibility: project.visibility, public_jobs: project.public_jobs }
}

/// A namespace is seen by whoever sees a project below it, or has a role in one.
fn visibility_of(conn: &Snapshot, standing: &Standing, path: &str) -> Result<Visibility, StoreError> {
    let all = projects::list(conn)?;
    let below = all.iter().filter(|project| members::is_at_or_above(path, project.path.as_str()));
    let seen = below.map(|project| {
        let has_role = standing.role_at_project(project.id, project.path.as_str()) > Role::Nobody;
        if has_role { project.visibility.max(Visibility::Internal) } else { project.visibility }
    });
    Ok(seen.max().unwrap_or_default())
}

/// The refusal of a decision; `what` is "job", "run", "project" … and all that is said of what is hidden. Whatever
/// else stands against it is not told of what the caller does not see: that would tell that it is there.
pub(super) fn granted(decision: Decision, what: &str) -> Result<(), Error> {
    if !decision.allowed && !decision.visible { Err(Error::not_found(what)) } else { refused(decision, what) }
}

fn refused(decision: Decision, what: &str) -> Result<(), Error> {
    match decision.refusal {
        None => Ok(()),
        Some(Refusal::Hidden) => Err(Error::not_found(what)),
        Some(Refusal::Scope) => Err(Error::scope(decision.why)),
        Some(Refusal::SignIn | Refusal::Means) => Err(Error::unauthorized(decision.why)),
        Some(Refusal::Role) => Err(Error::forbidden(decision.why)),
    }
}

/// Refuses what the caller may not do in a project.
pub(super) fn at_project(
    conn: &Snapshot,
    caller: &Caller,
    action: Action,
    id: ProjectId,
    what: &str,
) -> Result<(), StoreError> {
    let standing = Standing::of(conn, caller)?;
    if standing.may_all() {
        return Ok(());
    }
    let project = projects::get(conn, id)?.ok_or_else(|| Error::not_found(what))?;
    Ok(granted(standing.in_project(&project, action), what)?)
}

/// The project, for who sees it: what may be done there is asked of what is named below it.
pub(super) fn see_project(conn: &Snapshot, caller: &Caller, id: ProjectId) -> Result<Project, StoreError> {
    let standing = Standing::of(conn, caller)?;
    let project = projects::get(conn, id)?.ok_or_else(|| Error::not_found("project"))?;
    let is_seen = standing.in_project(&project, Action::ReadProject).visible;
    if is_seen { Ok(super::projects::shown(&standing, project)) } else { Err(Error::not_found("project").into()) }
}

/// Refuses what the caller may not do in the project that objects without one belong to.
pub(super) fn at_default(conn: &Snapshot, caller: &Caller, action: Action, what: &str) -> Result<(), StoreError> {
    match projects::by_path(conn, DEFAULT_PROJECT)? {
        Some(project) => at_project(conn, caller, action, project.id, what),
        None => {
            at_instance(conn, caller, if action.is_reading() { Action::ReadUsers } else { Action::InstanceSettings })
        }
    }
}

/// Refuses what the caller may not do in a namespace.
pub(super) fn at_namespace(conn: &Snapshot, caller: &Caller, action: Action, path: &str) -> Result<(), StoreError> {
    let standing = Standing::of(conn, caller)?;
    Ok(granted(standing.in_namespace(conn, path, action)?, "namespace")?)
}

/// Refuses what the caller may not do on the whole server.
pub(super) fn at_instance(conn: &Snapshot, caller: &Caller, action: Action) -> Result<(), StoreError> {
    let standing = Standing::of(conn, caller)?;
    if standing.is_bot && action == Action::ChangeOwnAccount {
        return Err(Error::forbidden("a project's token makes no tokens and keys: its project does").into());
    }
    Ok(granted(standing.on_instance(action), "page")?)
}

/// Refuses who may not make a project of this path.
pub(super) fn create_project(conn: &Snapshot, caller: &Caller, path: &ProjectPath) -> Result<(), StoreError> {
    let standing = Standing::of(conn, caller)?;
    let decision = standing.in_namespace(conn, path.namespace(), Action::CreateProject)?;
    match decision.refusal {
        // Whether a namespace is there is not told, and is no reason to say "not found".
        Some(Refusal::Hidden | Refusal::Role) => Err(Error::forbidden(format!(
            "projects are made in a namespace in which one is maintainer; in a new one by administrators; {} is neither",
            path.namespace()
        ))
        .into()),
        _ => Ok(refused(decision, "namespace")?),
    }
}

/// Whether the caller may see what a run was started with.
pub(super) fn may_see_variables(conn: &Snapshot, caller: &Caller, run: &Run) -> Result<bool, StoreError> {
    Ok(!with_seen_variables(conn, caller, std::iter::once(run))?.is_empty())
}

/// Those of some runs of which the caller may see what they were started with.
pub(super) fn with_seen_variables<'r>(
    conn: &Snapshot,
    caller: &Caller,
    runs: impl Iterator<Item = &'r Run>,
) -> Result<Vec<RunId>, StoreError> {
    let standing = Standing::of(conn, caller)?;
    let mut known: HashMap<ProjectId, Project> = HashMap::new();
    let mut seen = Vec::new();
    for run in runs {
        let action = if run.user == caller.user { Action::ReadOwnRunVariables } else { Action::ReadRunVariables };
        let may = standing.may_all() || {
            let project = match known.entry(run.project_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(projects::require(conn, run.project_id)?),
            };
            standing.in_project(project, action).allowed
        };
        if may {
            seen.push(run.id);
        }
    }
    Ok(seen)
}

/// Refuses who may not play, retry and cancel in a run. Runs of refs that are protected by name are maintainers'.
pub(super) fn control(conn: &Snapshot, caller: &Caller, run: &Run, what: &str) -> Result<(), StoreError> {
    let standing = Standing::of(conn, caller)?;
    if standing.may_all() {
        return Ok(());
    }
    let project = projects::require(conn, run.project_id)?;
    let commit = runs::commit(conn, run)?;
    let action =
        if ci_variables::is_guarded(&project, &commit) { Action::ControlProtectedRun } else { Action::ControlRun };
    Ok(granted(standing.in_project(&project, action), what)?)
}

/// The projects in which the caller may do this.
pub(super) fn scope(conn: &Snapshot, caller: &Caller, action: Action) -> Result<Scope, StoreError> {
    let standing = Standing::of(conn, caller)?;
    if standing.may_all() {
        return Ok(Scope::All);
    }
    let all = projects::list(conn)?;
    let open = all.iter().filter(|project| standing.in_project(project, action).allowed);
    Ok(Scope::Of(open.map(|project| project.id).collect()))
}

/// As [`scope`], for the lists of pages: who is not signed in and sees nothing is asked to.
pub(super) fn scope_of_page(conn: &Snapshot, caller: &Caller, action: Action) -> Result<Scope, StoreError> {
    let scope = scope(conn, caller, action)?;
    if scope.is_empty() && !caller.is_signed_in() {
        return Err(Error::unauthorized("sign in to see more").into());
    }
    Ok(scope)
}
