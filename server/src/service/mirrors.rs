//! The mirrors of repositories, and how new each is. Whoever needs what is new in a repository shares one fetch with all who
//! ask while it has not begun; whoever may be told what was there a moment ago shares it with those before, too.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Error, ProjectId};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use super::source::{check, git, succeeded, text};

/// The mirrors of all projects.
#[derive(Debug)]
pub(super) struct Mirrors {
    root: PathBuf,
    /// One git at a time per project.
    latest: Mutex<HashMap<ProjectId, Arc<tokio::sync::Mutex<Latest>>>>,
    fetches: AtomicU64,
}

/// The last fetch into a mirror.
#[derive(Debug, Default)]
struct Latest {
    source: String,
    /// None: there was none since the server started.
    began: Option<Instant>,
    failure: Option<Error>,
    /// The default branch then; `None` as long as nobody wanted to know.
    default: Option<Result<String, Error>>,
}

impl Latest {
    /// Whether there is nothing to be fetched for who asked then, and may be told what was there `age` before.
    fn serves(&self, source: &str, asked: Instant, age: Duration) -> bool {
        let is_new = |began| asked.saturating_duration_since(began) <= age;
        self.source == source && self.began.is_some_and(is_new)
    }
}

/// A mirror that nobody else works in meanwhile, and that is new enough.
#[derive(Debug)]
pub(super) struct Turn {
    latest: OwnedMutexGuard<Latest>,
    mirror: PathBuf,
}

impl Mirrors {
    pub(super) fn open(root: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&root)?;
        Ok(Self { root, latest: Mutex::default(), fetches: AtomicU64::new(0) })
    }

    /// Where a project's mirror lies.
    pub(super) fn path(&self, project: ProjectId) -> PathBuf {
        self.root.join(format!("{project}.git"))
    }

    /// Removes the mirror of a project that is gone.
    pub(super) fn remove(&self, project: ProjectId) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).remove(&project);
        match std::fs::remove_dir_all(self.path(project)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%project, %error, "failed to remove the mirror of a repository");
            }
            _ => {}
        }
    }

    /// How many fetches have begun since the server started.
    pub(super) fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// Waits until nobody works in a mirror, and fetches what is new in the source unless a fetch that began at most `age`
    /// before this call has, or has tried to: with zero, only one that began after it.
    pub(super) async fn turn(&self, project: ProjectId, source: &str, age: Duration) -> Result<Turn, Error> {
        let asked = Instant::now();
        let mut turn = Turn { latest: self.latest(project).lock_owned().await, mirror: self.path(project) };
        if !turn.latest.serves(source, asked, age) {
            let began = Some(Instant::now());
            // Whoever gives up in the middle leaves no trace here, and the next one fetches.
            let failure = self.fetch(&turn.mirror, source).await.err();
            *turn.latest = Latest { source: source.to_owned(), began, failure, default: None };
        }
        match &turn.latest.failure {
            Some(error) => Err(error.clone()),
            None => Ok(turn),
        }
    }

    fn latest(&self, project: ProjectId) -> Arc<tokio::sync::Mutex<Latest>> {
        let mut all = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(project).or_default())
    }

    async fn fetch(&self, mirror: &Path, source: &str) -> Result<(), Error> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        check(source).await?;
        if !mirror.join("HEAD").exists() {
            let made = git(None, &["init", "--quiet", "--bare", "--", &mirror.to_string_lossy()]).await?;
            succeeded(&made, "make the mirror of the repository")?;
        }
        let fetched = git(
            Some(mirror),
            &[
                "fetch",
                "--quiet",
                "--prune",
                "--no-auto-gc",
                "--force",
                "--",
                source,
                "+refs/heads/*:refs/heads/*",
                "+refs/tags/*:refs/tags/*",
            ],
        )
        .await?;
        succeeded(&fetched, &format!("fetch {source}"))
    }
}

