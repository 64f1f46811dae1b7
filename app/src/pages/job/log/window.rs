//! The lines in sight, out of any number of them.

use leptos::ev;
use leptos::html::{Div, Ol};
use leptos::prelude::*;

use super::LogState;
use super::feed;
use super::row::entries;
use crate::components::dynamic::Each;
use crate::i18n::{T, use_lang};
use crate::logic::trace::Row;
use crate::logic::window::List;

/// Height of a line in pixels; the style sheet has the same.
const LINE: f64 = 20.0;
/// Lines laid out above and below those in sight.
const SPARE: u64 = 30;

/// The scrolled frame.
#[component]
pub fn Window(
    /// The log.
    log: LogState,
) -> impl IntoView {
    let lang = use_lang();
    let frame = NodeRef::<Div>::new();
    let space = NodeRef::<Div>::new();
    let lines = NodeRef::<Ol>::new();
    let height = RwSignal::new(800.0_f64);
    // The first line in sight, and where the scrollbar stood then.
    let first = RwSignal::new(0.0_f64);
    let top = StoredValue::new(0.0_f64);
    let list = Memo::new(move |_| {
        log.changes.get();
        let rows = log.trace.with_value(|t| t.folds().rows(t.total()));
        List { rows, row: LINE, view: height.get() }
    });
    let has_rows = Memo::new(move |_| list.with(|l| l.rows > 0));
    let jump = move |row: f64| {
        let Some(frame) = frame.get_untracked() else { return };
        let list = list.get_untracked();
        let offset = list.offset(row);
        frame.set_scroll_top(offset as i32);
        top.set_value(f64::from(frame.scroll_top()));
        first.set(row.clamp(0.0, ((list.rows as f64) - list.view / LINE).max(0.0)));
    };
    let rows = Memo::new(move |_| {
        log.changes.get();
        let (from, to) = list.get().visible(first.get(), SPARE);
        let mut rows = Vec::<Row>::new();
        log.trace.update_value(|trace| rows = trace.window(from, to));
        rows
    });
    // The order matters: the frame is measured and the space high enough before anything scrolls in it.
    Effect::new(move || {
        // Without lines the frame has no height.
        has_rows.track();
        let measure = move || {
            if let Some(frame) = frame.get() {
                height.set(f64::from(frame.client_height()).max(LINE));
            }
        };
        measure();
        let handle = window_event_listener(ev::resize, move |_| measure());
        on_cleanup(move || handle.remove());
    });
    Effect::new(move || {
        if let Some(space) = space.get() {
            set_style(&space, "height", list.get().height());
        }
    });
    Effect::new(move |begun: Option<bool>| {
        if begun != Some(true) && frame.get().is_some() && has_rows.get() {
            let row = log.trace.with_value(|t| t.folds().row_of(log.start.min(t.total() + 1)));
            if log.go.with_untracked(Option::is_none) && !log.follow.get_untracked() {
                jump(row as f64);
            }
            return true;
        }
        begun == Some(true)
    });
    Effect::new(move || {
        let list = list.get();
        if log.follow.get() && frame.get().is_some() {
            jump(list.rows as f64);
        }
    });
    Effect::new(move || {
        if let (Some(line), Some(_)) = (log.go.get(), frame.get()) {
            log.trace.update_value(|t| t.reveal(line));
            log.changes.update(|n| *n += 1);
            let row = log.trace.with_value(|t| t.folds().row_of(line));
            jump(row as f64 - 4.0);
        }
    });
    Effect::new(move || {
        let start = list.get().visible(first.get(), SPARE).0;
        if let Some(lines) = lines.get() {
            set_style(&lines, "top", top.get_value() + (start as f64 - first.get()) * LINE);
        }
    });
    Effect::new(move || {
        let row = first.get().ceil() as u64;
        log.top.set(log.trace.with_value(|t| t.folds().line_at(row)));
    });
    Effect::new(move || {
        let missing = rows.with(|rows| log.trace.try_update_value(|t| t.missing(rows)));
        feed::fetch(log, missing.unwrap_or_default());
    });
    let scrolled = move |_| {
        let Some(frame) = frame.get_untracked() else { return };
        let (old, new) = (top.get_value(), f64::from(frame.scroll_top()));
        if (old - new).abs() < 1.0 {
            return;
        }
        let list = list.get_untracked();
        let now = list.scrolled(first.get_untracked(), old, new);
        top.set_value(new);
        first.set(now);
        let at_end = now + list.view / LINE >= list.rows as f64 - 1.0;
        if new < old && !at_end {
            log.follow.set(false);
        }
    };
    view! {
        <div
            class="log-frame windowed"
            node_ref=frame
            tabindex="0"
            role="region"
            aria-label=lang.t(T::Log)
            on:scroll=scrolled
            on:click=move |event| {
                log.marked.click(&event);
            }
        >
            <div class="log-space" node_ref=space>
                <ol class="lines" node_ref=lines>
                    <Each of=move || entries(rows.get(), log) />
                </ol>
            </div>
        </div>
    }
}

/// Through the object model, which a strict content security policy allows; style attributes it refuses.
fn set_style(element: &web_sys::HtmlElement, name: &str, pixels: f64) {
    let _ = element.style().set_property(name, &format!("{pixels}px"));
}
