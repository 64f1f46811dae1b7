//! What the runner and a leader say to each other, one JSON document per line.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a leader is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Start a program and report its end.
    Run(Run),
    /// End the program that runs, and everything else of the job: TERM, grace, KILL. Said again with
    /// less grace, the shorter time counts. Nothing is answered but the program's end.
    End {
        /// Milliseconds between TERM and KILL.
        grace_ms: u64,
    },
    /// End what earlier programs left behind, and report.
    Sweep {
        /// Milliseconds between TERM and KILL.
        grace_ms: u64,
    },
}

/// A program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The program's path and its arguments; nothing secret.
    pub argv: Vec<String>,
    /// Where it starts.
    pub cwd: PathBuf,
    /// All of its environment.
    pub env: Vec<(String, String)>,
    /// The pipe that stdout and stderr go to.
    pub output: PathBuf,
    /// Its file creation mask.
    pub umask: u32,
    /// Whether it is the job's last program: what it leaves behind is ended with it.
    pub last: bool,
    /// Milliseconds between TERM and KILL for what it leaves behind.
    pub grace_ms: u64,
    /// Whether an order to end is for this program and its children, and for nothing that lost its parent:
    /// an engine's containers may be among that, of which others are to go on.
    #[serde(default)]
    pub alone: bool,
    /// The user and group that it runs as; none: as the leader.
    #[serde(default)]
    pub user: Option<(u32, u32)>,
    /// Whether it, and whatever it starts, can never get more rights than it has (`sudo` and the like).
    #[serde(default)]
    pub confined: bool,
}

/// What a leader reports.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The program could not be started, or the leader cannot work.
    Failed(String),
    /// The program ended.
    Ended {
        /// Its exit code,
        code: Option<i32>,
        /// or the signal that ended it.
        signal: Option<i32>,
        /// Descendants that still live; 0 is proven, not guessed.
        left: usize,
        /// Whether others of the job's processes had to be ended.
        swept: bool,
    },
    /// A sweep is done.
    Swept {
        /// Descendants that still live; 0 is proven, not guessed.
        left: usize,
        /// Whether there was anything to end.
        swept: bool,
    },
}
