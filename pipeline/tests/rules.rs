//! What rules make of jobs (contracts/ci-yaml.md, part 3), beyond the findings.

use model::plan::{AllowFailure, Plan, PlannedJob, Variable, When};
use pipeline::{Context, Outcome};

fn evaluate(text: &str, run: &[(&str, &str)]) -> Outcome {
    let mut context = Context::default();
    context.variables = run.iter().map(|(key, value)| Variable::new(*key, *value)).collect();
    context.predefined = vec![Variable::new("CI_COMMIT_BRANCH", "main")];
    pipeline::plan(text, &context)
}

fn plan(text: &str, run: &[(&str, &str)]) -> Plan {
    let outcome = evaluate(text, run);
    outcome.plan.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics))
}

fn job(text: &str, run: &[(&str, &str)]) -> PlannedJob {
    std::sync::Arc::unwrap_or_clone(plan(text, run).jobs.into_iter().find(|job| job.name == "a").unwrap())
}

#[test]
fn the_first_rule_that_applies_decides() {
    let text = "
a:
  script: x
  rules:
    - if: $MODE == 'manual'
      when: manual
    - if: $MODE == 'late'
      when: on_failure
      allow_failure: true
      variables: {SPEED: slow}
    - if: $MODE
";
    let manual = job(text, &[("MODE", "manual")]);
    assert_eq!((manual.when, manual.allow_failure), (When::Manual, AllowFailure::Bool(false)));
    let late = job(text, &[("MODE", "late")]);
    assert_eq!((late.when, late.allow_failure), (When::OnFailure, AllowFailure::Bool(true)));
    assert_eq!(late.variables, [Variable::new("SPEED", "slow")]);
    let other = job(text, &[("MODE", "other")]);
    assert_eq!((other.when, other.allow_failure), (When::OnSuccess, AllowFailure::Bool(false)));
}

#[test]
fn a_rule_without_when_takes_that_of_the_job() {
    let text = |rules: &str| format!("a:\n  script: x\n  when: manual\n{rules}");
    let with = job(&text("  rules: [{if: $CI_COMMIT_BRANCH}]\n"), &[]);
    assert_eq!((with.when, with.allow_failure), (When::Manual, AllowFailure::Bool(false)));
    let without = job(&text(""), &[]);
    assert_eq!((without.when, without.allow_failure), (When::Manual, AllowFailure::Bool(true)));
    let null = job(&text("  rules: null\n"), &[]);
    assert_eq!(null.allow_failure, AllowFailure::Bool(true));
}

#[test]
fn allow_failure_of_a_rule_switches_exit_codes_off() {
    let text = |rule: &str| format!("a:\n  script: x\n  allow_failure: {{exit_codes: 3}}\n  rules: [{rule}]\n");
    assert_eq!(job(&text("{when: always}"), &[]).allow_failure, AllowFailure::ExitCodes(vec![3]));
    assert_eq!(job(&text("{when: always, allow_failure: false}"), &[]).allow_failure, AllowFailure::Bool(false));
}

/// Variables of the run over those of the job over those of the workflow's rule over those of the
/// file over predefined ones.
#[test]
fn conditions_see_variables_by_precedence() {
    let text = "
workflow:
  rules:
    - when: always
      variables: {B: workflow, C: workflow}
variables: {A: file, B: file, CI_COMMIT_BRANCH: file}
a:
  script: x
  variables: {C: job, D: job}
  rules:
    - if: $A == 'file' && $B == 'workflow' && $C == 'job' && $D == 'run' && $CI_COMMIT_BRANCH == 'file' && $E == null
";
    let job = job(text, &[("D", "run")]);
    let values: Vec<_> = job.variables.iter().map(|v| format!("{}={}", v.key, v.value)).collect();
    assert_eq!(values, ["A=file", "B=workflow", "CI_COMMIT_BRANCH=file", "C=job", "D=job"]);
}

/// Of a rule over those of the instance over those of the job; conditions see those of the run first, which the server
/// lays over the plan's.
#[test]
fn variables_of_rules_and_instances_have_their_places() {
    let text = "
a:
  script: x
  variables: {RUN: job, RULE: job, MATRIX: job, JOB: job}
  parallel: {matrix: [{RUN: matrix, RULE: matrix, MATRIX: matrix}]}
  rules:
    - if: $RUN == 'run' && $RULE == 'matrix' && $MATRIX == 'matrix' && $JOB == 'job'
      variables: {RULE: rule}
";
    let mut values: Vec<_> = plan(text, &[("RUN", "run")]).jobs.remove(0).variables.clone();
    values.sort_by(|one, other| one.key.cmp(&other.key));
    let values: Vec<_> = values.iter().map(|one| format!("{}={}", one.key, one.value)).collect();
    assert_eq!(values, ["JOB=job", "MATRIX=matrix", "RULE=rule", "RUN=matrix"]);
}

