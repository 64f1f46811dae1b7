//! Runs: starting, listing, retrying, canceling, deleting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::plan::Variable;
use model::view::{RunFilter, RunPage, RunView};
use model::{Caller, Cause, Error, NewRun, PipelineKey, Project, ProjectId, Reason, Run, RunId, Status, schedule};

use super::definition::{Fetch, Meant};
use super::files::Watched;
use super::given::{self, Names};
use super::jobs::last_wins;
use super::pipelines::Kept;
use super::{LastSeen, Weir, access, audit, ci_variables, variables};
use crate::auth::Action;
use crate::scheduler;
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, Tx, jobs, pipelines, projects, run_pages, runs};

/// What the one ref of a project without a repository is called.
pub(super) const DEFAULT_BRANCH: &str = "main";

/// Digits of a commit's name, at least and at most.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=64;

/// How often a definition that asks for the number of its run is read again, because another run took it.
const NUMBERS: usize = 100;

impl Weir {
    pub(super) async fn list_runs(&self, caller: &Caller, filter: RunFilter) -> Result<RunPage, Error> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200) as usize;
        let caller = caller.clone();
        let page = self.store.read(move |conn| {
            let scope = access::scope_of_page(conn, &caller, Action::ReadRuns)?;
            let mut found = runs::list(conn, &filter, &scope)?;
            let more = found.len() > limit;
            found.truncate(limit);
            let next = if more { found.last().map(|run| run.id) } else { None };
            add_given(conn, &caller, found.iter_mut().collect())?;
            Ok(RunPage { seq: runs::seq(conn)?, runs: found, next })
        });
        Ok(page.await?)
    }

    pub(super) async fn read_run(&self, caller: &Caller, id: RunId) -> Result<RunView, Error> {
        let caller = caller.clone();
        let view = self.store.read(move |conn| {
            let mut view = run_view(conn, id)?;
            access::at_project(conn, &caller, Action::ReadRuns, view.run.project_id, "run")?;
            if access::may_see_variables(conn, &caller, &view.run)? {
                view.variables = last_wins(runs::variables(conn, id)?);
            }
            Ok(view)
        });
        Ok(view.await?)
    }

    /// Whether the caller may see a run.
    pub async fn may_read_run(&self, caller: &Caller, id: RunId) -> bool {
        let caller = caller.clone();
        let asked = move |conn: &Snapshot| {
            let project = runs::require(conn, id)?.project_id;
            access::at_project(conn, &caller, Action::ReadRuns, project, "run")
        };
        self.store.read(asked).await.is_ok()
    }

    /// The run that has this uid.
    pub async fn run_by_uid(&self, caller: &Caller, uid: &str) -> Result<RunId, Error> {
        let (uid, caller) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let Some(id) = runs::id_of_uid(conn, &uid)? else { return Ok(None) };
            let project = runs::require(conn, id)?.project_id;
            access::at_project(conn, &caller, Action::ReadRuns, project, "run")?;
            Ok(Some(id))
        });
        found.await?.ok_or_else(|| Error::not_found("run"))
    }

    pub(super) async fn make_run(&self, caller: &Caller, key: &PipelineKey, new: NewRun) -> Result<Run, Error> {
        self.make_run_with(caller, key, new, |_| Ok(())).await
    }

    /// As [`Weir::make_run`]; `also` is done in the transaction that makes the run, and its refusal is the run's.
    pub(super) async fn make_run_with(
        &self,
        caller: &Caller,
        key: &PipelineKey,
        new: NewRun,
        also: impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
    ) -> Result<Run, Error> {
        check_new(&new)?;
        let (pipeline, project) = self.pipeline_with_project(caller, key, Action::StartRun).await?;
        refuse_disabled(key, pipeline.disabled)?;
        let meant = Meant { git_ref: new.git_ref.as_deref(), commit: new.commit.as_deref() };
        let (commit, text) = self.definition_of(&pipeline, &project, meant, Fetch::Now).await?;
        self.may_start(caller, &project, &commit).await?;
        let text = text.ok_or_else(|| {
            let file = super::source::definition_file(&project);
            Error::invalid(format!("the project has no {file} at {}", commit.git_ref)).about(Cause::NoDefinition)
        })?;
        let (pipeline, text, new) = (Arc::new(pipeline), Arc::new(text), Arc::new(new));
        let protected = ci_variables::is_protected(&project, &commit);
        let timeout = project.options.timeout;
        for _ in 0..NUMBERS {
            let id = pipeline.id;
            let next = self.store.read(move |conn| pipelines::next_number(conn, id)).await?;
            let number = next.ok_or_else(|| Error::not_found("pipeline"))?;
            let mut given = self.given_for(caller, &project, &commit, &new, number, Kept::Used).await?;
            let asks = Arc::new(AtomicBool::new(text.contains(variables::NUMBER)));
            given.files = Arc::new(Watched::new(given.files, variables::NUMBER, Arc::clone(&asks)));
            let mut plan = self.plan(text.as_str().to_owned(), given).await?;
            new.choice.apply(&mut plan)?;
            let (pipeline, new, commit) = (Arc::clone(&pipeline), Arc::clone(&new), commit.clone());
            let (caller, also) = (caller.clone(), also.clone());
            let made = self.store.write(move |tx| {
                refuse_disabled(&pipeline.key, pipelines::is_disabled(tx.conn(), id)?.unwrap_or(false))?;
                // Another run took the number that the definition asked for: it is asked again.
                if asks.load(Ordering::Relaxed) && pipelines::next_number(tx.conn(), id)? != Some(number) {
                    return Ok(None);
                }
                also(tx)?;
                let run = runs::insert(tx, &pipeline, &plan, &new, &commit, &caller.user, None, timeout, protected)?;
                audit::of_run(tx, &caller, "run.start", &runs::require(tx.conn(), run)?);
                scheduler::cancel_outdated(tx, &runs::require(tx.conn(), run)?)?;
                scheduler::settle(tx, run, true)?;
                runs::require(tx.conn(), run).map(Some)
            });
            if let Some(run) = made.await? {
                return Ok(run);
            }
        }
        Err(Error::conflict(format!(
            "the definition asks for {}, and other runs of the pipeline are being started; try again",
            variables::NUMBER
        )))
    }

    pub(super) async fn rerun(&self, caller: &Caller, id: RunId) -> Result<Run, Error> {
        let caller = caller.clone();
        let run = self.store.write(move |tx| {
            let run = runs::require(tx.conn(), id)?;
            access::control(tx.conn(), &caller, &run, "run")?;
            let disabled = run.pipeline_id.map(|id| pipelines::is_disabled(tx.conn(), id)).transpose()?.flatten();
            refuse_disabled(&run.pipeline_key, disabled.unwrap_or(false))?;
            audit::of_run(tx, &caller, "run.retry", &run);
            let user = caller.user.clone();
            let (ids, nodes) = jobs::nodes(tx.conn(), id)?;
            let mut again = false;
            for (job, node) in ids.iter().zip(&nodes) {
                if !matches!(node.status, Status::Failed | Status::Canceled) {
                    continue;
                }
                again = true;
                let stored = jobs::require(tx.conn(), *job)?;
                let reason = Reason::RetriedBy { user: user.clone() };
                if stored.job.started_at.is_some() && node.when != model::plan::When::Manual {
                    scheduler::again(tx, &stored, &user, &reason)?;
                } else {
                    // It never ran, or a person decides about it: its turn has to come again.
                    jobs::insert_next(tx, &stored, &user, &reason)?;
                    scheduler::reopen_behind(tx, id, &node.name)?;
                }
            }
            if again {
                scheduler::bridge::reopen(tx, id, &user)?;
            }
            scheduler::settle(tx, id, false)?;
            runs::require(tx.conn(), id)
        });
        Ok(run.await?)
    }

    pub(super) async fn stop_run(&self, caller: &Caller, id: RunId) -> Result<Run, Error> {
        let caller = caller.clone();
        let stopped = self.store.write(move |tx| {
            let run = runs::require(tx.conn(), id)?;
            access::control(tx.conn(), &caller, &run, "run")?;
            audit::of_run(tx, &caller, "run.cancel", &run);
            cancel_all(tx, id, &caller.user)
        });
        Ok(stopped.await?)
    }

    /// Stops a run and deletes it, unless it changed since it was seen.
    pub async fn remove_run(&self, caller: &Caller, id: RunId, seen: LastSeen) -> Result<(), Error> {
        let by = caller.clone();
        let stopped = self.store.write(move |tx| {
            let run = runs::require(tx.conn(), id)?;
            access::at_project(tx.conn(), &by, Action::DeleteRun, run.project_id, "run")?;
            seen.holds(run.updated_at)?;
            audit::of_run(tx, &by, "run.delete", &run);
            Ok(())
        });
        stopped.await?;
        self.stop_and_delete(caller, id).await
    }

    /// Stops a run and deletes it with all that it started. Whoever calls has asked whether it may be.
    pub(super) async fn stop_and_delete(&self, caller: &Caller, id: RunId) -> Result<(), Error> {
        let user = caller.user.clone();
        let stopped = self.store.write(move |tx| match runs::get(tx.conn(), id)? {
            Some(_) => cancel_all(tx, id, &user).map(|_| true),
            None => Ok(false),
        });
        if !stopped.await? {
            return Ok(());
        }
        // What its jobs started goes with it, the deepest first.
        for below in self.store.read(move |conn| runs::descendants(conn, id)).await? {
            self.delete_stopped(below).await?;
        }
        self.delete_stopped(id).await
    }

    /// Refuses who may not start runs of this commit's ref.
    pub(super) async fn may_start(&self, caller: &Caller, project: &Project, commit: &Commit) -> Result<(), Error> {
        if !ci_variables::is_guarded(project, commit) {
            return Ok(());
        }
        let (caller, id) = (caller.clone(), project.id);
        let asked = move |conn: &Snapshot| access::at_project(conn, &caller, Action::StartProtectedRun, id, "pipeline");
        Ok(self.store.read(asked).await?)
    }

    /// Deletes a run whose jobs end now, with their files.
    async fn delete_stopped(&self, id: RunId) -> Result<(), Error> {
        // The processes end first: then nothing is left that could still write.
        let mut changes = self.bus().watch();
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(45);
        let of_run = loop {
            changes.borrow_and_update();
            let of_run = self.store.read(move |conn| jobs::of_run(conn, id)).await?;
            if !of_run.iter().any(|job| job.status.is_running()) {
                break of_run;
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                let text = "the run's jobs did not end in time; try again";
                return Err(Error::conflict(text).about(Cause::Busy));
            }
        };
        self.store.write(move |tx| runs::delete(tx, id)).await?;
        if let Err(error) = self.sequences.remove(id) {
            tracing::warn!(run.id = id.0, %error, "failed to remove the numbering of a run's lines");
        }
        for job in of_run {
            if let Err(error) = self.logs.remove(job.id) {
                tracing::warn!(job.id = job.id.0, %error, "failed to remove a trace");
            }
            if let Err(error) = self.artifacts.remove(job.id) {
                tracing::warn!(job.id = job.id.0, %error, "failed to remove artifacts");
            }
        }
        Ok(())
    }
}

