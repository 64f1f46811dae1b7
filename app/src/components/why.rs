//! The reason chain: why something stands where it stands, and what that rests on.

use leptos::prelude::*;
use model::view::Why;

use super::status::Badge;
use crate::i18n::{T, use_lang};

/// A folded section with the chain; the key `w` opens it.
#[component]
pub fn WhyChain(
    /// The chain.
    why: Why,
) -> impl IntoView {
    let lang = use_lang();
    view! {
        <details class="why">
            <summary data-key="w">{lang.t(T::Why)} " " <span class="faint">{why.answer.clone()}</span></summary>
            <ul>{link(why, 0)}</ul>
        </details>
    }
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
