//! An address that is none of ours.

use leptos::prelude::*;
use model::Error;

use crate::components::error::ErrorPage;

/// 404.
#[component]
pub fn Missing() -> impl IntoView {
    view! { <ErrorPage error=Error::not_found("page") /> }.into_any()
}
