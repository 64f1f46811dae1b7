//! Installing what a task needs and the machine lacks. Everything is named before it is installed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context, Result, bail};

use crate::process::{self, command, find, say};

mod python;

pub use python::{PYTHON, python_packages};

/// A program that some task starts, and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    program: &'static str,
    package: &'static str,
    used_for: &'static str,
}

const fn tool(program: &'static str, package: &'static str, used_for: &'static str) -> Tool {
    Tool { program, package, used_for }
}

/// To compile Weir: SQLite is C.
pub const BUILD: &[Tool] = &[tool("cc", "build-essential", "compiling SQLite")];

/// To run pipelines of git sources.
pub const RUN: &[Tool] = &[tool("git", "git", "fetching project sources"), tool("bash", "bash", "running job scripts")];

/// For the tests with real clients and for the recipes that they build.
pub const CLIENTS: &[Tool] = &[
    tool("curl", "curl", "the REST contracts"),
    tool("python3", "python3", "reading answers as the documented one-liners do"),
    tool("make", "build-essential", "building a C program in a pipeline"),
];

/// For the tests in a real browser, and for screenshots.
pub const BROWSER: &[Tool] = &[tool("chromium", "chromium", "tests in a real browser")];

/// For what is written in JavaScript: what drives the browser, and clients of the REST contracts.
const NODE: &[Tool] =
    &[tool("node", "nodejs", "driving the browser, and clients in JavaScript"), tool("npm", "npm", "installing both")];

/// Installs the packages of those tools that are missing.
pub fn tools(wanted: &[Tool]) -> Result<()> {
    let missing: Vec<&Tool> = wanted.iter().filter(|tool| find(tool.program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for tool in &missing {
        say!("{} is missing (for {})", tool.program, tool.used_for);
    }
    let mut packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    packages.sort_unstable();
    packages.dedup();
    apt(&packages)?;
    match missing.iter().find(|tool| find(tool.program).is_none()) {
        Some(tool) => bail!("the package {} brought no {}; please install {0} by hand", tool.package, tool.program),
        None => Ok(()),
    }
}

/// The toolchain's own checkers, which a minimal installation lacks.
pub fn components() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if process::succeeds(process::cargo().args([subcommand, "--version"])) {
            continue;
        }
        say!("installing {component} with rustup component add {component} (for the lints)");
        process::run(command("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}

/// Installs Debian packages, as root or by sudo.
pub fn apt(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if find("apt-get").is_none() {
        bail!("this system has no apt-get; please install what Debian calls: {list}");
    }
    say!("installing with apt-get: {list}");
    static UPDATE: Once = Once::new();
    UPDATE.call_once(|| {
        // Old lists may still do, so a failure shows in the installation, if at all.
        if let Err(error) = process::run(as_root("apt-get").args(["-qq", "update"])) {
            say!("{error:#}");
        }
    });
    process::run(as_root("apt-get").args(["-qq", "-y", "--no-install-recommends", "install"]).args(packages))
        .with_context(|| format!("failed to install {list}"))
}

/// The Node.js packages of `end2end/`, exactly as locked. Returns the `node` to use.
pub fn node_packages(root: &Path, target: &Path) -> Result<PathBuf> {
    tools(NODE)?;
    let node = node(target)?;
    let folder = root.join("end2end");
    let lock = folder.join("package-lock.json");
    let stamp = folder.join("node_modules/.installed-lock.json");
    let wanted = std::fs::read(&lock).with_context(|| format!("failed to read {}", lock.display()))?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(node);
    }
    say!("installing the Node.js packages of end2end/package-lock.json");
    process::run(
        command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder),
    )?;
    std::fs::write(&stamp, wanted).with_context(|| format!("failed to write {}", stamp.display()))?;
    Ok(node)
}

/// A Node.js of version 20 or later: the system's, else the one that npm can bring.
fn node(target: &Path) -> Result<PathBuf> {
    const OLDEST: u32 = 20;
    let system = find("node").context("there is no node on the search path")?;
    let major = |node: &Path| -> Option<u32> {
        let version = process::output(command(node).arg("--version")).ok()?;
        version.strip_prefix('v')?.split('.').next()?.parse().ok()
    };
    if major(&system).is_some_and(|version| version >= OLDEST) {
        return Ok(system);
    }
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("Node.js {OLDEST} or later is needed; please install it for {other}"),
    };
    let package = format!("node-linux-{arch}");
    let tools = target.join("tools");
    let node = tools.join("node_modules").join(&package).join("bin/node");
    if major(&node).is_none_or(|version| version < OLDEST) {
        say!("Node.js here is older than {OLDEST}; installing {package}@{OLDEST} with npm into target/tools");
        std::fs::create_dir_all(&tools)?;
        process::run(
            command("npm")
                .args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"])
                .arg("--prefix")
                .arg(&tools)
                .arg(format!("{package}@{OLDEST}")),
        )?;
    }
    Ok(node)
}

fn as_root(program: &str) -> std::process::Command {
    let mut command = if is_root() {
        command(program)
    } else {
        let mut sudo = command("sudo");
        // A variable set beside sudo would not pass through it.
        sudo.arg("DEBIAN_FRONTEND=noninteractive").arg(program);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
