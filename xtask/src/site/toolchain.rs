//! Which compiler builds WASM. The stable toolchain, where rustup can add the target; else Debian's `rustc-web`,
//! which brings the standard library as source, built along with the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{self, command, find, say};
use crate::setup;

/// The only target of the browser half.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, and the library source where its `rust-web-src` puts it.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A way to compile for the browser.
#[derive(Debug)]
pub enum Toolchain {
    /// The toolchain that also builds the server has the target's standard library.
    Stable,
    /// Debian's compiler, with this linker.
    Debian {
        /// The toolchain's own `rust-lld`, which `rustc-web` lacks, or `wasm-ld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Prefers what is there over installing, and rustup over Debian's packages.
    pub fn find_or_install() -> Result<Self> {
        if stable_has_target()? {
            return Ok(Self::Stable);
        }
        if debian_is_ready() {
            return Self::debian();
        }
        say!("the compiler's standard library for {TARGET} is missing (for the browser half)");
        if find("rustup").is_some() {
            say!("installing it with rustup target add {TARGET}");
            let added = process::run(command("rustup").args(["target", "add", TARGET]));
            match added {
                Ok(()) if stable_has_target()? => return Ok(Self::Stable),
                Ok(()) => say!("rustup added it to another toolchain than the one in use"),
                Err(error) => say!("{error:#}; trying Debian's packages"),
            }
        }
        setup::apt(&["rustc-web", "rust-web-src"])?;
        if !debian_is_ready() {
            bail!("Debian's rustc-web did not bring what is needed; please install the {TARGET} target by hand");
        }
        Self::debian()
    }

    fn debian() -> Result<Self> {
        check_debian_version()?;
        Ok(Self::Debian { linker: linker()? })
    }

    /// Sets a `cargo build` up for this toolchain.
    pub fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]);
        if let Self::Debian { linker } = self {
            cargo
                .args(["-Z", "build-std=std,panic_abort"])
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

fn sysroot(rustc: &str) -> Result<PathBuf> {
    process::output(command(rustc).args(["--print", "sysroot"])).map(PathBuf::from)
}

fn stable_has_target() -> Result<bool> {
    let library = sysroot("rustc")?.join("lib/rustlib").join(TARGET).join("lib");
    Ok(library.read_dir().is_ok_and(|mut files| files.next().is_some()))
}

fn debian_is_ready() -> bool {
    Path::new(DEBIAN_RUSTC).exists()
        && sysroot(DEBIAN_RUSTC).is_ok_and(|root| root.join("lib/rustlib/src/rust/library/std/Cargo.toml").exists())
}

/// An old Debian compiler would fail somewhere deep in a dependency; this says why first.
fn check_debian_version() -> Result<()> {
    let version = process::output(command(DEBIAN_RUSTC).arg("--version"))?;
    let minor = version
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.split('.').nth(1))
        .and_then(|minor| minor.parse::<u32>().ok());
    let wanted = env!("CARGO_PKG_RUST_VERSION").split('.').nth(1).and_then(|minor| minor.parse().ok());
    if minor < wanted {
        bail!(
            "Debian's {version} is older than Weir needs ({}); please add the target {TARGET} to your toolchain by hand",
            env!("CARGO_PKG_RUST_VERSION")
        );
    }
    Ok(())
}

/// A linker for WASM: the one inside the stable toolchain, else LLVM's.
fn linker() -> Result<PathBuf> {
    let rustlib = sysroot("rustc")?.join("lib/rustlib");
    let bundled = rustlib
        .read_dir()
        .with_context(|| format!("failed to read {}", rustlib.display()))?
        .flatten()
        .map(|host| host.path().join("bin/rust-lld"))
        .find(|path| path.exists());
    if let Some(path) = bundled {
        return Ok(path);
    }
    if find("wasm-ld").is_none() {
        say!("a linker for WASM is missing");
        setup::apt(&["lld"])?;
    }
    find("wasm-ld").context("there is no wasm-ld on the search path")
}
