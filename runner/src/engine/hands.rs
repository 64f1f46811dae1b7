//! The runner's own work on a job's files: unfolding archives into the workspace, packing what the script left.
//!
//! A script may leave anything there, links that lead out of it first of all. Where jobs have a user of their own, the
//! work is done by a process of that user, so that it reaches what the job reaches and nothing else. It is this very
//! executable: the task comes on stdin, the archive is its stdout, and what came of it goes to stderr.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::{
        fd::AsFd,
        unix::{
            fs::MetadataExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use rustix::{
    fs::Mode,
    io::Errno,
    process::{DumpableBehavior, Pid, Signal, geteuid, kill_process_group, set_dumpable_behavior, umask},
    thread::set_no_new_privs,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    archive::{ArchiveError, Level, gzip, move_into, unzip, zip},
    halt::{Halt, in_thread},
    selection::{Line, Selection},
};
use crate::{
    leader::HANDS,
    processes::{MARK, end_marked},
    users::JobUser,
};

/// How long processes may resist KILL before they are left to whoever sweeps next.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Nothing: whether the folder is reached.
    Reach {
        /// The folder.
        folder: PathBuf,
    },
    /// End all processes of this user but this one, in one go: nobody can start another meanwhile.
    End,
    /// Unfold the archive below `root`; with `staging` beside it first, so that a damaged one leaves nothing there.
    Unfold {
        /// Where to.
        root: PathBuf,
        /// Where before, on the same file system.
        staging: Option<PathBuf>,
        /// The most bytes.
        limit: u64,
    },
    /// Look at the files.
    Look {
        /// Where from.
        root: PathBuf,
        /// Which.
        selection: Selection,
    },
    /// Pack files into the archive.
    Pack {
        /// Where from.
        root: PathBuf,
        /// Which.
        selection: Selection,
        /// How.
        form: Form,
        /// How hard.
        level: Level,
        /// Not if they still look like this.
        unless: Option<u64>,
    },
}

/// How files become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    /// A zip archive.
    Zip,
    /// Files only, each a member of one gzip stream.
    Gzip,
    /// The only file, as it is.
    Raw,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Done {
    /// The folder is reached.
    Reached,
    /// Who was left is ended.
    Ended,
    /// So many files and links were unfolded.
    Unfolded(usize),
    /// What the files look like.
    Seen(u64),
    /// Files were packed, or not.
    Packed(Packed),
}

/// What packing came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Packed {
    /// What was found and what not.
    pub report: Vec<Line>,
    /// How many there are.
    pub count: usize,
    /// What became of them.
    pub end: Result<Pack, String>,
}

/// Whether something was packed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pack {
    /// There is nothing of the kind.
    Nothing,
    /// They look as they did.
    Unchanged,
    /// Into the archive; the name of the file that it is, if it is one as it was.
    Whole(Option<String>),
}

/// Why it could not be done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// In words.
    pub text: String,
    /// Whether the archive is to blame.
    pub is_damage: bool,
}

impl<E: std::fmt::Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self { text: error.to_string(), is_damage: false }
    }
}

/// Who does it.
pub(crate) enum Hands<'a> {
    /// A thread of the runner.
    Own,
    /// A process of the job's user.
    Of {
        /// The user.
        user: &'a JobUser,
        /// The command that runs [`leader_main`](crate::leader_main).
        program: &'a [OsString],
        /// What marks processes of the job.
        mark: String,
    },
}

impl Hands<'_> {
    /// Does it, unless `broken` comes first: then it has stopped when this returns.
    pub(super) async fn work<E>(
        &self,
        task: Task,
        archive: Option<File>,
        broken: impl Future<Output = E>,
    ) -> Result<Result<Done, Trouble>, E> {
        match self {
            Self::Own => {
                let done = in_thread(move |halt| Ok(task.run(archive, halt)), broken).await?;
                Ok(done.unwrap_or_else(|error| Err(error.into())))
            }
            Self::Of { user, program, mark } => {
                let (mut child, input) = match start(user, program, mark, &task, archive) {
                    Ok(started) => started,
                    Err(error) => {
                        return Ok(Err(format!("failed to start a process of {user}: {error}").into()));
                    }
                };
                let done = tokio::select! {
                    done = finish(&mut child, input) => done,
                    error = broken => {
                        let _ = child.kill().await;
                        // It may have asked git.
                        let mark = mark.clone();
                        let _ = tokio::task::spawn_blocking(move || end_marked(&mark, KILL_LIMIT)).await;
                        return Err(error);
                    }
                };
                Ok(done.unwrap_or_else(|error| Err(error.into())))
            }
        }
    }
}

