//! Jobs whose runner is gone, and jobs that run past their time although their runner should have
//! ended them: the server's own backstop behind the runner's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::{Error, FailureReason, JobId, RunnerId, RunnerManager, Timestamp};

use super::Weir;
use crate::clock;
use crate::scheduler;
use crate::scheduler::finish::{End, finish};
use crate::store::{Snapshot, jobs, queue, resources};

/// A runner that was not heard of for so long is lost: many times its own interval of 30 s.
const LOST: Duration = Duration::from_mins(10);
/// How long past its timeout a job may still report its end.
const SLACK: Duration = Duration::from_mins(2);
/// What is known of a runner's process is noted again after this time.
const NOTED: Duration = Duration::from_hours(12);
/// A runner heard of within this time is online.
const ONLINE: Duration = Duration::from_mins(2);

/// When jobs and runners were last heard of; kept in memory, so that a heartbeat costs no write.
#[derive(Debug, Default)]
pub struct Heartbeats {
    jobs: Mutex<HashMap<JobId, Timestamp>>,
    runners: Mutex<HashMap<RunnerId, (Timestamp, u32)>>,
    /// What was noted of their processes, and when.
    noted: Mutex<HashMap<(RunnerId, String), (Timestamp, RunnerManager)>>,
}

impl Heartbeats {
    /// The runner of this job was heard of.
    pub fn job(&self, id: JobId) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).insert(id, clock::now());
    }

    /// The job ended.
    pub fn ended(&self, id: JobId) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// The runner asks for a job; while the returned guard lives it waits for the answer.
    pub fn runner(&self, id: RunnerId) -> Waiting<'_> {
        let mut runners = self.runners.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = runners.entry(id).or_default();
        *entry = (clock::now(), entry.1 + 1);
        Waiting { beats: self, id }
    }

    /// Whether what is known of a process of a runner is to be noted: it is new, another, or was noted long ago.
    pub fn is_news(&self, id: RunnerId, of: &RunnerManager) -> bool {
        let now = clock::now();
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (id, of.system_id.clone());
        let is_known =
            noted.get(&key).is_some_and(|(at, known)| now.since(*at) < NOTED.as_millis() as i64 && known == of);
        if !is_known {
            noted.insert(key, (now, of.clone()));
        }
        !is_known
    }

    /// When a runner was last heard of since the server started.
    pub fn last_of_runner(&self, id: RunnerId) -> Option<Timestamp> {
        let runners = self.runners.lock().unwrap_or_else(PoisonError::into_inner);
        runners.get(&id).map(|(at, waiting)| if *waiting > 0 { clock::now() } else { *at })
    }

    /// The runners that wait for jobs or were heard of lately.
    pub fn online(&self) -> Vec<RunnerId> {
        let now = clock::now();
        let runners = self.runners.lock().unwrap_or_else(PoisonError::into_inner);
        let is_online = |(at, waiting): &(Timestamp, u32)| *waiting > 0 || now.since(*at) < ONLINE.as_millis() as i64;
        runners.iter().filter(|(_, beat)| is_online(beat)).map(|(id, _)| *id).collect()
    }

    /// How many there are.
    pub fn runners_online(&self) -> u64 {
        self.online().len() as u64
    }

    fn known_jobs(&self) -> bool {
        !self.jobs.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn last(&self, id: JobId) -> Option<Timestamp> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }
}

/// A runner's request that is being held.
#[derive(Debug)]
pub struct Waiting<'a> {
    beats: &'a Heartbeats,
    id: RunnerId,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut runners = self.beats.runners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, waiting)) = runners.get_mut(&self.id) {
            *at = clock::now();
            *waiting = waiting.saturating_sub(1);
        }
    }
}

impl Weir {
    /// Counts every job that runs as heard of now: at the start, when only the database knows them.
    pub async fn expect_running(&self) -> Result<(), Error> {
        let running = self.store.read(queue::running).await?;
        for (id, _, _) in running {
            self.heartbeats.job(id);
        }
        Ok(())
    }

    /// Does what is due, delayed jobs and artifacts that expire, and returns when something is next.
    pub async fn do_due(&self) -> Result<Option<Timestamp>, Error> {
        loop {
            let next = |conn: &Snapshot| Ok((resources::next_due(conn)?, jobs::next_expiry(conn)?));
            let (start, expiry) = self.store.read(next).await?;
            let now = clock::now();
            if start.is_some_and(|at| at <= now) {
                self.store.write(scheduler::start::due).await?;
            } else if expiry.is_some_and(|at| at <= now) {
                self.expire_artifacts(now).await?;
            } else {
                return Ok(start.into_iter().chain(expiry).min());
            }
        }
    }

    /// Deletes artifacts whose time is over.
    async fn expire_artifacts(&self, now: Timestamp) -> Result<(), Error> {
        for id in self.store.read(move |conn| jobs::expired(conn, now)).await? {
            // First the file: who sees that it is listed and finds it gone asks again.
            self.remove_artifacts(id).await?;
            self.store.write(move |tx| jobs::drop_artifacts(tx, id)).await?;
        }
        Ok(())
    }

    /// Ends the jobs whose runner is lost or that run past their time. Reads nothing while no job
    /// runs.
    pub async fn sweep_lost(&self) -> Result<(), Error> {
        if !self.heartbeats.known_jobs() {
            return Ok(());
        }
        let now = clock::now();
        for (id, started, timeout) in self.store.read(queue::running).await? {
            let silent = self.heartbeats.last(id).map_or(0, |at| now.since(at));
            let over = now.since(started) - i64::from(timeout) * 1000;
            let end = if silent > LOST.as_millis() as i64 {
                End::Failed {
                    failure: FailureReason::StuckOrTimeoutFailure,
                    exit_code: None,
                    detail: Some(format!("nothing was heard of its runner for {} s", silent / 1000)),
                }
            } else if over > SLACK.as_millis() as i64 {
                End::Failed {
                    failure: FailureReason::JobExecutionTimeout,
                    exit_code: None,
                    detail: Some(format!("it ran longer than its {timeout} s and its runner did not end it")),
                }
            } else {
                continue;
            };
            self.end_job(id, end).await?;
        }
        Ok(())
    }

    /// Ends an attempt and closes its trace; the trace is on disk before the status is.
    pub async fn end_job(&self, id: JobId, end: End) -> Result<model::Job, Error> {
        let end = self.refusals.explain(id, end);
        let logs = std::sync::Arc::clone(&self.logs);
        tokio::task::spawn_blocking(move || logs.finish(id))
            .await
            .map_err(|error| Error::internal(error.to_string()))?
            .map_err(|error| Error::unavailable(format!("the log cannot be written: {error}")))?;
        let pattern = self.store.glance(move |conn| Ok(jobs::require(conn, id)?.coverage_pattern)).await?;
        let coverage = match pattern {
            Some(pattern) => self.coverage_of(id, pattern).await,
            None => None,
        };
        let job = self
            .store
            .write(move |tx| {
                if coverage.is_some() {
                    jobs::set_reported(tx, id, None, coverage, None)?;
                }
                finish(tx, id, end)
            })
            .await?;
        self.heartbeats.ended(id);
        Ok(job)
    }
}
