//! What holds for any text.
#![expect(clippy::format_collect, reason = "the texts are short and the tests are read more often than run")]

use std::sync::Arc;

use model::plan::Variable;
use pipeline::{Context, Outcome};
use proptest::prelude::*;

mod common;

use common::fuzzing::{check, plan};

/// Pieces of definitions, so that random texts get past the first line.
fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a:\n",
        "b:\n",
        ".t:\n",
        "default:\n",
        "variables:\n",
        "stages: [x, y]\n",
        "  script: x\n",
        "  script: [x, [y]]\n",
        "  script:\n    - x\n",
        "  stage: x\n",
        "  stage: .post\n",
        "  needs: [a]\n",
        "  needs:\n    - job: b\n",
        "      optional: true\n",
        "  when: never\n",
        "  rules: [{if: $A == 'x'}, {when: never}]\n",
        "  rules:\n    - if: $A =~ /ab/ && ($B || $C)\n",
        "workflow: {rules: [{when: always}]}\n",
        "  when: manual\n",
        "  extends: .t\n",
        "  extends: [a, b]\n",
        "  <<: *t\n",
        "  x: &t\n",
        "    y: 1\n",
        "  retry: 1\n",
        "  timeout: 1 h\n",
        "  allow_failure: true\n",
        "  variables: {A: on, B: [}\n",
        "  A: 1\n",
        "&a ",
        "*a",
        "!reference [a, script]",
        "  artifacts: {paths: [a]}\n",
        "  artifacts: {reports: {junit: a}, expire_in: 1 day, exclude: [b]}\n",
        "  parallel: 3\n",
        "  parallel: {matrix: [{A: [x, y], B: [1, 2]}]}\n",
        "  needs: [{job: a, parallel: {matrix: [{A: x}]}}]\n",
        "  needs: [{job: a, parallel: {matrix: [{A: '$[[ matrix.A ]]'}]}}]\n",
        "  dependencies: [a]\n",
        "  trigger: {include: c.yml, strategy: depend}\n",
        "  environment: {name: x, on_stop: b}\n",
        "  environment: {name: x, action: stop}\n",
        "  when: delayed\n  start_in: 1 h\n",
        "  cache: [{key: {files: [a]}, paths: [b]}, {}]\n",
        "  image: {name: a, docker: {user: b}}\n",
        "  services: [a, {name: b, alias: c}]\n",
        "  inherit: {default: false, variables: [A]}\n",
        "  only: [main, /ab/]\n",
        "  except: {variables: [$A]}\n",
        "  rules: [{changes: [a/**/*]}, {exists: [b]}]\n",
        "include: c.yml\n",
        "include: [{local: d.yml, inputs: {n: x}, rules: [{if: $A}]}, '*.yml']\n",
        "spec: {inputs: {n: {default: x}}}\n---\n",
        "$[[ inputs.n ]]",
        "$[[ inputs.n | truncate(0,1) ]]",
        "- ",
        "  ",
        "\t",
        "\n",
        "# c\n",
        "---\n",
        "...\n",
        "? ",
        ": ",
        "| \n",
        "> \n",
        "\"",
        "'",
        "{",
        "}",
        "[",
        "]",
        ",",
        "%",
        "\u{feff}",
        "\0",
        "é",
    ])
}

