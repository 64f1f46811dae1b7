//! What people are told: a table of wrong definitions and the words, places and hints they get.
#![expect(clippy::format_collect, reason = "the texts are short and the tests are read more often than run")]

use std::fmt::Write as _;

use model::Diagnostic;
use pipeline::Context;

fn drawn(diagnostic: &Diagnostic) -> String {
    let mut text = format!(
        "{:?} {}:{}:{} {}\n",
        diagnostic.severity, diagnostic.file, diagnostic.span.line, diagnostic.span.column, diagnostic.message
    );
    if !diagnostic.source_line.is_empty() {
        let indent = " ".repeat(diagnostic.span.column as usize - 1);
        let _ = writeln!(text, "  | {}\n  | {indent}{}", diagnostic.source_line, "^".repeat(diagnostic.caret_width()));
    }
    if let Some(hint) = &diagnostic.hint {
        let _ = writeln!(text, "  = {hint}");
    }
    text
}

/// The findings of every entry of a table, one under the other.
fn told(table: &[(&str, &str)]) -> String {
    let mut all = String::new();
    for (name, text) in table {
        let outcome = pipeline::plan(text, &Context::default());
        let verdict = match (&outcome.plan, outcome.valid) {
            (Some(_), _) => "planned",
            (None, true) => "valid, but no run",
            (None, false) => "refused",
        };
        let _ = writeln!(all, "## {name}: {verdict}");
        for diagnostic in &outcome.diagnostics {
            all.push_str(&drawn(diagnostic));
        }
        all.push('\n');
    }
    all
}

/// The table itself stands above; the snapshot holds only the answers.
macro_rules! snapshot {
    ($table:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told($table)) })
    };
}

#[test]
fn texts_that_are_no_definitions() {
    snapshot!(&[
        ("empty", ""),
        ("only comments", "# nothing\n---\n"),
        ("a scalar", "just words\n"),
        ("a list", "- a\n- b\n"),
        ("a tab", "job:\n\tscript: x\n"),
        ("a colon too much", "job:\n  script: echo a: b\n"),
        ("an open quote", "job:\n  script: \"echo\n"),
        ("an open bracket", "job:\n  script: [a, b\n"),
        ("wrong indentation", "job:\n  script: a\n stage: b\n"),
        ("two documents", "a:\n  script: x\n---\nb:\n  script: y\n"),
        ("a header", "spec:\n  inputs: {}\n---\nb:\n  script: y\n"),
        ("an unknown alias", "job:\n  script: *nothing\n"),
        ("an alias within itself", "job: &a\n  script: [*a]\n"),
        ("an unknown tag", "job:\n  script: !include x\n"),
        ("a percent sign", "job:\n  script: %x\n"),
        ("merging a list", "job:\n  <<: [1]\n  script: x\n"),
        ("a key that is a list", "[a, b]: x\njob:\n  script: x\n"),
        ("nested too deep", &format!("job: {}{}\n", "[".repeat(120), "]".repeat(120))),
        ("no jobs", "stages: [a]\n"),
        ("only hidden jobs", ".a:\n  script: x\n"),
    ]);
}

