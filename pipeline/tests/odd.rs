//! Definitions with one odd thing each, as people write them by mistake or to see what happens.

mod common;

use common::summary::told;

/// The table itself stands above; the snapshot holds only the answers.
macro_rules! snapshot {
    ($($entry:expr,)*) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told(&[$($entry),*])) })
    };
}

#[test]
fn a_few_words_wrong() {
    snapshot![
        ("matrix ref", ".m: {vals: [a, b]}\nj: {script: x, parallel: {matrix: [{V: !reference [.m, vals]}]}}\n", &[]),
        ("matrix bool", "j: {script: x, parallel: {matrix: [{V: [true, false]}]}}\n", &[]),
        ("stages dup", "stages: [a, b, a]\nj: {stage: a, script: x}\n", &[]),
        ("stages empty", "stages: []\nj: {stage: .pre, script: x}\n", &[]),
        ("retry when list dup", "j: {script: x, retry: {max: 1, when: [always, script_failure]}}\n", &[]),
        ("retry exit string", "j: {script: x, retry: {max: 1, exit_codes: ['1']}}\n", &[]),
        ("allow null", "j: {script: x, allow_failure: ~}\n", &[]),
        ("tags number", "j: {script: x, tags: [1, linux]}\n", &[]),
        ("image num", "j: {script: x, image: 3}\n", &[]),
        ("image empty map", "j: {script: x, image: {}}\n", &[]),
        ("services empty", "j: {script: x, services: []}\n", &[]),
        ("env null", "j: {script: x, environment: ~}\n", &[]),
        ("env map noname", "j: {script: x, environment: {url: 'https://x'}}\n", &[]),
        ("artifacts empty", "j: {script: x, artifacts: {}}\n", &[]),
        ("artifacts paths str", "j: {script: x, artifacts: {paths: out}}\n", &[]),
        ("artifacts public access", "j: {script: x, artifacts: {paths: [a], public: true, access: all}}\n", &[]),
        ("cache null", "j: {script: x, cache: ~}\n", &[]),
        ("cache empty list", "j: {script: x, cache: []}\n", &[]),
        ("cache key num", "j: {script: x, cache: {key: 1, paths: [a]}}\n", &[]),
        ("cache key dots", "j: {script: x, cache: {key: '..', paths: [a]}}\n", &[]),
        ("big int", "variables: {A: 123456789012345678901234567890}\nj: {script: x}\n", &[]),
        ("float", "variables: {A: 1.0, B: 1.50, C: .5, D: 1.25}\nj: {script: x}\n", &[]),
        ("ci node", "j: {script: x, parallel: 2, rules: [{if: $CI_NODE_INDEX == '1'}]}\n", &[]),
        ("job nil", "nil: {script: x}\ntrue: {script: x}\n", &[]),
        ("var name bad", "variables: {'A B': x, 1A: y}\nj: {script: x}\n", &[]),
        ("expand str", "variables: {A: {value: x, expand: 'no'}}\nj: {script: x}\n", &[]),
        ("job var desc", "j: {script: x, variables: {A: {value: x, description: d}}}\n", &[]),
        ("timeout zero", "j: {script: x, timeout: 0}\n", &[]),
        ("timeout neg", "j: {script: x, timeout: '-5m'}\n", &[]),
        ("coverage flags", "j: {script: x, coverage: '/abc/i'}\n", &[]),
        ("quoted null", "j: {script: 'null'}\n", &[]),
        ("script number", "j: {script: [1]}\n", &[]),
        ("tabs", "j:\n\tscript: x\n", &[]),
    ];
}

#[test]
fn conditions_and_filters() {
    snapshot![
        ("only null", "j: {script: x, only: ~}\n", &[]),
        ("only regexp ref", "j: {script: x, only: [/^ma/, main@local/x]}\n", &[]),
        ("only bad re", "j: {script: x, only: ['/(/']}\n", &[]),
        ("except changes", "j: {script: x, except: {changes: [a]}}\nk: {script: y}\n", &[]),
        ("rules if list", "j: {script: x, rules: [{if: [$A]}]}\n", &[]),
        ("rules when null", "j: {script: x, rules: [{when: ~}]}\n", &[]),
        ("rules only vars", "j: {script: x, rules: [{variables: {A: b}}]}\n", &[]),
        ("rules changes map empty", "j: {script: x, rules: [{changes: {}}]}\n", &[]),
        ("rules exists project noref", "j: {script: x, rules: [{exists: {paths: [a], project: x/y}}]}\n", &[]),
        ("rules allow failure codes", "j: {script: x, rules: [{when: always, allow_failure: {exit_codes: 1}}]}\n", &[]),
        ("if true", "j: {script: x, rules: [{if: 'true'}]}\n", &[]),
        ("if num", "j: {script: x, rules: [{if: '$A == 1'}]}\n", &[]),
        ("if func", "j: {script: x, rules: [{if: 'len($A)'}]}\n", &[]),
        ("if not", "j: {script: x, rules: [{if: '!($A)'}]}\n", &[]),
        ("if brace", "j: {script: x, rules: [{if: '${A} == \"x\"'}]}\n", &[]),
        ("if single regex", "j: {script: x, rules: [{if: '$A =~ /a/'}]}\n", &[]),
        ("if lookahead", "j: {script: x, rules: [{if: '$A =~ /a(?=b)/'}]}\n", &[]),
        ("if regex str", "j: {script: x, rules: [{if: '$A =~ \"abc\"'}]}\n", &[]),
        ("if regex flag x", "j: {script: x, rules: [{if: '$A =~ /abc/x'}]}\n", &[]),
        ("if cmp chain", "j: {script: x, rules: [{if: '$A == $B == $C'}]}\n", &[]),
        ("workflow unknown", "workflow: {rulez: []}\nj: {script: x}\n", &[]),
        ("workflow rule needs", "workflow: {rules: [{when: always, needs: [a]}]}\nj: {script: x}\n", &[]),
        ("workflow never", "workflow: {rules: [{if: $CI, when: never}, {when: always}]}\nj: {script: x}\n", &[]),
        ("when never rules", "j: {script: x, when: never, rules: [{if: $CI}]}\nk: {script: y}\n", &[]),
    ];
}

