//! A button that asks first, in the words of whoever wrote the definition (`manual_confirmation`).

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, KeyboardEvent};

use crate::components::status::Icon;
use crate::i18n::{T, use_lang};

/// The button of a form, behind a question. Without script it is a `<details>` that shows the text and
/// the real button; with script the same text is a dialog in front of the page, wherever in it the
/// button stands: the graph, for one, would cut off anything else.
#[component]
pub fn ConfirmButton(
    /// The question.
    ask: String,
    /// The text of both buttons.
    label: T,
    /// Their picture.
    icon: &'static str,
    /// The key that opens the question.
    #[prop(optional)]
    key: Option<&'static str>,
    /// Show the picture only, on the button that opens the question.
    #[prop(optional)]
    quiet: bool,
    /// Whether the button stands out from others.
    #[prop(optional)]
    primary: bool,
    /// What it is done to, where several such buttons stand on a page.
    #[prop(optional, into)]
    about: Option<String>,
) -> impl IntoView {
    let lang = use_lang();
    let class = match (quiet, primary) {
        (true, _) => "button icon-only",
        (false, true) => "button primary",
        (false, false) => "button",
    };
    view! {
        <details class="ask confirm" on:toggle=|event| open(&event)>
            <summary class=class data-key=key title=quiet.then(|| lang.t(label))>
                <Icon name=icon />
                <span class=if quiet { "unseen" } else { "" }>{lang.t(label)}</span>
                {about.map(|name| view! { <span class="unseen">" " {name}</span> }.into_any())}
            </summary>
            <dialog class="sheet" open aria-label=lang.t(T::ConfirmTitle) on:close=|event| fold(&event)>
                <p class="said">{ask}</p>
                <div class="row">
                    <button type="button" class="button live-only" on:click=|event| close(&event)>
                        {lang.t(T::Cancel)}
                    </button>
                    <button type="submit" class="button primary">
                        <Icon name=icon />
                        {lang.t(label)}
                    </button>
                </div>
            </dialog>
        </details>
    }
    .into_any()
}

fn target<E: JsCast>(event: &Event) -> Option<E> {
    event.target().and_then(|t| t.dyn_into().ok())
}

/// Brings the question to the front when the `<details>` was opened.
fn open(event: &Event) {
    let Some(details) = target::<Element>(event) else { return };
    if !details.has_attribute("open") {
        return;
    }
    let dialog = details.query_selector("dialog").ok().flatten().and_then(|d| d.dyn_into::<HtmlDialogElement>().ok());
    if let Some(dialog) = dialog {
        // It was open in its place, for browsers without script.
        dialog.set_open(false);
        let _ = dialog.show_modal();
    }
}

/// Folds the `<details>` when its question was answered or left by Escape.
fn fold(event: &Event) {
    let details = target::<Element>(event).and_then(|dialog| dialog.closest("details").ok().flatten());
    if let Some(details) = details {
        let _ = details.remove_attribute("open");
    }
}

/// Folds the `<details>` that the focus is in, for questions that are no dialogs.
pub(super) fn fold_on_escape(event: &KeyboardEvent) {
    if event.key() != "Escape" {
        return;
    }
    let details = target::<Element>(event).and_then(|at| at.closest("details[open]").ok().flatten());
    if let Some(details) = details {
        let _ = details.remove_attribute("open");
        let opener = details.query_selector("summary").ok().flatten().and_then(|s| s.dyn_into::<HtmlElement>().ok());
        let _ = opener.map(|opener| opener.focus());
    }
}

fn close(event: &Event) {
    if let Some(button) = target::<Element>(event) {
        close_around(&button);
    }
}

/// Closes the dialog that something stands in, or has inside.
pub(super) fn close_around(element: &Element) {
    let inside = || element.query_selector("dialog[open]").ok().flatten();
    let dialog = element.closest("dialog").ok().flatten().or_else(inside);
    if let Some(dialog) = dialog.and_then(|d| d.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
    }
}
