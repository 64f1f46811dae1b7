//! Jobs that ask for a container, with a program in the place of the engine: it notes what it is asked
//! to do, and runs scripts on this machine.

mod common;

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use common::{Bench, Screen, job, step, until};
use runner::{
    Containers, Control, Level,
    protocol::{Artifact, Image, JobPayload, JobState, Service, Variable},
};

/// Knows the images that are in the file `images`; pulls all whose names do not begin with `missing`.
const ENGINE: &str = r#"#!/bin/bash
here=$(dirname "$0")
printf '%s\n' "${*//$'\n'/ }" >> "$here/asked"
for last; do :; done
case "$1 $2" in
    "version "*) ! [ -e "$here/down" ] ;;
    "image inspect") grep -qx "$last" "$here/images" 2>/dev/null ;;
    "pull "*) case $last in missing*) echo "no such image"; exit 1 ;; *) echo "$last" >> "$here/images" ;; esac ;;
    "network ls") ! [ -e "$here/network" ] || echo net1 ;;
    "network create") touch "$here/network" ;;
    "network rm") rm "$here/network" ;;
    "ps "*) cat "$here/running" 2>/dev/null || : ;;
    "rm "*) rm "$here/running" ;;
    "kill "*) ;;
    "inspect "*) case $3 in *State.Running*) echo true ;; esac ;;
    "run --detach")
        sleep 1000 >/dev/null 2>&1 & echo $! > "$here/service.pid"
        echo "service1" >> "$here/running"; echo service1 ;;
    "run --rm")
        while [ "$1" != --env-file ]; do shift; done
        while IFS= read -r line; do export "$line"; done < "$2"
        exec "${@: -6}" ;;
    *) exit 9 ;;
esac
"#;

struct Engine {
    bench: Bench,
    folder: PathBuf,
}

impl Engine {
    fn new() -> Self {
        let mut bench = Bench::new();
        let folder = bench.dir.path().join("engine");
        fs::create_dir(&folder).unwrap();
        let program = folder.join("docker");
        fs::write(&program, ENGINE).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        bench.runner.use_containers(Containers::Use(Some(program)));
        Self { bench, folder }
    }

    /// What it was asked to do, in short.
    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("asked")).unwrap_or_default();
        text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    }

    fn assert_removed(&self) {
        for left in ["running", "network"] {
            assert!(!self.folder.join(left).exists(), "{left}");
        }
    }
}

fn in_image(id: i64, image: &str, script: &[&str]) -> JobPayload {
    let image = Some(Image { name: image.to_owned(), ..Image::default() });
    JobPayload { image, ..job(id, script) }
}

