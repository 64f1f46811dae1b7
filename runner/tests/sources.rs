//! Where a job's files come from: git, a folder, other jobs, nowhere.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use common::{Bench, Screen, job};
use runner::{
    Control,
    protocol::{Artifact, ArtifactsFile, Dependency, GitInfo, Hook, JobPayload, JobState, Variable},
};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// A repository with some commits; gives the numbers of the commits, oldest first.
fn repository(folder: &Path) -> Vec<String> {
    fs::create_dir_all(folder).unwrap();
    git(folder, &["init", "--quiet", "--initial-branch=main", "."]);
    (1..=5)
        .map(|n| {
            fs::write(folder.join("file"), format!("commit {n}\n")).unwrap();
            git(folder, &["add", "."]);
            git(folder, &["commit", "--quiet", "-m", &format!("commit {n}")]);
            git(folder, &["rev-parse", "HEAD"])
        })
        .collect()
}

fn fetching(id: i64, url: &str, sha: &str, script: &[&str]) -> JobPayload {
    let git_info = GitInfo {
        repo_url: url.into(),
        sha: sha.to_owned(),
        git_ref: "main".to_owned(),
        ref_type: "branch".to_owned(),
        depth: 1,
        ..GitInfo::default()
    };
    JobPayload { git_info, ..job(id, script) }
}

#[tokio::test]
async fn the_very_commit_is_checked_out_whoever_owns_the_repository() {
    let bench = Bench::new();
    let origin = bench.dir.path().join("origin");
    let commits = repository(&origin);
    // Not ours, where the tests may do that.
    let _ = Command::new("chown").args(["-R", "12345"]).arg(&origin).output();
    let url = format!("file://{}", origin.display());
    // The newest one; one that the depth does not reach; one that the branch has left.
    git(&origin, &["checkout", "--quiet", "-b", "elsewhere"]);
    git(&origin, &["branch", "--quiet", "--force", "main", &commits[1]]);
    for (id, commit) in (1..).zip([&commits[1], &commits[0], &commits[4]]) {
        let mut job = fetching(id, &url, commit, &["cat file", "git rev-parse HEAD"]);
        job.hooks = vec![Hook { name: "pre_get_sources_script".to_owned(), script: vec!["echo hooked".to_owned()] }];
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains(&format!("\n{commit}\n")) && text.contains("hooked"), "{text}");
    }
}

#[tokio::test]
async fn as_many_commits_come_as_the_depth_says() {
    let bench = Bench::new();
    let origin = bench.dir.path().join("origin");
    let commits = repository(&origin);
    let url = format!("file://{}", origin.display());
    for (id, (depth, count)) in (1..).zip([(1, 1), (3, 3), (50, 5), (0, 5)]) {
        let mut job = fetching(id, &url, &commits[4], &["echo \"commits: $(git rev-list --count HEAD)\""]);
        job.git_info.depth = depth;
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains(&format!("\ncommits: {count}\n")), "depth {depth}: {text}");
    }
}

#[tokio::test]
async fn sources_that_cannot_be_had_are_a_clear_failure() {
    let bench = Bench::new();
    let sha = "0123456789012345678901234567890123456789";
    fs::create_dir(bench.dir.path().join("empty")).unwrap();
    for (id, url) in (1..).zip([
        format!("file://{}/missing", bench.dir.path().display()),
        format!("file://{}/empty", bench.dir.path().display()),
        "http://ci:hidden-password@127.0.0.1:1/p.git".to_owned(),
        "ext::sh -c id".to_owned(),
    ]) {
        let (outcome, text) = bench.run(&fetching(id, &url, sha, &["echo never"])).await;
        assert_eq!(outcome.failure_reason, Some("runner_system_failure"), "{text}");
        assert!(text.contains("failed to get the sources") && !text.contains("never\n"), "{text}");
        assert!(!text.contains("hidden-password"), "{text}");
    }
    // Who wants none gets none.
    let mut none = fetching(9, "file:///missing", sha, &["ls -A | wc -l"]);
    none.variables = vec![Variable::plain("GIT_STRATEGY", "none")];
    let (outcome, text) = bench.run(&none).await;
    assert!(outcome.state == JobState::Success && text.contains("\n0\n"), "{text}");
}

