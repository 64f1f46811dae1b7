//! What jobs report and what follows from it: tests, variables for later jobs, coverage; with the real
//! server and runner.

mod support;

use model::Status;
use serde_json::json;
use support::{Server, job, statuses};

#[test]
fn junit_reports_are_counted_kept_and_shown_also_of_a_failed_job() {
    let server = Server::start(2);
    let definition = r#"unit:
  script:
    - echo '<testsuite name="cart"><testcase classname="Cart" name="adds" time="0.5"/><testcase name="rounds"><failure message="0.1 is not 0.3"/></testcase></testsuite>' > one.xml
    - echo '<testsuite><testcase name="x"><skipped/></testcase></testsuite>' > two.xml
    - exit 1
  artifacts: {reports: {junit: '*.xml'}}
broken:
  script: [echo '<testsuite><oops' > bad.xml]
  artifacts: {reports: {junit: bad.xml}}
"#;
    let view = server.run_to_end("tests", definition);
    let unit = job(&view, "unit");
    assert_eq!(unit.status, Status::Failed);
    let counts = unit.tests.unwrap_or_else(|| panic!("{}", server.trace(unit)));
    assert_eq!((counts.total, counts.success, counts.failed, counts.skipped), (3, 1, 1, 1));
    let report = server.get(&format!("/api/v4/projects/{}/pipelines/{}/test_report", unit.project_id, view.run.id));
    assert_eq!((&report["total_count"], &report["failed_count"]), (&json!(3), &json!(1)), "{report}");
    let suites = report["test_suites"].as_array().unwrap();
    let of = |name: &str| suites.iter().find(|suite| suite["name"] == name).unwrap();
    assert_eq!(of("unit")["test_cases"][1]["system_output"], "0.1 is not 0.3", "{report}");
    assert!(of("broken")["suite_error"].as_str().unwrap().contains("line 1"), "{report}");
    let summary =
        server.get(&format!("/api/v4/projects/{}/pipelines/{}/test_report_summary", unit.project_id, view.run.id));
    assert_eq!(summary["total"]["count"], 3, "{summary}");
    // The file itself stays.
    let kept = unit.artifacts.iter().find(|one| one.kind == "junit").unwrap();
    assert!(!server.text(&format!("/jobs/{}/artifacts/{}", unit.id, kept.filename)).is_empty());
}

#[test]
fn dotenv_variables_reach_those_who_need_the_job_and_beat_the_definition() {
    let server = Server::start(2);
    let definition = "stages: [one, two]
variables: {VERSION: none}
make:
  stage: one
  script: ['echo VERSION=1.2 > v.env', 'echo \"GREETING=hello world\" >> v.env']
  artifacts: {reports: {dotenv: v.env}}
stage: {stage: two, script: 'echo \"[$VERSION] [$GREETING]\"'}
needs: {stage: two, needs: [make], variables: {VERSION: own}, script: 'echo \"[$VERSION]\"'}
without: {stage: two, needs: [{job: make, artifacts: false}], script: 'echo \"[$VERSION]\"'}
none: {stage: two, dependencies: [], script: 'echo \"[$VERSION]\"'}
";
    let view = server.run_to_end("env", definition);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let log = |name: &str| server.trace(job(&view, name));
    assert!(log("stage").contains("[1.2] [hello world]"), "{}", log("stage"));
    assert!(log("needs").contains("[1.2]"), "{}", log("needs"));
    assert!(log("without").contains("[none]") && log("none").contains("[none]"), "{}", log("without"));
}

/// What the script left is wrong, not the runner: a retry of accidents does not run it again, and whoever asks why is
/// told which line it was.
#[test]
fn variables_that_are_none_fail_their_job_as_the_script_would() {
    let server = Server::start(2);
    let definition = "one:
  script: ['printf \"GOOD=1\\n2-x=y\\n\" > v.env']
  retry: {max: 2, when: [runner_system_failure, stuck_or_timeout_failure]}
  artifacts: {reports: {dotenv: v.env}}
large:
  script: ['head -c 3000000 /dev/urandom > big']
  artifacts: {paths: [big]}
";
    let mut server = server;
    server.stop();
    server.arguments = vec!["--artifacts-limit".to_owned(), "1MiB".to_owned()];
    server.start_again();
    let view = server.run_to_end("bad", definition);
    let (one, large) = (job(&view, "one"), job(&view, "large"));
    assert_eq!((one.status, one.attempt, one.exit_code), (Status::Failed, 1, None), "{}", server.trace(one));
    for failed in [one, large] {
        assert_eq!(failed.failure_reason, Some(model::FailureReason::ScriptFailure), "{}", failed.name);
    }
    assert!(server.trace(one).contains("the report dotenv is not valid: line 2"), "{}", server.trace(one));
    assert!(one.reason.to_string().contains("the report dotenv is not valid: line 2"), "{}", one.reason);
    assert!(large.reason.to_string().contains("the archive is larger than"), "{}", large.reason);
}

#[test]
fn coverage_comes_from_the_log_or_the_report() {
    let server = Server::start(2);
    let definition = r#"log:
  coverage: '/total: \d+\.\d+%/'
  script: ["echo 'total: 12.0%'", "echo 'total: 87.5%'"]
report:
  script: [echo '<coverage line-rate="0.5"/>' > c.xml]
  artifacts: {reports: {coverage_report: {coverage_format: cobertura, path: c.xml}}}
none: {script: 'true', coverage: '/never/'}
"#;
    let view = server.run_to_end("cover", definition);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let of = |name: &str| job(&view, name).coverage;
    assert_eq!((of("log"), of("report"), of("none")), (Some(87.5), Some(50.0), None));
    let project = view.run.project_id;
    let run = server.get(&format!("/api/v4/projects/{project}/pipelines/{}", view.run.id));
    assert_eq!(run["coverage"], "68.75", "{run}");
    assert_eq!(server.get(&format!("/api/v4/weir/jobs/{}", job(&view, "log").id))["coverage"], 87.5);
}
