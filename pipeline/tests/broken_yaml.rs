//! What is wrong elsewhere is told beside what is no YAML, and what is no YAML leads to nothing else.

use std::sync::Arc;

use pipeline::Context;

mod common;
#[path = "common/examples.rs"]
mod examples;

const FILES: &[(&str, &str)] = &[
    ("ci/build.yml", "build: {stage: build, script: make}\n"),
    ("ci/deploy.yml", "spec: {inputs: {environment: , replicas: {type: number, default: 1}}}\n---\nx: {script: x}\n"),
];

/// Line and words of the errors.
fn errors(text: &str, files: &[(&str, &str)]) -> Vec<(u32, String)> {
    let mut context = Context::default();
    context.files = Arc::new(common::Table::new(files));
    let findings = pipeline::plan(text, &context).diagnostics.into_iter();
    let errors = findings.filter(|found| found.severity == model::Severity::Error);
    errors.map(|found| (found.span.line, found.message)).collect()
}

/// Each of the errors begins in the line and holds the words, and there are no others.
fn assert_errors(text: &str, files: &[(&str, &str)], wanted: &[(u32, &str)]) {
    let found = errors(text, files);
    let fits = |((line, message), (at, words)): (&(u32, String), &(u32, &str))| line == at && message.contains(words);
    assert!(found.len() == wanted.len() && found.iter().zip(wanted).all(fits), "{text}\n{wanted:?}\n{found:#?}");
}

/// Ways to break a line.
fn broken(line: &str) -> Vec<String> {
    let indent = &line[..line.len() - line.trim_start().len()];
    let mut all = vec![format!(" {line}"), format!("{line}: x: y"), format!("{line} \"x\" \"y\""), format!("\t{line}")];
    if let Some((key, value)) = line.split_once(": ") {
        all.push(format!("{key} {value}"));
        all.extend(["\"", "'", "[", "{", "@"].map(|sign| format!("{key}: {sign}{value}")));
    } else if let Some(key) = line.strip_suffix(':') {
        all.push(key.to_owned());
    }
    if let Some(item) = line.trim_start().strip_prefix("- ") {
        all.extend([format!("{indent}-{item}"), format!("{indent}- \"{item}")]);
    }
    all
}

#[test]
fn what_is_no_yaml_leads_to_no_other_error() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md")).unwrap();
    let mut looked_at = 0;
    for (_, text) in examples::of(&page) {
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            for wrong in broken(line) {
                let changed = [&lines[..i], &[&*wrong], &lines[i + 1..]].concat().join("\n") + "\n";
                let found = errors(&changed, FILES);
                if found.iter().any(|(_, message)| message.starts_with("not valid YAML")) {
                    assert_eq!(found.len(), 1, "{changed}{found:#?}");
                    looked_at += 1;
                }
            }
        }
    }
    assert!(looked_at > 2_000, "{looked_at}");
}

#[test]
fn what_is_wrong_elsewhere_is_told_beside_what_is_no_yaml() {
    let rest = "\nrest: {script: x, tmeout: 1h}\n";
    for (part, line) in [
        ("a:\n  script: \"x\n", 2),
        ("a:\n  script: [x\n", 2),
        ("a:\n  script: x\n  needs: @b\n", 3),
        ("a:\n  script: echo: x\n", 2),
        ("a:\n  script x\n  stage: test\n", 2),
        ("a:\n    script: x\n   stage: test\n", 3),
        ("a:\n\tscript: x\n", 2),
        ("a:\n  script: x\n b: {script: x}\n", 3),
        ("a:\n  - x\n  script: x\n", 3),
        (" a:\n   script: x\n", 1),
        ("\"a b\":\n  script: \"x\n", 2),
        ("stages:\n- build\n- \"test\n", 3),
        ("'a: {script: x}\n", 1),
    ] {
        let found = errors(&format!("{part}{rest}"), &[]);
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        let last = part.matches('\n').count() as u32 + 2;
        assert_eq!(lines, [line, last], "{part}{found:#?}");
        let is_told = found[0].1.starts_with("not valid YAML") && found[1].1.contains("`tmeout`");
        assert!(is_told, "{part}{found:#?}");
    }
}

