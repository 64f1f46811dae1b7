//! The document around the application; only the server renders it.

use std::sync::LazyLock;

use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_axum::{AxumRouteListing, generate_route_list};
use leptos_meta::MetaTags;

use crate::App;
use crate::prefs::Prefs;

/// The whole page. The server calls it for every route, with the request's parts, the caller and the
/// service in the context. Its type is erased here, so that the server need not compile all pages
/// again whenever it is compiled.
pub fn shell(options: LeptosOptions) -> AnyView {
    let style = style_of(&options);
    document(style, move || view! { <HydrationScripts options /> }, || view! { <App /> }).into_any()
}

/// Where the style sheet is.
pub(crate) fn style_of(options: &LeptosOptions) -> String {
    format!("/{}/weir.css", options.site_pkg_dir)
}

/// Head and body.
pub(crate) fn document<Scripts: IntoView, Body: IntoView>(
    style: String,
    scripts: impl FnOnce() -> Scripts,
    body: impl FnOnce() -> Body,
) -> impl IntoView {
    let prefs = Prefs::current();
    let keys = if prefs.keys { "on" } else { "off" };
    view! {
        <!DOCTYPE html>
        <html lang=prefs.lang.tag() data-theme=prefs.theme.word() data-keys=keys>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=style />
                {scripts()}
                <MetaTags />
            </head>
            <body>{body()}</body>
        </html>
    }
}

/// The addresses of all pages that the browser takes over. Read once in a process: while they are, no
/// page anywhere in it loads its data, and one that began just then would wait for ever.
pub fn routes() -> Vec<AxumRouteListing> {
    static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));
    ROUTES.clone()
}
