//! Sources of projects: git repositories, mirrored into the data folder so that a run's commit
//! stays fetchable whatever happens to the branch. All git work is done by the `git` command,
//! outside of any transaction.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use model::options::DEFINITION_FILE;
use model::{Cause, Error, Project, ProjectId};
use tokio::process::Command;

use super::mirrors::{Mirrors, default_in};
use crate::store::runs::{Commit, CommitDetails};

/// Bytes of a definition, and of a file that one includes.
pub const DEFINITION_LIMIT: u64 = 2 << 20;
/// Characters of a commit's message that jobs get.
const MESSAGE: usize = 16_384;
/// How long one git command may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// What git may talk: no `ext::`, which would run commands.
const PROTOCOLS: &str = "file:git:http:https:ssh";

/// The repositories of projects, as their mirrors have them.
#[derive(Debug)]
pub struct Sources {
    mirrors: Mirrors,
}

impl Sources {
    pub(super) fn open(root: PathBuf) -> std::io::Result<Self> {
        Ok(Self { mirrors: Mirrors::open(root)? })
    }

    pub(super) fn mirror(&self, project: ProjectId) -> PathBuf {
        self.mirrors.path(project)
    }

    /// Removes the mirror of a project that is gone.
    pub(super) fn remove(&self, project: ProjectId) {
        self.mirrors.remove(project);
    }

    /// How many fetches have begun since the server started.
    pub(super) fn fetches(&self) -> u64 {
        self.mirrors.fetches()
    }

    /// Has the mirror of a project's repository at most `age` behind it: for who shows what is in it. Starts nothing, so it
    /// need not keep a commit.
    pub(super) async fn look(&self, project: &Project, source: &str, age: Duration) -> Result<(), Error> {
        let mut turn = self.mirrors.turn(project.id, source, age).await?;
        if project.options.default_branch.is_none() {
            turn.default_branch().await?;
        }
        Ok(())
    }

    /// Fetches the project's repository and finds the commit that `wanted` (a branch, tag or
    /// commit; `None`: the default branch) means now.
    pub(super) async fn resolve(&self, project: &Project, source: &str, wanted: Option<&str>) -> Result<Commit, Error> {
        self.resolve_exactly(project, source, wanted, None).await
    }

    /// As [`Sources::resolve`]; with the first digits of a commit it is that one, or the ref when that is where it is: it is
    /// found once, so that what was asked about and what is built cannot be two things.
    pub(super) async fn resolve_exactly(
        &self,
        project: &Project,
        source: &str,
        wanted: Option<&str>,
        digits: Option<&str>,
    ) -> Result<Commit, Error> {
        let mut turn = self.mirrors.turn(project.id, source, Duration::ZERO).await?;
        let mirror = self.mirror(project.id);
        let git_ref = if let Some(digits) = digits.filter(|_| wanted.is_none()) {
            digits.to_ascii_lowercase()
        } else if let Some(wanted) = wanted.or(project.options.default_branch.as_deref()) {
            wanted.to_owned()
        } else {
            turn.default_branch().await?
        };
        let (sha, kind) = match digits {
            Some(_) if wanted.is_none() => (commit_called(&mirror, &git_ref).await?, Kind::Commit),
            _ => commit_of(&mirror, &git_ref).await?,
        };
        let git_ref = short(git_ref);
        if let Some(digits) = digits.filter(|digits| !sha.starts_with(&digits.to_ascii_lowercase())) {
            let kind = if kind == Kind::Tag { "tag" } else { "branch" };
            return Err(Error::invalid(format!("the {kind} {git_ref:?} is not of the commit {digits}, but of {sha}")));
        }
        // A reference of our own keeps the commit when the branch is rewritten or deleted.
        let kept = git(Some(&mirror), &["update-ref", &format!("refs/keep/{sha}"), &sha]).await?;
        succeeded(&kept, "keep the commit")?;
        Self::commit(&mirror, project, source, git_ref, (sha, kind)).await
    }

