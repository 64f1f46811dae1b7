//! Jobs outlive the server, and nothing outlives its job.

mod support;

use std::path::Path;

use model::{FailureReason, Status};
use support::{Server, eventually, job, processes_with, signal, statuses};

/// A script that goes on when this file is there.
fn wait_for(gate: &Path) -> String {
    format!("until test -e {}; do sleep 0.02; done", gate.display())
}

/// A definition of `count` jobs that print `lines` numbered lines each, the last one when `gate` is there, and of which
/// every third fails at its end.
fn talkers(count: usize, lines: usize, gate: &Path) -> String {
    let mut text = String::new();
    for n in 0..count {
        let end = if n % 3 == 0 { 7 } else { 0 };
        let last = format!("test $i -lt {lines} || {}", wait_for(gate));
        text.push_str(&format!("talker-{n}:\n  script:\n    - for i in $(seq 1 {lines}); do {last}; "));
        text.push_str(&format!("echo \"line $i of talker {n}\"; sleep 0.02; done\n    - exit {end}\n"));
    }
    text
}

#[test]
fn twenty_jobs_survive_kill_9_of_the_server_with_every_line_once() {
    let mut server = Server::start(20);
    let gate = server.data.join("go");
    server.pipeline("talk", &talkers(20, 150, &gate));
    let run = server.run("talk");
    server.until(run, "all jobs run", |view| view.jobs.iter().all(|job| job.status == Status::Running));
    let first = server.view(run).jobs[0].clone();
    eventually("the first lines are there", || server.trace(&first).contains("line 5 of").then_some(()));
    server.kill();
    std::fs::write(&gate, "").unwrap();
    server.start_again();
    let view = server.ended(run);
    for (n, job) in view.jobs.iter().enumerate() {
        let expected = if n % 3 == 0 { Status::Failed } else { Status::Success };
        assert_eq!(job.status, expected, "{:?}", statuses(&view));
        if n % 3 == 0 {
            assert_eq!((job.failure_reason, job.exit_code), (Some(FailureReason::ScriptFailure), Some(7)));
        }
        let trace = server.trace(job);
        let said: Vec<&str> = trace.lines().filter(|line| line.ends_with(&format!("of talker {n}"))).collect();
        let wanted: Vec<String> = (1..=150).map(|i| format!("line {i} of talker {n}")).collect();
        assert_eq!(said, wanted);
    }
}

#[test]
fn jobs_that_end_while_the_server_is_away_are_reported_by_the_next() {
    let mut server = Server::start(2);
    let gate = server.data.join("go");
    let wait = wait_for(&gate);
    server.pipeline(
        "short",
        &format!("a: {{script: ['echo begun', '{wait}', 'echo done']}}\nb: {{script: ['{wait}', 'exit 4']}}\n"),
    );
    let run = server.run("short");
    server.until(run, "both run", |view| view.jobs.iter().all(|job| job.status == Status::Running));
    let mark = server.mark(run);
    server.kill();
    std::fs::write(&gate, "").unwrap();
    eventually("their processes have ended", || processes_with(&mark).is_empty().then_some(()));
    server.start_again();
    let view = server.ended(run);
    assert_eq!(statuses(&view), [("a".into(), Status::Success), ("b".into(), Status::Failed)]);
    assert!(server.trace(job(&view, "a")).contains("done"));
}

#[test]
fn kill_9_of_the_runner_fails_its_jobs_applies_retry_and_leaves_no_process() {
    let server = Server::start(4);
    server.pipeline(
        "hang",
        "plain: {script: ['setsid sleep 600 & sleep 600']}\n\
         again:\n  script: ['test -e $CI_PROJECT_DIR/../../../again || { touch $CI_PROJECT_DIR/../../../again; echo marked; sleep 600; }']\n  retry: {max: 1, when: [runner_system_failure]}\n",
    );
    let run = server.run("hang");
    server.until(run, "both run", |view| view.jobs.iter().all(|job| job.status == Status::Running));
    let mark = server.mark(run);
    eventually("their processes are there", || (processes_with(&mark).len() >= 4).then_some(()));
    let first = job(&server.view(run), "again").clone();
    // The command itself is in the log, too.
    let is_marked = |log: &str| log.lines().any(|line| line.contains("marked") && !line.contains("echo"));
    eventually("its second attempt will find the mark", || is_marked(&server.trace(&first)).then_some(()));
    signal(server.runner_pid(), "KILL");
    eventually("no process of theirs is left", || {
        let left = processes_with(&mark);
        // The second attempt of one of them may run already.
        (left.len() <= 1).then_some(())
    });
    let view = server.ended(run);
    let plain = job(&view, "plain");
    assert_eq!((plain.status, plain.failure_reason), (Status::Failed, Some(FailureReason::RunnerSystemFailure)));
    let again = job(&view, "again");
    assert_eq!((again.status, again.attempt), (Status::Success, 2), "{:?}", statuses(&view));
    assert_eq!(processes_with(&mark), [], "something is left");
}

#[test]
fn sigterm_ends_the_server_within_two_seconds_and_leaves_jobs_running() {
    let mut server = Server::start(1);
    let gate = server.data.join("go");
    server.pipeline("one", &format!("a: {{script: ['echo on', '{}', 'echo off']}}\n", wait_for(&gate)));
    let run = server.run("one");
    server.until(run, "it runs", |view| view.run.status == Status::Running);
    let took = server.stop();
    assert!(took.as_secs() < 2, "{took:?}");
    let mark = server.mark(run);
    assert!(!processes_with(&mark).is_empty());
    std::fs::write(&gate, "").unwrap();
    server.start_again();
    assert_eq!(server.ended(run).run.status, Status::Success);
}

#[test]
fn a_canceled_job_leaves_nothing_behind() {
    let server = Server::start(1);
    server.pipeline(
        "stubborn",
        "a:\n  script:\n    - trap '' TERM\n    - setsid bash -c 'trap \"\" TERM; sleep 600' &\n    - (setsid sleep 600 &) &\n    - echo ready\n    - sleep 600\n",
    );
    let run = server.run("stubborn");
    let view = server.until(run, "it runs", |view| view.run.status == Status::Running);
    eventually("it is ready", || server.trace(&view.jobs[0]).contains("ready").then_some(()));
    let mark = server.mark(run);
    assert!(processes_with(&mark).len() >= 3);
    let (status, _) =
        server.send("PATCH", &format!("/api/jobs/{}", view.run.uid), &serde_json::json!({"status": "cancelled"}));
    assert_eq!(status, 200);
    let view = server.ended(run);
    assert_eq!(view.jobs[0].status, Status::Canceled);
    assert_eq!(processes_with(&mark), [], "something is left");
}

#[test]
fn a_server_without_a_runner_lets_that_of_an_earlier_one_finish_and_end() {
    let mut server = Server::start(1);
    let gate = server.data.join("go");
    server.pipeline("one", &format!("a: {{script: ['{}', 'echo off']}}\n", wait_for(&gate)));
    let run = server.run("one");
    server.until(run, "it runs", |view| view.run.status == Status::Running);
    let _ = server.runner_pid();
    server.arguments = vec!["--no-runner".into()];
    // Twice: a runner that is told twice ends its jobs.
    for _ in 0..2 {
        server.stop();
        server.start_again();
    }
    let later = server.run("one");
    std::fs::write(&gate, "").unwrap();
    assert_eq!(server.ended(run).run.status, Status::Success);
    let dir = server.data.join("runner");
    eventually("the runner has ended", || runner::pid_of(&dir).unwrap().is_none().then_some(()));
    assert_eq!(server.view(later).run.status, Status::Pending, "nobody takes it");
}
