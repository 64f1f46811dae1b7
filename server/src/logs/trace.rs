//! One trace: what is held, and the only code that writes its files.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crc32fast::Hasher;
use model::Timestamp;
use tokio::sync::watch;

use super::index::{RECORD, Record, STEP, count_newlines, read_at};
use super::redact::{Places, is_told, overwrite};
use super::view::View;
use super::{AppendError, Paths, Progress};
use crate::clock;

/// Buffer for going through a whole trace.
const SCAN: usize = 256 * 1024;

/// A trace in use.
#[derive(Debug, Default)]
pub(super) struct Trace {
    state: Mutex<Option<State>>,
    progress: watch::Sender<Progress>,
    /// Held while the trace is being ended, so that it is durable for everybody who is told so.
    ending: Mutex<()>,
    /// When it was used last, in requests.
    pub used: AtomicU64,
}

/// What is known of the files.
#[derive(Debug, Default)]
struct State {
    /// Open while the trace is written.
    log: Option<File>,
    /// Open once the first step was full.
    index: Option<File>,
    held: u64,
    newlines: u64,
    /// Whether the last line has no end yet.
    open_line: bool,
    /// Running checksum; unknown after a restart until somebody asks.
    crc: Option<Hasher>,
    /// Records in the index file.
    indexed: u64,
    /// Records that could not be written yet.
    pending: Vec<u8>,
    complete: bool,
    at: Timestamp,
}

impl Trace {
    pub fn append(&self, paths: &Paths, first: Option<u64>, bytes: &[u8], limit: u64) -> Result<u64, AppendError> {
        let mut slot = self.lock();
        let state = writable(&mut slot, paths)?;
        if first.is_some_and(|first| first != state.held) {
            return Err(AppendError::Gap { held: state.held });
        }
        self.write(state, paths, bytes, limit)
    }

    pub fn append_own(&self, paths: &Paths, text: &str, limit: u64) -> Result<u64, AppendError> {
        let mut slot = self.lock();
        let state = writable(&mut slot, paths)?;
        let mut line = String::with_capacity(text.len() + 2);
        if state.open_line {
            line.push('\n');
        }
        line.push_str(text);
        if !text.ends_with('\n') {
            line.push('\n');
        }
        self.write(state, paths, line.as_bytes(), limit)
    }

    fn write(&self, state: &mut State, paths: &Paths, bytes: &[u8], limit: u64) -> Result<u64, AppendError> {
        if bytes.is_empty() {
            return Ok(state.held);
        }
        if bytes.len() as u64 > limit.saturating_sub(state.held) {
            return Err(AppendError::TooLarge { limit });
        }
        state.write(paths, bytes)?;
        self.progress.send_replace(state.progress());
        Ok(state.held)
    }

    pub fn progress(&self, paths: &Paths) -> io::Result<Progress> {
        Ok(known(&mut self.lock(), paths)?.progress())
    }

    pub fn is_open(&self) -> bool {
        self.lock().as_ref().is_some_and(|state| state.log.is_some() && !state.complete)
    }

    pub fn is_followed(&self) -> bool {
        self.progress.receiver_count() > 0
    }

    pub fn follow(&self, paths: &Paths) -> io::Result<watch::Receiver<Progress>> {
        let mut slot = self.lock();
        let now = known(&mut slot, paths)?.progress();
        // Still under the lock: an append that comes now is seen as a change.
        self.progress.send_replace(now);
        Ok(self.progress.subscribe())
    }

    pub fn checksum(&self, paths: &Paths) -> io::Result<u32> {
        let mut slot = self.lock();
        let state = known(&mut slot, paths)?;
        if let Some(crc) = &state.crc {
            return Ok(crc.clone().finalize());
        }
        let mut crc = Hasher::new();
        scan(&File::open(paths.log())?, 0, state.held, |piece| crc.update(piece))?;
        let sum = crc.clone().finalize();
        state.crc = Some(crc);
        Ok(sum)
    }

