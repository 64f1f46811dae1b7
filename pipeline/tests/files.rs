//! What a definition asks of its repository: includes, inputs, `changes`, `exists`, child pipelines.

use std::sync::Arc;

use model::plan::{Forward, Inputs, Plan, Strategy, Trigger, TriggerInclude, Variable};
use pipeline::{Context, Outcome};

mod common;

use common::Table;

fn evaluate(text: &str, table: Table) -> Outcome {
    let mut context = Context::default();
    context.predefined = vec![Variable::new("CI_COMMIT_BRANCH", "main"), Variable::new("DIR", "ci")];
    context.files = Arc::new(table);
    pipeline::plan(text, &context)
}

fn plan(text: &str, files: &[(&str, &str)]) -> Plan {
    let outcome = evaluate(text, Table::new(files));
    outcome.plan.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics))
}

fn names(plan: &Plan) -> Vec<&str> {
    let mut names: Vec<_> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
    names.sort_unstable();
    names
}

fn errors(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let outcome = evaluate(text, Table::new(files));
    let errors = outcome.diagnostics.iter().filter(|d| d.severity == model::Severity::Error);
    errors.map(|d| format!("{}:{}: {}", d.file, d.span.line, d.message)).collect()
}

#[test]
fn included_files_are_merged_under_the_definition() {
    let files = [
        ("ci/a.yml", "variables: {X: a, Y: a}\njob: {script: [a], tags: [one], variables: {K: a, L: a}}\n"),
        ("ci/b.yml", "include: /ci/c.yml\nvariables: {X: b}\n"),
        ("ci/c.yml", "variables: {X: c, Z: c}\nother: {script: c}\n"),
    ];
    let text = "include: [ci/a.yml, {local: $DIR/b.yml}]\njob: {tags: [two], variables: {K: own}}\n";
    let plan = plan(text, &files);
    assert_eq!(plan.includes, ["ci/a.yml", "ci/b.yml", "ci/c.yml"]);
    let job = plan.jobs.iter().find(|job| job.name == "job").unwrap();
    assert_eq!((job.script.clone(), job.tags.clone(), job.file.as_str()), (vec!["a".into()], vec!["two".into()], ""));
    let variables: Vec<_> = job.variables.iter().map(|v| format!("{}={}", v.key, v.value)).collect();
    assert_eq!(variables, ["X=b", "Y=a", "Z=c", "K=own", "L=a"]);
    assert_eq!(plan.jobs.iter().find(|job| job.name == "other").unwrap().file, "ci/c.yml");
}

#[test]
fn extends_and_references_reach_into_included_files() {
    let files = [("t.yml", ".t: {before_script: [p], script: [s]}\n")];
    let plan = plan("include: t.yml\na: {extends: .t}\nb: {script: [!reference [.t, script], x]}\n", &files);
    assert_eq!(plan.jobs[0].before_script, ["p"]);
    assert_eq!(plan.jobs[1].script, ["s", "x"]);
}

#[test]
fn patterns_rules_and_other_places() {
    let files = [("x/a.yml", "a: {script: x}\n"), ("x/y/b.yml", "b: {script: x}\n"), ("x/c.txt", "")];
    assert_eq!(names(&plan("include: x/*.yml\n", &files)), ["a"]);
    assert_eq!(names(&plan("include: 'x/**/*.yml'\n", &files)), ["a", "b"]);
    let rules =
        |rule: &str| format!("include: {{local: x/a.yml, rules: [{rule}]}}\nz: {{script: x}}\nvariables: {{OWN: x}}\n");
    for (rule, wanted) in [
        ("{if: $CI_COMMIT_BRANCH}", true),
        ("{if: $OWN}", false),
        ("{if: $CI_COMMIT_BRANCH, when: never}", false),
        ("{exists: [x/c.txt], when: always}", true),
        ("{exists: [nothing]}", false),
        ("{changes: [x]}", true),
    ] {
        assert_eq!(names(&plan(&rules(rule), &files)).contains(&"a"), wanted, "{rule}");
    }
    let mut table = Table::new(&[]);
    table.elsewhere.insert("g/p:ci.yml@v1".into(), "include: more.yml\na: {script: x}\n".into());
    table.elsewhere.insert("g/p:more.yml@v1".into(), "b: {script: x}\n".into());
    table.elsewhere.insert("https://x/y.yml".into(), "c: {script: x}\n".into());
    let text = "include:\n  - {project: g/p, ref: v1, file: [/ci.yml]}\n  - https://x/y.yml\n  - {remote: 'https://x/y.yml', integrity: sha256-x}\n";
    let outcome = evaluate(text, table);
    assert_eq!(names(&outcome.plan.unwrap()), ["a", "b", "c"]);
    assert_eq!(outcome.includes[1], "g/p:more.yml");
}

