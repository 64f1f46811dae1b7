//! Runners and their tokens.

use model::{AuditChange, Caller, Cause, Error, Job, ProjectId, Run, RunnerDraft, RunnerId, RunnerManager, RunnerView};

use crate::auth::Action;
use crate::auth::token::{Kind, Token};
use crate::service::{LastSeen, Weir, access, audit};
use crate::store::runners::{self, Runner};
use crate::store::{Snapshot, StoreError, Tx, jobs, members, projects, runs};

/// Tags of a runner.
const TAGS: usize = 50;

impl Weir {
    pub(super) async fn list_runners(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
    ) -> Result<Vec<RunnerView>, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let list = self.store().read(move |conn| {
            allowed(conn, &caller, project, false)?;
            runners::list(conn, project)?.into_iter().map(|runner| view(conn, runner, &online)).collect()
        });
        Ok(list.await?)
    }

    /// The runners that the caller may look after: those of projects in which they may, and for administrators all.
    pub async fn own_runners(&self, caller: &Caller) -> Result<Vec<RunnerView>, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let list = self.store().read(move |conn| {
            access::at_instance(conn, &caller, Action::ReadOwnAccount)?;
            let scope = access::scope(conn, &caller, Action::ReadRunners)?;
            let all_seen = access::at_instance(conn, &caller, Action::ReadInstanceRunners).is_ok();
            let mut own = Vec::new();
            for runner in runners::list(conn, None)? {
                let of = runner.project.into_iter().chain(runners::lent_to(conn, runner.id)?);
                if all_seen || of.into_iter().any(|project| scope.holds(project)) {
                    own.push(view(conn, runner, &online)?);
                }
            }
            Ok(own)
        });
        Ok(list.await?)
    }

    /// The runners that may take jobs of a project, those of the whole server included.
    pub async fn runners_for(&self, caller: &Caller, project: ProjectId) -> Result<Vec<RunnerView>, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let list = self.store().read(move |conn| {
            allowed(conn, &caller, Some(project), false)?;
            runners::of_project(conn, project)?.into_iter().map(|runner| view(conn, runner, &online)).collect()
        });
        Ok(list.await?)
    }

    /// Those that may take jobs of projects below a namespace.
    pub async fn runners_below(&self, caller: &Caller, namespace: &str) -> Result<Vec<RunnerView>, Error> {
        let (caller, namespace, online) = (caller.clone(), namespace.to_owned(), self.heartbeats().online());
        let list = self.store().read(move |conn| {
            access::at_namespace(conn, &caller, Action::ReadNamespaceRunners, &namespace)?;
            let all = projects::list(conn)?;
            let below = all.iter().filter(|project| members::is_at_or_above(&namespace, project.path.as_str()));
            let mut found: Vec<Runner> = Vec::new();
            for project in below {
                for runner in runners::of_project(conn, project.id)? {
                    if found.iter().all(|known| known.id != runner.id) {
                        found.push(runner);
                    }
                }
            }
            found.into_iter().map(|runner| view(conn, runner, &online)).collect()
        });
        Ok(list.await?)
    }

    /// The jobs that a runner took and the caller may see, the newest first, with their runs.
    pub async fn jobs_of_runner(
        &self,
        caller: &Caller,
        id: RunnerId,
        system: Option<&str>,
    ) -> Result<Vec<(Job, Run)>, Error> {
        let (caller, system) = (caller.clone(), system.map(str::to_owned));
        let list = self.store().read(move |conn| {
            managed(conn, &caller, id, false)?;
            let scope = access::scope(conn, &caller, Action::ReadRuns)?;
            let mut found = Vec::new();
            for id in runners::jobs(conn, id, system.as_deref())? {
                let job = jobs::require(conn, id)?.job;
                if scope.holds(job.project_id) {
                    let run = runs::require(conn, job.run_id)?;
                    found.push((job, run));
                }
            }
            Ok(found)
        });
        Ok(list.await?)
    }

    /// Lends a project's runner to another project, in which the caller may manage runners too.
    pub async fn lend_runner(&self, caller: &Caller, id: RunnerId, project: ProjectId) -> Result<RunnerView, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let lent = self.store().write(move |tx| {
            allowed(tx.conn(), &caller, Some(project), true)?;
            let runner = managed(tx.conn(), &caller, id, true)?;
            let Some(home) = runner.project else {
                return Err(Error::forbidden("it takes the jobs of all projects already").into());
            };
            if runner.locked {
                return Err(Error::forbidden("Runner is locked").into());
            }
            if home == project || runners::lent_to(tx.conn(), id)?.contains(&project) {
                return Err(Error::conflict("has already been taken").into());
            }
            let target = format!("runner {} {}", runner.id, runner.name);
            audit::of_project(tx, &caller, "runner.lend", project, &target, Vec::new());
            runners::lend(tx, id, project)?;
            view(tx.conn(), runners::require(tx.conn(), id)?, &online)
        });
        Ok(lent.await?)
    }

    /// Takes it back, unless it changed since it was seen. A runner keeps at least one project.
    pub async fn take_back_runner(
        &self,
        caller: &Caller,
        id: RunnerId,
        project: ProjectId,
        seen: LastSeen,
    ) -> Result<(), Error> {
        let caller = caller.clone();
        let taken = self.store().write(move |tx| {
            allowed(tx.conn(), &caller, Some(project), true)?;
            let runner = runners::get(tx.conn(), id)?.ok_or_else(|| Error::not_found("runner"))?;
            let lent = runners::lent_to(tx.conn(), id)?;
            if runner.project != Some(project) && !lent.contains(&project) {
                return Err(Error::not_found("runner").into());
            }
            seen.holds(runner.updated_at)?;
            if lent.is_empty() {
                let text = "Only one project associated with the runner. Please remove the runner instead";
                return Err(Error::forbidden(text).into());
            }
            let target = format!("runner {} {}", runner.id, runner.name);
            audit::of_project(tx, &caller, "runner.take_back", project, &target, Vec::new());
            runners::take_back(tx, id, project)
        });
        Ok(taken.await?)
    }

    /// Notes who took jobs with a runner's token; a write when it is new, another, or was not heard of for hours.
    pub fn heard_of_runner(&self, id: RunnerId, of: RunnerManager) {
        if self.heartbeats().is_news(id, &of) {
            self.note(move |tx| runners::heard(tx, id, &of));
        }
    }

    /// One of them.
    pub async fn runner(&self, caller: &Caller, id: RunnerId) -> Result<RunnerView, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let found = self.store().read(move |conn| {
            let runner = managed(conn, &caller, id, false)?;
            view(conn, runner, &online)
        });
        Ok(found.await?)
    }

    pub(super) async fn make_runner(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
        draft: RunnerDraft,
    ) -> Result<(RunnerView, String), Error> {
        let text = Token::fresh(Kind::Runner);
        let secret = text.reveal().to_owned();
        let caller = caller.clone();
        let made = self.store().write(move |tx| {
            allowed(tx.conn(), &caller, project, true)?;
            let draft = checked(draft)?;
            let runner = runners::insert(tx, &draft, project, &text.hash(), &caller.user)?;
            record(tx, &caller, "runner.create", &runner, Vec::new());
            view(tx.conn(), runner, &[])
        });
        Ok((made.await?, secret))
    }

    pub(super) async fn put_runner(
        &self,
        caller: &Caller,
        id: RunnerId,
        draft: RunnerDraft,
    ) -> Result<RunnerView, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let changed = self.store().write(move |tx| {
            let before = managed(tx.conn(), &caller, id, true)?;
            let draft = checked(draft)?;
            let fields = [
                ("name", before.name.clone(), draft.name.clone()),
                ("tags", before.tags.join(", "), draft.tags.join(", ")),
                ("run_untagged", before.run_untagged.to_string(), draft.run_untagged.to_string()),
                ("paused", before.paused.to_string(), draft.paused.to_string()),
                ("protected", before.protected.to_string(), draft.protected.to_string()),
                ("locked", before.locked.to_string(), draft.locked.to_string()),
                (
                    "maximum_timeout",
                    before.maximum_timeout.map(|it| it.to_string()).unwrap_or_default(),
                    draft.maximum_timeout.map(|it| it.to_string()).unwrap_or_default(),
                ),
                ("note", before.note.clone().unwrap_or_default(), draft.note.clone().unwrap_or_default()),
            ];
            let changed = fields.iter().filter(|(_, before, after)| before != after);
            let changes =
                changed.map(|(field, before, after)| audit::change(field, Some(before), Some(after))).collect();
            record(tx, &caller, "runner.change", &before, changes);
            runners::update(tx, id, &draft)?;
            view(tx.conn(), runners::require(tx.conn(), id)?, &online)
        });
        Ok(changed.await?)
    }

    pub(super) async fn turn_runner(&self, caller: &Caller, id: RunnerId) -> Result<String, Error> {
        let text = Token::fresh(Kind::Runner);
        let secret = text.reveal().to_owned();
        let caller = caller.clone();
        let turned = self.store().write(move |tx| {
            let runner = managed(tx.conn(), &caller, id, true)?;
            if runner.created_by.is_none() {
                return Err(Error::conflict("the server keeps the token of its own runner itself").into());
            }
            record(tx, &caller, "runner.rotate", &runner, Vec::new());
            runners::set_token(tx, id, &text.hash())
        });
        turned.await?;
        Ok(secret)
    }

    /// Deletes a runner, unless it changed since it was seen.
    pub async fn drop_runner(&self, caller: &Caller, id: RunnerId, seen: LastSeen) -> Result<(), Error> {
        let caller = caller.clone();
        let dropped = self.store().write(move |tx| {
            let runner = managed(tx.conn(), &caller, id, true)?;
            seen.holds(runner.updated_at)?;
            let running = runners::running(tx.conn(), id)?;
            if running > 0 {
                let text = format!("{running} jobs run on it: pause it, and delete it when they have ended");
                return Err(Error::conflict(text).about(Cause::Busy).into());
            }
            record(tx, &caller, "runner.delete", &runner, Vec::new());
            runners::delete(tx, id)
        });
        Ok(dropped.await?)
    }
}

