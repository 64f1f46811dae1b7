//! The server `weir`. The direction of dependency is
//! `cli -> http -> {dialect, dispatch} -> service -> {scheduler, store, logs, artifacts, outbound}`:
//! only `store` names SQLite, only `http`, `dialect` and `dispatch` name axum, only `outbound` speaks HTTP
//! to servers that definitions name.

pub mod artifacts;
pub mod auth;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod dialect;
pub mod dispatch;
pub mod http;
pub mod logs;
pub mod outbound;
pub mod random;
pub mod reports;
pub mod scheduler;
pub mod secrets;
pub mod service;
pub mod store;
