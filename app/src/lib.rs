//! Weir's interface: pages, components, server functions, and the trait they call.

#[cfg(feature = "ssr")]
pub mod service;

use leptos::prelude::*;

/// The root.
#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Weir"</p> }
}
