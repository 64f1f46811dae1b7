//! Weir's interface: pages, components, server functions, and the trait they call.
//!
//! Compiled twice: with `ssr` for the server, which renders every page, and with `hydrate` for the
//! browser, which takes the rendered page over; what is in `admin` only once, for the server. Nothing
//! here does I/O of its own.

#![recursion_limit = "256"]
// The view macro shares the code of closures that are written in place, not of those that have a name.
#![allow(clippy::redundant_closure, reason = "`{move || text()}` costs the browser half less than `{text}`")]

#[cfg(feature = "ssr")]
pub mod service;

#[cfg(feature = "ssr")]
mod admin;

mod app;
mod components;
mod i18n;
mod live;
mod logic;
mod pages;
pub mod prefs;
mod rpc;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(test)]
mod sample;

#[cfg(feature = "ssr")]
pub use admin::{ADDRESSES as PLAIN_PAGES, SESSION_COOKIE, plain_pages, session_cookie};
pub use app::App;
#[cfg(feature = "ssr")]
pub use logic::filter::read as read_run_filter;
#[cfg(feature = "ssr")]
pub use shell::{routes, shell};