    /// What is known of a commit that the mirror has.
    async fn commit(
        mirror: &Path,
        project: &Project,
        source: &str,
        git_ref: String,
        (sha, kind): (String, Kind),
    ) -> Result<Commit, Error> {
        let (title, mut details) = details(mirror, &sha).await?;
        let is_tag = kind == Kind::Tag;
        details.is_branch = kind == Kind::Branch;
        details.default_branch = match &project.options.default_branch {
            Some(branch) => branch.clone(),
            None => default_in(mirror, source).await?,
        };
        if is_tag {
            let name = format!("refs/tags/{git_ref}");
            let told = git(Some(mirror), &["for-each-ref", "--format=%(objecttype) %(contents)", "--", &name]).await?;
            let told = text(&told.stdout);
            details.tag_message = clipped(told.strip_prefix("tag ").unwrap_or_default().trim());
        }
        Ok(Commit { git_ref, sha, title, is_tag, details })
    }

    /// As [`Sources::resolve`], from what was fetched before when it is there: for who looks and does not start yet.
    pub(super) async fn resolve_known(
        &self,
        project: &Project,
        source: &str,
        wanted: Option<&str>,
    ) -> Result<Commit, Error> {
        let mirror = self.mirror(project.id);
        let branch = match wanted.or(project.options.default_branch.as_deref()) {
            Some(wanted) => Some(wanted.to_owned()),
            None => default_in(&mirror, source).await.ok(),
        };
        let known = match &branch {
            Some(branch) => commit_of(&mirror, branch).await.ok().map(|found| (branch.clone(), found)),
            None => None,
        };
        let Some((git_ref, found)) = known else { return self.resolve(project, source, wanted).await };
        Self::commit(&mirror, project, source, short(git_ref), found).await
    }

    /// The full names of the branch and the tag that are called so. The source is asked when the mirror knows none; one
    /// that does not answer has none.
    pub(super) async fn full_names(&self, project: &Project, source: &str, name: &str) -> Vec<String> {
        let mirror = self.mirror(project.id);
        let mut found = names_in(&mirror, name).await;
        if found.is_empty() && self.resolve(project, source, Some(name)).await.is_ok() {
            found = names_in(&mirror, name).await;
        }
        found
    }

    /// The commit that a branch or tag was at when the repository was fetched last; `None` when there is none.
    pub(super) async fn head_of(&self, project: ProjectId, name: &str) -> Option<String> {
        let mirror = self.mirror(project);
        let found = if mirror.join("HEAD").exists() { commit_of(&mirror, name).await.ok() } else { None };
        found.map(|(sha, _)| sha)
    }

    /// Whether a text that may be the beginning of a commit's name is that of a branch or tag.
    pub(super) async fn is_named(&self, project: &Project, source: &str, name: &str) -> bool {
        !is_digits(name) || !self.full_names(project, source, name).await.is_empty()
    }

    /// The names of the branches or tags that were there when the repository was fetched last.
    pub(super) async fn refs(&self, project: ProjectId, tags: bool) -> Result<Vec<String>, Error> {
        let mirror = self.mirror(project);
        if !mirror.join("HEAD").exists() {
            return Ok(Vec::new());
        }
        let below = if tags { "refs/tags" } else { "refs/heads" };
        let listed = git(Some(&mirror), &["for-each-ref", "--format=%(refname:lstrip=2)", "--", below]).await?;
        succeeded(&listed, "list the refs")?;
        Ok(text(&listed.stdout).lines().map(str::to_owned).collect())
    }

    /// The project's own definition at a commit; `None` when it has none.
    pub(super) async fn definition(&self, project: &Project, sha: &str) -> Result<Option<String>, Error> {
        let file = definition_file(project);
        let shown = git(Some(&self.mirror(project.id)), &["cat-file", "blob", &format!("{sha}:{file}")]).await?;
        if !shown.status.success() {
            return Ok(None);
        }
        String::from_utf8(shown.stdout).map(Some).map_err(|_| Error::invalid(format!("{file} is not UTF-8 text")))
    }
}

