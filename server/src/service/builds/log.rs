//! The log of a whole build: the traces of its jobs, one after another in the order in which they started. What was
//! shown once stays where it is: a job that starts later comes later, and behind a job that is still writing there is
//! nothing yet.

use std::io;
use std::sync::Arc;

use model::{Caller, Error, Job, JobId, JobKind, Pipeline, Run};

use super::history::numbered;
use super::{Weir, access, visible};
use crate::auth::Action;
use crate::logs::{Logs, unfinished};
use crate::store::{Snapshot, StoreError, builds, jobs, runs};

/// The trace of one job, as far as it was there.
#[derive(Clone, Copy, Debug)]
pub struct LogPiece {
    /// The job.
    pub job: JobId,
    /// Bytes that were there.
    pub size: u64,
    /// Whether nothing more comes.
    ended: bool,
}

/// The traces of a build.
#[derive(Clone, Debug)]
pub struct RunLog {
    /// In the order in which their jobs started.
    pub pieces: Vec<LogPiece>,
    /// Whether the build has come to an end.
    ended: bool,
}

/// A piece of a log as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPiece {
    /// The text.
    pub text: String,
    /// Byte at which it begins.
    pub from: u64,
    /// Byte at which the next piece begins.
    pub next: u64,
    /// Whether there is more, or may be.
    pub more: bool,
}

impl Weir {
    /// The log of the build with this opaque name, as far as it is there.
    pub async fn log_of_record(&self, caller: &Caller, uid: &str) -> Result<RunLog, Error> {
        let uid = uid.to_owned();
        let found = move |conn: &Snapshot| -> Result<Option<Run>, StoreError> {
            let Some(id) = runs::id_of_uid(conn, &uid)? else { return Ok(None) };
            Ok(builds::get(conn, id)?.map(|build| build.run))
        };
        let run = self.store.read(found).await?.ok_or_else(|| Error::not_found("build record"))?;
        self.log_of(caller, run, "build record").await
    }

    /// A piece of a build's log, as a reader follows it who asks again and again.
    pub async fn follow_build(
        &self,
        caller: &Caller,
        uid: &str,
        number: i64,
        offset: u64,
        length: u64,
    ) -> Result<TextPiece, Error> {
        let (uid, by) = (uid.to_owned(), caller.clone());
        let found = move |conn: &Snapshot| -> Result<(Pipeline, Run), StoreError> {
            let (pipeline, _) = visible(conn, &by, &uid, Action::ReadTrace)?;
            let build = numbered(conn, &pipeline, number)?;
            Ok((pipeline, build.run))
        };
        let (_, run) = self.store.read(found).await?;
        let log = self.log_of(caller, run, "build").await?;
        let logs = Arc::clone(&self.logs);
        blocking(move || log.text(offset, length, |job, range| logs.read(job, range))).await
    }

    async fn log_of(&self, caller: &Caller, run: Run, what: &'static str) -> Result<RunLog, Error> {
        let (id, project, by) = (run.id, run.project_id, caller.clone());
        let of_run = self.store.read(move |conn| {
            access::at_project(conn, &by, Action::ReadTrace, project, what)?;
            jobs::of_run(conn, id)
        });
        let mut started: Vec<Job> = of_run.await?;
        started.retain(|job| job.kind == JobKind::Build && job.started_at.is_some());
        started.sort_by_key(|job| (job.started_at, job.id));
        for job in &started {
            self.note_view(caller, job.id);
        }
        let logs = Arc::clone(&self.logs);
        let ended = run.status.is_complete();
        blocking(move || {
            let pieces = started.iter().map(|job| piece(&logs, job)).collect::<io::Result<_>>()?;
            Ok(RunLog { pieces, ended })
        })
        .await
    }
}

fn piece(logs: &Logs, job: &Job) -> io::Result<LogPiece> {
    let progress = logs.progress(job.id)?;
    let ended = progress.complete || (job.status.is_complete() && !logs.is_open(job.id));
    Ok(LogPiece { job: job.id, size: progress.bytes, ended })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?;
    done.map_err(|error| Error::unavailable(format!("the log cannot be read: {error}")))
}

