//! Projects: listing, making, changing and deleting them.

use model::{Caller, Error, Place, Project, ProjectId, ProjectPath, ProjectSettings, Role, Visibility};

use super::access::Standing;
use super::{DEFAULT_PROJECT, Weir, access, audit, source};
use crate::auth::Action;
use crate::outbound::class::{Class, classify};
use crate::store::{Snapshot, StoreError, Tx, members, projects};

/// Patterns of protected refs that a project may have.
const MOST_REFS: usize = 100;

impl Weir {
    pub(super) async fn list_projects(&self, caller: &Caller) -> Result<Vec<Project>, Error> {
        let caller = caller.clone();
        let list = self.store.read(move |conn| {
            let standing = Standing::of(conn, &caller)?;
            let mut all = projects::list(conn)?;
            all.retain(|project| standing.in_project(project, Action::ReadProject).allowed);
            Ok(all.into_iter().map(|project| shown(&standing, project)).collect())
        });
        Ok(list.await?)
    }

    /// Refuses who may not do this in a project.
    pub async fn may(&self, caller: &Caller, action: Action, id: ProjectId) -> Result<(), Error> {
        let caller = caller.clone();
        let asked = move |conn: &Snapshot| access::at_project(conn, &caller, action, id, "project");
        Ok(self.store.read(asked).await?)
    }

    /// Refuses who may not do this on the server.
    pub async fn may_on_server(&self, caller: &Caller, action: Action) -> Result<(), Error> {
        let caller = caller.clone();
        Ok(self.store.read(move |conn| access::at_instance(conn, &caller, action)).await?)
    }

    /// The project that somebody means by its path, uid or number, in which the caller may do this.
    pub(super) async fn project_for(&self, caller: &Caller, wanted: &str, action: Action) -> Result<Project, Error> {
        let (wanted, caller) = (wanted.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let project = projects::find(conn, &wanted)?.ok_or_else(|| Error::not_found("project"))?;
            access::at_project(conn, &caller, action, project.id, "project")?;
            Ok(project)
        });
        Ok(found.await?)
    }

    pub(super) async fn make_project(
        &self,
        caller: &Caller,
        path: &str,
        source: Option<&str>,
        visibility: Visibility,
    ) -> Result<Project, Error> {
        let path: ProjectPath = path.parse().map_err(|e| Error::invalid(format!("{e}")))?;
        let (by, wanted) = (caller.clone(), path.clone());
        self.store.read(move |conn| access::create_project(conn, &by, &wanted)).await?;
        if let Some(source) = source {
            self.check_source(caller, source).await?;
        }
        let source = source.map(str::to_owned);
        let caller = caller.clone();
        let made = self.store.write(move |tx| {
            access::create_project(tx.conn(), &caller, &path)?;
            insert(tx, &caller, &path, source.as_deref(), visibility)
        });
        Ok(made.await?)
    }

    /// Refuses what can be no source. What lies in the folders of this machine only administrators know.
    async fn check_source(&self, caller: &Caller, source: &str) -> Result<(), Error> {
        let by = caller.clone();
        let allowed = move |conn: &Snapshot| access::at_instance(conn, &by, Action::InstanceSettings);
        if self.store.read(allowed).await.is_err() {
            match source::host_of(source) {
                None => {
                    let text = "folders of the server's machine are for administrators to choose; give a git URL";
                    return Err(Error::forbidden(text));
                }
                // What others may have the server connect to lies outside of the house.
                Some(host) if !is_public(&host).await => {
                    let text = format!("{host} is not a public address: such sources are for administrators to choose");
                    return Err(Error::forbidden(text));
                }
                Some(_) => {}
            }
        }
        self.sources.check(source).await
    }

    pub(super) async fn put_settings(
        &self,
        caller: &Caller,
        id: ProjectId,
        settings: ProjectSettings,
    ) -> Result<(), Error> {
        check_settings(&settings)?;
        let by = caller.clone();
        let old = self.store.read(move |conn| {
            access::at_project(conn, &by, Action::ProjectSettings, id, "project")?;
            projects::require(conn, id)
        });
        let old = old.await?;
        if settings.source != old.source
            && let Some(source) = &settings.source
        {
            self.check_source(caller, source).await?;
        }
        let caller = caller.clone();
        let changed = self.store.write(move |tx| {
            let old = projects::require(tx.conn(), id)?;
            access::at_project(tx.conn(), &caller, Action::ProjectSettings, id, "project")?;
            if settings.visibility != old.visibility {
                access::at_project(tx.conn(), &caller, Action::DeleteProject, id, "project")?;
            }
            let before = settings_of(&old);
            let refs = |settings: &ProjectSettings| {
                let word = |is_tag| if is_tag { "tag" } else { "branch" };
                let all = settings.protected.iter().map(|one| format!("{} {}", word(one.is_tag), one.pattern));
                all.collect::<Vec<_>>().join(", ")
            };
            let shown = |source: &Option<String>| source.as_deref().map(source::without_secret).unwrap_or_default();
            let fields = [
                ("source", shown(&before.source), shown(&settings.source)),
                ("visibility", before.visibility.as_str().to_owned(), settings.visibility.as_str().to_owned()),
                ("public_jobs", before.public_jobs.to_string(), settings.public_jobs.to_string()),
                ("protect_default", before.protect_default.to_string(), settings.protect_default.to_string()),
                ("protected", refs(&before), refs(&settings)),
            ];
            let changes = fields.iter().filter(|(_, before, after)| before != after);
            let changes = changes.map(|(field, before, after)| audit::change(field, Some(before), Some(after)));
            let changes = changes.collect();
            audit::of_project(tx, &caller, "project.change", id, "", changes);
            projects::update(tx, id, &settings)
        });
        changed.await?;
        // Who could see it may see it no more.
        self.access_changed();
        Ok(())
    }

    pub(super) async fn drop_project(&self, caller: &Caller, id: ProjectId) -> Result<(), Error> {
        let by = caller.clone();
        let begun = self.store.write(move |tx| {
            let project = projects::require(tx.conn(), id)?;
            access::at_project(tx.conn(), &by, Action::DeleteProject, id, "project")?;
            audit::of_project(tx, &by, "project.delete", id, "", Vec::new());
            Ok(project)
        });
        begun.await?;
        // Whoever starts a run meanwhile is caught by the next round; the last write finds none or fails.
        loop {
            let found = self.store.read(move |conn| projects::runs(conn, id)).await?;
            for run in found.into_iter().rev() {
                self.stop_and_delete(caller, run).await?;
            }
            let gone = self.store.write(move |tx| {
                let is_empty = projects::runs(tx.conn(), id)?.is_empty();
                if is_empty {
                    projects::delete(tx, id)?;
                }
                Ok(is_empty)
            });
            if gone.await? {
                break;
            }
        }
        self.access_changed();
        self.sources.remove(id);
        Ok(())
    }
}