#[test]
fn keywords() {
    snapshot!(&[
        (
            "of other servers",
            "include:\n  - template: x.yml\n  - component: a/b@1\njob:\n  script: x\n  release: {}\n  environment: {name: x, auto_stop_in: 1 day}\n"
        ),
        ("never", "job:\n  script: x\n  secrets: {}\n  id_tokens: {}\n"),
        ("deprecated at the top", "before_script: [a]\nimage: x\njob:\n  script: x\n"),
        ("typing errors", "stagse: [a]\njob:\n  scirpt: x\n  befor_script: y\n  Stage: test\n"),
        ("a word of another place", "job:\n  script: x\n  stages: [a]\n  paths: [b]\n"),
        ("a job's keyword at the top", "script: x\nstage: [build]\nretry: 2\n"),
        ("a mistyped keyword with a mapping", "variable:\n  A: b\njob:\n  script: x\n"),
        ("a job that is a string", "job: make\n"),
        ("an empty job", "job:\n"),
        ("unknown", "job:\n  script: x\n  flavour: y\n"),
        ("in default", "default:\n  script: x\n  image: y\n  retri: 1\njob:\n  script: x\n"),
        ("in artifacts", "job:\n  script: x\n  artifacts:\n    path: [a]\n    reports: {}\n"),
        (
            "in needs",
            "a:\n  script: x\nb:\n  script: x\n  needs:\n    - job: a\n      artefacts: false\n    - project: g/p\n      job: c\n      ref: main\n"
        ),
        (
            "in a template used twice",
            ".t:\n  rulez: []\na:\n  extends: .t\n  script: x\nb:\n  extends: .t\n  script: x\n"
        ),
        ("in a template not used", ".t:\n  rulez: []\na:\n  script: x\n"),
        ("delayed", "a:\n  script: x\n  when: delayed\n  start_in: 1 h\n"),
    ]);
}

#[test]
fn values() {
    snapshot!(&[
        ("script", "a:\n  script: true\nb:\n  script: []\nc:\n  stage: test\nd:\n  script: ''\ne:\n  script: {a: b}\n"),
        ("script entries", "a:\n  script:\n    - echo a: b\n    - 12\n    -\n    - true\n"),
        ("nested", &format!("a:\n  script: {}x{}\n", "[".repeat(13), "]".repeat(13))),
        (
            "when",
            "a:\n  script: x\n  when: on_succes\nb:\n  script: x\n  when: true\nc:\n  script: x\n  when: sometimes\n"
        ),
        (
            "allow_failure",
            "a:\n  script: x\n  allow_failure: yes\nb:\n  script: x\n  allow_failure:\n    exit_code: 1\nc:\n  script: x\n  allow_failure:\n    exit_codes: ['1', 2, 2]\n"
        ),
        (
            "retry",
            "a:\n  script: x\n  retry: 3\nb:\n  script: x\n  retry: '2'\nc:\n  script: x\n  retry:\n    max: 1\n    when: [script_failur, 3]\n    times: 2\nd:\n  script: x\n  retry:\n    when: always\n"
        ),
        (
            "timeout",
            "a:\n  script: x\n  timeout: 3600\nb:\n  script: x\n  timeout: soon\nc:\n  script: x\n  timeout: 2 months\nd:\n  script: x\n  timeout: 0 s\n"
        ),
        ("stages", "stages: [a, 1, '', b]\njob:\n  script: x\n  stage: a\n"),
        ("stages that are no list", "stages: build\njob:\n  script: x\n  stage: build\n"),
        (
            "variables",
            "variables:\n  A: [1]\n  B:\n    value: x\n    desc: y\n  C:\n    value: x\n    options: [y, z]\n  D:\n    value: x\n    options: x\n  E:\n    value: x\n    expand: okay\n  'F=': x\njob:\n  script: x\n  variables:\n    G:\n      value: x\n      description: y\n"
        ),
        (
            "artifacts",
            "a:\n  script: x\n  artifacts: dist\nb:\n  script: x\n  artifacts:\n    paths: dist/\nc:\n  script: x\n  artifacts:\n    paths: []\nd:\n  script: x\n  artifacts:\n    paths: [a]\n    when: [always]\n"
        ),
        ("names", &format!("{}:\n  script: x\ntrue:\n  script: x\n\"a\\nb\":\n  script: x\n", "n".repeat(300))),
    ]);
}

