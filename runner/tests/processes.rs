//! What scripts do to processes, and what is left of it: nothing.

mod common;

use std::{fs, time::Duration};

use common::{Bench, Screen, is_alive, job, step, until};
use runner::{
    Control, Level,
    protocol::{JobPayload, JobState, RunnerInfo, Variable},
};

fn pids(text: &str) -> Vec<i32> {
    text.lines().filter_map(|line| line.strip_prefix("pid=")?.trim().parse().ok()).collect()
}

#[tokio::test]
async fn daemons_of_every_kind_are_ended_with_the_job() {
    let bench = Bench::new();
    let script = [
        "mkdir pids; sleep 1000 & echo pid=$! > pids/background",
        // A session of its own.
        "setsid sh -c 'echo pid=$$ > pids/session; exec sleep 1000' &",
        // A daemon proper: forked twice, its parents gone, no environment, deaf to TERM.
        "(setsid sh -c \"env -i sh -c 'trap \\\"\\\" TERM; echo pid=\\$\\$ > pids/daemon; sleep 1000; sleep 1000' & exit\" &)",
        "until [ -s pids/session ] && [ -s pids/daemon ]; do sleep 0.01; done; cat pids/*",
    ];
    let (outcome, text) = bench.run(&job(1, &script)).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    let pids = pids(&text);
    assert_eq!(pids.len(), 3, "{text}");
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{text}");
    assert!(text.ends_with("Job succeeded\u{1b}[0;m\n"), "{text}");
}

#[tokio::test]
async fn a_background_process_lives_until_after_script_has_ended() {
    let bench = Bench::new();
    let mut job = job(1, &["sleep 1000 & echo $! > pid"]);
    job.steps.push(step("after_script", &["kill -0 $(cat pid) && echo still there"]));
    let (outcome, text) = bench.run(&job).await;
    assert!(outcome.state == JobState::Success && text.contains("\nstill there\n"), "{text}");
}

#[tokio::test]
async fn a_cancel_ends_the_script_runs_after_script_and_says_so() {
    let bench = Bench::new();
    let (screen, control) = (Screen::default(), Control::new());
    let mut job = job(1, &["echo pid=$$", "trap 'echo told' TERM", "echo ready", "sleep 1000 & wait; echo cleanup"]);
    job.steps.push(step("after_script", &["echo status=$CI_JOB_STATUS"]));
    let run = bench.runner.run(&job, None, screen.sink(), &control);
    let cancel = async {
        until("the script to be ready", || screen.text().contains("\nready\n")).await;
        control.raise(Level::Cancel);
    };
    let (outcome, ()) = tokio::join!(run, cancel);
    let text = screen.text();
    assert_eq!((outcome.state, outcome.failure_reason), (JobState::Failed, Some("job_canceled")), "{text}");
    assert!(
        text.contains("\ntold\n") && text.contains("\nstatus=canceled\n") && text.contains("Job canceled"),
        "{text}"
    );
    assert!(pids(&text).iter().all(|pid| !is_alive(*pid)));
    bench.assert_clean();
}

