//! Jobs that start child runs, with the real server and runner: from the repository and from an
//! artifact, waited for and not, canceled, retried, deleted, and what cannot be made.

mod support;

use model::view::RunView;
use model::{FailureReason, JobKind, Reason, RunId, Source, Status};
use serde_json::json;
use support::{Server, job, repository, statuses};

/// The run that a job started, once it is at rest.
fn child(server: &Server, view: &RunView, bridge: &str) -> RunView {
    let child = job(view, bridge).child.unwrap_or_else(|| panic!("{bridge} started no run: {:?}", statuses(view)));
    server.ended(child)
}

#[test]
fn a_child_runs_with_the_variables_of_its_job_and_the_job_ends_with_it() {
    let server = Server::start(2);
    let definition = "stages: [one, two]
variables: {GLOBAL: everywhere}
static:
  stage: one
  variables: {WHO: the $GLOBAL}
  trigger: {include: ci/child.yml, strategy: depend}
after: {stage: two, script: 'true'}
";
    let of_child = "unit:
  script: ['echo \"[$WHO] [$GLOBAL] [$GIVEN] [$CI_PIPELINE_SOURCE] [$CI_UPSTREAM_PIPELINE_ID]\"']
  rules: [{if: '$CI_PIPELINE_SOURCE == \"parent_pipeline\"'}]
";
    let repository = repository(&[(".gitlab-ci.yml", definition), ("ci/child.yml", of_child)]);
    server.project("me/shop", repository.path(), "shop");
    let body = json!({ "variables": { "GIVEN": "not handed on" } });
    let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &body);
    assert_eq!(status, 202, "{answer}");
    let run = RunId(answer["runId"].as_i64().unwrap());
    let view = server.ended(run);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let bridge = job(&view, "static");
    assert_eq!((bridge.kind, bridge.runner.as_deref()), (JobKind::Bridge, None));
    let child = child(&server, &view, "static");
    assert_eq!(bridge.reason, Reason::ChildEnded { run: child.run.id, status: Status::Success });
    assert!(bridge.finished_at <= job(&view, "after").started_at, "what comes after waits for the child");
    let parent = child.run.parent.unwrap();
    assert_eq!((parent.run, parent.job, child.run.source), (run, bridge.id, Source::ParentPipeline));
    let log = server.trace(job(&child, "unit"));
    assert!(log.contains(&format!("[the everywhere] [everywhere] [] [parent_pipeline] [{run}]")), "{log}");
    // Lists show what people and scripts started; the child is found by its job.
    let listed = server.get("/api/v4/projects/me%2Fshop/pipelines");
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let listed = server.get("/api/v4/projects/me%2Fshop/pipelines?source=parent_pipeline");
    assert_eq!(listed[0]["id"], child.run.id.0, "{listed}");
    let bridges = server.get(&format!("/api/v4/projects/me%2Fshop/pipelines/{run}/bridges"));
    assert_eq!(bridges[0]["downstream_pipeline"]["id"], child.run.id.0, "{bridges}");
    let jobs = server.get(&format!("/api/v4/projects/me%2Fshop/pipelines/{run}/jobs"));
    assert_eq!(jobs.as_array().unwrap().len(), 1, "{jobs}");
}

#[test]
fn a_definition_that_a_job_writes_is_run_and_not_waited_for() {
    let server = Server::start(2);
    let gate = server.data.join("gate");
    let script = format!("until test -e {}; do sleep 0.02; done", gate.display());
    server.pipeline(
        "dynamic",
        &format!(
            "stages: [one, two, three]
gen:
  stage: one
  script: \"printf 'made: {{script: [\\\"%s\\\"]}}' '{script}' > out.yml\"
  artifacts: {{paths: [out.yml]}}
start: {{stage: two, trigger: {{include: [{{artifact: out.yml, job: gen}}]}}}}
last: {{stage: three, script: 'true'}}
"
        ),
    );
    let run = server.run("dynamic");
    let view = server.ended(run);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let id = job(&view, "start").child.unwrap();
    assert_eq!(job(&view, "start").reason, Reason::ChildMade { run: id });
    assert!(!server.view(id).run.status.is_complete(), "nobody waits for the child");
    std::fs::write(gate, "").unwrap();
    assert_eq!(server.ended(id).run.status, Status::Success);
}

