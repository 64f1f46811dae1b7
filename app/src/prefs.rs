//! What this browser prefers: language, theme, single keys. Cookies decide on the server; in the
//! browser the server's decision is read back from the root element, so both halves agree.

use leptos::prelude::*;

use crate::i18n::Lang;

/// The cookie of the language.
pub const LANGUAGE_COOKIE: &str = "weir_lang";
/// The cookie of the look.
pub const THEME_COOKIE: &str = "weir_theme";
/// The cookie of the single keys.
pub const KEYS_COOKIE: &str = "weir_keys";

/// Which of the two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in the cookie and in `<html data-theme>`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }
}

/// All of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefs {
    /// The language.
    pub lang: Lang,
    /// The look.
    pub theme: Theme,
    /// Whether single keys do anything.
    pub keys: bool,
}

impl Default for Prefs {
    fn default() -> Self {
        Self { lang: Lang::En, theme: Theme::Auto, keys: true }
    }
}

impl Prefs {
    /// From the headers `Cookie` and `Accept-Language`.
    #[cfg_attr(not(feature = "ssr"), allow(dead_code, reason = "only the server reads it"))]
    pub fn from_headers(cookie: &str, accept_language: &str) -> Self {
        let value = |name: &str| {
            cookie.split(';').find_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                (key.trim() == name).then_some(value.trim())
            })
        };
        Self {
            lang: value(LANGUAGE_COOKIE).and_then(Lang::from_tag).unwrap_or_else(|| Lang::negotiate(accept_language)),
            theme: value(THEME_COOKIE).and_then(Theme::read).unwrap_or_default(),
            keys: value(KEYS_COOKIE) != Some("off"),
        }
    }

    /// The preferences of this page.
    #[cfg(feature = "ssr")]
    pub fn current() -> Self {
        let parts = use_context::<http::request::Parts>();
        let header = |name| {
            let headers = parts.as_ref().map(|p: &http::request::Parts| &p.headers);
            headers.and_then(|h| h.get(name)).and_then(|v| v.to_str().ok()).unwrap_or("")
        };
        Self::from_headers(header(http::header::COOKIE), header(http::header::ACCEPT_LANGUAGE))
    }

    /// The preferences of this page.
    #[cfg(not(feature = "ssr"))]
    pub fn current() -> Self {
        let Some(root) = document().document_element() else { return Self::default() };
        let read = |name| root.get_attribute(name).unwrap_or_default();
        Self {
            lang: Lang::from_tag(&read("lang")).unwrap_or_default(),
            theme: Theme::read(&read("data-theme")).unwrap_or_default(),
            keys: read("data-keys") != "off",
        }
    }
}

/// The preferences of this page.
pub fn use_prefs() -> Prefs {
    use_context::<Prefs>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_beat_headers() {
        let prefs = Prefs::from_headers("a=b; weir_lang=zh-CN; weir_theme=dark;weir_keys=off", "en");
        assert_eq!(prefs, Prefs { lang: Lang::Zh, theme: Theme::Dark, keys: false });
        assert_eq!(Prefs::from_headers("", "zh").lang, Lang::Zh);
        assert_eq!(Prefs::from_headers("weir_lang=<script>; weir_theme=x", ""), Prefs::default());
    }
}