    pub fn finish(&self, paths: &Paths) -> io::Result<u64> {
        let _ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slot = self.lock();
        let state = known(&mut slot, paths)?;
        let held = state.held;
        if state.complete {
            return Ok(held);
        }
        state.complete = true;
        state.index = None;
        let log = state.log.take();
        // Readers and other appends need not wait for the disk.
        drop(slot);
        let ended = seal(log, paths);
        let mut slot = self.lock();
        let state = known(&mut slot, paths)?;
        state.complete = ended.is_ok();
        self.progress.send_replace(state.progress());
        ended.map(|()| held)
    }

    /// Blanks these places of the trace of a job that has ended; see [`super::redact`].
    pub fn redact(&self, paths: &Paths, places: &Places, line: &str) -> Result<(), AppendError> {
        let mut slot = self.lock();
        let state = known(&mut slot, paths)?;
        if state.held == 0 {
            return Ok(());
        }
        overwrite(paths, state.held, places)?;
        let is_told = is_told(paths, state.held, line)?;
        // Opened again for one line of ours; nobody else writes to a trace whose job has ended.
        (state.complete, state.crc) = (false, None);
        drop(slot);
        let told = if is_told { Ok(0) } else { self.append_own(paths, line, u64::MAX) };
        self.finish(paths)?;
        told.map(drop)
    }

    pub fn reset(&self, paths: &Paths) -> io::Result<()> {
        let mut slot = self.lock();
        let log = paths.log();
        match fs::set_permissions(&log, Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let log = paths.create(&log)?;
        // Whatever happens next, the state has to be read again.
        *slot = None;
        log.set_len(0)?;
        fs::remove_file(paths.index()).or_else(fine_if_missing)?;
        let state = State { log: Some(log), crc: Some(Hasher::new()), at: clock::now(), ..State::default() };
        self.progress.send_replace(state.progress());
        *slot = Some(state);
        Ok(())
    }

    pub fn remove(&self, paths: &Paths) -> io::Result<()> {
        let mut slot = self.lock();
        delete(paths)?;
        *slot = Some(State { complete: true, ..State::default() });
        self.progress.send_replace(Progress { complete: true, ..Progress::default() });
        Ok(())
    }

    pub fn view(&self, paths: &Paths) -> io::Result<View> {
        let mut slot = self.lock();
        let state = known(&mut slot, paths)?;
        let (log, index) = if state.held == 0 {
            (None, None)
        } else {
            let index = if state.indexed > 0 { Some(File::open(paths.index())?) } else { None };
            (Some(File::open(paths.log())?), index)
        };
        Ok(View {
            log,
            index,
            indexed: state.indexed,
            size: state.held,
            newlines: state.newlines,
            open_line: state.open_line,
            complete: state.complete,
            at: state.at,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state, read from the files when nobody knows it yet.
fn known<'a>(slot: &'a mut Option<State>, paths: &Paths) -> io::Result<&'a mut State> {
    if slot.is_none() {
        let state = match File::open(paths.log()) {
            Ok(log) => State::load(paths, &log)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::fresh(None),
            Err(error) => return Err(error),
        };
        return Ok(slot.insert(state));
    }
    Ok(slot.get_or_insert_default())
}

/// The state with the file open for writing.
fn writable<'a>(slot: &'a mut Option<State>, paths: &Paths) -> Result<&'a mut State, AppendError> {
    let known = slot.as_ref();
    if known.is_some_and(|state| state.complete) {
        return Err(AppendError::Finished);
    }
    if known.is_none_or(|state| state.log.is_none()) {
        let log = match paths.create(&paths.log()) {
            // Nobody but root may open a finished trace for writing.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(AppendError::Finished),
            other => other?,
        };
        if slot.is_none() {
            let state = State::load(paths, &log)?;
            if slot.insert(state).complete {
                return Err(AppendError::Finished);
            }
        }
        let state = slot.get_or_insert_default();
        state.log = Some(log);
        return Ok(state);
    }
    Ok(slot.get_or_insert_default())
}

impl State {
    fn fresh(log: Option<File>) -> Self {
        Self { log, crc: Some(Hasher::new()), ..Self::default() }
    }

    fn progress(&self) -> Progress {
        Progress { bytes: self.held, complete: self.complete, at: self.at }
    }

