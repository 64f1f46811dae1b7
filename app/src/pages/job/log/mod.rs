//! The log. The server renders lines one below the other; once the page is alive and lines are not
//! wrapped, only those in sight are laid out, however long the trace is.

mod feed;
mod flow;
mod marked;
mod row;
mod tools;
mod window;

use leptos::prelude::*;
use model::log::LogPage;
use model::{Error, JobId, Status};

use super::state::JobState;
use crate::components::act::ErrorNote;
use crate::components::dynamic::Show;
use crate::i18n::{T, use_lang};
use crate::logic::trace::Trace;

use flow::Flow;
use marked::Marked;
use tools::Tools;
use window::Window;

/// How somebody reads logs; kept while going from page to page of one.
#[derive(Clone, Copy)]
pub struct LogPrefs {
    /// Whether long lines are wrapped.
    pub wrap: RwSignal<bool>,
}

impl LogPrefs {
    /// As it is at first.
    pub fn new() -> Self {
        Self { wrap: RwSignal::new(false) }
    }
}

/// Signals of the log.
#[derive(Clone, Copy)]
pub struct LogState {
    /// The job.
    pub id: JobId,
    /// What is held of the trace.
    pub trace: StoredValue<Trace>,
    /// Counts changes of the trace.
    pub changes: RwSignal<u64>,
    /// The lines that the address points to.
    pub marked: Marked,
    /// Whether the end stays in sight.
    pub follow: RwSignal<bool>,
    /// The line that is the first in sight at first.
    pub start: u64,
    /// Set to a line (from 1) to bring it into sight.
    pub go: RwSignal<Option<u64>>,
    /// The first line in sight.
    pub top: RwSignal<u64>,
    /// Whether the page is alive.
    pub alive: RwSignal<bool>,
    /// How it is read.
    pub prefs: LogPrefs,
}

/// The log with its tools.
#[component]
pub fn Log(
    /// The job.
    state: JobState,
    /// The lines in the page.
    page: LogPage,
    /// The line that the address asks for; 0 for none.
    from: u64,
    /// Why there are none.
    error: Option<Error>,
    /// How it is read.
    prefs: LogPrefs,
) -> impl IntoView {
    let lang = use_lang();
    let shown = (page.lines.first().map_or(0, |l| l.number), page.lines.last().map_or(0, |l| l.number));
    let (running, failed) = state.job.with_untracked(|j| (!j.status.is_complete(), j.status == Status::Failed));
    // What went wrong is said last, and of a log that begins before the page its end is what there is to see.
    let at_end = running || (from == 0 && (failed || shown.0 > 1));
    let log = LogState {
        id: state.job.with_untracked(|j| j.id),
        trace: StoredValue::new(Trace::new(page)),
        changes: RwSignal::new(0),
        marked: Marked::new(),
        follow: RwSignal::new(running),
        start: if at_end { u64::MAX } else { shown.0.max(1) },
        go: RwSignal::new(None),
        top: RwSignal::new(shown.0.max(1)),
        alive: RwSignal::new(false),
        prefs,
    };
    feed::feed(log, state);
    log.marked.listen(log);
    Effect::new(move || log.alive.set(true));
    let job = state.job;
    let empty = Memo::new(move |_| {
        log.changes.get();
        log.trace.with_value(|t| t.total() == 0)
    });
    let nothing = move || {
        job.with(|j| {
            lang.t(match () {
                () if j.erased_at.is_some() => T::LogErased,
                () if j.status.is_final() => T::LogEmptyEnded,
                () if j.started_at.is_none() => T::LogNotStarted,
                () => T::LogEmpty,
            })
        })
    };
    let windowed = Memo::new(move |_| log.alive.get() && !prefs.wrap.get());
    view! {
        <section class="log" aria-label=lang.t(T::LogOf)>
            <Tools log state />
            {error.map(|error| view! { <ErrorNote error /> }.into_any())}
            <Show when=move || empty.get()>
                <p class="calm">{move || nothing()}</p>
            </Show>
            <Show when=move || windowed.get() fallback=move || view! { <Flow log shown /> }>
                <Window log />
            </Show>
        </section>
    }
    .into_any()
}
