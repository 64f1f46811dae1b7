//! Definitions that are hard to get right, of every kind that people write: what becomes of each, and every word that is
//! said of it.

mod common;

use common::summary::told;

/// The table itself stands above; the snapshot holds only the answers.
macro_rules! snapshot {
    ($($entry:expr,)*) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told(&[$($entry),*])) })
    };
}

#[test]
fn what_jobs_take_over() {
    snapshot![
        (
            "extends diamond",
            ".root: {script: x, variables: {V: root, R: root}}\n.a: {extends: .root, variables: {V: a, A: a}}\n.b: {extends: .root, variables: {V: b}}\nj: {extends: [.a, .b], variables: {J: j}}\nk: {extends: [.b, .a]}\n",
            &[]
        ),
        (
            "extends null removes",
            ".p: {script: x, retry: 2, rules: [{when: never}], tags: [t]}\nj: {extends: .p, retry: null, rules: null, tags: ~}\n",
            &[]
        ),
        ("extends null var", ".p: {script: x, variables: {A: 1}}\nj: {extends: .p, variables: {A: null}}\n", &[]),
        (
            "extends array replaced",
            ".p: {script: [a, b], tags: [t, u]}\nj: {extends: .p, script: [y], tags: [v]}\n",
            &[]
        ),
        ("extends visible", "a: {script: x, when: manual}\nb: {extends: a, stage: deploy}\n", &[]),
        (
            "reference nested array",
            ".s: {script: [one, [two, [three]]]}\n.t: {script: [!reference [.s, script], four]}\nj: {script: [!reference [.t, script], five]}\n",
            &[]
        ),
        (
            "reference in rules if",
            ".c: {cond: $CI_COMMIT_BRANCH == \"main\"}\n.r: {rules: [{if: !reference [.c, cond], when: manual}]}\nj: {script: x, rules: [!reference [.r, rules], {when: never}]}\n",
            &[]
        ),
        (
            "reference vars deep",
            ".v: {variables: {A: {value: deep, expand: false}}}\nj: {script: x, variables: {B: !reference [.v, variables, A, value]}}\n",
            &[]
        ),
        ("reference whole job", ".s: {script: [one]}\nj:\n  script:\n    - !reference [.s]\n", &[]),
        (
            "reference after extends",
            ".base: {script: [base]}\n.mid: {extends: .base}\nj: {script: [!reference [.mid, script]]}\n",
            &[]
        ),
        (
            "reference across include",
            "include: inc.yml\nj: {script: [!reference [.inc, script]]}\n",
            &[("inc.yml", ".inc: {script: [from-inc]}\n")]
        ),
        (
            "reference in needs",
            ".n: {needs: [a]}\na: {script: x}\nj: {stage: deploy, script: y, needs: [!reference [.n, needs]]}\n",
            &[]
        ),
        ("anchor merge shallow", ".a: &a {script: x, variables: {A: 1, B: 2}}\nj: {<<: *a, variables: {C: 3}}\n", &[]),
        (
            "anchor multi merge",
            ".a: &a {script: a, when: manual}\n.b: &b {script: b, stage: deploy}\nj: {<<: [*a, *b]}\n",
            &[]
        ),
        ("anchor across docs", "spec: {inputs: {x: {default: &d one}}}\n---\nj: {script: [*d]}\n", &[]),
        ("dup key", "j: {script: x}\nj: {script: y}\n", &[]),
        (
            "default copied whole",
            "default: {cache: {paths: [a], key: k}, retry: 1, tags: [d]}\nb: {script: x, cache: {paths: [z]}, tags: [e]}\n",
            &[]
        ),
        (
            "inherit list",
            "default: {before_script: [p], retry: 1}\nvariables: {A: 1, B: 2}\nb: {script: x, inherit: {default: [retry], variables: [A]}}\n",
            &[]
        ),
        ("inherit unknown", "b: {script: x, inherit: {default: [retri]}}\n", &[]),
        ("global and default", "image: a\ndefault: {image: b}\nb: {script: x}\n", &[]),
        ("anchor in include", "include: a.yml\nj: {script: *x}\n", &[("a.yml", ".x: &x [a]\n")]),
        (
            "extends three levels rules",
            ".a: {rules: [{if: $NO}]}\n.b: {extends: .a, rules: [{when: always}]}\nj: {extends: .b, script: x}\n",
            &[]
        ),
        ("reference to null", ".a: {script: ~}\nj: {script: [!reference [.a, script]]}\n", &[]),
    ];
}