impl Weir {
    /// Starts a run of a project's own pipeline for a branch or tag.
    pub async fn start_in_project(&self, caller: &Caller, project: &Project, new: NewRun) -> Result<Run, Error> {
        let key = match self.pipeline_of_project(caller, project.id).await {
            Err(error) if error.cause == Some(Cause::NoDefinition) => {
                self.own_pipeline(caller, project, new.git_ref.as_deref()).await?
            }
            other => other?,
        };
        let git_ref = match (&project.source, new.git_ref.as_deref()) {
            // A project without a repository has one ref, which is called as its default branch is.
            (None, Some(wanted)) => Some(short_ref(wanted)).filter(|name| *name != DEFAULT_BRANCH),
            (_, wanted) => wanted,
        };
        self.refuse_commit(project, git_ref).await?;
        let git_ref = git_ref.map(str::to_owned);
        self.make_run(caller, &key, NewRun { git_ref, ..new }).await
    }

    /// The same in a project that is known by its number.
    pub async fn start_in(&self, caller: &Caller, id: ProjectId, new: NewRun) -> Result<Run, Error> {
        let project = self.store.read(move |conn| projects::require(conn, id)).await?;
        self.start_in_project(caller, &project, new).await
    }

    /// Refuses a commit where a branch or a tag is wanted.
    pub(super) async fn refuse_commit(&self, project: &Project, wanted: Option<&str>) -> Result<(), Error> {
        match (&project.source, wanted) {
            (Some(source), Some(wanted)) if !self.sources.is_named(project, source, wanted).await => {
                Err(Error::invalid("a run is started for a branch or a tag").about(Cause::UnknownRef))
            }
            _ => Ok(()),
        }
    }

