//! Real jobs, run by the real runner under the real server: what they hand on, and what they do
//! that nobody asked for.

mod support;

use model::{FailureReason, Reason, Status};
use serde_json::{Value, json};
use support::{Server, job, processes_with, statuses};

#[test]
fn a_job_may_run_as_long_as_its_definition_the_project_and_its_runner_allow() {
    let mut server = Server::start(1);
    server.stop();
    server.arguments = vec!["--no-runner".into()];
    server.start_again();
    server.pipeline("times", "plain: {script: 'true'}\nshort: {script: 'true', timeout: 5 minutes}\n");
    let take = |most: Value| -> Value {
        let draft = json!({ "runner_type": "instance_type", "maximum_timeout": most });
        let (status, runner) = server.send("POST", "/api/v4/user/runners", &draft);
        assert_eq!(status, 201, "{runner}");
        let (status, taken) = server.send("POST", "/api/v4/jobs/request", &json!({ "token": runner["token"] }));
        assert_eq!(status, 201, "{taken}");
        taken
    };
    let times = |taken: &Value| {
        let variables = taken["variables"].as_array().unwrap();
        let told = variables.iter().find(|one| one["key"] == "CI_JOB_TIMEOUT").unwrap();
        let told: u64 = told["value"].as_str().unwrap().parse().unwrap();
        let limits = [&taken["runner_info"]["timeout"], &taken["steps"][0]["timeout"]];
        assert!(limits.iter().all(|limit| limit.as_u64() == Some(told)), "{taken}");
        told
    };
    let run = server.run("times");
    let (plain, short) = (take(json!(700)), take(json!(700)));
    assert_eq!((&plain["job_info"]["name"], &short["job_info"]["name"]), (&json!("plain"), &json!("short")));
    assert_eq!((times(&plain), times(&short)), (700, 300));
    assert_eq!(job(&server.view(run), "plain").timeout, 700);
    // Another runner, which sets nothing, takes it as it was defined.
    let (status, said) = server.send("POST", &format!("/api/v4/weir/jobs/{}/cancel", plain["id"]), &json!({}));
    assert!(status < 300, "{said}");
    server.until(run, "the job has ended", |view| job(view, "plain").status == Status::Canceled);
    let (status, said) = server.send("POST", &format!("/api/v4/weir/jobs/{}/retry", plain["id"]), &json!({}));
    assert!(status < 300, "{said}");
    assert_eq!(times(&take(Value::Null)), 3600);
}

/// The exit code of the attempt before says nothing of the next one.
#[test]
fn a_canceled_retry_of_a_job_whose_exit_code_was_allowed_is_no_allowed_failure() {
    let server = Server::start(2);
    let mark = server.data.join("ran");
    let script = format!("if test -e {0}; then sleep 1000; fi; touch {0}; exit 3", mark.display());
    server.pipeline(
        "again",
        &format!(
            "stages: [a, b]\none: {{stage: a, script: '{script}', allow_failure: {{exit_codes: [3]}}, retry: 1}}\n\
             two: {{stage: b, script: 'true'}}\n"
        ),
    );
    let run = server.run("again");
    let view = server.until(run, "the retry runs", |view| {
        view.jobs.iter().any(|job| job.attempt == 2 && job.status == Status::Running)
    });
    let second = view.jobs.iter().find(|job| job.attempt == 2).unwrap();
    assert!(!second.allow_failure);
    assert!(server.form("/rpc/job/cancel", &format!("id={}", second.id)).0 < 400);
    let view = server.ended(run);
    assert_eq!((view.run.status, job(&view, "two").status), (Status::Canceled, Status::Skipped));
}

#[test]
fn why_says_what_keeps_runners_from_a_job_and_no_more_than_that() {
    let server = Server::start(1);
    server.pipeline(
        "tagged",
        "stages: [a, b]\nmay: {stage: a, script: 'true', when: manual}\ngpu: {stage: a, script: 'true', tags: [gpu]}\n\
         next: {stage: b, script: 'true'}\n",
    );
    let run = server.run("tagged");
    let view = server.view(run);
    let because = |path: &str| -> Vec<String> {
        let why = server.get(path);
        let lines = why["because"].as_array().unwrap().iter();
        lines.map(|one| format!("{} {}", one["subject"].as_str().unwrap(), one["answer"].as_str().unwrap())).collect()
    };
    let of_run = because(&format!("/api/v4/weir/runs/{run}/why"));
    let of_next = because(&format!("/api/v4/weir/jobs/{}/why", job(&view, "next").id));
    for told in [&of_run, &of_next] {
        assert!(told.len() == 1 && told[0].contains("(gpu)") && told[0].contains("no runner has them all"), "{told:?}");
    }
    // There is one, but nobody has heard of it.
    let draft = json!({ "runner_type": "instance_type", "tag_list": "gpu" });
    assert_eq!(server.send("POST", "/api/v4/user/runners", &draft).0, 201);
    let of_run = because(&format!("/api/v4/weir/runs/{run}/why"));
    assert!(of_run[0].contains("no runner that may take it is online"), "{of_run:?}");
    let page = server.text(&format!("/jobs/{}", job(&view, "gpu").id));
    assert!(page.contains("no runner that may take it is online"));
}