/// Refuses what can be no source, before a project is made with it.
pub(super) async fn check(source: &str) -> Result<(), Error> {
    if source.starts_with('-') || source.contains("::") || source.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{source:?} is no folder and no git URL")));
    }
    if without_secret(source) != source {
        return Err(Error::invalid(
            "a password in the address of a repository would be shown to whoever sees the project: give the server's \
             user a credential helper or an SSH key instead",
        ));
    }
    if let Some(folder) = local(source) {
        if !folder.is_absolute() {
            return Err(Error::invalid(format!("the source {source} must be an absolute path or a git URL")));
        }
        if !folder.is_dir() {
            return Err(Error::invalid(format!("the source {source} does not exist")));
        }
        let found = git(None, &["ls-remote", "--quiet", "--", source]).await?;
        if !found.status.success() {
            return Err(Error::invalid(format!("the source {source} is not a git repository")));
        }
    }
    Ok(())
}

/// Where a project's own definition is in its repository.
pub fn definition_file(project: &Project) -> &str {
    project.options.config_path.as_deref().unwrap_or(DEFINITION_FILE)
}

/// The folder that a source names; `None` for a URL or `host:path`.
fn local(source: &str) -> Option<&Path> {
    if let Some(path) = source.strip_prefix("file://") {
        return Some(Path::new(path));
    }
    let remote = source.contains("://") || source.split('/').next().is_some_and(|first| first.contains(':'));
    (!remote).then(|| Path::new(source))
}

/// An address without the password that may stand in it.
pub(crate) fn without_secret(source: &str) -> String {
    let Some((scheme, rest)) = source.split_once("://") else { return source.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((user, host)) if user.contains(':') || scheme.starts_with("http") => {
            let user = user.split(':').next().unwrap_or_default();
            let user = if scheme.starts_with("http") { String::new() } else { format!("{user}@") };
            format!("{scheme}://{user}{host}{}", &rest[end..])
        }
        _ => source.to_owned(),
    }
}

/// The host of an address that git connects to; `None` for a folder.
pub(super) fn host_of(source: &str) -> Option<String> {
    if local(source).is_some() {
        return None;
    }
    if source.contains("://") {
        let url = url::Url::parse(source).ok()?;
        return url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
    }
    let (host, _) = source.split_once(':')?;
    Some(host.rsplit('@').next().unwrap_or(host).to_owned())
}

/// The title of a commit and what else jobs get to know of it.
async fn details(mirror: &Path, sha: &str) -> Result<(String, CommitDetails), Error> {
    let format = "--format=%s%x00%an <%ae>%x00%cI%x00%aI%x00%cn <%ce>%x00%P%x00%B";
    let shown = git(Some(mirror), &["show", "--no-patch", format, sha]).await?;
    let shown = text(&shown.stdout);
    let mut parts = shown.splitn(7, '\0');
    let mut next = || parts.next().unwrap_or_default().trim().to_owned();
    let title = next().chars().take(255).collect();
    let details = CommitDetails {
        author: next(),
        timestamp: next(),
        authored_at: next(),
        committer: next(),
        parents: next().split_whitespace().map(str::to_owned).collect(),
        ..CommitDetails::default()
    };
    // As it was committed, with the end of its last line; git puts one more behind it.
    let message = parts.next().unwrap_or_default();
    let message = clipped(message.strip_suffix('\n').unwrap_or(message));
    Ok((title, CommitDetails { message, ..details }))
}

/// A message as jobs get it: environments are small.
fn clipped(message: &str) -> String {
    message.chars().take(MESSAGE).collect()
}

/// A branch or tag without what says which of both it is.
fn short(name: String) -> String {
    let rest = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/"));
    rest.map(str::to_owned).unwrap_or(name)
}

