//! `parallel`, `matrix`, and the needs of and for instances (contracts/ci-yaml.md, parts 4 and 5).

use model::plan::{Plan, When};
use pipeline::{Context, Outcome};

fn evaluate(text: &str) -> Outcome {
    pipeline::plan(text, &Context::default())
}

fn plan(text: &str) -> Plan {
    let outcome = evaluate(text);
    outcome.plan.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics))
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.jobs.iter().map(|job| job.name.as_str()).collect()
}

fn needs(plan: &Plan, name: &str) -> Vec<String> {
    let job = plan.jobs.iter().find(|job| job.name == name).unwrap();
    job.needs.as_ref().unwrap().iter().map(|need| need.job.clone()).collect()
}

fn errors(text: &str) -> Vec<String> {
    evaluate(text).diagnostics.into_iter().map(|d| d.message).collect()
}

#[test]
fn numbers() {
    let plan = plan("a: {script: x, parallel: 3}\nb: {script: x, parallel: 1}\n");
    assert_eq!(names(&plan), ["a 1/3", "a 2/3", "a 3/3", "b 1/1"]);
    let instance = plan.jobs[1].instance.clone().unwrap();
    assert_eq!((instance.index, instance.total, plan.jobs[1].base_name.as_str()), (2, 3, "a"));
}

#[test]
fn combinations_in_order_of_the_keys() {
    let plan =
        plan("a: {script: x, variables: {A: own, C: own}, parallel: {matrix: [{A: [1, 2], B: [x, y]}, {B: z}]}}\n");
    assert_eq!(names(&plan), ["a: [1, x]", "a: [1, y]", "a: [2, x]", "a: [2, y]", "a: [z]"]);
    let values = |i: usize| plan.jobs[i].variables.iter().map(|v| format!("{}={}", v.key, v.value)).collect::<Vec<_>>();
    assert_eq!(values(1), ["A=1", "C=own", "B=y"]);
    assert_eq!(values(4), ["A=own", "C=own", "B=z"]);
    assert_eq!(plan.jobs[4].instance.as_ref().map(|one| (one.index, one.total)), Some((5, 5)));
}

#[test]
fn rules_see_the_instance() {
    let text = "a:
  script: x
  parallel: {matrix: [{OS: [linux, mac, bsd]}]}
  rules:
    - {if: $OS == 'linux'}
    - {if: $OS == 'mac' && $CI_NODE_INDEX == '2' && $CI_JOB_NAME =~ /mac/, when: manual}
";
    let plan = plan(text);
    assert_eq!(plan.jobs.iter().map(|job| job.when).collect::<Vec<_>>(), [When::OnSuccess, When::Manual]);
    assert_eq!(
        (plan.excluded[0].name.as_str(), plan.excluded[0].reason.as_str()),
        ("a: [bsd]", "none of its rules applies")
    );
}

#[test]
fn needs_mean_all_instances_or_the_chosen_ones() {
    let text = "
a: {stage: build, script: x, parallel: {matrix: [{OS: [l, m], ARCH: [x, y]}]}}
n: {stage: build, script: x, parallel: 2}
all: {script: x, needs: [a, n]}
some: {script: x, needs: [{job: a, parallel: {matrix: [{OS: l}, {OS: m, ARCH: [y]}]}}]}
one: {script: x, needs: ['n 2/2']}
same: {script: x, parallel: {matrix: [{OS: [l, m]}]}, needs: [{job: a, parallel: {matrix: [{OS: '$[[ matrix.OS ]]', ARCH: x}]}}]}
";
    let plan = plan(text);
    assert_eq!(needs(&plan, "all"), ["a: [l, x]", "a: [l, y]", "a: [m, x]", "a: [m, y]", "n 1/2", "n 2/2"]);
    assert_eq!(needs(&plan, "some"), ["a: [l, x]", "a: [l, y]", "a: [m, y]"]);
    assert_eq!(needs(&plan, "one"), ["n 2/2"]);
    assert_eq!(needs(&plan, "same: [m]"), ["a: [m, x]"]);
}

