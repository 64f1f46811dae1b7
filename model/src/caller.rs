//! Who asks.

use serde::{Deserialize, Serialize};

/// By what means a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// `--local`: whoever reaches the loopback address is the owner.
    Local,
    /// A personal token of scope `api`.
    Token,
    /// A personal token of scope `read_api`.
    ReadToken,
    /// The server itself (rules, recovery).
    System,
}

/// Who asks, and by what means. Every service method takes one first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The name shown as the actor of a change.
    pub user: String,
    /// How the caller is known.
    pub via: Via,
}

impl Caller {
    /// The owner of a `--local` server, under the name of the operating system's user.
    pub fn local(user: impl Into<String>) -> Self {
        Self { user: user.into(), via: Via::Local }
    }

    /// The server itself.
    pub fn system() -> Self {
        Self { user: "weir".into(), via: Via::System }
    }
}
