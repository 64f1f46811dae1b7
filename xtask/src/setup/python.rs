//! Python environments, each with exactly the packages of a list: real clients of one server need different versions of
//! the same packages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{CLIENTS, apt, tools};
use crate::process::{self, command, say};

/// An environment of its own, in a folder of its own.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// Its folder, below `target/tools`.
    folder: &'static str,
    /// Its packages with their versions, below the root.
    list: &'static str,
    /// The program that scripts start.
    program: &'static str,
    /// The variable in which scripts find that program.
    pub variable: &'static str,
}

/// All there are.
pub const PYTHON: &[Environment] = &[
    Environment {
        folder: "python",
        list: "end2end/requirements.txt",
        program: "schemathesis",
        variable: "SCHEMATHESIS",
    },
    Environment {
        folder: "codearts",
        list: "end2end/codearts/requirements.txt",
        program: "python",
        variable: "CODEARTS_PYTHON",
    },
    Environment {
        folder: "codearts-3.1.210",
        list: "end2end/codearts/requirements-3.1.210.txt",
        program: "python",
        variable: "CODEARTS_PYTHON_3_1_210",
    },
    Environment {
        folder: "gitlab",
        list: "end2end/gitlab/requirements.txt",
        program: "python",
        variable: "GITLAB_PYTHON",
    },
];

/// Makes an environment, unless it is there with these packages. Returns its program.
pub fn python_packages(root: &Path, target: &Path, environment: &Environment) -> Result<PathBuf> {
    tools(CLIENTS)?;
    if !process::succeeds(command("python3").args(["-c", "import ensurepip, venv"])) {
        say!("python3 cannot make environments (for the tests with real clients)");
        apt(&["python3-venv"])?;
    }
    let list = root.join(environment.list);
    let folder = target.join("tools").join(environment.folder);
    let programs = folder.join("bin");
    let program = programs.join(environment.program);
    let stamp = folder.join("installed.txt");
    let wanted = std::fs::read(&list).with_context(|| format!("failed to read {}", list.display()))?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    say!("installing the Python packages of {} into target/tools/{}", environment.list, environment.folder);
    process::run(command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    // Every package is named in the list: one that is pulled in besides could be another tomorrow.
    process::run(
        command(programs.join("pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
            .arg(&list),
    )?;
    if !program.is_file() {
        bail!("the packages of {} bring no {}", environment.list, environment.program);
    }
    std::fs::write(&stamp, wanted).with_context(|| format!("failed to write {}", stamp.display()))?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_one_version() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for environment in PYTHON {
            let list = std::fs::read_to_string(root.join(environment.list)).unwrap();
            let packages: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
            assert!(!packages.is_empty(), "{}", environment.list);
            for package in packages {
                let is_word = |text: &str| !text.is_empty() && !text.contains(|c: char| "<>=~!;@ ".contains(c));
                let pinned = package.split_once("==").is_some_and(|(name, version)| is_word(name) && is_word(version));
                assert!(pinned, "{}: {package}", environment.list);
            }
        }
        let variables = PYTHON.iter().map(|one| one.variable).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(variables.len(), PYTHON.len());
    }
}