#[test]
fn files_and_their_inputs() {
    snapshot![
        (
            "include merge order",
            "include: [a.yml, b.yml]\nvariables: {X: me}\nj: {script: [me]}\n",
            &[
                ("a.yml", "variables: {X: a, Y: a, Z: a}\nj: {stage: build, script: [a1, a2], tags: [a]}\n"),
                ("b.yml", "variables: {Y: b}\nj: {tags: [b]}\n")
            ]
        ),
        (
            "include rules if",
            "include: [{local: a.yml, rules: [{if: $X}]}]\nvariables: {X: \"1\"}\nj: {script: me}\n",
            &[("a.yml", "k: {script: a}\n")]
        ),
        (
            "include rules exists",
            "include: [{local: a.yml, rules: [{exists: [a.yml]}]}]\nj: {script: me}\n",
            &[("a.yml", "k: {script: a}\n")]
        ),
        (
            "include rules never",
            "include: [{local: a.yml, rules: [{when: never}]}]\nj: {script: me}\n",
            &[("a.yml", "k: {script: a}\n")]
        ),
        (
            "include ref with local",
            "include: [{local: a.yml, ref: main}]\nj: {script: me}\n",
            &[("a.yml", "k: {script: a}\n")]
        ),
        (
            "include glob",
            "include: 'ci/*.yml'\nj: {script: me}\n",
            &[("ci/a.yml", "a: {script: a}\n"), ("ci/b.yml", "b: {script: b}\n")]
        ),
        (
            "include inputs unknown",
            "include:\n  - local: a.yml\n    inputs:\n      good: 1\n      baad: 2\nj: {script: me}\n",
            &[(
                "a.yml",
                "spec: {inputs: {good: {type: number}, bad: {default: 1, type: number}}}\n---\nk: {script: 'a $[[ inputs.good ]]'}\n"
            )]
        ),
        (
            "include broken behind header",
            "include: [{local: a.yml, inputs: {good: 1}}]\nj: {script: me}\n",
            &[("a.yml", "spec: {inputs: {good: {type: number}}}\n---\nk: {script: 'a $[[ inputs.good ]]\n")]
        ),
        ("include only text", "include: a.yml\nj: {script: me}\n", &[("a.yml", "- a\n- b\n")]),
        ("include missing", "include: ci/bild.yml\nj: {script: me}\n", &[("ci/build.yml", "a: {script: a}\n")]),
        (
            "include nested local",
            "include: ci/a.yml\nj: {script: me}\n",
            &[("ci/a.yml", "include: ci/b.yml\na: {script: a}\n"), ("ci/b.yml", "b: {script: b}\n")]
        ),
        (
            "include stages replaced",
            "include: a.yml\nstages: [one]\nj: {stage: one, script: me}\n",
            &[("a.yml", "stages: [two, three]\n")]
        ),
        (
            "inputs array script",
            "spec: {inputs: {list: {type: array, default: [a, b]}}}\n---\nj:\n  script:\n    - $[[ inputs.list ]]\n    - c\n",
            &[]
        ),
        (
            "inputs bool",
            "spec: {inputs: {b: {type: boolean, default: true}}}\n---\nj:\n  script: x\n  interruptible: $[[ inputs.b ]]\n",
            &[]
        ),
        (
            "inputs in key and str",
            "spec: {inputs: {n: {default: one}}}\n---\n\"job-$[[ inputs.n ]]\": {script: \"echo $[[ inputs.n | truncate(0,2) ]]-$[[ inputs.n ]]\"}\n",
            &[]
        ),
        (
            "inputs bad part",
            "spec: {inputs: {n: {default: one}}}\n---\nj: {script: \"echo $[[ inputs.n ]] and $[[ inputs.m ]]\"}\n",
            &[]
        ),
        (
            "inputs options regex",
            "spec: {inputs: {a: {default: z, options: [x, y]}, b: {default: q, regex: '^v'}}}\n---\nj: {script: x}\n",
            &[]
        ),
        ("types", "types: [a]\nj: {type: a, script: x}\n", &[]),
        ("spec unknown type", "spec: {inputs: {a: {type: map}}}\n---\nj: {script: x}\n", &[]),
        ("spec component", "spec: {component: [name], inputs: {}}\n---\nj: {script: x}\n", &[]),
        ("bom crlf", "\u{feff}j:\r\n  script:\r\n    - x\r\n", &[]),
        ("include remote refused", "include: https://example.org/a.yml\nj: {script: x}\n", &[]),
        ("include template", "include: [{template: x.yml}]\nj: {script: x}\n", &[]),
        (
            "inputs in brackets",
            "spec: {inputs: {list: {type: array, default: [a, b]}}}\n---\nj: {script: [$[[ inputs.list ]], c]}\n",
            &[]
        ),
        (
            "inputs quoted keeps type",
            "spec: {inputs: {list: {type: array, default: [a, b]}, n: {type: number, default: 2}}}\n---\nj: {script: [\"$[[ inputs.list ]]\", c], parallel: \"$[[ inputs.n ]]\"}\n",
            &[]
        ),
        ("include twice", "include: [a.yml, a.yml]\nj: {script: me}\n", &[("a.yml", "k: {script: a}\n")]),
        (
            "include circle",
            "include: a.yml\nj: {script: me}\n",
            &[("a.yml", "include: b.yml\n"), ("b.yml", "include: a.yml\n")]
        ),
    ];
}