/// The full names of what a mirror has by this name.
async fn names_in(mirror: &Path, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for full in [format!("refs/heads/{name}"), format!("refs/tags/{name}")] {
        let shown = git(Some(mirror), &["show-ref", "--verify", "--quiet", "--", &full]).await;
        if shown.is_ok_and(|shown| shown.status.success()) {
            found.push(full);
        }
    }
    found
}

fn unknown(kind: &str, name: &str) -> Error {
    Error::invalid(format!("there is no {kind} {name:?} in the repository")).about(Cause::UnknownRef)
}

/// The only commit whose name begins with these digits, whatever branches and tags are called so.
async fn commit_called(mirror: &Path, digits: &str) -> Result<String, Error> {
    let asked = format!("--disambiguate={digits}");
    let listed = git(Some(mirror), &["rev-parse", &asked]).await?;
    let mut found = None;
    for name in text(&listed.stdout).lines() {
        let kind = git(Some(mirror), &["cat-file", "-t", name]).await?;
        if text(&kind.stdout).trim() == "commit" && found.replace(name.to_owned()).is_some() {
            return Err(Error::invalid(format!("more than one commit begins with {digits}")).about(Cause::UnknownRef));
        }
    }
    found.ok_or_else(|| unknown("commit", digits))
}

/// Whether a text can be the name of a ref, and is no expression that leads on from one.
fn is_ref_name(name: &str) -> bool {
    !name.contains("@{") && !name.contains(['^', '~', ':', '?', '*', '[', '\\', ' '])
}