#[test]
fn a_pipeline_hands_on_artifacts_and_explains_what_it_skips() {
    let server = Server::start(2);
    let view = server.run_to_end(
        "chain",
        r#"
stages: [build, test, deploy]
variables: {WORD: weir}
build:
  stage: build
  script:
    - mkdir -p out/deep
    - echo "$WORD" > out/deep/word.txt
  after_script:
    - echo "after as $CI_JOB_STATUS"
  artifacts: {paths: [out/]}
reads:
  stage: test
  script: ['test "$(cat out/deep/word.txt)" = weir', 'test -n "$CI_PROJECT_DIR"', 'test "$PWD" = "$CI_PROJECT_DIR"']
does-not:
  stage: test
  needs: [{job: build, artifacts: false}]
  script: ['test ! -e out']
breaks:
  stage: test
  script: ['exit 3']
  after_script: ['echo "after as $CI_JOB_STATUS"']
allowed:
  stage: test
  script: ['exit 4']
  allow_failure: {exit_codes: [4]}
never-comes:
  stage: deploy
  script: ['true']
rescue:
  stage: deploy
  when: on_failure
  script: ['echo rescued']
"#,
    );
    assert_eq!(view.run.status, Status::Failed, "{:?}", statuses(&view));
    let status = |name| job(&view, name).status;
    assert_eq!(
        ["build", "reads", "does-not", "breaks", "allowed", "never-comes", "rescue"].map(status),
        [
            Status::Success,
            Status::Success,
            Status::Success,
            Status::Failed,
            Status::Failed,
            Status::Skipped,
            Status::Success
        ]
    );
    assert!(server.trace(job(&view, "build")).contains("after as success"));
    assert!(server.trace(job(&view, "breaks")).contains("after as failed"));
    assert!(job(&view, "allowed").allow_failure);
    match &job(&view, "never-comes").reason {
        Reason::SkippedAfter { because, .. } => assert!(because.iter().any(|one| one.name == "breaks")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn output_may_be_anything() {
    let server = Server::start(2);
    let view = server.run_to_end(
        "noise",
        r#"
binary: {script: ['head -c 300000 /dev/urandom']}
nul: {script: ['printf "a\000b\n"', 'echo after']}
one-line: {script: ['head -c 10485760 /dev/zero | tr "\0" x', 'echo', 'echo the end']}
many: {script: ['seq 1 300000']}
silent: {script: ['true']}
"#,
    );
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    assert!(server.trace(job(&view, "nul")).contains("after\n"));
    let long = server.trace(job(&view, "one-line"));
    assert_eq!(long.matches('x').count() - long.matches("tr \"\\0\" x").count(), 10_485_760);
    assert!(long.contains("the end"));
    let many = server.trace(job(&view, "many"));
    let numbers: Vec<&str> = many.lines().filter(|line| line.bytes().all(|b| b.is_ascii_digit())).collect();
    assert_eq!(numbers.len(), 300_000);
    assert!(numbers.iter().enumerate().all(|(i, line)| line.parse() == Ok(i + 1)));
}

#[test]
fn jobs_end_in_every_way_there_is() {
    let server = Server::start(4);
    let view = server.run_to_end(
        "ends",
        r#"
signal: {script: ['kill -SEGV $$']}
timeout: {script: ['echo on', 'sleep 600'], timeout: 2 seconds}
own-limit: {script: ['sleep 600'], timeout: 1 hour, variables: {RUNNER_SCRIPT_TIMEOUT: 2s}}
daemon: {script: ['(setsid sleep 600 >/dev/null 2>&1 &)', 'echo left it']}
no-workspace: {script: ['rm -rf "$CI_PROJECT_DIR"', 'echo gone']}
temp: {script: ['head -c 5000000 /dev/zero > "$(mktemp)"', 'echo filled']}
missing: {script: ['there-is-no-such-command']}
pipe: {script: ['false | cat', 'echo not reached']}
"#,
    );
    let of = |name| (job(&view, name).status, job(&view, name).failure_reason, job(&view, name).exit_code);
    let script = Some(FailureReason::ScriptFailure);
    assert_eq!(of("signal"), (Status::Failed, script, Some(128 + 11)));
    assert!(matches!(job(&view, "signal").reason, Reason::Failed { signal: Some(11), .. }));
    let timeout = of("timeout");
    assert_eq!((timeout.0, timeout.1), (Status::Failed, Some(FailureReason::JobExecutionTimeout)));
    // Which limit that was is told.
    let limit = |name| format!("{:?}", job(&view, name).reason);
    assert!(limit("timeout").contains("its time limit is 2 s"), "{}", limit("timeout"));
    assert!(limit("own-limit").contains("RUNNER_SCRIPT_TIMEOUT"), "{}", limit("own-limit"));
    assert_eq!(of("daemon").0, Status::Success);
    assert_eq!(of("no-workspace").0, Status::Success);
    assert_eq!(of("temp").0, Status::Success);
    assert_eq!(of("missing"), (Status::Failed, script, Some(127)));
    assert_eq!(of("pipe"), (Status::Failed, script, Some(1)));
    assert!(!server.trace(job(&view, "pipe")).lines().any(|line| line == "not reached"));
    assert_eq!(processes_with(&server.mark(view.run.id)), [], "something is left");
}

#[test]
fn tokens_never_stand_in_a_log() {
    let server = Server::start(1);
    let view = server.run_to_end(
        "leak",
        "a: {script: ['echo \"token=$CI_JOB_TOKEN\"', 'echo \"$CI_JOB_TOKEN\" | base64 -w0', 'echo ${#CI_JOB_TOKEN}']}\n",
    );
    let trace = server.trace(&view.jobs[0]);
    assert!(trace.contains("token=[MASKED]"), "{trace}");
    assert!(!trace.contains("glcbt-"), "{trace}");
}

#[test]
fn a_repository_is_checked_out_at_the_commit_of_the_run() {
    let server = Server::start(1);
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let done = std::process::Command::new("git")
            .current_dir(folder.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"])
            .args(args)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    std::fs::write(folder.path().join("word.txt"), "first\n").unwrap();
    std::fs::write(
        folder.path().join(".gitlab-ci.yml"),
        "a:\n  script: ['cat word.txt', 'git rev-parse HEAD', 'echo on $CI_COMMIT_BRANCH']\n",
    )
    .unwrap();
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "The first word"]);
    let sha = git(&["rev-parse", "HEAD"]);
    let create = |args: &[&str]| {
        let done =
            support::weir().args(args).arg("--data").arg(&server.data).env("WEIR_URL", &server.url).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    create(&["project", "create", "team/words", "--source", folder.path().to_str().unwrap()]);
    create(&["pipeline", "create", "words", "--project", "team/words"]);
    let run = server.run("words");
    let view = server.ended(run);
    assert_eq!(view.run.status, Status::Success, "{}", server.trace(&view.jobs[0]));
    assert_eq!((view.run.sha.as_str(), view.run.commit_title.as_str()), (sha.as_str(), "The first word"));
    let trace = server.trace(&view.jobs[0]);
    assert!(trace.contains("first") && trace.contains(&sha) && trace.contains("on main"), "{trace}");
    // The branch moves on; the next run sees it, and a broken definition there is told with its place.
    std::fs::write(folder.path().join(".gitlab-ci.yml"), "a:\n  scrip: ['true']\n").unwrap();
    git(&["commit", "--quiet", "-am", "A typing error"]);
    let (status, answer) = server.send("POST", "/api/pipelines/words/run", &serde_json::json!({}));
    assert_eq!(status, 400, "{answer}");
    assert!(answer["error"].as_str().unwrap().contains(".gitlab-ci.yml:2:3"), "{answer}");
}

#[test]
fn caches_go_from_run_to_run_and_archives_are_what_was_asked_for() {
    let server = Server::start(1);
    let repository = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let author = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"];
        let mut command = std::process::Command::new("git");
        let done = command.arg("-C").arg(repository.path()).args(author).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    std::fs::write(repository.path().join("lock"), "1\n").unwrap();
    std::fs::write(
        repository.path().join(".gitlab-ci.yml"),
        "fill:\n  cache: {key: {files: [lock], prefix: deps}, paths: [deps/]}\n  hooks: {pre_get_sources_script: ['echo hooked']}\n  \
         script: ['ls deps 2>/dev/null || echo none', 'mkdir -p deps', 'echo x >> deps/count', 'wc -l < deps/count']\n  \
         artifacts: {name: all-$CI_COMMIT_REF_SLUG, untracked: true, exclude: ['deps/**/*', deps/count], paths: [lock]}\n",
    )
    .unwrap();
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    server.project("me/cached", repository.path(), "cached");
    let first = server.ended(server.run("cached"));
    let text = server.trace(&first.jobs[0]);
    assert_eq!(first.run.status, Status::Success, "{text}");
    assert!(text.contains("hooked") && text.contains("none"), "{text}");
    assert_eq!(first.jobs[0].artifacts[0].filename, "all-main.zip");
    let second = server.ended(server.run("cached"));
    let text = server.trace(&second.jobs[0]);
    assert!(text.contains("count") && text.lines().any(|line| line.trim() == "2"), "{text}");
    // Another lock file, another cache.
    std::fs::write(repository.path().join("lock"), "2\n").unwrap();
    git(&["commit", "-qam", "two"]);
    let third = server.ended(server.run("cached"));
    assert!(server.trace(&third.jobs[0]).contains("none"), "{}", server.trace(&third.jobs[0]));
}
