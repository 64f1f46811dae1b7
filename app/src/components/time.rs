//! Points in time and lengths of time.

use leptos::prelude::*;
use model::{Job, Run, Status, Timestamp};

use crate::i18n::{Phrases, use_lang};
use crate::live::use_clock;

/// A point in time: absolute in UTC first; once the page is alive "3 min ago", with the local time as
/// its tooltip.
#[component]
pub fn When(
    /// The time.
    #[prop(into)]
    at: Signal<Option<Timestamp>>,
) -> impl IntoView {
    let lang = use_lang();
    let clock = use_clock();
    let awake = move || clock.is_some_and(|c| c.awake.get());
    let text = move || match (at.get(), clock) {
        (None, _) => "–".to_owned(),
        (Some(at), Some(clock)) if clock.awake.get() => lang.ago(clock.now.get().since(at)),
        (Some(at), _) => format!("{} UTC", at.human()),
    };
    let title = move || at.get().filter(|_| awake()).map(|at| local(at, lang.tag()));
    let machine = move || at.get().map(|at| at.rfc3339());
    view! { <time datetime=move || machine() title=move || title()>{move || text()}</time> }
}

/// The time as this browser's zone has it. Only called in a live page.
fn local(at: Timestamp, tag: &str) -> String {
    let date = js_sys::Date::new(&(at.0 as f64).into());
    String::from(date.to_locale_string(tag, &js_sys::Object::new()))
}

/// How long a run took, or has taken so far.
#[component]
pub fn RunTime(
    /// The run.
    #[prop(into)]
    run: Signal<Run>,
) -> impl IntoView {
    let times = Signal::derive(move || run.with(|r| (r.started_at, r.finished_at, r.status)));
    view! { <Length times /> }
}

/// How long a job took, or has taken so far.
#[component]
pub fn JobTime(
    /// The job.
    #[prop(into)]
    job: Signal<Job>,
) -> impl IntoView {
    let times = Signal::derive(move || job.with(|j| (j.started_at, j.finished_at, j.status)));
    view! { <Length times /> }
}

/// A length of time that grows while the status is not final.
#[component]
pub fn Length(
    /// Start, end, status.
    #[prop(into)]
    times: Signal<(Option<Timestamp>, Option<Timestamp>, Status)>,
) -> impl IntoView {
    let lang = use_lang();
    let clock = use_clock();
    let grows = move || matches!(times.get(), (Some(_), _, status) if !status.is_complete());
    if let Some(clock) = clock {
        clock.seconds_while(grows);
    }
    let text = move || {
        let (start, end, _) = times.get();
        let Some(start) = start else { return "–".to_owned() };
        let now = || clock.map_or(start, |c| c.now.get());
        // While it grows only whole seconds are worth showing.
        match (grows(), end) {
            (true, _) => lang.duration((now().since(start) / 1000 * 1000).max(1000)),
            (false, Some(end)) => lang.duration(end.since(start)),
            (false, None) => "–".to_owned(),
        }
    };
    view! { <span class="num">{move || text()}</span> }.into_any()
}
