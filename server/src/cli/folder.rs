//! A folder as if it were a project's repository: its files, and what a push of its branch, or another event, would say.
//! `weir lint`, `plan` and `exec` evaluate for that.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use model::Timestamp;
use model::plan::Variable;
use pipeline::Files;

use super::args::{EventArgs, IncludeArgs};
use super::client::DEFAULT_URL;
use super::pair::ProjectFolder;
use crate::clock;
use crate::outbound::RemoteIncludes;
use crate::outbound::prefix::Prefix;
use crate::service::files::last_commits;
use crate::service::variables;
use crate::store::runs::{Commit, CommitDetails};
use model::text::slug;

/// The branch of a folder that is no repository.
const MAIN: &str = "main";
const PUSH: &str = "push";
const MERGE_REQUEST: &str = "merge_request_event";
/// Bytes of a file that a definition includes.
const LIMIT: u64 = 2 << 20;
/// Fits after "it is not on ".
const REMOTE_LIST: &str =
    "the list of remote files, to which `--include-remote URL` adds those whose address begins so";

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    /// Empty without a commit.
    sha: String,
    title: String,
    details: CommitDetails,
    git_ref: String,
    is_tag: bool,
    source: String,
    default_branch: String,
    is_repository: bool,
    /// The path of the project that it is.
    project: String,
    /// The address that git signs commits with; empty without one.
    email: String,
    /// When it was looked at: for the pipeline that is made of it then.
    created_at: Timestamp,
    remote: Arc<RemoteIncludes>,
    /// Where copies of other projects lie, by their path.
    projects: BTreeMap<String, PathBuf>,
}

impl Folder {
    /// Asks git; what `event` says is taken instead of what is checked out.
    pub fn new(root: &Path, event: &EventArgs) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let is_repository = root.join(".git").exists();
        let ask = |arguments: &[&str]| if is_repository { text(git(&root, arguments)) } else { String::new() };
        let head = ask(&["symbolic-ref", "--short", "--quiet", "HEAD"]);
        // Where no branch is checked out, a tag may be.
        let tag =
            || if head.is_empty() { ask(&["describe", "--tags", "--exact-match", "HEAD"]) } else { String::new() };
        let tag = match (&event.tag, &event.branch) {
            (None, None) => Some(tag()).filter(|tag| !tag.is_empty()),
            (tag, _) => tag.clone(),
        };
        let origin = ask(&["symbolic-ref", "--short", "--quiet", "refs/remotes/origin/HEAD"]);
        let or_main = |name: &str| if name.is_empty() { MAIN.to_owned() } else { name.to_owned() };
        // A repository that was not cloned does not say it: the usual names, or the only branch that is known.
        let has = |name: &&str| !ask(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{name}")]).is_empty();
        let default =
            origin.strip_prefix("origin/").or_else(|| [MAIN, "master"].into_iter().find(has)).unwrap_or(&head);
        let own_name = root.file_name().map_or_else(|| "project".into(), |name| name.to_string_lossy().into_owned());
        let project = project_at(&ask(&["remote", "get-url", "origin"]));
        Self {
            project: project.unwrap_or_else(|| format!("local/{own_name}")),
            sha: ask(&["rev-parse", "--verify", "--quiet", "HEAD"]),
            title: ask(&["log", "-1", "--format=%s"]),
            details: CommitDetails {
                message: ask(&["log", "-1", "--format=%B"]),
                author: ask(&["log", "-1", "--format=%an <%ae>"]),
                timestamp: ask(&["log", "-1", "--format=%cI"]),
                ..CommitDetails::default()
            },
            is_tag: tag.is_some(),
            git_ref: tag.or_else(|| event.branch.clone()).unwrap_or_else(|| or_main(&head)),
            source: event.source.clone().unwrap_or_else(|| PUSH.to_owned()),
            default_branch: or_main(default),
            is_repository,
            email: ask(&["config", "user.email"]),
            created_at: clock::now(),
            root,
            remote: Arc::new(remote(Vec::new())),
            projects: BTreeMap::new(),
        }
    }

    /// Also files of other servers and of other projects, as far as these say where they are.
    pub fn with_includes(self, includes: IncludeArgs) -> Self {
        let copies = includes.include_project.into_iter().map(|ProjectFolder { project, folder }| {
            (project.to_lowercase(), fs::canonicalize(&folder).unwrap_or(folder))
        });
        Self { remote: Arc::new(remote(includes.include_remote)), projects: copies.collect(), ..self }
    }

