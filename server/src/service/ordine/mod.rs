//! What Ordine's dialect asks: jobs that are runs or hand-made records, one log per run, operations,
//! and pipelines with how they were given.

mod jobs;
mod pipelines;
mod traces;

pub use jobs::{Entry, JobList};
pub use pipelines::{Given, PipelineDraft};
pub use traces::{TraceLine, TracePage};

pub use crate::store::ordine::{Brief, Handmade, HandmadeChange, JobFilter, Operation, Origin, State, UnknownState};

use super::Weir;

/// The use cases of Ordine's dialect.
#[derive(Clone, Copy, Debug)]
pub struct Ordine<'a>(&'a Weir);

impl Weir {
    /// The use cases of Ordine's dialect.
    pub fn ordine(&self) -> Ordine<'_> {
        Ordine(self)
    }
}
