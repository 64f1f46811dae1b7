//! Signing in and out.

#![allow(clippy::unused_async, reason = "server functions are asynchronous")]

use http::HeaderValue;
use http::header::{SET_COOKIE, USER_AGENT};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use model::{Error, NewSession, NewUser, Timestamp};

use super::{page_of, refuse, service, some};
use crate::logic::query;
use crate::rpc::{Refusal, ssr};
use crate::service::Transport;

/// Where the browser keeps the secret of its session.
pub const COOKIE: &str = "weir_session";

/// Begins a session and goes on to `next`, a page of ours.
#[server(prefix = "/rpc", endpoint = "session/sign_in")]
pub async fn sign_in(
    #[server(default)] name: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let next = page_of(&next, "/");
    let session = service.sign_in(&caller, name.trim(), &password, agent().as_deref()).await.map_err(|error| {
        let page = format!("/login?{}", query::write([("next", next.as_str())]));
        refuse(&page, "login", &[("name", &name)], error)
    })?;
    begin(&session);
    ssr::go(&next);
    Ok(())
}

/// Ends the session of this browser.
#[server(prefix = "/rpc", endpoint = "session/sign_out")]
pub async fn sign_out() -> Result<(), Refusal> {
    let (service, caller) = service()?;
    // It is over for this browser, whatever the server says of it.
    set_cookie("", 0);
    service.sign_out(&caller).await.map_err(ssr::refuse)?;
    ssr::go("/login");
    Ok(())
}

/// Makes the administrator of a server that has none.
#[server(prefix = "/rpc", endpoint = "welcome")]
pub async fn set_up(
    #[server(default)] key: String,
    #[server(default)] name: String,
    #[server(default)] full_name: String,
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] again: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = format!("/welcome?{}", query::write([("key", key.as_str())]));
    let fields = [("name", name.as_str()), ("full_name", &full_name), ("email", &email)];
    same(&password, &again).map_err(|error| refuse(&page, "welcome", &fields, error))?;
    let user = NewUser {
        name: name.trim().to_owned(),
        full_name: full_name.trim().to_owned(),
        email: some(&email),
        is_admin: true,
    };
    let session = service
        .set_up(&caller, &key, user, &password)
        .await
        .map_err(|error| refuse(&page, "welcome", &fields, error))?;
    begin(&session);
    ssr::go("/");
    Ok(())
}

/// Sets the password that a link is for.
#[server(prefix = "/rpc", endpoint = "password")]
pub async fn use_password_link(
    #[server(default)] key: String,
    #[server(default)] password: String,
    #[server(default)] again: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = format!("/password?{}", query::write([("key", key.as_str())]));
    same(&password, &again).map_err(|error| refuse(&page, "password", &[], error))?;
    let session = service
        .use_password_link(&caller, &key, &password, agent().as_deref())
        .await
        .map_err(|error| refuse(&page, "password", &[], error))?;
    begin(&session);
    ssr::go("/");
    Ok(())
}

/// Whoever types a password where they cannot see it types it twice.
pub(super) fn same(password: &str, again: &str) -> Result<(), Error> {
    (password == again).then_some(()).ok_or_else(|| Error::invalid("the two passwords are not the same"))
}

/// What the browser calls itself.
fn agent() -> Option<String> {
    let parts = use_context::<http::request::Parts>()?;
    let text = String::from_utf8_lossy(parts.headers.get(USER_AGENT)?.as_bytes());
    Some(text.chars().take(255).collect())
}

fn begin(session: &NewSession) {
    set_cookie(&session.secret, seconds_until(session.expires_at, ssr::seen(()).at));
}

fn seconds_until(end: Timestamp, now: Timestamp) -> i64 {
    end.since(now) / 1000
}

fn set_cookie(value: &str, seconds: i64) {
    let secure = use_context::<Transport>().is_some_and(|transport| transport.secure);
    if let (Some(header), Some(response)) = (cookie(value, seconds, secure), use_context::<ResponseOptions>()) {
        response.append_header(SET_COOKIE, header);
    }
}

/// The header by which a browser keeps the secret of its session for so long; `secure`: over https alone.
pub fn cookie(secret: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}
