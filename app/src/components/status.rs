//! Status by colour and shape and word, always all three (the word may be for screen readers only).

use leptos::prelude::*;
use model::Status;

use crate::i18n::{Lang, T, use_lang};

/// The name of the picture and the colour of a status: `#name` in `icons.svg`, `.s-name` in the styles.
pub const fn face(status: Status, warnings: bool) -> &'static str {
    match status {
        Status::Created => "created",
        Status::WaitingForResource => "waiting",
        Status::Preparing => "preparing",
        Status::Pending => "pending",
        Status::Running => "running",
        Status::Canceling => "canceling",
        Status::Success | Status::Failed if warnings => "warnings",
        Status::Success => "success",
        Status::Failed => "failed",
        Status::Canceled => "canceled",
        Status::Skipped => "skipped",
        Status::Manual => "manual",
        Status::Scheduled => "scheduled",
    }
}

/// The word. For a job, `warnings` means that its failure is allowed.
pub const fn word(lang: Lang, status: Status, warnings: bool) -> &'static str {
    match status {
        Status::Success if warnings => lang.t(T::StatusWarnings),
        Status::Failed if warnings => lang.t(T::StatusFailedAllowed),
        other => lang.status(other),
    }
}

/// A picture from the sprite.
#[component]
pub fn Icon(
    /// Its name in `icons.svg`.
    #[prop(into)]
    name: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <svg class="icon" width="16" height="16" aria-hidden="true">
            <use href=move || format!("/icons.svg#{}", name.get())></use>
        </svg>
    }
}

/// Picture and word of a status.
#[component]
pub fn Badge(
    /// The status, and whether it has warnings.
    #[prop(into)]
    status: Signal<(Status, bool)>,
    /// Show only the picture; the word is still there for screen readers and as the tooltip.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let lang = use_lang();
    let name = Signal::derive(move || {
        let (status, warnings) = status.get();
        face(status, warnings)
    });
    let text = move || {
        let (status, warnings) = status.get();
        word(lang, status, warnings)
    };
    view! {
        <span class=move || format!("badge s-{}", name.get()) title=move || quiet.then(text)>
            <Icon name />
            <span class=if quiet { "unseen" } else { "word" }>{move || text()}</span>
        </span>
    }
}

/// What a job's badge shows.
pub fn job_state(job: &model::Job) -> (Status, bool) {
    (job.status, job.allow_failure && job.status == Status::Failed)
}

/// What a run's badge shows.
pub fn run_state(run: &model::Run) -> (Status, bool) {
    (run.status, run.warnings && run.status == Status::Success)
}
