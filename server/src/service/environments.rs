//! Environments: what stands where, and taking it down.

use model::view::{EnvironmentView, EnvironmentsView};
use model::{
    AuditChange, Caller, Environment, EnvironmentId, EnvironmentState, Error, Job, JobId, ProjectId, Run, Status, Tier,
};

use app::service::Service as _;

use super::{LastSeen, Weir, access, audit};
use crate::auth::Action;
use crate::store::{Snapshot, StoreError, environments, jobs, runs};

/// What people say about an environment; the outer `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentDraft {
    /// Its name; only of a new one.
    pub name: Option<String>,
    /// What it is for; a new one's name tells it otherwise.
    pub tier: Option<Tier>,
    /// Its address.
    pub external_url: Option<Option<String>>,
    /// What they say about it.
    pub description: Option<Option<String>>,
}

impl EnvironmentDraft {
    fn check(&self) -> Result<(), Error> {
        let in_name = |c: char| c.is_ascii_alphanumeric() || " -_/${}.".contains(c);
        if let Some(name) = &self.name
            && (name.is_empty()
                || name.len() > 255
                || !name.chars().all(in_name)
                || name.starts_with('/')
                || name.ends_with('/'))
        {
            let rule = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, but it cannot start or \
                        end with '/'";
            return Err(Error::invalid(format!("name: {rule}")));
        }
        let is_web = |text: &str| {
            let url = url::Url::parse(text).ok();
            text.len() <= 255 && url.is_some_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        if let Some(Some(text)) = &self.external_url
            && !is_web(text)
        {
            return Err(Error::invalid("external_url: must be an http or https address of at most 255 characters"));
        }
        if let Some(Some(text)) = &self.description
            && (text.chars().count() > 10_000 || text.contains('\0'))
        {
            return Err(Error::invalid("description: at most 10000 characters"));
        }
        Ok(())
    }
}

fn differences(before: &Environment, after: &Environment) -> Vec<AuditChange> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        ("tier", before.tier.as_str().to_owned(), after.tier.as_str().to_owned()),
        ("external_url", text(&before.external_url), text(&after.external_url)),
        ("description", text(&before.description), text(&after.description)),
    ];
    let changed = fields.iter().filter(|(_, before, after)| before != after);
    changed.map(|(field, before, after)| audit::change(field, Some(before), Some(after))).collect()
}

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

    /// Makes an environment, or changes one: what is not said stays.
    pub async fn put_environment(
        &self,
        caller: &Caller,
        project: ProjectId,
        id: Option<EnvironmentId>,
        draft: EnvironmentDraft,
    ) -> Result<EnvironmentView, Error> {
        draft.check()?;
        let caller = caller.clone();
        let put = self.store.write(move |tx| {
            access::at_project(tx.conn(), &caller, Action::ManageEnvironments, project, "environment")?;
            let (id, action) = if let Some(id) = id {
                (id, "environment.change")
            } else {
                let name = draft.name.clone().ok_or_else(|| Error::invalid("name: is missing"))?;
                if environments::called(tx.conn(), project, &name)?.is_some() {
                    return Err(Error::conflict("has already been taken").into());
                }
                let slug = Environment::slug_of(&name);
                let tier = draft.tier.unwrap_or_else(|| Tier::of_name(&name));
                (environments::ensure(tx, project, &name, &slug, tier)?, "environment.create")
            };
            let before = environments::require(tx.conn(), id)?;
            if before.project_id != project {
                return Err(Error::not_found("environment").into());
            }
            let after = Environment {
                tier: draft.tier.unwrap_or(before.tier),
                external_url: draft.external_url.clone().unwrap_or(before.external_url.clone()),
                description: draft.description.clone().unwrap_or(before.description.clone()),
                ..before.clone()
            };
            let target = format!("environment {}", before.name);
            audit::of_project(tx, &caller, action, project, &target, differences(&before, &after));
            environments::update(tx, &after)?;
            view(tx.conn(), environments::require(tx.conn(), id)?)
        });
        Ok(put.await?)
    }

    /// Deletes an environment that was stopped, unless it changed since it was seen.
    pub async fn drop_environment(
        &self,
        caller: &Caller,
        project: ProjectId,
        id: EnvironmentId,
        seen: LastSeen,
    ) -> Result<(), Error> {
        let caller = caller.clone();
        let dropped = self.store.write(move |tx| {
            access::at_project(tx.conn(), &caller, Action::ManageEnvironments, project, "environment")?;
            let environment = environments::require(tx.conn(), id)?;
            if environment.project_id != project {
                return Err(Error::not_found("environment").into());
            }
            seen.holds(environment.updated_at)?;
            if environment.state != EnvironmentState::Stopped {
                return Err(Error::forbidden("an environment is stopped before it is deleted").into());
            }
            let target = format!("environment {}", environment.name);
            audit::of_project(tx, &caller, "environment.delete", project, &target, Vec::new());
            environments::delete(tx, id)
        });
        Ok(dropped.await?)
    }

    /// Counts an environment as stopped from now on, without the job that would take it down.
    pub async fn force_stop(&self, caller: &Caller, id: EnvironmentId) -> Result<EnvironmentView, Error> {
        let caller = caller.clone();
        let stopped = self.store.write(move |tx| {
            let environment = environments::require(tx.conn(), id)?;
            let project = environment.project_id;
            access::at_project(tx.conn(), &caller, Action::ManageEnvironments, project, "environment")?;
            let target = format!("environment {}", environment.name);
            audit::of_project(tx, &caller, "environment.stop", project, &target, vec![]);
            environments::set_state(tx, id, EnvironmentState::Stopped, None)?;
            view(tx.conn(), environments::require(tx.conn(), id)?)
        });
        Ok(stopped.await?)
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
