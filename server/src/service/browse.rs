//! A project's repository as its mirror has it: branches, tags, commits and files.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use model::{Caller, Error, Project, ProjectId, Run, Timestamp};

use super::source::{git, git_literally, revision_of, text};
use super::{Weir, access};
use crate::auth::Action;
use crate::store::{Snapshot, StoreError, projects, runs};

/// Bytes of a file that is shown.
const FILE_LIMIT: u64 = 20 << 20;
/// What is asked of a commit: nine fields, each ended by NUL, which none can contain.
const COMMIT: &str = "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00";

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitView {
    /// 40 hexadecimal digits.
    pub id: String,
    /// Those that it comes from.
    pub parents: Vec<String>,
    /// The whole message.
    pub message: String,
    /// Who wrote it: name and address.
    pub author: (String, String),
    /// When.
    pub authored_at: Timestamp,
    /// Who committed it.
    pub committer: (String, String),
    /// When.
    pub committed_at: Timestamp,
}

/// A branch or tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefView {
    /// Its short name.
    pub name: String,
    /// What it points at.
    pub commit: CommitView,
    /// Whether it is the default branch.
    pub is_default: bool,
    /// Whether it is protected.
    pub is_protected: bool,
    /// Whether all of it is in the default branch.
    pub is_merged: bool,
    /// The message of an annotated tag.
    pub message: Option<String>,
    /// What the tag's name points at: the tag's own object, or the commit.
    pub target: String,
}

/// A file at a commit.
#[derive(Clone, Debug)]
pub struct FileView {
    /// Where it is.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Name of its contents.
    pub blob: String,
    /// Whether it can be run.
    pub is_executable: bool,
    /// The commit that was asked for.
    pub commit: String,
    /// The last one that changed it.
    pub last_commit: String,
}

/// Which commits are listed.
#[derive(Clone, Debug, Default)]
pub struct CommitFilter {
    /// Reachable from this branch, tag or commit; the default branch without it.
    pub git_ref: Option<String>,
    /// Only those that changed this file or folder.
    pub path: Option<String>,
    /// Only those of an author whose name or address has this.
    pub author: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Of all branches and tags.
    pub all: bool,
}

impl Weir {
    /// The project, once its mirror is as new as the caller may have it: see [`Weir::fetch_for`].
    pub async fn fetched(&self, caller: &Caller, id: ProjectId, age: Duration) -> Result<Project, Error> {
        let by = caller.clone();
        let asked = self.store.read(move |conn| {
            access::at_project(conn, &by, Action::BrowseRepository, id, "project")?;
            projects::require(conn, id)
        });
        let project = asked.await?;
        self.fetch_for(caller, &project, age).await;
        Ok(project)
    }

    /// Fetches the repository of a project whose branches and tags are about to be looked at, when the caller could start a
    /// run or nothing is known of it, and it was not fetched within `age`.
    pub async fn fetch_for(&self, caller: &Caller, project: &Project, age: Duration) {
        let Some(source) = &project.source else { return };
        let (by, id) = (caller.clone(), project.id);
        let asked = move |conn: &Snapshot| access::at_project(conn, &by, Action::StartRun, id, "project");
        if self.store.read(asked).await.is_err() && self.knows(project).await {
            return;
        }
        // A source that cannot be reached, or has nothing yet: what is here is shown.
        if let Err(error) = self.sources.look(project, source, age).await {
            tracing::debug!(project = %project.path, %error, "failed to fetch a repository to show it");
        }
    }

    /// Whether the mirror has the default branch.
    async fn knows(&self, project: &Project) -> bool {
        match self.default_branch(project) {
            Some(branch) => self.sources.head_of(project.id, &branch).await.is_some(),
            None => false,
        }
    }

