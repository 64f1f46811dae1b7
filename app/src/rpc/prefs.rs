//! What a person prefers; kept in cookies, because it concerns one browser.

#![allow(clippy::unused_async, reason = "server functions are asynchronous")]

use leptos::prelude::*;

use super::Refusal;

/// The language of the interface.
#[server(prefix = "/rpc", endpoint = "prefs/language")]
pub async fn set_language(value: String, #[server(default)] back: String) -> Result<(), Refusal> {
    let known = crate::i18n::Lang::from_tag(&value).map(crate::i18n::Lang::tag);
    remember(crate::prefs::LANGUAGE_COOKIE, known, &back);
    Ok(())
}

/// Light, dark, or what the system says.
#[server(prefix = "/rpc", endpoint = "prefs/theme")]
pub async fn set_theme(value: String, #[server(default)] back: String) -> Result<(), Refusal> {
    remember(crate::prefs::THEME_COOKIE, crate::prefs::Theme::read(&value).map(crate::prefs::Theme::word), &back);
    Ok(())
}

/// Whether single keys do anything.
#[server(prefix = "/rpc", endpoint = "prefs/keys")]
pub async fn set_keys(value: String, #[server(default)] back: String) -> Result<(), Refusal> {
    remember(crate::prefs::KEYS_COOKIE, ["on", "off"].into_iter().find(|known| *known == value), &back);
    Ok(())
}

/// Sets a cookie to one of our own words (never to what was sent) and goes back.
#[cfg(feature = "ssr")]
fn remember(name: &str, value: Option<&'static str>, back: &str) {
    if let (Some(value), Some(response)) = (value, use_context::<leptos_axum::ResponseOptions>()) {
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
        if let Ok(header) = http::HeaderValue::from_str(&cookie) {
            response.append_header(http::header::SET_COOKIE, header);
        }
    }
    super::ssr::go(back);
}