#[tokio::test]
async fn a_local_job_works_on_a_copy_and_hands_files_to_the_next() {
    let bench = Bench::new();
    let folder = bench.dir.path().join("project");
    let commits = repository(&folder);
    fs::write(folder.join("file"), "changed\n").unwrap();
    fs::write(folder.join("new"), "new\n").unwrap();
    fs::write(folder.join(".gitignore"), "ignored\n").unwrap();
    fs::write(folder.join("ignored"), "x").unwrap();
    let script =
        ["cat file new; test ! -e ignored", "git rev-parse HEAD; git status --porcelain", "echo made > made; rm file"];
    let mut first = job(1, &script);
    first.artifacts = vec![Artifact { paths: vec!["made".to_owned()], ..Artifact::default() }];
    let mut second = job(2, &["cat made"]);
    let mut screens = Vec::new();
    for job in [&mut first, &mut second] {
        job.dependencies = bench
            .runner
            .files(1)
            .into_iter()
            .map(|file| Dependency {
                id: 1,
                name: "first".to_owned(),
                artifacts_file: ArtifactsFile { filename: file.name, size: file.size },
                ..Dependency::default()
            })
            .collect();
        let screen = Screen::default();
        let outcome = bench.runner.run(job, Some(&folder), screen.sink(), &Control::new()).await;
        assert_eq!(outcome.state, JobState::Success, "{}", screen.text());
        screens.push(screen.text());
    }
    assert!(screens[0].contains("\nchanged\nnew\n\u{1b}[32;1m$ git rev-parse"), "{}", screens[0]);
    assert!(screens[0].contains(&format!("\n{}\n M file\n?? .gitignore\n?? new\n", commits[4])), "{}", screens[0]);
    assert!(screens[1].contains("\nmade\n"), "{}", screens[1]);
    assert_eq!(fs::read_to_string(folder.join("file")).unwrap(), "changed\n");
    assert!(!folder.join("made").exists());
}

#[tokio::test]
async fn a_folder_that_is_no_repository_is_copied_whole() {
    let bench = Bench::new();
    let folder: PathBuf = bench.dir.path().join("plain");
    fs::create_dir_all(folder.join("deep")).unwrap();
    fs::write(folder.join("deep/file"), "here\n").unwrap();
    std::os::unix::fs::symlink("deep/file", folder.join("link")).unwrap();
    let screen = Screen::default();
    let outcome = bench.runner.run(&job(1, &["cat link"]), Some(&folder), screen.sink(), &Control::new()).await;
    assert!(outcome.state == JobState::Success && screen.text().contains("\nhere\n"), "{}", screen.text());
}

#[tokio::test]
async fn what_hooks_leave_is_cleaned_away_as_the_job_says() {
    let bench = Bench::new();
    let origin = bench.dir.path().join("origin");
    let commits = repository(&origin);
    let url = format!("file://{}", origin.display());
    for (id, (flags, left)) in (1..).zip([(None, ""), (Some("-ffdx -e a*"), "a1 a2"), (Some("none"), "a1 a2 b")]) {
        let mut job = fetching(id, &url, &commits[4], &["echo left: $(ls a* b 2>/dev/null).", "cat file"]);
        let hook = |name: &str, line: &str| Hook { name: name.to_owned(), script: vec![line.to_owned()] };
        job.hooks = vec![
            hook("pre_get_sources_script", "touch a1 a2 b; echo strategy $GIT_STRATEGY"),
            hook("post_get_sources_script", "cat file"),
        ];
        job.variables = vec![Variable::plain("GIT_STRATEGY", "clone")];
        job.variables.extend(flags.map(|flags| Variable::plain("GIT_CLEAN_FLAGS", flags)));
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains("\nstrategy clone\n") && text.contains(&format!("\nleft: {left}.\n")), "{text}");
        assert_eq!(text.matches("\ncommit 5\n").count(), 2, "{text}");
    }
    // A hook that fails is the end.
    let mut job = fetching(9, &url, &commits[4], &["echo never"]);
    job.hooks = vec![Hook { name: "pre_get_sources_script".to_owned(), script: vec!["exit 4".to_owned()] }];
    let (outcome, text) = bench.run(&job).await;
    assert!(outcome.exit_code == Some(4) && !text.contains("never\n"), "{text}");
}