#[test]
fn a_retry_in_a_failed_child_reopens_what_failed_above_it() {
    let server = Server::start(2);
    let mark = server.data.join("mark");
    let child = format!("stages: [test]\nflaky: {{script: 'test -e {}'}}\n", mark.display());
    let definition = "stages: [one, two]
below: {stage: one, trigger: {include: child.yml, strategy: mirror}}
after: {stage: two, script: 'true'}
";
    let repository = repository(&[(".gitlab-ci.yml", definition), ("child.yml", &child)]);
    server.project("me/shop", repository.path(), "shop");
    let run = server.run("shop");
    let view = server.ended(run);
    assert_eq!((job(&view, "below").status, job(&view, "after").status), (Status::Failed, Status::Skipped));
    let below = job(&view, "below").child.unwrap();
    let why = server.get(&format!("/api/v4/weir/runs/{run}/why")).to_string();
    assert!(why.contains("flaky") && why.contains("exit code 1"), "{why}");
    std::fs::write(mark, "").unwrap();
    let failed = job(&server.view(below), "flaky").id;
    let (status, answer) = server.send("POST", &format!("/api/v4/weir/jobs/{failed}/retry"), &json!({}));
    assert_eq!(status, 201, "{answer}");
    // The answer comes with all that it means: the run above is under way again.
    let view = server.view(run);
    assert!(job(&view, "below").attempt == 2 && job(&view, "below").child == Some(below), "{:?}", statuses(&view));
    let view = server.until(run, "the run above goes well", |view| view.run.status == Status::Success);
    assert_eq!((job(&view, "below").status, job(&view, "after").status), (Status::Success, Status::Success));
    assert_eq!(server.view(below).run.parent.unwrap().job, job(&view, "below").id);
}

#[test]
fn canceling_and_deleting_reach_the_children() {
    let server = Server::start(2);
    let definition =
        "waited: {trigger: {include: child.yml, strategy: depend}}\nfree: {trigger: {include: child.yml}}\n";
    let repository = repository(&[(".gitlab-ci.yml", definition), ("child.yml", "long: {script: 'sleep 600'}\n")]);
    server.project("me/shop", repository.path(), "shop");
    let run = server.run("shop");
    let view = server.until(run, "both children are made", |view| view.jobs.iter().all(|job| job.child.is_some()));
    let children = [job(&view, "waited").child.unwrap(), job(&view, "free").child.unwrap()];
    server.until(children[0], "it runs", |view| job(view, "long").status == Status::Running);
    let (status, answer) = server.send("POST", &format!("/api/v4/weir/runs/{run}/cancel"), &json!({}));
    assert_eq!(status, 200, "{answer}");
    for below in children {
        assert_eq!(server.ended(below).run.status, Status::Canceled);
    }
    let view = server.ended(run);
    assert_eq!((view.run.status, job(&view, "waited").status), (Status::Canceled, Status::Canceled));
    let (status, answer) = server.send("DELETE", &format!("/api/v4/weir/runs/{run}"), &json!({}));
    assert_eq!(status, 204, "{answer}");
    let left = server.get("/api/v4/weir/runs");
    assert_eq!(left.as_array().unwrap().len(), 0, "{left}");
    let left = server.get("/api/v4/weir/runs?source=parent_pipeline");
    assert_eq!(left.as_array().unwrap().len(), 0, "{left}");
}

