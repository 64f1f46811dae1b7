//! Jobs: reading, playing, retrying, canceling.

use app::service::Lines;
use model::log::LogPage;
use model::plan::{Variable, When};
use model::view::JobView;
use model::{Caller, Error, ErrorKind, Job, JobId, Reason, Run, Status, Via};

use super::given::{self, Names};
use super::{Weir, access, audit};
use crate::auth::{Action, policy};
use crate::scheduler;
use crate::scheduler::finish::End;
use crate::store::jobs::Stored;
use crate::store::{StoreError, Tx, jobs, runs};

impl Weir {
    pub(super) async fn read_job(&self, caller: &Caller, id: JobId) -> Result<JobView, Error> {
        let caller = caller.clone();
        let mut view = self
            .store
            .read(move |conn| {
                let stored = jobs::require(conn, id)?;
                access::at_project(conn, &caller, Action::ReadJob, stored.job.project_id, "job")?;
                let view = super::runs::run_view(conn, stored.job.run_id)?;
                let spec = runs::spec(conn, stored.job.run_id, stored.position)?;
                let attempts = view
                    .jobs
                    .iter()
                    .filter(|job| job.name == stored.job.name)
                    .map(|job| (job.id, job.attempt, job.status))
                    .collect();
                let job = view.jobs.into_iter().find(|job| job.id == id).unwrap_or(stored.job);
                let mut variables = spec.variables;
                if access::may_see_variables(conn, &caller, &view.run)? {
                    variables.extend(runs::variables(conn, job.run_id)?.into_iter().filter(given::is_for_jobs));
                    variables.extend(stored.variables);
                }
                let mut script = spec.before_script;
                script.extend(spec.script);
                let child = job.child.map(|child| runs::get(conn, child)).transpose()?.flatten();
                Ok(JobView {
                    child,
                    seq: view.seq,
                    job,
                    run: view.run,
                    attempts,
                    variables: last_wins(variables),
                    script,
                    after_script: spec.after_script,
                    trace_bytes: 0,
                })
            })
            .await?;
        view.trace_bytes = self.logs.held(id).unwrap_or(0);
        Ok(view)
    }

    /// A job alone.
    pub async fn read_job_only(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        self.job_for(caller, id, Action::ReadJob).await
    }

    /// A job of which the caller may do this.
    pub(crate) async fn job_for(&self, caller: &Caller, id: JobId, action: Action) -> Result<Job, Error> {
        let caller = caller.clone();
        let job = self.store.read(move |conn| {
            let job = jobs::require(conn, id)?.job;
            access::at_project(conn, &caller, action, job.project_id, "job")?;
            Ok(job)
        });
        Ok(job.await?)
    }

    /// The job whose trace the caller opens; noted.
    pub async fn open_trace(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let job = self.job_for(caller, id, Action::ReadTrace).await?;
        self.note_view(caller, id);
        Ok(job)
    }

    /// Whether the caller may still read a job's trace, which is open already.
    pub async fn may_read_trace(&self, caller: &Caller, id: JobId) -> bool {
        self.job_for(caller, id, Action::ReadTrace).await.is_ok()
    }

    /// The job whose artifacts the caller fetches: those that only jobs get, those of developers and of maintainers
    /// are for them.
    pub async fn open_artifact(&self, caller: &Caller, id: JobId, access: model::plan::Access) -> Result<Job, Error> {
        let Some(action) = policy::artifacts(access.as_str()) else {
            self.job_for(caller, id, Action::ReadArtifacts).await?;
            return Err(Error::forbidden("`artifacts:access: none`: only jobs get these artifacts"));
        };
        self.job_for(caller, id, action).await
    }

    pub(super) async fn read_log(&self, caller: &Caller, id: JobId, from: Lines, limit: u32) -> Result<LogPage, Error> {
        let job = self.open_trace(caller, id).await?;
        let logs = std::sync::Arc::clone(&self.logs);
        let limit = limit.clamp(1, 5000);
        let page = tokio::task::spawn_blocking(move || match from {
            Lines::From(line) => logs.lines(id, line.max(1), limit),
            Lines::Tail => logs.tail(id, limit),
        });
        let mut page = page
            .await
            .map_err(|error| Error::internal(error.to_string()))?
            .map_err(|error| Error::unavailable(format!("the log cannot be read: {error}")))?;
        page.complete = job.status.is_complete();
        Ok(page)
    }