#[test]
fn what_cannot_be_included() {
    let files = [
        ("a.yml", "include: b.yml\n"),
        ("b.yml", "include: a.yml\n"),
        ("list.yml", "- x\n"),
        ("wrong.yml", "job:\n  script: x\n  retry: 9\n"),
        ("build.yml", "x: {script: x}\n"),
    ];
    let of = |include: &str| errors(&format!("include: {include}\nz: {{script: x}}\n"), &files);
    assert_eq!(of("biuld.yml"), [".gitlab-ci.yml:1: there is no file `biuld.yml` to include"]);
    assert_eq!(of("a.yml"), ["b.yml:1: the files include each other in a circle: a.yml -> b.yml -> a.yml"]);
    assert_eq!(of("list.yml"), ["list.yml:1: an included file is a mapping of keywords and jobs, not a list"]);
    assert_eq!(of("wrong.yml"), ["wrong.yml:3: `retry` must be 0, 1 or 2"]);
    assert_eq!(of("../x.yml"), [".gitlab-ci.yml:1: `../x.yml` cannot be included: it is outside of the repository"]);
    assert_eq!(of("x.txt").len(), 1);
    assert_eq!(
        of("http://nowhere/x.yml"),
        [".gitlab-ci.yml:1: `http://nowhere/x.yml` cannot be included: the address is not allowed"]
    );
    assert_eq!(of("{template: Auto.yml}"), [".gitlab-ci.yml:1: `template` is not supported by this server"]);
    assert_eq!(of("{local: a.yml, remote: b}").len(), 1);
    let outcome = evaluate("include: biuld.yml\nz: {script: x}\n", Table::new(&files));
    assert_eq!(outcome.diagnostics[0].hint.as_deref(), Some("did you mean `build.yml`?"));
    let many = (0..151).fold(String::new(), |all, i| all + &format!("  - f{i}.yml\n"));
    let texts: Vec<_> = (0..151).map(|i| format!("f{i}.yml")).collect();
    let table: Vec<_> = texts.iter().map(|name| (name.as_str(), "x: {script: x}\n")).collect();
    assert_eq!(errors(&format!("include:\n{many}"), &table), [".gitlab-ci.yml:152: more than 150 files are included"]);
}