#[test]
fn jobs_among_each_other() {
    let circle = "a:\n  script: x\n  needs: [b]\nb:\n  script: x\n  needs: [c]\nc:\n  script: x\n  needs: [a]\nd:\n  script: x\n  needs: [d]\n";
    let many: String = (0..60).map(|i| format!("j{i}:\n  script: x\n")).collect::<String>()
        + "last:\n  script: x\n  stage: deploy\n  needs: ["
        + &(0..60).map(|i| format!("j{i}")).collect::<Vec<_>>().join(", ")
        + "]\n";
    let chain: String =
        (0..14).map(|i| format!("j{i}:\n  extends: j{}\n", i + 1)).collect::<String>() + "j14:\n  script: x\n";
    snapshot!(&[
        ("unknown stage", "stages: [build, tests]\na:\n  script: x\n  stage: test\n"),
        ("unknown need", "build:\n  script: x\ntest:\n  script: x\n  needs: [biuld, .t]\n.t:\n  script: x\n"),
        ("unknown optional need", "test:\n  script: x\n  needs:\n    - job: nowhere\n      optional: true\n"),
        ("a need in a later stage", "a:\n  script: x\n  stage: build\n  needs: [b]\nb:\n  script: x\n  stage: test\n"),
        ("circles", circle),
        ("needed twice", "a:\n  script: x\nb:\n  script: x\n  needs: [a, job: a]\n"),
        ("too many needs", &many),
        (
            "needs of another shape",
            "a:\n  script: x\n  needs: b\nb:\n  script: x\n  needs: [~, 3, {artifacts: true}, {job: }]\n"
        ),
        ("a need that is left out", "a:\n  script: x\n  when: never\nb:\n  script: x\n  needs: [a]\n"),
        ("all left out", "a:\n  script: x\n  when: never\n"),
        ("only the edges", "a:\n  script: x\n  stage: .pre\n"),
        ("extends nothing", "build:\n  script: x\ntest:\n  extends: [.biuld, bild]\n"),
        ("extends in a circle", "a:\n  extends: b\nb:\n  extends: a\nc:\n  extends: c\n"),
        ("extends too far", &chain),
        ("extends of other shapes", ".a: 3\nb:\n  extends: .a\n  script: x\nc:\n  extends: 3\n  script: x\n"),
    ]);
}

#[test]
fn references() {
    let chain: String = (0..14).map(|i| format!(".r{i}: [!reference [.r{}]]\n", i + 1)).collect::<String>()
        + ".r14: [x]\na:\n  script: !reference [.r0]\n";
    snapshot!(&[
        (
            "nowhere",
            ".setup:\n  script: x\na:\n  script: !reference [.setpu, script]\nb:\n  script:\n    - !reference [.setup, scripts]\n"
        ),
        ("of itself", "a:\n  script:\n    - !reference [a, script]\n"),
        ("in a circle", "a:\n  script: [!reference [b, script]]\nb:\n  script: [!reference [a, script]]\n"),
        ("too long a chain", &chain),
        (
            "other shapes",
            "a:\n  script: !reference []\nb:\n  script: !reference x\nc:\n  script: [!reference [[x]]]\nd:\n  extends: !reference [a, b]\n  script: x\n"
        ),
        ("a wrong value", ".setup: {a: b}\na:\n  script: !reference [.setup]\n"),
        ("unused", ".a:\n  script: !reference [nowhere]\nb:\n  script: x\n"),
    ]);
}

