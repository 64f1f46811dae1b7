//! Jobs with users of their own: what they are, what they reach, and that all the rest works as for jobs of the server's
//! user. It takes root.

mod support;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

use model::view::RunView;
use model::{FailureReason, Status};
use support::{Server, eventually, job, processes_with, repository, signal, statuses, weir};

/// Whether these tests can be; says when they are left out.
fn is_root() -> bool {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        eprintln!("left out: only root gives jobs users of their own");
    }
    is_root
}

/// A server of one person whose jobs are nobody's.
fn server(concurrent: usize) -> Server {
    Server::start_with(concurrent, &["--job-user", "auto"])
}

fn logs(server: &Server, view: &RunView) -> String {
    let logs: Vec<String> = view.jobs.iter().map(|job| format!("--- {}\n{}", job.name, server.trace(job))).collect();
    logs.concat()
}

fn succeeded(server: &Server, view: &RunView) {
    assert_eq!(view.run.status, Status::Success, "{:?}\n{}", statuses(view), logs(server, view));
}

/// The rest of the line that begins so.
fn said<'t>(log: &'t str, begin: &str) -> &'t str {
    log.lines().find_map(|line| line.strip_prefix(begin)).unwrap_or_else(|| panic!("no {begin:?} in {log}")).trim()
}

