//! Environments follow the jobs that work on them: one that begins to deploy makes its environment
//! available, one that took it down makes it stopped.

use model::plan::{EnvironmentAction, Variable};
use model::{Environment, EnvironmentState, JobId, Status, Tier};

use super::spec_of;
use crate::store::{StoreError, Tx, environments, jobs};

/// Puts what a job hands on into the address that it deploys to, of which it may be a part; `shown` is the address as
/// anybody may see it.
pub fn complete_address(
    tx: &mut Tx<'_>,
    id: JobId,
    handed_on: &[(String, String)],
    shown: impl Fn(&str) -> String,
) -> Result<(), StoreError> {
    let Some(url) = environments::url(tx.conn(), id)? else { return Ok(()) };
    let told: Vec<_> = handed_on.iter().map(|(key, value)| Variable::new(key.clone(), value.clone())).collect();
    let url = pipeline::expand(&url, &|key| told.iter().rfind(|one| one.key == key)).unwrap_or(url);
    environments::set_url(tx, id, &shown(&url))
}

/// Records what the step of this job, which has an environment, means for it.
pub(super) fn follow(tx: &mut Tx<'_>, id: JobId) -> Result<(), StoreError> {
    let stored = jobs::require(tx.conn(), id)?;
    let job = &stored.job;
    let Some(spec) = spec_of(tx, &stored)?.environment else { return Ok(()) };
    if job.status == Status::Running {
        let tier = spec.deployment_tier.as_deref().and_then(|tier| tier.parse().ok());
        let tier = tier.unwrap_or_else(|| Tier::of_name(&spec.name));
        let slug = Environment::slug_of(&spec.name);
        let environment = environments::ensure(tx, job.project_id, &spec.name, &slug, tier)?;
        return match spec.action {
            EnvironmentAction::Start => {
                environments::set_state(tx, environment, EnvironmentState::Available, None)?;
                environments::begin(tx, job, environment, spec.on_stop.as_deref())
            }
            EnvironmentAction::Stop => environments::set_state(tx, environment, EnvironmentState::Stopping, None),
            EnvironmentAction::Prepare | EnvironmentAction::Verify | EnvironmentAction::Access => Ok(()),
        };
    }
    // One that ended before it began has touched nothing.
    if !job.status.is_final() || job.started_at.is_none() {
        return Ok(());
    }
    let Some(environment) = environments::called(tx.conn(), job.project_id, &spec.name)? else { return Ok(()) };
    let went_well = job.status == Status::Success;
    match spec.action {
        EnvironmentAction::Start => {
            environments::end(tx, id, job.status)?;
            if went_well && let Some(url) = environments::url(tx.conn(), id)? {
                environments::set_state(tx, environment, EnvironmentState::Available, Some(&url))?;
            }
            Ok(())
        }
        EnvironmentAction::Stop => {
            let state = if went_well { EnvironmentState::Stopped } else { EnvironmentState::Available };
            environments::set_state(tx, environment, state, None)
        }
        EnvironmentAction::Prepare | EnvironmentAction::Verify | EnvironmentAction::Access => Ok(()),
    }
}