    /// The copy of another project. With a ref its files are those of that commit; without one, and in a folder that is no
    /// repository, they are those that lie there.
    fn project(&self, project: &str, at: Option<&str>) -> Result<Copy<'_>, String> {
        let Some(root) = self.projects.get(&project.to_lowercase()) else {
            return Err(format!(
                "only a server knows {project}; `--include-project {project}=FOLDER` names a copy of it"
            ));
        };
        if !root.is_dir() {
            return Err(format!("the copy of {project} is no folder: {}", root.display()));
        }
        let Some(at) = at.filter(|_| root.join(".git").exists()) else { return Ok(Copy { root, commit: None }) };
        let commit = |name: &str| {
            text(git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]))
        };
        let short = at.strip_prefix("refs/heads/").unwrap_or(at);
        let found =
            [format!("origin/{short}"), at.to_owned()].iter().map(|name| commit(name)).find(|sha| !sha.is_empty());
        let sha = found.ok_or_else(|| format!("the copy of {project} has no branch, tag or commit {at:?}"))?;
        Ok(Copy { root, commit: Some(sha) })
    }

    /// The path of the project that it is: that of its `origin`, else one of its own.
    pub fn project_path(&self) -> &str {
        &self.project
    }

    /// The project's namespace and its name.
    pub fn names_of_project(&self) -> (&str, &str) {
        self.project.rsplit_once('/').unwrap_or(("local", &self.project))
    }

    /// Tells this folder's caches from those of others.
    pub fn number(&self) -> i64 {
        i64::from(crc32fast::hash(self.root.as_os_str().as_encoded_bytes()))
    }

    /// What is known before a run exists (contracts/ci-yaml.md part 6).
    pub fn predefined(&self) -> Vec<Variable> {
        let (text, project) = (|text: &str| text.to_owned(), self.project_path());
        let (namespace, name) = self.names_of_project();
        let user = std::env::var("USER").unwrap_or_else(|_| "owner".into());
        let mut list = vec![
            ("CI", text("true")),
            ("GITLAB_CI", text("true")),
            ("WEIR", text("true")),
            ("CI_SERVER", text("yes")),
            ("CI_SERVER_NAME", text("Weir")),
            ("CI_SERVER_URL", text(DEFAULT_URL)),
            ("CI_SERVER_VERSION", text(env!("CARGO_PKG_VERSION"))),
            ("CI_API_V4_URL", format!("{DEFAULT_URL}/api/v4")),
            ("CI_PROJECT_ID", text("1")),
            ("CI_PROJECT_NAME", text(name)),
            ("CI_PROJECT_TITLE", text(name)),
            ("CI_PROJECT_PATH", text(project)),
            ("CI_PROJECT_PATH_SLUG", slug(project)),
            ("CI_PROJECT_NAMESPACE", text(namespace)),
            ("CI_PROJECT_NAMESPACE_ID", text("1")),
            ("CI_PROJECT_ROOT_NAMESPACE", text(namespace.split('/').next().unwrap_or_default())),
            ("CI_PROJECT_URL", format!("{DEFAULT_URL}/{project}")),
            ("CI_PROJECT_VISIBILITY", text("private")),
            ("CI_CONFIG_PATH", text(super::lint::FILE)),
            ("GITLAB_USER_ID", text("1")),
            ("GITLAB_USER_LOGIN", user.clone()),
            ("GITLAB_USER_NAME", user),
            ("GITLAB_USER_EMAIL", self.email.clone()),
            // Here every pipeline is the first one.
            ("CI_PIPELINE_IID", text("1")),
            ("CI_PIPELINE_CREATED_AT", self.created_at.rfc3339()),
        ];
        list.extend(variables::of_source(&self.source));
        list.extend(variables::of_address(DEFAULT_URL));
        let commit = Commit {
            git_ref: self.git_ref.clone(),
            sha: self.sha.clone(),
            title: self.title.clone(),
            is_tag: self.is_tag,
            details: CommitDetails { default_branch: self.default_branch.clone(), ..self.details.clone() },
        };
        let mut of_commit = variables::of_commit(&commit);
        let is_protected = !self.is_tag && commit.git_ref == commit.details.default_branch;
        of_commit.push(("CI_COMMIT_REF_PROTECTED", is_protected.to_string()));
        // Without a commit there is still a branch or a tag; a merge request has none.
        let of_ref = |key: &str| ["_REF_", "BRANCH", "CI_COMMIT_TAG"].iter().any(|part| key.contains(part));
        let is_left_out = |key: &str| key == "CI_COMMIT_BRANCH" && self.source == MERGE_REQUEST;
        let known = |key: &str| (!self.sha.is_empty() || of_ref(key)) && !is_left_out(key);
        list.extend(of_commit.into_iter().filter(|(key, _)| known(key)));
        list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }).collect()
    }

    /// A name for the last commits that changed these files; `None` without any.
    pub fn last_commits(&self, files: &[String]) -> Option<String> {
        last_commits(&self.root.join(".git"), "HEAD", files)
    }

    fn names(&self, arguments: &[&str]) -> Option<Vec<String>> {
        git(&self.root, arguments).map(|bytes| names_of(&bytes))
    }

    /// What differs from the commit where the other branch and this one part, uncommitted files included.
    fn since(&self, other: &str) -> Option<Vec<String>> {
        let base = text(git(&self.root, &["merge-base", "--end-of-options", other, "HEAD"]));
        if base.is_empty() {
            return None;
        }
        let mut names = self.names(&["diff", "--name-only", "-z", "--no-renames", &base])?;
        names.extend(self.names(&["ls-files", "-z", "--others", "--exclude-standard"])?);
        Some(names)
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        read_below(&self.root, path)
    }

    fn paths(&self) -> Result<Vec<String>, String> {
        paths_below(&self.root)
    }

    fn changed(&self, compare_to: Option<&str>) -> Result<Option<Vec<String>>, String> {
        if !self.is_repository {
            // As on a server: there is nothing to compare with.
            return Ok(None);
        }
        let Some(wanted) = compare_to else {
            let default = format!("origin/{}", self.default_branch);
            if self.source == MERGE_REQUEST {
                return Ok(self.since(&default));
            }
            if self.source != PUSH || self.is_tag {
                return Ok(None);
            }
            // What a push of this branch would bring; all of it when nobody has the branch yet.
            let upstream = text(git(&self.root, &["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"]));
            return Ok(self.since(if upstream.is_empty() { &default } else { &upstream }));
        };
        let wanted = wanted.strip_prefix("refs/heads/").unwrap_or(wanted);
        let known = |name: &String| {
            !text(git(&self.root, &["rev-parse", "--verify", "--quiet", "--end-of-options", name])).is_empty()
        };
        let names = [format!("origin/{wanted}"), wanted.to_owned()];
        let name = names.into_iter().find(known);
        let name = name.ok_or_else(|| format!("there is no branch, tag or commit {wanted:?} to compare with"))?;
        Ok(self.since(&name))
    }

    fn read_project(&self, project: &str, at: Option<&str>, path: &str) -> Result<Option<String>, String> {
        match self.project(project, at)? {
            Copy { root, commit: None } => read_below(root, path),
            Copy { root, commit: Some(sha) } => read_at(root, &sha, path),
        }
    }

    fn paths_of_project(&self, project: &str, at: Option<&str>) -> Result<Vec<String>, String> {
        match self.project(project, at)? {
            Copy { root, commit: None } => paths_below(root),
            Copy { root, commit: Some(sha) } => {
                let listed = git(root, &["ls-tree", "-r", "-z", "--name-only", &sha]);
                Ok(names_of(&listed.ok_or_else(|| format!("the files of {project} cannot be listed"))?))
            }
        }
    }

    fn read_remote(&self, url: &str, integrity: Option<&str>) -> Result<String, String> {
        self.remote.read(url, integrity)
    }
}

