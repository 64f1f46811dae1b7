//! What files of public repositories hold that was once answered otherwise than on GitLab, each with the answer that it
//! gets now.

use model::plan::{AllowFailure, Variable};
use pipeline::{Context, Outcome};

fn evaluate(text: &str, run: &[(&str, &str)]) -> Outcome {
    let mut context = Context::default();
    context.variables = run.iter().map(|(key, value)| Variable::new(*key, *value)).collect();
    context.predefined =
        [("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_REF_NAME", "main"), ("CI_PROJECT_PATH", "group/project")]
            .map(|(key, value)| Variable::new(key, value))
            .to_vec();
    pipeline::plan(text, &context)
}

/// The findings, as `line: message`.
fn found(text: &str, run: &[(&str, &str)]) -> Vec<String> {
    let findings = evaluate(text, run).diagnostics;
    findings.iter().map(|one| format!("{}: {}", one.span.line, one.message)).collect()
}

/// The jobs that are in the run.
fn jobs(text: &str, run: &[(&str, &str)]) -> Vec<String> {
    let outcome = evaluate(text, run);
    assert!(outcome.valid, "{text}: {:?}", outcome.diagnostics);
    outcome.plan.map(|plan| plan.jobs.iter().map(|job| job.name.clone()).collect()).unwrap_or_default()
}

/// Whether a job with these lines is in the run of a branch.
fn is_in(lines: &str, branch: &str) -> bool {
    let text = format!("a: {{script: x, {lines}}}\nz: {{script: x}}\n");
    jobs(&text, &[("CI_COMMIT_BRANCH", branch), ("CI_COMMIT_REF_NAME", branch)]).contains(&"a".to_owned())
}

#[test]
fn the_last_slash_ends_a_pattern_of_only() {
    for (refs, branch, wanted) in [
        ("only: [/^feature/.*$/]", "feature/x", true),
        ("only: [/^feature/.*$/]", "feature", false),
        ("only: [/^FEATURE/.*$/i]", "feature/x", true),
        (r"only: [/^feature\/x/]", "feature/x", true),
        ("except: [/^feature/.*$/]", "feature/x", false),
        ("only: [/x/]", "fox", true),
        ("only: [//]", "whatever", true),
    ] {
        assert_eq!(is_in(refs, branch), wanted, "{refs} {branch}");
    }
}

#[test]
fn what_is_no_pattern_in_only_is_a_name() {
    for name in ["/ab", "/ab/c"] {
        let text = format!("a:\n  script: x\n  except: [{name}]\n");
        assert_eq!(jobs(&text, &[]), ["a"], "{name}");
        assert_eq!(
            found(&text, &[]),
            [format!("3: `{name}` is taken as the name of a ref, and none begins with a slash")]
        );
    }
}

#[test]
fn the_last_slash_ends_the_pattern_of_a_variable() {
    let text = |pattern: &str| {
        format!(
            "variables: {{P: {pattern}}}\na: {{script: x, rules: [{{if: $CI_COMMIT_REF_NAME =~ $P}}]}}\nz: {{script: x}}\n"
        )
    };
    for (pattern, wanted) in [("/^rel/.+/", true), ("/L/i", true), ("/^rel/$/", false)] {
        let found = jobs(&text(pattern), &[("CI_COMMIT_REF_NAME", "rel/1")]);
        assert_eq!(found.contains(&"a".to_owned()), wanted, "{pattern}");
    }
}

#[test]
fn a_pattern_of_only_may_be_for_a_project() {
    for (refs, wanted) in [
        ("only: [/^ma.*/@group/project]", true),
        ("only: [/^ma.*/@other/project]", false),
        ("only: [/^qa.*/@group/project]", false),
        ("only: [//@group/project]", true),
        ("only: [branches@group/project]", true),
        ("only: [tags@group/project]", false),
    ] {
        assert_eq!(is_in(refs, "main"), wanted, "{refs}");
    }
    let text = "a:\n  script: x\n  only: [/^v@2/]\nz: {script: x}\n";
    let outcome = evaluate(text, &[]);
    assert_eq!(
        outcome.diagnostics[0].hint.as_deref(),
        Some("what follows the first `@` is the project that it is for")
    );
}