#[test]
fn included_and_taken_over() {
    snapshot![
        ("multi doc after header", "spec: {inputs: {}}\n---\nj: {script: x}\n---\nk: {script: y}\n", &[]),
        ("header only desc", "spec: {description: d}\n---\nj: {script: x}\n", &[]),
        ("needs list ref null", ".n: {needs: ~}\nj: {script: x, needs: !reference [.n, needs]}\n", &[]),
        ("default null", "default: ~\nj: {script: x}\n", &[]),
        ("default script", "default: {script: x}\nj: {script: x}\n", &[]),
        ("dep dup", "a: {stage: build, script: x}\nj: {script: x, dependencies: [a, a]}\n", &[]),
        (
            "dep optional need",
            "a: {stage: build, script: x}\nj: {script: x, needs: [{job: a, optional: true}], dependencies: [a]}\n",
            &[]
        ),
        ("needs self", "j: {script: x, needs: [j]}\n", &[]),
        ("include null", "include: ~\nj: {script: x}\n", &[]),
        (
            "include map two",
            "include: {local: a.yml, remote: 'https://x/y.yml'}\nj: {script: x}\n",
            &[("a.yml", "k: {script: x}\n")]
        ),
        ("include dir", "include: ci\nj: {script: x}\n", &[("ci/a.yml", "k: {script: x}\n")]),
        ("include dotdot", "include: ../a.yml\nj: {script: x}\n", &[]),
        ("include txt", "include: a.txt\nj: {script: x}\n", &[("a.txt", "k: {script: x}\n")]),
        ("include empty", "include: a.yml\nj: {script: x}\n", &[("a.yml", "")]),
        ("include var", "include: $F\nvariables: {F: a.yml}\nj: {script: x}\n", &[("a.yml", "k: {script: x}\n")]),
        ("include glob none", "include: 'x/*.yml'\nj: {script: x}\n", &[]),
        (
            "include inputs missing",
            "include: a.yml\nj: {script: x}\n",
            &[("a.yml", "spec: {inputs: {n: }}\n---\nk: {script: $[[ inputs.n ]]}\n")]
        ),
        (
            "include inputs type",
            "include: [{local: a.yml, inputs: {n: '3'}}]\nj: {script: x}\n",
            &[("a.yml", "spec: {inputs: {n: {type: number}}}\n---\nk: {script: x $[[ inputs.n ]]}\n")]
        ),
        ("extends missing", "j: {extends: .nope, script: x}\n", &[]),
        ("extends self", "j: {extends: j, script: x}\n", &[]),
        ("extends keyword", "j: {extends: variables, script: x}\nvariables: {A: b}\n", &[]),
        ("reference path list", ".a: {s: [x, y]}\nj: {script: !reference [.a, s, 0]}\n", &[]),
        ("reference in key", "j: {script: x, !reference [a]: b}\n", &[]),
        ("merge into list", ".a: &a [x]\nj: {script: [*a, y]}\n", &[]),
        ("hidden anything", ".x: [1, {a: !reference [nowhere]}]\nj: {script: x}\n", &[]),
        ("trigger empty", "j: {trigger: {}}\n", &[]),
        ("trigger null", "j: {trigger: ~}\n", &[]),
        ("trigger local missing", "j: {trigger: {include: nope.yml}}\n", &[]),
        (
            "trigger rules delayed",
            "j: {trigger: {include: a.yml}, rules: [{when: delayed, start_in: 1h}]}\n",
            &[("a.yml", "k: {script: x}\n")]
        ),
        ("dup in include", "include: a.yml\nj: {script: x}\n", &[("a.yml", "k: {script: x}\nk: {script: y}\n")]),
    ];
}