#[tokio::test]
async fn a_script_gets_the_jobs_variables_and_folders_and_leaves_artifacts() {
    let engine = Engine::new();
    let script = "echo \"$SINGLE|$SEVERAL|$CI_JOB_IMAGE|$CI_DISPOSABLE_ENVIRONMENT|$CI_SHARED_ENVIRONMENT|\"; \
        cat \"$FILE\"; pwd; echo made > made; test -w \"$TMPDIR\"; exit 3";
    let mut job = in_image(1, "ruby:$V", &[script]);
    job.steps.push(step("after_script", &["echo after: $CI_JOB_STATUS $(cat made)"]));
    job.services = vec![Service { name: "redis:7".to_owned(), ..Service::default() }];
    let file = Variable { file: true, ..Variable::plain("FILE", "content of the file\n") };
    let several = [("V", "3"), ("SINGLE", "one 'line'"), ("SEVERAL", "two\nlines")];
    job.variables = several.map(|(key, value)| Variable::plain(key, value)).into();
    job.variables.push(file);
    job.artifacts = vec![Artifact { paths: vec!["made".to_owned()], when: "always".to_owned(), ..Artifact::default() }];
    let (outcome, text) = engine.bench.run(&job).await;
    assert_eq!(outcome.exit_code, Some(3), "{text}");
    assert!(text.contains("\none 'line'|two\nlines|ruby:3|true||\ncontent of the file\n/"), "{text}");
    assert!(text.contains("builds/1\n") && text.contains("\nafter: failed made\n"), "{text}");
    assert!(text.contains("Using image ruby:3") && text.contains("Starting service redis:7"), "{text}");
    assert_eq!(engine.bench.runner.files(1).len(), 1);
    let want = [
        "version",
        "pull --quiet",
        "version",
        "pull --quiet",
        "network create",
        "run --detach",
        "run --rm",
        "run --rm",
        "ps --all",
        "kill service1",
        "rm --force",
        "ps --all",
        "network ls",
        "network rm",
    ];
    let asked: Vec<_> = engine.asked().into_iter().filter(|one| !one.contains("inspect")).collect();
    assert_eq!(asked, want);
    engine.assert_removed();
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_a_reason_of_its_own() {
    let engine = Engine::new();
    fs::write(engine.folder.join("images"), "missing-but-here\n").unwrap();
    let policy = |policies: &[&str]| policies.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    for (id, (image, policies, reason)) in (1..).zip([
        ("missing", policy(&[]), Some("image_pull_failure")),
        ("missing-but-here", policy(&[]), None),
        ("missing-but-here", policy(&["always"]), Some("image_pull_failure")),
        ("missing-but-here", policy(&["never"]), None),
        ("new", policy(&["never"]), Some("image_pull_failure")),
        ("new", policy(&["never", "if-not-present"]), None),
    ]) {
        let mut job = in_image(id, image, &["echo ran"]);
        job.image.as_mut().unwrap().pull_policy = policies;
        let (outcome, text) = engine.bench.run(&job).await;
        assert_eq!(outcome.failure_reason, reason, "{text}");
        assert_eq!(text.contains("\nran\n"), reason.is_none(), "{text}");
        if reason.is_some() {
            assert!(text.contains(&format!("failed to get the image {image}")), "{text}");
        }
    }
    fs::write(engine.folder.join("down"), "").unwrap();
    let (outcome, text) = engine.bench.run(&in_image(9, "new", &["echo never"])).await;
    assert_eq!(outcome.failure_reason, Some("runner_system_failure"));
    assert!(text.contains("the container engine does not answer"), "{text}");
}

#[tokio::test]
async fn what_a_runner_does_not_do_it_refuses_or_tells() {
    let mut bench = Bench::new();
    for (id, (containers, reason, line)) in (1..).zip([
        (Containers::default(), Some("runner_unsupported"), "jobs in containers are switched off here"),
        (Containers::Use(Some("no-such-engine".into())), Some("runner_unsupported"), "neither docker nor podman"),
        (Containers::Ignore, None, "WARNING: the job asks for an image"),
    ]) {
        bench.runner.use_containers(containers);
        let (outcome, text) = bench.run(&in_image(id, "ruby", &["echo ran"])).await;
        assert_eq!(outcome.failure_reason, reason, "{text}");
        assert_eq!(outcome.state == JobState::Success, reason.is_none());
        assert!(text.contains(line) && text.contains("\nran\n") == reason.is_none(), "{text}");
    }
}

#[tokio::test]
async fn a_cancelled_job_leaves_no_container() {
    let engine = Engine::new();
    let mut job = in_image(1, "ruby", &["echo ready; sleep 1000"]);
    job.services = vec![Service { name: "redis".to_owned(), ..Service::default() }];
    let service = format!("kill -0 $(cat {}/service.pid) && echo the service goes on", engine.folder.display());
    job.steps.push(step("after_script", &["echo after: $CI_JOB_STATUS", &service]));
    for level in [Level::Cancel, Level::Stop, Level::Gone] {
        let (screen, control) = (Screen::default(), Control::new());
        let run = engine.bench.runner.run(&job, None, screen.sink(), &control);
        let order = async {
            until("the job to run", || screen.text().contains("\nready\n")).await;
            control.raise(level);
        };
        let both = async { tokio::join!(run, order) };
        tokio::time::timeout(Duration::from_mins(1), both).await.unwrap();
        assert_eq!(screen.text().contains("\nafter: canceled\n"), level == Level::Cancel, "{}", screen.text());
        assert_eq!(screen.text().contains("\nthe service goes on\n"), level == Level::Cancel, "{}", screen.text());
        engine.bench.assert_clean();
        engine.assert_removed();
    }
}
