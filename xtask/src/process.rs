//! Starting other programs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Says what happens, on stderr: stdout belongs to what a task is asked for.
macro_rules! say {
    ($($arg:tt)*) => { eprintln!("xtask: {}", format_args!($($arg)*)) };
}
pub(crate) use say;

/// A program with the environment of the person who typed `cargo xtask`, without what `cargo run` added to it:
/// build scripts watch some of those variables, and the program under test should not see the library paths.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        let from_cargo_run = name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name.starts_with("CARGO_BIN_")
            || name == "CARGO_CRATE_NAME"
            || name == "CARGO_PRIMARY_PACKAGE";
        if from_cargo_run {
            command.env_remove(&key);
        }
    }
    match library_path() {
        Some(path) => command.env("LD_LIBRARY_PATH", path),
        None => command.env_remove("LD_LIBRARY_PATH"),
    };
    command
}

/// The cargo that runs this task.
pub fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs to the end on this terminal; anything but success is an error that names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("failed to start {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// Runs to the end and returns what was printed to stdout, trimmed.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("failed to start {shown}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{shown} ended with {}: {}", output.status, stderr.trim());
    }
    let stdout =
        String::from_utf8(output.stdout).with_context(|| format!("{shown} printed something that is not UTF-8"))?;
    Ok(stdout.trim_end().to_owned())
}

/// Whether a command can be run and succeeds; its output is thrown away.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where a program lies on the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| is_executable(path))
}

/// The command line, for messages.
pub fn show(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// `LD_LIBRARY_PATH` without the folders of the toolchain and of cargo's target that `cargo run` puts in front.
fn library_path() -> Option<OsString> {
    let whole = env::var_os("LD_LIBRARY_PATH")?;
    let target = env::current_exe().ok()?.parent()?.to_path_buf();
    let kept: Vec<PathBuf> = env::split_paths(&whole)
        .filter(|path| !path.starts_with(&target) && !path.iter().any(|part| part == "toolchains"))
        .filter(|path| !path.ends_with("rustlib/x86_64-unknown-linux-gnu/lib"))
        .collect();
    if kept.is_empty() {
        return None;
    }
    env::join_paths(kept).ok()
}
