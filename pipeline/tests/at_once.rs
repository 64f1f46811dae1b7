//! All errors are told at once: nothing that is wrong hides something else.

use pipeline::Context;

/// The errors, in the order of the text.
fn errors(text: &str) -> Vec<String> {
    let findings = pipeline::plan(text, &Context::default()).diagnostics;
    findings.into_iter().filter(|one| one.severity == model::Severity::Error).map(|one| one.message).collect()
}

/// Each of the errors holds one of the words, in their order, and there are no others.
fn assert_errors(text: &str, words: &[&str]) {
    let found = errors(text);
    let fits = found.len() == words.len() && found.iter().zip(words).all(|(found, word)| found.contains(word));
    assert!(fits, "{text}\nwanted {words:?}\nfound {found:#?}");
}

#[test]
fn a_wrong_keyword_hides_nothing_that_stands_beside_it() {
    let cases: &[(&str, &[&str])] = &[
        ("artifacts: {paths: x, access: q, reports: {junt: a}}", &["`paths`", "`access`", "`junt`"]),
        ("artifacts: {paths: [1], reports: {junt: a}, access: q}", &["`paths`", "`junt`", "`access`"]),
        ("artifacts: {exclude: x, paths: [], expose_as: t, access: q}", &["`exclude`", "`paths`", "`access`"]),
        (
            "environment: {name: [x], action: foo, url: 5, deployment_tier: z}",
            &["`name`", "`action`", "`url`", "`deployment_tier`"],
        ),
        ("needs: [{job: [x], parallel: {matrx: a}}]", &["`job`", "`parallel`", "`matrx`"]),
        ("needs: [{job: [x], pipeline: [y], optional: z}]", &["`job`", "`pipeline`", "`optional`"]),
        ("cache: {key: {files: x, prefix: [a]}, paths: [p]}", &["`files`", "`prefix`"]),
        ("cache: {key: {files: [1], prefix: a/b}, paths: [2]}", &["`files`", "a/b", "`paths`"]),
        ("variables: {A: {value: [x], expand: y}}", &["`value`", "`expand`"]),
        ("image: {name: [x], entrypoint: [1]}", &["`name`", "`entrypoint`"]),
        ("tags: [1]", &["`tags`"]),
        ("when: foo, start_in: bar", &["foo", "bar"]),
        ("rules: [{when: foo, start_in: bar}]", &["foo", "bar"]),
        ("retry: {max: x, when: [foo], exit_codes: bar}", &["`max`", "foo", "`exit_codes`"]),
        ("inherit: {default: 5, variables: 6}", &["`default`", "`variables`"]),
        ("only: {refs: 5, variables: 6, changes: 7}", &["`refs`", "`variables`", "`changes`"]),
        (
            "rules: [{if: 5, changes: {paths: 6, compare_to: 7}, when: x, needs: y}]",
            &["`if`", "`paths`", "`compare_to`", "`x`", "`needs`"],
        ),
        ("services: [{name: 5, alias: 6, command: 7}]", &["`name`", "`alias`", "`command`"]),
    ];
    for (keyword, words) in cases {
        assert_errors(&format!("a: {{script: x, {keyword}}}\n"), words);
    }
    let rest = "a: {script: x}\n";
    assert_errors(&format!("include: [{{project: 5, file: 6}}]\n{rest}"), &["`project`", "`file`"]);
    assert_errors(&format!("include: [{{remote: 5, integrity: 6}}]\n{rest}"), &["`remote`", "`integrity`"]);
    let variable = "variables: {A: {value: [x], description: 5, options: 6}}\n";
    assert_errors(&format!("{variable}{rest}"), &["`value`", "`description`", "`options`"]);
    assert_errors(
        "a: {trigger: {strategy: x, include: [{artifact: 5, job: 6}], forward: 7}}\n",
        &["`strategy`", "`artifact`", "`job`", "`forward`"],
    );
}
