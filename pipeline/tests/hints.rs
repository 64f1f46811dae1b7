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
