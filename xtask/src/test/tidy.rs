//! House rules that no compiler knows.

use std::fs;

use anyhow::Result;

use crate::process::{self, command};
use crate::workspace::Workspace;

/// Files longer than this probably hide more than one thing: it is said.
const LONG: usize = 400;
/// Files longer than this are not accepted.
const LONGEST: usize = 600;

/// What people write and read line by line.
const SOURCES: &[&str] = &["css", "mjs", "rs", "sh"];

/// Prints what breaks a rule; true if nothing does.
pub fn check(workspace: &Workspace) -> Result<bool> {
    let files = process::output(
        command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(&workspace.root),
    )?;
    let mut clean = true;
    for name in files.lines() {
        let path = workspace.root.join(name);
        let source = path.extension().is_some_and(|extension| SOURCES.iter().any(|known| extension == *known));
        // A deleted file is listed until the deletion is committed.
        if !source || !path.exists() {
            continue;
        }
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > LONG {
            eprintln!("{name}: {lines} lines, more than {LONG}");
        }
        clean &= lines <= LONGEST;
    }
    Ok(clean)
}
