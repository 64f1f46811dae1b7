//! Jobs whose runner is gone, and jobs that run past their time although their runner should have
//! ended them: the server's own backstop behind the runner's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    jobs: Mutex<HashMap<JobId, Heard>>,
    runners: Mutex<HashMap<RunnerId, (Timestamp, u32)>>,
    /// What was noted of their processes, and when.
    noted: Mutex<HashMap<(RunnerId, String), (Timestamp, RunnerManager)>>,
}

/// When this server first and last heard of a job. Not by the time of day: whoever sets the clock forward must not end jobs.
#[derive(Clone, Copy, Debug)]
struct Heard {
    first: Instant,
    last: Instant,
}

impl Heard {
    /// Why a job that may run for so many seconds is taken for lost; none if it is not.
    fn loss(self, timeout: u32, now: Instant) -> Option<(FailureReason, String)> {
        let silent = now.saturating_duration_since(self.last);
        if silent > LOST {
            let text = format!("nothing was heard of its runner for {} s", silent.as_secs());
            return Some((FailureReason::StuckOrTimeoutFailure, text));
        }
        let most = Duration::from_secs(timeout.into()) + SLACK;
        (now.saturating_duration_since(self.first) > most).then(|| {
            let text = format!("it ran longer than its {timeout} s and its runner did not end it");
            (FailureReason::JobExecutionTimeout, text)
        })
    }
}

impl Heartbeats {
    /// The runner of this job was heard of.
    pub fn job(&self, id: JobId) {
        let now = Instant::now();
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.entry(id).or_insert(Heard { first: now, last: now }).last = now;
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

    fn heard(&self, id: JobId) -> Option<Heard> {
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
        for (id, _) in running {
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
            self.store.write(move |tx| jobs::expire_artifacts(tx, id)).await?;
        }
        Ok(())
    }

    /// Ends the jobs whose runner is lost or that run past their time. Reads nothing while no job
    /// runs.
    pub async fn sweep_lost(&self) -> Result<(), Error> {
        if !self.heartbeats.known_jobs() {
            return Ok(());
        }
        for (id, timeout) in self.store.read(queue::running).await? {
            let loss = self.heartbeats.heard(id).and_then(|heard| heard.loss(timeout, Instant::now()));
            if let Some((failure, text)) = loss {
                self.end_job(id, End::Failed { failure, exit_code: None, detail: Some(text) }).await?;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_lost_by_the_time_that_went_by_and_not_by_what_the_clock_shows() {
        let first = Instant::now();
        let at = |seconds| first + Duration::from_secs(seconds);
        let loss = |last, timeout, now| Heard { first, last: at(last) }.loss(timeout, at(now)).map(|(why, _)| why);
        assert_eq!(loss(0, 3600, 599), None);
        assert_eq!(loss(0, 3600, 601), Some(FailureReason::StuckOrTimeoutFailure));
        assert_eq!(loss(3700, 3600, 3719), None);
        assert_eq!(loss(3700, 3600, 3721), Some(FailureReason::JobExecutionTimeout));
        assert_eq!(loss(10, 60, 0), None);
        let (_, text) = Heard { first, last: at(200) }.loss(60, at(200)).unwrap();
        assert_eq!(text, "it ran longer than its 60 s and its runner did not end it");
    }
}
