//! Definitions that were once answered wrongly, each with the answer that they get now.
#![expect(clippy::format_collect, reason = "the texts are short and the tests are read more often than run")]

use std::sync::Arc;

use model::plan::Variable;
use pipeline::{Context, Outcome};

mod common;

use common::Table;

fn evaluate(text: &str, run: &[(&str, &str)]) -> Outcome {
    let mut context = Context::default();
    context.variables = run.iter().map(|(key, value)| Variable::new(*key, *value)).collect();
    context.predefined = vec![Variable::new("CI_COMMIT_REF_SLUG", "main")];
    context.files = Arc::new(Table::new(&[("a", "")]));
    pipeline::plan(text, &context)
}

/// The findings, as `line: message`.
fn found(text: &str, run: &[(&str, &str)]) -> Vec<String> {
    let findings = evaluate(text, run).diagnostics;
    findings.iter().map(|one| format!("{}: {}", one.span.line, one.message)).collect()
}

#[test]
fn a_trigger_without_a_file_is_refused() {
    for include in ["[]", "\"\"", "[\"\"]"] {
        let text = format!("a:\n  trigger: {{include: {include}}}\n");
        assert_eq!(found(&text, &[]), ["2: `include` of a `trigger` must name a file"], "{include}");
        assert!(evaluate(&text, &[]).plan.is_none());
    }
}

#[test]
fn rules_see_what_the_server_knows_of_the_job() {
    let text = "
Build It:
  script: x
  environment: review/$CI_COMMIT_REF_SLUG/$OWN
  variables: {OWN: mine}
  parallel: {matrix: [{K: [v]}]}
  rules:
    - if: $CI_JOB_NAME_SLUG == 'build-it---v' && $CI_NODE_TOTAL == '1' && $CI_JOB_GROUP_NAME == 'Build It'
        && $CI_ENVIRONMENT_NAME == 'review/main/mine'
plain:
  script: x
  environment: review/$UNKNOWN
  rules: [{if: $CI_NODE_TOTAL == '1' && $CI_NODE_INDEX == null && $CI_ENVIRONMENT_NAME == null}]
";
    let plan = evaluate(text, &[]).plan.unwrap();
    assert_eq!(plan.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["Build It: [v]", "plain"]);
}

#[test]
fn variables_in_a_circle_are_an_error_at_one_of_them() {
    let circle = |whose: &str, names: &str, line: u32| format!("{line}: the {whose} lead in a circle: {names}");
    let of_job = |names: &str, line: u32| circle("variables of `a`", names, line);
    // What the file says is told once, however many jobs have it.
    let globals = "variables:\n  A: $B\n  B: \"x${A}\"\na: {script: x}\nb: {script: x, variables: {C: c}}\n";
    assert_eq!(found(globals, &[]), [circle("variables", "A, B", 2)]);
    assert!(found(globals, &[("B", "plain")]).is_empty());
    let job = |variables: &str| format!("variables: {{A: $B, B: b}}\na:\n  script: x\n{variables}");
    assert!(found(&job(""), &[]).is_empty());
    assert_eq!(found(&job("  variables: {B: $A}\n"), &[]), [of_job("B, A", 4)]);
    // The values of a matrix have no place of their own.
    assert_eq!(found(&job("  parallel: {matrix: [{B: [x, $A]}]}\n"), &[]).len(), 1);
    let rule = "  rules:\n    - when: always\n      variables:\n        B: $C\n        C: $A\n";
    assert_eq!(found(&job(rule), &[]), [of_job("B, C, A", 7)]);
    let workflow = "workflow: {rules: [{when: always, variables: {A: $B}}]}\nvariables: {B: $A}\na: {script: x}\n";
    assert_eq!(found(workflow, &[]), [circle("variables", "B, A", 2)]);
    for none in [
        "  variables: {B: $B}\n",
        "  variables: {B: $$A}\n",
        "  variables: {B: {value: $A, expand: false}}\n",
        "  variables: {B: $A}\n  inherit: {variables: false}\n",
        "  variables: {B: $A}\n  inherit: {variables: [X]}\n",
        "  variables: {C: $A, D: $C$A$B}\n",
    ] {
        assert!(found(&job(none), &[]).is_empty(), "{none}");
    }
    // A circle of the file's that the job breaks, and one in a job that is not in the run.
    let broken =
        "variables: {A: $B, B: $A}\na: {script: x, variables: {A: a}}\nb: {script: x, rules: [{when: never}]}\n";
    assert!(found(broken, &[]).iter().all(|one| !one.contains("circle")));
}

