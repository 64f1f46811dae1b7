//! What one of these pages was asked for.

use http::header::{CACHE_CONTROL, HOST, REFERER};
use http::{HeaderName, HeaderValue};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use model::{Caller, Error, Me};

use crate::i18n::{Lang, use_lang};
use crate::logic::query;
use crate::rpc::{Draft, kept, ssr};
use crate::service::{SharedService, Transport};

/// The request, and whom to ask for what it wants.
pub struct Asked {
    /// The service.
    pub service: SharedService,
    /// Who asks.
    pub caller: Caller,
    /// Who that is.
    pub me: Me,
    /// The language.
    pub lang: Lang,
    /// The path of the address.
    pub path: String,
    /// What was refused, if the address names it.
    pub draft: Option<Draft>,
    query: Vec<(String, String)>,
    parts: http::request::Parts,
}

impl Asked {
    /// From the context. What these pages show belongs onto no disk, and into no cache.
    pub fn current() -> Result<Self, Error> {
        let (service, caller) = ssr::service().map_err(|refused| refused.0)?;
        let parts = use_context::<http::request::Parts>().ok_or_else(|| Error::internal("there is no request"))?;
        set_header(CACHE_CONTROL, "no-store");
        let query = query::read(parts.uri.query().unwrap_or_default());
        let draft = query.iter().find(|(name, _)| name == "draft").and_then(|(_, name)| kept::find(name));
        let path = parts.uri.path().to_owned();
        Ok(Self { service, caller, me: super::me(), lang: use_lang(), path, draft, query, parts })
    }

    /// A part of the query; empty ones are none.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim()).filter(|v| !v.is_empty())
    }

    /// A part of the query, as a text.
    pub fn text(&self, name: &str) -> String {
        self.field(name).unwrap_or_default().to_owned()
    }

    /// The address, without what was shown once.
    pub fn here(&self) -> String {
        self.with(&[])
    }

    /// The address with other values in its query; an empty one takes it away.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let passing = |name: &str| matches!(name, "draft" | "new" | "done" | "__err" | "__path");
        let same = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let same = same.filter(|(name, value)| {
            !value.is_empty() && !passing(name) && changes.iter().all(|(changed, _)| changed != name)
        });
        let new = changes.iter().copied().filter(|(_, value)| !value.is_empty());
        let query = query::write(same.chain(new));
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// The refused fields of the form of that name.
    pub fn draft_of(&self, form: &str) -> Option<&Draft> {
        self.draft.as_ref().filter(|draft| draft.field("form").as_deref() == Some(form))
    }

    /// What was typed into a field of a form that was refused, else what usually stands there.
    pub fn typed(&self, form: &str, field: &str, usual: &str) -> String {
        self.draft_of(form).and_then(|draft| draft.field(field)).unwrap_or_else(|| usual.to_owned())
    }

    /// Whether nobody is signed in who could be.
    pub fn is_nobody(&self) -> bool {
        !self.me.is_local && self.me.user.is_none()
    }

    /// The address of this server as the browser knows it, for lines that are to be copied.
    pub fn origin(&self) -> String {
        let secure = use_context::<Transport>().is_some_and(|transport| transport.secure);
        let host = self.parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("{}://{host}", if secure { "https" } else { "http" })
    }

    /// Where somebody came from, if that was a page of ours.
    pub fn came_from(&self) -> Option<String> {
        let referrer: http::Uri = self.parts.headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
        let here = self.parts.headers.get(HOST)?.to_str().ok()?;
        let own = referrer.authority().is_some_and(|authority| authority.as_str() == here);
        referrer.path_and_query().filter(|_| own).map(|path| path.to_string())
    }
}

/// Sets a header of the answer.
pub fn set_header(name: HeaderName, value: &'static str) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(name, HeaderValue::from_static(value));
    }
}
