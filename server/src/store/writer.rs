//! The one writer: a thread that takes closures from a channel and commits whatever has queued up
//! as one transaction, with a savepoint for each (group commit: one fsync per batch).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use model::event::Change;
use model::{Event, JobId, ProjectId, Seq, Timestamp};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::board::Boards;
use super::{Bus, StoreError};
use crate::clock;

/// The most closures in one transaction: bounds how long the first of them waits.
const BATCH: usize = 128;
/// Events are kept for at least this many commits; older clients take a fresh snapshot.
const WINDOW: i64 = 20_000;

type Task = Box<dyn FnOnce(&mut Tx<'_>) -> Finish + Send>;
/// What is left to do once it is known whether the batch was committed: answer the caller.
type Finish = Box<dyn FnOnce(&Result<(), Failure>) + Send>;

/// Why a batch was not committed.
struct Failure {
    message: String,
    full: bool,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
        Self { message: error.to_string(), full }
    }
}

/// A transaction in the writer. Everything done through it becomes visible together or not at all.
pub struct Tx<'a> {
    /// The connection, for the functions of this module's siblings.
    pub(in crate::store) conn: &'a Connection,
    /// The time of this transaction.
    pub now: Timestamp,
    /// What is known of runs in hand, as this transaction sees them.
    pub(in crate::store) boards: &'a mut Boards,
    seq: i64,
    events: Vec<Event>,
    queue_changed: bool,
    timer_changed: bool,
    /// Whether something was done that people do, which a list somewhere may show.
    noted: bool,
    /// Resource groups whose jobs took a step: somebody else may get them.
    groups: Vec<(ProjectId, String)>,
    /// Jobs with an environment that began or ended.
    deployed: Vec<JobId>,
    /// Jobs whose child run took another status.
    parents: Vec<JobId>,
    /// Set when SQLite gave up the whole transaction, not only one savepoint.
    lost: Option<Failure>,
}

impl Tx<'_> {
    /// The connection, to read what this transaction sees. Writing goes through the store's functions.
    pub fn conn(&self) -> &Connection {
        self.conn
    }

    /// The version that the next emitted change will have: to be stored in the object first.
    pub fn next_version(&self) -> Seq {
        Seq(self.seq + 1)
    }

    /// Records a visible change; the object in it must carry `next_version()`.
    pub fn emit(&mut self, change: Change) -> Result<(), StoreError> {
        self.seq += 1;
        let json = serde_json::to_string(&change)?;
        self.conn.prepare_cached("INSERT INTO events (seq, run_id, change) VALUES (?1, ?2, ?3)")?.execute((
            self.seq,
            change.run_id().map(|id| id.0),
            json,
        ))?;
        self.events.push(Event { seq: Seq(self.seq), change });
        Ok(())
    }

    /// Records that an object without a stream of its own changed (`what` names it), so that lists
    /// are looked at again. Returns its new version.
    pub fn touch(&mut self, what: &str) -> Result<Seq, StoreError> {
        let version = self.next_version();
        self.emit(Change::Touched(what.to_owned()))?;
        Ok(version)
    }

    /// Notes that somebody did something. Where no change tells of it, because it has no stream, who waits for lists to
    /// change is told all the same.
    pub(in crate::store) fn note(&mut self) {
        self.noted = true;
    }

    /// Writes something that nobody reads: only to learn whether writing works.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        self.conn.prepare_cached("INSERT OR REPLACE INTO probe (id, at) VALUES (1, ?1)")?.execute([self.now.0])?;
        Ok(())
    }

    /// Tells dispatch, after the commit, that there is a pending job.
    pub fn wake_dispatch(&mut self) {
        self.queue_changed = true;
    }

    /// Tells the timer, after the commit, that a job waits for a time.
    pub fn wake_timer(&mut self) {
        self.timer_changed = true;
    }

    /// Notes that a job of this resource group took a step.
    pub fn group_changed(&mut self, project: ProjectId, group: &str) {
        if !self.groups.iter().any(|(known, name)| *known == project && name == group) {
            self.groups.push((project, group.to_owned()));
        }
    }

    /// Notes that a job with an environment began or ended.
    pub fn deployed(&mut self, job: JobId) {
        self.deployed.push(job);
    }

    /// The next of the jobs with an environment that began or ended.
    pub fn next_deployed(&mut self) -> Option<JobId> {
        self.deployed.pop()
    }

    /// Notes that the child run of this job took another status.
    pub fn child_changed(&mut self, parent: JobId) {
        if !self.parents.contains(&parent) {
            self.parents.push(parent);
        }
    }

    /// The next of the jobs whose child run took another status.
    pub fn next_parent(&mut self) -> Option<JobId> {
        self.parents.pop()
    }

    /// The next of the resource groups whose jobs took a step.
    pub fn next_group(&mut self) -> Option<(ProjectId, String)> {
        self.groups.pop()
    }
}