#[test]
fn rules_and_workflows() {
    snapshot![
        ("rules empty", "j: {script: x, rules: []}\n", &[]),
        ("rules manual blocking", "j: {script: x, rules: [{when: manual}]}\n", &[]),
        ("rules manual job level", "j: {script: x, when: manual}\n", &[]),
        ("rules delayed without", "j: {script: x, rules: [{when: delayed}]}\n", &[]),
        ("rules start in at job", "j: {script: x, start_in: 1h, rules: [{when: delayed, start_in: 2h}]}\n", &[]),
        (
            "rules regex flags",
            "variables: {P: \"/MAIN/i\"}\nj: {script: x, rules: [{if: '$CI_COMMIT_BRANCH =~ $P'}]}\n",
            &[]
        ),
        ("rules regex slash", "variables: {A: a/b}\nj: {script: x, rules: [{if: '$A =~ /^a\\/b$/'}]}\n", &[]),
        (
            "rules null compare",
            "j: {script: x, rules: [{if: '$NOPE == null && $NOPE != \"\" && $E == \"\"'}]}\nvariables: {E: \"\"}\n",
            &[]
        ),
        ("rules precedence", "j: {script: x, rules: [{if: '$CI_COMMIT_BRANCH == \"main\" || $A && $B'}]}\n", &[]),
        ("rules comment quote", "j: {script: x, rules: [{if: '$A == \"a\\\"b\"'}]}\n", &[]),
        (
            "rules multiline if error",
            "j:\n  script: x\n  rules:\n    - if: >\n        $A == \"x\" &&\n        $B = \"y\"\n",
            &[]
        ),
        ("rules changes nopush", "j: {script: x, rules: [{changes: [nothing]}]}\n", &[]),
        (
            "rules vars override",
            "j: {script: x, variables: {V: job}, rules: [{if: $CI, variables: {V: rule}}, {when: always}]}\n",
            &[]
        ),
        ("rules const", "j: {script: x, rules: [{if: '\"a\" == \"b\"'}, {if: '$CI_JOB_ID'}, {when: always}]}\n", &[]),
        ("workflow job var", "workflow: {rules: [{if: $CI_JOB_NAME == \"j\"}, {when: always}]}\nj: {script: x}\n", &[]),
        (
            "workflow name in rules",
            "workflow: {name: \"Build $CI_COMMIT_BRANCH\"}\nj: {script: x, rules: [{if: '$CI_PIPELINE_NAME == \"Build main\"'}]}\n",
            &[]
        ),
        (
            "workflow vars below job",
            "variables: {J: file, W: file}\nworkflow: {rules: [{variables: {J: wf, W: wf}, when: always}]}\nj: {script: x, variables: {J: job}}\n",
            &[]
        ),
        ("workflow when manual", "workflow: {rules: [{when: manual}]}\nj: {script: x}\n", &[]),
        (
            "only except",
            "j: {script: x, only: [main], except: {variables: [$SKIP]}}\nk: {script: x, only: [tags]}\n",
            &[]
        ),
        ("only rules", "j: {script: x, only: [main], rules: [{when: always}]}\n", &[]),
        (
            "exists dir star",
            "j: {script: x, rules: [{exists: ['ci/**']}]}\nk: {script: x, rules: [{exists: ['ci/**/*']}]}\nl: {script: x}\n",
            &[("ci/x/a.yml", "k: {}\n")]
        ),
        ("when in rule bad", "j: {script: x, rules: [{if: $A, when: on_sucess}]}\n", &[]),
        (
            "rules needs",
            "a: {stage: build, script: x}\nj: {script: x, needs: [a], rules: [{if: $CI, needs: []}]}\n",
            &[]
        ),
        (
            "auto cancel bad",
            "workflow: {auto_cancel: {on_new_commit: always, on_job_failure: some}}\nj: {script: x}\n",
            &[]
        ),
        (
            "rules ci vars",
            "j:\n  script: x\n  image: alpine\n  timeout: 10m\n  environment: {name: prod, url: \"https://x/$CI_COMMIT_BRANCH\"}\n  when: manual\n  rules:\n    - if: $CI_JOB_IMAGE == \"alpine\" && $CI_JOB_TIMEOUT == \"600\" && $CI_JOB_MANUAL == \"true\" && $CI_ENVIRONMENT_URL == \"https://x/main\" && $CI_ENVIRONMENT_TIER == \"production\" && $CI_PIPELINE_IID && $CI_PIPELINE_CREATED_AT && $GITLAB_USER_EMAIL != null && $CI_JOB_ID == null\n",
            &[]
        ),
        ("workflow null rules", "workflow: {rules: null}\nj: {script: x}\n", &[]),
        ("rules nested list", "j: {script: x, rules: [[{if: $NO}, [{when: manual}]]]}\n", &[]),
        (
            "exists leading dot",
            "j: {script: x, rules: [{exists: [./a.yml, /a.yml]}, {when: always}]}\n",
            &[("a.yml", "k: {}\n")]
        ),
    ];
}