    pub(super) async fn play(&self, caller: &Caller, id: JobId, variables: Vec<Variable>) -> Result<Job, Error> {
        given::check(&variables, Names::OfAShell)?;
        let caller = caller.clone();
        let job = self.store.write(move |tx| {
            let stored = controlled(tx, &caller, "job.play", id)?;
            let user = caller.user.clone();
            let reason = Reason::PlayedBy { user: user.clone() };
            if !stored.job.is_playable() {
                let again = stored.job.is_retryable() && matches!(stored.job.when, When::Manual | When::Delayed);
                if !again {
                    return Err(Error::conflict(format!(
                        "only a manual or a scheduled job can be played; this one is {}",
                        stored.job.status
                    ))
                    .into());
                }
                // It was played before: another attempt, with its variables unless there are others now.
                let new = scheduler::again(tx, &stored, &user, &reason)?;
                if !variables.is_empty() {
                    jobs::set_user(tx, new, &user, &variables)?;
                }
                scheduler::settle(tx, stored.job.run_id, false)?;
                return Ok(jobs::require(tx.conn(), new)?.job);
            }
            begin(tx, &stored.job, &user, &variables)?;
            Ok(jobs::require(tx.conn(), id)?.job)
        });
        Ok(job.await?)
    }

    /// Answers for a job that waits for a person: it is played, or it is refused and ends, as does what waits for it
    /// (docs/adr/0013-codearts.md). What they say of it is in the audit log, and why it was refused in the job.
    pub async fn review(
        &self,
        caller: &Caller,
        id: JobId,
        accepted: bool,
        comment: Option<String>,
    ) -> Result<Job, Error> {
        let caller = caller.clone();
        let job = self.store.write(move |tx| {
            let run = runs::require(tx.conn(), jobs::require(tx.conn(), id)?.job.run_id)?;
            access::control(tx.conn(), &caller, &run, "job")?;
            let job = jobs::require(tx.conn(), id)?.job;
            if job.status != Status::Manual {
                return Err(Error::conflict(format!("the job waits for nobody; it is {}", job.status)).into());
            }
            let said = comment.as_deref().map(|comment| audit::change("comment", None, Some(comment)));
            let action = if accepted { "job.play" } else { "job.refuse" };
            let target = format!("job {id} {}", job.name);
            audit::of_project(tx, &caller, action, job.project_id, &target, said.into_iter().collect());
            let user = caller.user.clone();
            if accepted {
                begin(tx, &job, &user, &[])?;
            } else {
                scheduler::cancel_one(tx, id, &Reason::RefusedBy { user, comment })?;
                scheduler::settle(tx, job.run_id, false)?;
            }
            Ok(jobs::require(tx.conn(), id)?.job)
        });
        Ok(job.await?)
    }

    /// Lets a scheduled job wait for somebody instead of its time.
    pub(super) async fn stop_clock(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let caller = caller.clone();
        let job = self.store.write(move |tx| {
            let job = controlled(tx, &caller, "job.unschedule", id)?.job;
            if job.status != Status::Scheduled {
                let text = format!("only a scheduled job can be unscheduled; this one is {}", job.status);
                return Err(Error::conflict(text).into());
            }
            let reason = Reason::WaitsForPerson { blocking: !job.allow_failure };
            jobs::transition(tx, id, Status::Scheduled, Status::Manual, &reason)?;
            scheduler::settle(tx, job.run_id, false)?;
            Ok(jobs::require(tx.conn(), id)?.job)
        });
        Ok(job.await?)
    }

    pub(super) async fn retry(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let caller = caller.clone();
        let job = self.store.write(move |tx| {
            let stored = retryable(tx, &caller, id)?;
            let new = scheduler::again(tx, &stored, &caller.user, &Reason::RetriedBy { user: caller.user.clone() })?;
            scheduler::settle(tx, stored.job.run_id, false)?;
            Ok(jobs::require(tx.conn(), new)?.job)
        });
        Ok(job.await?)
    }

    /// Retries jobs of one run: all of them, or none.
    pub async fn retry_jobs(&self, caller: &Caller, ids: Vec<JobId>) -> Result<(), Error> {
        let caller = caller.clone();
        let done = self.store.write(move |tx| {
            let all = ids.iter().map(|id| retryable(tx, &caller, *id)).collect::<Result<Vec<_>, _>>()?;
            let reason = Reason::RetriedBy { user: caller.user.clone() };
            for stored in &all {
                // One that waits behind another of them has its turn again with that already.
                if !jobs::require(tx.conn(), stored.job.id)?.job.retried {
                    scheduler::again(tx, stored, &caller.user, &reason)?;
                }
            }
            if let Some(stored) = all.first() {
                scheduler::settle(tx, stored.job.run_id, false)?;
            }
            Ok(())
        });
        Ok(done.await?)
    }