    /// The newest run of the commit that a branch or tag (`None`: the default branch) is at.
    pub async fn latest_run(
        &self,
        caller: &Caller,
        project: &Project,
        git_ref: Option<&str>,
    ) -> Result<Option<Run>, Error> {
        let default = match (&project.source, git_ref) {
            (Some(_), None) => self.default_branch(project),
            _ => None,
        };
        let head = match (&project.source, git_ref.or(default.as_deref())) {
            (Some(_), Some(name)) => {
                let sha = self.sources.head_of(project.id, name).await;
                sha.map(|sha| (short_ref(name).to_owned(), Some(sha)))
            }
            (None, name) if name.is_none_or(|name| short_ref(name) == DEFAULT_BRANCH) => Some((String::new(), None)),
            _ => None,
        };
        let (caller, id) = (caller.clone(), project.id);
        let found = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::ReadRuns, id, "project")?;
            let Some((git_ref, sha)) = head else { return Ok(None) };
            run_pages::latest(conn, id, &git_ref, sha.as_deref())
        });
        Ok(found.await?)
    }

    /// Gives a run another name.
    pub async fn rename_run(&self, caller: &Caller, id: RunId, name: &str) -> Result<Run, Error> {
        if name.chars().count() > 255 || name.contains('\0') {
            return Err(Error::invalid("Name is too long (maximum is 255 characters)"));
        }
        let (caller, name) = (caller.clone(), name.to_owned());
        let renamed = self.store.write(move |tx| {
            let run = runs::require(tx.conn(), id)?;
            access::at_project(tx.conn(), &caller, Action::RenameRun, run.project_id, "run")?;
            audit::of_run(tx, &caller, "run.rename", &run);
            runs::rename(tx, id, &name)
        });
        Ok(renamed.await?)
    }

    /// The variables that a run was started with, for who may see them.
    pub async fn run_variables(&self, caller: &Caller, id: RunId) -> Result<Vec<Variable>, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let run = runs::require(conn, id)?;
            access::at_project(conn, &caller, Action::ReadRuns, run.project_id, "run")?;
            if !access::may_see_variables(conn, &caller, &run)? {
                let text = "the variables of a run are for maintainers, and for the developer who started it";
                let is_known = caller.is_signed_in();
                return Err(if is_known { Error::forbidden(text) } else { Error::unauthorized(text) }.into());
            }
            runs::variables(conn, id)
        });
        Ok(found.await?)
    }
}

