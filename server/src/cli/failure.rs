//! How a command ends when it does not end well: one line on stderr and an exit code.

use std::fmt;

/// The exit codes that are not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The run, lint or check failed; or the machine does not let the command do its work.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// The server refused (HTTP 4xx).
    Refused = 3,
    /// The server could not be reached.
    Unreachable = 4,
    /// A fault of ours.
    Internal = 5,
}

/// A command's failure: what it was about to do, and why that did not work.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What is printed after `weir: `; `None` when everything has been said already.
    pub message: Option<String>,
}

impl Failure {
    /// `weir: failed to {doing}: {cause}`
    pub fn new(exit: Exit, doing: impl fmt::Display, cause: impl Into<anyhow::Error>) -> Self {
        Self::text(exit, doing, told(&cause.into()))
    }

    /// The same with a cause that is only text.
    pub fn text(exit: Exit, doing: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self { exit, message: Some(format!("failed to {doing}: {cause}")) }
    }

    /// Wrong usage.
    pub fn usage(doing: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::text(Exit::Usage, doing, cause)
    }

    /// Only the exit code: the output said it all.
    pub fn silent(exit: Exit) -> Self {
        Self { exit, message: None }
    }
}

/// An error and its causes; one that an error tells itself, as many do, is not told again.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| match cause.to_string() {
        text if told.is_empty() => text,
        text if told.contains(&text) => told,
        text => format!("{told}: {text}"),
    })
}

/// What a command returns.
pub type Outcome = Result<(), Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Example {
        #[error("the folder cannot be used: {source}")]
        Tells { source: std::io::Error },
        #[error("the folder cannot be used")]
        Leaves { source: std::io::Error },
    }

    #[test]
    fn a_cause_is_told_once() {
        let source = || std::io::Error::other("no such thing");
        for error in [Example::Tells { source: source() }, Example::Leaves { source: source() }] {
            let failure = Failure::new(Exit::Failed, "list the users", error);
            let text = failure.message.unwrap();
            assert_eq!(text, "failed to list the users: the folder cannot be used: no such thing");
        }
    }
}