/// Another project as `--include-project` names it: the files of its folder, or of one of its commits.
struct Copy<'f> {
    root: &'f Path,
    commit: Option<String>,
}

/// The text of a file of the folder; `None` when there is none.
fn read_below(root: &Path, path: &str) -> Result<Option<String>, String> {
    // A link may lead out as well.
    let Ok(file) = fs::canonicalize(root.join(inside(path)?)) else { return Ok(None) };
    if !file.starts_with(root) {
        return Err(format!("{path} is outside of the folder"));
    }
    match fs::metadata(&file) {
        Ok(meta) if !meta.is_file() => return Ok(None),
        Ok(meta) if meta.len() > LIMIT => return Err(format!("{path} is larger than {} MiB", LIMIT >> 20)),
        Ok(_) => {}
        Err(error) => return Err(error.to_string()),
    }
    utf8(fs::read(&file).map_err(|error| error.to_string())?, path).map(Some)
}

/// The same in a commit.
fn read_at(root: &Path, sha: &str, path: &str) -> Result<Option<String>, String> {
    let object = format!("{sha}:{}", inside(path)?.display());
    let size = text(git(root, &["cat-file", "-s", &object]));
    if size.parse::<u64>().is_ok_and(|size| size > LIMIT) {
        return Err(format!("{path} is larger than {} MiB", LIMIT >> 20));
    }
    git(root, &["cat-file", "blob", &object]).map(|bytes| utf8(bytes, path)).transpose()
}

