//! All errors are told at once: nothing that is wrong hides something else, and nobody is told of what only
//! follows from it.
#![expect(clippy::format_collect, reason = "the texts are short and the tests are read more often than run")]

mod common;

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
        ("artifacts: {exclude: x, paths: [1], expose_as: t, access: q}", &["`exclude`", "`paths`", "`access`"]),
        (
            "environment: {name: [x], action: foo, url: 5, deployment_tier: z}",
            &["`name`", "`action`", "`url`", "`deployment_tier`"],
        ),
        ("needs: [{job: [x], parallel: {matrx: a}}]", &["`job`", "`matrx`"]),
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

#[test]
fn a_parent_that_cannot_be_used_hides_nothing_else() {
    let alone = "j: {script: 5, tags: 5, timeout: abc, stage: nope, when: foo, extends: .typo, whne: x}\n";
    assert_errors(alone, &["`script`", "`tags`", "abc", "nope", "foo", "`.typo`", "`whne`"]);
    let heirs = "
.base: {extends: .tpyo, script: x}
a: {extends: .base, timeout: abc}
b: {extends: .base, whne: x}
c: {extends: .base, retry: 9}
d: {extends: [.base, .more]}
.more: {tags: [t]}
";
    assert_errors(heirs, &["`.tpyo`", "abc", "`whne`", "`retry`"]);
    for (bad, word) in [("extends: 6", "`extends`"), ("extends: [{}]", "`extends`"), ("extends: .s", "`.s`")] {
        assert_errors(&format!(".s: text\nj: {{{bad}, timeout: abc}}\n"), &[word, "abc"]);
    }
    let circle = "a: {extends: b, timeout: abc}\nb: {extends: a, retry: 9}\n";
    assert_errors(circle, &["abc", "circle: a -> b -> a", "`retry`"]);
    let missing = "include: no.yml\nj: {extends: .of_file, timeout: abc}\n";
    assert_errors(missing, &["no.yml", "abc"]);
    let deep: String = (0..14).map(|i| format!(".p{i}: {{extends: .p{}}}\n", i + 1)).collect();
    assert_errors(&format!("{deep}.p14: {{script: x}}\nj: {{extends: .p0, timeout: abc}}\n"), &["levels", "abc"]);
}

#[test]
fn what_a_parent_may_say_is_not_missed() {
    let text = "
.base: {extends: .typo}
j:
  extends: .base
  start_in: 5 minutes
  environment: {url: x}
  image: {entrypoint: [sh]}
  artifacts: {expose_as: t, reports: {coverage_report: {path: x}}}
  cache: {key: {prefix: p}}
  retry: {when: always}
  allow_failure: {}
  parallel: {}
k: {script: !reference [.base, script], stage: .pre, needs: [j], dependencies: [j]}
t: {extends: .base, trigger: {strategy: depend}}
u: {trigger: {include: [{artifact: a.yml, job: j}]}, stage: .pre}
v: {script: x, environment: {name: n, on_stop: j}}
w: {extends: .base, needs: [gone]}
";
    assert_errors(text, &["`.typo`", "`gone`"]);
    let findings = pipeline::plan(text, &Context::default()).diagnostics;
    assert!(findings.len() == 2, "{findings:#?}");
}

/// Errors that the rules of jobs and their instances bring to light, each in a job of its own.
const EVALUATED: &str = "
m: {script: x, parallel: {matrix: [{A: [1, 2]}]}}
n: {script: x, needs: [{job: m, parallel: {matrix: [{A: 3}]}}]}
v: {script: x, variables: {P: $Q, Q: $P}}
r: {script: x, rules: [{if: $BAD =~ $BAD}]}
out: {script: x, when: never}
in: {script: x, needs: [out]}
";
const EVALUATED_WORDS: [&str; 4] = ["no such instance", "circle: P, Q", "no pattern", "not in the run"];

