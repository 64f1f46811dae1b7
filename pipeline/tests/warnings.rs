//! Warnings of what is legal and surely not meant, and what goes without one.

mod common;

use common::summary::told;

/// The table itself stands above; the snapshot holds only the answers.
macro_rules! snapshot {
    ($($entry:expr,)*) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told(&[$($entry),*])) })
    };
}

#[test]
fn values_that_gitlab_reads_otherwise() {
    snapshot![
        ("numbers", "j: {script: x, parallel: 010, allow_failure: {exit_codes: 0137}, retry: 01}\n", &[]),
        ("tags", "j: {script: x, tags: [on, 1:30, linux]}\n", &[]),
        (
            "words",
            "j: {script: yes, environment: off, image: 1:30, resource_group: no, cache: {key: yes, paths: [a]}}\n",
            &[]
        ),
        ("keys", "on: {script: x, needs: []}\nvariables: {NO: x}\n", &[]),
        (
            "inputs",
            "spec: {inputs: {a: {default: on, options: [on, 'off']}, b: {type: number, default: 012}}}\n---\nj: {script: '$[[ inputs.a ]] $[[ inputs.b ]]'}\n",
            &[]
        ),
        (
            "a wrong one is told once",
            "j: {script: x, interruptible: yes, retry: 010, artifacts: {paths: [a], untracked: on}}\n",
            &[]
        ),
        (
            "what is the same",
            "j: {script: 'yes', parallel: 2, retry: 0, tags: [v1, 1.2.3, 'on'], timeout: 1h 30m, rules: [{if: $CI, when: always}]}\n",
            &[]
        ),
        ("in two jobs", ".t: &t {tags: [on]}\na: {<<: *t, script: x}\nb: {extends: .t, script: x}\n", &[]),
    ];
}

#[test]
fn rules_that_never_apply() {
    let rules = |rule: &str| format!("j: {{script: x, rules: [{{{rule}}}, {{when: always}}]}}\n");
    snapshot![
        ("changes", &rules("changes: []"), &[]),
        ("exists", &rules("exists: []"), &[]),
        ("null and set", &rules("if: $A == null && $A"), &[]),
        ("equal and not", &rules("if: '$A == \"x\" && $A != \"x\"'"), &[]),
        ("equal and no match", &rules("if: '$A == \"x\" && $A =~ /^y/'"), &[]),
        ("branch and tag", &rules("if: $CI_COMMIT_BRANCH && $CI_COMMIT_TAG"), &[]),
        ("one of both", &rules("if: $CI_COMMIT_BRANCH || $CI_COMMIT_TAG"), &[]),
        ("equal and a match", &rules("if: '$CI_COMMIT_BRANCH == \"main\" && $CI_COMMIT_BRANCH =~ /^ma/'"), &[]),
    ];
}

#[test]
fn artifacts_that_nobody_fetches() {
    let build = |more: &str| format!("b: {{stage: build, script: x, artifacts: {{paths: [a]{more}}}}}\n");
    let with = |more: &str, rest: &str| build(more) + rest;
    snapshot![
        ("no dependencies", &with("", "t: {script: x, dependencies: []}\n"), &[]),
        (
            "other dependencies",
            &with("", "c: {stage: build, script: x, artifacts: {paths: [c]}}\nt: {script: x, dependencies: [c]}\n"),
            &[]
        ),
        ("one job takes them", &with("", "t: {script: x, dependencies: []}\nu: {script: x}\n"), &[]),
        ("for people, after another job", &with("", "c: {stage: build, script: x}\nt: {script: x, needs: [c]}\n"), &[]),
        ("for people, at the end", &with("", ""), &[]),
        ("for nobody", &with(", access: none", ""), &[]),
        ("for nobody but a job", &with(", access: none", "t: {script: x}\n"), &[]),
        ("exposed", &with(", expose_as: the build", "t: {script: x, dependencies: []}\n"), &[]),
        (
            "a child may",
            &with("", "t: {script: x, dependencies: []}\nu: {trigger: {include: c.yml}}\n"),
            &[("c.yml", "k: {script: x}\n")]
        ),
    ];
}

#[test]
fn the_same_error_of_a_file_that_is_included_twice_is_told_once() {
    snapshot![(
        "twice",
        "include: [{local: t.yml, inputs: {a: '1'}}, {local: t.yml, inputs: {a: '2'}}]\nj: {script: x}\n",
        &[("t.yml", "spec: {inputs: {a: }}\n---\n\"x$[[ inputs.a ]]\": {scirpt: y}\n")]
    ),];
}

#[test]
fn errors_of_conditions_name_the_job() {
    snapshot![
        ("a template", ".t: {rules: [{if: $A = 1}]}\na: {extends: .t, script: x}\nb: {extends: .t, script: x}\n", &[]),
        ("a value", "a: {script: x, variables: {P: word}, rules: [{if: '$CI =~ $P'}]}\n", &[]),
        ("only", "a: {script: x, only: {variables: [$A = 1]}}\n", &[]),
        ("a workflow", "workflow: {rules: [{if: $A = 1}]}\na: {script: x}\n", &[]),
    ];
}