#[test]
fn rules() {
    let job = |rules: &str| format!("a:\n  script: x\n  rules:\n{rules}");
    snapshot!(&[
        ("empty", "a:\n  script: x\n  rules: []\n"),
        (
            "other shapes",
            "a:\n  script: x\n  rules: always\nb:\n  script: x\n  rules: [~, x, {}, {variables: {A: b}}]\n"
        ),
        (
            "words",
            &job(
                "    - iff: $A\n      when: sometimes\n    - if: $A\n      changes: [a]\n      allow_failure: {exit_codes: 1}\n    - when: delayed\n"
            )
        ),
        ("empty parts", &job("    - if:\n    - if: true\n    - if: $A\n      needs:\n")),
        ("braces", &job("    - if: '${A} == \"x\"'\n")),
        ("one equals sign", &job("    - if: $A = \"x\"\n")),
        ("no quotes", &job("    - if: $A == main\n")),
        ("an open string", &job("    - if: $A == \"x\n")),
        ("a short pattern", &job("    - if: $A =~ /x/\n")),
        (
            "a bad pattern",
            &job("    - if: $A =~ /(ab/\n    - if: $A =~ /(?=a)b/\n    - if: $A =~ \"x\"\n    - if: $A == /ab/\n")
        ),
        ("a missing side", &job("    - if: $A ==\n    - if: $A && && $B\n    - if: ($A\n    - if: $A)\n")),
        ("on several lines", &job("    - if: |\n        $A == \"x\" &&\n        $B = 1\n")),
        ("never reached", &job("    - when: always\n    - if: $A\n")),
        ("none applies", &job("    - if: $A\n    - if: $B == \"x\" && $C\n")),
        ("never", &job("    - if: $A == null\n      when: never\n    - when: always\n")),
        ("a need that a rule leaves out", "a:\n  script: x\n  rules: [{when: never}]\nb:\n  script: x\n  needs: [a]\n"),
        ("needs of a rule", "a:\n  script: x\n  rules: [{when: always, needs: [b]}]\nb:\n  script: x\n  needs: [a]\n"),
        ("unknown needs of a rule", "a:\n  script: x\n  rules: [{if: $A, needs: [c]}]\nb:\n  script: x\n"),
        ("a pattern in a variable that is none", "variables: {P: word}\na:\n  script: x\n  rules: [{if: $A =~ $P}]\n"),
        (
            "workflow",
            "workflow:\n  name: x\n  rules:\n    - if: $A\n      when: manual\n      needs: [a]\na:\n  script: x\n"
        ),
        ("a workflow that says no", "workflow:\n  rules:\n    - if: $A\na:\n  script: x\n"),
        (
            "a workflow that says never",
            "workflow:\n  rules:\n    - if: $A == null\n      when: never\na:\n  script: x\n"
        ),
    ]);
}

#[test]
fn warnings() {
    snapshot!(&[
        (
            "values that GitLab reads otherwise",
            "variables:\n  A: on\n  B: No\n  C: 012345\n  D: 1:30\n  E: 2024-01-31\n  F: 1.10\n  G: 1_000\n  H: 0x1F\n  ok: \"on\"\n  fine: [1, 2]\njob:\n  script: x\n",
        ),
        ("only warnings", "job:\n  script: x\n  variables:\n    SWITCH: off\n    MY-NAME: x\n"),
        ("a key given twice", "job:\n  script: x\n  script: y\njob:\n  script: z\n"),
        ("values of a matrix", "job:\n  script: x\n  parallel: {matrix: [{A: [on, 010, ok]}]}\n"),
        (
            "rules that never decide",
            "a:\n  script: x\n  rules:\n    - if: $A == 'x' && $A == 'y'\n    - if: $B\n    - if: $B\n      when: manual\n    - when: always\n"
        ),
        (
            "a job that never runs",
            "a:\n  script: x\nb:\n  script: x\n  rules: [{if: $A, when: never}, {when: never}]\n"
        ),
        (
            "nothing before it can fail",
            "a:\n  stage: build\n  script: x\n  when: on_failure\nb:\n  script: x\nc:\n  script: x\n  needs: []\n  when: on_failure\n"
        ),
        (
            "a stage that orders nothing",
            "a:\n  stage: build\n  script: x\nb:\n  stage: test\n  script: x\n  needs: []\nc:\n  stage: test\n  script: x\n  needs: [b]\n"
        ),
        (
            "artifacts that nobody fetches",
            "a:\n  stage: build\n  script: x\n  artifacts: {paths: [out]}\nb:\n  script: x\n  needs: [{job: a, artifacts: false}]\n"
        ),
        (
            "a need that selects nothing",
            "a:\n  stage: build\n  script: x\n  parallel: {matrix: [{A: x}]}\nb:\n  script: x\n  needs: [{job: a, parallel: {matrix: [{A: y}]}}]\nc:\n  script: x\n  needs: [{job: b, parallel: {matrix: [{A: y}]}}]\n"
        ),
        ("patterns that fit nothing", "a:\n  script: x\n  rules: [{changes: [./src/*]}]\n"),
        ("a merge after its key", ".a: &a\n  stage: build\njob:\n  stage: deploy\n  <<: *a\n  script: x\n"),
        (
            "artifacts",
            "job:\n  script: x\n  artifacts:\n    when: always\nother:\n  script: x\n  artifacts:\n    paths: [/tmp/x, ../y]\n"
        ),
    ]);
}

