//! What streams resume from: committed changes after a version.

use model::{Caller, Error, Event, RunId, Seq};

use super::Weir;
use crate::auth::{self, Action};
use crate::store::events;

/// Which changes a stream wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Instance,
    /// Those of one run and its jobs.
    Run(RunId),
}

impl Scope {
    /// Whether a change belongs to the stream.
    pub fn holds(self, event: &Event) -> bool {
        match self {
            Self::Instance => true,
            Self::Run(id) => event.change.run_id() == Some(id),
        }
    }
}

impl Weir {
    /// The changes after `since`, in order; `None` when the window no longer reaches back so far
    /// and the client has to take a fresh snapshot.
    pub async fn events_since(&self, caller: &Caller, since: Seq, scope: Scope) -> Result<Option<Vec<Event>>, Error> {
        auth::require(caller, Action::Read)?;
        let run = match scope {
            Scope::Instance => None,
            Scope::Run(id) => Some(id),
        };
        Ok(self.store.read(move |conn| events::since(conn, since, run)).await?)
    }
}
