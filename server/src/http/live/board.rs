//! Streams of lists: the whole list anew whenever it changed: at once after a quiet time, then every 50 ms at most.

use std::time::Duration;

use app::service::Service;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::response::sse::Event as Message;
use model::view::RunFilter;
use model::{Error, Seq};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::rights::Rights;
use super::{Source, event, number, respond};
use crate::http::{Access, AppState, Failure};

/// The shortest time between two states.
const PAUSE: Duration = Duration::from_millis(50);
/// How many times as long as a look that found nothing new the next one waits.
const REST: u32 = 4;

/// `/live/dashboard`: a `Dashboard`.
pub(super) async fn dashboard(access: Access, State(state): State<AppState>) -> Result<Response, Failure> {
    open(access, &state, Subject::Dashboard).await
}

/// `/live/runs?FILTER`: a `RunPage`; the filter is that of the address of the list.
pub(super) async fn runs(
    access: Access,
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let filter = app::read_run_filter(query.as_deref().unwrap_or_default()).map_err(Error::invalid)?;
    open(access, &state, Subject::Runs(filter)).await
}

/// `/live/pipelines`: every pipeline.
pub(super) async fn pipelines(access: Access, State(state): State<AppState>) -> Result<Response, Failure> {
    open(access, &state, Subject::Pipelines).await
}

/// `/live/environments`: an `EnvironmentsView`.
pub(super) async fn environments(access: Access, State(state): State<AppState>) -> Result<Response, Failure> {
    open(access, &state, Subject::Environments).await
}

async fn open(access: Access, state: &AppState, subject: Subject) -> Result<Response, Failure> {
    let changes = access.weir.bus().watch();
    let rights = Rights::of(&access.weir);
    let mut board = Board {
        access,
        rights,
        subject,
        changes,
        stop: state.stop.clone(),
        told: [0; 32],
        pace: Pace { not_before: Instant::now() },
        first: None,
    };
    board.first = board.state().await?;
    Ok(respond(board))
}

enum Subject {
    Dashboard,
    Runs(RunFilter),
    Pipelines,
    Environments,
}

struct Board {
    access: Access,
    rights: Rights,
    subject: Subject,
    changes: watch::Receiver<Seq>,
    stop: CancellationToken,
    /// Names what the client knows: a commit that changes nothing in it is not told.
    told: [u8; 32],
    pace: Pace,
    first: Option<Message>,
}

/// When a list is looked at the next time.
#[derive(Debug)]
struct Pace {
    not_before: Instant,
}

impl Pace {
    /// Something was told that was looked at from `begun` to `now`. The pause is counted from there: what changed since is
    /// told that much sooner. Where looking takes longer than the pause, half of the time is left to others.
    fn told(&mut self, begun: Instant, now: Instant) {
        self.not_before = (begun + PAUSE).max(now + (now - begun));
    }

    /// Nothing of what was looked at is new to the client: that holds up the next change only as long as is needed to leave
    /// most of the time to others.
    fn found_nothing(&mut self, begun: Instant, now: Instant) {
        self.not_before = now + ((now - begun) * REST).min(PAUSE);
    }
}

impl Board {
    /// The event with the state, when it is another than the client's.
    async fn state(&mut self) -> Result<Option<Message>, Error> {
        // What is committed from here on is looked at the next time.
        let seen = *self.changes.borrow_and_update();
        let Access { caller, weir } = &self.access;
        match &self.subject {
            Subject::Dashboard => {
                let mut view = weir.dashboard(caller).await?;
                let seq = std::mem::take(&mut view.seq);
                if !news(&mut self.told, &view) {
                    return Ok(None);
                }
                view.seq = seq;
                event("state", number(seq), &view).map(Some)
            }
            Subject::Runs(filter) => {
                let mut view = weir.runs(caller, filter.clone()).await?;
                let seq = std::mem::take(&mut view.seq);
                if !news(&mut self.told, &view) {
                    return Ok(None);
                }
                view.seq = seq;
                event("state", number(seq), &view).map(Some)
            }
            Subject::Environments => {
                let mut view = weir.environments(caller).await?;
                let seq = std::mem::take(&mut view.seq);
                if !news(&mut self.told, &view) {
                    return Ok(None);
                }
                view.seq = seq;
                event("state", number(seq), &view).map(Some)
            }
            Subject::Pipelines => {
                let view = weir.pipelines(caller).await?;
                if news(&mut self.told, &view) { event("state", number(seen), &view).map(Some) } else { Ok(None) }
            }
        }
    }
}

/// Whether a view (without its sequence number) is another than the one told last.
fn news(told: &mut [u8; 32], view: &impl Serialize) -> bool {
    // A view that cannot be written is reported when it is sent.
    let text = serde_json::to_vec(view).unwrap_or_default();
    let now: [u8; 32] = Sha256::digest(text).into();
    std::mem::replace(told, now) != now
}

impl Source for Board {
    async fn next(&mut self) -> Option<Message> {
        if let Some(first) = self.first.take() {
            let now = Instant::now();
            self.pace.told(now, now);
            return Some(first);
        }
        loop {
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                // What this client may see is looked up anew.
                () = self.rights.in_question() => {}
                () = self.stop.cancelled() => return None,
            }
            tokio::select! {
                () = sleep_until(self.pace.not_before) => {}
                () = self.stop.cancelled() => return None,
            }
            let begun = Instant::now();
            let state = self.state().await;
            let now = Instant::now();
            match state {
                Ok(Some(message)) => {
                    self.pace.told(begun, now);
                    return Some(message);
                }
                Ok(None) => self.pace.found_nothing(begun, now),
                // The client comes back and is told.
                Err(_) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bug_a_change_after_a_quiet_time_waited_for_the_pause() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut pace = Pace { not_before: start };
        pace.told(at(0), at(20));
        assert_eq!(pace.not_before, at(50), "the pause runs while the state is read");
        // What is nothing new hardly holds up what is.
        pace.found_nothing(at(100), at(103));
        assert_eq!(pace.not_before, at(115));
        pace.found_nothing(at(200), at(260));
        assert_eq!(pace.not_before, at(310));
        pace.told(at(400), at(480));
        assert_eq!(pace.not_before, at(560), "looking took longer than the pause");
    }
}