#[test]
fn every_part_of_a_condition_is_told_with_its_value() {
    let text = "a:\n  script: x\n  rules: [{if: '$B == \"x\" && $C =~ /foo/'}]\nb: {script: x}\n";
    let details = &evaluate(text, &[("C", "food")]).jobs[0].details;
    let wanted = "rule 1 in line 3: `$B == \"x\"` is false: $B is not set; `$C =~ /foo/` is true: $C is \"food\"";
    assert_eq!(details, &[wanted]);
}

#[test]
fn inputs_are_listed_although_one_is_not_given() {
    let text = "spec: {inputs: {name: {description: who}, size: {type: number, default: 3}}}\n---\na: {script: x}\n";
    let outcome = evaluate(text, &[]);
    assert!(outcome.plan.is_none() && outcome.diagnostics[0].message == "the input `name` is not given");
    let inputs: Vec<_> = outcome.inputs.iter().map(|input| (input.name.as_str(), input.value.to_string())).collect();
    assert_eq!(inputs, [("name", "null".to_owned()), ("size", "3".to_owned())]);
    assert_eq!(outcome.inputs[0].description.as_deref(), Some("who"));
}

#[test]
fn exists_in_a_project_that_is_missing_is_an_error() {
    let rule = "rules: [{exists: {project: no/such, paths: [x]}}]";
    let why = "`exists` cannot be told: there is no project no/such on this server";
    assert_eq!(found(&format!("a:\n  script: x\n  {rule}\n"), &[]), [format!("3: {why} (in `a`)")]);
    let include = format!("include:\n  - local: a\n    {rule}\na: {{script: x}}\n");
    assert_eq!(found(&include, &[]), [format!("3: {why}")]);
}

#[test]
fn a_definition_that_is_an_artifact_is_there_when_the_child_starts() {
    let text = |make: &str, start: &str| {
        format!(
            "stages: [one, two]\nmake: {{script: x, {make}}}\na:\n  stage: one\n  {start}\n  trigger:\n    include:\n      \
             - {{artifact: x.yml, job: make}}\n"
        )
    };
    let files = "artifacts: {paths: [x.yml]}";
    let earlier = "8: `a` takes its definition from `make`, which is neither in an earlier stage nor among its `needs`";
    let late = found(&text(&format!("stage: two, {files}"), ""), &[]);
    assert_eq!(late, [earlier]);
    assert_eq!(found(&text(&format!("stage: one, {files}"), ""), &[]), [earlier]);
    assert!(found(&text(&format!("stage: one, {files}"), "needs: [make]"), &[]).is_empty());
    assert!(found(&text(&format!("stage: .pre, {files}"), ""), &[]).is_empty());
    let none = "8: `a` takes its definition from `make`, which has no `artifacts` with `paths`";
    assert_eq!(found(&text("stage: .pre", ""), &[]), [none]);
}

#[test]
fn an_empty_entry_of_a_matrix_is_one_error() {
    let text = "a:\n  script: x\n  parallel: {matrix: [{}]}\n";
    assert_eq!(found(text, &[]), ["3: an entry of `matrix` must not be empty"]);
}

#[test]
fn a_condition_without_parts_gets_no_hint_about_or() {
    let hint = |condition: &str| {
        let text = format!("a:\n  script: x\n  rules: [{{if: {condition}}}, {{when: always}}]\n");
        let findings = evaluate(&text, &[]).diagnostics;
        findings.into_iter().find(|one| one.message.contains("can never apply")).unwrap().hint
    };
    assert_eq!(hint("'null'"), None);
    assert!(hint("$A == 'x' && $A == 'y'").is_some());
}

#[test]
fn truncate_with_too_few_arguments_says_what_it_takes() {
    let text = "spec: {inputs: {n: {default: abc}}}\n---\na: {script: '$[[ inputs.n | truncate(1) ]]'}\n";
    assert_eq!(found(text, &[]), ["3: `truncate` takes an offset and a length, not `truncate(1)`"]);
}