fn checked(mut draft: RunnerDraft) -> Result<RunnerDraft, Error> {
    draft.name = draft.name.trim().to_owned();
    if draft.name.is_empty() || draft.name.chars().count() > 255 || draft.name.chars().any(char::is_control) {
        return Err(Error::invalid("a runner's name has 1 to 255 characters and no control characters"));
    }
    draft.tags = draft.tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
    draft.tags.dedup();
    if draft.tags.len() > TAGS || draft.tags.iter().any(|tag| tag.len() > 255 || tag.chars().any(char::is_control)) {
        return Err(Error::invalid(format!("a runner has at most {TAGS} tags of 255 bytes on one line each")));
    }
    if draft.maximum_timeout.is_some_and(|seconds| seconds < 600) {
        return Err(Error::invalid("maximum_timeout: needs to be at least 10 minutes"));
    }
    if draft.note.as_ref().is_some_and(|text| text.chars().count() > 1024 || text.contains('\0')) {
        return Err(Error::invalid("maintenance_note: at most 1024 characters"));
    }
    if draft.tags.is_empty() && !draft.run_untagged {
        return Err(Error::invalid("a runner without tags that takes no jobs without tags would never have work"));
    }
    Ok(draft)
}

fn view(conn: &Snapshot, runner: Runner, online: &[RunnerId]) -> Result<RunnerView, StoreError> {
    let project = match runner.project {
        Some(id) => projects::get(conn, id)?.map(|project| (project.id, project.path)),
        None => None,
    };
    let mut lent_to = Vec::new();
    for id in runners::lent_to(conn, runner.id)? {
        lent_to.extend(projects::get(conn, id)?.map(|project| (project.id, project.path)));
    }
    Ok(RunnerView {
        id: runner.id,
        lent_to,
        managers: runners::managers(conn, runner.id)?,
        draft: RunnerDraft {
            name: runner.name,
            tags: runner.tags,
            run_untagged: runner.run_untagged,
            paused: runner.paused,
            protected: runner.protected,
            locked: runner.locked,
            maximum_timeout: runner.maximum_timeout,
            note: runner.note,
        },
        project,
        created_by: runner.created_by,
        created_at: runner.created_at,
        updated_at: runner.updated_at,
        is_online: online.contains(&runner.id),
        running: runners::running(conn, runner.id)?,
    })
}

