//! Inputs: what becomes of a text that they are put into, and of a file whose header is wrong.

mod common;

use common::summary::told;

/// The table itself stands above; the snapshot holds only the answers.
macro_rules! snapshot {
    ($($entry:expr,)*) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told(&[$($entry),*])) })
    };
}

#[test]
fn inside_of_a_longer_text_an_input_is_text() {
    const HEADER: &str = "spec: {inputs: {a: {default: '1'}, b: {default: '2'}, e: {default: ''}, n: {type: number, default: 3}}}\n---\n";
    let with = |body: &str| format!("{HEADER}{body}");
    snapshot![
        ("a script", &with("j: {script: [echo, '$[[ inputs.a ]]$[[ inputs.b ]]']}\n"), &[]),
        ("a script without quotes", &with("j:\n  script:\n    - $[[ inputs.a ]]$[[ inputs.b ]]\n"), &[]),
        ("tags", &with("j:\n  script: x\n  tags:\n    - $[[ inputs.a ]].$[[ inputs.b ]]\n"), &[]),
        ("an image", &with("j:\n  script: x\n  image: $[[ inputs.a ]]$[[ inputs.b ]]\n"), &[]),
        ("an environment", &with("j:\n  script: x\n  environment:\n    name: $[[ inputs.a ]].$[[ inputs.b ]]0\n"), &[]),
        ("a stage", &with("stages: ['12']\nj:\n  script: x\n  stage: $[[ inputs.a ]]$[[ inputs.b ]]\n"), &[]),
        ("nothing twice", &with("j:\n  script:\n    - echo\n    - $[[ inputs.e ]]$[[ inputs.e ]]\n"), &[]),
        ("no number", &with("j:\n  script: x\n  retry: $[[ inputs.a ]]$[[ inputs.e ]]\n"), &[]),
        ("a number alone", &with("j:\n  script: x\n  retry: $[[ inputs.n ]]\nk: {script: x}\n"), &[]),
        (
            "variables",
            &with("j:\n  script: x\n  variables:\n    V: $[[ inputs.a ]].$[[ inputs.a ]]0\n    W: 0$[[ inputs.a ]]\n"),
            &[]
        ),
    ];
}

#[test]
fn a_wrong_header_hides_no_other_error() {
    snapshot![
        (
            "not given",
            "spec: {inputs: {env: }}\n---\nj: {scirpt: x}\nk: {stage: nope, script: x}\n\"l-$[[ inputs.env ]]\": {script: x}\n",
            &[]
        ),
        (
            "a typo in the header",
            "spec: {inputs: {env: {defualt: x}}}\n---\nj: {scirpt: x}\nk: {script: \"$[[ inputs.env ]]\", retry: 7}\n",
            &[]
        ),
        (
            "no header",
            "spce: {inputs: {env: {default: x}}}\nspec:\n---\nj: {scirpt: x}\nk: {script: \"$[[ inputs.env ]]\", retry: 7}\n",
            &[]
        ),
        (
            "what hangs on it is not told",
            "spec: {inputs: {a: }}\n---\nstages: [one, \"$[[ inputs.a ]]\"]\nj: {stage: two, script: \"$[[ inputs.a ]]\", needs: [k], extends: .x}\n\".$[[ inputs.a ]]\": {retry: 1}\nl: {script: x, variables: {\"A$[[ inputs.a ]]\": x}, rules: [{if: \"$[[ inputs.a ]]\"}, {when: never}]}\nm: {when: \"$[[ inputs.a ]]\", start_in: 1 h, script: x, retry: 9}\nn: {trigger: {include: \"$[[ inputs.a ]]\"}}\n",
            &[]
        ),
        (
            "of a file that is included",
            "include: [{local: t.yml, inputs: {b: x}}]\nj: {scirpt: x}\nk: {script: x, needs: [\"t-x\"]}\n",
            &[(
                "t.yml",
                "spec: {inputs: {a: , b: }}\n---\n\"t-$[[ inputs.a ]]\": {script: x}\nu: {stgae: x, script: y}\n"
            )]
        ),
        (
            "given to a file",
            "spec: {inputs: {a: }}\n---\ninclude: [{local: t.yml, inputs: {b: \"$[[ inputs.a ]]\"}}]\nj: {scirpt: x}\n",
            &[("t.yml", "spec: {inputs: {b: }}\n---\nu: {script: \"$[[ inputs.b ]]\"}\n")]
        ),
        (
            "one that is not there",
            "spec: {inputs: {aa: {default: x}}}\n---\nj: {script: \"$[[ inputs.ab ]]\"}\nk: {retry: 7, script: x}\n",
            &[]
        ),
    ];
}

