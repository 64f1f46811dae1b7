//! The runner's side of the leaders: starting them, talking to them, keeping those that are empty.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io,
    process::Stdio,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use crate::leader::{Command, Event};

/// A leader process; it ends, with everything below it, when this is dropped.
pub(crate) struct Leader {
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    // The runtime collects its exit status.
    _child: Child,
}

/// Leaders that wait for a job.
pub(crate) struct Leaders {
    program: Vec<OsString>,
    idle: Mutex<Vec<Leader>>,
    numbers: Mutex<BTreeSet<usize>>,
}

impl Leader {
    fn start(program: &[OsString]) -> io::Result<Self> {
        let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = tokio::process::Command::new(name);
        // It has no use for the environment, and what it does not have its jobs cannot read there.
        command.args(arguments).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self { stdin, lines: BufReader::new(stdout).lines(), _child: child })
    }

    pub(super) async fn tell(&mut self, command: &Command) -> io::Result<()> {
        let mut line = serde_json::to_vec(command)?;
        line.push(b'\n');
        self.stdin.write_all(&line).await
    }

    /// The next event; dropping the future loses nothing.
    pub(super) async fn event(&mut self) -> io::Result<Event> {
        let line = self.lines.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Leaders {
    pub(crate) fn new(program: Vec<OsString>) -> Self {
        Self { program, idle: Mutex::default(), numbers: Mutex::default() }
    }

    /// The command that runs [`leader_main`](crate::leader_main).
    pub(crate) fn program(&self) -> &[OsString] {
        &self.program
    }

    /// Starts leaders until `count` wait, so that the next jobs need not.
    pub(crate) fn prepare(&self, count: usize) -> io::Result<()> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.len() < count {
            idle.push(Leader::start(&self.program)?);
        }
        Ok(())
    }

    pub(super) fn take(&self) -> io::Result<Leader> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        waiting.map_or_else(|| Leader::start(&self.program), Ok)
    }

    /// The smallest number that no running job has.
    pub(super) fn take_number(&self) -> usize {
        let mut taken = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let number = (0..=taken.len()).find(|number| !taken.contains(number)).unwrap_or_default();
        taken.insert(number);
        number
    }

    pub(super) fn put_back_number(&self, number: usize) {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    /// Takes back a leader that has been proven empty.
    pub(super) fn put_back(&self, leader: Leader) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(leader);
    }
}