    /// The branches (or tags) of a project, by name.
    pub async fn refs(&self, project: &Project, tags: bool) -> Result<Vec<RefView>, Error> {
        let mirror = self.sources.mirror(project.id);
        if !mirror.join("HEAD").exists() {
            return Ok(Vec::new());
        }
        let default = self.default_branch(project);
        let (root, strip) = if tags { ("refs/tags", "strip=2") } else { ("refs/heads", "strip=2") };
        let format =
            format!("--format=%(refname:{strip})%00%(objectname)%00%(*objectname)%00%(objecttype)%00%(contents)%00");
        let listed = text(&git(Some(&mirror), &["for-each-ref", &format, "--", root]).await?.stdout);
        let fields: Vec<&str> = listed.split('\0').collect();
        let named = fields.chunks_exact(5).map(|one| {
            let commit = if one[2].is_empty() { one[1] } else { one[2] };
            let message = (one[3] == "tag").then(|| one[4].trim_end().to_owned());
            (one[0].trim_start_matches('\n').to_owned(), commit.to_owned(), one[1].to_owned(), message)
        });
        let named: Vec<_> = named.collect();
        let merged = match &default {
            Some(branch) if !tags => merged_into(&mirror, branch).await?,
            _ => HashSet::new(),
        };
        let commits = commits(&mirror, named.iter().map(|(_, commit, ..)| commit.as_str())).await?;
        let views = named.into_iter().filter_map(|(name, commit, target, message)| {
            let is_default = !tags && default.as_deref() == Some(&name);
            Some(RefView {
                commit: commits.get(&commit)?.clone(),
                is_protected: project.protection.holds(&name, tags, is_default),
                is_merged: !is_default && merged.contains(&name),
                is_default,
                message,
                target,
                name,
            })
        });
        Ok(views.collect())
    }

    /// The default branch, as far as the mirror knows it.
    pub fn default_branch(&self, project: &Project) -> Option<String> {
        let given = project.options.default_branch.clone();
        given.or_else(|| project.source.as_ref().and_then(|_| known_default(&self.sources.mirror(project.id))))
    }

    /// Commits, the newest first; one more than `limit` when there are more.
    pub async fn commits(
        &self,
        project: &Project,
        filter: &CommitFilter,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<CommitView>, Error> {
        let mirror = self.sources.mirror(project.id);
        let start = match &filter.git_ref {
            Some(name) => name.clone(),
            None => self.default_branch(project).ok_or_else(|| Error::not_found("commit"))?,
        };
        let start = if filter.all { "--all".to_owned() } else { known(&mirror, &start).await? };
        let mut args = vec!["log".to_owned(), COMMIT.to_owned(), "--date-order".into()];
        args.extend([format!("--skip={skip}"), format!("--max-count={}", limit + 1)]);
        if let Some(author) = &filter.author {
            args.extend(["--fixed-strings".into(), "--regexp-ignore-case".into(), format!("--author={author}")]);
        }
        // Not `--since` and `--until`: git takes a day before 1973 or after 2099 for now there.
        args.extend(filter.since.map(|at| format!("--max-age={}", at.seconds().max(0))));
        args.extend(filter.until.map(|at| format!("--min-age={}", at.seconds().max(0))));
        args.extend([start, "--".into()]);
        args.extend(filter.path.clone());
        if args.iter().any(|arg| arg.contains('\0')) {
            return Ok(Vec::new());
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let listed = git_literally(&mirror, &args).await?;
        Ok(read_commits(&text(&listed.stdout)))
    }

    /// One commit, by its name, or that of a branch or tag; with the lines that it adds and takes away.
    pub async fn commit(&self, project: &Project, name: &str) -> Result<(CommitView, (u64, u64)), Error> {
        let mirror = self.sources.mirror(project.id);
        let sha = known(&mirror, name).await?;
        let found = commits(&mirror, [sha.as_str()].into_iter()).await?.remove(&sha);
        let found = found.ok_or_else(|| Error::not_found("commit"))?;
        let counted = git(Some(&mirror), &["show", "--numstat", "--format=", "-m", "--first-parent", &sha]).await?;
        let counts = text(&counted.stdout);
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
        let counts = counts.lines().map(|line| {
            let mut words = line.split('\t');
            (number(words.next()), number(words.next()))
        });
        Ok((found, counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))))
    }

    /// The newest run for a commit that the caller may see.
    pub async fn last_run_for(&self, caller: &Caller, project: ProjectId, sha: &str) -> Result<Option<Run>, Error> {
        let (caller, sha) = (caller.clone(), sha.to_owned());
        let found = self.store.read(move |conn: &Snapshot| -> Result<_, StoreError> {
            if access::at_project(conn, &caller, Action::ReadRuns, project, "project").is_err() {
                return Ok(None);
            }
            runs::newest_for(conn, project, &sha)
        });
        Ok(found.await?)
    }

