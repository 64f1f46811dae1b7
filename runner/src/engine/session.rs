//! One job's use of one leader: programs run one after another, their output goes to the log.

use std::{
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::fs::fchown,
    },
    path::PathBuf,
    time::Duration,
};

use rustix::{
    io::Errno,
    pipe::{PipeFlags, pipe_with},
};
use tokio::{
    net::unix::pipe,
    time::{Instant, sleep_until},
};

use super::leaders::{Leader, Leaders};
use crate::{
    control::{Control, Level},
    leader::{Command, Event, Run},
    processes::end_marked,
    trace::Log,
    users::JobUser,
};

/// What a runner that is told to stop leaves its jobs between TERM and KILL.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// What a script leaves running in the background gets this long.
const LEFTOVER_GRACE: Duration = Duration::from_secs(2);
const SMALL_READ: usize = 16 << 10;
const LARGE_READ: usize = 256 << 10;
const LARGE_PIPE: usize = 1 << 20;

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Exit(i32),
    Signal(i32),
    TimedOut,
    /// It was ended by an order.
    Ordered(Level),
    /// The runner could not do its part.
    Failed(String),
}

/// A program of the job.
pub(super) struct Program {
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    pub env: Vec<(String, String)>,
    /// Whether an order ends nothing else.
    pub alone: bool,
    /// Whether it runs as the job's user; the runner's own programs do not.
    pub is_jobs: bool,
}

/// A leader that works for a job.
pub(super) struct Session<'a> {
    leaders: &'a Leaders,
    leader: Option<Leader>,
    pipe: pipe::Receiver,
    /// Held open, so that reading never sees an end: whether a job has ended is for the leader to say,
    /// not for whoever closes the pipe.
    _write: OwnedFd,
    pipe_path: PathBuf,
    buffer: Vec<u8>,
    log: &'a Log,
    control: &'a Control,
    grace: Duration,
    mark: String,
    number: usize,
    user: Option<&'a JobUser>,
    /// Whether it is proven that no process of the job is left.
    empty: bool,
}

impl<'a> Session<'a> {
    /// Takes a leader and makes the pipe for the output.
    pub(super) fn start(
        leaders: &'a Leaders,
        log: &'a Log,
        control: &'a Control,
        grace: Duration,
        mark: String,
        user: Option<&'a JobUser>,
    ) -> io::Result<Self> {
        let leader = leaders.take()?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        if let Some(user) = user {
            // Or scripts could not open `/dev/stdout` and `/dev/stderr`.
            fchown(&write, Some(user.uid), Some(user.gid))?;
        }
        let pipe = pipe::Receiver::from_owned_fd(read)?;
        // A leader opens it anew for each program, through this process: a script can do what it likes
        // to its descriptors and to its folders.
        let pipe_path = format!("/proc/{}/fd/{}", std::process::id(), write.as_raw_fd()).into();
        let buffer = vec![0; SMALL_READ];
        Ok(Self {
            leaders,
            leader: Some(leader),
            pipe,
            _write: write,
            pipe_path,
            buffer,
            log,
            control,
            grace,
            mark,
            number: leaders.take_number(),
            user,
            empty: true,
        })
    }

    /// Which of the jobs that run at the same time this is, counted from 0.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Runs a program until it ends, or `deadline`, or an order above `heed`. With `last` everything
    /// that it left running is ended with it.
    pub(super) async fn run(&mut self, program: Program, deadline: Instant, heed: Level, last: bool) -> Ended {
        let run = Run {
            argv: program.argv,
            cwd: program.cwd,
            env: program.env,
            output: self.pipe_path.clone(),
            umask: 0o022,
            last,
            grace_ms: millis(LEFTOVER_GRACE.min(self.grace)),
            alone: program.alone,
            user: self.user.filter(|_| program.is_jobs).map(|user| (user.uid, user.gid)),
            confined: program.is_jobs && self.user.is_some_and(|user| user.is_allotted),
        };
        self.empty = false;
        if let Err(error) = self.tell(&Command::Run(run)).await {
            return self.lost(&error).await;
        }
        let mut heed = heed;
        let mut why: Option<Ended> = None;
        loop {
            let Some(leader) = &mut self.leader else { return Ended::Failed("the leader is gone".to_owned()) };
            let room = self.log.has_room();
            tokio::select! {
                event = leader.event() => {
                    return match event {
                        Ok(Event::Ended { code, signal, left, .. }) => {
                            self.empty = left == 0;
                            let drained = self.drain(left == 0);
                            self.how(why, drained, code, signal, last && left > 0)
                        }
                        Ok(Event::Failed(error)) => {
                            self.empty = true;
                            Ended::Failed(error)
                        }
                        Ok(Event::Swept { .. }) => Ended::Failed("the leader answered out of turn".to_owned()),
                        Err(error) => self.lost(&error).await,
                    };
                }
                ready = self.pipe.readable(), if room => {
                    if let Err(error) = ready.and_then(|()| self.read_some()) {
                        self.end(Duration::ZERO).await;
                        why.get_or_insert(Ended::Failed(format!("failed to keep the log: {error}")));
                    }
                }
                () = self.log.room(), if !room => {}
                level = self.control.above(heed) => {
                    heed = level;
                    self.end(match level {
                        Level::Run | Level::Cancel => self.grace,
                        Level::Stop => self.grace.min(STOP_GRACE),
                        Level::Gone => Duration::ZERO,
                    }).await;
                    if !matches!(why, Some(Ended::Failed(_))) {
                        why = Some(Ended::Ordered(level));
                    }
                }
                () = sleep_until(deadline), if why.is_none() => {
                    why = Some(Ended::TimedOut);
                    self.end(self.grace).await;
                }
            }
        }
    }