/// Whether a host has addresses, and all of them are public.
async fn is_public(host: &str) -> bool {
    let Ok(found) = tokio::net::lookup_host((host, 443)).await else { return false };
    let mut found = found.map(|address| classify(address.ip()) == Class::Public).peekable();
    found.peek().is_some() && found.all(|public| public)
}

/// The project as somebody sees it: who may not change its settings does not see the password that may stand in the
/// address of its source.
pub(super) fn shown(standing: &Standing, mut project: Project) -> Project {
    if !standing.in_project(&project, Action::ProjectSettings).allowed
        && let Some(mut url) = project.source.as_deref().and_then(|source| url::Url::parse(source).ok())
        && (url.password().is_some() || url.scheme().starts_with("http") && !url.username().is_empty())
    {
        // Addresses that cannot have either of them have none to take away.
        let _ = (url.set_password(None), url.set_username(""));
        project.source = Some(url.into());
    }
    project
}

/// Refuses who may not make pipelines in the project of those without one, or make that project when it is missing.
pub(super) fn may_use_default(conn: &Snapshot, caller: &Caller) -> Result<(), StoreError> {
    match projects::by_path(conn, DEFAULT_PROJECT)? {
        Some(project) => access::at_project(conn, caller, Action::ChangePipeline, project.id, "project"),
        None => access::create_project(conn, caller, &default_path()?),
    }
}

fn default_path() -> Result<ProjectPath, Error> {
    DEFAULT_PROJECT.parse().map_err(|error| Error::internal(format!("{error}")))
}

/// What people set about a project.
pub(super) fn settings_of(project: &Project) -> ProjectSettings {
    ProjectSettings {
        visibility: project.visibility,
        public_jobs: project.public_jobs,
        protect_default: project.protection.default_branch,
        protected: project.protection.refs.clone(),
        source: project.source.clone(),
    }
}

fn check_settings(settings: &ProjectSettings) -> Result<(), Error> {
    if settings.protected.len() > MOST_REFS {
        return Err(Error::invalid(format!("a project may have {MOST_REFS} protected refs")));
    }
    for one in &settings.protected {
        let pattern = &one.pattern;
        if pattern.is_empty() || pattern.len() > 255 || pattern.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Error::invalid(format!("{pattern:?} is no ref: 1 to 255 characters without spaces")));
        }
    }
    Ok(())
}

/// Makes a project, which belongs to who makes it.
fn insert(
    tx: &mut Tx<'_>,
    caller: &Caller,
    path: &ProjectPath,
    source: Option<&str>,
    visibility: Visibility,
) -> Result<Project, StoreError> {
    for known in projects::list(tx.conn())? {
        let known = known.path.as_str();
        if known.eq_ignore_ascii_case(path.as_str()) {
            return Err(Error::conflict(format!("there is a project {path} already")).into());
        }
        // Memberships are kept by the name of a namespace: there is one way to write each.
        let above = members::above(known)
            .find(|one| members::above(path.as_str()).any(|other| other != *one && other.eq_ignore_ascii_case(one)));
        if let Some(namespace) = above {
            return Err(Error::conflict(format!("the namespace {namespace} is written so here")).into());
        }
    }
    let project = projects::insert(tx, path, source, visibility)?;
    if let Some(user) = caller.id {
        members::set(tx, &Place::Project(project.id), user, Some(Role::Owner))?;
    }
    let changes =
        vec![audit::change("visibility", None, Some(visibility.as_str())), audit::change("source", None, source)];
    audit::of_project(tx, caller, "project.create", project.id, "", changes);
    Ok(project)
}

impl Weir {
    /// The project that objects without one belong to; made when it is missing.
    pub async fn default_project(&self, caller: &Caller) -> Result<Project, Error> {
        let caller = caller.clone();
        Ok(self.store.write(move |tx| resolve(tx, &caller, None)).await?)
    }
}

/// The project by path, uid or number; the default one, made when it is missing, for `None`.
pub(super) fn resolve(tx: &mut Tx<'_>, caller: &Caller, wanted: Option<&str>) -> Result<Project, StoreError> {
    match wanted {
        None => {
            if let Some(project) = projects::by_path(tx.conn(), DEFAULT_PROJECT)? {
                return Ok(project);
            }
            let path = default_path()?;
            access::create_project(tx.conn(), caller, &path)?;
            insert(tx, caller, &path, None, Visibility::Private)
        }
        Some(name) => projects::find(tx.conn(), name)?.ok_or_else(|| Error::not_found("project").into()),
    }
}
