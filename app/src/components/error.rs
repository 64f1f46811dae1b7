//! A page that cannot be shown, and the note about an action that failed without script.

use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_router::hooks::use_query_map;
use model::{Error, ErrorKind};

use super::act::ErrorNote;
use super::head::PageHead;
use crate::i18n::{Phrases, T, use_lang};
use crate::rpc::Refusal;

/// In place of a page: what went wrong, with the right status code.
#[component]
pub fn ErrorPage(
    /// The error.
    error: Error,
) -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(crate::rpc::status(error.kind));
    }
    let lang = use_lang();
    let title = lang.error(error.kind);
    let text = match error.kind {
        ErrorKind::NotFound => T::NotFoundText,
        ErrorKind::Unauthorized => T::UnauthorizedText,
        _ => T::ErrorText,
    };
    let (to, way, rel) = match error.kind {
        ErrorKind::Unauthorized => ("/login", T::SignIn, Some("external")),
        _ => ("/", T::BackHome, None),
    };
    view! {
        <PageHead title=Signal::stored(title.to_owned()) />
        <section class="empty">
            <h1>{title}</h1>
            <p>{lang.t(text)}</p>
            <p class="said">{error.message}</p>
            <p>
                <a class="button" href=to rel=rel>{lang.t(way)}</a>
            </p>
        </section>
    }
}

/// The error of a form that was sent without script: the server brings it back in the address.
#[component]
pub fn UrlError() -> impl IntoView {
    let query = use_query_map();
    let error = move || {
        let encoded = query.with(|q| q.get("__err"))?;
        Some(ServerFnUrlError::<Refusal>::decode_err(&encoded).0)
    };
    move || error().map(|error| view! { <ErrorNote error /> }.into_any())
}