#[test]
fn there_is_one_round_of_errors() {
    let bad = "variables: {BAD: word}\n";
    assert_errors(&format!("{bad}{EVALUATED}"), &EVALUATED_WORDS);
    for (other, word) in [
        ("z: {script: 5}\n", "`script`"),
        ("z: {script: x, environment: a?b}\n", "environment"),
        ("z: {script: x, parallel: {matrix: [{A: [1, 1]}]}}\n", "the same name"),
        ("z: {extends: .typo}\n", "`.typo`"),
        ("z: {script: x, needs: [gone]}\n", "`gone`"),
        ("z: {script: x, needs: [z]}\n", "needs itself"),
    ] {
        let words: Vec<_> = EVALUATED_WORDS.into_iter().chain([word]).collect();
        assert_errors(&format!("{bad}{EVALUATED}{other}"), &words);
    }
}

#[test]
fn what_only_follows_from_an_error_is_not_told() {
    for (text, word) in [
        // Who needs a job that is wrong, or whose rules cannot tell.
        ("a: {script: 5, when: never}\nb: {script: x, needs: [a]}\n", "`script`"),
        ("a: {script: x, rules: [{if: 5, when: never}]}\nb: {script: x, needs: [a]}\n", "`if`"),
        ("a: {script: x, rules: [{if: $B =~ $B}], variables: {B: w}}\nb: {script: x, needs: [a]}\n", "pattern"),
        ("a: {script: x, when: never}\nb: {script: 5, needs: [a]}\n", "`script`"),
        // What all jobs depend on.
        ("variables: {B: [x]}\na: {script: x, rules: [{if: $B}]}\nb: {script: x, needs: [a]}\n", "`B`"),
        ("include: no.yml\na: {script: x, rules: [{if: $B}]}\nb: {script: x, needs: [a]}\n", "no.yml"),
        ("x: {extends: .n}\nw: {script: x, needs: [x], parallel: 2}\n", "`.n`"),
        // Instances that are not known.
        (
            "a: {script: x, parallel: 0}\nb: {script: x, needs: [{job: a, parallel: {matrix: [{A: x}]}}]}\n",
            "`parallel`",
        ),
        ("a: {script: x, parallel: {matrix: [{A: [x, x]}]}}\nb: {script: x, needs: ['a: [x]']}\n", "the same name"),
        ("a: {script: x, needs: [b], parallel: 2}\nb: {script: x, needs: [a]}\n", "circle"),
    ] {
        assert_errors(text, &[word]);
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_hides_no_circle_of_variables() {
    let job = |rest: &str| format!("variables: {{BAD: w}}\na: {{script: x, variables: {{A: $B, B: $A}}, {rest}}}\n");
    assert_errors(&job("rules: [{if: $BAD =~ $BAD}]"), &["circle: A, B", "no pattern"]);
    assert_errors(&job("rules: [{if: 5, when: never}]"), &["circle: A, B", "`if`"]);
    assert_errors(&job("only: {variables: [$BAD =~ $BAD]}"), &["circle: A, B", "no pattern"]);
    // The rule may end the circle, and a job that is left out for certain has none.
    assert_errors(&job("rules: [{if: $BAD =~ $BAD, variables: {B: b}}]"), &["no pattern"]);
    assert_errors("a: {script: 5, variables: {A: $B, B: $A}, rules: [{when: never}]}\n", &["`script`"]);
}

#[test]
fn every_circle_of_variables_is_told() {
    let text = "
variables: {A: $B, B: $A, C: $D, D: $C$A, E: $E, F: $G, G: $F$H, H: $F}
a: {script: x}
b: {script: x, variables: {A: a, X: $Y, Y: $X}}
";
    assert_errors(text, &["circle: A, B", "circle: C, D", "circle: F, G", "`b` lead in a circle: X, Y"]);
}

#[test]
fn a_rule_that_cannot_be_evaluated_hides_no_instance_that_is_missing() {
    let job = |rest: &str| {
        let matrix = "m: {script: x, parallel: {matrix: [{A: [1]}]}}\n";
        format!("variables: {{BAD: w}}\n{matrix}n: {{script: x, {rest}}}\n")
    };
    let need = "needs: [{job: m, parallel: {matrix: [{A: 2}]}}]";
    assert_errors(&job(&format!("{need}, rules: [{{if: $BAD =~ $BAD}}]")), &["no such instance", "no pattern"]);
    assert_errors(&job(&format!("{need}, rules: [{{if: 5, when: never}}]")), &["no such instance", "`if`"]);
    assert_errors(&job(&format!("rules: [{{if: $BAD =~ $BAD, {need}}}]")), &["no pattern", "no such instance"]);
    assert_errors(&job(&format!("{need}, whne: x, rules: [{{when: never}}]")), &["`whne`"]);
    assert_errors(
        &format!("include: no.yml\n{}", job(&format!("{need}, rules: [{{if: $X}}]"))),
        &["no.yml", "no such"],
    );
}

/// With the files `stages.yml` and `typo.yml`.
fn errors_with_files(text: &str) -> Vec<String> {
    let mut context = Context::default();
    let files = [("stages.yml", "stages: [a]\n"), ("typo.yml", "j: {script: !refrence [a]}\n"), ("open.yml", "j: [")];
    context.files = std::sync::Arc::new(common::Table::new(&files));
    pipeline::plan(text, &context).diagnostics.into_iter().map(|one| one.message).collect()
}

#[test]
fn what_a_missing_file_may_say_is_not_missed() {
    let rest = "
build: {variables: {A: b}, needs: [x], dependencies: [y]}
test: {stage: qa, script: x, extends: .base}
deploy: {stage: build, script: x, needs: [late]}
late: {stage: deploy, script: x}
default: {image: {entrypoint: [x]}}
r: {script: [!reference [.setup, script]], before_script: !reference [test, gone]}
e: {script: x, environment: {url: x, on_stop: z}}
o: {script: x, needs: [{job: late, parallel: {matrix: [{A: 2}]}}]}
";
    for (include, word) in [
        ("no.yml", "no.yml"),
        ("[no.yml, {local: stages.yml, rules: [{if: $NO}]}]", "no.yml"),
        ("[stages.yml, no.yml]", "no.yml"),
        ("open.yml", "not closed"),
        ("{project: g/p, file: a.yml}", "g/p"),
        ("*nothing", "&nothing"),
        ("[{loca: a.yml}]", "`loca`"),
        ("[5]", "an entry of `include`"),
        ("[{local: stages.yml, rules: [{if: $A =}]}]", "expressions"),
    ] {
        let found = errors_with_files(&format!("include: {include}{rest}"));
        assert!(found.len() == 1 && found[0].contains(word), "{include} {found:#?}");
    }
}

#[test]
fn what_a_missing_file_cannot_change_is_told() {
    for (text, words) in [
        ("include: no.yml\nstages: [b]\nx: {script: x, stage: c}\n", ["no.yml", "no stage `c`"]),
        ("include: [no.yml, stages.yml]\nx: {script: x, stage: c}\n", ["no.yml", "no stage `c`"]),
        ("include: no.yml\nx: {timeout: abc}\n", ["no.yml", "abc"]),
        // Such a file is there, whatever is wrong in it.
        ("include: typo.yml\nx: {script: x, needs: [gone]}\n", ["`gone`", "`!refrence`"]),
        ("include: typo.yml\nx: {stage: test}\n", ["no `script`", "`!refrence`"]),
    ] {
        let found = errors_with_files(text);
        let fits = found.len() == 2 && found.iter().zip(words).all(|(found, word)| found.contains(word));
        assert!(fits, "{text} {found:#?}");
    }
}

#[test]
fn a_wrong_entry_of_include_hides_nothing_in_its_file() {
    let input =
        "spec: {inputs: {x: , y: {default: never}, z: {type: number, default: 0}}}\n---\nc: {script: x, tmeout: 1h}\n";
    let uses = "\"d-$[[ inputs.x ]]\": {script: \"$[[ inputs.x ]]\", when: \"$[[ inputs.y ]]\", retry: \"$[[ inputs.z ]]\", whne: x}\n";
    let b = format!("{input}{uses}");
    let files = [
        ("b.yml", b.as_str()),
        ("s.yml", "stages: [s, test]\nc: {script: x, tmeout: 1h, stage: s}\n"),
        ("deep.yml", "include: [{local: s.yml, foo: 1}]\n"),
    ];
    let rest = "a: {script: x, retry: 9, stage: test}\ne: {script: x, needs: [gone]}\n";
    let of = |include: &str| {
        let mut context = Context::default();
        context.files = std::sync::Arc::new(common::Table::new(&files));
        let findings = pipeline::plan(&format!("include: {include}\n{rest}"), &context).diagnostics;
        findings.into_iter().map(|one| format!("{}:{}", one.file, one.message)).collect::<Vec<_>>()
    };
    let in_s: &[&str] = &["`retry`", "`tmeout`"];
    let in_b: &[&str] = &["`retry`", "`tmeout`", "`whne`"];
    let gone: &[&str] = &["`retry`", "`gone`", "`tmeout`"];
    let none: &[&str] = &["`retry`"];
    for (include, word, others) in [
        // Which file is meant, and when, is known.
        ("[{local: b.yml, inptus: {x: 1}}]", "`inptus`", in_b),
        ("[{local: b.yml, with: {x: 1}}]", "`with`", in_b),
        ("[{local: b.yml, inputs: [x]}]", "`inputs`", in_b),
        ("[{local: b.yml, inputs: {x: *gone}}]", "&gone", in_b),
        ("[{local: b.yml, inputs: {x y: 1}}]", "the name of an input", in_b),
        ("[{local: s.yml, foo: 1}]", "`foo`", gone),
        ("deep.yml", "`foo`", gone),
        // Which file is meant is known, but not whether it is included.
        ("[{local: b.yml, inputs: {x: v}, ruels: []}]", "`ruels`", in_b),
        ("[{local: s.yml, rules: [{if: $A =}]}]", "expression", in_s),
        ("[{local: s.yml, rules: {if: $A}}]", "`rules`", in_s),
        ("[{local: s.yml, rules: [{if: $A, whne: never}]}]", "`whne`", in_s),
        ("[{local: no.yml, rules: [{if: $A =}]}]", "expression", none),
        ("[{local: no.yml, foo: 1}]", "`foo`", &["`no.yml`", "`retry`"]),
        ("[s.yml, 5]", "an entry of `include`", in_s),
        // Another file may be meant.
        ("[{local: b.yml, ref: main}]", "`ref`", none),
        ("[{local: b.yml, integrtiy: x}]", "`integrtiy`", none),
        ("[{local: b.yml, remote: 'https://x/b.yml'}]", "names one of", none),
        ("[{loca: b.yml}]", "`loca`", none),
        ("[{artifact: b.yml, job: a}]", "`artifact`", none),
        ("[{template: b.yml}]", "`template`", none),
        // It is not included, whatever is wrong.
        ("[{local: b.yml, inptus: {x: 1}, rules: [{when: never}]}]", "`inptus`", &["`retry`", "`gone`"]),
    ] {
        let found = of(include);
        let of_entry = found.iter().filter(|one| one.contains(word)).count();
        let fits = others.iter().all(|word| found.iter().any(|one| one.contains(word)));
        assert!(of_entry == 1 && fits && found.len() == others.len() + 1, "{include} {others:?}\n{found:#?}");
    }
    // What is given wrongly is told of the file that takes it, as ever.
    let found = of("[{local: b.yml, inputs: {x: v, q: 2, z: many}, inptus: 1}]");
    assert!(
        ["no input `q`", "`z` must be a number"].iter().all(|word| found.iter().any(|one| one.contains(word))),
        "{found:#?}"
    );
}

#[test]
fn a_wrong_entry_leaves_no_list_empty() {
    let header = "spec: {inputs: {n: {type: number, default: 3}}}\n---\n";
    let one = "[\"$[[ inputs.n ]]\"]";
    for keyword in ["tags", "script", "needs", "services", "dependencies", "rules", "only", "extends"] {
        assert_errors(&format!("{header}a: {{script: x, {keyword}: {one}}}\n"), &["the number 3"]);
    }
    for more in [
        "artifacts: {paths: ONE}",
        "artifacts: {reports: {junit: ONE}}",
        "cache: {paths: ONE}",
        "cache: {key: {files: ONE}, paths: [a]}",
        "image: {name: a, entrypoint: ONE}",
        "rules: [{changes: ONE}]",
        "rules: [{exists: {paths: ONE}}]",
        "retry: {max: 1, when: ONE}",
        "inherit: {variables: ONE}",
        "parallel: {matrix: ONE}",
        "image: {name: a, pull_policy: ONE}",
    ] {
        assert_errors(&format!("{header}a: {{script: x, {}}}\n", more.replace("ONE", one)), &["the number 3"]);
    }
    assert_errors("variables: {A: {value: a, options: [[a]]}}\na: {script: x}\n", &["an entry of `options`"]);
    assert_errors("stages: [5]\na: {script: x, stage: b}\n", &["an entry of `stages`"]);
    assert_errors("stages: 5\na: {script: x, stage: b, needs: [c]}\nc: {script: x}\n", &["`stages`"]);
}

#[test]
fn a_wrong_keyword_of_an_environment_hides_nothing_about_the_job_that_stops_it() {
    let jobs = |start: &str, stop: &str| {
        format!("a: {{script: x, environment: {{{start}, on_stop: b}}}}\nb: {{script: x, environment: {{{stop}}}}}\n")
    };
    assert_errors(&jobs("name: p, url: [x]", "name: q, action: stop"), &["`url`", "stops the environment `q`"]);
    assert_errors(&jobs("name: p", "name: q, acton: stop"), &["stops the environment `q`", "`acton`"]);
    assert_errors(&jobs("name: [p]", "name: q, action: stpo"), &["`name`", "`stpo`"]);
    assert_errors(&jobs("nmae: p", "name: q, action: stop"), &["`nmae`"]);
}

#[test]
fn one_slip_is_one_error() {
    for (text, word) in [
        (".b: {script: x}\na: {extend: .b}\n", "`extend`"),
        ("inclde: a.yml\na: {extends: .x}\n", "`inclde`"),
        ("a: {scrip: x}\nc: {script: !reference [a, script]}\n", "`scrip`"),
        ("a: {script: x, paralel: 3}\nb: {script: x, needs: ['a 1/3']}\n", "`paralel`"),
        ("a: {script: x, rules: [{start_in: 5 min}]}\n", "`start_in` is for rules"),
        ("a:\nscript: x\nb: {script: x}\n", "`script` does not stand at the top"),
    ] {
        assert_errors(text, &[word]);
    }
    assert_errors("a:\nb: {script: x}\n", &["`a` is empty"]);
}

#[test]
fn what_is_brought_from_elsewhere_names_the_job_that_it_is_wrong_in() {
    let brought = ".a: {only: [main], script: x}\nb: {extends: .a, rules: [{when: always}]}\n";
    assert_errors(brought, &["`only` does not stand beside `rules` (in `b`)"]);
    let trigger = ".t: {script: x}\nb: {extends: .t, trigger: {include: c.yml}}\n";
    assert_errors(trigger, &["a job with `trigger` has no `script` (in `b`)"]);
    let own = errors("b: {only: [main], script: x, rules: [{when: always}]}\n");
    assert!(own.iter().all(|found| !found.contains("(in")), "{own:?}");
}

#[test]
fn jobs_that_no_error_touches_are_known_beside_those_that_are_wrong() {
    let sound = |text: &str| -> Vec<String> {
        let outcome = pipeline::plan(text, &Context::default());
        outcome.in_run().map(|one| one.job.name.clone()).collect()
    };
    let rest = "b: {script: x}\nc: {script: x, when: never}\nd: {script: x, needs: [gone]}\n";
    assert_eq!(sound(&format!("a: {{script: x, retry: 9}}\n{rest}")), ["b", "d"]);
    assert_eq!(sound("b: {script: x}\nc: {script: x, when: never}\n"), ["b"]);
    // What all depend on.
    assert!(sound(&format!("variables: 5\n{rest}")).is_empty());
    assert!(sound("workflow: {rules: [{when: never}]}\nb: {script: x}\n").is_empty());
}