#[test]
fn what_the_schema_refuses() {
    snapshot![
        ("pull_policy", "j: {script: x, image: {name: a, pull_policy: [always, always]}}\n", &[]),
        ("entrypoint", "j: {script: x, image: {name: a, entrypoint: []}}\n", &[]),
        ("extends", "j: {script: x, extends: []}\n", &[]),
        ("except", "j: {script: x, except: {refs: a}}\nk: {script: x, except: a}\n", &[]),
        ("key", "j: {script: x, cache: {key: 1, paths: [a]}}\n", &[]),
        ("fallback_keys", "j: {script: x, cache: {key: a, fallback_keys: [a/b], paths: [a]}}\n", &[]),
        ("fallback_keys empty", "j: {script: x, cache: {key: a, fallback_keys: ['']  , paths: [a]}}\n", &[]),
    ];
}

#[test]
fn conditions_that_no_run_meets() {
    let rules = |rules: &str| format!("j: {{script: x, rules: [{rules}, {{when: always}}]}}\n");
    let source = |word: &str| format!("{{if: '$CI_PIPELINE_SOURCE == \"{word}\"'}}");
    let branch = "{if: $CI_COMMIT_BRANCH, when: never}";
    snapshot![
        ("a source", &rules(&source("pussh")), &[]),
        ("no source at all", &rules("{if: '$CI && ($A || \"flavour\" == $CI_PIPELINE_SOURCE)'}"), &[]),
        ("sources of other servers", &rules(&format!("{}, {}", source("merge_request_event"), source("chat"))), &[]),
        ("sources that runs have", &rules(&format!("{}, {}", source("push"), source("parent_pipeline"))), &[]),
        ("a source that is not meant", &rules("{if: '$CI_PIPELINE_SOURCE != \"pussh\"'}"), &[]),
        ("after any branch", &rules(&format!("{branch}, {{if: '$CI_COMMIT_BRANCH == \"main\" && $A'}}")), &[]),
        ("or another", &rules(&format!("{branch}, {{if: '$CI_COMMIT_BRANCH == \"main\" || $A'}}")), &[]),
        ("after some", &rules("{if: $CI_COMMIT_BRANCH, changes: [a]}, {if: $CI_COMMIT_BRANCH == 'main'}"), &[]),
        ("after none", &rules(&format!("{branch}, {{if: $CI_COMMIT_BRANCH == null}}")), &[]),
        (
            "failures that do not count",
            "a: {stage: build, script: x, allow_failure: true}\nb: {script: x, needs: [a], when: on_failure}\n",
            &[]
        ),
        (
            "one that counts",
            "a: {stage: build, script: x, allow_failure: true}\nc: {stage: build, script: x}\nb: {script: x, needs: [a, c], when: on_failure}\n",
            &[]
        ),
    ];
}

#[test]
fn jobs_that_no_run_has() {
    let rules = |rules: &str| format!("j: {{script: x, rules: [{rules}]}}\nk: {{script: x}}\n");
    let request = "{if: $CI_MERGE_REQUEST_IID}";
    let event = "{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}";
    let filter = |filter: &str| format!("j: {{script: x, {filter}}}\nk: {{script: x}}\n");
    snapshot![
        ("only and except", &filter("only: [main, /^v1/], except: [/^v1/, main, dev]"), &[]),
        ("only and except by name", &filter("only: {refs: [tags]}, except: {refs: [tags]}"), &[]),
        ("except a part", &filter("only: [main, dev], except: [main]"), &[]),
        ("except more", &filter("only: [main], except: {refs: [dev], variables: [$A]}"), &[]),
        ("only nothing", &filter("only: []"), &[]),
        ("only for requests", &filter("only: [merge_requests, external_pull_requests]"), &[]),
        ("for requests and more", &filter("only: [merge_requests, main]"), &[]),
        ("a variable of requests", &rules(request), &[]),
        ("or never", &rules(&format!("{request}, {{when: never}}")), &[]),
        ("or a branch", &rules(&format!("{request}, {{if: $CI_COMMIT_BRANCH, when: manual}}")), &[]),
        ("not in requests", &rules("{if: $CI_MERGE_REQUEST_IID, when: never}, {if: $A}"), &[]),
        ("not set", &rules("{if: $CI_MERGE_REQUEST_IID == null}"), &[]),
        ("set by the file", &format!("variables: {{CI_MERGE_REQUEST_IID: '1'}}\n{}", rules(request)), &[]),
        ("a source", &rules(event), &[]),
        ("a source by pattern", &rules("{if: $CI_PIPELINE_SOURCE =~ /request/ || $CHAT_INPUT, changes: [a]}"), &[]),
        ("another source", &rules("{if: $CI_PIPELINE_SOURCE != 'push'}"), &[]),
        (
            "many jobs",
            "a: {script: x, only: [chat]}\nb: {script: x, parallel: 2, rules: &r [{if: $CI_MERGE_REQUEST_IID && $A}]}\nc: {script: x, rules: *r}\nd: {script: x}\n",
            &[]
        ),
        ("every job", &format!("j: {{script: x, rules: [{request}]}}\n"), &[]),
    ];
}