    pub(super) async fn cancel(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let caller = caller.clone();
        let job = self.store.write(move |tx| {
            let stored = controlled(tx, &caller, "job.cancel", id)?;
            let user = caller.user.clone();
            if stored.job.status == Status::Canceling {
                return Ok(stored.job);
            }
            if !stored.job.is_cancelable() {
                return Err(Error::conflict(format!("the job cannot be canceled: it is {}", stored.job.status)).into());
            }
            scheduler::cancel_one(tx, id, &Reason::CanceledBy { user: user.clone() })?;
            scheduler::settle(tx, stored.job.run_id, false)?;
            Ok(jobs::require(tx.conn(), id)?.job)
        });
        Ok(job.await?)
    }
}

impl Weir {
    /// Ends a job that is being canceled, whatever its runner still does.
    pub async fn cancel_by_force(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let by = caller.clone();
        let asked = self.store.write(move |tx| {
            let job = jobs::require(tx.conn(), id)?.job;
            access::at_project(tx.conn(), &by, Action::ForceCancel, job.project_id, "job")?;
            if job.status != Status::Canceling {
                let text =
                    format!("only a job that is being canceled can be ended by force; this one is {}", job.status);
                return Err(Error::forbidden(text).into());
            }
            let target = format!("job {id} {}", job.name);
            audit::of_project(tx, &by, "job.force_cancel", job.project_id, &target, vec![]);
            Ok(())
        });
        asked.await?;
        match self.end_job(id, End::Success).await {
            // Its runner was faster.
            Err(error) if error.kind == ErrorKind::Conflict => self.job_for(caller, id, Action::ReadJob).await,
            other => other,
        }
    }

    /// The job whose token is shown, and its run; `None` when it is another kind of caller.
    pub async fn own_job(&self, caller: &Caller) -> Result<Option<(Job, Run)>, Error> {
        let Via::Job(id, _) = caller.via else { return Ok(None) };
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            // Still good, that is.
            access::Standing::of(conn, &caller)?;
            let job = jobs::require(conn, id)?.job;
            let run = runs::require(conn, job.run_id)?;
            Ok(Some((job, run)))
        });
        Ok(found.await?)
    }
}

/// Lets a job that was played take its step.
fn begin(tx: &mut Tx<'_>, job: &Job, user: &str, variables: &[Variable]) -> Result<(), StoreError> {
    let reason = Reason::PlayedBy { user: user.to_owned() };
    jobs::set_user(tx, job.id, user, variables)?;
    scheduler::start::let_run(tx, job.id, job.status, &reason)?;
    scheduler::reopen_behind(tx, job.run_id, &job.name)?;
    scheduler::bridge::reopen(tx, job.run_id, user)?;
    scheduler::settle(tx, job.run_id, false)
}

/// A job that the caller may retry, and that can be; recorded.
fn retryable(tx: &mut Tx<'_>, caller: &Caller, id: JobId) -> Result<Stored, StoreError> {
    let stored = controlled(tx, caller, "job.retry", id)?;
    // What ends it is under way: nobody has to wait for that before trying again.
    let is_ending = stored.job.status == Status::Canceling && !stored.job.retried;
    if stored.job.is_retryable() || is_ending {
        return Ok(stored);
    }
    let why =
        if stored.job.retried { "it was retried already".to_owned() } else { format!("it is {}", stored.job.status) };
    Err(Error::conflict(format!("the job cannot be retried: {why}")).into())
}

/// A job that the caller may play, retry and cancel; recorded.
fn controlled(tx: &mut Tx<'_>, caller: &Caller, action: &'static str, id: JobId) -> Result<Stored, StoreError> {
    let stored = jobs::require(tx.conn(), id)?;
    let run = runs::require(tx.conn(), stored.job.run_id)?;
    access::control(tx.conn(), caller, &run, "job")?;
    let target = format!("job {id} {}", stored.job.name);
    audit::of_project(tx, caller, action, stored.job.project_id, &target, vec![]);
    Ok(stored)
}

/// Of variables with the same name only the last, in the place of the first.
pub(crate) fn last_wins(variables: Vec<Variable>) -> Vec<Variable> {
    let mut kept: Vec<Variable> = Vec::with_capacity(variables.len());
    for variable in variables {
        match kept.iter_mut().find(|one| one.key == variable.key) {
            Some(one) => *one = variable,
            None => kept.push(variable),
        }
    }
    kept
}
