//! The server `weir`. The direction of dependency is
//! `cli -> http -> {dialect, dispatch} -> service -> {scheduler, store, logs, artifacts}`:
//! only `store` names SQLite, only `http`, `dialect` and `dispatch` name axum.

pub mod artifacts;
pub mod auth;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod dialect;
pub mod dispatch;
pub mod http;
pub mod logs;
pub mod random;
pub mod reports;
pub mod scheduler;
pub mod service;
pub mod store;