impl Turn {
    /// The default branch of the source, which the mirror remembers from now on.
    pub(super) async fn default_branch(&mut self) -> Result<String, Error> {
        if let Some(known) = &self.latest.default {
            return known.clone();
        }
        let asked = default_branch(&self.latest.source).await;
        if let Ok(branch) = &asked {
            remember(&self.mirror, branch).await?;
        }
        self.latest.default = Some(asked.clone());
        asked
    }
}

async fn remember(mirror: &Path, branch: &str) -> Result<(), Error> {
    let head = format!("refs/heads/{branch}");
    // Without a branch of that name it is a commit's.
    if git(Some(mirror), &["show-ref", "--verify", "--quiet", &head]).await?.status.success() {
        let set = git(Some(mirror), &["symbolic-ref", "HEAD", &head]).await?;
        succeeded(&set, "remember the default branch")?;
    }
    Ok(())
}

/// The default branch, as far as the mirror remembers it; otherwise the source is asked.
pub(super) async fn default_in(mirror: &Path, source: &str) -> Result<String, Error> {
    let known = git(Some(mirror), &["symbolic-ref", "--short", "--quiet", "HEAD"]).await?;
    let known = text(&known.stdout).trim().to_owned();
    let head = format!("refs/heads/{known}");
    if !known.is_empty() && git(Some(mirror), &["show-ref", "--verify", "--quiet", &head]).await?.status.success() {
        return Ok(known);
    }
    default_branch(source).await
}

async fn default_branch(source: &str) -> Result<String, Error> {
    let heads = git(None, &["ls-remote", "--symref", "--", source, "HEAD"]).await?;
    succeeded(&heads, &format!("read {source}"))?;
    let out = text(&heads.stdout);
    let named = out.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.split('\t').next());
    match named {
        Some(branch) => Ok(branch.to_owned()),
        None if out.trim().is_empty() => Err(Error::invalid(format!("the repository {source} has no commit yet"))),
        // A detached HEAD has no branch: its commit is what is meant.
        None => Ok(out.split_whitespace().next().unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use futures_util::poll;
    use tempfile::TempDir;

    use super::*;

    const PROJECT: ProjectId = ProjectId(1);
    const HOUR: Duration = Duration::from_hours(1);

    async fn repository() -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        assert!(git(None, &["init", "-q", "-b", "main", &path]).await.unwrap().status.success());
        (folder, path)
    }

    /// So many who ask at once.
    async fn all(mirrors: &Mirrors, count: usize, source: &str, age: Duration) -> Vec<Result<(), Error>> {
        join_all((0..count).map(|_| async { mirrors.turn(PROJECT, source, age).await.map(drop) })).await
    }

    #[tokio::test]
    async fn a_fetch_is_shared_by_all_who_asked_before_it_began() {
        let ((folder, source), (_other, other)) = (repository().await, repository().await);
        let mirrors = Mirrors::open(folder.path().join("mirrors")).unwrap();
        let one = mirrors.turn(PROJECT, &source, Duration::ZERO).await.unwrap();
        let mut waiting = Box::pin(all(&mirrors, 5, &source, Duration::ZERO));
        assert!(poll!(&mut waiting).is_pending());
        drop(one);
        waiting.await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(mirrors.fetches(), 2, "the first began before the others asked, the second is theirs");
        all(&mirrors, 1, &source, Duration::ZERO).await.pop().unwrap().unwrap();
        assert_eq!(mirrors.fetches(), 3, "who asks later has a fetch of their own");
        all(&mirrors, 5, &source, HOUR).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(mirrors.fetches(), 3, "who may be told what was there before has none");
        all(&mirrors, 5, &other, HOUR).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(mirrors.fetches(), 4, "what is in another repository is not known");
    }

    #[tokio::test]
    async fn a_failure_is_shared_too() {
        let folder = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::open(folder.path().join("mirrors")).unwrap();
        for error in all(&mirrors, 5, "/does/not/exist", HOUR).await {
            assert!(error.unwrap_err().message.contains("does not exist"));
        }
        assert_eq!(mirrors.fetches(), 1);
    }
}