#[test]
fn rules_of_inputs_see_no_variables() {
    snapshot![
        (
            "a variable",
            "spec:\n  inputs:\n    r:\n      rules:\n        - if: $CI_COMMIT_BRANCH == \"main\"\n          default: seen\n        - default: no\n---\nj: {script: x}\n",
            &[]
        ),
        (
            "another input",
            "spec:\n  inputs:\n    a: {default: x}\n    r:\n      rules:\n        - if: $[[ inputs.a ]] == \"x\"\n          default: seen\n        - default: other\n---\nj: {script: \"echo $[[ inputs.r ]]\"}\n",
            &[]
        ),
    ];
}

#[test]
fn a_wrong_input_hides_no_mistake_about_others() {
    snapshot![
        (
            "uses and functions",
            "spec:\n  inputs:\n    n: {default: z, options: [x, y]}\n    user-env: {default: a}\n    must:\n---\nj:\n  script:\n    - $[[ inputs.user-evn ]]\n    - $[[ inputs.n | foo ]]\n    - $[[ inputs.n ]]\n",
            &[]
        ),
        (
            "given values",
            "include: [{local: t.yml, inputs: {n: x, size: many, szie: 1, region: moon}}]\nj: {script: x}\n",
            &[(
                "t.yml",
                "spec:\n  inputs:\n    n: {default: z, options: [x, y]}\n    size: {type: number}\n    region: {rules: [{if: '$[[ inputs.size ]] == \"1\"', options: [a], default: a}, {default: b}]}\n    of-n: {rules: [{if: '$[[ inputs.n ]] == \"x\"', default: a}]}\n---\nu: {script: x}\n"
            )]
        ),
        (
            "a header that may have meant more",
            "spec:\n  inptus: {a: {default: x}}\n  inputs: {b: }\n---\nj: {script: '$[[ inputs.a ]] $[[ inputs.a | foo ]]'}\n",
            &[]
        ),
        ("no list", "spec: {inputs: [a]}\n---\nj: {script: '$[[ inputs.a ]]'}\n", &[]),
    ];
}

#[test]
fn rules_of_inputs_name_what_gets_its_value_before() {
    let header = |inputs: &str| format!("spec:\n  inputs:\n{inputs}---\nj: {{script: 'echo $[[ inputs.a ]]'}}\n");
    let rules = |name: &str, other: &str| {
        format!("    {name}: {{rules: [{{if: '$[[ inputs.{other} ]] == \"x\"', default: x}}, {{default: y}}]}}\n")
    };
    snapshot![
        ("one that is not there", &header(&(rules("a", "cc") + "    c: {default: x}\n")), &[]),
        ("each other", &header(&(rules("a", "b") + &rules("b", "c") + &rules("c", "b"))), &[]),
        ("itself", &header(&rules("a", "a")), &[]),
        ("one that comes later", &header(&(rules("a", "b") + &rules("b", "c") + "    c: {default: x}\n")), &[]),
    ];
}

#[test]
fn blocks_that_stay_as_they_are() {
    snapshot![
        (
            "no header",
            "j: {script: ['echo $[[ inputs.foo ]]', '$[[ inputs.foo | x ]]', '$[[ x ]]']}\n\"k-$[[ inputs.a ]]\": {script: x}\n",
            &[]
        ),
        ("no header and an error", "j: {script: x, rules: [{if: '$[[ inputs.foo ]] == \"x\"'}]}\n", &[]),
        (
            "not closed",
            "spec: {inputs: {f: {default: x}}}\n---\nj: {script: ['echo $[[ inputs.f', 'echo $[[ inputs.f ] done', '[[ $[[ 1 ]']}\n",
            &[]
        ),
        (
            "of a matrix",
            "j: {script: x, parallel: {matrix: [{A: [a]}]}}\nk: {script: x, parallel: {matrix: [{A: [a]}]}, needs: [{job: j, parallel: {matrix: [{A: ['$[[ matrix.A ]]']}]}}]}\n",
            &[]
        ),
    ];
}
