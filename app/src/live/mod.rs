//! Live data: the server's event streams, and the objects they keep up to date.

mod clock;
mod stream;

use leptos::prelude::*;
use model::{Job, Run, Seq};

pub use clock::{Clock, use_clock};
pub use stream::{Background, Heart, subscribe};

/// Something that carries the number of its last change.
pub trait Versioned {
    /// That number.
    fn version(&self) -> Seq;
}

impl Versioned for Run {
    fn version(&self) -> Seq {
        self.version
    }
}

impl Versioned for Job {
    fn version(&self) -> Seq {
        self.version
    }
}

/// A signal that lives as long as the page that `owner` stands for, and not only as long as the callback
/// that makes it.
pub fn signal_in<T: Send + Sync + 'static>(owner: Option<&Owner>, value: T) -> RwSignal<T> {
    match owner {
        Some(owner) => owner.with(|| RwSignal::new(value)),
        None => RwSignal::new(value),
    }
}

/// Puts `new` in the place of what is there, unless that is as new already: streams may repeat, and
/// the answer to an action may overtake them.
pub fn update<T: Versioned + Send + Sync + 'static>(signal: RwSignal<T>, new: T) -> bool {
    let newer = signal.try_with_untracked(|old| new.version() > old.version()).unwrap_or(false);
    if newer {
        signal.set(new);
    }
    newer
}
