//! Traces: one append-only file per job, `<root>/<id / 1000>/<id>.log`, and beside it a sparse
//! index once the trace has passed its first 64 KiB. Knows neither HTTP nor SQL.
//!
//! Memory is constant whatever the size of a trace: appends go straight to the file, readers read
//! what they show. A finished trace is a read-only file, so a restart knows it as finished.

mod cursor;
mod error;
mod index;
mod page;
mod redact;
pub mod sequence;
mod trace;
mod view;

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::log::LogPage;
use model::{JobId, Timestamp};
use tokio::sync::watch;

pub use cursor::{Cursor, unfinished};
pub use error::AppendError;
pub use redact::Places;
use trace::Trace;
use view::View;

/// Longer lines are cut at this many bytes when a reader asks for lines; a chunk of a live stream
/// is never longer either.
pub const LINE_LIMIT: usize = 64 * 1024;

/// How many traces stay known, with their open files, between two requests.
const KEPT: usize = 512;

/// Traces of this many bytes and more are refused unless told otherwise.
pub const DEFAULT_LIMIT: u64 = 16 << 30;

/// How far a trace has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes held.
    pub bytes: u64,
    /// Whether nothing will be appended any more.
    pub complete: bool,
    /// When the last bytes came.
    pub at: Timestamp,
}

/// All traces of this server. Every method blocks on the disk; small appends are quick enough for
/// an async task, everything else belongs on a blocking thread.
#[derive(Debug)]
pub struct Logs {
    root: PathBuf,
    limit: AtomicU64,
    traces: Mutex<HashMap<JobId, Arc<Trace>>>,
    /// What the last append of a trace failed with, until one succeeds.
    troubles: Mutex<HashMap<JobId, String>>,
    clock: AtomicU64,
}

impl Logs {
    /// Opens the folder of the traces, making it when missing.
    pub fn open(root: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
        Ok(Self {
            root,
            limit: AtomicU64::new(DEFAULT_LIMIT),
            traces: Mutex::default(),
            troubles: Mutex::default(),
            clock: AtomicU64::new(0),
        })
    }