#[tokio::test]
async fn a_second_order_kills_what_is_deaf_to_the_first() {
    let bench = Bench::new();
    let (screen, control) = (Screen::default(), Control::new());
    let job = job(1, &["trap '' TERM", "echo pid=$$", "echo ready", "while true; do sleep 1000; echo again; done"]);
    let run = bench.runner.run(&job, None, screen.sink(), &control);
    let cancel = async {
        until("the script to be ready", || screen.text().contains("\nready\n")).await;
        control.raise(Level::Cancel);
        control.raise(Level::Gone);
    };
    tokio::join!(run, cancel);
    assert!(pids(&screen.text()).iter().all(|pid| !is_alive(*pid)));
    bench.assert_clean();
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_ended_and_says_so() {
    let bench = Bench::new();
    let mut job = job(1, &["echo pid=$$", "sleep 1000"]);
    job.runner_info = RunnerInfo { timeout: 1, ..RunnerInfo::default() };
    job.steps.push(step("after_script", &["echo status=$CI_JOB_STATUS"]));
    let (outcome, text) = bench.run(&job).await;
    assert_eq!(outcome.failure_reason, Some("job_execution_timeout"));
    assert!(text.contains("\nstatus=failed\n") && text.contains("execution took longer than 1s"), "{text}");
    assert!(pids(&text).iter().all(|pid| !is_alive(*pid)));
}

#[tokio::test]
async fn after_script_has_a_time_of_its_own_which_the_result_does_not_hang_on() {
    let bench = Bench::new();
    let mut job = job(1, &["echo done"]);
    job.variables.push(Variable::plain("RUNNER_AFTER_SCRIPT_TIMEOUT", "1s"));
    job.steps.push(step("after_script", &["echo pid=$$", "sleep 1000", "echo never"]));
    let (outcome, text) = bench.run(&job).await;
    assert_eq!((outcome.failure_reason, outcome.exit_code), (None, Some(0)), "{text}");
    assert!(text.contains("after_script failed") && text.contains("it took too long"), "{text}");
    assert!(!text.contains("\nnever\n"), "{text}");
    assert!(pids(&text).iter().all(|pid| !is_alive(*pid)));
    // A job that wants it to count says so.
    job.variables.push(Variable::plain("AFTER_SCRIPT_IGNORE_ERRORS", "false"));
    let (outcome, text) = bench.run(&job).await;
    assert_eq!(outcome.failure_reason, Some("job_execution_timeout"), "{text}");
}

#[tokio::test]
async fn the_end_by_a_signal_is_told() {
    let bench = Bench::new();
    let (outcome, text) = bench.run(&job(1, &["kill -9 $$"])).await;
    assert_eq!(
        (outcome.exit_code, outcome.signal, outcome.failure_reason),
        (Some(137), Some(9), Some("script_failure"))
    );
    assert!(text.contains("ended by signal 9 (KILL)"), "{text}");
    let (outcome, text) = bench.run(&job(2, &["exit 3", "echo never"])).await;
    assert_eq!((outcome.exit_code, outcome.signal), (Some(3), None));
    assert!(text.contains("exit code 3") && !text.contains("\nnever"), "{text}");
}

#[tokio::test]
async fn a_script_that_kills_its_leader_fails_and_leaves_nobody() {
    let bench = Bench::new();
    let (outcome, text) = bench.run(&job(1, &["setsid sleep 1000 & echo pid=$!", "kill -9 $PPID; sleep 1000"])).await;
    assert_eq!(outcome.failure_reason, Some("runner_system_failure"), "{text}");
    assert!(pids(&text).iter().all(|pid| !is_alive(*pid)));
    // The next job gets a new leader.
    assert_eq!(bench.run(&job(2, &["true"])).await.0.state, JobState::Success);
}

#[tokio::test]
async fn a_job_may_delete_its_folders_and_fill_them() {
    let bench = Bench::new();
    let mut deleting =
        job(1, &["rm -rf \"$CI_PROJECT_DIR\" \"$TMPDIR\" \"${CI_BUILDS_DIR%/builds}/jobs/1\"", "echo gone"]);
    deleting.steps.push(step("after_script", &["echo after in $(pwd)"]));
    let (outcome, text) = bench.run(&deleting).await;
    assert!(outcome.state == JobState::Success && text.contains("\nafter in "), "{text}");
    let filling =
        ["mktemp -d", "mkdir -p $(mktemp -d)/a/b", "chmod 500 \"$TMPDIR\"/*/a || true", "mkdir -m 500 locked"];
    let (outcome, text) = bench.run(&job(2, &filling)).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
}

#[tokio::test]
async fn the_environment_is_the_jobs_and_not_the_runners() {
    let bench = Bench::new();
    let (_, text) = bench.run(&job(1, &["env | sort", "cat; echo stdin is empty"])).await;
    assert!(!text.contains("\nCARGO_MANIFEST_DIR=") && !text.contains("\nRUST_BACKTRACE="), "{text}");
    assert!(text.contains("\nCI_SERVER=yes\n") && text.contains("\nstdin is empty\n"), "{text}");
}

#[tokio::test]
async fn many_jobs_at_once_have_their_own_everything() {
    let bench = Bench::new();
    let screens: Vec<Screen> = (0..20).map(|_| Screen::default()).collect();
    let jobs: Vec<JobPayload> = (1..=20)
        .map(|id| {
            job(
                id,
                &[&format!("echo {id} > mine; setsid sleep 1000 & for i in $(seq 50); do echo line $i; done; cat *")],
            )
        })
        .collect();
    let control = Control::new();
    let runs = jobs.iter().zip(&screens).map(|(job, screen)| bench.runner.run(job, None, screen.sink(), &control));
    let outcomes = futures_util::future::join_all(runs).await;
    for ((outcome, screen), job) in outcomes.iter().zip(&screens).zip(&jobs) {
        let text = screen.text();
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains(&format!("\nline 50\n{}\n", job.id)), "{text}");
    }
    bench.assert_clean();
}

#[test]
fn everything_ends_at_once_when_the_runner_is_gone() {
    use std::{io::Write, process::Command, process::Stdio};

    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("output");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = fs::File::options().read(true).write(true).open(&fifo).unwrap();
    let mut leader =
        Command::new(common::HELPER).arg("leader").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let pids_file = dir.path().join("pids");
    let script = "trap '' TERM; setsid sleep 1000 & echo $! >> pids; echo $$ >> pids; while :; do sleep 1000; done";
    let path = std::env::var("PATH").unwrap();
    let command = format!(
        "{{\"Run\":{{\"argv\":[\"/bin/sh\",\"-c\",{script:?}],\"cwd\":{:?},\"env\":[[\"PATH\",{path:?}]],\"output\":{fifo:?},\
         \"umask\":18,\"last\":true,\"grace_ms\":60000}}}}\n",
        dir.path()
    );
    leader.stdin.as_mut().unwrap().write_all(command.as_bytes()).unwrap();
    let read = || fs::read_to_string(&pids_file).unwrap_or_default();
    common::wait_for("the script to start", || read().lines().count() == 2);
    // What the kernel does when the runner dies.
    drop(leader.stdin.take());
    let status = leader.wait().unwrap();
    assert!(status.success());
    let pids: Vec<i32> = read().lines().map(|line| line.parse().unwrap()).collect();
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
    drop(reader);
}

#[tokio::test]
async fn a_flood_does_not_keep_a_cancel_from_the_script() {
    let bench = Bench::new();
    let (screen, control) = (Screen::default(), Control::new());
    let job = job(1, &["yes"]);
    let run = bench.runner.run(&job, None, screen.sink(), &control);
    let cancel = async {
        until("some output", || screen.bytes().len() > 10 << 20).await;
        control.raise(Level::Cancel);
    };
    let (outcome, ()) =
        tokio::time::timeout(Duration::from_mins(1), async { tokio::join!(run, cancel) }).await.unwrap();
    assert_eq!(outcome.failure_reason, Some("job_canceled"));
    bench.assert_clean();
}
