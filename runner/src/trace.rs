//! The log of one job: masked as it comes, kept until the server has all of it, and sent.
//!
//! `Log` is written by the engine and read by the sender. On a server's behalf it is a file beside
//! the job (the spool), so that a server that is away costs disk and not memory; for `weir exec` it
//! is a callback.

mod mask;
mod send;
mod spool;

use std::{
    fs::File,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::Notify;

pub(crate) use mask::Masker;
pub use mask::Secrets;
pub(crate) use send::{Pace, Sent, send_trace};
use spool::Spool;

/// How far the script may be ahead of a server that is there.
pub(crate) const MAX_AHEAD: u64 = 64 << 20;

/// A job's log; clones are the same log.
#[derive(Clone)]
pub(crate) struct Log(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is more to send, or there will be no more.
    grown: Notify,
    /// The server has caught up, or is gone.
    room: Notify,
    /// Whether the server answers: only then is a script made to wait for it.
    online: AtomicBool,
    /// Whether the server has given the job up: nothing is kept any more.
    abandoned: AtomicBool,
}

struct State {
    out: Out,
    masker: Masker,
    limit: u64,
    cut: bool,
    acknowledged: u64,
    closed: bool,
    /// Whether what was added last has no line end yet.
    midline: bool,
}

impl State {
    fn note(&mut self, added: &[u8]) {
        if let Some(last) = added.last() {
            self.midline = *last != b'\n';
        }
    }
}

/// Takes what is written.
pub(crate) type Sink = Box<dyn FnMut(&[u8]) + Send>;

enum Out {
    Spool(Spool),
    Callback(Sink),
}

impl Log {
    /// A log that is kept in `file` for a server; without a file it is kept in memory, which is for
    /// the few lines of a job that could not even begin.
    pub(crate) fn spooled(file: Option<File>, limit: u64) -> Self {
        Self::new(Out::Spool(Spool::new(file)), limit)
    }

    /// The log of an earlier runner's job, which goes on where it ended.
    pub(crate) fn resumed(file: File) -> io::Result<Self> {
        Ok(Self::new(Out::Spool(Spool::resume(file)?), u64::MAX))
    }

    /// A log that goes to `sink` as it is written.
    pub(crate) fn callback(sink: Sink, limit: u64) -> Self {
        Self::new(Out::Callback(sink), limit)
    }

    fn new(out: Out, limit: u64) -> Self {
        let state =
            State { out, masker: Masker::default(), limit, cut: false, acknowledged: 0, closed: false, midline: false };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            grown: Notify::new(),
            room: Notify::new(),
            online: AtomicBool::new(true),
            abandoned: AtomicBool::new(false),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces these texts from now on.
    pub(crate) fn mask(&self, secrets: &Secrets) {
        self.state().masker = Masker::new(secrets);
    }

    /// A text that goes elsewhere than into the log, masked like the log.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.state().masker.apart(text)
    }

    /// Adds what a script wrote; fails when it cannot be kept.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.0.abandoned.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut state = self.state();
        let State { out, masker, limit, cut, .. } = &mut *state;
        let masked = masker.push(bytes);
        let was_cut = *cut;
        let result = out.add_limited(&masked, *limit, cut);
        let cut_now = *cut && !was_cut;
        // A log that could not be written would have a hole if it went on.
        *cut |= result.is_err();
        if cut_now {
            // The mark that says so has a line end.
            state.midline = false;
        } else if !was_cut {
            state.note(&masked);
        }
        drop(state);
        self.0.grown.notify_one();
        result
    }

    /// Adds a line of the runner's own: it is masked too, kept whatever the limit is, and begins on a
    /// line of its own even when the script's last one has no end.
    pub(crate) fn line(&self, text: &str) {
        self.own(format!("{text}\n").as_bytes(), true);
    }

    /// Adds a line about what is going on, in green.
    pub(crate) fn notice(&self, text: &str) {
        self.line(&format!("\x1b[32;1m{text}\x1b[0;m"));
    }

    /// Adds a line about something that the job goes on without.
    pub(crate) fn warning(&self, text: &str) {
        self.line(&format!("\x1b[33;1mWARNING: {text}\x1b[0;m"));
    }

    /// Adds a line about something that went wrong.
    pub(crate) fn error(&self, text: &str) {
        self.line(&format!("\x1b[31;1mERROR: {text}\x1b[0;m"));
    }

    /// Adds bytes of the runner's own.
    pub(crate) fn raw(&self, bytes: &[u8]) {
        self.own(bytes, false);
    }

    fn own(&self, bytes: &[u8], is_line: bool) {
        let mut state = self.state();
        let State { out, masker, limit, cut, .. } = &mut *state;
        // What the masker still holds back came first.
        let held = masker.flush();
        let own = masker.whole(bytes);
        // A failure has been, or will be, seen by who writes the script's output.
        let was_cut = *cut;
        let _ = out.add_limited(&held, *limit, cut);
        if !was_cut {
            state.note(&held);
        }
        if is_line && state.midline {
            let _ = state.out.add(b"\n");
        }
        let _ = state.out.add(&own);
        // Marks of sections are no text.
        if is_line {
            state.midline = false;
        }
        drop(state);
        self.0.grown.notify_one();
    }

    /// Says that nothing will be added any more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let State { out, masker, limit, cut, .. } = &mut *state;
        let held = masker.flush();
        let _ = out.add_limited(&held, *limit, cut);
        state.closed = true;
        drop(state);
        self.0.grown.notify_one();
    }

    /// Whether the script may go on writing.
    pub(crate) fn has_room(&self) -> bool {
        if !self.0.online.load(Ordering::Relaxed) || self.0.abandoned.load(Ordering::Relaxed) {
            return true;
        }
        let state = self.state();
        match &state.out {
            Out::Spool(spool) => spool.len() - state.acknowledged < MAX_AHEAD,
            Out::Callback(_) => true,
        }
    }

    /// Waits until it may.
    pub(crate) async fn room(&self) {
        loop {
            let notified = self.0.room.notified();
            if self.has_room() {
                return;
            }
            notified.await;
        }
    }

    /// CRC-32 and length of all of it.
    pub(crate) fn checksum(&self) -> (u32, u64) {
        match &self.state().out {
            Out::Spool(spool) => (spool.crc(), spool.len()),
            Out::Callback(_) => (0, 0),
        }
    }

    /// How much there is, and whether there will be no more.
    fn progress(&self) -> (u64, bool) {
        let state = self.state();
        match &state.out {
            Out::Spool(spool) => (spool.len(), state.closed),
            Out::Callback(_) => (0, state.closed),
        }
    }

    async fn grown(&self) {
        self.0.grown.notified().await;
    }

    fn read(&self, offset: u64, most: usize) -> io::Result<Bytes> {
        match &mut self.state().out {
            Out::Spool(spool) => spool.read(offset, most),
            Out::Callback(_) => Ok(Bytes::new()),
        }
    }

    fn acknowledge(&self, held: u64) {
        let mut state = self.state();
        state.acknowledged = held;
        if let Out::Spool(spool) = &mut state.out {
            spool.forget_before(held);
        }
        drop(state);
        self.0.room.notify_waiters();
    }

    fn set_online(&self, online: bool) {
        if self.0.online.swap(online, Ordering::Relaxed) != online {
            self.0.room.notify_waiters();
        }
    }

    /// The server wants none of it any more.
    pub(crate) fn abandon(&self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
        self.0.room.notify_waiters();
    }
}

