//! Environments: what stands where, and taking it down.

use model::view::{EnvironmentView, EnvironmentsView};
use model::{Caller, Environment, EnvironmentId, EnvironmentState, Error, Job, JobId, Run, Status};

use app::service::Service as _;

use super::{Weir, access, audit};
use crate::auth::Action;
use crate::store::{Snapshot, StoreError, environments, jobs, runs};

impl Weir {
    pub(super) async fn list_environments(&self, caller: &Caller) -> Result<EnvironmentsView, Error> {
        let caller = caller.clone();
        let view = self.store.read(move |conn| {
            let scope = access::scope_of_page(conn, &caller, Action::ReadEnvironments)?;
            let mut all = environments::list(conn)?;
            all.retain(|one| scope.holds(one.project_id));
            let environments = all.into_iter().map(|one| view(conn, one)).collect::<Result<_, _>>()?;
            Ok(EnvironmentsView { seq: runs::seq(conn)?, environments })
        });
        Ok(view.await?)
    }

    /// The job by which something came to stand in an environment, for who sees that.
    pub async fn job_of_deployment(&self, caller: &Caller, id: JobId) -> Result<(Job, Run), Error> {
        let job = self.job_for(caller, id, Action::ReadEnvironments).await?;
        let of = job.run_id;
        Ok((job, self.store.read(move |conn| runs::require(conn, of)).await?))
    }

    /// Plays (or runs again) the job that takes an environment down; without one it only counts as
    /// stopped from now on.
    pub(super) async fn take_down(&self, caller: &Caller, id: EnvironmentId) -> Result<EnvironmentView, Error> {
        let by = caller.clone();
        let (environment, job) = self
            .store
            .read(move |conn| {
                let environment = environments::require(conn, id)?;
                let project = environment.project_id;
                access::at_project(conn, &by, Action::ManageEnvironments, project, "environment")?;
                let job = stop_job(conn, id)?;
                Ok((environment, job))
            })
            .await?;
        if environment.state != EnvironmentState::Available {
            let text = format!("the environment {} is {} already", environment.name, environment.state.as_str());
            return Err(Error::conflict(text));
        }
        match job {
            Some(job) if job.is_playable() => {
                self.play_job(caller, job.id, Vec::new()).await?;
            }
            Some(job) if job.is_retryable() => {
                self.retry_job(caller, job.id).await?;
            }
            Some(job) => {
                let text = format!("{} takes it down, and is {}: {}", job.name, job.status, job.reason);
                return Err(Error::conflict(text));
            }
            None => {
                let stopped = EnvironmentState::Stopped;
                let (by, name, project) = (caller.clone(), environment.name.clone(), environment.project_id);
                let stop = self.store.write(move |tx| {
                    audit::of_project(tx, &by, "environment.stop", project, &format!("environment {name}"), vec![]);
                    environments::set_state(tx, id, stopped, None)
                });
                stop.await?;
            }
        }
        let now = move |conn: &Snapshot| view(conn, environments::require(conn, id)?);
        Ok(self.store.read(now).await?)
    }
}

fn view(conn: &Snapshot, environment: Environment) -> Result<EnvironmentView, StoreError> {
    let last = environments::newest(conn, environment.id, None)?.map(|(deployment, _)| deployment);
    let live = environments::newest(conn, environment.id, Some(Status::Success))?.map(|(deployment, _)| deployment);
    let stop_job = stop_job(conn, environment.id)?.map(|job| job.id);
    let live = live.filter(|live| last.as_ref().is_none_or(|last| last.id != live.id));
    Ok(EnvironmentView { environment, last, live, stop_job })
}

/// The latest attempt of the job that takes an environment down (`environment:on_stop`), of the run
/// whose deployment stands there: the last that went well, or else the last.
fn stop_job(conn: &Snapshot, id: EnvironmentId) -> Result<Option<Job>, StoreError> {
    let standing = match environments::newest(conn, id, Some(Status::Success))? {
        Some(standing) => Some(standing),
        None => environments::newest(conn, id, None)?,
    };
    let Some((deployment, Some(name))) = standing else { return Ok(None) };
    let called: Option<JobId> = jobs::latest_called(conn, deployment.run_id, &name)?;
    called.map(|job| Ok(jobs::require(conn, job)?.job)).transpose()
}
