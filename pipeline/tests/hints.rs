//! What people are told who write what people often write: where, and what helps.

use model::Severity;
use pipeline::Context;

/// The definition has one finding; it is told at this place, and message and hint hold these words.
fn assert_told(cases: &[(&str, &str, &str, &str)]) {
    for (text, place, message, hint) in cases {
        let found = pipeline::plan(text, &Context::default()).diagnostics;
        let fits = matches!(&found[..], [one] if place == &format!("{}:{}", one.span.line, one.span.column)
            && one.message.contains(message)
            && one.hint.as_deref().unwrap_or_default().contains(hint));
        assert!(fits, "{text}\nwanted {place} {message} = {hint}\nfound {found:#?}");
    }
}

/// A job with this command.
fn command(line: &str) -> String {
    format!("a:\n  script:\n    - {line}\n")
}

/// A job with this condition.
fn condition(text: &str) -> String {
    format!("a:\n  script: x\n  rules:\n    - if: {text}\n")
}

#[test]
fn a_reference_that_brings_too_much_is_wrong_where_it_stands() {
    let all = "brings all of it";
    assert_told(&[
        (
            ".r: {rules: [{if: $A}]}\na: {script: x, rules: [!reference [.r]]}\n",
            "2:24",
            all,
            "`!reference [.r, rules]`",
        ),
        (".b: {script: x}\na:\n  script: !reference [.b]\n", "3:11", all, "`!reference [.b, script]`"),
        (".b: {tags: [x]}\na:\n  script: x\n  tags: [!reference [.b]]\n", "4:10", all, "`!reference [.b, tags]`"),
        (
            ".b: {variables: {A: b}}\na:\n  script: x\n  variables: !reference [.b]\n",
            "4:14",
            all,
            "`!reference [.b, variables]`",
        ),
        (".b: {image: x}\na:\n  script: [!reference [.b]]\n", "3:12", "brings a mapping", "`!reference [.b, image]`"),
        (".x: &x [a, b]\na:\n  <<: *x\n  script: x\n", "3:3", "merges mappings, not a list", "a key of its own"),
    ]);
    // What is named may be just what is wanted.
    for text in [
        ".v: {variables: x}\na: {script: x, variables: !reference [.v]}\n",
        ".v: {A: b}\na: {script: x, variables: !reference [.v]}\n",
        ".r: {when: always}\na: {script: x, rules: [!reference [.r]]}\n",
        ".c: {paths: [x]}\na: {script: x, cache: [!reference [.c]]}\n",
        ".x: &x [{retry: 1}]\na: {<<: *x, script: x}\n",
    ] {
        assert!(pipeline::plan(text, &Context::default()).diagnostics.is_empty(), "{text}");
    }
}

