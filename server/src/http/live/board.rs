//! Streams of lists: the whole list anew whenever it changed, at most ten times a second.

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
        not_before: Instant::now(),
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
    not_before: Instant,
    first: Option<Message>,
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
            self.not_before = Instant::now() + PAUSE;
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
                () = sleep_until(self.not_before) => {}
                () = self.stop.cancelled() => return None,
            }
            let state = self.state().await;
            self.not_before = Instant::now() + PAUSE;
            match state {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                // The client comes back and is told.
                Err(_) => return None,
            }
        }
    }
}