impl Out {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            _ if bytes.is_empty() => Ok(()),
            Self::Spool(spool) => spool.append(bytes),
            Self::Callback(sink) => {
                sink(bytes);
                Ok(())
            }
        }
    }

    fn add_limited(&mut self, bytes: &[u8], limit: u64, cut: &mut bool) -> io::Result<()> {
        let Self::Spool(spool) = self else { return self.add(bytes) };
        if *cut {
            return Ok(());
        }
        let room = usize::try_from(limit.saturating_sub(spool.len())).unwrap_or(usize::MAX);
        if bytes.len() <= room {
            return self.add(bytes);
        }
        *cut = true;
        self.add(&bytes[..room])?;
        let mark = format!(
            "\n\x1b[33;1mThe log is longer than {limit} bytes: what the script wrote from here on is cut\x1b[0;m\n"
        );
        self.add(mark.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_lines_do_not_go_on_where_the_script_stopped() {
        let log = Log::spooled(Some(tempfile::tempfile().unwrap()), u64::MAX);
        log.write(b"no line end").unwrap();
        log.raw(b"\x1b[0Kmark\r\x1b[0K");
        log.line("Job succeeded");
        log.line("again");
        assert_eq!(text(&log), "no line end\x1b[0Kmark\r\x1b[0K\nJob succeeded\nagain\n");
    }

    fn text(log: &Log) -> String {
        String::from_utf8_lossy(&log.read(0, 1 << 20).unwrap()).into_owned()
    }

    #[test]
    fn a_log_past_its_limit_is_cut_visibly_and_still_ends_with_the_runners_words() {
        let log = Log::spooled(Some(tempfile::tempfile().unwrap()), 10);
        for _ in 0..3 {
            log.write(b"12345678").unwrap();
        }
        log.line("the end");
        log.close();
        let text = text(&log);
        assert!(text.starts_with("1234567812\n") && text.ends_with("the end\n"), "{text:?}");
        assert_eq!(text.matches("longer than 10 bytes").count(), 1);
        assert_eq!(log.checksum(), (crc32fast::hash(text.as_bytes()), text.len() as u64));
    }

    #[test]
    fn what_cannot_be_kept_is_an_error_and_the_runners_last_words_survive_in_memory() {
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        let log = Log::spooled(Some(full), u64::MAX);
        assert_eq!(log.write(b"output\n").unwrap_err().raw_os_error(), Some(28));
        log.write(b"this would be a hole").unwrap();
        log.line("no space");
        assert_eq!(text(&log), "output\nno space\n");
    }

    #[tokio::test]
    async fn a_script_waits_for_a_server_that_is_there_and_not_for_one_that_is_away() {
        let log = Log::spooled(Some(tempfile::tempfile().unwrap()), u64::MAX);
        let chunk = vec![b'x'; 1 << 20];
        while log.has_room() {
            log.write(&chunk).unwrap();
        }
        let waiting = tokio::spawn({
            let log = log.clone();
            async move { log.room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        log.set_online(false);
        waiting.await.unwrap();
        log.set_online(true);
        assert!(!log.has_room());
        log.acknowledge(MAX_AHEAD);
        log.room().await;
    }
}
