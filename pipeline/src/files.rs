//! What a definition may ask of the world around it: the one seam between this crate and disks,
//! repositories and networks.

/// The files of the commit that a definition is evaluated for. Answers are `Err` with a sentence
/// fragment when they cannot be given.
pub trait Files: Send + Sync {
    /// The text of a file, by its path from the top of the repository; `None` when there is none.
    fn read(&self, path: &str) -> Result<Option<String>, String>;

    /// The paths of all files, for patterns.
    fn paths(&self) -> Result<Vec<String>, String>;

    /// The paths that this run's push or comparison changed; with `compare_to`, since the common
    /// ancestor with that ref. `None` means that all count as changed: no push, or a new branch.
    fn changed(&self, compare_to: Option<&str>) -> Result<Option<Vec<String>>, String>;

    /// As [`read`](Self::read), in another project of the server, at a ref or its default branch.
    fn read_project(&self, project: &str, at: Option<&str>, path: &str) -> Result<Option<String>, String> {
        let _ = (project, at, path);
        Err("files of other projects cannot be read here".to_owned())
    }

    /// As [`paths`](Self::paths), in another project of the server.
    fn paths_of_project(&self, project: &str, at: Option<&str>) -> Result<Vec<String>, String> {
        let _ = (project, at);
        Err("files of other projects cannot be read here".to_owned())
    }

    /// The text at an address. Whoever answers checks whether the address is allowed and whether
    /// the text has the digest that `integrity` names (`sha256-…`, base64).
    fn read_remote(&self, url: &str, integrity: Option<&str>) -> Result<String, String> {
        let _ = (url, integrity);
        Err("files of other servers are not allowed here".to_owned())
    }

    /// A file among the artifacts of a job of the run above this one.
    fn read_artifact(&self, job: &str, path: &str) -> Result<Option<String>, String> {
        let _ = (job, path);
        Err("there are no artifacts here".to_owned())
    }
}

/// The files of a definition without a repository: none, and everything counts as changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Option<String>, String> {
        Err("this definition has no repository".to_owned())
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn changed(&self, _: Option<&str>) -> Result<Option<Vec<String>>, String> {
        Ok(None)
    }
}