#[test]
fn a_job_reaches_nothing_of_the_server_and_of_its_runner() {
    if !is_root() {
        return;
    }
    let (server, _) = Server::with_administrator(1, &[]);
    let data = server.data.display().to_string();
    let runner = server.runner_pid();
    let mut script = String::new();
    let mut count = 0;
    let mut denied = |command: String| {
        count += 1;
        script.push_str(&format!("    - '! {command} || echo REACHED {count}'\n"));
    };
    for file in ["secret.key", "weir.db", "runner.token", "runner/runner.log", "run/weir.sock", "repos", "logs"] {
        denied(format!("ls -d {data}/{file} 2>/dev/null"));
        denied(format!("cat {data}/{file} 2>/dev/null"));
    }
    for file in ["environ", "fd/0", "mem", "cwd/.", "root/etc/shadow"] {
        denied(format!("cat /proc/{runner}/{file} 2>/dev/null"));
        denied(format!("cat /proc/$PPID/{file} 2>/dev/null"));
    }
    denied("cat /etc/shadow 2>/dev/null".to_owned());
    for pid in [runner.to_string(), "$PPID".to_owned(), server.pid().to_string()] {
        denied(format!("kill -0 {pid} 2>/dev/null"));
    }
    denied("ls \"$CI_BUILDS_DIR/../..\" 2>/dev/null".to_owned());
    denied("touch \"$CI_BUILDS_DIR/../x\" 2>/dev/null".to_owned());
    denied("chmod 777 \"$CI_BUILDS_DIR/..\" 2>/dev/null".to_owned());
    let definition = format!(
        "a:\n  script:\n    - echo uid=$(id -u) gid=$(id -g) groups=$(id -G)\n    - grep -q '^NoNewPrivs:.1$' /proc/self/status\n\
         {script}    - echo tried=all\n"
    );
    let path = server.data.join("../definition.yml");
    std::fs::write(&path, definition).unwrap();
    server.admin(&["project", "create", "shop/web"]);
    server.admin(&["pipeline", "create", "p", "--project", "shop/web", "--file", path.to_str().unwrap()]);
    let run = server.run("p");
    let view = server.ended(run);
    succeeded(&server, &view);
    let log = server.trace(&view.jobs[0]);
    assert!(!log.lines().any(|line| line.starts_with("REACHED")), "{log}");
    assert_eq!(said(&log, "tried="), "all");
    let (uid, rest) = said(&log, "uid=").split_once(' ').unwrap();
    let number: u32 = uid.parse().unwrap();
    assert!((60578..=61183).contains(&number), "{number}");
    assert_eq!(rest, format!("gid={uid} groups={uid}"));
    assert_eq!(std::fs::metadata(&server.data).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn jobs_that_run_at_a_time_do_not_reach_each_other() {
    if !is_root() {
        return;
    }
    let server = server(2);
    server.pipeline(
        "victim",
        "a:\n  variables: {TOKEN: {value: x}}\n  script:\n    - umask 000; echo treasure > mine; mkdir -m 777 \"$TMPDIR/open\"\n    \
         - echo uid=$(id -u) pid=$$ id=$CI_JOB_ID; echo dir=$CI_PROJECT_DIR\n    - echo ready\n    - sleep 600\n",
    );
    let victim = server.run("victim");
    let view = server.until(victim, "it runs", |view| view.run.status == Status::Running);
    let log = eventually("it is ready", || Some(server.trace(&view.jobs[0])).filter(|log| log.contains("\nready")));
    // Not the commands themselves, which the log shows, too.
    let told: Vec<&str> = log.lines().filter(|line| !line.contains("$ ")).flat_map(|line| line.split(' ')).collect();
    let word = |key: &str| told.iter().find_map(|word| word.strip_prefix(key)).unwrap().trim().to_owned();
    let (uid, pid, dir) = (word("uid="), word("pid="), word("dir="));
    let guard = Path::new(&dir).ancestors().nth(2).unwrap().display().to_string();
    let view = server.run_to_end(
        "thief",
        &format!(
            "a:\n  script:\n    - echo uid=$(id -u)\n    - '! cat {dir}/mine'\n    - '! ls {dir}'\n    - '! ls {guard}'\n    \
             - '! ls {guard}/hand'\n    - '! ls {guard}/own/tmp/open'\n    - '! cat /proc/{pid}/environ'\n    - '! kill -9 {pid}'\n"
        ),
    );
    succeeded(&server, &view);
    let log = server.trace(&view.jobs[0]);
    assert_ne!(said(&log, "uid="), uid);
    assert!(!log.contains("treasure"), "{log}");
    let (status, _) = server.send(
        "PATCH",
        &format!("/api/jobs/{}", server.view(victim).run.uid),
        &serde_json::json!({"status": "cancelled"}),
    );
    assert_eq!(status, 200);
    assert_eq!(server.ended(victim).run.status, Status::Canceled);
}

#[test]
fn what_a_job_leaves_for_everybody_goes_before_its_number_is_another_jobs() {
    if !is_root() {
        return;
    }
    let server = server(1);
    let name = format!("weir-left-{}", std::process::id());
    let view = server.run_to_end(
        "first",
        &format!(
            "a: {{script: ['echo uid=$(id -u)', 'mkdir /tmp/{name}', 'echo mine > /tmp/{name}/file', 'touch /var/tmp/{name}', \
             'chmod 000 /tmp/{name}']}}\n"
        ),
    );
    succeeded(&server, &view);
    let uid = said(&server.trace(&view.jobs[0]), "uid=").to_owned();
    let view = server.run_to_end(
        "second",
        &format!("a: {{script: ['echo uid=$(id -u)', '! ls -d /tmp/{name}', '! ls -d /var/tmp/{name}']}}\n"),
    );
    succeeded(&server, &view);
    assert_eq!(said(&server.trace(&view.jobs[0]), "uid="), uid, "there is one number for one job at a time");
}

#[test]
fn scripts_find_what_they_need_and_everything_of_it_is_theirs() {
    if !is_root() {
        return;
    }
    let server = server(2);
    let definition = "
stages: [one, two]
default:
  before_script: [umask 077]
make:
  stage: one
  cache: {key: k, paths: [kept/]}
  script:
    - test \"$(stat -c %u . \"$HOME\" \"$TMPDIR\" | sort -u)\" = \"$(id -u)\"
    - test \"$(stat -c %a .)\" = 700
    - echo one > \"$HOME/file\"; echo two > \"$TMPDIR/file\"
    - echo to out > /dev/stdout; echo to err > /dev/stderr
    - test \"$USER\" = \"$(id -u)\"; test \"$HOME\" != /root; test -z \"${SSH_AUTH_SOCK:-}\"
    - mkdir -p out/deep kept; echo built > out/deep/file; ln -s deep/file out/link; echo warm > kept/file
    - rm -rf \"$CI_PROJECT_DIR/nothing\"
  after_script:
    - echo after=$CI_JOB_STATUS; cat out/deep/file
    - test \"$(stat -c %u out)\" = \"$(id -u)\"
  artifacts: {paths: [out/], reports: {dotenv: made.env}}
use:
  stage: two
  cache: {key: k, paths: [kept/]}
  script:
    - cat out/deep/file out/link kept/file
    - echo more >> kept/file; echo x > out/deep/file
    - test \"$(stat -c %u out/deep/file kept/file | sort -u)\" = \"$(id -u)\"
fresh:
  stage: two
  script: [cd /, 'rm -rf \"$CI_PROJECT_DIR\"', mkdir \"$CI_PROJECT_DIR\", cd \"$CI_PROJECT_DIR\", echo again > file]
  after_script: [cat file]
  artifacts: {paths: [file]}
gone:
  stage: two
  script: [cd /, 'rm -rf \"$CI_PROJECT_DIR\" \"$TMPDIR\"']
  after_script: [pwd, 'test -d \"$TMPDIR\" && echo made again']
";
    let definition = definition.replace("    - rm -rf \"$CI_PROJECT_DIR/nothing\"\n", "    - echo K=v > made.env\n");
    let view = server.run_to_end("p", &definition);
    succeeded(&server, &view);
    let log = server.trace(job(&view, "make"));
    for text in ["to out\n", "to err\n", "after=success\nbuilt\n"] {
        assert!(log.contains(text), "{text}: {log}");
    }
    let log = server.trace(job(&view, "use"));
    assert!(log.contains("built\nbuilt\nwarm\n"), "{log}");
    assert!(server.trace(job(&view, "fresh")).contains("again"));
    assert!(server.trace(job(&view, "gone")).contains("made again"));
    // Nothing of an ended job stays.
    eventually("the folders are gone", || {
        let folder = jobs_folder(&server);
        std::fs::read_dir(folder).unwrap().next().is_none().then_some(())
    });
}

/// Where the jobs of the embedded runner are.
fn jobs_folder(server: &Server) -> std::path::PathBuf {
    let path = server.data.display().to_string();
    Path::new(&format!("{path}-jobs")).join("runner")
}

#[test]
fn links_lead_nowhere_that_the_job_could_not_go_itself() {
    if !is_root() {
        return;
    }
    let server = server(1);
    let data = server.data.display().to_string();
    let view = server.run_to_end(
        "p",
        &format!(
            "
stages: [one, two]
by_link:
  stage: one
  cache: {{key: k, paths: [cached/]}}
  script: [ln -s /etc etc, ln -s {data} data, ln -s /etc cached, 'ln -s /etc/shadow shadow', 'echo x > good']
  artifacts: {{paths: [good, shadow, etc/shadow, data/secret.key, data/, 'etc/*']}}
by_project:
  stage: one
  script: [cd /, 'rm -rf \"$CI_PROJECT_DIR\"', 'ln -s {data} \"$CI_PROJECT_DIR\"']
  artifacts: {{paths: [secret.key, runner.token, weir.db]}}
raw:
  stage: one
  script: [cd /, 'rm -rf \"$CI_PROJECT_DIR\"', 'ln -s /etc \"$CI_PROJECT_DIR\"']
  artifacts: {{reports: {{codequality: shadow}}}}
unfold:
  stage: two
  needs: [by_link]
  script: ['cat good', 'ls -l', '! cat shadow']
"
        ),
    );
    let all = logs(&server, &view);
    assert_eq!(job(&view, "by_link").status, Status::Success, "{all}");
    assert_eq!(job(&view, "unfold").status, Status::Success, "{all}");
    let mut packed = Vec::new();
    for one in &view.jobs {
        for artifact in &one.artifacts {
            let bytes = server.bytes(&format!("/jobs/{}/artifacts/{}", one.id, artifact.filename));
            packed.push((one.name.clone(), bytes));
        }
    }
    let secret = std::fs::read_to_string("/etc/shadow").unwrap_or_default();
    let secret = secret.lines().next().unwrap_or("root:").to_owned();
    let key = std::fs::read_to_string(server.data.join("secret.key")).unwrap();
    for (name, bytes) in &packed {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        for index in 0..archive.len() {
            let mut text = String::new();
            let mut entry = archive.by_index(index).unwrap();
            let _ = std::io::Read::read_to_string(&mut entry, &mut text);
            assert!(!text.contains(secret.trim()) && !text.contains(key.trim()), "{name}: {text}");
        }
    }
    assert!(!all.contains(secret.trim()) && !all.contains(key.trim()), "{all}");
}

#[test]
fn sources_come_over_http() {
    if !is_root() {
        return;
    }
    let server = server(1);
    let definition = "
a:
  script:
    - test \"$(git rev-parse HEAD)\" = \"$CI_COMMIT_SHA\"
    - cat file
    - test \"$(stat -c %u .git file | sort -u)\" = \"$(id -u)\"
    - git fetch --quiet origin main && echo fetched again
  artifacts: {untracked: true}
  after_script: [echo x > untracked]
";
    let web = repository(&[(".gitlab-ci.yml", definition), ("file", "of web\n")]);
    server.project("shop/web", web.path(), "web");
    let run = server.run("web");
    let view = server.ended(run);
    succeeded(&server, &view);
    let log = server.trace(&view.jobs[0]);
    assert!(log.contains("of web\n") && log.contains("fetched again") && !log.contains("glcbt-"), "{log}");
    assert!(log.contains("untracked: found 1 files"), "{log}");
}

#[test]
fn a_job_that_fetches_while_the_server_is_away_waits_for_it() {
    if !is_root() {
        return;
    }
    let mut server = server(1);
    // The address of the sources is the one of before.
    server.listen = server.url.strip_prefix("http://").unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let definition = format!(
        "a:\n  hooks:\n    pre_get_sources_script: ['echo waiting', 'until [ -e {} ]; do sleep 0.05; done']\n  script: cat file\n",
        go.display()
    );
    let web = repository(&[(".gitlab-ci.yml", &definition), ("file", "of web\n")]);
    server.project("shop/web", web.path(), "web");
    let run = server.run("web");
    let view = server.until(run, "it runs", |view| view.run.status == Status::Running);
    eventually("it waits", || server.trace(&view.jobs[0]).contains("\nwaiting").then_some(()));
    server.stop();
    std::fs::write(&go, "").unwrap();
    // Its own attempts have failed when its log, which is kept meanwhile, says so.
    let spool = server.data.join(format!("runner/jobs/{}/trace", view.jobs[0].id));
    eventually("git has failed", || {
        let said = std::fs::read_to_string(&spool).unwrap_or_default();
        (said.matches("fatal: ").count() >= 3).then_some(())
    });
    server.start_again();
    let view = server.ended(run);
    succeeded(&server, &view);
    let log = server.trace(&view.jobs[0]);
    assert!(log.contains("The server was away: fetching again") && log.contains("of web"), "{log}");
}

#[test]
fn nothing_is_left_of_jobs_that_are_canceled_or_take_too_long() {
    if !is_root() {
        return;
    }
    let server = server(2);
    let stubborn = "    - trap '' TERM\n    - setsid bash -c 'trap \"\" TERM; sleep 600' &\n    - (setsid sleep 600 &) &\n    - echo ready\n    - sleep 600\n";
    server.pipeline("p", &format!("slow:\n  timeout: 2 seconds\n  script:\n{stubborn}  after_script: [echo after]\nstuck:\n  script:\n{stubborn}"));
    let run = server.run("p");
    let mark = server.mark(run);
    let view = server.until(run, "both run", |view| view.jobs.iter().all(|job| job.started_at.is_some()));
    eventually("it is ready", || server.trace(job(&view, "stuck")).contains("ready").then_some(()));
    let stuck = job(&view, "stuck").id;
    let (status, text) = server.form("/rpc/job/cancel", &format!("id={stuck}"));
    assert!(status < 400, "{text}");
    let view = server.ended(run);
    assert_eq!(job(&view, "slow").failure_reason, Some(FailureReason::JobExecutionTimeout), "{}", logs(&server, &view));
    assert!(server.trace(job(&view, "slow")).contains("\nafter"));
    assert_eq!(job(&view, "stuck").status, Status::Canceled);
    assert_eq!(processes_with(&mark), [], "something is left");
}

#[test]
fn a_killed_runner_leaves_no_process_and_no_folder_and_a_restart_loses_nothing() {
    if !is_root() {
        return;
    }
    let mut server = server(2);
    server.pipeline("hang", "a: {script: ['echo begun', 'setsid sleep 600 & sleep 600']}\n");
    let run = server.run("hang");
    let view = server.until(run, "it runs", |view| view.run.status == Status::Running);
    eventually("it has begun", || server.trace(&view.jobs[0]).contains("begun").then_some(()));
    let mark = server.mark(run);
    signal(server.runner_pid(), "KILL");
    let view = server.ended(run);
    assert_eq!(view.jobs[0].failure_reason, Some(FailureReason::RunnerSystemFailure));
    assert_eq!(processes_with(&mark), [], "something is left");
    eventually("its folder is gone", || {
        std::fs::read_dir(jobs_folder(&server)).unwrap().next().is_none().then_some(())
    });

    server.pipeline("talk", "a: {script: ['for i in $(seq 1 60); do echo line $i; sleep 0.05; done']}\n");
    let run = server.run("talk");
    let view = server.until(run, "it runs", |view| view.jobs[0].started_at.is_some());
    eventually("it talks", || server.trace(&view.jobs[0]).contains("line 3").then_some(()));
    server.kill();
    server.start_again();
    let view = server.ended(run);
    succeeded(&server, &view);
    let log = server.trace(&view.jobs[0]);
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(lines, (1..=60).map(|n| format!("line {n}")).collect::<Vec<_>>());
}

#[test]
fn a_named_user_has_its_home_and_a_wrong_one_is_refused_at_the_start() {
    if !is_root() {
        return;
    }
    let server = Server::start_with(2, &["--job-user", "nobody"]);
    let view =
        server.run_to_end("p", "a: {script: ['echo who=$(id -un) $USER', 'echo home=$HOME', 'echo x > file']}\n");
    succeeded(&server, &view);
    let log = server.trace(&view.jobs[0]);
    assert_eq!(said(&log, "who="), "nobody nobody");
    assert_ne!(said(&log, "home="), "/root");
    for (user, text) in [
        ("no-such-user", "there is no user no-such-user"),
        ("60600-60600", "2 jobs run at a time"),
        ("5-1", "expected auto"),
    ] {
        let data = server.data.with_file_name("other");
        let output = weir()
            .args(["serve", "--listen", "127.0.0.1:0", "--concurrent", "2", "--job-user", user, "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(text), "{said}");
    }
}

#[test]
fn a_root_that_may_not_be_others_says_so_and_which_ways_are_left() {
    if !is_root() {
        return;
    }
    // As in a container that is started without these rights.
    let drop = ["--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid"];
    let has_setpriv = Command::new("setpriv").args(drop).arg("true").stderr(Stdio::null()).status();
    if !has_setpriv.is_ok_and(|status| status.success()) {
        eprintln!("left out: there is no setpriv");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let serve = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(drop).arg(env!("CARGO_BIN_EXE_weir")).args(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(folder.path().join("data")).args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = serve(&[]);
    assert_eq!(code, Some(2), "{said}");
    for text in ["CAP_SETUID", "--no-runner", "--job-user same"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!folder.path().join("data").exists(), "a refused start leaves no data");
}