const DEPLOY: &str = "spec:
  inputs:
    env: {options: [staging, production], default: staging}
    count: {type: number, default: 2}
    on: {type: boolean, default: true}
    list: {type: array, default: [a, b]}
    label: {regex: '^v\\d+$', default: v1}
    region: {rules: [{if: \"$[[ inputs.env ]] == 'production'\", options: [north], default: north}, {default: test}]}
---
deploy-$[[ inputs.env ]]:
  script: $[[ inputs.list ]]
  parallel: $[[ inputs.count ]]
  interruptible: $[[ inputs.on ]]
  variables:
    TEXT: n=$[[ inputs.count ]] l=$[[ inputs.list ]] $[[ inputs.label | truncate(1, 3) ]]
    REGION: $[[inputs.region]]
";

#[test]
fn inputs_keep_their_type_or_become_text() {
    let plan = plan("include: {local: d.yml, inputs: {env: production, count: 3}}\n", &[("d.yml", DEPLOY)]);
    assert_eq!(names(&plan), ["deploy-production 1/3", "deploy-production 2/3", "deploy-production 3/3"]);
    let job = &plan.jobs[0];
    assert_eq!((job.script.clone(), job.interruptible), (vec!["a".into(), "b".into()], true));
    let variables: Vec<_> = job.variables.iter().map(|v| v.value.as_str()).collect();
    assert_eq!(variables, ["n=3 l=[\"a\",\"b\"] 1", "north"]);
}

#[test]
fn inputs_that_do_not_fit() {
    let of = |inputs: &str| errors(&format!("include: {{local: d.yml, inputs: {{{inputs}}}}}\n"), &[("d.yml", DEPLOY)]);
    assert_eq!(of("nev: x"), [".gitlab-ci.yml:1: this file has no input `nev`"]);
    assert_eq!(of("count: '3'"), [".gitlab-ci.yml:1: the input `count` must be a number, not `3`"]);
    assert_eq!(of("env: test"), [".gitlab-ci.yml:1: the input `env` cannot be `test`"]);
    assert_eq!(of("label: x"), [".gitlab-ci.yml:1: the input `label` is `x`, which does not match `^v\\d+$`"]);
    let own = |header: &str, body: &str| {
        errors(&format!("spec:\n  inputs:\n    n: {header}\n---\na: {{script: '{body}'}}\n"), &[])
    };
    assert_eq!(own("", "x"), [".gitlab-ci.yml:3: the input `n` is not given"]);
    assert_eq!(
        own("{default: x}", "$[[ inputs.m ]]"),
        [".gitlab-ci.yml:5: there is no input `m` in the header of this file"]
    );
    assert_eq!(own("{default: x}", "$[[ inputs.n | up ]]"), [".gitlab-ci.yml:5: there is no function `up`"]);
    assert_eq!(own("{default: x}", "$[[ inputs.n | expand_vars | expand_vars | expand_vars | expand_vars ]]").len(), 1);
    assert_eq!(own("{type: number, default: x}", "x").len(), 1);
    assert_eq!(own("{default: x, options: [y]}", "x").len(), 1);
    assert_eq!(own("{rules: [{if: $A}]}", "x").len(), 2);
    assert_eq!(errors("include: {local: p.yml, inputs: {a: b}}\n", &[("p.yml", "x: {script: x}\n")]).len(), 1);
    assert_eq!(
        errors("spec: {inputs: {}}\na: {script: x}\n", &[]),
        [".gitlab-ci.yml:1: `spec` stands in a document of its own"]
    );
}

#[test]
fn inputs_of_the_run_are_text() {
    let mut context = Context::default();
    let values = [("count", "3"), ("on", "false"), ("list", "[\"z\"]")];
    context.inputs = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect::<Inputs>();
    let plan = pipeline::plan(DEPLOY, &context).plan.unwrap();
    assert_eq!((plan.jobs.len(), plan.jobs[0].interruptible, plan.jobs[0].script.join("")), (3, false, "z".into()));
    assert_eq!(
        plan.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(),
        ["env", "count", "on", "list", "label", "region"]
    );
}

#[test]
fn functions_of_inputs() {
    let text = "spec: {inputs: {n: {default: 'a b $DIR'}}}\n---\na: {script: '$[[ inputs.n | expand_vars | posix_escape ]]'}\n";
    assert_eq!(plan(text, &[]).jobs[0].script, ["a\\ b\\ ci"]);
}

/// What nobody is to read does not get into a definition, which everybody reads.
#[test]
fn masked_variables_are_not_for_inputs() {
    let text = "spec: {inputs: {n: {default: $KEY}}}\n---\na: {script: '$[[ inputs.n | expand_vars ]]'}\n";
    let of = |masked| {
        let mut context = Context::default();
        context.variables = vec![Variable { masked, ..Variable::new("KEY", "hunter2") }];
        pipeline::plan(text, &context)
    };
    assert_eq!(of(false).plan.unwrap().jobs[0].script, ["hunter2"]);
    let refused = of(true);
    let told = "`expand_vars` does not put the masked variable `KEY` into a definition";
    assert_eq!((refused.plan.is_none(), refused.diagnostics[0].message.as_str()), (true, told));
}

#[test]
fn changed_and_existing_files() {
    let text = |rule: &str| format!("z: {{script: x}}\na: {{script: x, variables: {{D: src}}, rules: [{rule}]}}\n");
    let present = |rule: &str, changed: Option<&[&str]>| {
        let mut table = Table::new(&[("src/lib.rs", ""), (".hidden", "")]);
        table.changed = changed.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
        table.elsewhere.insert("g/p:x/y".into(), String::new());
        names(&evaluate(&text(rule), table).plan.unwrap()).contains(&"a")
    };
    for (rule, wanted) in [
        ("{changes: [src/*]}", true),
        ("{changes: ['*.rs']}", false),
        ("{changes: ['**/*.rs']}", true),
        ("{changes: ['$D/*']}", true),
        ("{changes: {paths: [since-old], compare_to: old}}", true),
        ("{changes: {paths: [src/lib.rs], compare_to: old}}", false),
        ("{changes: [src/*], if: $NOTHING}", false),
        ("{changes: [src/*], exists: [nothing]}", false),
        ("{exists: [src/lib.rs]}", true),
        ("{exists: ['*']}", true),
        ("{exists: [lib.rs]}", false),
        ("{exists: ['$D/*']}", true),
        ("{exists: ['$UNKNOWN/*']}", false),
        ("{exists: [.hidden]}", true),
        ("{exists: {paths: [x/*], project: g/p, ref: main}}", true),
        ("{exists: {paths: [src/*], project: g/p}}", false),
    ] {
        assert_eq!(present(rule, Some(&["src/lib.rs"])), wanted, "{rule}");
    }
    assert!(present("{changes: [nothing]}", None), "without anything to compare with, all is changed");
    assert!(!present("{changes: ['**/*']}", Some(&[])));
    let refused = evaluate(&text("{changes: {paths: [a], compare_to: nowhere}}"), Table::new(&[]));
    assert_eq!(refused.diagnostics[0].message, "`changes` cannot be told: there is no ref `nowhere` (in `a`)");
}

#[test]
fn so_many_files_that_exists_holds() {
    let names: Vec<_> = (0..50_001).map(|i| format!("f{i}")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let text = "z: {script: x}\na: {script: x, rules: [{exists: [nothing]}, {exists: ['nothing*'], when: never}]}\n";
    let plan = plan(text, &files);
    assert_eq!(plan.excluded[0].details[1], "rule 2 in line 2: `exists` is true: there are too many files to compare");
}

#[test]
fn says_which_file_decided() {
    let mut table = Table::new(&[("Makefile", "")]);
    table.changed = Some(vec!["docs/x.md".into()]);
    let text = "z: {script: x}\na:\n  script: x\n  rules:\n    - {changes: [src/*, lib/*]}\n    - {exists: [make*]}\n    - {changes: [docs/*], when: never}\n";
    let plan = evaluate(text, table).plan.unwrap();
    assert_eq!(plan.excluded[0].reason, "rule 3 in line 7 says `when: never`");
    assert_eq!(
        plan.excluded[0].details,
        [
            "rule 1 in line 5: `changes` is false: no changed file fits `src/*`, `lib/*`",
            "rule 2 in line 6: `exists` is false: no file fits `make*`",
            "rule 3 in line 7: `changes` is true: `docs/x.md` fits `docs/*`",
        ]
    );
}

/// Each file hands a deeper value to the next.
#[test]
fn values_do_not_get_deeper_from_file_to_file() {
    let nested = format!("{}'$[[ inputs.n ]]'{}", "[".repeat(90), "]".repeat(90));
    let texts: Vec<_> = (0..60)
        .map(|i| {
            let next = format!("include: {{local: f{}.yml, inputs: {{n: {nested}}}}}\n", i + 1);
            (format!("f{i}.yml"), format!("spec: {{inputs: {{n: {{type: array}}}}}}\n---\n{next}"))
        })
        .collect();
    let files: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let found = errors("include: {local: f0.yml, inputs: {n: [x]}}\n", &files);
    assert!(found.iter().any(|message| message.contains("nested deeper than 100 levels")), "{found:?}");
}

#[test]
fn child_pipelines() {
    let mut table = Table::new(&[("d.yml", DEPLOY)]);
    table.elsewhere.insert(
        "gen/made.yml".into(),
        "made: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == 'parent_pipeline'}]}\n".into(),
    );
    let mut context = Context::default();
    context.files = Arc::new(table);
    context.predefined = vec![Variable::new("CI_PIPELINE_SOURCE", "parent_pipeline")];
    let trigger = |include| Trigger { include, strategy: Strategy::Depend, forward: Forward::default() };
    let inputs: Inputs = [("count".to_owned(), 1.into())].into();
    let local = TriggerInclude::Local { path: "d.yml".into(), inputs };
    let made = TriggerInclude::Artifact { path: "made.yml".into(), job: "gen".into(), inputs: Inputs::new() };
    let plan = pipeline::plan_child(&trigger(vec![local, made]), &context).plan.unwrap();
    assert_eq!(names(&plan), ["deploy-staging 1/1", "made"]);
    let missing = TriggerInclude::Local { path: "x.yml".into(), inputs: Inputs::new() };
    assert!(pipeline::plan_child(&trigger(vec![missing]), &context).plan.is_none());
    // Only a child takes its definition from artifacts.
    assert!(!errors("include: {artifact: made.yml, job: gen}\n", &[]).is_empty());
}
