//! What is written once and served as it is: the description of the interfaces, and pages to read, which are HTML without
//! scripts and load nothing but the site's style sheet.

use std::sync::Arc;

use app::prefs::{Prefs, Theme};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::assets;

/// Kept by browsers, and asked for again.
const CACHE: &str = "public, max-age=0, must-revalidate";

/// What the page may do in a browser: be read.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The type of such a page.
const PAGE: &str = "text/html; charset=utf-8";

/// A text that is served as it is.
#[derive(Debug)]
pub(super) struct Served {
    text: Arc<str>,
    kind: &'static str,
    tag: String,
}

impl Served {
    pub(super) fn json(text: String) -> Self {
        Self::new(text, "application/json")
    }

    /// A page that depends on nothing but the reader's theme.
    pub(super) fn page(text: String) -> Self {
        Self::new(text, PAGE)
    }

    fn new(text: String, kind: &'static str) -> Self {
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(text.as_bytes())[..12]));
        Self { text: text.into(), kind, tag }
    }

    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|text| text.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
        let mut response = if known.any(|tag| tag == self.tag || tag == "*") {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.text.to_string().into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
        if self.kind == PAGE {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            headers.insert(VARY, HeaderValue::from_static("cookie"));
        }
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(ETAG, tag);
        }
        response
    }
}

/// The looks that a page may have.
pub(super) const THEMES: usize = Theme::ALL.len();

/// What the reader has chosen on the other pages.
pub(super) fn theme_of(cookie: Option<&HeaderValue>) -> Theme {
    Prefs::from_headers(cookie.and_then(|value| value.to_str().ok()).unwrap_or_default(), "").theme
}

/// A page: its title as text, what stands beside it and itself as HTML.
pub(super) struct Paper<'t> {
    pub title: &'t str,
    pub theme: Theme,
    pub side: Option<String>,
    pub body: String,
}

/// The way from these pages to the others, which need a script or a service.
const NAVIGATION: [(&str, &str); 5] = [
    ("/", "Dashboard"),
    ("/runs", "Runs"),
    ("/pipelines", "Pipelines"),
    ("/projects", "Projects"),
    ("/docs", "Documentation"),
];

impl Paper<'_> {
    /// The whole document. What stands beside is folded above where there is no room for it.
    pub(super) fn html(&self) -> String {
        let link = |(to, text): (&str, &str)| {
            let here = if to == "/docs" { " aria-current=\"page\"" } else { "" };
            format!("<a href=\"{to}\"{here}>{text}</a>")
        };
        let side = self.side.as_deref().map(|side| {
            format!(
                "<nav class=\"beside\" aria-label=\"Documentation\">{side}</nav>\
                 <details class=\"above panel\"><summary><span>Contents</span></summary>\
                 <nav aria-label=\"Documentation\">{side}</nav></details>"
            )
        });
        format!(
            "<!DOCTYPE html><html lang=\"en\" data-theme=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"/{}/weir.css\">\
             <link rel=\"icon\" href=\"/favicon.svg\"><title>{} · Weir</title></head>\
             <body><a class=\"skip\" href=\"#main\">Skip to content</a><header class=\"bar\">\
             <a class=\"brand\" href=\"/\" aria-label=\"Weir\"><svg class=\"icon\" width=\"20\" height=\"20\" aria-hidden=\"true\">\
             <use href=\"/icons.svg#weir\"></use></svg><span>Weir</span></a>\
             <nav aria-label=\"Main navigation\">{}</nav></header>\
             <main id=\"main\" tabindex=\"-1\" class=\"manual\">{}<div class=\"text\">{}</div></main></body></html>",
            self.theme.word(),
            assets::folder(),
            escaped(self.title),
            NAVIGATION.map(link).concat(),
            side.unwrap_or_default(),
            self.body,
        )
    }
}

/// Text within HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let served = Served::json("text".into());
        let ask = |tag: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap());
            served.answer(&headers).status()
        };
        assert_eq!(ask(&served.tag), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&format!("\"other\", W/{}", served.tag)), StatusCode::NOT_MODIFIED);
        assert_eq!(ask("\"other\""), StatusCode::OK);
        assert_eq!(served.answer(&HeaderMap::new()).headers()[ETAG], served.tag.as_str());
    }
}
