//! The server's builds. Serve and test share one: same profile, same features, or cargo would compile every
//! dependency twice.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::process::{self, say};
use crate::workspace::Workspace;
use crate::{setup, site};

/// What `cargo xtask build` can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Optimised, for use: leaves target/release/weir
    #[arg(long)]
    release: bool,
}

/// All targets of all packages but two: `frontend` would turn on the browser's features of `app` for the server,
/// and `xtask`, which is already built on its own when it runs, would be built again with other features.
pub const SELECTION: &[&str] = &["--workspace", "--exclude", "frontend", "--exclude", "xtask", "--all-targets"];

/// `cargo xtask build`.
pub fn build(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::tools(setup::BUILD)?;
    if options.release {
        release(workspace)?;
    } else {
        site::build(workspace)?;
        process::run(&mut development(workspace))?;
    }
    let weir = workspace.weir(options.release);
    let bytes = weir.metadata()?.len();
    say!("{} ({:.1} MB)", workspace.show(&weir), bytes as f64 / 1e6);
    Ok(())
}

/// The site, then the one executable that holds it.
pub fn release(workspace: &Workspace) -> Result<()> {
    site::build(workspace)?;
    // The compiler knows when an embedded file changes, but not when one comes or goes.
    let embedded = site::names(workspace)?;
    let stamp = workspace.target.join("release/embedded-files");
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known != embedded) {
        process::run(in_root(workspace).args(["clean", "--release", "--package", "server"]))?;
    }
    process::run(in_root(workspace).args(["build", "--release", "--package", "server", "--bin", "weir"]))?;
    std::fs::write(stamp, embedded)?;
    Ok(())
}

/// The build that `serve` and `test` share.
pub fn development(workspace: &Workspace) -> Command {
    let mut cargo = in_root(workspace);
    cargo.arg("build").args(SELECTION);
    cargo
}

fn in_root(workspace: &Workspace) -> Command {
    let mut cargo = process::cargo();
    cargo.current_dir(&workspace.root);
    cargo
}