/// The way to the writer thread.
#[derive(Clone)]
pub(super) struct Writer {
    tasks: Sender<Task>,
}

impl Writer {
    /// Starts the thread on a connection that nobody else writes with.
    pub(super) fn start(conn: Connection, bus: Arc<Bus>, queue: watch::Sender<u64>, timer: watch::Sender<u64>) -> Self {
        let (tasks, received) = channel();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(&conn, &received, &bus, &queue, &timer))
            .expect("a thread can be started");
        Self { tasks }
    }

    /// Runs `work` in a transaction; returns after it is durable.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move |tx| {
            let result = savepoint(tx, work);
            Box::new(move |committed| {
                let result = match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Ok(_), Err(Failure { message, full })) => {
                        Err(StoreError::Commit { message: message.clone(), full: *full })
                    }
                    (Err(error), _) => Err(error),
                };
                // The caller may have gone away; the change stands all the same.
                let _ = reply.send(result);
            })
        });
        self.tasks.send(task).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

fn savepoint<T>(tx: &mut Tx<'_>, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let (seq, events, queue_changed, timer_changed) = (tx.seq, tx.events.len(), tx.queue_changed, tx.timer_changed);
    tx.conn.prepare_cached("SAVEPOINT one")?.execute([])?;
    let done = work(tx).and_then(|value| {
        let is_silent = std::mem::take(&mut tx.noted) && tx.events.len() == events;
        if is_silent { tx.touch("audit").map(|_| value) } else { Ok(value) }
    });
    match done {
        Ok(value) => {
            tx.conn.prepare_cached("RELEASE one")?.execute([])?;
            Ok(value)
        }
        Err(error) => {
            (tx.seq, tx.queue_changed, tx.timer_changed) = (seq, queue_changed, timer_changed);
            tx.noted = false;
            tx.groups.clear();
            tx.deployed.clear();
            tx.parents.clear();
            tx.events.truncate(events);
            tx.boards.clear();
            // A full disk makes SQLite roll back the whole transaction by itself.
            let undone = if tx.conn.is_autocommit() {
                Err(Failure { message: error.to_string(), full: error.is_full() })
            } else {
                tx.conn.execute_batch("ROLLBACK TO one; RELEASE one").map_err(Failure::from)
            };
            tx.lost = undone.err();
            Err(error)
        }
    }
}

fn run(conn: &Connection, tasks: &Receiver<Task>, bus: &Bus, queue: &watch::Sender<u64>, timer: &watch::Sender<u64>) {
    let mut seq = bus.seq().0;
    let mut boards = Boards::default();
    while let Ok(first) = tasks.recv() {
        let begun = conn.execute_batch("BEGIN IMMEDIATE").map_err(Failure::from);
        let mut tx = Tx {
            conn,
            now: clock::now(),
            boards: &mut boards,
            seq,
            events: Vec::new(),
            queue_changed: false,
            timer_changed: false,
            noted: false,
            groups: Vec::new(),
            deployed: Vec::new(),
            parents: Vec::new(),
            lost: begun.err(),
        };
        let mut finishes = Vec::new();
        let mut next = Some(first);
        while let Some(task) = next.take() {
            finishes.push(task(&mut tx));
            if finishes.len() < BATCH && tx.lost.is_none() {
                next = tasks.try_recv().ok();
            }
        }
        let committed = match tx.lost.take() {
            Some(failure) => Err(failure),
            None => commit(conn, tx.seq),
        };
        match &committed {
            Ok(()) => {
                seq = tx.seq;
                bus.publish(tx.events);
                if tx.queue_changed {
                    queue.send_modify(|version| *version += 1);
                }
                if tx.timer_changed {
                    timer.send_modify(|version| *version += 1);
                }
            }
            Err(failure) => {
                tracing::error!(error = failure.message, "failed to commit");
                tx.boards.clear();
                if !conn.is_autocommit() {
                    let _ = conn.execute_batch("ROLLBACK");
                }
            }
        }
        for finish in finishes {
            finish(&committed);
        }
    }
}

fn commit(conn: &Connection, seq: i64) -> Result<(), Failure> {
    // Old events go in large steps, so that most commits do not pay for it.
    if seq % 1000 == 0 {
        conn.execute("DELETE FROM events WHERE seq <= ?1", [seq - WINDOW])?;
    }
    Ok(conn.execute_batch("COMMIT")?)
}