fn inside(path: &str) -> Result<&Path, String> {
    let relative = Path::new(path);
    if relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Ok(relative);
    }
    Err(format!("{path} is outside of the folder"))
}

fn utf8(bytes: Vec<u8>, path: &str) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| format!("{path} is not UTF-8 text"))
}

/// All files of a folder but those that git ignores.
fn paths_below(root: &Path) -> Result<Vec<String>, String> {
    let listed = root.join(".git").exists().then(|| {
        git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).map(|bytes| names_of(&bytes))
    });
    let mut found = if let Some(names) = listed.flatten() {
        names
    } else {
        let mut found = Vec::new();
        walk(root, root, &mut found).map_err(|error| error.to_string())?;
        found
    };
    found.sort();
    Ok(found)
}

fn names_of(bytes: &[u8]) -> Vec<String> {
    let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

fn remote(prefixes: Vec<Prefix>) -> RemoteIncludes {
    RemoteIncludes::of(prefixes).listed_in(REMOTE_LIST)
}

fn walk(folder: &Path, top: &Path, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != OsStr::new(".git") {
            walk(&entry.path(), top, found)?;
        } else if !kind.is_dir()
            && let Ok(name) = entry.path().strip_prefix(top)
        {
            found.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// The path of a project in the address of its repository: `https://host/group/project.git`, `git@host:group/project`.
fn project_at(address: &str) -> Option<String> {
    let path = match address.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?.1,
        None => address.split_once(':').filter(|(host, _)| !host.contains('/'))?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    path.contains('/').then(|| path.to_owned())
}

fn git(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    output.status.success().then_some(output.stdout)
}

fn text(bytes: Option<Vec<u8>>) -> String {
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_repository_counts_as_main_with_nothing_to_compare() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ci")).unwrap();
        fs::write(dir.path().join("ci/a.yml"), "a:\n").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("out.yml")).unwrap();
        let folder = Folder::new(dir.path(), &EventArgs::default());
        assert_eq!(folder.read("ci/a.yml"), Ok(Some("a:\n".to_owned())));
        assert_eq!((folder.read("ci"), folder.read("b.yml")), (Ok(None), Ok(None)));
        for outside in ["../x.yml", "/etc/passwd", "out.yml"] {
            assert!(folder.read(outside).unwrap_err().contains("outside"), "{outside}");
        }
        assert_eq!(folder.paths().unwrap(), ["ci/a.yml", "out.yml"]);
        assert_eq!(folder.changed(None), Ok(None));
        assert!(folder.read_remote("https://ci.example.org/a.yml", None).unwrap_err().contains("--include-remote"));
        assert!(folder.predefined().contains(&Variable { raw: true, ..Variable::new("CI_COMMIT_BRANCH", "main") }));
    }

    #[test]
    fn a_repository_says_what_a_push_would_bring() {
        let dir = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let author = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"];
            let mut command = Command::new("git");
            let output = command.arg("-C").arg(dir.path()).args(author).args(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run(&["init", "-q", "-b", "trunk"]);
        fs::write(dir.path().join("a"), "").unwrap();
        run(&["add", "."]);
        run(&["commit", "-qm", "first"]);
        assert_eq!(Folder::new(dir.path(), &EventArgs::default()).changed(None), Ok(None), "nobody has the branch yet");
        let default =
            |folder: &Folder| folder.predefined().into_iter().find(|one| one.key == "CI_DEFAULT_BRANCH").unwrap().value;
        assert_eq!(default(&Folder::new(dir.path(), &EventArgs::default())), "trunk");
        run(&["branch", "master"]);
        assert_eq!(default(&Folder::new(dir.path(), &EventArgs::default())), "master");
        run(&["branch", "-D", "master"]);
        run(&["branch", "base"]);
        run(&["checkout", "-qb", "topic"]);
        fs::write(dir.path().join("b"), "").unwrap();
        run(&["add", "."]);
        run(&["commit", "-qm", "second"]);
        fs::write(dir.path().join("c"), "").unwrap();
        let folder = Folder::new(dir.path(), &EventArgs::default());
        assert_eq!(folder.changed(Some("base")), Ok(Some(vec!["b".to_owned(), "c".to_owned()])));
        assert!(folder.changed(Some("none")).unwrap_err().contains("no branch"));
        assert_eq!(folder.paths().unwrap(), ["a", "b", "c"]);
        assert!(folder.predefined().iter().any(|one| one.key == "CI_COMMIT_REF_SLUG" && one.value == "topic"));
    }

    /// The variables that a folder has for an event, of those that events tell apart.
    fn told(folder: &Path, event: &EventArgs) -> Vec<String> {
        let words =
            ["_BRANCH", "CI_COMMIT_TAG", "CI_COMMIT_REF_NAME", "CI_PIPELINE_S", "CI_PIPELINE_T", "REF_PROTECTED"];
        let is_told =
            |one: &Variable| one.key != "CI_DEFAULT_BRANCH" && words.iter().any(|word| one.key.contains(word));
        let predefined = Folder::new(folder, event).predefined().into_iter().filter(is_told);
        let mut told: Vec<_> = predefined.map(|one| format!("{}={}", one.key, one.value)).collect();
        told.sort();
        told
    }

    #[test]
    fn a_folder_stands_for_the_event_that_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let event = |branch: Option<&str>, tag: Option<&str>, source: Option<&str>| EventArgs {
            branch: branch.map(str::to_owned),
            tag: tag.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        let branch = |name: &str, protected: bool, source: &[&str]| {
            let mut all = vec![
                format!("CI_COMMIT_BRANCH={name}"),
                format!("CI_COMMIT_REF_NAME={name}"),
                format!("CI_COMMIT_REF_PROTECTED={protected}"),
            ];
            all.extend(source.iter().map(|one| (*one).to_owned()));
            all
        };
        let tag = ["REF_NAME=v1", "REF_PROTECTED=false", "TAG=v1"].map(|one| format!("CI_COMMIT_{one}")).to_vec();
        let pushed = |mut all: Vec<String>| {
            all.push("CI_PIPELINE_SOURCE=push".to_owned());
            all
        };
        for _ in ["no repository", "a repository"] {
            let of = |event: &EventArgs| told(dir.path(), event);
            assert_eq!(of(&EventArgs::default()), pushed(branch("main", true, &[])));
            assert_eq!(of(&event(Some("topic"), None, None)), pushed(branch("topic", false, &[])));
            assert_eq!(of(&event(None, Some("v1"), None)), pushed(tag.clone()));
            let scheduled = ["CI_PIPELINE_SCHEDULED=true", "CI_PIPELINE_SOURCE=schedule"];
            assert_eq!(of(&event(None, None, Some("schedule"))), branch("main", true, &scheduled));
            let triggered = ["CI_PIPELINE_SOURCE=trigger", "CI_PIPELINE_TRIGGERED=true"];
            assert_eq!(of(&event(None, None, Some("trigger"))), branch("main", true, &triggered));
            let asked = branch("topic", false, &["CI_PIPELINE_SOURCE=merge_request_event"]);
            assert_eq!(of(&event(Some("topic"), None, Some(MERGE_REQUEST))), asked[1..], "it is for no branch");
            assert!(git(dir.path(), &["init", "-qb", "main", "."]).is_some());
        }
        let author = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"];
        for arguments in
            [&["commit", "-q", "--allow-empty", "-m", "first"][..], &["tag", "v1"], &["checkout", "-q", "v1"]]
        {
            assert!(git(dir.path(), &[&author[..], arguments].concat()).is_some(), "{arguments:?}");
        }
        assert_eq!(told(dir.path(), &EventArgs::default()), pushed(tag), "it is checked out");
        let folder = |event: EventArgs| Folder::new(dir.path(), &event);
        assert_eq!(folder(event(None, None, None)).changed(None), Ok(None));
        assert_eq!(folder(event(Some("main"), None, Some("web"))).changed(None), Ok(None));
    }

    #[test]
    fn a_clone_is_the_project_that_it_comes_from() {
        for (address, wanted) in [
            ("https://ci.example.org/group/project.git", Some("group/project")),
            ("https://user@ci.example.org:8443/group/sub/project/", Some("group/sub/project")),
            ("ssh://git@ci.example.org:22/group/project.git", Some("group/project")),
            ("git@ci.example.org:group/project.git", Some("group/project")),
            ("git@ci.example.org:project.git", None),
            ("/srv/git/group/project.git", None),
            ("file:///srv/git/group/project.git", None),
            ("../group/project", None),
            ("", None),
        ] {
            assert_eq!(project_at(address).as_deref(), wanted, "{address}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert!(git(dir.path(), &["init", "-q", "."]).is_some());
        assert!(Folder::new(dir.path(), &EventArgs::default()).project_path().starts_with("local/"));
        assert!(git(dir.path(), &["remote", "add", "origin", "git@ci.example.org:group/sub/project.git"]).is_some());
        let predefined = Folder::new(dir.path(), &EventArgs::default()).predefined();
        for (key, wanted) in [
            ("CI_PROJECT_PATH", "group/sub/project"),
            ("CI_PROJECT_NAME", "project"),
            ("CI_PROJECT_NAMESPACE", "group/sub"),
            ("CI_PROJECT_ROOT_NAMESPACE", "group"),
        ] {
            assert!(predefined.iter().any(|one| one.key == key && one.value == wanted), "{key}");
        }
    }

    #[test]
    fn copies_of_other_projects_are_read_as_they_lie_or_at_a_commit() {
        let dir = tempfile::tempdir().unwrap();
        let (tools, plain) = (dir.path().join("tools"), dir.path().join("plain"));
        for folder in [&tools, &plain] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("a.yml"), "first").unwrap();
        }
        for arguments in [
            ["init", "-qb", "main", "."].as_slice(),
            &["add", "."],
            &["-c", "user.name=ada", "-c", "user.email=ada@example.org", "commit", "-qm", "first"],
            &["tag", "v1"],
        ] {
            assert!(git(&tools, arguments).is_some(), "{arguments:?}");
        }
        fs::write(tools.join("a.yml"), "second").unwrap();
        fs::write(tools.join("b.yml"), "").unwrap();
        let copy = |text: &str, folder: &Path| format!("{text}={}", folder.display()).parse().unwrap();
        let include_project =
            vec![copy("Acme/Tools", &tools), copy("acme/plain", &plain), copy("acme/gone", &dir.path().join("gone"))];
        let folder = Folder::new(dir.path(), &EventArgs::default())
            .with_includes(IncludeArgs { include_project, include_remote: Vec::new() });
        let read = |project: &str, at: Option<&str>, path: &str| folder.read_project(project, at, path);
        let some = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(read("acme/tools", None, "a.yml"), some("second"));
        assert_eq!(
            (read("acme/tools", Some("v1"), "a.yml"), read("acme/tools", Some("v1"), "b.yml")),
            (some("first"), Ok(None))
        );
        assert_eq!(read("acme/plain", Some("v1"), "a.yml"), some("first"), "no repository: there is but one");
        assert_eq!(folder.paths_of_project("acme/tools", Some("v1")).unwrap(), ["a.yml"]);
        assert_eq!(folder.paths_of_project("acme/tools", None).unwrap(), ["a.yml", "b.yml"]);
        for (project, at, path, said) in [
            ("acme/other", None, "a.yml", "`--include-project acme/other=FOLDER`"),
            ("acme/gone", None, "a.yml", "is no folder"),
            ("acme/tools", Some("--output=x"), "a.yml", "has no branch, tag or commit"),
            ("acme/tools", Some("v1"), "../plain/a.yml", "outside"),
            ("acme/tools", None, "../plain/a.yml", "outside"),
        ] {
            let refused = read(project, at, path).unwrap_err();
            assert!(refused.contains(said), "{project} {path}: {refused}");
        }
    }
}
