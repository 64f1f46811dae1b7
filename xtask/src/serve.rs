//! `cargo xtask serve`.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use clap::Args;

use crate::process::{self, command, say};
use crate::workspace::Workspace;
use crate::{build, setup, site};

/// What `cargo xtask serve` can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// More arguments for `weir serve`; --data and --listen replace the ones given here
    #[arg(last = true)]
    weir: Vec<String>,
}

/// Builds, then becomes the server, so that signals reach it directly.
pub fn serve(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::tools(setup::BUILD)?;
    setup::tools(setup::RUN)?;
    site::build(workspace)?;
    process::run(&mut build::development(workspace))?;

    let mut weir = command(workspace.weir(false));
    weir.current_dir(&workspace.root).args(["serve", "--local", "--demo"]);
    if !given(&options.weir, "--data") {
        weir.arg("--data").arg(workspace.target.join("demo-data"));
    }
    weir.args(&options.weir);
    say!("starting {}", process::show(&weir));
    // Returns only if it failed.
    Err(weir.exec()).context("failed to start the server")
}

fn given(arguments: &[String], flag: &str) -> bool {
    arguments.iter().any(|argument| argument == flag || argument.starts_with(&format!("{flag}=")))
}

#[cfg(test)]
mod tests {
    use super::given;

    #[test]
    fn recognises_both_spellings() {
        let arguments = ["--data=x".to_owned(), "--listen".to_owned(), "y".to_owned()];
        assert!(given(&arguments, "--data"));
        assert!(given(&arguments, "--listen"));
        assert!(!given(&arguments, "--local"));
    }
}
