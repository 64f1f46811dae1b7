//! Keywords that are there and say nothing: a key that is needed and has `null` is missing, wherever it stands.

mod common;

use common::summary::told;

/// The table itself stands above; the snapshot holds only the answers.
macro_rules! snapshot {
    ($($entry:expr,)*) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told(&[$($entry),*])) })
    };
}

#[test]
fn what_is_needed_is_not_null() {
    snapshot![
        ("trigger local", "j: {trigger: {include: [{local: }]}}\n", &[]),
        ("trigger artifact", "u: {stage: build, script: x}\nj: {trigger: {include: [{artifact: , job: u}]}}\n", &[]),
        ("trigger job", "j: {trigger: {include: [{artifact: a.yml, job: }]}}\n", &[]),
        ("trigger include", "j: {trigger: {include: , strategy: depend}}\n", &[]),
        ("rule start_in", "j: {script: x, rules: [{when: delayed, start_in: }]}\n", &[]),
        ("job start_in", "j: {script: x, when: delayed, start_in: }\n", &[]),
        ("include file", "include: [{project: a/b, file: }]\nj: {script: x}\n", &[]),
        ("include no file", "include: [{project: a/b, file: []}]\nj: {script: x}\n", &[]),
        ("include empty file", "include: [{project: a/b, file: ['']}]\nj: {script: x}\n", &[]),
        ("include local", "include: [{local: }]\nj: {script: x}\n", &[]),
        ("need pipeline", "j: {script: x, needs: [{pipeline: , job: a}]}\n", &[]),
        ("need job", "j: {script: x, needs: [{job: , optional: true}]}\n", &[]),
        ("need matrix", "j: {script: x, needs: [{job: j, parallel: {matrix: }}]}\n", &[]),
        ("need parallel", "j: {script: x, needs: [{job: j, parallel: }]}\n", &[]),
        (
            "coverage path",
            "j: {script: x, artifacts: {reports: {coverage_report: {coverage_format: cobertura, path: }}}}\n",
            &[]
        ),
        ("coverage format", "j: {script: x, artifacts: {reports: {coverage_report: {path: a}}}}\n", &[]),
        ("coverage nothing", "j: {script: x, artifacts: {reports: {coverage_report: }}}\n", &[]),
        ("report", "j: {script: x, artifacts: {reports: {junit: }}}\n", &[]),
        ("no report", "j: {script: x, artifacts: {reports: {junit: []}}}\n", &[]),
        ("exit codes", "j: {script: x, allow_failure: {exit_codes: }}\n", &[]),
        ("retry max", "j: {script: x, retry: {max: , when: always}}\n", &[]),
        ("matrix", "j: {script: x, parallel: {matrix: }}\n", &[]),
        ("image name", "j: {script: x, image: {name: }}\n", &[]),
        ("service name", "j: {script: x, services: [{name: , alias: a}]}\n", &[]),
        ("environment name", "j: {script: x, environment: {name: , url: 'https://a'}}\n", &[]),
        ("cache files", "j: {script: x, cache: {key: {files: , prefix: a}, paths: [a]}}\n", &[]),
        ("changes paths", "j: {script: x, rules: [{changes: {paths: , compare_to: main}}]}\n", &[]),
        ("exists project", "j: {script: x, rules: [{exists: {paths: [a], project: , ref: main}}]}\n", &[]),
        ("condition", "j: {script: x, rules: [{if: }]}\n", &[]),
        ("only", "j: {script: x, only: {refs: }}\nk: {script: x, except: {}}\n", &[]),
        ("input rule", "spec: {inputs: {a: {rules: [{if: , default: x}]}}}\n---\nj: {script: x}\n", &[]),
        ("input rule default", "spec: {inputs: {a: {rules: [{default: }]}}}\n---\nj: {script: x}\n", &[]),
        ("input rules", "spec: {inputs: {a: {rules: []}}}\n---\nj: {script: x}\n", &[]),
    ];
}

#[test]
fn null_takes_away_what_may_be_missing() {
    snapshot![
        (
            "of a job",
            "default: {image: , tags: }\nj: {script: x, stage: , needs: , rules: , retry: , tags: , when: , only: , timeout: }\n",
            &[]
        ),
        ("of a rule", "j: {script: x, rules: [{if: $CI, start_in: , when: , variables: , allow_failure: }]}\n", &[]),
        ("of a service", "j: {script: x, services: [{name: a, alias: , command: , variables: }]}\n", &[]),
        ("of artifacts", "j: {script: x, artifacts: {paths: [a], when: , expire_in: , name: , reports: }}\n", &[]),
        (
            "of a trigger",
            "j: {trigger: {include: [{local: a.yml, inputs: }], strategy: , forward: }}\n",
            &[("a.yml", "k: {script: x}\n")]
        ),
    ];
}
