//! What the keywords mean (contracts/ci-yaml.md, parts 1, 4 and 6), beyond the shared cases.

use model::FailureReason;
use model::plan::{AllowFailure, FormVariable, Plan, PlannedJob, Retry, When};
use pipeline::{Context, lint};

fn plan(text: &str) -> Plan {
    let outcome = pipeline::plan(text, &Context::default());
    outcome.plan.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics))
}

fn job(text: &str, name: &str) -> PlannedJob {
    std::sync::Arc::unwrap_or_clone(plan(text).jobs.into_iter().find(|job| job.name == name).unwrap())
}

fn variables(job: &PlannedJob) -> Vec<String> {
    job.variables.iter().map(|v| format!("{}={}", v.key, v.value)).collect()
}

#[test]
fn default_is_copied_whole_into_jobs_that_lack_the_key() {
    let text = "
default:
  before_script: [p, q]
  after_script: [r]
  retry: {max: 2, when: script_failure}
  timeout: 1h
  artifacts: {paths: [x], when: always}
a: {script: s}
b:
  script: s
  before_script: []
  after_script: null
  retry: {max: 1}
  timeout: 2h
  artifacts: {paths: [y]}
";
    let a = job(text, "a");
    assert_eq!(
        (a.before_script, a.after_script, a.timeout),
        (vec!["p".into(), "q".into()], vec!["r".into()], Some(3600))
    );
    assert_eq!(a.retry, Retry { max: 2, when: vec![FailureReason::ScriptFailure], exit_codes: Vec::new() });
    assert_eq!(a.artifacts.map(|artifacts| (artifacts.paths, artifacts.when)), Some((vec!["x".into()], When::Always)));
    let b = job(text, "b");
    assert_eq!((b.before_script, b.after_script, b.timeout), (Vec::new(), vec!["r".into()], Some(7200)));
    assert_eq!(b.retry, Retry { max: 1, ..Retry::default() });
    assert_eq!(
        b.artifacts.map(|artifacts| (artifacts.paths, artifacts.when)),
        Some((vec!["y".into()], When::OnSuccess))
    );
}

#[test]
fn extends_merges_maps_and_replaces_the_rest() {
    let text = "
.one:
  stage: build
  script: [1]
  variables: {A: one, B: one}
  retry: 2
.two:
  script: ['2']
  variables: {B: two, C: two}
.one-fixed: {extends: .one, script: ['1']}
a:
  extends: [.one-fixed, .two]
  variables: {C: own}
  retry: null
visible: {script: v, timeout: 1m}
b: {extends: visible}
";
    let a = job(text, "a");
    assert_eq!((a.stage.as_str(), a.script.clone(), a.retry.max), ("build", vec!["2".to_owned()], 0));
    assert_eq!(variables(&a), ["A=one", "B=two", "C=own"]);
    assert_eq!(job(text, "b").timeout, Some(60));
}

#[test]
fn extends_goes_eleven_levels_deep() {
    let chain = |parents: usize| {
        let jobs: String = (0..parents).fold(String::new(), |all, i| all + &format!("j{i}:\n  extends: j{}\n", i + 1));
        jobs + &format!("j{parents}: {{script: x}}\n")
    };
    assert_eq!(plan(&chain(11)).jobs.len(), 12);
    assert!(pipeline::plan(&chain(12), &Context::default()).plan.is_none());
}

#[test]
fn stages_have_edges_and_an_order() {
    let text = "stages: [b, .post, a, [b, [c]], .pre]\njob: {stage: c, script: x}\n";
    assert_eq!(plan(text).stages, [".pre", "b", "a", "c", ".post"]);
    assert_eq!(plan("job: {script: x}\n").stages, [".pre", "build", "test", "deploy", ".post"]);
}

#[test]
fn scripts_are_flattened() {
    let text =
        "job:\n  script: [a, [b, [c, [[[[[[[[d]]]]]]]]]]]\n  before_script: ''\n  after_script: |\n    e\n    f\n";
    let job = job(text, "job");
    assert_eq!(
        (job.script, job.before_script),
        (vec!["a".into(), "b".into(), "c".into(), "d".into()], Vec::<String>::new())
    );
    assert_eq!(job.after_script, ["e\nf\n"]);
}

#[test]
fn variables_become_strings() {
    let text = "
variables:
  NUMBER: 12
  FLOAT: 1.5
  BOOL: True
  NOTHING:
  LONG: {value: 3, description: what, options: [3, '4']}
  RAW: {value: $X, expand: false}
  ONLY: {description: alone}
job: {script: x, variables: {NUMBER: 13, OWN: ''}}
";
    let plan = plan(text);
    assert_eq!(
        variables(&plan.jobs[0]),
        ["NUMBER=13", "FLOAT=1.5", "BOOL=true", "NOTHING=", "LONG=3", "RAW=$X", "ONLY=", "OWN="]
    );
    assert!(plan.jobs[0].variables.iter().all(|variable| variable.raw == (variable.key == "RAW")));
    assert_eq!(
        plan.variables[4],
        FormVariable {
            key: "LONG".into(),
            value: "3".into(),
            description: Some("what".into()),
            options: vec!["3".into(), "4".into()]
        }
    );
}

