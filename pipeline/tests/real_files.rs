//! What files of public repositories hold that was once answered otherwise than on GitLab, each with the answer that it
//! gets now.

use model::plan::Variable;
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
