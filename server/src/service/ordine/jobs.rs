//! Jobs in Ordine's sense: runs, and records that scripts keep themselves.

use std::time::Duration;

use model::{Caller, Error, Run, RunId, Status};

use super::{Brief, Handmade, HandmadeChange, JobFilter, Ordine, State};
use crate::auth::Action;
use crate::service::{LastSeen, access};
use crate::store::{ordine, runs};

/// How long a cancel waits until the processes are gone.
const STOP: Duration = Duration::from_secs(30);

/// A job in Ordine's sense.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A run, with its jobs in a few words.
    Run(Box<Run>, Vec<Brief>),
    /// A record that no runner ever takes.
    Handmade(Box<Handmade>),
}

impl Entry {
    /// Where it stands.
    pub fn state(&self) -> State {
        match self {
            Self::Run(run, _) => State::of(run.status),
            Self::Handmade(job) => job.state,
        }
    }
}

/// A page of both kinds, newest first.
#[derive(Clone, Debug)]
pub struct JobList {
    /// The entries.
    pub entries: Vec<Entry>,
    /// How many there are in all.
    pub total: u64,
    /// Give this as `before` for the next page.
    pub next: Option<(i64, i64)>,
}

impl Ordine<'_> {
    /// Runs and hand-made jobs, newest first.
    pub async fn jobs(&self, caller: &Caller, filter: JobFilter) -> Result<JobList, Error> {
        let limit = filter.limit as usize;
        let caller = caller.clone();
        let list = self.0.store.read(move |conn| {
            let scope = access::scope(conn, &caller, Action::ReadRuns)?;
            let handmade = access::at_default(conn, &caller, Action::ReadRuns, "job").is_ok();
            let page = ordine::jobs(conn, &filter, &scope, handmade)?;
            let (mut of_runs, mut of_handmade) =
                (page.runs.into_iter().peekable(), page.handmade.into_iter().peekable());
            let mut before = filter.before.unwrap_or((i64::MAX, i64::MAX));
            let mut entries = Vec::new();
            while entries.len() < limit {
                // Each kind is in order by itself, so no page leaves one out or repeats it.
                let run_first = match (of_runs.peek(), of_handmade.peek()) {
                    (Some(run), Some(job)) => run.created_at >= job.created_at,
                    (run, None) => {
                        if run.is_none() {
                            break;
                        }
                        true
                    }
                    (None, Some(_)) => false,
                };
                if run_first {
                    entries.extend(of_runs.next().map(|run| {
                        before.0 = run.id.0;
                        Entry::Run(Box::new(run), Vec::new())
                    }));
                } else {
                    entries.extend(of_handmade.next().map(|job| {
                        before.1 = job.rank;
                        Entry::Handmade(Box::new(job))
                    }));
                }
            }
            let more = of_runs.peek().is_some() || of_handmade.peek().is_some();
            let ids: Vec<RunId> = entries
                .iter()
                .filter_map(|entry| match entry {
                    Entry::Run(run, _) => Some(run.id),
                    Entry::Handmade(_) => None,
                })
                .collect();
            let mut briefs = ordine::briefs(conn, &ids)?;
            for entry in &mut entries {
                if let Entry::Run(run, of_run) = entry {
                    *of_run = briefs.remove(&run.id).unwrap_or_default();
                }
            }
            Ok(JobList { entries, total: page.total, next: more.then_some(before) })
        });
        Ok(list.await?)
    }

    /// A job by id: a hand-made one's, a run's uid, or a run's number.
    pub async fn job(&self, caller: &Caller, id: &str) -> Result<Entry, Error> {
        let (id, caller) = (id.to_owned(), caller.clone());
        let found = self.0.store.read(move |conn| {
            if let Some(job) = ordine::handmade_by_id(conn, &id)? {
                access::at_default(conn, &caller, Action::ReadRuns, "job")?;
                return Ok(Some(Entry::Handmade(Box::new(job))));
            }
            let run = match runs::id_of_uid(conn, &id)? {
                Some(run) => Some(run),
                None => id.parse::<RunId>().ok(),
            };
            let Some(run) = run else { return Ok(None) };
            let Some(run) = runs::get(conn, run)? else { return Ok(None) };
            access::at_project(conn, &caller, Action::ReadRuns, run.project_id, "job")?;
            let briefs = ordine::briefs(conn, &[run.id])?.remove(&run.id).unwrap_or_default();
            Ok(Some(Entry::Run(Box::new(run), briefs)))
        });
        found.await?.ok_or_else(|| Error::not_found("job"))
    }

    /// Makes a hand-made job.
    pub async fn create_job(&self, caller: &Caller, mut job: Handmade) -> Result<Entry, Error> {
        if job.state == State::Failed && job.error.as_deref().is_none_or(|text| text.trim().is_empty()) {
            job.error = Some("failed; no reason was given".into());
        }
        let by = caller.clone();
        let made = self.0.store.write(move |tx| {
            access::at_default(tx.conn(), &by, Action::StartRun, "job")?;
            ordine::insert_handmade(tx, &job)
        });
        let made = made.await?;
        Ok(Entry::Handmade(Box::new(made)))
    }

    /// Changes a hand-made job, or cancels a run; any other change of a run is a conflict.
    pub async fn change_job(&self, caller: &Caller, id: &str, change: HandmadeChange) -> Result<Entry, Error> {
        let run = match self.job(caller, id).await? {
            Entry::Handmade(job) => {
                let by = caller.clone();
                let changed = self.0.store.write(move |tx| {
                    access::at_default(tx.conn(), &by, Action::ControlRun, "job")?;
                    ordine::change_handmade(tx, &job.id, &change)
                });
                let changed = changed.await?;
                return Ok(Entry::Handmade(Box::new(changed)));
            }
            Entry::Run(run, _) => run,
        };
        let (by, of) = (caller.clone(), (*run).clone());
        self.0.store.read(move |conn| access::control(conn, &by, &of, "job")).await?;
        let state = State::of(run.status);
        match change.state {
            Some(State::Cancelled) if run.status != Status::Canceled && !state.is_final() => {
                self.stop(caller, run.id).await?;
                let entry = self.job(caller, id).await?;
                match entry.state() {
                    State::Cancelled => Ok(entry),
                    other => {
                        Err(Error::conflict(format!("the job was {} before it could be cancelled", other.as_str())))
                    }
                }
            }
            Some(wanted) if wanted != state => Err(Error::conflict(if state.is_final() {
                format!("the job is {} and changes no more", state.as_str())
            } else {
                format!("a run is moved by its runner, it cannot be set {}; it can be cancelled", wanted.as_str())
            })),
            _ if change.result.is_some() || change.error.is_some() || change.title.is_some() => {
                if change.state.is_some() {
                    return self.job(caller, id).await;
                }
                Err(Error::conflict("result, error and title of a run are its runner's"))
            }
            _ => self.job(caller, id).await,
        }
    }

    /// Cancels a run and waits until its processes are gone.
    async fn stop(&self, caller: &Caller, id: RunId) -> Result<(), Error> {
        let mut changes = self.0.bus().watch();
        self.0.stop_run(caller, id).await?;
        let deadline = tokio::time::Instant::now() + STOP;
        loop {
            changes.borrow_and_update();
            let run = self.0.store.read(move |conn| runs::require(conn, id)).await?;
            if run.status.is_complete() {
                return Ok(());
            }
            // A process that will not end is the runner's affair; the cancel stands in any case.
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Deletes a hand-made job at once, or a run after its processes were stopped.
    pub async fn delete_job(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        match self.job(caller, id).await? {
            Entry::Handmade(job) => {
                let by = caller.clone();
                let gone = self.0.store.write(move |tx| {
                    access::at_default(tx.conn(), &by, Action::DeleteRun, "job")?;
                    ordine::delete_handmade(tx, &job.id)
                });
                let gone = gone.await?;
                if gone { Ok(()) } else { Err(Error::not_found("job")) }
            }
            Entry::Run(run, _) => self.0.remove_run(caller, run.id, LastSeen::default()).await,
        }
    }
}
