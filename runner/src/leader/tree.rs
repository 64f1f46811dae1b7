//! The processes below a leader: following one, ending all, and proving that nobody is left.

use std::{
    collections::HashSet,
    os::fd::{AsFd, OwnedFd},
    process,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, pidfd_open, wait},
};

use super::{
    Command, Event,
    input::{Input, Received},
};
use crate::processes::{descendants, signal_all};

/// How long processes may resist KILL (uninterruptible sleep, another user's) before the leader
/// says that they are left.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// While a program runs, how often those that its descendants abandoned are reaped.
const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// The descendants of this process.
#[derive(Default)]
pub(super) struct Tree {
    main: Option<Pid>,
    status: Option<WaitStatus>,
    /// Whether only the main process and its children are to be ended.
    alone: bool,
}

impl Tree {
    /// Waits for `child`, obeying `End`, which is for all or for it `alone`. With `sweep` the rest is
    /// ended too when it has ended.
    pub(super) fn follow(
        &mut self,
        child: process::Child,
        alone: bool,
        sweep: Option<Duration>,
        input: &mut Input,
    ) -> Event {
        self.alone = alone;
        self.main = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        self.status = None;
        // Without pidfds (kernels before 5.3) the leader looks every few milliseconds instead.
        let pidfd: Option<OwnedFd> = self.main.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let pause = if pidfd.is_some() { REAP_INTERVAL } else { Duration::from_millis(5) };
        let mut empty = self.reap();
        while self.status.is_none() {
            match input.wait(pidfd.as_ref().map(AsFd::as_fd), Some(pause)) {
                Received::Command(Command::End { grace_ms }) => {
                    let (left, _) = self.end(Duration::from_millis(grace_ms), input);
                    return self.ended(left, true);
                }
                Received::Closed => {
                    let (left, _) = self.end(super::ORPHAN_GRACE, input);
                    return self.ended(left, true);
                }
                // A runner does not ask for more before it has heard of the end.
                Received::Command(Command::Run(_) | Command::Sweep { .. }) | Received::Nothing => {}
            }
            empty = self.reap();
        }
        match sweep {
            // The usual case: one system call proves it.
            _ if empty => self.ended(0, false),
            Some(grace) => {
                self.alone = false;
                let (left, swept) = self.end(grace, input);
                self.ended(left, swept)
            }
            None => self.ended(descendants(getpid()).len(), false),
        }
    }

    /// Ends everything that is left.
    pub(super) fn sweep(&mut self, grace: Duration, input: &mut Input) -> Event {
        self.alone = false;
        let (left, swept) = if self.reap() { (0, false) } else { self.end(grace, input) };
        Event::Swept { left, swept }
    }

    fn ended(&self, left: usize, swept: bool) -> Event {
        let status = self.status;
        Event::Ended {
            code: status.and_then(|status| status.exit_status()),
            signal: status.and_then(|status| status.terminating_signal()),
            left,
            swept,
        }
    }

    /// Collects those that have ended; true when there is no child any more, and so no descendant:
    /// whoever loses its parent becomes a child of this process.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if Some(pid) == self.main {
                        self.status = Some(status);
                        self.main = None;
                    }
                }
                Ok(None) => return false,
                Err(Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }

    fn to_end(&self) -> Vec<Pid> {
        match self.main.filter(|_| self.alone) {
            Some(main) => std::iter::once(main).chain(descendants(main)).collect(),
            None => descendants(getpid()),
        }
    }

    /// TERM to all, `grace`, KILL to all; gives how many would not go, and whether anyone was there.
    fn end(&mut self, grace: Duration, input: &mut Input) -> (usize, bool) {
        let mut kill_at = Instant::now() + grace;
        let mut told = HashSet::new();
        let mut pause = Duration::from_millis(1);
        loop {
            if self.reap() {
                return (0, !told.is_empty());
            }
            if self.alone && self.main.is_none() {
                return (descendants(getpid()).len(), true);
            }
            let now = Instant::now();
            if now >= kill_at + KILL_LIMIT {
                return (descendants(getpid()).len(), true);
            }
            let alive = self.to_end();
            if now < kill_at {
                // Those that appeared since the last look are told too, everyone once.
                // The one that is ended alone may need helpers for its end.
                let late = self.alone && !told.is_empty();
                let new: Vec<Pid> = alive.into_iter().filter(|pid| !late && told.insert(*pid)).collect();
                signal_all(&new, Signal::TERM);
                // A stopped process takes note of TERM only when it goes on.
                signal_all(&new, Signal::CONT);
            } else {
                // Stopped first, nobody can fork between the look and the blow.
                signal_all(&alive, Signal::STOP);
                let all = self.to_end();
                signal_all(&all, Signal::KILL);
                told.extend(all);
            }
            let limit = if now < kill_at { pause.min(kill_at - now) } else { pause };
            match input.wait(None, Some(limit)) {
                Received::Command(Command::End { grace_ms } | Command::Sweep { grace_ms }) => {
                    kill_at = kill_at.min(Instant::now() + Duration::from_millis(grace_ms));
                }
                Received::Closed => kill_at = kill_at.min(Instant::now() + super::ORPHAN_GRACE),
                Received::Command(Command::Run(_)) | Received::Nothing => {}
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}
