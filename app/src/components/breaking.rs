//! Long names that a browser may break where they have parts, and not in the middle of a word.

use leptos::prelude::*;

/// The text, with places to break behind each `/` and `-`.
#[component]
pub fn Breaking(
    /// The text.
    text: String,
) -> impl IntoView {
    let part = |part: &str| view! { {part.to_owned()} <wbr /> }.into_any();
    text.split_inclusive(['/', '-']).map(part).collect_view()
}
