//! Takes jobs over the GitLab Runner protocol and runs them.
//!
//! This crate owns the protocol's types, for the server's side too. It knows no other crate of the
//! workspace.

pub mod protocol;
