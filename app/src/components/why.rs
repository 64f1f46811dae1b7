//! The reason chain: why something stands where it stands, and what that rests on.

use std::pin::Pin;

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::Status;
use model::view::Why;

use super::status::Badge;
use crate::i18n::{T, use_lang};

/// A folded section with the chain; the key `w` opens it.
#[component]
pub fn WhyChain(
    /// The chain.
    why: RwSignal<Option<Why>>,
) -> impl IntoView {
    let lang = use_lang();
    let answer = move || why.with(|w| w.as_ref().map(|w| w.answer.clone()));
    view! {
        <details class="why" class:hidden=move || why.with(|w| w.as_ref().is_none_or(|w| w.because.is_empty()))>
            <summary data-key="w">{lang.t(T::Why)} " " <span class="faint">{move || answer()}</span></summary>
            <ul>{move || why.get().map(|why| link(why, 0))}</ul>
        </details>
    }
}

/// Asks again for the chain whenever the status has changed: it is not part of any stream.
pub fn keep_why(
    why: RwSignal<Option<Why>>,
    status: impl Fn() -> Status + Send + Sync + 'static,
    ask: impl Fn() -> Pin<Box<dyn Future<Output = Option<Why>>>> + Send + Sync + 'static,
) {
    Effect::new(move |before: Option<Status>| {
        let now = status();
        if before.is_some_and(|before| before != now) {
            let answer = ask();
            spawn_local(async move {
                if let Some(new) = answer.await {
                    why.try_set(Some(new));
                }
            });
        }
        now
    });
}

fn link(why: Why, depth: usize) -> AnyView {
    // Chains are short; a damaged one must not hang the page.
    let because = (!why.because.is_empty() && depth < 20).then(|| {
        let below = why.because.into_iter().take(50).map(|below| link(below, depth + 1)).collect_view();
        view! { <ul>{below}</ul> }.into_any()
    });
    view! {
        <li>
            <Badge status=Signal::stored((why.status, false)) quiet=true />
            " "
            <strong>{why.subject}</strong>
            " "
            {why.answer}
            {because}
        </li>
    }
    .into_any()
}
