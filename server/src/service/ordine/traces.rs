//! The log of a whole run: the lines of all its jobs, numbered once and for ever.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, select_all};
use model::{Caller, Error, JobId, Timestamp};

use super::{Entry, Ordine};
use crate::auth::Action;
use crate::logs::Progress;
use crate::logs::sequence::{Reach, Stretch};
use crate::service::access;
use crate::store::jobs;
use tokio::sync::watch;

/// A page ends once it has this much text, however many lines were asked for.
const PAGE_BYTES: usize = 8 << 20;

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// Its number in the run, from 1.
    pub id: u64,
    /// Name of the job.
    pub step: String,
    /// The text without its line end.
    pub text: String,
    /// When it was there at the latest.
    pub at: Timestamp,
}

/// A page of a run's log.
#[derive(Default)]
pub struct TracePage {
    /// The lines, ids ascending.
    pub lines: Vec<TraceLine>,
    /// How many lines have numbers now.
    pub total: u64,
    /// Ends when a job that runs has written more; `None` when none runs.
    pub growth: Option<BoxFuture<'static, ()>>,
}

impl Ordine<'_> {
    /// At most `limit` lines behind line `after`. A hand-made job has no lines.
    pub async fn traces(&self, caller: &Caller, id: &str, after: u64, limit: usize) -> Result<TracePage, Error> {
        let run = match self.job(caller, id).await? {
            Entry::Handmade(_) => return Ok(TracePage::default()),
            Entry::Run(run, _) => run,
        };
        let (run_id, project, by) = (run.id, run.project_id, caller.clone());
        let of_run = self.0.store.read(move |conn| {
            access::at_project(conn, &by, Action::ReadTrace, project, "job")?;
            jobs::of_run(conn, run_id)
        });
        let mut of_run = of_run.await?;
        for job in of_run.iter().filter(|job| job.started_at.is_some()) {
            self.0.note_view(caller, job.id);
        }
        of_run.sort_by_key(|job| (job.started_at, job.id));
        let (logs, sequences) = (Arc::clone(&self.0.logs), Arc::clone(&self.0.sequences));
        let work = move || -> std::io::Result<TracePage> {
            let mut reaches = Vec::new();
            let mut growing = Vec::new();
            for job in &of_run {
                if !job.status.is_complete() && job.started_at.is_some() {
                    // Followed before it is read, so that no line comes unnoticed in between.
                    let mut follow = logs.follow(job.id)?;
                    follow.borrow_and_update();
                    growing.push(growth(follow).boxed());
                }
                let progress = logs.progress(job.id)?;
                let ended = progress.complete || (job.status.is_complete() && !logs.is_open(job.id));
                if progress.bytes == 0 {
                    continue;
                }
                let mut lines = logs.lines(job.id, u64::MAX, 1)?.total_lines;
                // A line without an end may still grow, so it gets no number yet.
                if !ended && logs.read(job.id, progress.bytes - 1..progress.bytes)? != b"\n" {
                    lines = lines.min(logs.line_at(job.id, progress.bytes)? - 1);
                }
                reaches.push(Reach { job: job.id, lines, at: progress.at });
            }
            let stretches = sequences.extend(run_id, &reaches)?;
            let name = |id: JobId| of_run.iter().find(|job| job.id == id).map_or("", |job| job.name.as_str());
            let read = |job: JobId, first: u64, limit: u32| Ok(logs.lines(job, first, limit)?.lines);
            let (lines, total) = collect(&stretches, after, limit, name, read)?;
            let growth = (!growing.is_empty()).then(|| select_all(growing).map(drop).boxed());
            Ok(TracePage { lines, total, growth })
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::internal(error.to_string()))?
            .map_err(|error| Error::unavailable(format!("the log cannot be read: {error}")))
    }
}

/// Ends with the next append. A trace that was removed tells nothing more; commits do.
async fn growth(mut follow: watch::Receiver<Progress>) {
    if follow.changed().await.is_err() {
        pending::<()>().await;
    }
}

fn collect<'n>(
    stretches: &[Stretch],
    after: u64,
    limit: usize,
    name: impl Fn(JobId) -> &'n str,
    read: impl Fn(JobId, u64, u32) -> std::io::Result<Vec<model::log::LogLine>>,
) -> std::io::Result<(Vec<TraceLine>, u64)> {
    let total = stretches.iter().map(|one| one.count).sum();
    let mut lines = Vec::new();
    let mut bytes = 0;
    let mut base = 0;
    for one in stretches {
        // The next line that is wanted of this stretch, from 0.
        let mut skip = after.saturating_sub(base).min(one.count);
        while skip < one.count && lines.len() < limit && bytes < PAGE_BYTES {
            let want = (one.count - skip).min((limit - lines.len()) as u64).min(5000) as u32;
            let found = read(one.job, one.first + skip, want)?;
            let missing = found.is_empty();
            for line in found {
                bytes += line.text.len();
                let id = base + skip + 1;
                lines.push(TraceLine { id, step: name(one.job).to_owned(), text: line.text, at: one.at });
                skip += 1;
            }
            if missing {
                // The log was erased since; its numbers stay taken.
                skip = one.count;
            }
        }
        base += one.count;
    }
    Ok((lines, total))
}

#[cfg(test)]
mod tests {
    use model::log::LogLine;

    use super::*;

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let stretch = |job, first, count| Stretch { job: JobId(job), first, count, at: Timestamp(5) };
        let stretches = [stretch(1, 1, 3), stretch(2, 1, 2), stretch(1, 4, 4)];
        // At most two lines at once, as a reader that stops at a budget.
        let read = |job: JobId, first: u64, limit: u32| {
            let line = |n| LogLine { number: n, text: format!("{job}:{n}"), cut: false };
            Ok((first..first + u64::from(limit.min(2))).map(line).collect())
        };
        let name = |job: JobId| if job.0 == 1 { "a" } else { "b" };
        let mut all = Vec::new();
        for limit in [1, 4, 100] {
            let after = all.last().map_or(0, |line: &TraceLine| line.id);
            let (lines, total) = collect(&stretches, after, limit, name, read).unwrap();
            assert_eq!(total, 9);
            assert!(lines.len() <= limit);
            all.extend(lines);
        }
        let texts: Vec<_> = all.iter().map(|line| format!("{} {}", line.id, line.text)).collect();
        assert_eq!(texts, ["1 1:1", "2 1:2", "3 1:3", "4 2:1", "5 2:2", "6 1:4", "7 1:5", "8 1:6", "9 1:7"]);
    }
}