/// A program of the job's user, with nothing of the runner's.
pub(crate) fn command_of(user: &JobUser, program: impl AsRef<OsStr>, mark: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    command.env_clear().env(MARK, mark).current_dir("/").uid(user.uid).gid(user.gid);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

fn start(
    user: &JobUser,
    program: &[OsString],
    mark: &str,
    task: &Task,
    archive: Option<File>,
) -> io::Result<(tokio::process::Child, Vec<u8>)> {
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let input = serde_json::to_vec(task)?;
    let mut command = command_of(user, name, mark);
    command.args(arguments).env(HANDS, "1").stdin(Stdio::piped()).stderr(Stdio::piped());
    command.stdout(archive.map_or_else(Stdio::null, Stdio::from));
    let mut command = tokio::process::Command::from(command);
    Ok((command.kill_on_drop(true).spawn()?, input))
}

/// How often a process that somebody else ends is tried again.
const REACH_TRIES: usize = 100;

/// Whether a process of the user gets to a folder, and is one at all. Another runner of this machine may have the user
/// now, and ends whatever processes it finds of it when a job ends.
pub(crate) fn reach(user: &JobUser, program: &[OsString], folder: &Path) -> io::Result<()> {
    let reached = || at_once(user, program, &Task::Reach { folder: folder.to_owned() });
    let was_ended =
        |tried: &io::Result<()>| tried.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted);
    let mut tried = reached();
    for _ in 1..REACH_TRIES {
        if !was_ended(&tried) {
            break;
        }
        tried = reached();
    }
    tried
}

/// Ends all processes of the user in one go.
pub(crate) fn end_all_at_once(user: &JobUser, program: &[OsString]) -> io::Result<()> {
    at_once(user, program, &Task::End)
}

/// Has a small task done, and waits for it.
fn at_once(user: &JobUser, program: &[OsString], task: &Task) -> io::Result<()> {
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = command_of(user, name, "");
    command.args(arguments).env(HANDS, "1").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unstarted(user, name, &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(&serde_json::to_vec(task)?);
    }
    let output = child.wait_with_output()?;
    if let Some(signal) = output.status.signal() {
        return Err(io::Error::new(
            io::ErrorKind::Interrupted,
            format!("a process of {user} was ended by signal {signal}"),
        ));
    }
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let done: Result<Done, Trouble> = serde_json::from_slice(&output.stderr)?;
    done.map(drop).map_err(|trouble| io::Error::other(trouble.text))
}

/// Why this very program cannot be started as another user, in words that lead somewhere.
fn unstarted(user: &JobUser, program: &OsStr, error: &io::Error) -> io::Error {
    let name = Path::new(program).display();
    let text = match error.kind() {
        io::ErrorKind::PermissionDenied if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => {
            format!("this process may not start others as {user} (it lacks CAP_SETUID and CAP_SETGID)")
        }
        io::ErrorKind::PermissionDenied => format!("{user} may not run {name}: put it where everybody gets"),
        io::ErrorKind::InvalidInput => format!("there is no {user} in this container: it has fewer users"),
        _ => format!("failed to start {name} as {user}: {error}"),
    };
    io::Error::new(error.kind(), text)
}

async fn finish(child: &mut tokio::process::Child, input: Vec<u8>) -> io::Result<Result<Done, Trouble>> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let tell = async {
        if let Some(mut stdin) = stdin {
            // One that ends before it has heard everything says why.
            let _ = stdin.write_all(&input).await;
        }
    };
    let mut said = Vec::new();
    let hear = async {
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut said).await?;
        }
        Ok::<_, io::Error>(())
    };
    let ((), heard) = tokio::join!(tell, hear);
    heard?;
    let status = child.wait().await?;
    if status.success() {
        return Ok(serde_json::from_slice(&said)?);
    }
    let text = String::from_utf8_lossy(&said);
    let last: String =
        text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().chars().take(300).collect();
    Err(io::Error::other(format!("the process that works on the job's files ended with {status}: {last}")))
}

