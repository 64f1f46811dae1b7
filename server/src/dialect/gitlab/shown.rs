//! Runs and jobs as answers show them, with who and what stands behind them.

use model::{Job, JobId, Run, Seq};

use super::error::Refused;
use super::target::Address;
use super::wire::{JobObject, Pipeline};
use crate::clock;

impl Address {
    /// A run with the coverage of its jobs; and how new that is, which may be newer than the run itself.
    pub async fn run_covered(&self, (run, jobs): &(Run, Vec<Job>)) -> Result<(Pipeline, Seq), Refused> {
        let coverage = model::view::coverage(jobs).map(|percent| format!("{percent:.2}"));
        let version = jobs.iter().filter(|job| job.coverage.is_some()).map(|job| job.version).max();
        Ok((Pipeline { coverage, ..self.run_shown(run).await? }, version.unwrap_or_default().max(run.version)))
    }

    /// A run as the answer of what changed it. The command line, which asks below `/weir`, finds a name in it.
    pub async fn run_shown(&self, run: &Run) -> Result<Pipeline, Refused> {
        let account = self.weir.account_called(&run.user).await?;
        let shown = Pipeline::new(run, self.base()).by(account.as_ref(), self.base());
        Ok(if self.is_of_project() { shown } else { shown.titled(run) })
    }

    /// Jobs with all that is known of them.
    pub async fn jobs_shown(&self, jobs: Vec<(Job, Run)>) -> Result<Vec<JobObject>, Refused> {
        let now = clock::now();
        let mut details = self.weir.details_of(jobs).await?;
        if !self.caller.is_signed_in() {
            // Who looks after the server's runners is for its people.
            for runner in details.iter_mut().filter_map(|one| one.runner.as_mut()) {
                runner.creator = None;
            }
        }
        Ok(details.iter().map(|one| JobObject::whole(one, self.base(), now)).collect())
    }

    /// One job as it is now, with all that is known of it.
    pub async fn job_shown(&self, id: JobId) -> Result<JobObject, Refused> {
        let found = self.weir.job_and_run(&self.caller, id).await?;
        self.jobs_shown(vec![found]).await?.pop().ok_or_else(Refused::not_found)
    }
}
