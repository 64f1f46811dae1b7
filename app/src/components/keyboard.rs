//! Single keys. What they do is declared in the page: `data-key="r"` on the button that `r` presses,
//! `data-row` on the entries that `j` and `k` walk through, `data-failed` on what `f` looks for,
//! `data-filter` on the field that `/` goes to. So a key never does what the page does not offer.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement, KeyboardEvent};

use super::page::{PageContext, use_page};
use crate::i18n::{Lang, T, use_lang};
use crate::prefs::use_prefs;

/// Listens as long as the page lives.
pub fn listen() {
    let (page, lang, on) = (use_page(), use_lang(), use_prefs().keys);
    Effect::new(move || {
        let before_g = StoredValue::new(false);
        let keys = window_event_listener(ev::keydown, move |event| {
            let g = before_g.try_update_value(|held| std::mem::replace(held, event.key() == "g")) == Some(true);
            if on && is_ours(&event) && act(&event.key(), g, page, lang) {
                event.prevent_default();
            }
        });
        let clicks = window_event_listener(ev::click, |event| {
            let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
            if let Some(Ok(Some(_))) = target.map(|t| t.closest("[data-help]")) {
                show_help();
            }
        });
        on_cleanup(move || {
            keys.remove();
            clicks.remove();
        });
    });
}

/// Not while somebody types, and not the browser's own combinations.
fn is_ours(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() || event.default_prevented() {
        return false;
    }
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    !target.is_some_and(|t| {
        matches!(t.tag_name().as_str(), "TEXTAREA" | "SELECT") || (t.tag_name() == "INPUT" && !is_button(&t))
    })
}

fn is_button(input: &Element) -> bool {
    matches!(input.get_attribute("type").as_deref(), Some("checkbox" | "radio" | "button" | "submit"))
}

fn act(key: &str, after_g: bool, page: PageContext, lang: Lang) -> bool {
    match key {
        "?" => show_help(),
        "/" => focus("[data-filter]"),
        "j" => walk("[data-row]", 1),
        "k" => walk("[data-row]", -1),
        "f" => walk("[data-failed]", 1),
        "g" if after_g => press("[data-key='gg']") || end("[data-row]", false),
        "G" => press("[data-key='G']") || end("[data-row]", true),
        "y" => press("[data-key='y']") || copy_link(page, lang),
        "r" | "p" | "c" | "w" | "F" | "W" | "S" => press(&format!("[data-key='{key}']")),
        _ => false,
    }
}

fn all(selector: &str) -> Vec<HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else { return Vec::new() };
    let elements = (0..list.length()).filter_map(|i| list.get(i)?.dyn_into::<HtmlElement>().ok());
    elements.filter(|e| e.offset_width() > 0 || e.offset_height() > 0).collect()
}

fn focus(selector: &str) -> bool {
    all(selector).first().is_some_and(|e| e.focus().is_ok())
}

/// Moves the focus to the next entry, or the one before, in the order of the page; goes round.
fn walk(selector: &str, step: isize) -> bool {
    let entries = all(selector);
    let active = document().active_element();
    let at = entries.iter().position(|e| active.as_ref().is_some_and(|a| e.contains(Some(a))));
    let count = entries.len() as isize;
    if count == 0 {
        return false;
    }
    let next = match at {
        Some(at) => (at as isize + step).rem_euclid(count),
        None if step > 0 => 0,
        None => count - 1,
    };
    entries[next as usize].focus().is_ok()
}

fn end(selector: &str, last: bool) -> bool {
    let entries = all(selector);
    let entry = if last { entries.last() } else { entries.first() };
    entry.is_some_and(|e| e.focus().is_ok())
}

fn press(selector: &str) -> bool {
    let Some(found) = all(selector).into_iter().next() else { return false };
    found.click();
    true
}

fn show_help() -> bool {
    let dialog = document().get_element_by_id("help").and_then(|d| d.dyn_into::<HtmlDialogElement>().ok());
    dialog.is_some_and(|dialog| dialog.open() || dialog.show_modal().is_ok())
}

/// Puts the address of what is seen into the clipboard, and says so.
pub fn copy_link(page: PageContext, lang: Lang) -> bool {
    let Ok(address) = window().location().href() else { return false };
    let _ = window().navigator().clipboard().write_text(&address);
    page.say.set(lang.t(T::LinkCopied).to_owned());
    true
}