/// What such a process does.
pub(crate) fn hands_main() -> ExitCode {
    let _ = set_no_new_privs(true);
    // Processes that the job left running cannot make this one do what they want.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    umask(Mode::from_raw_mode(0o022));
    let work = || -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text)?;
        let task: Task = serde_json::from_slice(&text)?;
        let archive = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(serde_json::to_vec(&task.run(Some(archive), &Halt::default()))?)
    };
    match work().and_then(|said| io::stderr().lock().write_all(&said)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Task {
    fn run(self, archive: Option<File>, halt: &Halt) -> Result<Done, Trouble> {
        match self {
            Self::Reach { folder } => {
                // The dot: the folder itself has to be entered.
                fs::metadata(folder.join("."))?;
                Ok(Done::Reached)
            }
            Self::End => {
                // Root would end everybody.
                if geteuid().is_root() {
                    return Err("only a job's user ends all that is its own".into());
                }
                match kill_process_group(Pid::INIT, Signal::KILL) {
                    Ok(()) | Err(Errno::SRCH) => Ok(Done::Ended),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Unfold { root, staging, limit } => {
                let archive = archive.ok_or("there is no archive")?;
                unfold(archive, &root, staging.as_deref(), limit, halt)
                    .map(Done::Unfolded)
                    .map_err(|error| Trouble { is_damage: error.is_damage(), text: error.to_string() })
            }
            Self::Look { root, selection } => Ok(Done::Seen(looks(&root, &selection.collect(&root).files))),
            Self::Pack { root, selection, form, level, unless } => {
                let selected = selection.collect(&root);
                let count = selected.files.len();
                let end = if count == 0 {
                    Ok(Pack::Nothing)
                } else if unless.is_some_and(|before| before == looks(&root, &selected.files)) {
                    Ok(Pack::Unchanged)
                } else {
                    let archive = archive.ok_or("there is no archive")?;
                    pack(&root, selected.files, archive, form, level, halt)
                };
                Ok(Done::Packed(Packed { report: selected.report, count, end }))
            }
        }
    }
}

fn unfold(archive: File, root: &Path, staging: Option<&Path>, limit: u64, halt: &Halt) -> Result<usize, ArchiveError> {
    let Some(staging) = staging else { return unzip(archive, root, limit, halt) };
    let _ = fs::remove_dir_all(staging);
    let unfolded = fs::create_dir(staging)
        .map_err(ArchiveError::from)
        .and_then(|()| unzip(archive, staging, limit, halt))
        .and_then(|count| {
            halt.check()?;
            move_into(staging, root)?;
            Ok(count)
        });
    let _ = fs::remove_dir_all(staging);
    unfolded
}

fn pack(
    root: &Path,
    files: BTreeSet<PathBuf>,
    mut archive: File,
    form: Form,
    level: Level,
    halt: &Halt,
) -> Result<Pack, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    if form == Form::Zip {
        zip(root, &files, archive, level, halt).map_err(|error| text(&error))?;
        return Ok(Pack::Whole(None));
    }
    let is_file = |file: &PathBuf| fs::symlink_metadata(root.join(file)).is_ok_and(|meta| meta.is_file());
    let files: BTreeSet<PathBuf> = files.into_iter().filter(is_file).collect();
    let Some(first) = files.first() else { return Ok(Pack::Nothing) };
    if form == Form::Gzip {
        gzip(root, &files, archive, level, halt).map_err(|error| text(&error))?;
        return Ok(Pack::Whole(None));
    }
    if files.len() > 1 {
        return Err("only one file can be uploaded as it is".to_owned());
    }
    let source = File::open(root.join(first)).map_err(|error| text(&error))?;
    io::copy(&mut halt.guard(source), &mut archive).map_err(|error| text(&error))?;
    Ok(Pack::Whole(Some(first.file_name().unwrap_or_default().to_string_lossy().into_owned())))
}

/// Tells whether any of a set of files has changed.
fn looks(root: &Path, files: &BTreeSet<PathBuf>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        if let Ok(meta) = fs::symlink_metadata(root.join(file)) {
            (meta.ino(), meta.mode(), meta.len()).hash(&mut hasher);
            // Restoring sets the first back, so that a change is seen that comes within the same tick
            // of the clock; the second cannot be set back by a script.
            (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()).hash(&mut hasher);
        }
    }
    hasher.finish()
}