/// Refuses who may not see or change the runners of the server, or of a project.
fn allowed(conn: &Snapshot, caller: &Caller, project: Option<ProjectId>, change: bool) -> Result<(), StoreError> {
    if let Some(id) = project {
        let action = if change { Action::ManageRunners } else { Action::ReadRunners };
        return access::at_project(conn, caller, action, id, "project");
    }
    let action = if change { Action::ManageInstanceRunners } else { Action::ReadInstanceRunners };
    access::at_instance(conn, caller, action)
}

/// A runner that the caller may see or change; others are not there. A lent one is seen where it was lent to, and
/// changed where it is from.
fn managed(conn: &Snapshot, caller: &Caller, id: RunnerId, change: bool) -> Result<Runner, StoreError> {
    let runner = runners::require(conn, id)?;
    if !change {
        for project in runners::lent_to(conn, id)? {
            if allowed(conn, caller, Some(project), false).is_ok() {
                return Ok(runner);
            }
        }
    }
    match allowed(conn, caller, runner.project, change) {
        Err(StoreError::Refused(error)) if error.kind == model::ErrorKind::NotFound => {
            Err(Error::not_found("runner").into())
        }
        other => other.map(|()| runner),
    }
}

fn record(tx: &mut Tx<'_>, caller: &Caller, action: &'static str, runner: &Runner, changes: Vec<AuditChange>) {
    let target = format!("runner {} {}", runner.id, runner.name);
    match runner.project {
        Some(id) => audit::of_project(tx, caller, action, id, &target, changes),
        None => audit::of_instance(tx, caller, action, &target, changes),
    }
}