#[test]
fn a_circle_of_includes_names_only_the_files_in_it() {
    let files = Table::new(&[("root.yml", "include: root.yml\na: {script: x}\n")]);
    let mut context = Context::new("root.yml");
    context.files = Arc::new(files);
    context.inputs = [("n".to_owned(), "1".into())].into();
    let text = "spec: {inputs: {n: }}\n---\ninclude: root.yml\na: {script: x}\n";
    let circle = pipeline::plan(text, &context)
        .diagnostics
        .into_iter()
        .map(|one| one.message)
        .find(|one| one.contains("circle"));
    assert_eq!(circle.as_deref(), Some("the files include each other in a circle: root.yml -> root.yml"));
}

#[test]
fn a_definition_that_includes_itself_under_another_name_is_told_once() {
    let text = "include: b.yml\na: {script: x, tmeout: 1h, tags: !foo [x]}\nb: {script: \"x}\n";
    let mut context = Context::default();
    context.files = Arc::new(Table::new(&[("b.yml", "include: same.yml\n"), ("same.yml", text)]));
    let found: Vec<_> = pipeline::plan(text, &context).diagnostics.into_iter().map(|one| one.message).collect();
    assert_eq!(found.len(), 4, "{found:#?}");
    assert_eq!(found.iter().filter(|one| one.contains("circle")).count(), 1, "{found:#?}");
}

#[test]
fn a_list_inside_of_a_text_is_no_mistake() {
    for text in
        ["- |\n      cat <<E\n      items:\n        - x\n      E", "- >-\n      a\n      - b", "- 'a\n      - b'"]
    {
        assert!(evaluate(&format!("a:\n  script:\n    {text}\n"), &[]).diagnostics.is_empty(), "{text}");
    }
    assert_eq!(evaluate("a:\n  script:\n    - a\n      - b\n", &[]).diagnostics.len(), 1);
}

