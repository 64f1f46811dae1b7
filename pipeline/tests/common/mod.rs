//! What the test files share.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod fuzzing;
pub mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pipeline::Files;

/// The folder of the shared cases, beside the workspace.
pub fn cases() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases");
    assert!(folder.is_dir(), "the shared cases are missing: {}", folder.display());
    folder
}

/// A repository as a table: paths and texts, and what changed.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub files: BTreeMap<String, String>,
    /// `None` means that everything counts as changed.
    pub changed: Option<Vec<String>>,
    /// Files of other projects, as `project:path`, of other servers by their address, and artifacts
    /// as `job/path`.
    pub elsewhere: BTreeMap<String, String>,
}

impl Table {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, ..Self::default() }
    }

    /// The files of a folder.
    pub fn of(folder: &Path) -> Self {
        fn walk(folder: &Path, top: &Path, files: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, top, files);
                } else {
                    let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                    files.insert(name, fs::read_to_string(&path).unwrap_or_default());
                }
            }
        }
        let mut table = Self::default();
        walk(folder, folder, &mut table.files);
        table
    }
}

impl Files for Table {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.files.get(path).cloned())
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        Ok(self.files.keys().cloned().collect())
    }

    fn changed(&self, compare_to: Option<&str>) -> Result<Option<Vec<String>>, String> {
        match compare_to {
            Some("nowhere") => Err("there is no ref `nowhere`".to_owned()),
            Some(at) => Ok(Some(vec![format!("since-{at}")])),
            None => Ok(self.changed.clone()),
        }
    }

    fn read_project(&self, project: &str, at: Option<&str>, path: &str) -> Result<Option<String>, String> {
        let at = at.map(|at| format!("@{at}")).unwrap_or_default();
        Ok(self.elsewhere.get(&format!("{project}:{path}{at}")).cloned())
    }

    fn paths_of_project(&self, project: &str, _: Option<&str>) -> Result<Vec<String>, String> {
        let prefix = format!("{project}:");
        if !self.elsewhere.keys().any(|key| key.starts_with(&prefix)) {
            return Err(format!("there is no project {project} on this server"));
        }
        Ok(self.elsewhere.keys().filter_map(|key| key.strip_prefix(&prefix)).map(ToOwned::to_owned).collect())
    }

    fn read_remote(&self, url: &str, _: Option<&str>) -> Result<String, String> {
        self.elsewhere.get(url).cloned().ok_or_else(|| "the address is not allowed".to_owned())
    }

    fn read_artifact(&self, job: &str, path: &str) -> Result<Option<String>, String> {
        Ok(self.elsewhere.get(&format!("{job}/{path}")).cloned())
    }
}
