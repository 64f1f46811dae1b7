//! Actions: plain forms that post to a server function. Without script the browser follows the
//! redirect; with script the answer is read here, so that the page stays where it is and an error
//! appears beside the button that caused it. One component for all of them instead of one generic
//! form per function keeps the browser half small.

mod confirm;
mod send;

pub use confirm::ConfirmButton;
pub use send::{FORM, fields_in, fields_of, regain_focus};

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use model::Error;

use super::diagnostics::Diagnostics;
use super::status::Icon;
use crate::i18n::{T, use_lang};

/// A form that posts to the server function at `to`.
#[component]
pub fn ActForm(
    /// The path of the server function.
    to: &'static str,
    /// Hidden fields.
    #[prop(optional, into)]
    fields: Vec<(&'static str, String)>,
    /// CSS class of the form.
    #[prop(default = "act")]
    class: &'static str,
    /// What to do once it is done, where no stream brings what changed.
    #[prop(optional, into)]
    after: Option<Callback<()>>,
    /// Visible fields and the button.
    children: Children,
) -> impl IntoView {
    let error = RwSignal::new(None::<Error>);
    let busy = RwSignal::new(false);
    let navigate = send::navigator();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            send::send(&event, to, busy, error, navigate.clone(), after);
        }
    };
    // What it did may have brought the page anew before this form hears that it is done: its signals are gone then.
    let is_busy = move || busy.try_get().unwrap_or_default().then_some("true");
    view! {
        <form class=class method="post" action=to on:submit=submit aria-busy=is_busy>
            {fields
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value /> }.into_any())
                .collect_view()}
            {children()}
            {move || error.try_get().flatten().map(|error| view! { <ErrorNote error /> }.into_any())}
        </form>
    }
}

/// What the server said against an action, beside the place where it was asked for.
#[component]
pub fn ErrorNote(
    /// The error.
    error: Error,
) -> impl IntoView {
    let findings = error.diagnostics.clone();
    view! {
        <div class="note s-failed" role="alert">
            <Icon name="failed" />
            <div>
                <p>{error.message}</p>
                {(!findings.is_empty()).then(|| view! { <Diagnostics list=findings /> }.into_any())}
            </div>
        </div>
    }
}

/// A button that does one thing at once.
#[component]
pub fn ActButton(
    /// The path of the server function.
    to: &'static str,
    /// Hidden fields.
    #[prop(into)]
    fields: Vec<(&'static str, String)>,
    /// The text.
    label: T,
    /// The picture.
    icon: &'static str,
    /// The key that presses it.
    #[prop(optional)]
    key: Option<&'static str>,
    /// Why it cannot be pressed now; it is disabled and says so.
    #[prop(optional, into)]
    unless: Signal<Option<T>>,
    /// What it does, at greater length.
    #[prop(optional)]
    hint: Option<T>,
    /// Show the picture only.
    #[prop(optional)]
    quiet: bool,
    /// What it is done to, where several such buttons stand on a page: whoever does not see the row
    /// hears it.
    #[prop(optional, into)]
    about: Option<String>,
) -> impl IntoView {
    let lang = use_lang();
    let title = move || unless.get().or(hint).or(quiet.then_some(label)).map(|text| lang.t(text));
    view! {
        <ActForm to fields>
            <button
                type="submit"
                class=if quiet { "button icon-only" } else { "button" }
                data-key=key
                title=move || title()
                aria-disabled=move || unless.get().map(|_| "true")
                on:click=move |event| {
                    if unless.get_untracked().is_some() {
                        event.prevent_default();
                    }
                }
            >
                <Icon name=icon />
                <span class=if quiet { "unseen" } else { "" }>{lang.t(label)}</span>
                {about.map(|name| view! { <span class="unseen">" " {name}</span> }.into_any())}
                {move || unless.get().map(|why| view! { <span class="unseen">" – " {lang.t(why)}</span> }.into_any())}
            </button>
        </ActForm>
    }
}

/// A button whose act cannot be taken back: it opens a question first. Works without script, being
/// a `<details>` with a form inside.
#[component]
pub fn AskFirst(
    /// The path of the server function.
    to: &'static str,
    /// Hidden fields.
    #[prop(into)]
    fields: Vec<(&'static str, String)>,
    /// The text of the button that opens the question.
    label: T,
    /// Its picture.
    icon: &'static str,
    /// What will happen.
    ask: T,
    /// The text of the button that does it.
    doit: T,
    /// The key that opens the question.
    #[prop(optional)]
    key: Option<&'static str>,
) -> impl IntoView {
    let lang = use_lang();
    view! {
        <details class="ask" on:keydown=|event| confirm::fold_on_escape(&event)>
            <summary class="button" data-key=key>
                <Icon name=icon />
                {lang.t(label)}
            </summary>
            <div class="popover">
                <p>{lang.t(ask)}</p>
                <ActForm to fields class="act">
                    <button type="submit" class="button danger">{lang.t(doit)}</button>
                </ActForm>
            </div>
        </details>
    }
    .into_any()
}