    /// Refuses from now on traces that grow over `bytes`.
    pub fn set_limit(&self, bytes: u64) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Appends what begins at byte `first` and returns how many bytes are held now. Anything that
    /// does not begin exactly at the end is a gap: the sender goes on from what is held.
    pub fn append(&self, job: JobId, first: u64, bytes: &[u8]) -> Result<u64, AppendError> {
        let paths = self.paths(job);
        let result = self.trace(job).append(&paths, Some(first), bytes, self.limit());
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Err(AppendError::Io(error)) => {
                // Its sender comes again and again: once is enough to know.
                if troubles.insert(job, error.to_string()).is_none() {
                    tracing::error!(job.id = job.0, %error, "failed to append to a trace; its sender tries again");
                }
            }
            _ if troubles.is_empty() => {}
            _ => drop(troubles.remove(&job)),
        }
        drop(troubles);
        result
    }

    /// Why what a running job writes cannot be kept now; `None` when it can.
    pub fn trouble(&self, job: JobId) -> Option<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).get(&job).cloned()
    }

    /// Adds lines of the server's own at the end, on a line of their own. The sender's offsets do
    /// not know of them: only for traces that nobody sends to, or no longer.
    pub fn write_own(&self, job: JobId, text: &str) -> Result<u64, AppendError> {
        self.trace(job).append_own(&self.paths(job), text, self.limit())
    }

    /// Bytes held; 0 when there is no trace.
    pub fn held(&self, job: JobId) -> io::Result<u64> {
        Ok(self.progress(job)?.bytes)
    }

    /// Bytes of its file, which is not opened for it; `None` when there is none. For lists of many jobs.
    pub fn size_on_disk(&self, job: JobId) -> Option<u64> {
        fs::metadata(self.paths(job).log()).ok().map(|file| file.len())
    }

    /// How far the trace has come.
    pub fn progress(&self, job: JobId) -> io::Result<Progress> {
        self.trace(job).progress(&self.paths(job))
    }

    /// CRC-32 (IEEE) of the whole trace: kept running while it grows, computed once after a restart.
    pub fn checksum(&self, job: JobId) -> io::Result<u32> {
        self.trace(job).checksum(&self.paths(job))
    }

    /// Makes the trace durable and final, and returns its size. Later appends are refused.
    pub fn finish(&self, job: JobId) -> io::Result<u64> {
        self.trace(job).finish(&self.paths(job))
    }

    /// Empties the trace and opens it again: the sender sends everything once more.
    pub fn reset(&self, job: JobId) -> io::Result<()> {
        self.trace(job).reset(&self.paths(job))
    }

    /// Whether the trace is being written: bytes came since the start and it is not finished.
    pub fn is_open(&self, job: JobId) -> bool {
        let trace = self.lock().get(&job).cloned();
        trace.is_some_and(|trace| trace.is_open())
    }

    /// The bytes of a range; shorter where the trace ends.
    pub fn read(&self, job: JobId, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.view(job)?.read(range)
    }

    /// The trace's file for reading and its size now; `None` when there is none.
    pub fn file(&self, job: JobId) -> io::Result<Option<(File, u64)>> {
        let view = self.view(job)?;
        let size = view.size;
        Ok(view.into_file().map(|file| (file, size)))
    }

    /// At most `limit` lines from line `from` on (counted from 1), and about 1 MiB of text.
    pub fn lines(&self, job: JobId, from: u64, limit: u32) -> io::Result<LogPage> {
        page::lines(&self.view(job)?, from, limit)
    }

    /// The last `limit` lines, and about 1 MiB of text.
    pub fn tail(&self, job: JobId, limit: u32) -> io::Result<LogPage> {
        page::tail(&self.view(job)?, limit)
    }

    /// Number of the line that the byte at `offset` belongs to, from 1.
    pub fn line_at(&self, job: JobId, offset: u64) -> io::Result<u64> {
        let view = self.view(job)?;
        Ok(view.newlines_before(offset.min(view.size))? + 1)
    }

    /// Byte offset at which a line begins; the end of the trace when it has fewer lines.
    pub fn offset_of(&self, job: JobId, line: u64) -> io::Result<u64> {
        let view = self.view(job)?;
        Ok(view.start_of_line(line)?.unwrap_or(view.size))
    }

    /// Told of every append; dropped when the trace is removed.
    pub fn follow(&self, job: JobId) -> io::Result<watch::Receiver<Progress>> {
        self.trace(job).follow(&self.paths(job))
    }

    /// A reader that goes through the trace in pieces, from byte `offset` on.
    pub fn cursor(&self, job: JobId, offset: u64) -> io::Result<Cursor> {
        Cursor::new(self.view(job)?, offset)
    }

    /// Deletes the trace; followers come to their end.
    pub fn remove(&self, job: JobId) -> io::Result<()> {
        let trace = self.lock().remove(&job);
        let paths = self.paths(job);
        match trace {
            Some(trace) => trace.remove(&paths),
            None => trace::delete(&paths),
        }
    }

    fn view(&self, job: JobId) -> io::Result<View> {
        let paths = self.paths(job);
        self.trace(job).view(&paths)
    }

    fn paths(&self, job: JobId) -> Paths {
        Paths { folder: self.root.join((job.0 / 1000).to_string()), id: job.0 }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Trace>>> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one object all users of a trace share, so that they agree on what is held.
    fn trace(&self, job: JobId) -> Arc<Trace> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut traces = self.lock();
        let trace = Arc::clone(traces.entry(job).or_default());
        trace.used.store(now, Ordering::Relaxed);
        if traces.len() > KEPT {
            forget_idle(&mut traces);
        }
        trace
    }
}

/// Forgets the half of the traces that was not used for longest and that nobody holds. What they
/// know is in their files.
fn forget_idle(traces: &mut HashMap<JobId, Arc<Trace>>) {
    let mut used: Vec<u64> = traces.values().map(|trace| trace.used.load(Ordering::Relaxed)).collect();
    let middle = used.len() / 2;
    let (_, &mut median, _) = used.select_nth_unstable(middle);
    traces.retain(|_, trace| {
        trace.used.load(Ordering::Relaxed) >= median || Arc::strong_count(trace) > 1 || trace.is_followed()
    });
}

/// Where a trace lies. Made of the number alone, so a name can never become a path.
struct Paths {
    folder: PathBuf,
    id: i64,
}

impl Paths {
    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.id))
    }

    fn index(&self) -> PathBuf {
        self.folder.join(format!("{}.idx", self.id))
    }

    /// Opens a file for writing, making it and its folder where missing.
    fn create(&self, path: &Path) -> io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        let open = || fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
                open()
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
