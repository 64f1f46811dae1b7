//! The embedded database: all SQL of Weir, by noun. It knows no rules about who may do what and
//! nothing of HTTP.
//!
//! One writer thread with group commit ([`Store::write`]), a pool of readers beside it
//! ([`Store::read`]); SQLite in WAL mode with `synchronous=FULL`, STRICT tables, foreign keys on.

pub mod access_keys;
pub mod audit;
mod board;
pub mod builds;
mod bus;
pub mod ci_variables;
pub mod codearts;
pub mod environments;
mod error;
pub mod events;
pub mod jobs;
pub mod members;
pub mod namespaces;
mod open;
pub mod ordine;
pub mod pipelines;
pub mod projects;
pub mod queue;
pub mod redactions;
pub mod resources;
mod rows;
pub mod run_pages;
pub mod runners;
pub mod runs;
pub mod schedules;
mod scope;
pub mod sessions;
pub mod signed_writes;
pub mod tokens;
pub mod users;
pub mod views;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{Semaphore, watch};

pub use board::Board;
pub use bus::Bus;
pub use error::StoreError;
pub use rusqlite::Connection as Snapshot;
pub use scope::Scope;
pub use writer::Tx;
use writer::Writer;

/// Readers at most; each is a connection with its own page cache.
const READERS: usize = 4;

/// The store of one data folder.
pub struct Store {
    writer: Writer,
    readers: Arc<Readers>,
    bus: Arc<Bus>,
    queue: watch::Receiver<u64>,
    timer: watch::Receiver<u64>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.readers.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens (or makes) the database in `path` and brings it up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let conn = open::writer(path)?;
        let seq = events::last(&conn)?;
        let bus = Arc::new(Bus::new(seq));
        let (changed, queue) = watch::channel(0);
        let (rescheduled, timer) = watch::channel(0);
        let writer = Writer::start(conn, Arc::clone(&bus), changed, rescheduled);
        let readers =
            Arc::new(Readers { path: path.to_owned(), idle: Mutex::default(), permits: Semaphore::new(READERS) });
        Ok(Self { writer, readers, bus, queue, timer })
    }

    /// Reads before there is anybody to wait for: while the service is being made.
    pub fn at_start<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.readers.read(work)
    }

    /// Where committed changes are published.
    pub fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// Changes whenever a commit made a job pending.
    pub fn queue(&self) -> watch::Receiver<u64> {
        self.queue.clone()
    }

    /// Changes whenever a commit made a job wait for a time.
    pub fn timer(&self) -> watch::Receiver<u64> {
        self.timer.clone()
    }

    /// Runs `work` in one transaction and returns after it is durable. An error rolls it back.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).await
    }

    /// Runs `work` on one consistent snapshot; it sees every write that was answered before.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        let _permit = self.readers.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        tokio::task::spawn_blocking(move || readers.read(work)).await.map_err(|_| StoreError::Closed)?
    }

    /// As [`Store::read`], for one row by its key: that takes less time than another thread needs to
    /// wake up, so this one does it.
    pub async fn glance<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _permit = self.readers.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        self.readers.read(work)
    }
}

impl Readers {
    /// Runs `work` on an idle connection or a new one. The caller holds a permit.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => open::reader(&self.path)?,
        };
        let result = {
            let snapshot = conn.unchecked_transaction()?;
            work(&snapshot)
        };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        result
    }
}