/// The longest character of UTF-8, in bytes.
const CHARACTER: u64 = 4;

impl RunLog {
    /// Bytes in all.
    pub fn size(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.size).sum()
    }

    /// About `length` bytes from `offset` on, no character cut through.
    fn text(
        &self,
        offset: u64,
        length: u64,
        read: impl Fn(JobId, std::ops::Range<u64>) -> io::Result<Vec<u8>>,
    ) -> io::Result<TextPiece> {
        let settled = self.pieces.iter().take_while(|piece| piece.ended).count();
        let told = &self.pieces[..self.pieces.len().min(settled + 1)];
        let total: u64 = told.iter().map(|piece| piece.size).sum();
        let offset = offset.min(total);
        let end = total.min(offset.saturating_add(length.max(CHARACTER)));
        let mut bytes = Vec::new();
        let mut start = 0;
        for piece in told {
            let (first, last) = (offset.max(start), end.min(start + piece.size));
            if first < last {
                bytes.extend(read(piece.job, first - start..last - start)?);
            }
            start += piece.size;
        }
        let all_ended = settled == self.pieces.len();
        // The rest of a character comes with the next piece; what never gets one is shown as it is.
        if end < total || !all_ended {
            bytes.truncate(bytes.len() - unfinished(&bytes));
        }
        let next = offset + bytes.len() as u64;
        let more = next < total || !all_ended || !self.ended;
        Ok(TextPiece { text: String::from_utf8_lossy(&bytes).into_owned(), from: offset, next, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(pieces: &[(i64, u64, bool)], ended: bool) -> RunLog {
        let piece = |&(job, size, ended): &(i64, u64, bool)| LogPiece { job: JobId(job), size, ended };
        RunLog { pieces: pieces.iter().map(piece).collect(), ended }
    }

    fn bytes(job: JobId, range: std::ops::Range<u64>) -> Vec<u8> {
        let whole: &[u8] = match job.0 {
            1 => b"one\n",
            2 => "zw\u{f6}lf\n".as_bytes(),
            _ => b"three\n",
        };
        whole[range.start as usize..range.end as usize].to_vec()
    }

    fn text(log: &RunLog, offset: u64, length: u64) -> TextPiece {
        log.text(offset, length, |job, range| Ok(bytes(job, range))).unwrap()
    }

    #[test]
    fn whoever_goes_on_gets_everything_once() {
        let log = log(&[(1, 4, true), (2, 7, true), (3, 6, true)], true);
        for length in 1..30 {
            let (mut at, mut all, mut more) = (0, String::new(), true);
            while more {
                let piece = text(&log, at, length);
                assert_eq!(piece.from, at);
                assert!(piece.next > at, "{length} at {at}");
                all.push_str(&piece.text);
                (at, more) = (piece.next, piece.more);
            }
            assert_eq!(all, "one\nzw\u{f6}lf\nthree\n", "{length}");
        }
        assert_eq!(text(&log, 99, 5), TextPiece { text: String::new(), from: 17, next: 17, more: false });
    }

    #[test]
    fn nothing_is_behind_a_job_that_still_writes() {
        let growing = log(&[(1, 4, true), (2, 4, false), (3, 6, true)], false);
        let piece = text(&growing, 0, 100);
        // The fourth byte of the second is the first of two.
        assert_eq!((piece.text.as_str(), piece.next, piece.more), ("one\nzw\u{f6}", 8, true));
        let growing = log(&[(1, 4, true), (2, 3, false)], false);
        let piece = text(&growing, 0, 100);
        assert_eq!((piece.text.as_str(), piece.next, piece.more), ("one\nzw", 6, true));
        let waiting = log(&[(1, 4, true)], false);
        let piece = text(&waiting, 4, 100);
        assert_eq!((piece.text.as_str(), piece.next, piece.more), ("", 4, true));
    }
}
