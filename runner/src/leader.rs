//! The leader: the process that is the parent of everything a job starts.
//!
//! It is the same executable as the runner, started with a hidden subcommand, one per running job,
//! and reused for the next job once it is proven empty. It leads a session of its own and is the
//! sub-reaper of its descendants: whoever loses its parent becomes the leader's child, so that "wait
//! says there is no child" means that nobody is left, `setsid` and double forks included.
//!
//! Commands come as JSON lines on stdin, events go out as JSON lines on stdout; nothing secret is
//! ever an argument. The end of stdin means that the runner is gone: everything is ended at once.
//! Plain std: no runtime, no threads, no signal handlers.

mod input;
mod tree;
mod wire;

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::Path,
    process::{self, ExitCode, Stdio},
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags, fcntl_setfl},
    process::{getpid, set_child_subreaper, setsid, umask},
    thread::set_no_new_privs,
};

use input::{Input, Received};
use tree::Tree;
pub(crate) use wire::{Command, Event, Run};

/// How long the processes of a job have when their runner is gone.
const ORPHAN_GRACE: Duration = Duration::from_millis(200);

/// In whose environment this is does not lead, but works on a job's files as the job's user.
pub(crate) const HANDS: &str = "WEIR_HANDS";

/// The leader's main function; returns when its runner closes stdin.
pub fn leader_main() -> ExitCode {
    if std::env::var_os(HANDS).is_some() {
        return crate::engine::hands_main();
    }
    // Fails only when this process leads a group already, which changes nothing for its children.
    let _ = setsid();
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        return give_up(&format!("failed to become a sub-reaper: {error}"));
    }
    // Not to hold on to the folder that the runner was started in.
    let _ = std::env::set_current_dir("/");
    let mut input = Input::new();
    let mut tree = Tree::default();
    loop {
        match input.wait(None, None) {
            Received::Command(Command::Run(run)) => {
                let event = match start(&run) {
                    Ok(child) => {
                        drop(run.env);
                        let sweep = run.last.then(|| Duration::from_millis(run.grace_ms));
                        tree.follow(child, run.alone, sweep, &mut input)
                    }
                    Err(error) => Event::Failed(error),
                };
                if !answer(&event) {
                    break;
                }
            }
            Received::Command(Command::Sweep { grace_ms }) => {
                let event = tree.sweep(Duration::from_millis(grace_ms), &mut input);
                if !answer(&event) {
                    break;
                }
            }
            // The script had ended before this arrived; its end has been reported.
            Received::Command(Command::End { .. }) | Received::Nothing => {}
            Received::Closed => break,
        }
        if input.is_closed() {
            break;
        }
    }
    tree.sweep(ORPHAN_GRACE, &mut input);
    ExitCode::SUCCESS
}

fn give_up(text: &str) -> ExitCode {
    answer(&Event::Failed(text.to_owned()));
    ExitCode::FAILURE
}

/// Writes one line; false when nobody listens any more.
fn answer(event: &Event) -> bool {
    let Ok(mut line) = serde_json::to_vec(event) else { return false };
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).is_ok()
}

/// Starts the program with stdout and stderr on the job's pipe, in a process group of its own.
fn start(run: &Run) -> Result<process::Child, String> {
    let (program, arguments) = run.argv.split_first().ok_or("there is no program to run")?;
    let output = open_pipe(&run.output).map_err(|error| format!("failed to open the output pipe: {error}"))?;
    let errors = output.try_clone().map_err(|error| format!("failed to open the output pipe: {error}"))?;
    umask(Mode::from_raw_mode(run.umask));
    let mut command = process::Command::new(program);
    command.args(arguments).env_clear().envs(run.env.iter().map(|(key, value)| (key, value)));
    command.current_dir(&run.cwd).process_group(0);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    if let Some((uid, gid)) = run.user {
        // Other groups are dropped by that, too.
        command.uid(uid).gid(gid);
    }
    if run.confined {
        // For the leader as well, which has no use for such programs, and for good.
        set_no_new_privs(true).map_err(|error| format!("failed to confine the job: {error}"))?;
    }
    command.spawn().map_err(|error| format!("failed to start {program}: {error}"))
}

/// Opens the writing end without waiting: the runner holds the other end, or is gone.
fn open_pipe(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    // Programs expect a pipe that makes them wait.
    fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}
