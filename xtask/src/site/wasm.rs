//! `frontend` compiled for the browser and bound to JavaScript.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::toolchain::{TARGET, Toolchain};
use super::{Files, NAME};
use crate::process::{self, say};
use crate::workspace::Workspace;

/// Compiles and binds; what is unchanged since the last time is not done again.
pub fn build(workspace: &Workspace) -> Result<Files> {
    let compiled = compile(workspace)?;
    let bound = workspace.target.join("wasm/bound");
    bind(&compiled, &bound)?;
    let mut files = Files::new();
    collect(&bound, Path::new("pkg"), &mut files)?;
    Ok(files)
}

fn compile(workspace: &Workspace) -> Result<PathBuf> {
    // A target folder of its own: cargo locks the folder while it builds, and the server is built at the same time.
    let folder = workspace.target.join("wasm");
    let mut cargo = process::cargo();
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--package", "frontend", "--lib", "--profile", "wasm", "--target-dir"])
        .arg(&folder);
    Toolchain::find_or_install()?.apply(&mut cargo);
    process::run(&mut cargo)?;
    Ok(folder.join(TARGET).join("wasm/frontend.wasm"))
}

/// Runs wasm-bindgen unless `into` already holds its output for these very bytes.
fn bind(compiled: &Path, into: &Path) -> Result<()> {
    let wasm = fs::read(compiled).with_context(|| format!("failed to read {}", compiled.display()))?;
    let mut hasher = DefaultHasher::new();
    // This very file too: its options decide what comes out.
    include_str!("wasm.rs").hash(&mut hasher);
    wasm.hash(&mut hasher);
    let key = format!("{:016x}", hasher.finish());
    let stamp = into.with_extension("key");
    if fs::read_to_string(&stamp).is_ok_and(|done| done == key) {
        return Ok(());
    }
    say!("binding {} kB of WASM to JavaScript", wasm.len() / 1000);
    if into.exists() {
        fs::remove_dir_all(into)?;
    }
    Bindgen::new()
        .input_bytes(NAME, wasm)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(into)
        .context("wasm-bindgen failed")?;
    fs::write(&stamp, key)?;
    Ok(())
}

fn collect(folder: &Path, name: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = name.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &name, files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}
