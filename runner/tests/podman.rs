//! Jobs in containers of a real Podman. Where none works these tests say so and pass.

mod common;

use std::{fmt::Write as _, process::Stdio, time::Duration};

use common::{
    HELPER, Screen, children,
    coordinator::Coordinator,
    job, masked,
    podman::{Podman, here, left},
    signal, step, until,
};
use runner::{
    Control, JobOutcome, Level,
    local::LocalRunner,
    protocol::{
        Artifact, ArtifactsFile, Cache, Dependency, DockerOpts, ExecutorOpts, Image, JobPayload, JobState, RunnerInfo,
        Service, Variable,
    },
};

async fn run(podman: &Podman, job: &JobPayload) -> (JobOutcome, String) {
    let (outcome, text) = podman.bench.run(job).await;
    podman.assert_removed();
    (outcome, text.replace("\x1b[32;1m", "").replace("\x1b[0;m", ""))
}

fn service(image: &str, alias: &str, command: &[&str]) -> Service {
    Service {
        name: image.to_owned(),
        alias: alias.to_owned(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        pull_policy: vec!["never".to_owned()],
        ..Service::default()
    }
}

#[tokio::test]
async fn variables_arrive_as_they_are_and_secrets_stay_secret() {
    let Some(podman) = Podman::find() else { return };
    let script = [
        "test -z \"$WEIR_JOB_MARK\"",
        "for name in SPACES LINES QUOTED EMPTY; do eval \"echo \\\"<\\$$name>\\\"\"; done",
        "echo ${#LONG}; cat \"$FILE\"; echo $HIDDEN | tr a-z A-Z; echo \"of $HIDDEN\"",
        "echo $GIT_CONFIG_VALUE_0",
    ];
    let mut job = podman.job(1, &script);
    let values = [
        ("SPACES", " a  'b' \\n $$HOME #c "),
        ("LINES", "one\n'two'\n\"$$three\" `four`"),
        ("QUOTED", "\"in quotes\""),
        ("EMPTY", ""),
    ];
    job.variables = values.map(|(key, value)| Variable::plain(key, value)).into();
    job.variables.push(Variable::plain("LONG", "x".repeat(100_000)));
    job.variables.push(Variable { file: true, ..Variable::plain("FILE", "content of the file\n") });
    job.variables.push(masked("HIDDEN", "not-to-be-seen"));
    let (outcome, text) = run(&podman, &job).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    let want = "< a  'b' \\n $HOME #c >\n<one\n'two'\n\"$three\" `four`>\n<\"in quotes\">\n<>\n";
    assert!(text.contains(want) && text.contains("\n100000\ncontent of the file\nNOT-TO-BE-SEEN\n"), "{text}");
    assert!(text.contains("\nof [MASKED]\n") && !text.contains("not-to-be-seen"), "{text}");
    assert!(text.contains("\n*\n"), "{text}");
}

#[tokio::test]
async fn files_go_from_job_to_job_whoever_writes_them() {
    let Some(mut podman) = Podman::with_users() else { return };
    let user = podman.import(&["USER 1000:1000"]);
    let made =
        ["cat kept/* || true; id -u; mkdir -p out/deep kept; id -u > out/deep/by; id -u > kept/by; chmod 700 out"];
    for (id, image, by) in [(1, podman.image.clone(), "0"), (2, user, "1000")] {
        let mut job = JobPayload { image: Some(here(&image)), ..job(id, &made) };
        job.artifacts = vec![Artifact { paths: vec!["out".to_owned()], ..Artifact::default() }];
        job.cache = vec![Cache { key: by.to_owned(), paths: vec!["kept".to_owned()], ..Cache::default() }];
        let (outcome, text) = run(&podman, &job).await;
        assert!(outcome.state == JobState::Success && text.contains(&format!("\n{by}\n")), "{text}");
        let mut next = podman.job(id + 10, &["ls -ld out; cat out/deep/by kept/by"]);
        let filename = podman.bench.runner.files(id)[0].name.clone();
        let artifacts_file = ArtifactsFile { filename, ..ArtifactsFile::default() };
        next.dependencies = vec![Dependency { id, artifacts_file, ..Dependency::default() }];
        next.cache = job.cache.clone();
        let (outcome, text) = run(&podman, &next).await;
        assert!(outcome.state == JobState::Success && text.contains(&format!("\n{by}\n{by}\n")), "{text}");
    }
    let mut job = podman.job(5, &["id -u; id -g; touch mine"]);
    let docker = DockerOpts { user: "1234:55".to_owned(), ..DockerOpts::default() };
    job.image.as_mut().unwrap().executor_opts = Some(ExecutorOpts { docker: Some(docker) });
    let (outcome, text) = run(&podman, &job).await;
    assert!(outcome.state == JobState::Success && text.contains("\n1234\n55\n"), "{text}");
}

#[tokio::test]
async fn a_failure_is_the_scripts_and_what_is_said_keeps_its_order() {
    let Some(podman) = Podman::find() else { return };
    let mut failing = podman.job(1, &["for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done", "exit 3"]);
    failing.steps.push(step("after_script", &["echo after $CI_JOB_STATUS; rm -rf $TMPDIR || true"]));
    let (outcome, text) = run(&podman, &failing).await;
    assert_eq!((outcome.exit_code, outcome.failure_reason), (Some(3), Some("script_failure")), "{text}");
    let lines = (1..=5).fold(String::new(), |mut lines, i| {
        write!(lines, "out {i}\nerr {i}\n").unwrap();
        lines
    });
    assert!(text.contains(&lines) && text.contains("\nafter failed\n"), "{text}");
    assert!(!text.contains("WARNING"), "{text}");
    let (outcome, text) = run(&podman, &podman.job(2, &["rm -rf $TMPDIR/* $TMPDIR/.[a-z]*; kill -9 $$"])).await;
    assert_eq!((outcome.exit_code, outcome.failure_reason), (Some(137), Some("script_failure")), "{text}");
    let mut traced = podman.job(3, &["x=1; echo $x", "sleep 1000 & echo in the background"]);
    traced.variables = vec![Variable::plain("CI_DEBUG_TRACE", "true")];
    let (outcome, text) = run(&podman, &traced).await;
    assert!(outcome.state == JobState::Success && text.contains("+ x=1\n+ echo 1\n1\n"), "{text}");
}

#[tokio::test]
async fn all_of_a_large_log_arrives_in_order() {
    let Some(podman) = Podman::find() else { return };
    let (outcome, text) = run(&podman, &podman.job(1, &["seq 1000000 1999999"])).await;
    assert_eq!(outcome.state, JobState::Success);
    let numbers = text.lines().filter_map(|line| line.parse::<u32>().ok());
    assert!(numbers.eq(1_000_000..2_000_000), "{} bytes", text.len());
}

#[tokio::test]
async fn a_job_whose_entrypoint_does_not_run_the_script_is_no_success() {
    let Some(mut podman) = Podman::find() else { return };
    let talks = podman.import(&[r#"ENTRYPOINT ["/bin/echo", "instead"]"#]);
    let fails = podman.import(&[r#"ENTRYPOINT ["/bin/false"]"#]);
    let runs = podman.import(&[r#"ENTRYPOINT ["/bin/busybox"]"#]);
    for (id, (image, entrypoint, ran)) in (1..).zip([
        (&talks, None, false),
        (&fails, None, false),
        (&runs, None, true),
        (&talks, Some(""), true),
        (&fails, Some("/bin/busybox"), true),
        (&runs, Some("/no/such/program"), false),
    ]) {
        let entrypoint = entrypoint.map(str::to_owned).into_iter().collect();
        let image = Some(Image { entrypoint, ..here(image) });
        let (outcome, text) = run(&podman, &JobPayload { image, ..job(id, &["echo it ran"]) }).await;
        assert_eq!(outcome.state == JobState::Success, ran, "{text}");
        assert_eq!(text.contains("\nit ran\n"), ran, "{text}");
        assert_eq!(text.contains("without running the script"), !ran, "{text}");
    }
}

#[tokio::test]
async fn images_that_are_not_there_or_are_no_names_run_nothing() {
    let Some(podman) = Podman::find() else { return };
    let there = podman.image.clone();
    for (id, (image, policies, reason)) in (1..).zip([
        ("localhost/weir-test-no-such-image:1", vec!["never"], Some("image_pull_failure")),
        (&there, vec!["sometimes"], Some("runner_unsupported")),
        (&there, vec!["if-not-present"], None),
        (&there, vec!["never", "if-not-present"], None),
        ("--privileged", vec!["never"], Some("runner_unsupported")),
        ("-v/:/x", vec!["never"], Some("runner_unsupported")),
        ("$EMPTY", vec!["never"], Some("runner_unsupported")),
        ("a b", vec!["never"], Some("runner_unsupported")),
        ("a;id", vec!["never"], Some("image_pull_failure")),
        ("$(id)", vec!["never"], Some("image_pull_failure")),
        ("../../etc", vec!["never"], Some("image_pull_failure")),
    ]) {
        let pull_policy = policies.iter().map(|&one| one.to_owned()).collect();
        let image = Some(Image { pull_policy, ..here(image) });
        let (outcome, text) = run(&podman, &JobPayload { image, ..job(id, &["echo it ran"]) }).await;
        assert_eq!(outcome.failure_reason, reason, "{text}");
        assert_eq!(text.contains("\nit ran\n"), reason.is_none(), "{text}");
    }
}

#[tokio::test]
async fn services_are_found_by_their_names_once_they_listen() {
    let Some(mut podman) = Podman::with_networks() else { return };
    let exposed = podman.import(&["EXPOSE 8080/tcp", r#"CMD ["sh", "-c", "sleep 1; httpd -f -p 8080 -h $FOLDER"]"#]);
    let entry = podman.import(&["EXPOSE 8081/tcp", r#"ENTRYPOINT ["/bin/false"]"#]);
    let fetch = |from: &str| format!("wget -qO- http://{from}/page");
    let own = exposed.trim_end_matches(":1").replace('/', "-");
    let script = [fetch("web:8080"), fetch("www:8080"), fetch(&format!("{own}:8080")), fetch("other:8081")];
    let mut job = podman.job(1, &script.each_ref().map(String::as_str));
    job.variables = vec![Variable { public: true, ..Variable::plain("ROOT", "/") }];
    let mut web = service(&exposed, "web, www", &[]);
    web.variables = vec![Variable::plain("FOLDER", "${ROOT}www")];
    let mut other = service(&entry, "other", &["-f", "-p", "8081", "-h", "/www"]);
    other.entrypoint = ["/bin/busybox", "httpd"].map(str::to_owned).into();
    job.services = vec![web, other];
    let (outcome, text) = run(&podman, &job).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    assert_eq!(text.matches("\nserved\n").count(), 4, "{text}");
    assert!(!text.contains("WARNING") && !text.contains("rror"), "{text}");
}

#[tokio::test]
async fn a_service_that_ends_is_told_of_and_one_that_cannot_start_ends_the_job() {
    let Some(podman) = Podman::with_networks() else { return };
    let mut job = podman.job(1, &["echo it ran"]);
    job.services = vec![service(&podman.image, "", &["sh", "-c", "echo its last words; exit 3"])];
    let (outcome, text) = run(&podman, &job).await;
    assert!(outcome.state == JobState::Success && text.contains("\nits last words\n"), "{text}");
    job.services = vec![service(&podman.image, "", &["/no/such/program"])];
    let (outcome, text) = run(&podman, &job).await;
    assert_eq!(outcome.failure_reason, Some("runner_system_failure"), "{text}");
    assert!(text.contains("failed to start the service") && !text.contains("\nit ran\n"), "{text}");
    job.services = vec![service(&podman.image, "--privileged", &[])];
    let (outcome, text) = run(&podman, &job).await;
    assert_eq!(outcome.failure_reason, Some("runner_unsupported"), "{text}");
}

#[tokio::test]
async fn orders_and_timeouts_leave_no_container() {
    let Some(podman) = Podman::find() else { return };
    let mut job = podman.job(1, &["trap 'echo told; exit 1' TERM", "echo ready; while :; do sleep 0.1; done"]);
    job.steps.push(step("after_script", &["echo after: $CI_JOB_STATUS"]));
    for level in [Level::Cancel, Level::Stop, Level::Gone] {
        let (screen, control) = (Screen::default(), Control::new());
        let run = podman.bench.runner.run(&job, None, screen.sink(), &control);
        let order = async {
            until("the job to run", || screen.text().contains("\nready\n")).await;
            control.raise(level);
        };
        tokio::time::timeout(Duration::from_mins(1), async { tokio::join!(run, order) }).await.unwrap();
        let text = screen.text();
        assert_eq!(text.contains("\nafter: canceled\n"), level == Level::Cancel, "{text}");
        assert!(text.contains("\ntold\n") || level != Level::Cancel, "{text}");
        podman.bench.assert_clean();
        podman.assert_removed();
    }
    let mut late = podman.job(2, &["sleep 1000"]);
    late.runner_info = RunnerInfo { timeout: 1, ..RunnerInfo::default() };
    late.steps.push(step("after_script", &["echo after: $CI_JOB_STATUS"]));
    let (outcome, text) = run(&podman, &late).await;
    assert_eq!(outcome.failure_reason, Some("job_execution_timeout"), "{text}");
    assert!(text.contains("\nafter: failed\n"), "{text}");
}

#[tokio::test]
async fn services_go_on_for_after_script_and_a_deaf_script_does_not() {
    let Some(mut podman) = Podman::with_networks() else { return };
    let web = podman.import(&["EXPOSE 8080", r#"CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]"#]);
    // A cancel leaves it ten seconds, in which it counts.
    let mut job = podman.job(1, &["trap '' TERM", "echo ready; while :; do date >> ticks; sleep 0.1; done"]);
    job.services = vec![service(&web, "web", &[])];
    let after =
        ["wget -qO- http://web:8080/page", "wc -l < ticks > a; sleep 0.5; wc -l < ticks | cmp a - && echo still"];
    job.steps.push(step("after_script", &after));
    let (screen, control) = (Screen::default(), Control::new());
    let run = podman.bench.runner.run(&job, None, screen.sink(), &control);
    let order = async {
        until("the job to run", || screen.text().contains("\nready\n")).await;
        control.raise(Level::Cancel);
    };
    let (outcome, ()) = tokio::join!(run, order);
    let text = screen.text();
    assert_eq!(outcome.failure_reason, Some("job_canceled"), "{text}");
    assert!(text.contains("\nserved\n") && text.contains("\nstill\n"), "{text}");
    podman.bench.assert_clean();
    podman.assert_removed();
}

#[tokio::test]
async fn a_cancel_does_not_wait_for_a_service_that_never_listens() {
    let Some(mut podman) = Podman::with_networks() else { return };
    let silent = podman.import(&["EXPOSE 8080", r#"CMD ["sh", "-c", "echo its only words; sleep 1000"]"#]);
    let mut job = podman.job(1, &["echo it ran"]);
    job.services = vec![service(&silent, "", &[])];
    let (screen, control) = (Screen::default(), Control::new());
    let run = podman.bench.runner.run(&job, None, screen.sink(), &control);
    let order = async {
        // The addresses are noted by what waits.
        let hosts = podman.bench.dir.path().join("runner/jobs/1/hosts");
        until("the wait", || std::fs::read_to_string(&hosts).is_ok_and(|text| !text.is_empty())).await;
        control.raise(Level::Cancel);
    };
    let (outcome, ()) = tokio::join!(run, order);
    assert_eq!(outcome.failure_reason, Some("job_canceled"), "{}", screen.text());
    assert!(!screen.text().contains("\nit ran\n"), "{}", screen.text());
    podman.bench.assert_clean();
    podman.assert_removed();
}

#[tokio::test]
async fn jobs_at_the_same_time_do_not_meet() {
    let Some(podman) = Podman::find() else { return };
    let jobs = [1, 2].map(|id| podman.job(id, &["ls; echo $CI_JOB > mine; cat mine", "echo ready; sleep 1000"]));
    let jobs = jobs.map(|mut job| {
        job.variables = vec![Variable::plain("CI_JOB", format!("job {}", job.id))];
        job
    });
    let screens = [Screen::default(), Screen::default()];
    let controls = [Control::new(), Control::new()];
    let runs = [0, 1].map(|i| podman.bench.runner.run(&jobs[i], None, screens[i].sink(), &controls[i]));
    let [one, two] = runs;
    let order = async {
        until("both to run", || screens.iter().all(|screen| screen.text().contains("\nready\n"))).await;
        controls[0].raise(Level::Cancel);
        until("one to end", || screens[0].text().contains("Job canceled")).await;
        assert!(!left(&podman.bench.dir.path().join("runner")).is_empty(), "the other goes on");
        controls[1].raise(Level::Cancel);
    };
    tokio::join!(one, two, order);
    for (i, screen) in screens.iter().enumerate() {
        assert!(screen.text().contains(&format!("\njob {}\n", i + 1)), "{}", screen.text());
    }
    podman.bench.assert_clean();
    podman.assert_removed();
}

#[tokio::test]
async fn containers_that_outlive_runner_and_leader_are_removed_by_the_next_runner() {
    let Some(mut podman) = Podman::with_networks() else { return };
    let deaf = podman.import(&[r#"CMD ["sleep", "1000"]"#]);
    let dir = podman.bench.dir.path().to_owned();
    // Another folder than the bench's, whose lock is taken.
    let (socket, folder) = (dir.join("socket"), dir.join("other"));
    let server = Coordinator::default();
    let _serving = server.serve(&socket);
    let process = || {
        let mut command = tokio::process::Command::new(HELPER);
        command.arg("runner").args([&socket, &folder]).args(["1", "podman"]);
        command.stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap()
    };
    let mut first = process();
    let mut job = podman.job(1, &["echo ready; sleep 1000"]);
    job.services = vec![service(&deaf, "", &[])];
    server.queue(job);
    until("the job to run", || server.text(1).contains("\nready\n")).await;
    // The leader cannot clean up.
    let leaders = children(first.id().unwrap());
    for leader in &leaders {
        signal(*leader, rustix::process::Signal::STOP);
    }
    first.kill().await.unwrap();
    for leader in &leaders {
        signal(*leader, rustix::process::Signal::KILL);
    }
    assert_ne!(left(&folder), "");
    let mut second = process();
    until("the job to be reported", || server.done(1)).await;
    assert_eq!(server.seen(1).updates.last().unwrap().failure_reason, "runner_system_failure");
    assert_eq!(left(&folder), "");
    second.kill().await.unwrap();
}

#[tokio::test]
async fn containers_of_a_killed_local_runner_are_removed_by_its_folder() {
    let Some(podman) = Podman::find() else { return };
    let other = podman.bench.dir.path().join("killed");
    drop(LocalRunner::new(&other).unwrap());
    podman.bench.runner.remove_left(&other).await.unwrap();
    podman.detach(&other);
    assert_ne!(left(&other), "");
    podman.bench.runner.remove_left(&other).await.unwrap();
    assert_eq!(left(&other), "");
}
