//! Projects: listing, making, changing and deleting them.

use model::{
    Caller, Error, Place, Project, ProjectId, ProjectOptions, ProjectPath, ProjectSettings, Role, Timestamp, User,
    Visibility,
};

use super::access::Standing;
use super::{DEFAULT_PROJECT, LastSeen, Weir, access, audit, source};
use crate::auth::Action;
use crate::outbound::class::{Class, classify};
use crate::store::namespaces::{self, Namespace};
use crate::store::{Snapshot, StoreError, Tx, members, projects, users};

/// Patterns of protected refs that a project may have.
const MOST_REFS: usize = 100;

/// A project and what stands around it, as somebody sees it.
#[derive(Clone, Debug)]
pub struct ProjectView {
    /// What it is.
    pub project: Project,
    /// The namespace right above it.
    pub namespace: Namespace,
    /// The number of the one above that.
    pub parent: Option<i64>,
    /// Its default branch, as far as that is known.
    pub default_branch: Option<String>,
    /// Who made it; the first administrator where no account is known.
    pub creator: Option<User>,
    /// When something happened last: a change of its settings, or a run.
    pub active_at: Timestamp,
    /// The role that the caller was given in it.
    pub own_role: Option<Role>,
    /// The role that the caller has in the namespaces above it.
    pub group_role: Role,
    /// Whether the caller may start runs.
    pub may_start: bool,
}

