//! The runner against a coordinator that is away, slow, wrong, or changes its mind.

mod common;

use std::{path::PathBuf, process::Stdio, time::Duration};

use common::{
    HELPER, children,
    coordinator::{Coordinator, Trouble},
    is_alive, job, leader, marked, signal, step, until,
};
use runner::{
    Endpoint,
    protocol::{Artifact, ArtifactsFile, Cache, Dependency, Features, JobPayload, JobState, Variable},
    supervisor::{RunnerConfig, RunnerError, Stop, run},
};
use tokio::{sync::watch, task::JoinHandle};

struct Fixture {
    dir: tempfile::TempDir,
    server: Coordinator,
    serving: JoinHandle<()>,
    stop: watch::Sender<Stop>,
    runner: Option<JoinHandle<Result<(), RunnerError>>>,
}

impl Fixture {
    fn server() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Coordinator::default();
        let serving = server.serve(&dir.path().join("socket"));
        Self { dir, server, serving, stop: watch::Sender::default(), runner: None }
    }

    fn new(concurrent: usize) -> Self {
        let mut fixture = Self::server();
        let endpoint = Endpoint::Unix(fixture.socket());
        let mut config = RunnerConfig::new(endpoint, "glrt-test".into(), fixture.runner_dir());
        config.leader = leader();
        config.concurrent = concurrent;
        fixture.runner = Some(tokio::spawn(run(config, fixture.stop.subscribe())));
        fixture
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    fn runner_dir(&self) -> PathBuf {
        self.dir.path().join("runner")
    }

    async fn done(&self, id: i64) -> runner::protocol::UpdateRequest {
        until("the job to be reported", || self.server.done(id)).await;
        self.server.seen(id).updates.last().unwrap().clone()
    }

    /// Lets the runner end; nothing may be left.
    async fn end(mut self) {
        self.stop.send_replace(Stop::Drain);
        self.runner.take().unwrap().await.unwrap().unwrap();
        for folder in ["jobs", "builds"] {
            let left: Vec<_> = std::fs::read_dir(self.runner_dir().join(folder)).unwrap().collect();
            assert!(left.is_empty(), "{left:?}");
        }
        assert!(marked(&self.runner_dir()).is_empty());
    }
}

fn live(mut job: JobPayload) -> JobPayload {
    job.features = Features { weir_job_watch: true, trace_sections: true, ..Features::default() };
    job
}

#[tokio::test]
async fn jobs_are_taken_run_and_reported() {
    let fixture = Fixture::new(2);
    for id in 1..=10 {
        fixture.server.queue(live(job(id, &[&format!("echo job {id}"), "exit $((CI_JOB_TIMEOUT - 3600))"])));
    }
    fixture.server.queue(live(job(11, &["exit 7"])));
    for id in 1..=10 {
        let update = fixture.done(id).await;
        assert_eq!((update.state, update.exit_code), (JobState::Success, None));
        assert!(fixture.server.text(id).contains(&format!("\njob {id}\n")));
    }
    let update = fixture.done(11).await;
    assert_eq!((update.state, update.exit_code), (JobState::Failed, Some(7)));
    assert_eq!(update.failure_reason, "script_failure");
    fixture.end().await;
}

#[tokio::test]
async fn a_long_log_survives_every_kind_of_refusal() {
    let fixture = Fixture::new(1);
    fixture.server.inner().trouble =
        Trouble { patches: [500, 0, 503, 0, 429, 416].into(), updates: [500, 412, 202].into(), forget_at: Some(6) };
    fixture.server.queue(live(job(1, &["seq 300000"])));
    let update = fixture.done(1).await;
    assert_eq!(update.state, JobState::Success);
    let text = fixture.server.text(1);
    let lines: Vec<&str> = text.lines().filter(|line| line.bytes().all(|b| b.is_ascii_digit())).collect();
    assert!(lines.iter().enumerate().all(|(n, line)| *line == (n + 1).to_string()) && lines.len() == 300_000);
    fixture.end().await;
}