#[tokio::test]
async fn a_job_may_want_the_repository_without_its_files_or_nothing_at_all() {
    let bench = Bench::new();
    let origin = bench.dir.path().join("origin");
    let commits = repository(&origin);
    let url = format!("file://{}", origin.display());
    let script = ["ls | wc -l", "git show \"origin/main:file\" || echo no repository"];
    for (id, (key, value, line, shown)) in (1..).zip([
        ("GIT_CHECKOUT", "false", "Skipping Git checkout", "commit 5"),
        ("GIT_STRATEGY", "none", "Skipping Git repository setup", "no repository"),
        ("GIT_STRATEGY", "empty", "Skipping Git repository setup", "no repository"),
    ]) {
        let mut job = fetching(id, &url, &commits[4], &script);
        job.hooks = vec![Hook { name: "pre_get_sources_script".to_owned(), script: vec!["echo hooked".to_owned()] }];
        job.variables = vec![Variable::plain(key, value), Variable::plain("GIT_CLONE_PATH", "/elsewhere")];
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert_eq!(text.contains("WARNING: GIT_CLONE_PATH is not heeded"), key == "GIT_CHECKOUT", "{text}");
        assert!(text.contains(line) && text.contains("\n0\n") && text.contains(&format!("\n{shown}\n")), "{text}");
        // Hooks belong to the fetching.
        assert_eq!(text.contains("\nhooked\n"), key == "GIT_CHECKOUT", "{text}");
        assert_ne!(text.contains("Skipping the hooks of fetching"), key == "GIT_CHECKOUT", "{text}");
    }
    let mut wrong = fetching(9, &url, &commits[4], &["true"]);
    wrong.variables = vec![Variable::plain("GIT_STRATEGY", "pull")];
    let (outcome, text) = bench.run(&wrong).await;
    assert_eq!(outcome.failure_reason, Some("runner_system_failure"));
    assert!(text.contains("GIT_STRATEGY \"pull\" is none of clone, fetch, none, empty"), "{text}");
}

/// A clone that is not told what to check out stands on the default branch, as GitLab documents it; one that was
/// fetched has no files.
#[tokio::test]
async fn a_clone_without_a_checkout_stands_on_the_default_branch() {
    let bench = Bench::new();
    let origin = bench.dir.path().join("origin");
    let commits = repository(&origin);
    git(&origin, &["checkout", "-q", "-b", "topic", &commits[1]]);
    let url = format!("file://{}", origin.display());
    let script = ["git symbolic-ref --short HEAD", "cat file || echo no file", "git merge-base HEAD origin/main"];
    for (id, strategy, branch, shown) in [(1, "clone", "main", "commit 5"), (2, "clone", "topic", "commit 2")] {
        let mut job = fetching(id, &url, &commits[4], &script);
        job.git_info.depth = 0;
        let variables = [("GIT_STRATEGY", strategy), ("GIT_CHECKOUT", "false"), ("CI_DEFAULT_BRANCH", branch)];
        job.variables = variables.map(|(key, value)| Variable::plain(key, value)).to_vec();
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains(&format!("\n{branch}\n")) && text.contains(shown), "{text}");
    }
    let mut job = fetching(3, &url, &commits[4], &["cat file || echo no file"]);
    let variables = [("GIT_STRATEGY", "fetch"), ("GIT_CHECKOUT", "false"), ("CI_DEFAULT_BRANCH", "main")];
    job.variables = variables.map(|(key, value)| Variable::plain(key, value)).to_vec();
    let (_, text) = bench.run(&job).await;
    assert!(text.contains("no file"), "{text}");
}

#[tokio::test]
async fn submodules_come_as_deep_as_the_job_says() {
    let bench = Bench::new();
    let at = |name: &str| bench.dir.path().join(name);
    for (name, inner) in [("leaf", None), ("middle", Some("leaf")), ("top", Some("middle"))] {
        repository(&at(name));
        if let Some(inner) = inner {
            let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
            git(&at(name), &[&add[..], &[&format!("../{inner}"), "lib"]].concat());
            git(&at(name), &["commit", "--quiet", "-m", "with submodule"]);
        }
    }
    let sha = git(&at("top"), &["rev-parse", "HEAD"]);
    let url = format!("file://{}", at("top").display());
    for (id, (strategy, more, shown)) in (1..).zip([
        ("none", ("", ""), "0 0"),
        ("normal", ("", ""), "1 0"),
        ("recursive", ("", ""), "1 1"),
        ("recursive", ("GIT_SUBMODULE_PATHS", ":(exclude)lib"), "0 0"),
        ("recursive", ("GIT_SUBMODULE_UPDATE_FLAGS", "--jobs 2"), "1 1"),
        ("normal", ("GIT_SUBMODULE_DEPTH", "1"), "1 0"),
    ]) {
        let mut job = fetching(
            id,
            &url,
            &sha,
            &["echo $(ls lib/file 2>/dev/null | wc -l) $(ls lib/lib/file 2>/dev/null | wc -l)"],
        );
        job.variables = vec![Variable::plain("GIT_SUBMODULE_STRATEGY", strategy)];
        job.variables.extend((!more.0.is_empty()).then(|| Variable::plain(more.0, more.1)));
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains(&format!("\n{shown}\n")), "{strategy} {more:?}: {text}");
    }
}
