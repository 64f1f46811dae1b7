//! The lines that the address points to: `#L120` or `#L120-L140`.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use super::LogState;
use crate::logic::range::{self, Range};

/// The marked range.
#[derive(Clone, Copy)]
pub struct Marked {
    range: RwSignal<Option<Range>>,
}

impl Marked {
    /// None at first, on both sides: the server never sees this part of an address.
    pub fn new() -> Self {
        Self { range: RwSignal::new(None) }
    }

    /// Whether a line is in it.
    pub fn has(self, line: u64) -> bool {
        self.range.with(|r| r.is_some_and(|r| r.has(line)))
    }

    /// Reads the address once the page is alive, and again whenever that part of it changes.
    pub fn listen(self, log: LogState) {
        let read = move || {
            let found = window().location().hash().ok().and_then(|hash| range::read(&hash));
            self.range.set(found);
            if let Some(found) = found {
                log.follow.set(false);
                log.go.set(Some(found.first));
            }
        };
        Effect::new(move || {
            read();
            let handle = window_event_listener(ev::hashchange, move |_| read());
            on_cleanup(move || handle.remove());
        });
    }

    /// A click on a line's number marks it; with the shift key everything up to it.
    pub fn click(self, event: &MouseEvent) -> bool {
        let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
        let Some(Ok(Some(link))) = target.map(|t| t.closest("a.no")) else { return false };
        let Some(line) = link.get_attribute("href").and_then(|href| range::read(&href)) else { return false };
        event.prevent_default();
        let before = self.range.get_untracked().filter(|_| event.shift_key());
        self.set(before.map_or(line, |before| before.to(line.first)));
        true
    }

    /// Marks a line, unless something is marked: what the address is to point to.
    pub fn at_least(self, line: u64) {
        if self.range.with_untracked(Option::is_none) {
            self.set(Range { first: line, last: line });
        }
    }

    fn set(self, range: Range) {
        self.range.set(Some(range));
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&range.hash()));
        }
    }
}