#[tokio::test]
async fn jobs_go_on_while_the_server_is_away() {
    let fixture = Fixture::new(4);
    for id in 1..=4 {
        let lines = "for i in $(seq 100); do echo line $i; test $i -ne 50 || until [ -e ../../go ]; do sleep 0.01; done; \
                     done; echo out > out.txt";
        fixture.server.queue(live(job(id, &[lines])));
    }
    until("all to run", || (1..=4).all(|id| fixture.server.text(id).contains("line 1\n"))).await;
    fixture.serving.abort();
    std::fs::remove_file(fixture.socket()).unwrap();
    // They go on and end without anybody listening.
    std::fs::write(fixture.runner_dir().join("go"), "").unwrap();
    until("all to have ended", || {
        (1..=4).all(|id| {
            std::fs::read_to_string(fixture.runner_dir().join(format!("jobs/{id}/trace")))
                .is_ok_and(|text| text.contains("Job succeeded"))
        })
    })
    .await;
    let again = fixture.server.serve(&fixture.socket());
    for id in 1..=4 {
        assert_eq!(fixture.done(id).await.state, JobState::Success);
        let text = fixture.server.text(id);
        assert!((1..=100).all(|n| text.matches(&format!("line {n}\n")).count() == 1), "{text}");
    }
    fixture.end().await;
    again.abort();
}

#[tokio::test]
async fn a_cancel_is_learnt_from_the_watch_and_ends_gracefully() {
    let fixture = Fixture::new(1);
    let mut waiting = live(job(1, &["echo ready", "sleep 1000"]));
    waiting.steps.push(step("after_script", &["echo status=$CI_JOB_STATUS"]));
    fixture.server.queue(waiting);
    until("the job to run", || fixture.server.text(1).contains("\nready\n")).await;
    fixture.server.inner().seen.get_mut(&1).unwrap().status = "canceling";
    let update = fixture.done(1).await;
    assert_eq!((update.state, update.failure_reason.as_str()), (JobState::Failed, "unknown_failure"));
    assert!(fixture.server.text(1).contains("\nstatus=canceled\n"));
    fixture.end().await;
}

#[tokio::test]
async fn a_job_that_is_no_longer_ours_is_killed_without_a_word() {
    let fixture = Fixture::new(1);
    let hiding = "trap '' TERM; echo pid=$$; while :; do sleep 1000; done";
    fixture.server.queue(live(job(1, &[hiding])));
    until("the job to run", || fixture.server.text(1).contains("\npid=")).await;
    let text = fixture.server.text(1);
    let pid = text.lines().find_map(|line| line.strip_prefix("pid=")).unwrap().parse().unwrap();
    fixture.server.inner().seen.get_mut(&1).unwrap().status = "canceled";
    until("the script to end", || !is_alive(pid)).await;
    fixture.server.queue(live(job(2, &["true"])));
    fixture.done(2).await;
    assert!(fixture.server.seen(1).updates.is_empty());
    fixture.end().await;
}

#[tokio::test]
async fn a_trace_that_is_forbidden_kills_the_job() {
    let fixture = Fixture::new(1);
    fixture.server.inner().trouble.patches = [403].into();
    fixture.server.queue(live(job(1, &["echo x; sleep 1000"])));
    fixture.server.queue(live(job(2, &["true"])));
    fixture.done(2).await;
    assert!(fixture.server.seen(1).updates.is_empty());
    fixture.end().await;
}

#[tokio::test]
async fn artifacts_go_from_job_to_job() {
    let fixture = Fixture::new(1);
    let artifact = |paths: &[&str]| Artifact {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        artifact_type: "archive".to_owned(),
        artifact_format: "zip".to_owned(),
        ..Artifact::default()
    };
    let mut build = live(job(1, &["mkdir out", "head -c 3000000 /dev/urandom > out/blob", "cksum out/blob"]));
    build.artifacts = vec![artifact(&["out/", "missing"])];
    let mut test = live(job(2, &["cksum out/blob"]));
    test.dependencies = vec![Dependency {
        id: 1,
        name: "build".to_owned(),
        token: "glcbt-x".into(),
        artifacts_file: ArtifactsFile { filename: "artifacts.zip".to_owned(), size: 1 },
    }];
    let mut empty = live(job(3, &["true"]));
    empty.artifacts = vec![artifact(&["nothing"])];
    let mut lost = live(job(4, &["true"]));
    lost.dependencies = vec![Dependency { id: 99, ..test.dependencies[0].clone() }];
    for job in [build, test, empty, lost] {
        fixture.server.queue(job);
    }
    assert_eq!(fixture.done(2).await.state, JobState::Success, "{}", fixture.server.text(2));
    let sum = |id| fixture.server.text(id).lines().find(|line| line.ends_with(" 3000000 out/blob")).unwrap().to_owned();
    assert_eq!(sum(1), sum(2));
    assert!(fixture.server.text(1).contains("WARNING: missing: no matching files"));
    assert_eq!(fixture.done(3).await.state, JobState::Success);
    assert!(fixture.server.seen(3).artifacts.is_empty());
    assert_eq!(fixture.done(4).await.failure_reason, "runner_system_failure");
    assert!(fixture.server.text(1).contains("section_start:") && fixture.server.text(1).contains(":upload_artifacts"));
    fixture.end().await;
}