/// Conditions never look inside a value.
#[test]
fn values_are_not_expanded() {
    let text = "variables: {A: $B, B: x}\na:\n  script: x\n  rules: [{if: \"$A == '$B'\"}]\n";
    assert_eq!(job(text, &[]).name, "a");
}

#[test]
fn needs_of_a_rule_replace_those_of_the_job() {
    let text = "
b: {script: x}
c: {script: x}
a:
  script: x
  needs: [b]
  rules:
    - if: $FAST
      needs: []
    - if: $OTHER
      needs: [{job: c, artifacts: false}]
    - when: on_success
";
    let needs = |run: &[(&str, &str)]| -> Vec<String> {
        job(text, run).needs.unwrap().into_iter().map(|need| format!("{} {}", need.job, need.artifacts)).collect()
    };
    assert_eq!(needs(&[]), ["b true"]);
    assert_eq!(needs(&[("FAST", "1")]), Vec::<String>::new());
    assert_eq!(needs(&[("OTHER", "1")]), ["c false"]);
}

#[test]
fn an_optional_need_that_rules_leave_out_is_gone() {
    let text = "
b:
  script: x
  rules: [{if: $B}]
a:
  script: x
  needs: [{job: b, optional: true}]
";
    assert_eq!(job(text, &[]).needs.map(|needs| needs.len()), Some(0));
    assert_eq!(job(text, &[("B", "1")]).needs.map(|needs| needs.len()), Some(1));
}

#[test]
fn says_why_a_job_is_left_out() {
    let text = "
a: {script: x}
b:
  script: x
  rules:
    - if: $CI_COMMIT_BRANCH == 'dev' || $DEPLOY
    - if: $CI_COMMIT_BRANCH =~ /^ma/
      when: never
";
    let plan = plan(text, &[]);
    assert_eq!(plan.excluded[0].reason, "rule 2 in line 7 says `when: never`");
    assert_eq!(
        plan.excluded[0].details,
        [
            "rule 1 in line 6: `$CI_COMMIT_BRANCH == \"dev\"` is false: $CI_COMMIT_BRANCH is \"main\"; `$DEPLOY` is false: $DEPLOY is not set",
            "rule 2 in line 7: `$CI_COMMIT_BRANCH =~ /^ma/` is true: $CI_COMMIT_BRANCH is \"main\"",
        ]
    );
}

#[test]
fn the_workflow_decides_whether_there_is_a_run() {
    let text = "workflow:\n  rules:\n    - if: $GO\na:\n  script: x\n";
    let no = evaluate(text, &[]);
    assert_eq!((no.valid, no.plan.is_some(), no.workflow_rules_pass), (true, false, Some(false)));
    let yes = evaluate(text, &[("GO", "1")]);
    assert_eq!((yes.valid, yes.plan.is_some(), yes.workflow_rules_pass), (true, true, Some(true)));
}

#[test]
fn rules_come_from_references_and_parents() {
    let text = "
.on-main:
  rules:
    - if: $CI_COMMIT_BRANCH == 'main'
.never: [{if: $STOP, when: never}]
a:
  script: x
  rules:
    - !reference [.never]
    - !reference [.on-main, rules]
b:
  extends: .on-main
  script: x
";
    assert_eq!(plan(text, &[]).jobs.len(), 2);
    assert_eq!(plan(text, &[("STOP", "1")]).jobs.len(), 1);
}

#[test]
fn jobs_without_rules_are_for_merge_requests_where_the_workflow_has_rules() {
    let jobs = |text: &str, source: &str| {
        let mut context = Context::default();
        context.predefined = vec![Variable::new("CI_PIPELINE_SOURCE", source)];
        let outcome = pipeline::plan(text, &context);
        let jobs = outcome.plan.map(|plan| plan.jobs).unwrap_or_default();
        jobs.into_iter().map(|job| job.name.clone()).collect::<Vec<_>>()
    };
    let own = "a: {script: x}\nb: {script: x, only: [merge_requests]}\nc: {script: x, only: [branches]}\n";
    assert_eq!(jobs(own, "merge_request_event"), ["b"]);
    assert_eq!(jobs(&format!("workflow: {{rules: [{{when: always}}]}}\n{own}"), "merge_request_event"), ["a", "b"]);
    assert_eq!(jobs("a: {script: x, only: [parent_pipelines]}\n", "parent_pipeline"), ["a"]);
}