    /// Reads what an earlier process left. The file's length is the truth; the index is made
    /// complete where a crash cut it.
    fn load(paths: &Paths, log: &File) -> io::Result<Self> {
        let facts = log.metadata()?;
        let held = facts.len();
        let complete = facts.mode() & 0o200 == 0;
        if held == 0 {
            return Ok(Self { complete, ..Self::fresh(None) });
        }
        let mut state = Self { complete, at: Timestamp(facts.mtime() * 1000), ..Self::default() };
        match index_left(paths, held / STEP) {
            Ok((records, newlines)) => (state.indexed, state.newlines) = (records, newlines),
            Err(error) => tracing::warn!(job.id = paths.id, %error, "failed to read the index of a log"),
        }
        state.held = state.indexed * STEP;
        let from = state.held;
        scan(log, from, held, |piece| state.account(piece))?;
        state.write_index(paths);
        state.index = None;
        Ok(state)
    }

    fn write(&mut self, paths: &Paths, bytes: &[u8]) -> io::Result<()> {
        let Some(log) = &self.log else { return Err(io::ErrorKind::NotFound.into()) };
        if let Err(error) = log.write_all_at(bytes, self.held) {
            // A part may have been written; what was acknowledged ends here.
            let _ = log.set_len(self.held);
            return Err(error);
        }
        if let Some(crc) = &mut self.crc {
            crc.update(bytes);
        }
        self.at = clock::now();
        self.account(bytes);
        self.write_index(paths);
        Ok(())
    }

    /// Counts bytes that are in the file, and makes a record for each step they fill.
    fn account(&mut self, mut bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.open_line = *last != b'\n';
        }
        while !bytes.is_empty() {
            let room = STEP - self.held % STEP;
            let (piece, rest) = bytes.split_at(bytes.len().min(room as usize));
            self.newlines += count_newlines(piece);
            self.held += piece.len() as u64;
            if self.held.is_multiple_of(STEP) {
                Record { newlines: self.newlines, at: self.at }.write_to(&mut self.pending);
            }
            bytes = rest;
        }
    }

    /// Writes the records that are due. A fault is not one of the trace: readers scan what has no
    /// record, and the next step tries again.
    fn write_index(&mut self, paths: &Paths) {
        if self.pending.is_empty() {
            return;
        }
        let written = (|| {
            let index = match &self.index {
                Some(index) => index,
                None => self.index.insert(paths.create(&paths.index())?),
            };
            index.write_all_at(&self.pending, self.indexed * RECORD)
        })();
        match written {
            Ok(()) => {
                self.indexed += self.pending.len() as u64 / RECORD;
                self.pending.clear();
            }
            Err(error) => tracing::warn!(job.id = paths.id, %error, "failed to write the index of a log"),
        }
    }
}

/// How many records a crash left of those the trace should have, and the line ends up to there.
fn index_left(paths: &Paths, steps: u64) -> io::Result<(u64, u64)> {
    if steps == 0 {
        return Ok((0, 0));
    }
    let index = paths.create(&paths.index())?;
    let records = (index.metadata()?.len() / RECORD).min(steps);
    index.set_len(records * RECORD)?;
    let newlines = match records.checked_sub(1) {
        Some(last) => Record::read(&index, last)?.newlines,
        None => 0,
    };
    Ok((records, newlines))
}

/// Makes the file durable and read-only, which is how a later start knows that nothing is missing
/// at its end.
fn seal(log: Option<File>, paths: &Paths) -> io::Result<()> {
    let log = match log {
        Some(log) => log,
        None => match File::open(paths.log()) {
            Ok(log) => log,
            Err(error) => return fine_if_missing(error),
        },
    };
    log.set_permissions(Permissions::from_mode(0o400))?;
    log.sync_data()
}

/// Hands a part of a file over, piece by piece.
fn scan(file: &File, from: u64, to: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; SCAN.min(to.saturating_sub(from) as usize)];
    let mut offset = from;
    while offset < to {
        let want = buffer.len().min((to - offset) as usize);
        let got = read_at(file, &mut buffer[..want], offset)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        take(&buffer[..got]);
        offset += got as u64;
    }
    Ok(())
}

pub(super) fn delete(paths: &Paths) -> io::Result<()> {
    fs::remove_file(paths.log()).or_else(fine_if_missing)?;
    fs::remove_file(paths.index()).or_else(fine_if_missing)
}

fn fine_if_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
