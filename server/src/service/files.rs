//! The files of a commit, as the language asks for them (`include`, `exists`, `changes`): read from
//! the mirror of the project's repository. Evaluation happens on a thread that may wait.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use model::{Error, JobId, Project};
use pipeline::{Files, NoFiles};
use sha2::{Digest as _, Sha256};

use super::source::{DEFINITION_LIMIT, Sources, command};
use crate::artifacts::Artifacts;
use crate::outbound::RemoteIncludes;
use crate::store::{Snapshot, Store, StoreError, projects};

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

    /// The file at a path and its size in bytes, through symbolic links as a checkout would have them; `None`
    /// where no file is.
    fn object(&self, path: &str) -> Result<Option<(String, u64)>, String> {
        if path.contains('\n') {
            return Ok(None);
        }
        let fault = |error: std::io::Error| format!("git: {error}");
        let mut git = command(Some(&self.mirror));
        git.args(["cat-file", "--batch-check", "--follow-symlinks"]);
        let mut git = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(fault)?;
        // The pipe takes a line whole, and closes with the end of the statement.
        let asked = git.stdin.take().map_or(Ok(()), |mut pipe| writeln!(pipe, "{}:{path}", self.sha));
        let output = git.wait_with_output().map_err(fault)?;
        asked.map_err(fault)?;
        let said = lossy(&output.stdout);
        let mut words = said.lines().next().unwrap_or_default().split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some(object), Some("blob"), Some(size)) => Ok(size.parse().ok().map(|size| (object.to_owned(), size))),
            (Some("symlink"), ..) => Err(format!("{path} is a link to outside of the repository")),
            // Missing, a folder, a link to nothing or in a circle.
            _ => Ok(None),
        }
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
        let Some((object, size)) = self.object(path)? else { return Ok(None) };
        if size > DEFINITION_LIMIT {
            return Err(format!("{path} is larger than {} MiB", DEFINITION_LIMIT >> 20));
        }
        let Some(bytes) = self.git(&["cat-file", "blob", &object])? else { return Ok(None) };
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

    /// Also the archives of these jobs, by name: of several with one name the first that has a file.
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
        let mut archives = self.archives.iter().filter(|(name, _)| name == job).map(|(_, id)| *id).peekable();
        if archives.peek().is_none() {
            return Err(format!("the job {job} left no artifacts"));
        }
        for id in archives {
            let read = self.artifacts.read_entry(id, path, DEFINITION_LIMIT).map_err(|error| error.to_string())?;
            if let Some(bytes) = read {
                return String::from_utf8(bytes).map(Some).map_err(|_| format!("{path} is not UTF-8 text"));
            }
        }
        Ok(None)
    }
}

/// Files, watched for whether one of them has a certain word in it.
pub(super) struct Watched {
    files: Arc<dyn Files>,
    word: &'static str,
    seen: Arc<AtomicBool>,
}

impl Watched {
    /// `seen` becomes true once a file with that word was read.
    pub(super) fn new(files: Arc<dyn Files>, word: &'static str, seen: Arc<AtomicBool>) -> Self {
        Self { files, word, seen }
    }

    fn look(&self, text: &str) {
        if text.contains(self.word) {
            self.seen.store(true, Ordering::Relaxed);
        }
    }

    fn looked(&self, read: Result<Option<String>, String>) -> Result<Option<String>, String> {
        if let Ok(Some(text)) = &read {
            self.look(text);
        }
        read
    }
}

impl Files for Watched {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        self.looked(self.files.read(path))
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        self.files.paths()
    }

    fn changed(&self, compare_to: Option<&str>) -> Result<Option<Vec<String>>, String> {
        self.files.changed(compare_to)
    }

    fn read_project(&self, project: &str, at: Option<&str>, path: &str) -> Result<Option<String>, String> {
        self.looked(self.files.read_project(project, at, path))
    }

    fn paths_of_project(&self, project: &str, at: Option<&str>) -> Result<Vec<String>, String> {
        self.files.paths_of_project(project, at)
    }

    fn read_remote(&self, url: &str, integrity: Option<&str>) -> Result<String, String> {
        self.files.read_remote(url, integrity).inspect(|text| self.look(text))
    }

    fn read_artifact(&self, job: &str, path: &str) -> Result<Option<String>, String> {
        self.looked(self.files.read_artifact(job, path))
    }
}

/// Whether who starts the run may read the files of a project.
pub(super) type Sight = Arc<dyn Fn(&Snapshot, &Project) -> Result<bool, StoreError> + Send + Sync>;

/// The projects of this server, for `include:project`, as far as who starts the run may read them.
pub(super) struct Others {
    sight: Sight,
    store: Arc<Store>,
    sources: Arc<Sources>,
    /// What was asked for once, so that a run sees one commit of each.
    found: Mutex<Found>,
}

/// By project and ref.
type Found = HashMap<(String, Option<String>), Arc<CommitFiles>>;

impl Others {
    pub(super) fn new(store: Arc<Store>, sources: Arc<Sources>, sight: Sight) -> Self {
        Self { sight, store, sources, found: Mutex::default() }
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
        let (wanted, sight) = (path.to_owned(), Arc::clone(&self.sight));
        let project = self.store.read(move |conn| match projects::find(conn, &wanted)? {
            Some(project) if sight(conn, &project)? => Ok(Some(project)),
            _ => Ok(None),
        });
        let project = project.await?;
        let project = project.ok_or_else(|| Error::invalid(format!("there is no project {path} on this server")))?;
        let Some(source) = &project.source else {
            return Err(Error::invalid(format!("the project {path} has no repository")));
        };
        // `HEAD` is what GitLab calls the default branch here.
        let at = at.filter(|name| *name != "HEAD");
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
        for (target, link) in
            [("ci/jobs.yml", "link.yml"), ("ci", "dir"), ("gone.yml", "dangling"), ("/etc/passwd", "out")]
        {
            std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
        }
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
        assert_eq!(files.read("link.yml"), Ok(Some("a:\n".to_owned())), "links lead where they do in a checkout");
        assert_eq!(files.read("dir/jobs.yml"), Ok(Some("a:\n".to_owned())));
        assert_eq!((files.read("dangling"), files.read("ci/jobs.yml\nHEAD:binary")), (Ok(None), Ok(None)));
        assert!(files.read("out").unwrap_err().contains("outside"));
        assert_eq!(files.read("none.yml"), Ok(None));
        assert_eq!(files.read("--help"), Ok(None));
        assert!(files.read("binary").unwrap_err().contains("UTF-8"));
        assert_eq!(
            files.paths().unwrap(),
            ["binary", "ci/jobs.yml", "dangling", "dir", "link.yml", "out", "später.txt"]
        );
        assert_eq!(files.changed(None), Ok(None));
        assert_eq!(files.changed(Some("main")), Ok(Some(vec!["später.txt".to_owned()])));
        assert!(files.changed(Some("--output=x")).unwrap_err().contains("no branch"));
    }
}