#[test]
fn dependencies_that_nothing_waits_for_are_warned_of() {
    let of = |x: &str| {
        let text = format!(
            "stages: [a, b]\nx: {{stage: b, script: x, {x}}}\ny: {{stage: b, script: x}}\nz: {{stage: a, script: x}}\n"
        );
        evaluate(&text, &[]).diagnostics.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    let told = "`x` takes the artifacts of `y`, which is in the same stage: it does not wait for them";
    assert_eq!(of("dependencies: [y, z]"), [told]);
    assert!(of("dependencies: [z]").is_empty() && of("dependencies: [y], needs: [y]").is_empty());
}

/// Which of the sizes is the last that makes a plan.
fn last(sizes: std::ops::Range<usize>, text: impl Fn(usize) -> String) -> Option<usize> {
    let fits: Vec<_> = sizes.filter(|size| evaluate(&text(*size), &[]).plan.is_some()).collect();
    fits.last().copied()
}

#[test]
fn limits_hold_at_the_limit_and_not_one_over() {
    assert_eq!(last(250..260, |size| format!("{}: {{script: x}}\n", "n".repeat(size))), Some(255));
    let parents = |size: usize| {
        let chain: String = (1..size).map(|i| format!(".p{i}: {{extends: .p{}}}\n", i + 1)).collect();
        format!("{chain}.p{size}: {{script: x}}\na: {{extends: .p1}}\n")
    };
    assert_eq!(last(8..15, parents), Some(11));
    let references = |size: usize| {
        let chain: String = (1..size).map(|i| format!(".r{i}: {{x: !reference [.r{}, x]}}\n", i + 1)).collect();
        format!("{chain}.r{size}: {{x: [echo]}}\na: {{script: !reference [.r1, x]}}\n")
    };
    assert_eq!(last(7..15, references), Some(10));
    // n names with `||` between them are 2n - 1 tokens; a comparison adds two, so that the count stays odd, and a
    // comparison in brackets at the front adds an even number: 100 is reached only with a token that is wrong.
    let names = |count: usize| vec!["$A"; count].join(" || ");
    let rule = |condition: &str| format!("a: {{script: x, rules: [{{if: '{condition}'}}, {{when: always}}]}}\n");
    assert_eq!(last(45..55, |count| rule(&names(count))), Some(50));
    let over = found(&rule(&format!("{} ||", names(50))), &[]);
    assert!(!over[0].contains("at most 100 parts"), "{over:?}");
    let over = found(&rule(&format!("{} || $A", names(50))), &[]);
    assert!(over[0].contains("at most 100 parts"), "{over:?}");
    let size = |bytes: usize| {
        let job = "a: {script: x}\n#";
        format!("{job}{}", "c".repeat(bytes - job.len()))
    };
    let most = 2 << 20;
    assert_eq!(last(most - 1..most + 2, size), Some(most));
}

#[test]
fn lists_hold_at_their_limit_and_not_one_over() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(", ");
    let name = |i: usize| format!("n{i}");
    let of_job = |lines: &str| format!("a:\n  script: x\n{lines}\nz: {{script: x}}\n");
    for keyword in ["changes", "exists"] {
        let rule =
            |size: usize| of_job(&format!("  rules: [{{{keyword}: [{}]}}, {{when: always}}]", many(size, &name)));
        assert_eq!(last(48..54, rule), Some(50), "{keyword}");
    }
    assert_eq!(last(48..54, |size| of_job(&format!("  tags: [{}]", many(size, &name)))), Some(50));
    let options = |size: usize| {
        let values = many(size, &name);
        format!("spec: {{inputs: {{n: {{default: n0, options: [{values}]}}}}}}\n---\na: {{script: x}}\n")
    };
    assert_eq!(last(48..54, options), Some(50));
    let needs = |size: usize| {
        let jobs: String = (0..size).map(|i| format!("n{i}: {{script: x}}\n")).collect();
        format!("{jobs}{}", of_job(&format!("  needs: [{}]", many(size, &name))))
    };
    assert_eq!(last(48..54, needs), Some(50));
    assert_eq!(last(198..203, |size| of_job(&format!("  parallel: {size}"))), Some(200));
    let matrix = |size: usize| of_job(&format!("  parallel: {{matrix: [{{K: [{}]}}]}}", many(size, &name)));
    assert_eq!(last(198..203, matrix), Some(200));
    assert_eq!(last(0..5, |max| of_job(&format!("  retry: {max}"))), Some(2));
    assert_eq!(last(5..10, |days| of_job(&format!("  when: delayed\n  start_in: {days} days"))), Some(7));
    assert_eq!(last(28..33, |days| of_job(&format!("  timeout: {days} days"))), Some(30));
    let caches = |size: usize| of_job(&format!("  cache: [{}]", many(size, &|i| format!("{{key: k{i}, paths: [p]}}"))));
    assert_eq!(last(2..7, caches), Some(4));
    let others =
        |size: usize| of_job(&format!("  cache: {{key: k, paths: [p], fallback_keys: [{}]}}", many(size, &name)));
    assert_eq!(last(3..8, others), Some(5));
    let functions = |count: usize| {
        let calls = " | expand_vars".repeat(count);
        format!("spec: {{inputs: {{n: {{default: x}}}}}}\n---\na: {{script: '$[[ inputs.n{calls} ]]'}}\n")
    };
    assert_eq!(last(1..6, functions), Some(3));
}

#[test]
fn retry_knows_jobs_that_are_stuck_or_time_out() {
    let plan = evaluate("a: {script: x, retry: {max: 1, when: stuck_or_timeout_failure}}\n", &[]).plan.unwrap();
    assert_eq!(plan.jobs[0].retry.when.len(), 1, "{:?}", plan.jobs[0].retry);
}

#[test]
fn long_values_are_cut_in_every_message() {
    let name = "n".repeat(10_000);
    let text = format!(
        "a: {{script: x, environment: {{name: '{name}', on_stop: b}}}}\n\
         b: {{script: x, environment: {{name: x, action: stop}}}}\n\
         c: {{script: x, cache: {{key: '{name}/', paths: [p]}}, needs: ['{name}']}}\n"
    );
    let findings = evaluate(&text, &[]).diagnostics;
    assert!(findings.iter().any(|one| one.message.contains("stops the environment")), "{findings:?}");
    assert!(findings.len() >= 3 && findings.iter().all(|one| one.message.len() < 600), "{findings:?}");
}