#[test]
fn files_and_inputs() {
    snapshot!(&[
        ("no repository", "include: a.yml\nb:\n  script: x\n"),
        (
            "entries of other shapes",
            "include: [~, 3, {}, {local: a.yml, remote: b}, {project: p, file: x}, {project: a/b}]\nb:\n  script: x\n"
        ),
        ("a header without a definition", "spec:\n  inputs: {}\n"),
        ("a header with more", "spec:\n  inputs: {}\nb: {}\n---\nc:\n  script: x\n"),
        (
            "inputs of other shapes",
            "spec:\n  inputs:\n    a: 3\n    b: {type: text}\n    c: {type: number, default: x, regex: ab}\n    d: {defualt: x}\n    e: {default: x, regex: '('}\n---\nc:\n  script: x\n"
        ),
        (
            "blocks that stand for nothing",
            "spec:\n  inputs:\n    name: {default: x}\n---\nc:\n  script:\n    - $[[ inputs.nmae ]]\n    - $[[ name ]]\n    - $[[ inputs.name | trim ]]\n"
        ),
    ]);
}

#[test]
fn everything_at_once() {
    let text = "stagse: [a]\na:\n  script: 1\n  retry: 9\nb:\n  scirpt: x\n  needs: [nobody]\n";
    let lines: Vec<_> = pipeline::plan(text, &Context::default()).diagnostics.iter().map(|d| d.span.line).collect();
    assert_eq!(lines, [1, 3, 4, 6, 7]);
}

#[test]
fn bytes_that_are_no_text() {
    let refused = pipeline::decode(b"job:\n  script: \xff\n", "ci.yml").unwrap_err();
    assert_eq!(refused.to_string(), "ci.yml:2:11: the file is not UTF-8 text (save it as UTF-8)");
    assert_eq!(pipeline::decode("é".as_bytes(), "ci.yml").ok(), Some("é"));
}

#[test]
fn help_that_can_be_followed() {
    let number = "spec: {inputs: {n: {type: number, default: 3}}}\n---\n";
    snapshot!(&[
        ("tags", "a: {script: x, tags: \"\"}\n"),
        ("a rule of a workflow", "workflow: {rules: [{variables: {A: b}}]}\na: {script: x}\n"),
        ("a rule of a job", "a: {script: x, rules: [{allow_failure: true}]}\n"),
        (
            "a number that is an input",
            &format!("{number}a:\n  script: \"$[[ inputs.n ]]\"\n  image: $[[ inputs.n ]]\n")
        ),
        (
            "a pattern in quotes",
            "a: {script: x, rules: [{if: '$A =~ \"/x/\"'}, {if: '$A =~ \"/xy/q\"'}, {if: '$A =~ \"xy\"'}]}\n"
        ),
        ("no function", &format!("{number}a: {{script: \"echo $[[ inputs.n | foo ]]\"}}\n")),
    ]);
}

#[test]
fn names_that_are_nearly_right() {
    snapshot!(&[
        ("many", "a: {script: x, retries: 1}\n"),
        ("a short one", "a: {script: x}\nb: {script: x, needs: [{jb: a}]}\n"),
        (
            "instances",
            "job: {script: x, parallel: {matrix: [{A: [1], B: [x]}]}}\nk: {script: x, parallel: 2}\nb: {script: x, needs: [\"job: [1,x]\"]}\nc: {script: x, needs: [\"k [1/2]\"]}\n"
        ),
    ]);
}