#[tokio::test]
async fn draining_waits_for_running_jobs_and_a_second_word_ends_them() {
    let fixture = Fixture::new(2);
    fixture.server.queue(live(job(1, &["echo ready; while ! [ -e ../../go ]; do sleep 0.01; done"])));
    fixture.server.queue(live(job(2, &["echo ready; trap '' TERM; while :; do sleep 1000; done"])));
    until("both to run", || (1..=2).all(|id| fixture.server.text(id).contains("\nready\n"))).await;
    fixture.stop.send_replace(Stop::Drain);
    std::fs::write(fixture.runner_dir().join("go"), "").unwrap();
    assert_eq!(fixture.done(1).await.state, JobState::Success);
    fixture.server.queue(live(job(3, &["true"])));
    fixture.stop.send_replace(Stop::Now);
    assert_eq!(fixture.done(2).await.failure_reason, "runner_system_failure");
    let mut fixture = fixture;
    fixture.runner.take().unwrap().await.unwrap().unwrap();
    assert!(!fixture.server.done(3) && marked(&fixture.runner_dir()).is_empty());
}

#[tokio::test]
async fn a_killed_runner_leaves_nobody_and_the_next_one_reports_its_jobs() {
    let fixture = Fixture::server();
    let mut first = process(&fixture, "");
    fixture.server.queue(live(job(
        1,
        &["trap '' TERM; setsid sleep 1000 & echo pid=$!; echo pid=$$; while :; do sleep 1000; done"],
    )));
    fixture.server.queue(live(job(2, &["echo pid=$$; sleep 1000"])));
    until("both to run", || (1..=2).all(|id| fixture.server.text(id).contains("pid="))).await;
    until("the second pid", || fixture.server.text(1).matches("pid=").count() >= 2 + 2).await;
    first.kill().await.unwrap();
    until("nobody to be left", || marked(&fixture.runner_dir()).is_empty()).await;
    let mut second = process(&fixture, "");
    for id in 1..=2 {
        let update = fixture.done(id).await;
        assert_eq!((update.state, update.failure_reason.as_str()), (JobState::Failed, "runner_system_failure"));
        assert!(fixture.server.text(id).contains("the runner was killed while it ran the job"));
    }
    fixture.server.queue(live(job(3, &["true"])));
    fixture.done(3).await;
    // And it goes when it is asked to.
    signal(i32::try_from(second.id().unwrap()).unwrap(), rustix::process::Signal::TERM);
    let status = tokio::time::timeout(Duration::from_mins(1), second.wait()).await.unwrap().unwrap();
    assert!(status.success());
}

