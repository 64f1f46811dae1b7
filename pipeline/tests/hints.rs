//! What people are told who write what people often write: where, and what helps.

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
