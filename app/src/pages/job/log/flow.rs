//! Lines one below the other, a page of them at a time: what the server renders, what a browser
//! without script reads, and how wrapped lines are shown, whose heights nobody knows beforehand.

use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::LogState;
use super::row::entries;
use crate::components::dynamic::Each;
use crate::i18n::{Phrases, T, use_lang};
use crate::pages::job::FIRST_LINES;

/// The page of lines, with links to those before and behind.
#[component]
pub fn Flow(
    /// The log.
    log: LogState,
    /// The first and the last line of the page.
    shown: (u64, u64),
) -> impl IntoView {
    let lang = use_lang();
    let (first, last) = shown;
    let frame = NodeRef::<Div>::new();
    let path = use_location().pathname;
    let at_end = log.trace.with_value(|t| last >= t.total());
    let lines = Memo::new(move |_| {
        log.changes.get();
        // The last page grows with the log, up to twice its size; then the next one begins.
        let most = if at_end { last + u64::from(FIRST_LINES) } else { last };
        let mut rows = Vec::new();
        log.trace.update_value(|trace| {
            let (from, to) = (trace.folds().row_of(first.max(1)), trace.folds().row_of(most.min(trace.total()) + 1));
            rows = if first == 0 && trace.total() == 0 { Vec::new() } else { trace.window(from, to) };
        });
        rows
    });
    let total = move || {
        log.changes.get();
        log.trace.with_value(|t| t.total())
    };
    let link = move |from: u64, text: T| {
        let to = move || format!("{}?from={from}", path.get());
        view! { <a class="button" href=move || to()>{lang.t(text)}</a> }.into_any()
    };
    let earlier = (first > 1).then(|| link(first.saturating_sub(u64::from(FIRST_LINES)).max(1), T::EarlierLines));
    let later = (!at_end).then(|| link(last + 1, T::LaterLines));
    let range =
        move || (total() > 0).then(|| lang.lines(first, lines.with(|l| l.last().map_or(last, |l| l.number)), total()));
    Effect::new(move || {
        lines.track();
        if let (true, Some(frame)) = (log.follow.get(), frame.get()) {
            request_animation_frame(move || frame.set_scroll_top(frame.scroll_height()));
        }
    });
    Effect::new(move || {
        if let Some(line) = log.go.get()
            && let Some(element) = document().get_element_by_id(&format!("L{line}"))
        {
            element.scroll_into_view();
        }
    });
    view! {
        <div
            class="log-frame"
            class:wrapped=move || log.prefs.wrap.get()
            node_ref=frame
            tabindex="0"
            role="region"
            aria-label=lang.t(T::Log)
            on:click=move |event| {
                log.marked.click(&event);
            }
        >
            <div class="log-pages">{earlier}</div>
            <ol class="lines">
                <Each of=move || entries(lines.get(), log) />
            </ol>
            <div class="log-pages" id="log-end">{later} <span class="faint">{move || range()}</span></div>
        </div>
    }
    .into_any()
}