#[test]
fn a_child_that_cannot_be_made_fails_its_job_and_says_why() {
    let server = Server::start(2);
    let definition = "stages: [one, two]
missing: {stage: one, trigger: {include: none.yml}}
broken: {stage: one, trigger: {include: broken.yml}, allow_failure: true}
deep: {stage: one, trigger: {include: deep.yml, strategy: depend}}
after: {stage: two, script: 'true'}
";
    let files = [
        (".gitlab-ci.yml", definition),
        ("broken.yml", "x: {scirpt: 'true'}\n"),
        ("deep.yml", "deeper: {trigger: {include: deeper.yml, strategy: depend}}\n"),
        ("deeper.yml", "deepest: {trigger: {include: broken.yml}}\n"),
    ];
    let repository = repository(&files);
    server.project("me/shop", repository.path(), "shop");
    let run = server.run("shop");
    let view = server.ended(run);
    let failure = |view: &RunView, name: &str| match &job(view, name).reason {
        Reason::Failed { failure, detail, .. } => (*failure, detail.clone().unwrap_or_default()),
        other => panic!("{name}: {other:?}"),
    };
    let (why, detail) = failure(&view, "missing");
    assert!(why == FailureReason::DownstreamPipelineCreationFailed && detail.contains("none.yml"), "{detail}");
    assert_eq!(detail, "there is no file `none.yml` to include");
    let (_, detail) = failure(&view, "broken");
    assert!(detail.contains("broken.yml:1") && detail.contains("scirpt"), "{detail}");
    assert!(job(&view, "broken").allow_failure);
    assert_eq!(job(&view, "after").status, Status::Skipped);
    let deep = child(&server, &view, "deep");
    let deeper = child(&server, &deep, "deeper");
    let (why, _) = failure(&deeper, "deepest");
    assert_eq!(why, FailureReason::ReachedMaxDescendantPipelinesDepth);
    assert_eq!(job(&view, "deep").status, Status::Failed);
}

#[test]
fn a_child_fetches_artifacts_of_the_run_above_and_outlives_a_power_cut() {
    let mut server = Server::start(2);
    let definition = "stages: [one, two]
make: {stage: one, script: 'echo above > made.txt', artifacts: {paths: [made.txt]}}
start:
  stage: two
  variables: {PARENT_PIPELINE_ID: $CI_PIPELINE_ID}
  trigger: {include: child.yml, strategy: depend}
";
    let child_text = "use:
  needs: [{pipeline: $PARENT_PIPELINE_ID, job: make}]
  script: cat made.txt
";
    let repository = repository(&[(".gitlab-ci.yml", definition), ("child.yml", child_text)]);
    server.project("me/shop", repository.path(), "shop");
    let run = server.run("shop");
    server.kill();
    server.start_again();
    let view = server.ended(run);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let below = child(&server, &view, "start");
    let log = server.trace(job(&below, "use"));
    assert!(log.contains("above"), "{log}");
}

