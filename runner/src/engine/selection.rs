//! Which files artifacts and caches are made of, and what the log says about that.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};

use super::{environment::Environment, globs::Pattern};
use crate::trace::Log;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Selection {
    pub paths: Vec<String>,
    pub exclude: Vec<String>,
    pub untracked: bool,
}

/// What is there of it.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// Files, links and folders below the project's folder, relative to it and in order.
    pub files: BTreeSet<PathBuf>,
    /// What the log is told of it.
    pub report: Vec<Line>,
}

/// A line for the log.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Line {
    Plain(String),
    Warning(String),
}

impl Selection {
    /// The selection with its variables replaced.
    pub(super) fn new(paths: &[String], exclude: &[String], untracked: bool, environment: &Environment) -> Self {
        let expanded = |texts: &[String]| {
            texts.iter().map(|text| environment.expand(text)).filter(|text| !text.is_empty()).collect()
        };
        Self { paths: expanded(paths), exclude: expanded(exclude), untracked }
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.untracked
    }

    /// Looks below `root`. Folders are taken with all that is in them, links are not followed, `.git`
    /// is left out, and so is everything that an exclusion matches by itself.
    pub(super) fn collect(&self, root: &Path) -> Selected {
        let mut selected = Selected::default();
        let exclude: Vec<(&String, Pattern)> = self
            .exclude
            .iter()
            .filter_map(|text| match Pattern::new(root, text) {
                Ok(pattern) => Some((text, pattern)),
                Err(problem) => {
                    selected.report.push(Line::Warning(format!("{text}: {problem}")));
                    None
                }
            })
            .collect();
        let mut excluded: BTreeMap<&String, usize> = BTreeMap::new();
        for text in &self.paths {
            let mut found = BTreeSet::new();
            match Pattern::new(root, text) {
                Ok(pattern) => pattern.walk(root, &mut found),
                Err(problem) => {
                    selected.report.push(Line::Warning(format!("{text}: {problem}")));
                    continue;
                }
            }
            let count = selected.take(found, &exclude, &mut excluded);
            selected.report.push(if count == 0 {
                Line::Warning(format!(
                    "{text}: no matching files. Ensure that the artifact path is relative to the working directory ({})",
                    root.display()
                ))
            } else {
                Line::Plain(format!("{text}: found {count} matching artifact files and directories"))
            });
        }
        if self.untracked {
            let count = selected.take(untracked(root), &exclude, &mut excluded);
            selected.report.push(if count == 0 {
                Line::Warning("untracked: no files".to_owned())
            } else {
                Line::Plain(format!("untracked: found {count} files"))
            });
        }
        let lines = excluded.iter().map(|(text, count)| Line::Plain(format!("{text}: excluded {count} files")));
        selected.report.extend(lines);
        selected
    }
}

impl Selected {
    /// Adds what is not excluded; gives how much that is.
    fn take<'a>(
        &mut self,
        found: BTreeSet<PathBuf>,
        exclude: &[(&'a String, Pattern)],
        excluded: &mut BTreeMap<&'a String, usize>,
    ) -> usize {
        let mut count = 0;
        for file in found {
            if let Some((text, _)) = exclude.iter().find(|(_, pattern)| pattern.is_match(&file)) {
                *excluded.entry(text).or_default() += 1;
            } else {
                count += 1;
                self.files.insert(file);
            }
        }
        count
    }
}

impl Line {
    /// Tells the log what was found and what was not.
    pub(super) fn tell(lines: &[Self], log: &Log) {
        for line in lines {
            match line {
                Self::Plain(text) => log.line(text),
                Self::Warning(text) => log.warning(text),
            }
        }
    }
}

/// The files that git does not know, ignored ones included.
fn untracked(root: &Path) -> BTreeSet<PathBuf> {
    let listed = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "ls-files", "-z", "--others"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(listed) = listed else { return BTreeSet::new() };
    let names = listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names
        // A repository within the project is a name with a slash at its end.
        .map(|name| Path::new(OsStr::from_bytes(name.strip_suffix(b"/").unwrap_or(name))).to_owned())
        .filter(|name| fs::symlink_metadata(root.join(name)).is_ok_and(|meta| meta.is_file() || meta.is_symlink()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_report_says_what_was_found_what_was_left_out_and_what_cannot_be() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("out")).unwrap();
        for file in ["out/a", "out/b.log", "c"] {
            fs::write(root.join(file), file).unwrap();
        }
        let paths = owned(&["out", "missing", "../up"]);
        let selection = Selection { paths, exclude: owned(&["out/*.log", "/etc"]), untracked: true };
        let selected = selection.collect(root);
        assert_eq!(selected.files.iter().map(|file| file.to_str().unwrap()).collect::<Vec<_>>(), ["out", "out/a"]);
        let missing = format!(
            "missing: no matching files. Ensure that the artifact path is relative to the working directory ({})",
            root.display()
        );
        assert_eq!(
            selected.report,
            [
                Line::Warning("/etc: it is outside the project's folder".to_owned()),
                Line::Plain("out: found 2 matching artifact files and directories".to_owned()),
                Line::Warning(missing),
                Line::Warning("../up: it is outside the project's folder".to_owned()),
                // There is no repository here.
                Line::Warning("untracked: no files".to_owned()),
                Line::Plain("out/*.log: excluded 1 files".to_owned()),
            ]
        );
    }

    #[test]
    fn untracked_files_are_those_that_git_does_not_know_and_no_patterns() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let git = |arguments: &[&str]| {
            assert!(Command::new("git").args(arguments).current_dir(root).status().unwrap().success());
        };
        git(&["init", "--quiet", "."]);
        for file in [".gitignore", "known", "new", "[odd]*{x}", "ignored"] {
            fs::write(root.join(file), "ignored\n").unwrap();
        }
        git(&["add", ".gitignore", "known"]);
        let selection = Selection { untracked: true, exclude: owned(&["new"]), ..Selection::default() };
        let files = selection.collect(root).files;
        assert_eq!(files, ["[odd]*{x}", "ignored"].map(PathBuf::from).into());
    }
}