/// A job of a generated, valid definition: its name's number and its entries.
fn job() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["build", "test", "deploy"]),
        prop::sample::select(vec!["on_success", "always", "manual", "on_failure", "never", "delayed\n  start_in: 1 h"]),
        any::<bool>(),
        prop::collection::vec(0_usize..8, 0..3),
        prop::sample::select(vec![
            "",
            "  parallel: 2\n",
            "  parallel: {matrix: [{A: [x, y], B: z}]}\n  rules: [{if: $A == 'y'}, {if: $LATE, when: manual}]\n",
            "  rules: [{if: $A == 'x', interruptible: true}]\n",
        ]),
    )
        .prop_map(|(stage, when, allowed, needs, more)| {
            let mut needs: Vec<_> = needs.into_iter().map(|n| format!("{{job: j{n}, optional: true}}")).collect();
            needs.sort();
            needs.dedup();
            let needs = if needs.is_empty() { String::new() } else { format!("  needs: [{}]\n", needs.join(", ")) };
            format!("  extends: .t\n  stage: {stage}\n  when: {when}\n  allow_failure: {allowed}\n{needs}{more}")
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        check(&text, &plan(&text));
        let _ = pipeline::decode(&bytes, "f");
    }

    #[test]
    fn any_characters(text in "\\PC{0,200}") {
        check(&text, &plan(&text));
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(fragment(), 0..40)) {
        let text = pieces.concat();
        check(&text, &plan(&text));
    }

    /// The order of the jobs decides nothing but the order of the jobs.
    #[test]
    fn order_means_nothing((bodies, order) in prop::collection::vec(job(), 1..8)
        .prop_flat_map(|bodies| { let order: Vec<usize> = (0..bodies.len()).collect(); (Just(bodies), Just(order).prop_shuffle()) }))
    {
        let text = |order: &[usize]| {
            let jobs: String = order.iter().map(|i| format!("j{i}:\n{}", bodies[*i])).collect();
            format!("variables: {{A: x}}\n{jobs}.t:\n  script: make\n")
        };
        let straight: Vec<usize> = (0..bodies.len()).collect();
        let (one, two) = (plan(&text(&straight)), plan(&text(&order)));
        check("straight", &one);
        prop_assert_eq!(one.valid, two.valid);
        prop_assert_eq!(one.plan.is_some(), two.plan.is_some());
        let jobs = |outcome: &Outcome| {
            let mut jobs = outcome.jobs.clone();
            for job in &mut jobs {
                // Lines move with the text.
                Arc::make_mut(&mut job.job).line = 0;
                job.places.clear();
                job.excluded = job.excluded.as_ref().map(|_| String::new());
                job.details.clear();
            }
            jobs.sort_by(|a, b| a.job.name.cmp(&b.job.name));
            jobs
        };
        prop_assert_eq!(jobs(&one), jobs(&two));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any condition: in single quotes, so that YAML leaves it alone.
    #[test]
    fn any_condition(parts in prop::collection::vec(prop::sample::select(vec![
        "$A", "$B", "$", "null", "true", "\"x\"", "\"", "/ab/", "/a(/", "/(ab){9}/i", "/", "==", "!=", "=~", "!~", "&&", "||", "(", ")", " ", "x", "\\", "é", "[", "1",
    ]), 0..30)) {
        let text = format!("a:\n  script: x\n  rules:\n    - if: '{}'\n    - when: always\n", parts.concat());
        let mut context = Context::default();
        context.variables = vec![Variable::new("A", "/ab/"), Variable::new("B", "x")];
        check(&text, &pipeline::plan(&text, &context));
    }
}

/// Texts that ask for more than anybody has: repetition, depth, chains, and a hundred thousand
/// mistakes. Each ends, with an outcome like any other; without the budgets this test does not end.
#[test]
fn greedy_texts_end() {
    let many_jobs = |base: &str, count: usize, body: &str| {
        base.to_owned() + &(0..count).map(|i| format!("j{i}: {body}\n")).collect::<String>()
    };
    let long_script = format!(".b:\n  script:\n{}", "    - x\n".repeat(100_000));
    let long_variables: String =
        "variables:\n".to_owned() + &(0..20_000).map(|i| format!("  V{i}: x\n")).collect::<String>();
    let big_parent: String = ".b:\n  script: x\n  variables:\n".to_owned()
        + &(0..20_000).map(|i| format!("    V{i}: x\n")).collect::<String>();
    let chain: String = (0..30_000).map(|i| format!("j{i}:\n  script: x\n  needs: [j{}]\n", i + 1)).collect::<String>()
        + "j30000: {script: x}\n";
    let parents: String = (0..60_000).map(|i| format!("j{i}:\n  extends: j{}\n", i + 1)).collect();
    let unknown: String = (0..60_000).map(|i| format!("job-number-{i}:\n  scrpt: x\n")).collect();
    let unknown_needs: String =
        (0..10_000).map(|i| format!("job-number-{i}:\n  script: x\n  needs: [jub-number-{i}]\n")).collect();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..30 {
        bomb.push_str(&format!("a{i}: &a{i} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n", p = i - 1));
    }
    let includes: String = (0..10_000).map(|i| format!("  - {{local: d.yml, inputs: {{n: n{i}}}}}\n")).collect();
    let matrix: String = (0..26).map(|i| format!("K{i}: [a, b, c, d], ")).collect();
    let merges = format!(
        "a: &a\n{}b:\n{}",
        "  K: x\n".to_owned() + &(0..50_000).map(|i| format!("  K{i}: x\n")).collect::<String>(),
        (0..50_000).map(|i| format!("  k{i}: {{<<: *a}}\n")).collect::<String>()
    );
    let texts = [
        format!("include:\n{includes}"),
        format!("a: {{script: x, parallel: {{matrix: [{{{matrix}}}]}}}}\n"),
        many_jobs("", 9_000, "{script: x, parallel: 200}"),
        many_jobs("", 400, "{script: x, parallel: 20, needs: [j0, j1]}"),
        many_jobs(
            "",
            10_000,
            "{script: x, rules: [{exists: ['**/*.{a,b,c}'], changes: ['{a,b}{c,d}{e,f}{g,h}/**/*']}]}",
        ),
        format!(
            "spec: {{inputs: {{n: {{default: {}}}}}}}\n---\na: {{script: [{}]}}\n",
            "x".repeat(100_000),
            "'$[[ inputs.n ]] $[[ inputs.n ]]', ".repeat(20_000)
        ),
        many_jobs(&long_script, 20_000, "{extends: .b}"),
        many_jobs(&long_variables, 20_000, "{script: x}"),
        many_jobs(&big_parent, 20_000, "{extends: .b}"),
        chain,
        parents,
        unknown,
        unknown_needs,
        bomb,
        merges,
        many_jobs(
            &format!(".b:\n  script: x\n  rules:\n{}", "    - if: $A == 'x' || $B == 'y' || $C == 'z'\n".repeat(5_000)),
            20_000,
            "{extends: .b}",
        ),
        format!(
            "a:\n  script: x\n  rules:\n{}",
            (0..30_000).map(|i| format!("    - if: $A =~ /(a{{50}}{i}){{20}}/\n")).collect::<String>()
        ),
        format!("a: {}", "[".repeat(1_000_000)),
        format!("a: \"{}\"", "\\x41".repeat(400_000)),
        "- ".repeat(1_000_000),
        "a: &a\n".repeat(300_000),
        "? ".repeat(1_000_000),
        "x".repeat(10_000_000),
        format!("job:\n  script: {}\n", "x".repeat(2_000_000)),
    ];
    for text in &texts {
        let outcome = plan(text);
        let head: String = text.chars().take(40).collect();
        check(&head, &outcome);
    }
}

/// The definitions of the benchmarks are valid, so that what is measured is the whole work.
#[test]
fn the_definitions_of_the_benchmarks_are_planned() {
    let outcome = plan(&pipeline::bench::many_jobs(1_000));
    assert_eq!(outcome.plan.map(|plan| plan.jobs.len()), Some(1_000), "{:#?}", outcome.diagnostics);
    let text = pipeline::bench::large_file();
    let outcome = plan(&text);
    assert!(text.len() < 2 * 1024 * 1024 && outcome.plan.is_some(), "{:#?}", outcome.diagnostics);
}

#[test]
fn a_large_definition_is_planned() {
    let jobs: String = (0..1_000)
        .map(|i| {
            format!(
                "job-{i}:\n  extends: [.base, .vars]\n  stage: test\n  script:\n    - echo {i}\n    - make part-{i}\n"
            )
        })
        .collect();
    let text = format!(
        ".base:\n  before_script: [a, b]\n  retry: 1\n.vars:\n  variables: {{A: x, B: y}}\nvariables: {{C: z}}\n{jobs}"
    );
    let outcome = plan(&text);
    assert_eq!(outcome.plan.map(|plan| plan.jobs.len()), Some(1_000));
}

/// Variables that lead to each other, some of them long, some in circles.
fn variables() -> impl Strategy<Value = Vec<Variable>> {
    let piece = prop_oneof![
        (0..12_usize).prop_map(|i| format!("$V{i}")),
        (0..200_000_usize).prop_map(|length| "x".repeat(length)),
        Just("y".to_owned()),
    ];
    let value = prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    let named =
        |values: Vec<String>| (0..).zip(values).map(|(i, value)| Variable::new(format!("V{i}"), value)).collect();
    prop::collection::vec(value, 1..12).prop_map(named)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_order_of_variables_makes_no_difference_to_their_values(all in variables(), turn in 0..12_usize) {
        let sorted = |mut all: Vec<Variable>| {
            all.sort_by(|a, b| a.key.cmp(&b.key));
            all
        };
        let mut turned = all.clone();
        turned.rotate_left(turn % all.len());
        turned.reverse();
        prop_assert_eq!(sorted(pipeline::expand_all(&turned)), sorted(pipeline::expand_all(&all)));
    }
}