#[test]
fn dotenv_variables_reach_the_child_and_what_it_needs_of_the_run_above() {
    let server = Server::start(2);
    let definition = "stages: [one, two]
gen:
  stage: one
  parallel: {matrix: [{PART: [p, q]}]}
  script: ['echo TAG=t-$PART > v.env', 'echo $PART > $PART.txt']
  artifacts: {paths: ['*.txt'], reports: {dotenv: v.env}}
start:
  stage: two
  variables: {PARENT: $CI_PIPELINE_ID, PASSED: \"p-$TAG\"}
  environment: {name: review/x, url: 'http://127.0.0.1:1/$TAG'}
  trigger: {include: child.yml, strategy: depend}
";
    let child_text = "use:
  needs: [{pipeline: $PARENT, job: gen}]
  script: ['cat p.txt q.txt', 'echo \"[$PASSED] [$TAG]\"']
";
    let repository = repository(&[(".gitlab-ci.yml", definition), ("child.yml", child_text)]);
    server.project("me/shop", repository.path(), "shop");
    let view = server.ended(server.run("shop"));
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let below = child(&server, &view, "start");
    let log = server.trace(job(&below, "use"));
    assert!(log.contains("[p-t-q] [t-q]") && log.contains("p\nq"), "{log}");
    let environments = server.get("/api/v4/projects/me%2Fshop/environments");
    assert_eq!(environments[0]["external_url"], "http://127.0.0.1:1/t-q", "{environments}");
}

#[test]
fn a_child_that_needs_what_is_not_above_it_is_not_made() {
    let server = Server::start(1);
    let definition = "stages: [one, two]
make: {stage: one, script: 'true'}
nojob: {stage: two, variables: {P: $CI_PIPELINE_ID}, trigger: {include: nojob.yml}}
norun: {stage: two, trigger: {include: norun.yml}}
";
    let files = [
        (".gitlab-ci.yml", definition),
        ("nojob.yml", "a: {script: x, needs: [{pipeline: $P, job: nope}]}\n"),
        ("norun.yml", "a: {script: x, needs: [{pipeline: $NOPE, job: make}]}\nb: {scirpt: x}\n"),
    ];
    let repository = repository(&files);
    server.project("me/shop", repository.path(), "shop");
    let view = server.ended(server.run("shop"));
    let detail = |name: &str| job(&view, name).reason.to_string();
    assert!(detail("nojob").contains("'nope'"), "{}", detail("nojob"));
    assert!(detail("norun").contains("norun.yml:2") && detail("norun").contains("scirpt"), "{}", detail("norun"));
}

#[test]
fn a_newer_commit_ends_of_a_child_what_may_be_interrupted() {
    let server = Server::start(4);
    let definition = |policy: &str| {
        format!(
            "workflow: {{auto_cancel: {{on_new_commit: {policy}}}}}
below: {{trigger: {{include: child.yml, strategy: depend}}, interruptible: true}}
"
        )
    };
    let child_text = "may: {script: 'sleep 600', interruptible: true}\nmay-not: {script: 'sleep 600'}\n";
    let repository = repository(&[(".gitlab-ci.yml", &definition("interruptible")), ("child.yml", child_text)]);
    server.project("me/shop", repository.path(), "shop");
    let old = server.run("shop");
    let view = server.until(old, "the child is made", |view| job(view, "below").child.is_some());
    let below = job(&view, "below").child.unwrap();
    server.until(below, "both run", |view| view.jobs.iter().all(|job| job.status == Status::Running));
    std::fs::write(repository.path().join(".gitlab-ci.yml"), "now: {script: 'true'}\n").unwrap();
    support::git(repository.path(), &["commit", "-qam", "newer"]);
    server.ended(server.run("shop"));
    let view = server.until(below, "what may be is", |view| job(view, "may").status == Status::Canceled);
    assert_eq!(job(&view, "may-not").status, Status::Running);
    assert_eq!(job(&server.view(old), "below").status, Status::Running);
    server.send("POST", &format!("/api/v4/weir/runs/{old}/cancel"), &json!({}));
    server.ended(old);
}

#[test]
fn a_childs_definition_may_be_among_what_the_instances_of_a_job_left() {
    let server = Server::start(2);
    let made = "echo 'from: {script: echo $WHO}' > child-$CI_NODE_INDEX.yml";
    let view = server.run_to_end(
        "dynamic",
        &format!(
            "make: {{stage: build, parallel: 2, script: \"{made}\", artifacts: {{paths: ['child-*.yml']}}}}\n\
             go:\n  variables: {{WHO: $CI_JOB_NAME of $CI_JOB_STAGE}}\n\
             \x20 trigger: {{include: [{{artifact: child-2.yml, job: make}}], strategy: depend}}\n"
        ),
    );
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let child = child(&server, &view, "go");
    assert!(server.trace(job(&child, "from")).contains("go of test"));
}