/// Whether a text can be the name of a commit, or its beginning.
pub(super) fn is_digits(name: &str) -> bool {
    (4..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a name of a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Branch,
    Tag,
    /// Its own name, or the beginning of it.
    Commit,
}

/// The commit that a branch, tag or commit name means, and which of them it is. A full name (`refs/tags/v1`) means that
/// alone; without one a branch comes before a tag of the same name. What git reads besides names (`HEAD`, `main~1`,
/// `heads/main`) names nothing.
pub(super) async fn commit_of(mirror: &Path, git_ref: &str) -> Result<(String, Kind), Error> {
    let kinds = [("refs/heads/", "branch"), ("refs/tags/", "tag")];
    let full = kinds.into_iter().find_map(|(below, kind)| Some((kind, git_ref.strip_prefix(below)?)));
    let unknown = || match full {
        Some((kind, name)) => unknown(kind, name),
        None => unknown("branch, tag or commit", git_ref),
    };
    if !is_one_word(git_ref) || !is_ref_name(git_ref) {
        return Err(unknown());
    }
    let mut names = match full {
        Some(_) => vec![git_ref.to_owned()],
        None => vec![format!("refs/heads/{git_ref}"), format!("refs/tags/{git_ref}")],
    };
    names.extend(is_digits(git_ref).then(|| git_ref.to_owned()));
    for name in names {
        if let Some(sha) = parsed(mirror, &name).await? {
            let kind = match &name {
                name if name.starts_with("refs/heads/") => Kind::Branch,
                name if name.starts_with("refs/tags/") => Kind::Tag,
                _ => Kind::Commit,
            };
            return Ok((sha, kind));
        }
    }
    Err(unknown())
}

/// As [`commit_of`], for who only looks: also what git itself reads as a commit.
pub(super) async fn revision_of(mirror: &Path, text: &str) -> Result<String, Error> {
    if let Ok((sha, _)) = commit_of(mirror, text).await {
        return Ok(sha);
    }
    let found = if is_one_word(text) { parsed(mirror, text).await? } else { None };
    found.ok_or_else(|| unknown("branch, tag or commit", text))
}

/// Whether git takes a text for one revision, and for no option.
fn is_one_word(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && !name.contains("..") && !name.chars().any(char::is_control)
}

/// The commit that git reads in a text.
async fn parsed(mirror: &Path, name: &str) -> Result<Option<String>, Error> {
    let asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")];
    let told = git(Some(mirror), &asked).await?;
    let sha = text(&told.stdout).trim().to_owned();
    Ok((told.status.success() && sha.len() >= 40).then_some(sha))
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn succeeded(output: &Output, what: &str) -> Result<(), Error> {
    if output.status.success() {
        return Ok(());
    }
    let said = text(&output.stderr);
    let line = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("git gave no reason");
    // A source from before passwords were refused.
    let clean = |text: &str| {
        let words = text.split(' ').map(|word| {
            let quoted = word.trim_matches(['\'', '"']);
            word.replace(quoted, &without_secret(quoted))
        });
        words.collect::<Vec<_>>().join(" ")
    };
    Err(Error::invalid(format!("git could not {}: {}", clean(what), clean(line.trim()))))
}

/// A git command on a repository, which asks nobody for a password and reads nobody's settings of this process.
pub(super) fn command(folder: Option<&Path>) -> std::process::Command {
    let mut command = std::process::Command::new("git");
    if let Some(folder) = folder {
        command.arg("--git-dir").arg(folder);
    }
    command
        .stdin(Stdio::null())
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
        // The owner of the server said which folder to read; git's check of other owners' folders
        // would refuse it in containers and under sudo.
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE");
    command
}

pub(super) async fn git(folder: Option<&Path>, args: &[&str]) -> Result<Output, Error> {
    output(command(folder), args).await
}

/// As [`git`], with paths that are no patterns.
pub(super) async fn git_literally(folder: &Path, args: &[&str]) -> Result<Output, Error> {
    let mut command = command(Some(folder));
    command.env("GIT_LITERAL_PATHSPECS", "1");
    output(command, args).await
}

async fn output(command: std::process::Command, args: &[&str]) -> Result<Output, Error> {
    let mut command = Command::from(command);
    command.args(args).kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::unavailable("git is not installed on the server"))
        }
        Ok(Err(error)) => Err(Error::unavailable(format!("git could not be started: {error}"))),
        Err(_) => Err(Error::unavailable(format!("git did not answer within {} s", PATIENCE.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_urls_are_told_apart() {
        assert_eq!(local("/srv/repo"), Some(Path::new("/srv/repo")));
        assert_eq!(local("file:///srv/repo"), Some(Path::new("/srv/repo")));
        for url in ["https://host/x.git", "git@host:x.git", "ssh://host/x"] {
            assert_eq!(local(url), None, "{url}");
        }
    }

    #[test]
    fn secrets_are_taken_out_of_addresses() {
        for (given, shown) in [
            ("https://user:pass@host/x.git", "https://host/x.git"),
            ("https://token@host/x.git", "https://host/x.git"),
            ("ssh://git:pass@host:22/x", "ssh://git@host:22/x"),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("git@host:x.git", "git@host:x.git"),
            ("https://host/a@b:c", "https://host/a@b:c"),
            ("/srv/a:b@c", "/srv/a:b@c"),
        ] {
            assert_eq!(without_secret(given), shown);
        }
        let hosts = ["https://h:1/x", "git@h:x", "ssh://git@h/x", "https://[::1]/x"].map(host_of);
        assert_eq!(hosts.map(Option::unwrap), ["h", "h", "h", "::1"]);
        assert_eq!(host_of("/srv/x"), None);
    }

    #[tokio::test]
    async fn bad_sources_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::create_dir(&plain).unwrap();
        let cases = [
            ("/does/not/exist".to_owned(), "does not exist"),
            (plain.to_string_lossy().into_owned(), "is not a git repository"),
            ("relative/path".to_owned(), "absolute"),
            ("--upload-pack=touch /tmp/x".to_owned(), "no folder"),
            ("ext::sh -c touch".to_owned(), "no folder"),
        ];
        for (source, expected) in cases {
            let error = check(&source).await.unwrap_err();
            assert!(error.message.contains(expected), "{source}: {}", error.message);
        }
    }
}