/// A runner as a process of its own, started by a shell that may prepare things.
fn process(fixture: &Fixture, prepare: &str) -> tokio::process::Child {
    tokio::process::Command::new("sh")
        .args(["-c", &format!("{prepare} exec \"$0\" runner \"$@\""), HELPER])
        .args([fixture.socket().as_os_str(), fixture.runner_dir().as_os_str(), "2".as_ref()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_outlives_runner_and_leaders_is_ended_by_the_next_runner() {
    let fixture = Fixture::server();
    let mut first = process(&fixture, "");
    let script = "trap '' TERM; setsid sleep 1000 & echo pid=$!; while :; do sleep 1000; done";
    fixture.server.queue(live(job(1, &[script])));
    until("the job to run", || fixture.server.text(1).contains("\npid=")).await;
    // The leaders cannot clean up.
    let leaders = children(first.id().unwrap());
    for leader in &leaders {
        signal(*leader, rustix::process::Signal::STOP);
    }
    first.kill().await.unwrap();
    for leader in &leaders {
        signal(*leader, rustix::process::Signal::KILL);
    }
    assert!(!marked(&fixture.runner_dir()).is_empty());
    let _second = process(&fixture, "");
    assert_eq!(fixture.done(1).await.failure_reason, "runner_system_failure");
    assert!(marked(&fixture.runner_dir()).is_empty());
}

#[tokio::test]
async fn a_result_is_not_lost_with_the_runner_that_waited_for_the_server() {
    let fixture = Fixture::server();
    let mut first = process(&fixture, "");
    fixture.server.queue(live(job(1, &["echo ready; while ! [ -e ../../go ]; do sleep 0.01; done; exit 7"])));
    until("the job to run", || fixture.server.text(1).contains("\nready\n")).await;
    fixture.serving.abort();
    std::fs::remove_file(fixture.socket()).unwrap();
    std::fs::write(fixture.runner_dir().join("go"), "").unwrap();
    until("the result to be kept", || fixture.runner_dir().join("jobs/1/outcome.json").exists()).await;
    first.kill().await.unwrap();
    let again = fixture.server.serve(&fixture.socket());
    let _second = process(&fixture, "");
    let update = fixture.done(1).await;
    assert_eq!((update.exit_code, update.failure_reason.as_str()), (Some(7), "script_failure"));
    assert!(!fixture.server.text(1).contains("killed"));
    again.abort();
}

#[tokio::test]
async fn a_log_that_cannot_be_stored_fails_the_job_with_a_reason() {
    let fixture = Fixture::server();
    // A file of this runner can be 100 blocks long, as if the disk were full then.
    let mut runner = process(&fixture, "trap '' XFSZ; ulimit -f 100;");
    fixture.server.queue(live(job(1, &["echo pid=$$; while :; do echo and so on and so on; done"])));
    let update = fixture.done(1).await;
    assert_eq!(update.failure_reason, "runner_system_failure");
    let text = fixture.server.text(1);
    assert!(text.contains("system failure): failed to keep the log: File too large"), "{}", &text[text.len() - 300..]);
    assert!(text.len() < 1 << 20 && marked(&fixture.runner_dir()).is_empty());
    // A job that needs no space is none the worse for it.
    fixture.server.queue(live(job(2, &["true"])));
    assert_eq!(fixture.done(2).await.state, JobState::Success);
    // Nor can a folder be made where a file is.
    let builds = fixture.runner_dir().join("builds");
    until("the job's folders to be removed", || std::fs::remove_dir(&builds).is_ok()).await;
    std::fs::write(&builds, "").unwrap();
    fixture.server.queue(live(job(3, &["true"])));
    assert_eq!(fixture.done(3).await.failure_reason, "runner_system_failure");
    assert!(fixture.server.text(3).contains("failed to make the job's folder"), "{}", fixture.server.text(3));
    runner.kill().await.unwrap();
}

#[tokio::test]
async fn a_folder_belongs_to_one_runner() {
    let fixture = Fixture::new(1);
    until("the runner to be there", || fixture.runner_dir().join("runner.pid").exists()).await;
    let status = process(&fixture, "").wait().await.unwrap();
    assert!(!status.success());
    fixture.end().await;
}

#[tokio::test]
async fn a_server_elsewhere_is_reached_over_tcp() {
    let mut fixture = Fixture::server();
    let address = fixture.server.serve_tcp().await;
    let endpoint = Endpoint::Http(format!("http://{address}/"));
    let mut config = RunnerConfig::new(endpoint, "glrt-test".into(), fixture.runner_dir());
    config.leader = leader();
    fixture.runner = Some(tokio::spawn(run(config, fixture.stop.subscribe())));
    // This job comes from a server that cannot be watched and wants its log every three seconds.
    fixture.server.queue(job(1, &["echo over tcp"]));
    assert_eq!(fixture.done(1).await.state, JobState::Success);
    assert!(fixture.server.text(1).contains("\nover tcp\n"));
    fixture.end().await;
}

#[tokio::test]
async fn caches_serve_jobs_of_a_server_and_a_traced_log_is_announced() {
    let fixture = Fixture::new(1);
    let keeping = |id, script: &str| {
        let paths = vec!["kept".to_owned()];
        let cache = Cache { key: "k".to_owned(), policy: "pull-push".to_owned(), paths, ..Cache::default() };
        JobPayload { cache: vec![cache], ..live(job(id, &[script])) }
    };
    fixture.server.queue(keeping(1, "echo here > kept"));
    let mut second = keeping(2, "cat kept");
    second.variables = vec![Variable::plain("CI_DEBUG_TRACE", "true")];
    fixture.server.queue(second);
    assert_eq!(fixture.done(2).await.state, JobState::Success, "{}", fixture.server.text(2));
    for (id, sections) in [(1, ["restore_cache", "archive_cache"]), (2, ["restore_cache", "archive_cache"])] {
        let text = fixture.server.text(id);
        for section in sections {
            assert_eq!(text.matches(&format!(":{section}\r")).count(), 2, "{text}");
        }
    }
    assert!(fixture.server.text(2).contains("\nhere\n"));
    assert!(!fixture.server.seen(1).debug && fixture.server.seen(2).debug);
    fixture.end().await;
}
