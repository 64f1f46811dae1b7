//! What stands behind runs and jobs, for who shows them whole: who started them, for which commit, who ran them, and
//! what they wrote. Whoever calls has the objects already, and so may see this of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::{Caller, Error, Job, JobId, Run, RunId, RunnerId, Timestamp, User};

use super::{Weir, access};
use crate::auth::Action;
use crate::store::runs::CommitDetails;
use crate::store::{Snapshot, StoreError, jobs, runners, runs, users};

/// A job with what stands behind it.
#[derive(Clone, Debug)]
pub struct JobDetails {
    /// The job.
    pub job: Job,
    /// Its run.
    pub run: Run,
    /// The account of who started it; `None` when there is none, or none any more.
    pub user: Option<User>,
    /// What is known of the commit.
    pub commit: CommitDetails,
    /// Who ran it, as long as that is known.
    pub runner: Option<JobRunner>,
    /// Bytes of its log, once it has ended and has one.
    pub log: Option<u64>,
}

/// The runner of a job.
#[derive(Clone, Debug)]
pub struct JobRunner {
    /// Its number.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// Whether it takes no jobs for now.
    pub paused: bool,
    /// Whether it is for one project alone.
    pub is_of_project: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it was heard of lately.
    pub is_online: bool,
    /// How many jobs run on it.
    pub running: u64,
    /// Who made it; `None` for the server's own.
    pub creator: Option<User>,
}

impl Weir {
    /// The account that has this name.
    pub async fn account_called(&self, name: &str) -> Result<Option<User>, Error> {
        let name = name.to_owned();
        Ok(self.store.glance(move |conn| users::by_name(conn, &name)).await?)
    }

    /// A job and its run, for who may see it.
    pub async fn job_and_run(&self, caller: &Caller, id: JobId) -> Result<(Job, Run), Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let job = jobs::require(conn, id)?.job;
            access::at_project(conn, &caller, Action::ReadJob, job.project_id, "job")?;
            let run = runs::require(conn, job.run_id)?;
            Ok((job, run))
        });
        Ok(found.await?)
    }

    /// Jobs with what stands behind them, in the same order.
    pub async fn details_of(&self, found: Vec<(Job, Run)>) -> Result<Vec<JobDetails>, Error> {
        let online: HashSet<RunnerId> = self.heartbeats.online().into_iter().collect();
        let logs = Arc::clone(&self.logs);
        let details = self.store.read(move |conn| {
            let mut known = Known::default();
            let mut all = Vec::with_capacity(found.len());
            for (job, run) in found {
                let user = known.user(conn, &job.user)?;
                let commit = known.commit(conn, &run)?;
                let runner = match &job.runner {
                    Some(_) => known.runner(conn, job.id, &online)?,
                    None => None,
                };
                all.push(JobDetails { job, run, user, commit, runner, log: None });
            }
            Ok(all)
        });
        let mut details = details.await?;
        let sized = tokio::task::spawn_blocking(move || {
            for one in &mut details {
                // What still grows has no size yet, and what was erased none any more.
                if one.job.status.is_final() && one.job.started_at.is_some() && one.job.erased_at.is_none() {
                    one.log = logs.size_on_disk(one.job.id).filter(|bytes| *bytes > 0);
                }
            }
            details
        });
        sized.await.map_err(|error| Error::internal(error.to_string()))
    }
}

/// What was looked up already: the jobs of a list have most of it in common.
#[derive(Default)]
struct Known {
    users: HashMap<String, Option<User>>,
    commits: HashMap<RunId, CommitDetails>,
    runners: HashMap<RunnerId, Option<JobRunner>>,
}

impl Known {
    fn user(&mut self, conn: &Snapshot, name: &str) -> Result<Option<User>, StoreError> {
        if let Some(known) = self.users.get(name) {
            return Ok(known.clone());
        }
        let user = users::by_name(conn, name)?;
        self.users.insert(name.to_owned(), user.clone());
        Ok(user)
    }

    fn commit(&mut self, conn: &Snapshot, run: &Run) -> Result<CommitDetails, StoreError> {
        if let Some(known) = self.commits.get(&run.id) {
            return Ok(known.clone());
        }
        let details = runs::commit(conn, run)?.details;
        self.commits.insert(run.id, details.clone());
        Ok(details)
    }

    fn runner(
        &mut self,
        conn: &Snapshot,
        job: JobId,
        online: &HashSet<RunnerId>,
    ) -> Result<Option<JobRunner>, StoreError> {
        let Some(id) = jobs::runner_of(conn, job)? else { return Ok(None) };
        if let Some(known) = self.runners.get(&id) {
            return Ok(known.clone());
        }
        let found = match runners::get(conn, id)? {
            Some(runner) => Some(JobRunner {
                id,
                creator: match &runner.created_by {
                    Some(name) => self.user(conn, name)?,
                    None => None,
                },
                name: runner.name,
                paused: runner.paused,
                is_of_project: runner.project.is_some(),
                created_at: runner.created_at,
                is_online: online.contains(&id),
                running: runners::running(conn, id)?,
            }),
            None => None,
        };
        self.runners.insert(id, found.clone());
        Ok(found)
    }
}