#[test]
fn an_instance_that_is_left_out_is_missed_unless_optional() {
    let text = |optional: bool| {
        format!(
            "a: {{stage: build, script: x, parallel: {{matrix: [{{OS: [l, m]}}]}}, rules: [{{if: $OS == 'l'}}]}}\nb: {{script: x, needs: [{{job: a, optional: {optional}}}]}}\n"
        )
    };
    assert_eq!(needs(&plan(&text(true)), "b"), ["a: [l]"]);
    assert_eq!(errors(&text(false)), ["`b` needs `a: [m]`, which is not in the run: none of its rules applies"]);
}

#[test]
fn what_is_no_parallel() {
    let of = |parallel: &str| errors(&format!("a:\n  script: x\n  parallel: {parallel}\n"));
    assert_eq!(of("0"), ["`parallel` must be between 1 and 200, not 0"]);
    assert_eq!(of("201"), ["`parallel` must be between 1 and 200, not 201"]);
    assert_eq!(of("{}"), ["`parallel` needs `matrix` when it is a mapping"]);
    assert_eq!(of("{matrix: [{A: [1, 2], B: [1, 1]}]}").len(), 2);
    assert_eq!(of("{matrix: [{A: x}, {B: x}]}"), ["the matrix makes two jobs with the same name: `[x]`"]);
    assert_eq!(of("{matrix: []}"), ["`matrix` must not be an empty list"]);
    assert_eq!(of("{matrix: [{A: []}]}"), ["`A` has no value"]);
    assert_eq!(of("{matrix: [{A: {b: c}}]}").len(), 1);
    let wide: Vec<_> = (0..15).map(|i| i.to_string()).collect();
    let wide = wide.join(", ");
    assert_eq!(of(&format!("{{matrix: [{{A: [{wide}], B: [{wide}]}}]}}")), ["the matrix makes more than 200 jobs"]);
    assert_eq!(
        errors("a: {script: x, parallel: 2}\n'a 1/2': {script: x}\n"),
        ["there are two jobs with the name `a 1/2`"]
    );
}

#[test]
fn needs_are_counted_by_instance() {
    let found = errors("a: {stage: build, script: x, parallel: 51}\nb: {script: x, needs: [a]}\n");
    assert_eq!(found, ["`b` needs 51 jobs, instances counted; 50 are allowed"]);
}

#[test]
fn more_jobs_than_anybody_has() {
    let text: String = (0..51).fold(String::new(), |all, i| all + &format!("j{i}: {{script: x, parallel: 200}}\n"));
    assert_eq!(errors(&text), ["the definition has more than 10000 jobs"]);
}

#[test]
fn names_of_instances_have_a_length() {
    let matrix =
        |value: usize| format!("a: {{script: x, parallel: {{matrix: [{{A: [{}], B: [y]}}]}}}}\n", "v".repeat(value));
    assert!(errors(&matrix(247)).is_empty());
    let found = errors(&matrix(248));
    assert_eq!(found, ["the name of an instance of `a` has 256 characters; 255 are allowed"]);
}

#[test]
fn instances_that_are_chosen_have_shorter_names() {
    let text = |value: &str, need: &str| {
        format!(
            "a: {{stage: build, script: x, parallel: {{matrix: [{{A: [{value}]}}]}}}}\nb: {{script: x, needs: [{need}]}}\n"
        )
    };
    let chosen = |value: &str| errors(&text(value, &format!("{{job: a, parallel: {{matrix: [{{A: {value}}}]}}}}")));
    assert!(chosen(&"v".repeat(123)).is_empty());
    let found = chosen(&"v".repeat(124));
    assert!(found[0].contains("whose name has 129 characters; 128 are allowed"), "{found:?}");
    assert!(errors(&text(&"v".repeat(124), "a")).is_empty());
}

#[test]
fn a_need_lists_the_keys_in_their_order() {
    let with = |row: &str| {
        errors(&format!(
            "a: {{stage: build, script: x, parallel: {{matrix: [{{A: [1], B: [2], C: [3]}}]}}}}\nb: {{script: x, needs: [{{job: a, parallel: {{matrix: [{row}]}}}}]}}\n"
        ))
    };
    for row in ["{A: 1, B: 2, C: 3}", "{A: 1}", "{B: 2, C: 3}", "{A: 1, C: 3}"] {
        assert!(with(row).is_empty(), "{row}");
    }
    for row in ["{B: 2, A: 1, C: 3}", "{C: 3, A: 1}", "{D: 1}"] {
        assert!(with(row)[0].contains("has no such instance"), "{row}");
    }
}
