//! Sends a log to the server, from what it has acknowledged on, until it has all.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Log;
use crate::{
    client::{Client, ClientError, JobKey},
    control::{Control, Level},
    protocol::WatchedStatus,
};

/// The most that one request carries; what GitLab's own runner sends.
const MAX_PIECE: usize = 1 << 20;
/// So much is sent without waiting for more.
const ENOUGH: u64 = 256 << 10;
/// The first bytes wait this long for company: most short scripts have said everything by then.
const FIRST: Duration = Duration::from_millis(2);

/// How often pieces are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as there is something: the server is made for it.
    Live,
    /// When the server wants it.
    Asked,
}

/// How sending ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The server has all.
    All,
    /// The server will not have (more of) it, but the job may still be reported.
    Refused,
    /// The job is no longer this runner's.
    Gone,
}

/// Sends `log` until it is closed and acknowledged.
pub(crate) async fn send_trace(client: &Client, job: &JobKey, log: &Log, pace: Pace, control: &Control) -> Sent {
    let mut backoff = client.backoff();
    let mut interval = match pace {
        Pace::Live => Duration::from_millis(20),
        Pace::Asked => Duration::from_secs(3),
    };
    let mut held = 0;
    let mut last: Option<Instant> = None;
    loop {
        let Some(()) = wait_for_more(log, held, last, interval).await else { return Sent::All };
        let piece = match log.read(held, MAX_PIECE) {
            Ok(piece) if !piece.is_empty() => piece,
            Ok(_) => {
                // The server claims to hold more than there is: nothing can be added to that.
                tracing::warn!(job.id = job.id, held, "the server holds more of the trace than was written");
                return refused(log);
            }
            Err(error) => {
                tracing::error!(job.id = job.id, %error, "failed to read the spool");
                return refused(log);
            }
        };
        last = Some(Instant::now());
        match client.patch_trace(job, held, piece).await {
            Ok(patched) => {
                backoff.reset();
                log.set_online(true);
                held = patched.held;
                log.acknowledge(held);
                if pace == Pace::Asked {
                    interval = patched.interval.unwrap_or(interval).min(Duration::from_mins(15));
                }
                match patched.status {
                    WatchedStatus::Running => {}
                    WatchedStatus::Canceling => control.raise(Level::Cancel),
                    WatchedStatus::Gone => return gone(log, control),
                }
            }
            Err(ClientError::Away { text, retry_after, .. }) => {
                log.set_online(false);
                tracing::debug!(job.id = job.id, error = text, "the trace waits for the server");
                backoff.pause(retry_after).await;
            }
            Err(ClientError::Refused { status: 403 | 404, .. }) => return gone(log, control),
            Err(error @ ClientError::Refused { .. }) => {
                tracing::warn!(job.id = job.id, %error, "the server refused the trace");
                return refused(log);
            }
        }
    }
}

/// Nobody will read the log: the script must not wait for that.
fn refused(log: &Log) -> Sent {
    log.abandon();
    Sent::Refused
}

fn gone(log: &Log, control: &Control) -> Sent {
    log.abandon();
    control.raise(Level::Gone);
    Sent::Gone
}

/// Waits until something should be sent; none when everything has been, and nothing will follow.
async fn wait_for_more(log: &Log, held: u64, last: Option<Instant>, interval: Duration) -> Option<()> {
    let mut due = None;
    loop {
        let (length, closed) = log.progress();
        if closed {
            return (length != held).then_some(());
        }
        if length == held {
            log.grown().await;
            continue;
        }
        if length.abs_diff(held) >= ENOUGH && interval < Duration::from_secs(1) {
            return Some(());
        }
        let now = Instant::now();
        let due = *due.get_or_insert_with(|| last.map_or(now + FIRST, |last| (last + interval).max(now)));
        if now >= due {
            return Some(());
        }
        tokio::select! {
            () = sleep_until(due) => return Some(()),
            () = log.grown() => {}
        }
    }
}