#[test]
fn lines_that_yaml_refuses_are_shown_as_they_should_be() {
    let after = "trailing content after";
    let escape = "means nothing in double quotes";
    assert_told(&[
        (&command("\"echo hi\" && echo there"), "3:17", after, "`'\"echo hi\" && echo there'`"),
        (&command("'it's fine'"), "3:11", after, "`'it''s fine'`"),
        (&command("\"echo \"hi\"\""), "3:14", after, "`'echo \"hi\"'`"),
        (&command("\"sed 's/a\\.b/c/'\""), "3:16", escape, "`'sed ''s/a\\.b/c/'''`"),
        (&command("\"echo \\$X\""), "3:13", escape, "`'echo \\$X'`"),
        (&command("\"printf '\\n\\.'\""), "3:18", escape, "write `\\\\` for a backslash"),
        (&command("[[ -f x ]] && echo hi"), "3:18", "", "`'[[ -f x ]] && echo hi'`"),
        (&command("{{ name }} x"), "3:18", "", "`'{{ name }} x'`"),
        (&command("curl -H \"A: b\" --data \"c: d\""), "3:31", "", "`'curl -H \"A: b\" --data \"c: d\"'`"),
        (&command("@echo hi"), "3:7", "", "`'@echo hi'`"),
        (&command("%PATH%\\x"), "3:7", "", "`'%PATH%\\x'`"),
        (&command("`ls`"), "3:7", "", "`'`ls`'`"),
        (&command("> out.txt echo"), "3:7", "", "`'> out.txt echo'`"),
        (&command("& echo"), "3:7", "", "`'& echo'`"),
        (&condition("\"$A\" == \"b\""), "4:16", after, "`- if: $A == \"b\"`"),
        (&condition("\"$A\" == \"b\" || \"$C\""), "4:16", after, "`- if: $A == \"b\" || $C`"),
        (&condition("\"$A =~ /^v\\d+/\""), "4:21", escape, "`'$A =~ /^v\\d+/'`"),
        (&condition("$A\n      && $B"), "5:7", "", "indent `&&` more"),
        ("a:\n  stage: test\n  script:b\n", "3:9", "no space after `script:`", "`script: b`"),
        ("a:b\nx:\n  script: x\n", "1:2", "no space after `a:`", "`a: b`"),
        ("a:\n  script:b\n", "2:3", "no space after `script:`", ""),
        ("a:\n  script:\n    - x\n    -y\n", "4:5", "no space after `-`", "`- y`"),
        ("a\n  script: x\n", "1:1", "no `:` after `a`", "`a:`"),
        ("a:\n  stage: test\n    script: x\n", "3:5", "does not fit", "like the line above"),
        ("a:\n  script:\n    - x\n   - y\n", "4:4", "does not fit", "like the line above"),
        ("a:\n  script: |\n    cat <<X\n  X\n", "4:3", "does not fit", "like the line above"),
        ("a:\n\tscript: x\n", "2:2", "tabs", "spaces instead of tabs"),
        ("a:\n  image: name: b\n  script: x\n", "2:14", "", "`name:` begins a line of its own"),
        ("a: {script: x, artifacts: {paths: [*.deb]}}\n", "1:36", "alias", "`\"*.deb\"`"),
        ("a: {script: x, artifacts: {paths: [**/x]}}\n", "1:36", "alias", "`\"**/x\"`"),
        ("a: {script: *base}\n", "1:13", "no anchor `&base`", "`extends` and `!reference`"),
    ]);
}

#[test]
fn lines_that_yaml_puts_together_are_told() {
    assert_told(&[
        ("a:\n  script:\n  - x\n    - y\n", "3:5", "are not entries", "by the same width"),
        ("a:\n  script:\n    -x\n    -y\n", "3:5", "not an entry", "a space after `-`"),
        (&command("{echo hi}"), "3:7", "not a mapping", "`{` makes"),
        (&command("echo a: b"), "3:7", "not a mapping", "in quotes"),
        (&command("name: x"), "3:7", "not a mapping", "a command and nothing else"),
        ("a:\n  script: x\n\u{a0} stage: test\n", "3:1", "neither a keyword nor a job", "U+00A0"),
        ("a:\n  script: x\n  \u{a0}stage: test\n", "3:3", "not a keyword", "U+00A0 before `stage`"),
    ]);
    let text = "a:\n  script:\n    - |\n      - x\n    - \"b\n      - c\"\n    - --help\n";
    assert!(pipeline::plan(text, &Context::default()).diagnostics.is_empty());
}

#[test]
fn conditions_of_other_languages_are_told() {
    assert_told(&[
        (&condition("$A =~ /^release/.*$/"), "4:26", "ends with this `/`", "`/^release\\/.*$/`"),
        (&condition("$A =~ /^feature/x/"), "4:26", "ends with this `/`", "`/^feature\\/x/`"),
        (&condition("$A =~ /^feature/issue/ && $B"), "4:26", "ends with this `/`", "`/^feature\\/issue/`"),
        (&condition("\"$A =~ /^feature/x/\""), "4:27", "ends with this `/`", "`/^feature\\\\/x/`"),
        (&condition("$A =~ /ab/x"), "4:21", "no flag `x`", "i, s, m and U"),
        (&condition("$A and $B"), "4:14", "`and`", "`&&`"),
        (&condition("$A == “b”"), "4:17", "no quote", "`\"`"),
    ]);
    for text in ["$A =~ /ab/&&$B=~/cd/", "($A =~ /ab/)", "$A =~ /a\\/b/i || $B"] {
        let found = pipeline::plan(&condition(text), &Context::default()).diagnostics;
        assert!(found.iter().all(|one| one.message.contains("no run can be made")), "{text} {found:?}");
    }
}

