//! The files of a commit, as the language asks for them (`include`, `exists`, `changes`): read from
//! the mirror of the project's repository. Evaluation happens on a thread that may wait.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use model::{Error, JobId};
use pipeline::{Files, NoFiles};
use sha2::{Digest as _, Sha256};

use super::source::{DEFINITION_LIMIT, Sources, command};
use crate::artifacts::Artifacts;
use crate::outbound::RemoteIncludes;
use crate::store::{Store, projects};

/// The files of one commit.
#[derive(Debug)]
pub(super) struct CommitFiles {
    mirror: PathBuf,
    sha: String,
    paths: OnceLock<Result<Vec<String>, String>>,
}

impl CommitFiles {
    /// `sha` is a whole commit name that the mirror has.
    pub(super) fn new(mirror: PathBuf, sha: String) -> Self {
        Self { mirror, sha, paths: OnceLock::new() }
    }

    fn git(&self, args: &[&str]) -> Result<Option<Vec<u8>>, String> {
        let output = command(Some(&self.mirror)).args(args).output().map_err(|error| format!("git: {error}"))?;
        Ok(output.status.success().then_some(output.stdout))
    }

    fn names(&self, args: &[&str]) -> Result<Option<Vec<String>>, String> {
        let list = |bytes: Vec<u8>| {
            bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(lossy).collect::<Vec<_>>()
        };
        Ok(self.git(args)?.map(list))
    }
}

impl Files for CommitFiles {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let name = format!("{}:{path}", self.sha);
        let Some(size) = self.git(&["cat-file", "-s", &name])? else { return Ok(None) };
        let size: u64 = lossy(&size).trim().parse().unwrap_or(u64::MAX);
        if size > DEFINITION_LIMIT {
            return Err(format!("{path} is larger than {} MiB", DEFINITION_LIMIT >> 20));
        }
        // A folder has a size too, but is no blob.
        let Some(bytes) = self.git(&["cat-file", "blob", &name])? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|_| format!("{path} is not UTF-8 text"))
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        let list =
            || Ok(self.names(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &self.sha])?.unwrap_or_default());
        self.paths.get_or_init(list).clone()
    }

    fn changed(&self, compare_to: Option<&str>) -> Result<Option<Vec<String>>, String> {
        // No run is started by a push yet: as for every other trigger, all files count as changed.
        let Some(wanted) = compare_to else { return Ok(None) };
        let unknown = || format!("there is no branch, tag or commit {wanted:?} to compare with");
        let commit = |name: String| self.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name]);
        let mut base = None;
        for name in [
            format!("refs/heads/{wanted}^{{commit}}"),
            format!("refs/tags/{wanted}^{{commit}}"),
            format!("{wanted}^{{commit}}"),
        ] {
            if let Some(found) = commit(name)? {
                base = Some(lossy(&found).trim().to_owned());
                break;
            }
        }
        let base = base.ok_or_else(unknown)?;
        // Without a common ancestor everything is new.
        let Some(ancestor) = self.git(&["merge-base", &base, &self.sha])? else { return Ok(None) };
        self.names(&["diff", "--name-only", "-z", "--no-renames", lossy(&ancestor).trim(), &self.sha])
    }
}

/// The files of a run's commit, those of other projects of this server, those of other servers that the
/// administrator listed, and, for a child run, those that jobs of the run above left.
#[derive(Debug)]
pub(super) struct RunFiles {
    /// `None` without a repository.
    commit: Option<CommitFiles>,
    others: Others,
    remote: Arc<RemoteIncludes>,
    artifacts: Arc<Artifacts>,
    archives: Vec<(String, JobId)>,
}

impl RunFiles {
    pub(super) fn new(
        commit: Option<CommitFiles>,
        others: Others,
        remote: Arc<RemoteIncludes>,
        artifacts: Arc<Artifacts>,
    ) -> Self {
        Self { commit, others, remote, artifacts, archives: Vec::new() }
    }

    /// Also the archives of these jobs, by name.
    pub(super) fn with_archives(self, archives: Vec<(String, JobId)>) -> Self {
        Self { archives, ..self }
    }
}

