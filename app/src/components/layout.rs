//! The frame: navigation, switches, heartbeat, the live region, the list of keys.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::error::UrlError;
use super::help::Help;
use super::keyboard::listen;
use super::page::use_page;
use super::status::Icon;
use super::switches::{LanguageSwitch, ThemeSwitch};
use crate::i18n::{T, use_lang};
use crate::live::Heart;

/// Around every page.
#[component]
pub fn Layout(
    /// The page.
    children: Children,
) -> impl IntoView {
    let lang = use_lang();
    let page = use_page();
    Effect::new(|| {
        // From here on the page is alive; what makes no sense without script becomes visible.
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-live", "");
        }
    });
    listen();
    let path = belongs_to(use_location().pathname);
    // A job belongs to its run, so it lights the same entry.
    let link = move |to: &'static str, text: T, roots: &'static [&'static str], rel: Option<&'static str>| {
        let here = move || path.with(|path| roots.iter().any(|root| is_below(path, root)).then_some("page"));
        view! { <a href=to rel=rel aria-current=move || here()>{lang.t(text)}</a> }.into_any()
    };
    // Pages that only the server renders.
    let plain = Some("external");
    let at_door = is_door();
    let navigation = (!at_door).then(|| {
        view! {
            <nav aria-label=lang.t(T::MainNavigation)>
                {link("/", T::Dashboard, &["/"], None)}
                {link("/runs", T::Runs, &["/runs", "/jobs"], None)}
                {link("/pipelines", T::Pipelines, &["/pipelines"], None)}
                {link("/environments", T::Environments, &["/environments"], None)}
                {link("/schedules", T::Schedules, &["/schedules"], plain)}
                {link("/projects", T::Projects, &["/projects"], plain)}
                {link("/settings", T::Settings, &["/settings", "/runners"], plain)}
            </nav>
        }
        .into_any()
    });
    view! {
        <a class="skip" href="#main" rel="external">{lang.t(T::SkipToContent)}</a>
        <header class="bar">
            <a class="brand" href="/" aria-label="Weir">
                <Icon name="weir" />
                <span>"Weir"</span>
            </a>
            {navigation}
            <span class="push"></span>
            <Heartbeat />
            <LanguageSwitch />
            <ThemeSwitch />
            <button class="button plain icon-only live-only" type="button" data-help="" title=lang.t(T::Keys)>
                <kbd>"?"</kbd>
                <span class="unseen">{lang.t(T::Keys)}</span>
            </button>
            <div class="me" inner_html=if at_door { String::new() } else { me() }></div>
        </header>
        {no_script()}
        <main id="main" tabindex="-1">
            <UrlError />
            {children()}
        </main>
        <div class="unseen" role="status" aria-live="polite">{move || page.say.get()}</div>
        <Help />
    }
}

/// Who is signed in, or the way to it. The server writes it and the browser leaves it alone: nothing of
/// it is compiled for the browser, and nobody has to tell it the name.
#[cfg(feature = "ssr")]
fn me() -> String {
    crate::admin::me_html()
}

#[cfg(not(feature = "ssr"))]
fn me() -> String {
    String::new()
}

/// Whether this page stands in front of all others: from it links lead nowhere yet.
#[cfg(feature = "ssr")]
fn is_door() -> bool {
    crate::admin::is_door()
}

#[cfg(not(feature = "ssr"))]
const fn is_door() -> bool {
    false
}

/// The address that decides which entry is lit: pages about a project's variables or schedules are of the project.
#[cfg(feature = "ssr")]
fn belongs_to(path: Memo<String>) -> Memo<String> {
    if crate::admin::is_of_place() { Memo::new(|_| "/projects".to_owned()) } else { path }
}

#[cfg(not(feature = "ssr"))]
const fn belongs_to(path: Memo<String>) -> Memo<String> {
    path
}

/// For pages that live: that this one does not.
fn no_script() -> AnyView {
    #[cfg(feature = "ssr")]
    if crate::admin::is_plain() {
        return ().into_any();
    }
    let lang = use_lang();
    view! {
        <noscript>
            <aside class="strip">{lang.t(T::NoScript)} " " <a href="">{lang.t(T::Reload)}</a></aside>
        </noscript>
    }
    .into_any()
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || (root != "/" && rest.starts_with('/')))
}

/// How fresh the page is: live, catching up, offline.
#[component]
fn Heartbeat() -> impl IntoView {
    let lang = use_lang();
    let heart = use_page().heart;
    let state = move || match heart.get() {
        Heart::None => ("none", T::Live, T::LiveHint),
        Heart::Live => ("live", T::Live, T::LiveHint),
        Heart::CatchingUp => ("catching-up", T::CatchingUp, T::CatchingUpHint),
        Heart::Offline => ("offline", T::Offline, T::OfflineHint),
    };
    view! {
        <span class="heart" data-heart=move || state().0 title=move || lang.t(state().2)>
            <span class="dot"></span>
            <span class="word">{move || lang.t(state().1)}</span>
        </span>
    }
    .into_any()
}
