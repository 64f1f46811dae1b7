//! The leader's stdin: lines, read with a deadline and without a thread.

use std::{io, os::fd::BorrowedFd, time::Duration};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Command;

/// Commands as they come.
pub(super) struct Input {
    stdin: io::Stdin,
    buffer: Vec<u8>,
    closed: bool,
}

/// What waiting gave.
pub(super) enum Received {
    /// A command.
    Command(Command),
    /// The runner is gone, or speaks nonsense, which is as bad.
    Closed,
    /// The time is over, or the other descriptor is ready.
    Nothing,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { stdin: io::stdin(), buffer: Vec::new(), closed: false }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Waits for a command, for `other` to become readable, or for `limit`.
    pub(super) fn wait(&mut self, other: Option<BorrowedFd<'_>>, limit: Option<Duration>) -> Received {
        if let Some(command) = self.next_line() {
            return command;
        }
        let timeout = limit.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        });
        let (stdin_ready, polled) = {
            let mut descriptors = Vec::with_capacity(2);
            // A closed stdin would be ready for ever.
            if !self.closed {
                descriptors.push(PollFd::new(&self.stdin, PollFlags::IN));
            }
            if let Some(other) = other {
                descriptors.push(PollFd::from_borrowed_fd(other, PollFlags::IN));
            }
            let polled = poll(&mut descriptors, timeout.as_ref());
            (!self.closed && !descriptors[0].revents().is_empty(), polled)
        };
        if polled.is_err() || !stdin_ready {
            return Received::Nothing;
        }
        let mut chunk = [0; 16 << 10];
        match rustix::io::read(&self.stdin, &mut chunk) {
            Ok(0) => self.close(),
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                self.next_line().unwrap_or(Received::Nothing)
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Received::Nothing,
            Err(_) => self.close(),
        }
    }

    fn close(&mut self) -> Received {
        self.closed = true;
        Received::Closed
    }

    fn next_line(&mut self) -> Option<Received> {
        let end = memchr::memchr(b'\n', &self.buffer)?;
        let command = serde_json::from_slice(&self.buffer[..end]);
        self.buffer.drain(..=end);
        Some(command.map_or_else(|_| self.close(), Received::Command))
    }
}
