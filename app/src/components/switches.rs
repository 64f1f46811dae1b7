//! Language and theme: small forms, because they work without script and load the page anew.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;

use super::status::Icon;
use crate::i18n::{Lang, T, use_lang};
use crate::prefs::{Theme, use_prefs};
use crate::rpc::{SetLanguage, SetTheme};

/// A hidden field with the address of this page, for forms that come back to it.
#[component]
pub fn Back() -> impl IntoView {
    let location = use_location();
    let here = move || {
        let query = location.search.get();
        // The error of the action before is not part of where we are.
        let query = if query.contains("__err=") { String::new() } else { query };
        let path = location.pathname.get();
        if query.is_empty() { path } else { format!("{path}?{}", query.trim_start_matches('?')) }
    };
    view! { <input type="hidden" name="back" value=move || here() /> }
}

/// The other language, by its own name.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let lang = use_lang();
    let others = Lang::ALL.into_iter().filter(move |other| *other != lang);
    view! {
        <form class="switch" method="post" action=SetLanguage::PATH>
            <Back />
            {others
                .map(|other| {
                    view! {
                        <button class="button plain" type="submit" name="value" value=other.tag() lang=other.tag()>
                            <span class="unseen">{format!("{}: ", lang.t(T::Language))}</span>
                            {other.name()}
                        </button>
                    }.into_any()
                })
                .collect_view()}
        </form>
    }
}

/// System, light, dark.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let lang = use_lang();
    let now = use_prefs().theme;
    let one = move |theme: Theme| {
        let (text, icon) = match theme {
            Theme::Auto => (T::ThemeAuto, "theme-auto"),
            Theme::Light => (T::ThemeLight, "theme-light"),
            Theme::Dark => (T::ThemeDark, "theme-dark"),
        };
        view! {
            <button
                class="button plain icon-only"
                type="submit"
                name="value"
                value=theme.word()
                title=lang.t(text)
                aria-pressed=if theme == now { "true" } else { "false" }
            >
                <Icon name=icon />
                <span class="unseen">{lang.t(text)}</span>
            </button>
        }
        .into_any()
    };
    view! {
        <form class="switch" method="post" action=SetTheme::PATH>
            <Back />
            <div class="group" role="group" aria-label=lang.t(T::Theme)>
                {Theme::ALL.map(one).into_iter().collect_view()}
            </div>
        </form>
    }
    .into_any()
}
