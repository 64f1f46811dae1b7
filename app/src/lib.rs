//! Weir's interface.
use leptos::prelude::*;
/// The root.
#[component]
pub fn App() -> impl IntoView { view! { <p>"Weir"</p> } }
