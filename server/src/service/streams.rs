//! What streams resume from: committed changes after a version.

use model::{Caller, Error, Event, RunId, Seq};

use super::{Weir, access};
use crate::auth::Action;
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
        let run = match scope {
            Scope::Instance => None,
            Scope::Run(id) => Some(id),
        };
        let caller = caller.clone();
        let missed = self.store.read(move |conn| {
            let seen = access::scope(conn, &caller, Action::ReadRuns)?;
            let missed = events::since(conn, since, run)?;
            Ok(missed.map(|list| {
                list.into_iter().filter(|event| event.change.project_id().is_none_or(|id| seen.holds(id))).collect()
            }))
        });
        Ok(missed.await?)
    }
}