#[test]
fn each_part_that_is_no_yaml_is_told() {
    let text = "
stages: [build, test]]
a: {script: \"x, stage: build}
b:
  script: x
  stage: tset
  needs: [a, c]
c:
  script: - x
d: {stage: test, retry: 9, extends: .t, script: !refrence [.t, script]}
.t:
  tags: @all
";
    let not = "not valid YAML";
    let wanted = [(2, not), (3, not), (9, not), (10, "`retry`"), (10, "`!refrence`"), (12, not)];
    assert_errors(text, &[], &wanted);
    // So many are looked for.
    let many = "j: {script: \"x}\n".repeat(30);
    assert_eq!(errors(&many, &[]).len(), 11);
    // Longer texts are read once.
    let long = format!("a: {{script: \"x}}\nb: {{tmeout: 1h}}\n# {}\n", "x".repeat(600 * 1024));
    assert_errors(&long, &[], &[(1, not)]);
}

#[test]
fn what_may_stand_in_a_part_that_is_no_yaml_is_not_missed() {
    let not = "not valid YAML";
    // Jobs, stages, defaults, anchors, and values that others take over.
    let uses = "
b: {stage: one, needs: [lost], script: *words, <<: *all}
c: {stage: one, script: !reference [a, script], needs: [a]}
d: {<<: *all, extends: a}
e: {<<: *all}
f: {script: x, environment: {name: x, on_stop: stop}}
";
    for part in [
        "a:\n  script: &words x\n  tags: &all @x\n",
        "a:\n  script: &words x\n lost: &all {script: x}\n  stage: one\n",
        "stages [one]\n.x: {a: &words x, b: &all {script: x}}\na:\n  script: \"x\n",
        "default:\n  image: &words x\n  cache: &all @x\n",
        "include:\n  - &words x\n  - &all @x\n",
    ] {
        let found = errors(&format!("{part}{uses}"), &[]);
        assert!(found.iter().all(|(_, message)| message.starts_with(not)), "{part}{found:#?}");
    }
    // What cannot stand there is.
    assert_errors("a:\n  script: \"x\nb: {script: *gone}\n", &[], &[(2, not), (3, "&gone")]);
}

#[test]
fn documents_that_are_no_yaml() {
    let not = "not valid YAML";
    let body = "j: {script: \"$[[ inputs.x ]]\", tmeout: \"$[[ inputs.y | up ]]\"}\n";
    assert_errors(
        &format!("spec:\n  inputs:\n    x: @\n---\n{body}"),
        &[],
        &[(3, not), (5, "`tmeout`"), (5, "there is no function `up`")],
    );
    assert_errors(
        &format!("spec:\n  inputs:\n    x: \n---\na: {{script: \"x}}\n{body}"),
        &[],
        &[(3, "the input `x` is not given"), (5, not), (6, "`tmeout`"), (6, "there is no input `y`")],
    );
    assert_errors(
        "spce: {inputs: {x: }}\n---\nj: {script: \"$[[ inputs.x ]]\", tmeout: 1}\n",
        &[],
        &[(1, "`spce` is not a keyword in a header"), (3, "`tmeout`")],
    );
    // Nothing is lost behind a line that separates what is one document.
    let two = "a: {script: x, tmeout: 1h}\n---\nb: {script: x, needs: [a, c], whne: x}\n";
    assert_errors(two, &[], &[(1, "`tmeout`"), (2, "a second document"), (3, "`c`"), (3, "`whne`")]);
    // The same holds for files that are included.
    let files = [("b.yml", "stages [x]\nb: {script: \"x}\nc: {script: x, tmeout: 1h, stage: x}\n")];
    assert_errors(
        "include: b.yml\na: {script: x, needs: [d], stage: x, whne: x}\n",
        &files,
        &[(2, "`whne`"), (2, not), (2, not), (3, "`tmeout`")],
    );
}