#[test]
fn allow_failure_has_three_forms_and_a_default() {
    let text = "
a: {script: x}
b: {script: x, when: manual}
c: {script: x, when: manual, allow_failure: false}
d: {script: x, allow_failure: {exit_codes: 3}}
e: {script: x, allow_failure: {exit_codes: [3, 4]}}
";
    let allowed: Vec<_> = plan(text).jobs.into_iter().map(|job| job.allow_failure.clone()).collect();
    let codes = |codes: &[i32]| AllowFailure::ExitCodes(codes.to_vec());
    assert_eq!(
        allowed,
        [AllowFailure::Bool(false), AllowFailure::Bool(true), AllowFailure::Bool(false), codes(&[3]), codes(&[3, 4])]
    );
    let outcome = pipeline::plan(text, &Context::default());
    let document = serde_json::to_value(lint::Document::new(&outcome)).unwrap();
    assert_eq!(document["jobs"][3]["allow_failure"], serde_json::json!({"exit_codes": 3}));
    assert_eq!(document["jobs"][4]["allow_failure"], serde_json::json!({"exit_codes": [3, 4]}));
}

#[test]
fn retry_conditions_are_alternatives() {
    let text = |retry: &str| format!("a:\n  script: x\n  retry: {{max: 2, {retry}}}\n");
    let retry = |conditions: &str| job(&text(conditions), "a").retry;
    assert_eq!(retry("exit_codes: [1, 2]").exit_codes, [1, 2]);
    assert_eq!(retry("when: always, exit_codes: 1"), Retry { max: 2, ..Retry::default() });
    assert_eq!(retry("when: no_updates_running").when, [FailureReason::StuckOrTimeoutFailure]);
}

#[test]
fn a_job_that_never_runs_is_excluded_with_its_reason() {
    let text = "a: {script: x}\nb:\n  script: x\n  when: never\nc:\n  script: x\n  needs: [{job: b, optional: true}]\n";
    let plan = plan(text);
    assert_eq!(plan.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!((plan.excluded[0].name.as_str(), plan.excluded[0].reason.as_str()), ("b", "`when: never` in line 4"));
    assert_eq!(plan.jobs[1].needs.as_ref().map(Vec::len), Some(0));
}

#[test]
fn the_lint_document_tells_findings_with_their_places() {
    let outcome = pipeline::plan("job:\n  scirpt: x\n", &Context::new("ci/main.yml"));
    let document = serde_json::to_value(lint::Document::new(&outcome)).unwrap();
    assert_eq!(
        document,
        serde_json::json!({
            "status": "invalid",
            "errors": [{
                "message": "`scirpt` is not a keyword in a job", "file": "ci/main.yml", "line": 2, "column": 3,
                "hint": "did you mean `script`?", "link": "docs/language.md#keywords-of-a-job"
            }],
            "warnings": [], "pipeline_created": false, "workflow_rules_pass": null,
            "stages": [".pre", "build", "test", "deploy", ".post"], "global_variables": {}, "jobs": []
        })
    );
}

#[test]
fn a_valid_definition_without_a_run_is_no_error_of_the_definition() {
    let outcome = pipeline::plan("job: {script: x, when: never}\n", &Context::default());
    let document = serde_json::to_value(lint::Document::new(&outcome)).unwrap();
    assert_eq!((&document["status"], &document["pipeline_created"]), (&"ok".into(), &false.into()));
    assert_eq!(document["warnings"][0]["message"], "no run can be made: every job is left out");
    assert_eq!(document["jobs"][0]["in_pipeline"], false);
    assert_eq!(document["jobs"][0]["when"], "never");
}

/// Editors of other systems write a byte-order mark and CRLF.
#[test]
fn other_line_ends_and_a_byte_order_mark() {
    let outcome =
        pipeline::plan("\u{feff}job:\r\n  script: |\r\n    a\r\n    b\r\n  retri: 1\r\n", &Context::default());
    let found = &outcome.diagnostics[0];
    assert_eq!((found.span.line, found.span.column, found.source_line.as_str()), (5, 3, "  retri: 1"));
    let planned = plan("\u{feff}job:\r\n  script: |\r\n    a\r\n    b\r\n");
    assert_eq!((planned.jobs[0].name.as_str(), planned.jobs[0].script.clone()), ("job", vec!["a\nb\n".to_owned()]));
}

/// Parents first, references then, defaults last: each step sees what the ones before it made.
#[test]
fn the_order_of_evaluation() {
    let text = "
.parent: {variables: {A: parent}, script: [!reference [.lines, script]], tags: [t]}
.lines: {script: [one, two]}
default: {before_script: !reference [.lines, script]}
child: {extends: .parent, variables: {B: child}}
other:
  script: x
  variables: !reference [child, variables]
  tags: !reference [child, tags]
";
    let child = job(text, "child");
    assert_eq!(
        (child.script, child.before_script),
        (vec!["one".into(), "two".into()], vec!["one".into(), "two".into()])
    );
    let other = job(text, "other");
    assert_eq!((variables(&other), other.tags), (vec!["A=parent".into(), "B=child".into()], vec!["t".into()]));
}