#[test]
fn needs_and_instances() {
    snapshot![
        ("needs later stage", "stages: [a, b]\nx: {stage: a, script: x, needs: [y]}\ny: {stage: b, script: y}\n", &[]),
        ("needs same stage", "x: {script: x, needs: [y]}\ny: {script: y}\n", &[]),
        (
            "needs optional absent",
            "x: {script: x, needs: [{job: y, optional: true}]}\ny: {script: y, rules: [{when: never}]}\n",
            &[]
        ),
        ("needs hidden", ".y: {script: y}\nx: {script: x, needs: [.y]}\n", &[]),
        (
            "needs matrix absent",
            "b: {stage: build, script: x, parallel: {matrix: [{OS: [l, m], A: [x]}]}}\nt: {script: x, needs: [{job: b, parallel: {matrix: [{OS: [l, w], A: x}]}}]}\n",
            &[]
        ),
        (
            "needs matrix none",
            "b: {stage: build, script: x}\nt: {script: x, needs: [{job: b, parallel: {matrix: [{OS: [l]}]}}]}\n",
            &[]
        ),
        (
            "needs instance name",
            "b: {stage: build, script: x, parallel: {matrix: [{OS: [l, m]}]}}\nt: {script: x, needs: [\"b: [l]\"]}\n",
            &[]
        ),
        (
            "dependencies not need",
            "a: {stage: build, script: x}\nb: {stage: build, script: x}\nt: {script: x, needs: [a], dependencies: [b]}\n",
            &[]
        ),
        ("dependencies later", "a: {stage: deploy, script: x}\nt: {script: x, dependencies: [a]}\n", &[]),
        ("matrix clash", "j: {script: x, parallel: {matrix: [{A: x}, {B: x}]}}\n", &[]),
        ("matrix number values", "j: {script: x, parallel: {matrix: [{V: [1, 1.5, \"2.10\"]}]}}\n", &[]),
        ("parallel 201", "j: {script: x, parallel: 201}\n", &[]),
        ("matrix empty value", "j: {script: x, parallel: {matrix: [{A: []}]}}\n", &[]),
        ("stages edge only", "j: {stage: .pre, script: x}\nk: {stage: .post, script: x}\n", &[]),
        ("stages unlisted pre", "stages: [a]\nj: {stage: .pre, script: x}\nk: {stage: a, script: x}\n", &[]),
        (
            "needs pipeline parallel",
            "j: {script: x, needs: [{pipeline: $P, job: a, parallel: {matrix: [{A: b}]}}]}\n",
            &[]
        ),
        ("needs project", "j: {script: x, needs: [{project: a/b, job: c, ref: main}]}\n", &[]),
        ("needs dup", "a: {stage: build, script: x}\nj: {script: x, needs: [a, {job: a}]}\n", &[]),
        (
            "needs rule manual blocking optional",
            "a: {stage: build, script: x, rules: [{when: manual, allow_failure: true}]}\nj: {script: x, needs: [{job: a, optional: true}], when: always}\n",
            &[]
        ),
    ];
}

