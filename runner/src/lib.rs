//! Takes jobs over the GitLab Runner protocol and runs them.
//!
//! This crate owns the protocol's types, for the server's side too. It knows no other crate of the
//! workspace.
//!
//! - [`protocol`]: what goes over the wire.
//! - [`supervisor`]: the runner process: asks for jobs, runs several, survives the server, drains.
//! - [`local`]: the same engine without a server, for `weir exec`.
//! - [`mask`]: which secrets can be masked in logs, and in which forms they are looked for.
//! - [`seen`]: what of a log is read as one text.
//! - [`leader_main`]: the hidden subcommand that every running job has one process of.

mod client;
mod control;
mod engine;
mod leader;
pub mod local;
pub mod mask;
mod processes;
pub mod protocol;
pub mod seen;
pub mod supervisor;
mod trace;
mod users;

pub use client::{Client, ClientError, Endpoint, EndpointError};
pub use control::{Control, Level};
pub use engine::{Containers, JobOutcome, ReportCheck};
pub use leader::leader_main;
pub use supervisor::{pid_of, terminate};
pub use trace::Secrets;
pub use users::{JobUsers, NotUsers, UsersError};

/// `bytes` random bytes as hexadecimal digits.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    if getrandom::fill(&mut random).is_err() {
        // Names must differ, they need not be secret: the process and the time will do.
        let seed = std::process::id().to_le_bytes();
        random.iter_mut().zip(seed.iter().cycle()).for_each(|(byte, seed)| *byte ^= seed);
    }
    hex::encode(random)
}

/// The machine's architecture in the protocol's words, which are Go's.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