    fn how(
        &self,
        why: Option<Ended>,
        drained: io::Result<()>,
        code: Option<i32>,
        signal: Option<i32>,
        stuck: bool,
    ) -> Ended {
        if stuck {
            self.log.warning("processes of this job could not be ended");
        }
        match (why, drained) {
            (Some(why), _) => why,
            (None, Err(error)) => Ended::Failed(format!("failed to keep the log: {error}")),
            (None, Ok(())) => match (code, signal) {
                (_, Some(signal)) => Ended::Signal(signal),
                (Some(code), None) => Ended::Exit(code),
                (None, None) => Ended::Failed("the program ended in no known way".to_owned()),
            },
        }
    }

    /// Ends what is left of the job and gives the leader back if nobody is.
    pub(super) async fn finish(mut self) -> Result<(), String> {
        if !self.empty {
            let grace_ms = millis(LEFTOVER_GRACE.min(self.grace));
            if let Err(error) = self.tell(&Command::Sweep { grace_ms }).await {
                self.lost(&error).await;
                return Err("the job's leader process died".to_owned());
            }
            let Some(leader) = &mut self.leader else { return Err("the job's leader process died".to_owned()) };
            match leader.event().await {
                Ok(Event::Swept { left: 0, .. }) => self.empty = true,
                Ok(Event::Swept { left, .. }) => return Err(format!("{left} processes of the job could not be ended")),
                Ok(_) => return Err("the leader answered out of turn".to_owned()),
                Err(error) => {
                    self.lost(&error).await;
                    return Err("the job's leader process died".to_owned());
                }
            }
        }
        // Nobody writes any more, and whatever was written in the background is part of the log.
        let _ = self.drain(true);
        if let Some(leader) = self.leader.take() {
            self.leaders.put_back(leader);
        }
        Ok(())
    }

    async fn tell(&mut self, command: &Command) -> io::Result<()> {
        match &mut self.leader {
            Some(leader) => leader.tell(command).await,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    async fn end(&mut self, grace: Duration) {
        // A leader that cannot be told is dead, which its event stream will say.
        let _ = self.tell(&Command::End { grace_ms: millis(grace) }).await;
    }

    /// The leader died (a script can do that): its descendants are found by their mark.
    async fn lost(&mut self, error: &io::Error) -> Ended {
        tracing::warn!(job.mark = self.mark, %error, "the job's leader process died");
        self.leader = None;
        let mark = self.mark.clone();
        let ended = tokio::task::spawn_blocking(move || end_marked(&mark, Duration::from_secs(10))).await;
        self.empty = matches!(ended, Ok(Ok(_)));
        let _ = self.drain(self.empty);
        Ended::Failed("the job's leader process died".to_owned())
    }

    fn read_some(&mut self) -> io::Result<()> {
        match self.pipe.try_read(&mut self.buffer) {
            Ok(count) => {
                if count == self.buffer.len() && count < LARGE_READ {
                    self.buffer.resize(LARGE_READ, 0);
                    // A larger pipe means fewer turns; being refused one is no trouble.
                    let _ = rustix::pipe::fcntl_setpipe_size(&self.pipe, LARGE_PIPE);
                    return self.log.write(&self.buffer[..count]);
                }
                self.log.write(&self.buffer[..count])
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads what is in the pipe now. The runtime's idea of readiness may lag behind the leader's
    /// word, so the descriptor itself is asked. While there are writers the end is not waited for.
    fn drain(&mut self, to_the_end: bool) -> io::Result<()> {
        let mut most = if to_the_end { usize::MAX } else { LARGE_PIPE };
        while most > 0 {
            match rustix::io::read(self.pipe.as_fd(), &mut self.buffer) {
                Ok(0) | Err(Errno::AGAIN) => break,
                Ok(count) => {
                    most = most.saturating_sub(count);
                    self.log.write(&self.buffer[..count])?;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.leaders.put_back_number(self.number);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
