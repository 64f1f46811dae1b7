//! What is written once and served as it is: the description of the interfaces, and pages to read, which are HTML without
//! scripts and load nothing but the site's style sheet.

use std::sync::Arc;

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

/// What the reader has chosen on the other pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    /// Reads the cookie.
    pub(super) fn of(cookie: Option<&HeaderValue>) -> Self {
        let text = cookie.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let said = text.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == "theme");
        match said {
            Some((_, "light")) => Self::Light,
            Some((_, "dark")) => Self::Dark,
            _ => Self::System,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::System => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A page around this HTML.
pub(super) fn frame(title: &str, theme: Theme, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\" data-theme=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"/{}/weir.css\">\
         <link rel=\"icon\" href=\"/favicon.svg\"><title>{title} · Weir</title></head>\
         <body><main class=\"api\">{body}</main></body></html>",
        theme.word(),
        assets::folder(),
    )
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
