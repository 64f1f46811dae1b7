//! Who asks.

use crate::{AccessKeyId, JobId, ProjectId, ScheduleId, SessionId, TokenId, TokenScope, UserId};

/// By what means a caller is known, which also narrows what they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// `--local`: whoever reaches the loopback address is the owner; and the command line on the data folder.
    Local,
    /// The server itself (rules, recovery).
    System,
    /// Not at all: nobody is signed in.
    Nobody,
    /// A login.
    Session(SessionId),
    /// A personal token, or one of a project.
    Token(TokenId, TokenScope),
    /// A signed request.
    AccessKey(AccessKeyId),
    /// The token of a job that runs, which is good in its own project.
    Job(JobId, ProjectId),
    /// A trigger's token, which is good in its own project.
    Trigger(TokenId, ProjectId),
    /// A schedule, which acts as its owner when its time has come.
    Schedule(ScheduleId),
}

/// Who asks, and by what means. Every service method takes one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name shown as the actor of a change; empty for nobody.
    pub user: String,
    /// Their number; `None` for nobody and the server itself.
    pub id: Option<UserId>,
    /// How the caller is known.
    pub via: Via,
    /// Where the request came from, for the audit log.
    pub address: Option<String>,
}

impl Caller {
    /// The owner of a `--local` server, under the name of the operating system's user.
    pub fn local(user: impl Into<String>) -> Self {
        Self { user: user.into(), id: None, via: Via::Local, address: None }
    }

    /// The server itself.
    pub fn system() -> Self {
        Self { user: "weir".into(), id: None, via: Via::System, address: None }
    }

    /// Somebody who is not signed in.
    pub fn nobody() -> Self {
        Self { user: String::new(), id: None, via: Via::Nobody, address: None }
    }

    /// Whether anybody is known at all.
    pub fn is_signed_in(&self) -> bool {
        self.via != Via::Nobody
    }
}
