//! The site: what the server embeds and browsers load. WASM and its JavaScript, the style sheet, and `public/`,
//! each compressible file also as Brotli, in `target/site`.

mod publish;
mod style;
mod toolchain;
mod wasm;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;

use crate::process::say;
use crate::workspace::Workspace;

/// Files by their path below `target/site`.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The name that the server's pages ask for.
const NAME: &str = "weir";

/// Builds everything and brings `target/site` up to date. Files whose contents stay the same are not touched.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut files = publish::public(workspace)?;
    files.extend(wasm::build(workspace)?);
    files.extend(style::build(workspace)?);
    let published = publish::publish(workspace, &files)?;
    for entry in &published {
        say!("site: {entry}");
    }
    Ok(())
}

/// The names of all files of the built site, a line each.
pub fn names(workspace: &Workspace) -> Result<String> {
    publish::names(&workspace.site())
}

/// Makes sure that `target/site` exists: the server does not compile without the folder.
pub fn ensure_folder(workspace: &Workspace) -> Result<()> {
    std::fs::create_dir_all(workspace.site().join("pkg"))?;
    Ok(())
}

/// Installs what the browser half is compiled with.
pub fn setup() -> Result<()> {
    toolchain::Toolchain::find_or_install().map(drop)
}