#[test]
fn values_are_true_however_many_variables_lead_to_them() {
    let chain: String = (0..60).map(|i| format!("  V{i}: $V{}\n", i + 1)).collect();
    let text =
        format!("variables:\n{chain}  V60: production\na: {{script: x, environment: $V0, only: {{changes: [$V0]}}}}\n");
    assert!(found(&text, &[]).is_empty(), "{:?}", found(&text, &[]));
    let rule =
        format!("{text}b: {{script: x, environment: $V0, rules: [{{if: $CI_ENVIRONMENT_NAME == 'production'}}]}}\n");
    assert_eq!(evaluate(&rule, &[]).plan.unwrap().jobs.len(), 2);
}

#[test]
fn links_of_keywords_at_the_top_do_not_hang_on_the_rest_of_the_file() {
    let link = |text: &str, keyword: &str| {
        let findings = evaluate(text, &[]).diagnostics;
        findings.into_iter().find(|one| one.message.contains(&format!("`{keyword}` "))).unwrap().link.unwrap()
    };
    for (entry, keyword, section) in [
        ("dast_configuration: {a: b}\n", "dast_configuration", "not-supported"),
        ("types: [a]\n", "types", "not-supported"),
        ("tags: [a]\n", "tags", "keywords-of-the-file"),
        ("retry: 1\n", "retry", "keywords-of-the-file"),
    ] {
        for before in ["", "image: x\n", "stages: [test]\n", "workflow: {name: x}\n"] {
            let text = format!("{before}{entry}a: {{script: x}}\n");
            assert_eq!(link(&text, keyword), format!("docs/language.md#{section}"), "{text}");
        }
    }
}

#[test]
fn what_is_not_closed_is_shown_where_it_is_opened() {
    for (rest, line, column, sign) in [
        ("script: [a, b\n  stage: test\n", 2, 11, "["),
        ("script: [\n    a,\n    b\n  stage: test\n", 2, 11, "["),
        ("script: [a # ]\n  stage: test\n", 2, 11, "["),
        ("script: [a, {b: c]\n", 2, 15, "{"),
        ("variables: {A: b\n  script: x\n", 2, 14, "{"),
        ("script: echo [ a\n  tags: {a\n  stage: b\n", 3, 9, "{"),
        ("script: |\n    echo [ \"\n  tags: [a\n  stage: b\n", 4, 9, "["),
        ("script: \"echo\n", 2, 11, "\""),
        ("script: \"echo\n  stage: \"test\"\n", 2, 11, "\""),
        ("script:\n    - 'echo\n    - b\n", 3, 7, "'"),
        ("tags: [\"a, b]\n  script: \"y\"\n", 2, 10, "\""),
    ] {
        let text = format!("job:\n  {rest}");
        let findings = evaluate(&text, &[]).diagnostics;
        let [one] = &findings[..] else { panic!("{text} {findings:#?}") };
        assert_eq!((one.span.line, one.span.column), (line, column), "{text} {one:#?}");
        assert!(one.message.contains(&format!("this `{sign}` is not closed")), "{text} {one:#?}");
    }
    // What is closed is not the mistake.
    for rest in [
        "script: [\n    - a\n  ]\n",
        "script: [a, b] c: d\n",
        "script: [\n    a: b: c\n  ]\n",
        "script: [\n  a\n  ] b\n",
    ] {
        let found = found(&format!("job:\n  {rest}"), &[]);
        assert!(found.len() == 1 && !found[0].contains("is not closed"), "{rest} {found:?}");
    }
}

#[test]
fn an_empty_list_of_tags_asks_for_none() {
    let text = "spec: {inputs: {tags: {type: array, default: []}}}\n---\ndefault: {tags: [linux]}\n\
                a: {script: x, tags: '$[[ inputs.tags ]]'}\nb: {script: x, tags: []}\nc: {script: x}\n";
    let jobs = evaluate(text, &[]).plan.unwrap().jobs;
    assert_eq!(jobs.iter().map(|job| job.tags.len()).collect::<Vec<_>>(), [0, 0, 1]);
}