impl Weir {
    /// The projects that the caller sees with what stands around them, or one of them.
    pub async fn project_views(&self, caller: &Caller, only: Option<ProjectId>) -> Result<Vec<ProjectView>, Error> {
        let by = caller.clone();
        let found = self.store.read(move |conn| {
            let standing = Standing::of(conn, &by)?;
            let all = match only {
                Some(id) => vec![projects::require(conn, id)?],
                None => projects::list(conn)?,
            };
            let administrator = users::first_administrator(conn)?;
            let mut views = Vec::new();
            for project in all {
                let decision = standing.in_project(&project, Action::ReadProject);
                match only {
                    Some(_) => access::granted(decision, "project")?,
                    None if !decision.allowed => continue,
                    None => {}
                }
                let mut view = project_view(conn, &standing, &by, project)?;
                view.creator = view.creator.or_else(|| administrator.clone());
                views.push(view);
            }
            Ok(views)
        });
        let mut views = found.await?;
        for view in &mut views {
            view.default_branch = self.default_branch(&view.project);
            // Nothing was fetched yet, or never for the default branch: who could start a run has that done.
            if only.is_some()
                && view.default_branch.is_none()
                && view.may_start
                && let Some(source) = &view.project.source
                && let Err(error) = self.sources.resolve(&view.project, source, None).await
            {
                tracing::debug!(project = %view.project.path, %error, "failed to ask for the default branch");
            }
            view.default_branch = self.default_branch(&view.project);
        }
        Ok(views)
    }

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
        source::check(source).await
    }

    /// The source of a project, for who may change it.
    pub async fn source_of(&self, caller: &Caller, id: ProjectId) -> Result<Option<String>, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::ProjectSettings, id, "project")?;
            Ok(projects::require(conn, id)?.source)
        });
        Ok(found.await?)
    }

    pub(super) async fn put_settings(
        &self,
        caller: &Caller,
        id: ProjectId,
        settings: ProjectSettings,
    ) -> Result<(), Error> {
        let by = caller.clone();
        let old = self.store.read(move |conn| {
            access::at_project(conn, &by, Action::ProjectSettings, id, "project")?;
            projects::require(conn, id)
        });
        let old = old.await?;
        check_settings(&settings)?;
        if settings.source != old.source
            && let Some(source) = &settings.source
        {
            self.check_source(caller, source).await?;
        }
        if let (Some(source), Some(branch)) = (&settings.source, &settings.options.default_branch)
            && old.options.default_branch.as_ref() != Some(branch)
        {
            let found = self.sources.resolve(&old, source, Some(branch)).await;
            if !found.is_ok_and(|commit| !commit.is_tag && !commit.sha.starts_with(branch.as_str())) {
                return Err(Error::invalid(format!("default_branch: there is no branch {branch} in the repository")));
            }
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
            let fields = fields.into_iter().chain(options_of(&before.options, &settings.options));
            let fields: Vec<_> = fields.collect();
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

    /// Deletes a project with all that is in it, unless it changed since it was seen.
    pub async fn drop_project(&self, caller: &Caller, id: ProjectId, seen: LastSeen) -> Result<(), Error> {
        let by = caller.clone();
        let begun = self.store.write(move |tx| {
            let project = projects::require(tx.conn(), id)?;
            access::at_project(tx.conn(), &by, Action::DeleteProject, id, "project")?;
            seen.holds(project.updated_at)?;
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

fn project_view(
    conn: &Snapshot,
    standing: &Standing,
    caller: &Caller,
    project: Project,
) -> Result<ProjectView, StoreError> {
    let path = project.path.namespace();
    let namespace = namespaces::by_path(conn, path)?.ok_or_else(|| Error::internal("a namespace without a number"))?;
    let above = path.rsplit_once('/').map(|(above, _)| namespaces::by_path(conn, above)).transpose()?.flatten();
    let creator = projects::creator(conn, project.id)?.map(|id| users::get(conn, id)).transpose()?.flatten();
    let own_role = match caller.id {
        Some(user) => members::own(conn, &Place::Project(project.id), user)?,
        None => None,
    };
    let ran = projects::last_run_at(conn, project.id)?;
    Ok(ProjectView {
        parent: above.map(|above| above.id),
        default_branch: None,
        creator,
        active_at: ran.map_or(project.updated_at, |at| at.max(project.updated_at)),
        own_role,
        group_role: caller
            .id
            .map_or(Ok(Role::Nobody), |user| Ok::<_, StoreError>(members::roles(conn, user)?.at_namespace(path)))?,
        may_start: standing.in_project(&project, Action::StartRun).allowed,
        namespace,
        project: shown(standing, project),
    })
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
        options: project.options.clone(),
    }
}

/// The options with their names: before and after.
fn options_of(before: &ProjectOptions, after: &ProjectOptions) -> [(&'static str, String, String); 9] {
    let of = |name, text: &dyn Fn(&ProjectOptions) -> String| (name, text(before), text(after));
    [
        of("name", &|one| one.name.clone().unwrap_or_default()),
        of("description", &|one| one.description.clone().unwrap_or_default()),
        of("default_branch", &|one| one.default_branch.clone().unwrap_or_default()),
        of("ci_config_path", &|one| one.config_path.clone().unwrap_or_default()),
        of("build_timeout", &|one| one.timeout.to_string()),
        of("ci_default_git_depth", &|one| one.git_depth.to_string()),
        of("auto_cancel_pending_pipelines", &|one| one.auto_cancel.to_string()),
        of("keep_latest_artifact", &|one| one.keep_latest.to_string()),
        of("shared_runners_enabled", &|one| one.shared_runners.to_string()),
    ]
}

fn check_options(options: &ProjectOptions) -> Result<(), Error> {
    let is_name = |text: &str| {
        let end = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        text.chars().count() <= 255
            && !text.chars().any(char::is_control)
            && end(text.chars().next())
            && end(text.chars().last())
    };
    if options.name.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(Error::invalid("name: 1 to 255 visible characters, without spaces around them"));
    }
    let plain = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t');
    if options.description.as_ref().is_some_and(|text| text.chars().count() > 2000 || !plain(text)) {
        return Err(Error::invalid("description: at most 2000 characters, none of them invisible"));
    }
    let is_branch = |name: &str| {
        let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
        !name.is_empty()
            && name.len() <= 255
            && !name.starts_with(['-', '/'])
            && !name.contains("..")
            && !name.contains(odd)
    };
    if options.default_branch.as_deref().is_some_and(|name| !is_branch(name)) {
        return Err(Error::invalid("default_branch: that can be no branch"));
    }
    let is_path = |path: &str| {
        !path.is_empty()
            && path.len() <= 255
            && !path.contains(['@', ':'])
            && !path.chars().any(char::is_control)
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
    };
    if options.config_path.as_deref().is_some_and(|path| !is_path(path)) {
        return Err(Error::invalid(
            "ci_config_path: a file of the project's own repository, such as ci/pipeline.yml; not of another project, and \
             no address",
        ));
    }
    if !(600..=2_592_000).contains(&options.timeout) {
        return Err(Error::invalid("build_timeout: needs to be between 600 and 2592000 seconds"));
    }
    if options.git_depth > 1000 {
        return Err(Error::invalid("ci_default_git_depth: must be less than or equal to 1000"));
    }
    Ok(())
}

fn check_settings(settings: &ProjectSettings) -> Result<(), Error> {
    check_options(&settings.options)?;
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
    // Repositories are at `PATH.git`, and feeds of GitLab's at `PATH.atom`.
    if let Some(part) = path.as_str().split('/').find(|part| ends_as_address(part)) {
        return Err(Error::invalid(format!("no part of a project's path ends with '.git' or '.atom': {part}")).into());
    }
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
    let project = projects::insert(tx, path, source, visibility, caller.id)?;
    if let Some(user) = caller.id {
        members::set(tx, &Place::Project(project.id), user, Some(Role::Owner))?;
    }
    let changes =
        vec![audit::change("visibility", None, Some(visibility.as_str())), audit::change("source", None, source)];
    audit::of_project(tx, caller, "project.create", project.id, "", changes);
    Ok(project)
}

fn ends_as_address(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    [".git", ".atom"].iter().any(|end| part.ends_with(end))
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