#[test]
fn the_place_of_a_mistake_is_found_beside_another_one() {
    let not = "not valid YAML";
    for (text, wanted) in [
        // An alias without its anchor.
        (
            "a: &a\n  script: [x\nb:\n  <<: *a\nc:\n  script: \"x\nd:\n  script: y\n",
            &[(2, "this `[` is not closed"), (6, "this `\"` is not closed")][..],
        ),
        ("a:\n  script: *.yml\nb:\n  script: \"x\nc:\n  script: y\n", &[(2, "alias"), (4, "this `\"`")]),
        // A bracket that nothing stands behind.
        ("stages: [build,\nb:\n  script: x\nc:\n  script: y\n", &[(1, "this `[` is not closed")]),
        ("variables: {A: 1,\nb:\n  script: x\nc:\n  script: y\n", &[(1, "this `{` is not closed")]),
        ("include: [\nb:\n  script: x\nc:\n  script: y\n", &[(1, "this `[` is not closed")]),
        // A whole file in brackets has no parts.
        ("{\n\"a\": {\"script\": [\"x\"]}\n\"b\": {\"script\": \"x\"}\n}\n", &[(3, not)]),
        ("{\n\"a\": {\"script\": [\"x\"},\n\"b\": {\"script\": \"x\"}\n}\n", &[(2, not)]),
        // One that is indented as a whole has.
        ("  a:\n    script: \"x\n  b:\n    tmeout: 1h\n    script: y\n", &[(2, not), (4, "`tmeout`")]),
        // A tab, a colon that is missing, text that lost its indentation.
        ("a:\n  script: x\n\tstage: y\n", &[(3, "indented with a tab")]),
        ("\ta:\n  script: x\nb:\n  script: y\n", &[(1, not)]),
        ("a:\n  script: x\nb\n  script: y\n", &[(3, "no `:` after `b`")]),
        ("a:\n  script: x\n  stage test\n  tags: [a]\n", &[(3, "no `:` after `stage`")]),
        ("a:\noops\n  script: x\nb: {script: x}\n", &[(2, not)]),
        (
            "a:\n  script:\n    - |\n      cat <<E\nversion: 1\nitems:\n  - x\nE\n  stage: test\nb: {script: x}\n",
            &[(8, not)],
        ),
        // Marks of a file that an editor writes, and lines that separate documents.
        ("\u{feff}spec:\n  inputs: [x\n---\na:\n  script: $[[ inputs.a ]]\n", &[(2, not)]),
        ("a: {script: x}\n--- # more\nb: {scirpt: x, script: x}\n", &[(2, "a second document"), (3, "`scirpt`")]),
        ("a: {script: x}\n...\nb: {scirpt: x, script: x}\n", &[(3, "a second document"), (3, "`scirpt`")]),
        ("a: {script: x}\n...\n---\nb: {scirpt: x, script: x}\n", &[(3, "a second document"), (4, "`scirpt`")]),
        // A keyword with a typing error is one, whatever else is wrong.
        ("varables:\n  A: b\nb:\n  script: [x\n", &[(1, "`varables` looks neither"), (4, not)]),
        ("include: no.yml\nvarables:\n  A: b\n", &[(1, "`no.yml`"), (2, "`varables` looks neither")]),
        // Jobs that are read as a whole lack what they lack.
        ("a:\n  script: @x\nb: {stage: test}\n", &[(2, not), (3, "`b` has no `script`")]),
    ] {
        assert_errors(text, &[], wanted);
    }
}

#[test]
fn what_could_not_be_merged_is_not_missed() {
    for merge in ["<<: *nope", "<<: !foo [x]", "<<: .x", "<<: [.x]"] {
        for job in [
            "a: {MERGE}",
            ".b: {MERGE}\na: {extends: .b}",
            "a: {script: x, environment: {url: x, MERGE}}",
            "a: {script: x, image: {pull_policy: always, MERGE}}",
            "a: {script: x, services: [{alias: x, MERGE}]}",
            "b: {stage: build, script: x}\na: {script: x, needs: [{artifacts: false, MERGE}]}",
            "a: {trigger: {strategy: depend, MERGE}}",
            "a: {script: x, parallel: {MERGE}}",
            "a: {script: x, when: delayed, MERGE}",
            "a: {script: x, cache: {key: k, MERGE}}",
            "a: {script: x, retry: {when: always, MERGE}}",
            "include: [{MERGE}]\na: {script: x}",
            "MERGE\na: {script: x, needs: [b], extends: .c, stage: d}",
        ] {
            let text = format!("{}\n", job.replace("MERGE", merge));
            let findings = pipeline::plan(&text, &Context::default()).diagnostics;
            assert_eq!(findings.len(), 1, "{text}{findings:#?}");
        }
    }
}