/// Adds to runs of a list what their rows show of the variables that they were started with, for who may see them.
pub(super) fn add_given(conn: &Snapshot, caller: &Caller, runs: Vec<&mut Run>) -> Result<(), StoreError> {
    let seen = access::with_seen_variables(conn, caller, runs.iter().map(|run| &**run))?;
    let mut given = runs::glimpses(conn, &seen)?;
    for run in runs {
        run.given = given.remove(&run.id);
    }
    Ok(())
}

/// The name of a branch or tag, whether or not it is written with where git keeps it.
fn short_ref(text: &str) -> &str {
    text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/")).unwrap_or(text)
}

/// Refuses to start what somebody has disabled, whoever asks.
fn refuse_disabled(key: &PipelineKey, disabled: bool) -> Result<(), Error> {
    if !disabled {
        return Ok(());
    }
    let text = format!("the pipeline {key} is disabled: it starts no runs until somebody enables it");
    Err(Error::forbidden(text))
}

/// A run with its jobs; waiting jobs say what they wait for now.
pub(super) fn run_view(conn: &Snapshot, id: RunId) -> Result<RunView, StoreError> {
    let run = runs::require(conn, id)?;
    let mut of_run = jobs::of_run(conn, id)?;
    let stages: Vec<String> = run.stages.iter().map(|stage| stage.name.clone()).collect();
    if of_run.iter().any(|job| job.status == Status::Created) {
        let (ids, nodes) = jobs::nodes(conn, id)?;
        for (i, job_id) in ids.iter().enumerate() {
            let Some(reason) = schedule::waiting_reason(&nodes, &stages, i) else { continue };
            if let Some(job) = of_run.iter_mut().find(|job| job.id == *job_id) {
                job.reason = reason;
            }
        }
    }
    Ok(RunView { seq: runs::seq(conn)?, run, jobs: of_run, variables: Vec::new() })
}

fn cancel_all(tx: &mut Tx<'_>, id: RunId, user: &str) -> Result<Run, StoreError> {
    runs::require(tx.conn(), id)?;
    scheduler::cancel_run(tx, id, &Reason::CanceledBy { user: user.to_owned() })?;
    runs::require(tx.conn(), id)
}

pub(super) fn check_new(new: &NewRun) -> Result<(), Error> {
    given::check(&new.variables, if new.any_names { Names::Any } else { Names::OfAShell })?;
    if let Some(commit) = &new.commit
        && !(DIGITS.contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        let shown: String = commit.chars().take(80).collect();
        return Err(Error::invalid(format!("{shown:?} is no commit: 7 to 64 hexadecimal digits")));
    }
    match &new.input_path {
        Some(path) if path.contains('\0') || path.len() > 4096 => {
            Err(Error::invalid("an input path has up to 4096 bytes and no NUL"))
        }
        _ => Ok(()),
    }
}