#[test]
fn words_of_other_languages_are_known() {
    let job = |rest: &str| format!("a: {{script: x, {rest}}}\n");
    assert_told(&[
        (&job("env: {A: b}"), "1:16", "`env`", "`variables`"),
        (&job("depends: [b]"), "1:16", "`depends`", "`needs`"),
        (&job("name: b"), "1:16", "`name`", "the key"),
        (&job("description: b"), "1:16", "`description`", "comment"),
        (&job("needs: [{name: b}]"), "1:25", "`name`", "`job`"),
        (&job("artifacts: {paths: [b], expire: 1 day}"), "1:40", "`expire`", "`expire_in`"),
        (&job("when: delayed, start: 1 day"), "1:31", "`start`", "`start_in`"),
        (&job("only: {branches: [main]}"), "1:23", "`branches`", "`refs`"),
        (&job("only: {rules: [{if: $A}]}"), "1:23", "`rules`", "in the job itself"),
        (&job("rules: [{only: main}]"), "1:25", "`only`", "in the job itself"),
        (&job("services: [{name: b, command: \"c d\"}]"), "1:46", "`command`", "[\"c\", \"d\"]"),
        ("a: {steps: [x]}\n", "1:5", "`steps`", "`script`"),
        ("a: {commands: [x]}\n", "1:5", "`commands`", "`script`"),
        ("a: {run: [{name: x, script: b}]}\n", "1:5", "`run`", "`script`"),
        ("jobs:\n  a:\n    script: x\n", "1:1", "`jobs`", "at the top of the file"),
        ("on: push\na: {script: x}\n", "1:1", "`on`", "`workflow`"),
        ("include: [{path: a.yml}]\na: {script: x}\n", "1:12", "`path`", "`local`"),
    ]);
}

#[test]
fn values_of_another_shape_are_shown_in_theirs() {
    let job = |rest: &str| format!("a:\n  script: x\n{rest}");
    assert_told(&[
        (&job("  variables:\n    - A: b\n"), "4:5", "not a list", "leave out the `-`"),
        (&job("  variables:\n    - A=b\n"), "4:5", "not a list", "`A: b`"),
        (&job("  artifacts:\n    - b/\n"), "4:5", "not a list", "`paths`"),
        (&job("  cache: {key: [b], paths: [c]}\n"), "3:16", "not a list", "`files`"),
        (&job("  image: [b]\n"), "3:10", "not a list", "`b`"),
        (&job("  stage: [test]\n"), "3:10", "not a list", "`test`"),
        (&job("  services: redis\n"), "3:13", "not a string", "`services: [redis]`"),
        (&job("  rules: always\n"), "3:10", "not a string", ""),
        (&job("  rules:\n    if: $A\n"), "4:5", "not a mapping", "`- `"),
        (&job("  parallel: [{A: [b]}]\n"), "3:13", "not a list", "`matrix`"),
        (&job("  environment: {url: b}\n"), "3:3", "needs `name`", "`name: production`"),
        ("stages:\n  build:\n  test:\na: {script: x, stage: build}\n", "2:3", "not a mapping", "`- `"),
    ]);
}

#[test]
fn one_cause_is_one_error() {
    for text in [
        "include: {template: Security/SAST.gitlab-ci.yml}\ns: {variables: {A: b}}\nlint: {stage: lint, script: x}\n",
        "a: {trigger: {project: b/c, branch: d}}\n",
        "a: {trigger: {include: [{project: b/c, ref: d, file: e}]}}\n",
        "a: {script: x, needs: [{project: b/c, ref: main}]}\n",
        "a: {script: x, environment: {names: x}}\n",
        "a: {script: x, cache: {path: [a]}}\n",
        "workflow: {rules: [{if: $A, start_in: 1 day}]}\na: {script: x}\n",
    ] {
        let found = pipeline::plan(text, &Context::default()).diagnostics;
        assert!(matches!(&found[..], [one] if one.severity == Severity::Error), "{text} {found:#?}");
    }
}

#[test]
fn a_long_text_that_is_no_yaml_is_still_told_how_its_line_was_meant() {
    let mut text = pipeline::bench::small_jobs();
    text.truncate(text[..900_000].rfind('\n').unwrap() + 1);
    text.push_str("a:\n  script:\n    - \"echo hi\" && echo there\n");
    let found = pipeline::plan(&text, &Context::default()).diagnostics;
    assert!(found[0].hint.as_deref().is_some_and(|hint| hint.contains("'\"echo hi\" && echo there'")), "{found:#?}");
}