#[test]
fn lengths_of_time_are_read_as_on_gitlab() {
    let text = |length: &str| format!("a:\n  script: x\n  timeout: {length}\n");
    let timeout = |length: &str| evaluate(&text(length), &[]).plan.unwrap().jobs[0].timeout;
    assert_eq!(timeout("one week"), Some(604_800));
    assert_eq!(timeout("'01:30:00'"), Some(5_400));
    assert_eq!((timeout("1h30"), found(&text("1 hour"), &[])), (Some(3_630), Vec::new()));
    assert_eq!(found(&text("1h30"), &[]), ["3: `1h30` is 3630 seconds: give each number its unit"]);
    let refused = evaluate(&text("a week"), &[]).diagnostics;
    assert_eq!(refused[0].message, "`a week` is not a length of time");
    assert!(refused[0].hint.as_ref().unwrap().starts_with("`a` means nothing there; "));
}

#[test]
fn what_is_merged_replaces_keys_that_stand_before_it() {
    let text = "\
.a: &a {script: merged, tags: [t]}
b: {script: own, <<: *a}
c: {<<: *a, script: own}
d: {script: first, <<: *a, script: last}
";
    let plan = evaluate(text, &[]).plan.unwrap();
    let scripts: Vec<_> = plan.jobs.iter().map(|job| job.script[0].as_str()).collect();
    assert_eq!(scripts, ["merged", "own", "last"]);
    let before = |line: u32| format!("{line}: `script` stands before `<<`, which replaces it");
    assert_eq!(found(text, &[]), [before(2), before(4)]);
}

#[test]
fn only_and_except_name_sources_in_the_singular_too() {
    for (words, source) in [
        (["schedule", "schedules"], "schedule"),
        (["push", "pushes"], "push"),
        (["trigger", "triggers"], "trigger"),
        (["api", "apis"], "api"),
        (["web", "webs"], "web"),
        (["pipeline", "pipelines"], "pipeline"),
        (["parent_pipeline", "parent_pipelines"], "parent_pipeline"),
        (["merge_request", "merge_requests"], "merge_request_event"),
        (["external_pull_request", "external_pull_requests"], "external_pull_request_event"),
    ] {
        for word in words {
            let text = format!(
                "a: {{script: x, only: [{word}]}}\nb: {{script: x, only: [{word}, branches], except: [{word}]}}\nz: {{script: x, rules: [{{when: always}}]}}\n"
            );
            assert_eq!(jobs(&text, &[("CI_PIPELINE_SOURCE", source)]), ["a", "z"], "{word} {source}");
            assert_eq!(jobs(&text, &[("CI_PIPELINE_SOURCE", "other")]), ["b", "z"], "{word} other");
        }
    }
}

/// The word of a source may also be the name of a branch.
#[test]
fn a_branch_may_have_the_name_of_a_source() {
    assert!(is_in("only: [web]", "web"));
}

#[test]
fn an_empty_list_of_paths_takes_away_what_is_extended() {
    let text = "\
.a: {script: x, artifacts: {paths: [out], exclude: [tmp], reports: {junit: r.xml}}}
b: {extends: .a, artifacts: {paths: [], exclude: []}}
c: {script: x, artifacts: {paths: []}}
";
    assert_eq!(found(text, &[]), [""; 0]);
    let plan = evaluate(text, &[]).plan.unwrap();
    let artifacts = plan.jobs[0].artifacts.as_ref().unwrap();
    assert_eq!((artifacts.paths.len(), artifacts.exclude.len(), artifacts.reports.len()), (0, 0, 1));
    assert_eq!(plan.jobs[1].artifacts, None);
}

