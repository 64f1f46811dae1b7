//! `cargo xtask audit`: the checks on dependencies whose tools take minutes to install.

use anyhow::Result;

use crate::process::{self, cargo, find, say};
use crate::workspace::Workspace;

/// Licences, sources, duplicates and unused dependencies must be right; advisories only where their database can be reached.
pub fn audit(workspace: &Workspace) -> Result<bool> {
    for tool in ["cargo-deny", "cargo-machete"] {
        if find(tool).is_none() {
            say!("installing {tool} with cargo install (takes minutes)");
            process::run(cargo().args(["install", "--locked", tool]))?;
        }
    }
    let in_root = |arguments: &[&str]| {
        let mut cargo = cargo();
        cargo.current_dir(&workspace.root).args(arguments);
        cargo
    };
    let checks: [&[&str]; 2] = [&["deny", "--all-features", "check", "licenses", "bans", "sources"], &["machete"]];
    let mut clean = true;
    for check in checks {
        if let Err(error) = process::run(&mut in_root(check)) {
            say!("{error:#}");
            clean = false;
        }
    }
    let fetched = process::succeeds(&mut in_root(&["deny", "fetch", "db"]));
    if fetched {
        let advisories = &["deny", "--all-features", "check", "--disable-fetch", "advisories"];
        if let Err(error) = process::run(&mut in_root(advisories)) {
            say!("{error:#}");
            clean = false;
        }
    } else {
        say!("the advisory database cannot be reached; advisories were not checked");
    }
    Ok(clean)
}
