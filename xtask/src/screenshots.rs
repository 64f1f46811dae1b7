//! `cargo xtask screenshots`: pictures of every page for people to look at.

use anyhow::Result;
use clap::Args;

use crate::process::{self, command, say};
use crate::workspace::Workspace;
use crate::{build, setup, site};

/// What `cargo xtask screenshots` can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Use the server that is built already
    #[arg(long)]
    no_build: bool,
}

/// Builds, and lets `end2end/screenshots.mjs` start the demo and take the pictures.
pub fn take(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::tools(setup::RUN)?;
    setup::tools(setup::BROWSER)?;
    let node = setup::node_packages(&workspace.root, &workspace.target)?;
    chinese_font()?;
    if !options.no_build {
        setup::tools(setup::BUILD)?;
        site::build(workspace)?;
        process::run(&mut build::development(workspace))?;
    }
    process::run(
        command(node)
            .arg("screenshots.mjs")
            .current_dir(workspace.root.join("end2end"))
            .env("WEIR_BIN", workspace.weir(false)),
    )?;
    say!("the pictures are in end2end/shots");
    Ok(())
}

/// Half of the interface is in Chinese, and a machine without screens seldom has a font for it.
fn chinese_font() -> Result<()> {
    let fonts = process::output(command("fc-list").args([":lang=zh-cn", "family"]));
    match fonts {
        Ok(list) if !list.is_empty() => Ok(()),
        _ => {
            say!("a font for Chinese is missing (for the pictures)");
            setup::apt(&["fontconfig", "fonts-wqy-microhei"])
        }
    }
}