impl Files for RunFiles {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        self.commit.as_ref().map_or_else(|| NoFiles.read(path), |commit| commit.read(path))
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        self.commit.as_ref().map_or_else(|| NoFiles.paths(), CommitFiles::paths)
    }

    fn changed(&self, compare_to: Option<&str>) -> Result<Option<Vec<String>>, String> {
        self.commit.as_ref().map_or_else(|| NoFiles.changed(compare_to), |commit| commit.changed(compare_to))
    }

    fn read_project(&self, project: &str, at: Option<&str>, path: &str) -> Result<Option<String>, String> {
        self.others.files(project, at)?.read(path)
    }

    fn paths_of_project(&self, project: &str, at: Option<&str>) -> Result<Vec<String>, String> {
        self.others.files(project, at)?.paths()
    }

    fn read_remote(&self, url: &str, integrity: Option<&str>) -> Result<String, String> {
        self.remote.read(url, integrity)
    }

    fn read_artifact(&self, job: &str, path: &str) -> Result<Option<String>, String> {
        let Some((_, id)) = self.archives.iter().find(|(name, _)| name == job) else {
            return Err(format!("the job {job} left no artifacts"));
        };
        let read = self.artifacts.read_entry(*id, path, DEFINITION_LIMIT).map_err(|error| error.to_string())?;
        read.map(|bytes| String::from_utf8(bytes).map_err(|_| format!("{path} is not UTF-8 text"))).transpose()
    }
}

/// The projects of this server, for `include:project`. Whoever may start runs may read them all.
#[derive(Debug)]
pub(super) struct Others {
    store: Arc<Store>,
    sources: Arc<Sources>,
    /// What was asked for once, so that a run sees one commit of each.
    found: Mutex<Found>,
}

/// By project and ref.
type Found = HashMap<(String, Option<String>), Arc<CommitFiles>>;

impl Others {
    pub(super) fn new(store: Arc<Store>, sources: Arc<Sources>) -> Self {
        Self { store, sources, found: Mutex::default() }
    }

    fn files(&self, path: &str, at: Option<&str>) -> Result<Arc<CommitFiles>, String> {
        let key = (path.to_owned(), at.map(str::to_owned));
        if let Some(found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(found));
        }
        // Evaluation has a thread of its own, which may wait.
        let found =
            tokio::runtime::Handle::current().block_on(self.resolve(path, at)).map_err(|error| error.message)?;
        let found = Arc::new(found);
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&found));
        Ok(found)
    }

    async fn resolve(&self, path: &str, at: Option<&str>) -> Result<CommitFiles, Error> {
        let wanted = path.to_owned();
        let project = self.store.read(move |conn| projects::find(conn, &wanted)).await?;
        let project = project.ok_or_else(|| Error::invalid(format!("there is no project {path} on this server")))?;
        let Some(source) = &project.source else {
            return Err(Error::invalid(format!("the project {path} has no repository")));
        };
        let commit = self.sources.resolve(&project, source, at).await?;
        Ok(CommitFiles::new(self.sources.mirror(project.id), commit.sha))
    }
}

/// A name for the last commits that changed these files; `None` when no commit has them.
pub fn last_commits(repository: &Path, sha: &str, files: &[String]) -> Option<String> {
    let mut commits = Vec::new();
    for file in files {
        let mut git = command(Some(repository));
        git.args(["log", "-1", "--format=%H", sha, "--"]).arg(format!(":(literal,top){file}"));
        let output = git.output().ok()?;
        let commit = lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !commit.is_empty() {
            commits.push(commit);
        }
    }
    (!commits.is_empty()).then(|| hex::encode(&Sha256::digest(commits.join("-"))[..20]))
}

fn lossy(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, args: &[&str]) -> String {
        let author = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"];
        let output = Command::new("git").current_dir(folder).args(author).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", lossy(&output.stderr));
        lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn a_commits_files_are_read_listed_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "main"]);
        std::fs::create_dir(folder.path().join("ci")).unwrap();
        std::fs::write(folder.path().join("ci/jobs.yml"), "a:\n").unwrap();
        std::fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-qm", "one"]);
        git(folder.path(), &["checkout", "-qb", "topic"]);
        std::fs::write(folder.path().join("später.txt"), "x").unwrap();
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-qm", "two"]);
        let sha = git(folder.path(), &["rev-parse", "HEAD"]);
        let repository = folder.path().join(".git");
        let named = |files: &[&str]| {
            last_commits(&repository, &sha, &files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>())
        };
        assert!(named(&["ci/jobs.yml"]).is_some() && named(&["ci/jobs.yml"]) == named(&["binary"]));
        assert!(named(&["später.txt"]) != named(&["binary"]) && named(&["*.yml"]).is_none());
        let files = CommitFiles::new(repository.clone(), sha.clone());
        assert_eq!(files.read("ci/jobs.yml"), Ok(Some("a:\n".to_owned())));
        assert_eq!(files.read("ci"), Ok(None));
        assert_eq!(files.read("none.yml"), Ok(None));
        assert_eq!(files.read("--help"), Ok(None));
        assert!(files.read("binary").unwrap_err().contains("UTF-8"));
        assert_eq!(files.paths().unwrap(), ["binary", "ci/jobs.yml", "später.txt"]);
        assert_eq!(files.changed(None), Ok(None));
        assert_eq!(files.changed(Some("main")), Ok(Some(vec!["später.txt".to_owned()])));
        assert!(files.changed(Some("--output=x")).unwrap_err().contains("no branch"));
    }
}
