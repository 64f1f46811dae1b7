//! Committed changes on their way to whoever waits for them.

use std::sync::Arc;

use model::{Event, Seq};
use tokio::sync::{broadcast, watch};

/// How many events a slow listener may lag behind before it has to take a fresh snapshot.
const BACKLOG: usize = 4096;

/// Tells listeners of committed changes. To miss none, subscribe first and read the state then:
/// events up to the snapshot's `seq` are already in it.
#[derive(Debug)]
pub struct Bus {
    events: broadcast::Sender<Arc<Event>>,
    seq: watch::Sender<Seq>,
}

impl Bus {
    /// A bus whose last published commit is `seq`.
    pub fn new(seq: Seq) -> Self {
        Self { events: broadcast::Sender::new(BACKLOG), seq: watch::Sender::new(seq) }
    }

    /// The number of the last published commit.
    pub fn seq(&self) -> Seq {
        *self.seq.borrow()
    }

    /// Every event from now on, in order of `seq`; a receiver that lags gets an error and takes a
    /// fresh snapshot.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// Only the number of the last commit, for those who look again themselves.
    pub fn watch(&self) -> watch::Receiver<Seq> {
        self.seq.subscribe()
    }

    /// Called by the writer after a commit.
    pub(super) fn publish(&self, events: Vec<Event>) {
        let Some(last) = events.last().map(|event| event.seq) else { return };
        for event in events {
            // Nobody listening is fine.
            let _ = self.events.send(Arc::new(event));
        }
        self.seq.send_replace(last);
    }
}