#[test]
fn what_jobs_keep_and_where_they_deploy() {
    snapshot![
        ("cache key slash", "j: {script: x, cache: {key: a/b, paths: [p]}}\n", &[]),
        (
            "cache 5",
            "j: {script: x, cache: [{paths: [a]}, {paths: [b]}, {paths: [c]}, {paths: [d]}, {paths: [e]}]}\n",
            &[]
        ),
        ("cache files 3", "j: {script: x, cache: {key: {files: [a, b, c]}, paths: [p]}}\n", &[]),
        ("cache policy bad", "j: {script: x, cache: {policy: pushpull, paths: [p]}}\n", &[]),
        ("cache nopaths", "j: {script: x, cache: {key: k}}\n", &[]),
        ("cache unprotect", "j: {script: x, cache: {unprotect: true, paths: [p]}}\n", &[]),
        ("artifacts expose glob", "j: {script: x, artifacts: {expose_as: T, paths: [\"*.x\"]}}\n", &[]),
        ("artifacts expire", "j: {script: x, artifacts: {paths: [a], expire_in: 3 moons}}\n", &[]),
        ("artifacts expire never", "j: {script: x, artifacts: {paths: [a], expire_in: never}}\n", &[]),
        ("artifacts reports unknown", "j: {script: x, artifacts: {reports: {junits: a.xml}}}\n", &[]),
        (
            "environment stop mismatch",
            "d:\n  script: x\n  environment:\n    name: p\n    on_stop: s\ns: {script: y, environment: {name: q, action: stop}}\n",
            &[]
        ),
        ("environment on stop missing", "d:\n  script: x\n  environment:\n    name: p\n    on_stop: nope\n", &[]),
        ("trigger project", "d: {trigger: group/project}\n", &[]),
        ("trigger script", "d: {trigger: {include: a.yml}, script: x}\n", &[("a.yml", "k: {script: a}\n")]),
        (
            "trigger 4 includes",
            "d: {trigger: {include: [a.yml, a.yml, a.yml, a.yml]}}\n",
            &[("a.yml", "k: {script: a}\n")]
        ),
        (
            "trigger job with local",
            "d: {trigger: {include: [{local: a.yml, job: z}]}}\n",
            &[("a.yml", "k: {script: a}\n")]
        ),
        (
            "trigger inputs bad",
            "d:\n  trigger:\n    include:\n      - local: a.yml\n        inputs: {zz: 1}\n",
            &[("a.yml", "spec: {inputs: {y: {default: one}}}\n---\nk: {script: a}\n")]
        ),
        ("release", "j: {script: x, release: {tag_name: v1}}\n", &[]),
        ("pages job", "pages: {script: x, artifacts: {paths: [public]}}\n", &[]),
        ("pages kw", "j: {script: x, pages: true, publish: public}\n", &[]),
        ("coverage noslash", "j: {script: x, coverage: 'a+'}\n", &[]),
        ("resource group", "j: {script: x, resource_group: $CI_COMMIT_BRANCH}\n", &[]),
        ("services alias", "j: {script: x, image: a, services: [{name: pg, alias: \"db,pg\"}]}\n", &[]),
        ("image kubernetes", "j: {script: x, image: {name: a, kubernetes: {user: 1}}}\n", &[]),
        ("trigger parallel number", "j: {trigger: {include: a.yml}, parallel: 2}\n", &[("a.yml", "k: {script: a}\n")]),
        (
            "trigger artifact no need",
            "g: {stage: test, script: x, artifacts: {paths: [c.yml]}}\nt: {stage: test, trigger: {include: [{artifact: c.yml, job: g}]}}\n",
            &[]
        ),
        ("environment bad name", "j: {script: x, environment: {name: \"a<b\"}}\n", &[]),
        (
            "environment bad action",
            "j: {script: x, environment: {name: a, action: stopp, deployment_tier: prod}}\n",
            &[]
        ),
    ];
}