    /// A file at a branch, tag or commit.
    pub async fn file(&self, project: &Project, git_ref: &str, path: &str) -> Result<FileView, Error> {
        let missing = || Error::not_found("file");
        let is_path = !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let mirror = self.sources.mirror(project.id);
        let commit = known(&mirror, git_ref).await?;
        if !is_path || path.len() > 4096 {
            return Err(missing());
        }
        let listed = git_literally(&mirror, &["ls-tree", "-z", "-l", "--full-tree", &commit, "--", path]).await?;
        let listed = text(&listed.stdout);
        let (entry, found) = listed.trim_end_matches('\0').split_once('\t').ok_or_else(missing)?;
        let mut words = entry.split_whitespace();
        let (mode, kind, blob) = (words.next(), words.next(), words.next());
        let (Some(mode), Some("blob"), Some(blob), true) = (mode, kind, blob, found == path) else {
            return Err(missing());
        };
        let size: u64 = words.next().and_then(|word| word.parse().ok()).ok_or_else(missing)?;
        if size > FILE_LIMIT {
            return Err(Error::too_large(format!("{path} is larger than {} MiB", FILE_LIMIT >> 20)));
        }
        let bytes = git(Some(&mirror), &["cat-file", "blob", blob]).await?.stdout;
        let last = git_literally(&mirror, &["log", "-1", "--format=%H", &commit, "--", path]).await?;
        Ok(FileView {
            path: path.to_owned(),
            bytes,
            blob: blob.to_owned(),
            is_executable: mode == "100755",
            last_commit: text(&last.stdout).trim().to_owned(),
            commit,
        })
    }
}

/// The commit that somebody means. What is not there is not found.
async fn known(mirror: &Path, name: &str) -> Result<String, Error> {
    let is_there = mirror.join("HEAD").exists();
    let found = if is_there { revision_of(mirror, name).await.ok() } else { None };
    found.ok_or_else(|| Error::not_found("commit"))
}

/// The branch that the mirror's `HEAD` names, when it is there.
fn known_default(mirror: &Path) -> Option<String> {
    let head = std::fs::read_to_string(mirror.join("HEAD")).ok()?;
    let branch = head.trim().strip_prefix("ref: refs/heads/")?;
    let packed = || {
        let refs = std::fs::read_to_string(mirror.join("packed-refs")).unwrap_or_default();
        let wanted = format!(" refs/heads/{branch}");
        refs.lines().any(|line| line.ends_with(&wanted))
    };
    let is_there = mirror.join("refs/heads").join(branch).is_file() || packed();
    is_there.then(|| branch.to_owned())
}

/// The branches that are in the default one.
async fn merged_into(mirror: &Path, branch: &str) -> Result<HashSet<String>, Error> {
    let merged = format!("--merged=refs/heads/{branch}");
    let listed =
        git(Some(mirror), &["for-each-ref", "--format=%(refname:strip=2)", &merged, "--", "refs/heads"]).await?;
    Ok(text(&listed.stdout).lines().map(str::to_owned).collect())
}

/// These commits, by name.
async fn commits<'n>(
    mirror: &Path,
    names: impl Iterator<Item = &'n str>,
) -> Result<HashMap<String, CommitView>, Error> {
    let names: Vec<&str> = names.collect();
    let mut found = HashMap::new();
    // As many at a time as surely fit a command line.
    for some in names.chunks(500) {
        let mut args = vec!["log", COMMIT, "--no-walk=unsorted"];
        args.extend(some);
        let listed = git(Some(mirror), &args).await?;
        found.extend(read_commits(&text(&listed.stdout)).into_iter().map(|one| (one.id.clone(), one)));
    }
    Ok(found)
}

fn read_commits(listed: &str) -> Vec<CommitView> {
    let fields: Vec<&str> = listed.split('\0').collect();
    let time = |text: &str| Timestamp::parse(text).unwrap_or_default();
    let commits = fields.chunks_exact(9).map(|one| CommitView {
        id: one[0].trim_start_matches('\n').to_owned(),
        parents: one[1].split_whitespace().map(str::to_owned).collect(),
        author: (one[2].to_owned(), one[3].to_owned()),
        authored_at: time(one[4]),
        committer: (one[5].to_owned(), one[6].to_owned()),
        committed_at: time(one[7]),
        message: one[8].to_owned(),
    });
    commits.collect()
}