#[test]
fn what_is_empty_is_not_given() {
    let text = "\
a:
  extends: []
  script: x
  resource_group: ''
  environment: {name: production, url: \"\"}
  rules: [{if: null, changes: , exists: , when: manual}]
";
    assert_eq!(found(text, &[]), [""; 0]);
    let plan = evaluate(text, &[]).plan.unwrap();
    assert_eq!(plan.jobs[0].resource_group, None);
    assert_eq!(plan.jobs[0].environment.as_ref().unwrap().url, None);
    assert_eq!(plan.jobs[0].when, model::plan::When::Manual);
}

#[test]
fn a_merge_request_is_no_branch_to_only() {
    let text = "\
a: {script: x, only: {variables: [$CI_PROJECT_PATH]}}
b: {script: x, only: {changes: [a]}}
c: {script: x, only: [branches]}
d: {script: x, only: [main, /main/, tags]}
e: {script: x, except: [tags]}
f: {script: x, only: {refs: [merge_requests], variables: [$CI_PROJECT_PATH]}}
g: {script: x, only: [merge_requests], except: [main]}
h: {script: x, rules: [{when: always}]}
";
    let request = [("CI_PIPELINE_SOURCE", "merge_request_event")];
    assert_eq!(jobs(text, &request), ["f", "g", "h"]);
    let with_rules = format!("workflow: {{rules: [{{when: always}}]}}\n{text}");
    assert_eq!(jobs(&with_rules, &request), ["e", "f", "g", "h"]);
    assert_eq!(jobs(text, &[]), ["a", "b", "c", "d", "e", "h"]);
}

/// Why the first job is not in the run.
fn reason(job: &str) -> String {
    let plan = evaluate(&format!("a: {{script: x, {job}}}\nz: {{script: x}}\n"), &[("A", "no")]).plan.unwrap();
    plan.excluded[0].reason.clone()
}

#[test]
fn the_reason_of_only_shows_the_project_that_was_compared() {
    let wanted = "`only` in line 1 does not hold: the ref (main of group/project) in main@other/project";
    assert_eq!(reason("only: [main@other/project]"), wanted);
    assert_eq!(reason("only: [dev]"), "`only` in line 1 does not hold: the ref (main) in dev");
}

#[test]
fn the_reason_of_only_shows_the_values_of_its_variables() {
    let values = "`variables` (`$A == \"yes\"` is false: $A is \"no\"; `$B` is false: $B is not set)";
    let only = "only: {variables: ['$A == \"yes\"', $B]}";
    assert_eq!(reason(only), format!("`only` in line 1 does not hold: {values}"));
    let except = "except: {variables: [$A]}";
    assert_eq!(reason(except), "`except` in line 1 holds: `variables` (`$A` is true: $A is \"no\")");
}

#[test]
fn failures_that_only_gitlab_has_are_no_error_and_no_reason() {
    let text = |when: &str| format!("a:\n  script: x\n  retry: {{max: 2, when: [{when}]}}\n");
    let retry = |when: &str| evaluate(&text(when), &[]).plan.unwrap().jobs[0].retry.clone();
    let warning = |name: &str| format!("3: no job here is retried after `{name}`");
    for name in ["missing_dependency_failure", "runner_provisioning_timeout", "no_matching_runner"] {
        assert_eq!(found(&text(name), &[]), [warning(name)]);
        assert_eq!(retry(name).max, 0, "no reason would mean every one");
        let with_another = retry(&format!("{name}, script_failure"));
        assert_eq!((with_another.max, with_another.when.len()), (2, 1));
        assert_eq!(retry(&format!("{name}, always")).max, 2);
    }
    for name in ["trace_size_exceeded", "job_execution_server_timeout"] {
        assert_eq!((found(&text(name), &[]), retry(name).when.len()), (Vec::new(), 1), "{name}");
    }
    assert_eq!(found(&text("script_falure"), &[]), ["3: `script_falure` is not a failure that a job is retried after"]);
}

#[test]
fn a_condition_with_inputs_is_not_said_to_be_constant() {
    let text = "\
spec: {inputs: {wanted: {default: 'true'}, other: {default: 'true'}, source: {default: none}}}
---
a:
  script: x
  rules:
    - {if: '\"$[[ inputs.wanted ]]\" != \"true\"', when: never}
    - {if: '\"$[[ inputs.other ]]\" != \"true\"', when: never}
    - if: $CI_PIPELINE_SOURCE == \"$[[ inputs.source ]]\"
    - when: always
";
    assert_eq!(found(text, &[]), [""; 0]);
    let constant = "a:\n  script: x\n  rules: [{if: '\"true\" != \"true\"'}, {when: always}]\n";
    assert_eq!(found(constant, &[]), ["3: this rule can never apply: `\"true\" != \"true\"` is always false"]);
}

#[test]
fn a_job_that_others_extend_may_have_rules_that_all_say_never() {
    let job = "scan: {script: x, rules: [{when: never}]}\nb: {extends: EXTENDS, script: x, rules: [{when: always}]}\n";
    let never = "1: `scan` can never run: all its rules say `when: never`";
    for (extends, wanted) in [("scan", &[][..]), ("[.a, scan]", &[]), (".a", &[never])] {
        let text = format!("{}.a: {{retry: 1}}\n", job.replace("EXTENDS", extends));
        assert_eq!(found(&text, &[]), wanted, "{extends}");
    }
}

#[test]
fn that_no_run_can_be_made_is_said_of_what_it_would_be_for() {
    let told = |text: &str, run: &[(&str, &str)]| {
        let finding = evaluate(text, run).diagnostics.remove(0);
        (finding.message, finding.hint.unwrap_or_default())
    };
    let push = [("CI_PIPELINE_SOURCE", "push")];
    let (message, hint) = told("a: {script: x, only: [tags]}\n", &push);
    assert_eq!(message, "no run can be made for the branch `main` by `push`: every job is left out");
    let more = "; for another branch, tag or source there may be jobs";
    assert_eq!(hint, format!("`a`: `only` in line 1 does not hold: the ref (main) in tags{more}"));
    let (message, _) = told("a: {script: x, only: [dev]}\n", &[("CI_COMMIT_TAG", "v1")]);
    assert_eq!(message, "no run can be made for the tag `v1`: every job is left out");
    let workflow = "workflow: {rules: [{if: $CI_COMMIT_TAG}]}\na: {script: x}\n";
    assert_eq!(told(workflow, &[]).0, "no run can be made for the branch `main`: no rule of `workflow` applies");
    for never in ["when: never", "rules: [{when: never}]"] {
        let finding = evaluate(&format!("a: {{script: x, {never}}}\n"), &[]).diagnostics.pop().unwrap();
        assert!(finding.hint.is_none_or(|hint| !hint.contains(more)), "{never}");
    }
}

#[test]
fn where_only_a_boolean_can_stand_the_words_of_gitlabs_reader_are_booleans() {
    let text = "a: {script: x, allow_failure: yes, interruptible: on, artifacts: {paths: [a], untracked: no}, inherit: {default: Off}}\n";
    let outcome = pipeline::plan(text, &Context::default());
    let job = &outcome.plan.expect("a plan").jobs[0];
    assert!(job.allow_failure == AllowFailure::Bool(true) && job.interruptible);
    assert!(!job.artifacts.as_ref().expect("artifacts").untracked);
    let told: Vec<_> = outcome.diagnostics.iter().map(|found| found.message.as_str()).collect();
    let taken = |word: &str, value: bool| format!("`{word}` is taken for `{value}`, as on GitLab");
    assert_eq!(told, [taken("yes", true), taken("on", true), taken("no", false), taken("Off", false)]);
    // In quotes it is a string, to GitLab too.
    assert!(!pipeline::plan("a: {script: x, allow_failure: 'yes'}\n", &Context::default()).valid);
}