#[test]
fn words_and_values() {
    snapshot![
        ("retry words", "j: {script: x, retry: {max: 2, when: [script_failure, nope], exit_codes: [1, 137]}}\n", &[]),
        ("retry 3", "j: {script: x, retry: 3}\n", &[]),
        ("allow exit codes", "j: {script: x, allow_failure: {exit_codes: [137, 255]}}\n", &[]),
        (
            "id tokens",
            "j: {script: x, id_tokens: {T: {aud: x}}, secrets: {A: {vault: x}}, identity: google_cloud}\n",
            &[]
        ),
        ("hooks", "j: {script: x, hooks: {pre_get_sources_script: [a, [b]]}}\n", &[]),
        ("hooks unknown", "j: {script: x, hooks: {post: x}}\n", &[]),
        ("interruptible str", "j: {script: x, interruptible: \"true\"}\n", &[]),
        ("script deep", "j: {script: [[[[[[[[[[[[x]]]]]]]]]]]]}\n", &[]),
        ("script map", "j:\n  script:\n    - echo \"a: b\"\n    - echo a: b\n", &[]),
        ("timeout number", "j: {script: x, timeout: 3600}\n", &[]),
        ("timeout long", "j: {script: x, timeout: 2 months}\n", &[]),
        ("var circle", "variables:\n  A: $B\n  B: $A\nj: {script: x}\nk: {script: x}\n", &[]),
        ("var options", "variables: {A: {value: x, options: [y]}}\nj: {script: x}\n", &[]),
        ("var null", "variables: {A: , B: x}\nj: {script: x}\n", &[]),
        (
            "var yes",
            "variables: {A: yes, B: 012, C: 1:30, D: 2020-01-01, E: 1_000, F: 1e3, G: 0b11}\nj: {script: x}\n",
            &[]
        ),
        ("unknown key", "j: {script: x, befor_script: y, sstage: z}\n", &[]),
        ("unknown top", "foo: bar\nj: {script: x}\n", &[]),
        ("job no script", "j: {stage: test}\n", &[]),
        ("job empty script", "j: {script: \"\"}\n", &[]),
        ("manual confirmation", "j: {script: x, when: manual, manual_confirmation: \"Sure?\"}\n", &[]),
        ("start in too long", "j: {script: x, when: delayed, start_in: 8 days}\n", &[]),
        ("double secrets pos", "default:\n  id_tokens: {A: {aud: x}}\nj: {script: x}\n", &[]),
        ("variables list", "variables: [a]\nj: {script: x}\n", &[]),
        ("var symbol", "variables:\n  T: :latest\n  N: 1,000\nj: {script: x}\n", &[]),
    ];
}
