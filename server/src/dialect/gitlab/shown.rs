//! Runs and jobs as answers show them, with who and what stands behind them.

use model::{Job, JobId, Run};

use super::error::Refused;
use super::target::Asked;
use super::wire::{JobObject, Pipeline};
use crate::clock;

impl Asked {
    /// A run as the answer of what changed it. The command line, which asks below `/weir`, finds a name in it.
    pub async fn run_shown(&self, run: &Run) -> Result<Pipeline, Refused> {
        let account = self.weir.account_called(&run.user).await?;
        let shown = Pipeline::new(run, self.base()).by(account.as_ref(), self.base());
        Ok(if self.is_of_project() { shown } else { shown.titled(run) })
    }

    /// Jobs with all that is known of them.
    pub async fn jobs_shown(&self, jobs: Vec<(Job, Run)>) -> Result<Vec<JobObject>, Refused> {
        let now = clock::now();
        let details = self.weir.details_of(jobs).await?;
        Ok(details.iter().map(|one| JobObject::whole(one, self.base(), now)).collect())
    }

    /// One job as it is now, with all that is known of it.
    pub async fn job_shown(&self, id: JobId) -> Result<JobObject, Refused> {
        let found = self.weir.job_and_run(&self.caller, id).await?;
        self.jobs_shown(vec![found]).await?.pop().ok_or_else(Refused::not_found)
    }
}
