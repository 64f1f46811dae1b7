//! What each keyword leaves in the plan: one row of contracts/ci-yaml.md after the other.

use model::plan::{
    Access, AllowFailure, AutoCancel, CacheKey, EnvironmentAction, Expiry, Image, Inputs, OnJobFailure, OnNewCommit,
    Plan, PlannedJob, Strategy, TriggerInclude, Variable, When,
};
use pipeline::Context;

fn plan_with(text: &str, variables: &[(&str, &str)]) -> Plan {
    let mut context = Context::default();
    context.predefined = variables.iter().map(|(key, value)| Variable::new(*key, *value)).collect();
    let outcome = pipeline::plan(text, &context);
    outcome.plan.unwrap_or_else(|| panic!("{:#?}", outcome.diagnostics))
}

fn plan(text: &str) -> Plan {
    plan_with(text, &[("CI_COMMIT_BRANCH", "main"), ("CI_COMMIT_REF_NAME", "main"), ("CI_PIPELINE_SOURCE", "push")])
}

/// The job `a` with these lines.
fn a(lines: &str) -> PlannedJob {
    named(&format!("a:\n  script: x\n{lines}"), "a")
}

fn named(text: &str, name: &str) -> PlannedJob {
    std::sync::Arc::unwrap_or_clone(plan(text).jobs.into_iter().find(|job| job.name == name).unwrap())
}

fn errors(text: &str) -> Vec<String> {
    let outcome = pipeline::plan(text, &Context::default());
    let errors = outcome.diagnostics.into_iter().filter(|d| d.severity == model::Severity::Error);
    errors.map(|diagnostic| diagnostic.message).collect()
}

/// The one error of the job `a` with these lines.
fn error(lines: &str) -> String {
    let found = errors(&format!("a:\n  script: x\n{lines}"));
    assert_eq!(found.len(), 1, "{lines}: {found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn delayed_jobs() {
    let job = a("  when: delayed\n  start_in: 1 h 5 min\n");
    assert_eq!((job.when, job.start_in), (When::Delayed, Some(3_900)));
    let by_rule = a("  rules: [{if: $CI_COMMIT_BRANCH, when: delayed, start_in: '90'}]\n");
    assert_eq!((by_rule.when, by_rule.start_in), (When::Delayed, Some(90)));
    let of_job = a("  when: delayed\n  start_in: 2 days\n  rules: [{if: $CI_COMMIT_BRANCH}]\n");
    assert_eq!(of_job.start_in, Some(172_800));
    let not_any_more = a("  when: delayed\n  start_in: 2 days\n  rules: [{when: always}]\n");
    assert_eq!((not_any_more.when, not_any_more.start_in), (When::Always, None));
    assert_eq!(error("  when: delayed\n"), "`when: delayed` needs `start_in`");
    assert_eq!(error("  start_in: 1 h\n"), "`start_in` is for jobs with `when: delayed`");
    assert_eq!(error("  when: delayed\n  start_in: 8 days\n"), "`start_in` must be between 1 second and 1 week");
    assert_eq!(error("  rules: [{when: manual, start_in: 1 h}]\n"), "`start_in` is for rules with `when: delayed`");
}

#[test]
fn manual_confirmation_interruptible_and_resource_group() {
    let job = a("  when: manual\n  manual_confirmation: Sure?\n  interruptible: true\n  resource_group: prod-$X\n");
    assert_eq!(job.manual_confirmation.as_deref(), Some("Sure?"));
    assert_eq!((job.interruptible, job.resource_group.as_deref()), (true, Some("prod-$X")));
    let by_rule = a("  interruptible: true\n  rules: [{when: always, interruptible: false}]\n");
    assert!(!by_rule.interruptible);
    assert!(named("default: {interruptible: true}\na: {script: x}\n", "a").interruptible);
    assert!(!a("").interruptible);
}

#[test]
fn tags() {
    assert_eq!(a("  tags: [linux, [gpu], linux, $T]\n").tags, ["linux", "gpu", "$T"]);
    assert_eq!(named("default: {tags: [a]}\na: {script: x}\n", "a").tags, ["a"]);
    let many: Vec<_> = (0..51).map(|i| format!("t{i}")).collect();
    assert_eq!(error(&format!("  tags: [{}]\n", many.join(", "))), "a job has at most 50 tags, not 51");
}

#[test]
fn images_and_services() {
    assert_eq!(a("  image: alpine\n").image, Some(Image { name: "alpine".into(), ..Image::default() }));
    let job = a(
        "  image: {name: alpine, entrypoint: [''], pull_policy: [always, never], docker: {platform: arm64, user: me}}
  services:
    - redis
    - {name: postgres, alias: 'db,data', command: [run], entrypoint: [sh], variables: {A: b}, pull_policy: never}
",
    );
    let image = job.image.unwrap();
    assert_eq!(
        (image.entrypoint, image.pull_policy),
        (Some(vec![String::new()]), vec!["always".into(), "never".into()])
    );
    assert_eq!((image.platform.as_deref(), image.user.as_deref()), (Some("arm64"), Some("me")));
    assert_eq!((job.services[0].image.name.as_str(), job.services.len()), ("redis", 2));
    let service = &job.services[1];
    assert_eq!(
        (service.aliases.clone(), service.command.clone()),
        (vec!["db".into(), "data".into()], Some(vec!["run".into()]))
    );
    assert_eq!(service.variables, [Variable::new("A", "b")]);
    assert_eq!(
        (service.image.entrypoint.clone(), service.image.pull_policy.clone()),
        (Some(vec!["sh".into()]), vec!["never".into()])
    );
    let inherited = named("image: top\nservices: [s]\na: {script: x}\nb: {script: x, image: own, services: []}\n", "a");
    assert_eq!((inherited.image.unwrap().name.as_str(), inherited.services.len()), ("top", 1));
    assert_eq!(errors("image: x\ndefault: {image: y}\na: {script: x}\n").len(), 1);
}

#[test]
fn caches_in_all_forms() {
    let job = a("  cache: {paths: [p]}\n");
    assert_eq!(job.cache.len(), 1);
    assert_eq!(
        (job.cache[0].key.clone(), job.cache[0].policy.as_str()),
        (CacheKey::Text("default".into()), "pull-push")
    );
    let job = a("  cache:
    - {key: {files: [x.lock, y.lock], prefix: $J}, paths: [p], policy: pull, when: always}
    - {key: $B, untracked: true, policy: $P, fallback_keys: [one, two]}
");
    let files = CacheKey::Files { files: vec!["x.lock".into(), "y.lock".into()], prefix: Some("$J".into()) };
    assert_eq!(
        (job.cache[0].key.clone(), job.cache[0].when, job.cache[0].policy.as_str()),
        (files, When::Always, "pull")
    );
    assert!(job.cache[1].untracked && job.cache[1].when == When::OnSuccess);
    assert_eq!((job.cache[1].policy.as_str(), job.cache[1].fallback_keys.len()), ("$P", 2));
    assert!(a("  cache: {}\n").cache.is_empty() && a("  cache: []\n").cache.is_empty());
    assert_eq!(named("default: {cache: {key: k}}\na: {script: x}\nb: {script: x, cache: []}\n", "a").cache.len(), 1);
    assert_eq!(
        error("  cache: [{key: a}, {key: b}, {key: c}, {key: d}, {key: e}]\n"),
        "a job has at most 4 caches, not 5"
    );
    assert_eq!(error("  cache: {key: {files: [a, b, c]}}\n"), "`files` lists one or two paths, not 3");
    assert_eq!(error("  cache: {key: {prefix: a}}\n"), "`key` needs `files` when it is a mapping");
    assert_eq!(error("  cache: {key: a, unprotect: true}\n"), "`unprotect` is not supported by this server");
    assert_eq!(error("  cache: {fallback_keys: [a, b, c, d, e, f]}\n"), "`fallback_keys` lists 6 keys; 5 are allowed");
}

#[test]
fn artifacts() {
    let job = a("  artifacts:
    paths: [out]
    exclude: [out/tmp]
    untracked: true
    name: $N
    expire_in: 3 mins 4 sec
    expose_as: The build
    access: none
    reports: {junit: r.xml, dotenv: [a.env, b.env], coverage_report: {coverage_format: jacoco, path: c.xml}, sast: s.json}
");
    let spec = job.artifacts.unwrap();
    assert_eq!(
        (spec.exclude.clone(), spec.untracked, spec.name.as_deref()),
        (vec!["out/tmp".into()], true, Some("$N"))
    );
    assert_eq!((spec.expire_in, spec.access), (Some(Expiry::After(184)), Access::None));
    assert_eq!(spec.expose_as.as_deref(), Some("The build"));
    let reports: Vec<_> =
        spec.reports.iter().map(|r| (r.kind.as_str(), r.paths.join(" "), r.format.as_deref())).collect();
    assert_eq!(
        reports,
        [
            ("junit", "r.xml".into(), None),
            ("dotenv", "a.env b.env".into(), None),
            ("coverage_report", "c.xml".into(), Some("jacoco")),
            ("sast", "s.json".into(), None)
        ]
    );
    let of = |lines: &str| a(&format!("  artifacts: {{paths: [x], {lines}}}\n")).artifacts.unwrap();
    assert_eq!((of("expire_in: never").expire_in, of("when: always").expire_in), (Some(Expiry::Never), None));
    assert_eq!((of("public: false").access, of("public: true").access), (Access::Developer, Access::All));
    let access = ["none", "developer", "maintainer", "all"].map(|word| of(&format!("access: {word}")).access);
    assert_eq!(access, [Access::None, Access::Developer, Access::Maintainer, Access::All]);
    let when = ["on_success", "on_failure", "always"].map(|word| of(&format!("when: {word}")).when);
    assert_eq!(when, [When::OnSuccess, When::OnFailure, When::Always]);
    let plain = a("  artifacts: {paths: [x]}\n").artifacts.unwrap();
    assert_eq!((plain.name, plain.expire_in, plain.when, plain.untracked), (None, None, When::OnSuccess, false));
    let cobertura = of("reports: {coverage_report: {coverage_format: cobertura, path: c.xml}}").reports;
    assert_eq!(cobertura[0].format.as_deref(), Some("cobertura"));
    assert_eq!(a("  artifacts: {reports: {junit: x}}\n").artifacts.map(|spec| spec.paths.len()), Some(0));
    assert_eq!(
        error("  artifacts: {paths: ['a*'], expose_as: x}\n"),
        "`expose_as` shows plain paths, and `a*` is a pattern or holds a variable"
    );
    assert_eq!(error("  artifacts: {paths: [a], expire_in: soon}\n"), "`soon` is not a length of time");
    assert_eq!(
        error("  artifacts: {reports: {coverage_report: {path: a}}}\n"),
        "`coverage_report` needs `coverage_format`"
    );
    assert_eq!(error("  artifacts: {reports: {unit: a}}\n"), "`unit` is not a keyword under `reports`");
}

#[test]
fn environments() {
    assert_eq!(a("  environment: prod\n").environment.unwrap().name, "prod");
    let text = "
a:
  script: x
  environment: {name: review/$B, url: https://$B, on_stop: b, deployment_tier: testing}
b:
  script: x
  when: manual
  environment: {name: review/$B, action: stop}
";
    let environment = named(text, "a").environment.unwrap();
    assert_eq!((environment.url.as_deref(), environment.on_stop.as_deref()), (Some("https://$B"), Some("b")));
    assert_eq!(
        (environment.action, environment.deployment_tier.as_deref()),
        (EnvironmentAction::Start, Some("testing"))
    );
    assert_eq!(named(text, "b").environment.unwrap().action, EnvironmentAction::Stop);
    assert_eq!(
        error("  environment: {name: a, on_stop: nobody}\n"),
        "`a` is stopped by `nobody`, but there is no such job in this file"
    );
    let wrong =
        |b: &str| errors(&format!("a:\n  script: x\n  environment: {{name: e, on_stop: b}}\nb:\n  script: x\n{b}"));
    assert_eq!(wrong(""), ["`b` stops the environment of `a`, but has no `environment`"]);
    assert_eq!(wrong("  environment: e\n"), ["`b` stops the environment of `a`, but its `action` is not `stop`"]);
    assert_eq!(wrong("  environment: {name: f, action: stop}\n"), ["`b` stops the environment `f`, not `e` of `a`"]);
    assert_eq!(error("  environment: {url: x}\n"), "`environment` needs `name`");
    assert_eq!(
        error("  environment: {name: x, auto_stop_in: 1 day}\n"),
        "`auto_stop_in` is not supported by this server"
    );
}

#[test]
fn inherit() {
    let text = |inherit: &str| {
        format!(
            "default: {{before_script: [p], retry: 2}}\nvariables: {{A: '1', B: '2'}}\na:\n  script: x\n  inherit: {inherit}\n  rules: [{{if: $A}}, {{when: manual}}]\n"
        )
    };
    let of = |inherit: &str| {
        let job = named(&text(inherit), "a");
        let names: Vec<_> = job.variables.into_iter().map(|variable| variable.key).collect();
        (job.before_script.len(), job.retry.max, names.join(""), job.when)
    };
    assert_eq!(of("{}"), (1, 2, "AB".into(), When::OnSuccess));
    assert_eq!(of("{default: false}"), (0, 0, "AB".into(), When::OnSuccess));
    assert_eq!(of("{default: [retry], variables: [B]}"), (0, 2, "B".into(), When::Manual));
    assert_eq!(of("{variables: false}"), (1, 2, String::new(), When::Manual));
    assert_eq!(errors(&text("{default: [retri]}")), ["`retri` is not a keyword under `default`"]);
}

/// The old places at the top of the file, and the place under `default`, mean the same.
#[test]
fn what_jobs_have_by_default_is_replaced_whole() {
    let keywords =
        ["image: i", "services: [s]", "cache: {key: k, paths: [p]}", "before_script: [b]", "after_script: [c]"];
    let jobs = "a: {script: x}
b: {script: x, image: {name: o}, services: [], cache: {paths: [q]}, before_script: [o], after_script: []}
c: {script: x, inherit: {default: [image, cache]}}
";
    for text in [format!("{}\n{jobs}", keywords.join("\n")), format!("default:\n  {}\n{jobs}", keywords.join("\n  "))] {
        let plan = plan(&text);
        let told: Vec<_> = plan.jobs.iter().map(|job| told(job)).collect();
        assert_eq!(told, ["i s k:p b c", "o - default:q o -", "i - k:p - -"], "{text}");
    }
}

/// Image, services, caches, and what is run before and after, in one line.
fn told(job: &PlannedJob) -> String {
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let services = job.services.iter().map(|service| service.image.name.as_str()).collect();
    let caches = job.cache.iter().map(|cache| {
        let CacheKey::Text(key) = &cache.key else { panic!("{cache:?}") };
        format!("{key}:{}", cache.paths.join("+"))
    });
    let image = job.image.as_ref().map(|image| image.name.clone()).unwrap_or_default();
    [image, services, caches.collect(), job.before_script.concat(), job.after_script.concat()].map(or_none).join(" ")
}

#[test]
fn hooks_and_coverage() {
    let job = a("  hooks: {pre_get_sources_script: [one, [two]]}\n  coverage: '/Lines: (\\d+)%/'\n");
    assert_eq!(job.pre_get_sources_script, ["one", "two"]);
    assert_eq!(job.coverage.as_deref(), Some("Lines: (\\d+)%"));
    assert_eq!(
        named("default: {hooks: {pre_get_sources_script: x}}\na: {script: x}\n", "a").pre_get_sources_script,
        ["x"]
    );
    assert_eq!(error("  coverage: 'Lines'\n"), "`coverage` is a pattern between slashes");
    assert!(error("  coverage: '/(/'\n").starts_with("not a valid pattern"));
}

#[test]
fn dependencies() {
    let text = |a: &str| {
        format!(
            "b: {{stage: build, script: x, parallel: 2}}\nc: {{stage: build, script: x, rules: [{{when: never}}]}}\nd: {{stage: deploy, script: x}}\na:\n  script: x\n{a}"
        )
    };
    let of = |lines: &str| named(&text(lines), "a").dependencies;
    assert_eq!(of(""), None);
    assert_eq!(of("  dependencies: []\n"), Some(vec![]));
    assert_eq!(of("  dependencies: [b, c]\n"), Some(vec!["b 1/2".into(), "b 2/2".into()]));
    assert_eq!(
        errors(&text("  dependencies: [d]\n")),
        ["`a` in stage `test` depends on `d`, which is in the later stage `deploy`"]
    );
    let left_out = "`a` needs `c`, which is not in the run: rule 1 in line 2 says `when: never`";
    let not_needed = "`a` depends on `b`, which it does not need";
    assert_eq!(errors(&text("  needs: [c]\n  dependencies: [b]\n")), [left_out, not_needed]);
    assert_eq!(errors(&text("  dependencies: [e]\n")), ["`a` depends on `e`, but there is no such job in this file"]);
}

#[test]
fn needs_of_the_run_above() {
    let job = a("  needs: [{pipeline: $UP, job: gen, artifacts: true, optional: true}]\n");
    assert_eq!((job.needs, job.parent_needs.len()), (Some(vec![]), 1));
    assert_eq!((job.parent_needs[0].pipeline.as_str(), job.parent_needs[0].job.as_str()), ("$UP", "gen"));
    assert_eq!(error("  needs: [{pipeline: a/b}]\n"), "this need does not say which `job`");
    assert_eq!(error("  needs: [{pipeline: a/b, job: c}]\n"), "`a/b` is not the number of the run above");
    assert_eq!(
        error("  rules: [{when: always, needs: [{pipeline: $P, job: c}]}]\n"),
        "a need for the pipeline `$P` does not stand in a rule"
    );
}

#[test]
fn triggers() {
    let text = "
gen: {stage: build, script: x, artifacts: {paths: [made.yml]}}
a:
  trigger:
    include:
      - child.yml
      - {local: other.yml, inputs: {n: 1, l: [a, b]}}
      - {artifact: made.yml, job: gen}
    strategy: depend
    forward: {yaml_variables: false, pipeline_variables: true}
  parallel: {matrix: [{A: [x, y]}]}
default: {before_script: [p], tags: [t], interruptible: true}
";
    let plan = plan(text);
    let job = plan.jobs.iter().find(|job| job.name == "a: [x]").unwrap();
    let trigger = job.trigger.clone().unwrap();
    assert_eq!(
        (trigger.strategy, trigger.forward.yaml_variables, trigger.forward.pipeline_variables),
        (Strategy::Depend, false, true)
    );
    assert_eq!(trigger.include.len(), 3);
    let TriggerInclude::Local { inputs, .. } = &trigger.include[1] else { panic!() };
    assert_eq!(serde_json::to_value(inputs).unwrap(), serde_json::json!({"n": 1, "l": ["a", "b"]}));
    assert_eq!(
        trigger.include[2],
        TriggerInclude::Artifact { path: "made.yml".into(), job: "gen".into(), inputs: Inputs::new() }
    );
    assert!(job.script.is_empty() && job.before_script.is_empty() && job.tags.is_empty() && job.interruptible);
    let wrong = |lines: &str| errors(&format!("a:\n{lines}"));
    assert_eq!(wrong("  trigger: {include: x.yml}\n  script: y\n"), ["a job with `trigger` has no `script`"]);
    assert_eq!(
        wrong("  trigger: {include: [a.yml, b.yml, c.yml, d.yml]}\n"),
        ["a child pipeline is made of at most 3 files, not 4"]
    );
    assert_eq!(wrong("  trigger: {project: a/b}\n"), ["`project` is not supported by this server"]);
    assert_eq!(wrong("  trigger: a/b\n"), ["`project` is not supported by this server"]);
    assert_eq!(
        wrong("  trigger: {include: [{artifact: x.yml, job: z}]}\n"),
        ["`a` takes its definition from `z`, but there is no such job in this file"]
    );
    assert_eq!(wrong("  trigger: {include: x.yml, strategy: wait}\n"), ["`strategy` cannot be `wait`"]);
}

#[test]
fn what_a_job_with_a_trigger_has_and_has_not() {
    let of =
        |line: &str| errors(&format!("b: {{stage: .pre, script: x}}\na:\n  trigger: {{include: x.yml}}\n  {line}\n"));
    for line in [
        "before_script: [x]",
        "after_script: [x]",
        "image: i",
        "services: [s]",
        "cache: {key: k, paths: [p]}",
        "artifacts: {paths: [p]}",
        "dependencies: []",
        "tags: [t]",
        "retry: 1",
        "timeout: 1 h",
        "coverage: '/a(b)/'",
        "hooks: {pre_get_sources_script: x}",
        "script: x",
    ] {
        let word = line.split(':').next().unwrap_or_default();
        assert_eq!(of(line), [format!("a job with `trigger` has no `{word}`")]);
    }
    assert_eq!(of("release: {}"), ["`release` is not supported by this server"]);
    assert_eq!(of("parallel: 2"), ["a job with `trigger` takes `parallel` only with `matrix`"]);
    let text = "
.p: {variables: {A: parent}, interruptible: true}
variables: {TOP: x}
b: {stage: build, script: x}
a:
  extends: .p
  stage: deploy
  needs: [b]
  inherit: {variables: false}
  resource_group: live
  environment: prod
  allow_failure: true
  trigger: {include: ci/child.yml}
  rules: [{if: $CI_COMMIT_BRANCH, when: manual, variables: {B: rule}}]
";
    let job = named(text, "a");
    let trigger = job.trigger.unwrap();
    assert_eq!(trigger.include, [TriggerInclude::Local { path: "ci/child.yml".into(), inputs: Inputs::new() }]);
    assert_eq!((trigger.forward.yaml_variables, trigger.forward.pipeline_variables), (true, false));
    assert!(trigger.strategy != Strategy::Depend && trigger.strategy != Strategy::Mirror);
    assert_eq!((job.stage.as_str(), job.when, job.needs.map(|needs| needs.len())), ("deploy", When::Manual, Some(1)));
    assert_eq!(job.variables, [Variable::new("A", "parent"), Variable::new("B", "rule")]);
    assert_eq!((job.resource_group.as_deref(), job.allow_failure), (Some("live"), AllowFailure::Bool(true)));
    assert!(job.interruptible && job.environment.is_some());
}

#[test]
fn workflow_name_and_auto_cancel() {
    let text = |rule: &str| {
        format!(
            "workflow:\n  name: Run of $X\n  auto_cancel: {{on_new_commit: interruptible, on_job_failure: all}}\n  rules: [{{when: always{rule}}}]\na: {{script: x}}\n"
        )
    };
    let own = plan(&text(""));
    assert_eq!(own.name.as_deref(), Some("Run of $X"));
    assert_eq!(
        own.auto_cancel,
        AutoCancel { on_new_commit: OnNewCommit::Interruptible, on_job_failure: OnJobFailure::All }
    );
    let of_rule = plan(&text(", auto_cancel: {on_new_commit: none}"));
    assert_eq!(of_rule.auto_cancel, AutoCancel { on_new_commit: OnNewCommit::None, on_job_failure: OnJobFailure::All });
    let unsaid = AutoCancel { on_new_commit: OnNewCommit::Conservative, on_job_failure: OnJobFailure::None };
    assert_eq!(plan("a: {script: x}\n").auto_cancel, unsaid);
    let said = plan("workflow: {auto_cancel: {on_new_commit: conservative, on_job_failure: none}}\na: {script: x}\n");
    assert_eq!(said.auto_cancel, unsaid);
}

#[test]
fn only_and_except() {
    let present = |lines: &str, run: &[(&str, &str)]| {
        plan_with(&format!("b: {{script: x}}\na:\n  script: x\n{lines}"), run).jobs.iter().any(|job| job.name == "a")
    };
    let main = [
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PROJECT_PATH", "g/p"),
    ];
    let tag = [("CI_COMMIT_TAG", "v1"), ("CI_COMMIT_REF_NAME", "v1"), ("CI_PIPELINE_SOURCE", "schedule")];
    for (lines, on_main, on_tag) in [
        ("  only: [main]\n", true, false),
        ("  only: branches\n", true, false),
        ("  only: [tags]\n", false, true),
        ("  only: [/^v\\d/]\n", false, true),
        ("  only: [/^MA/i]\n", true, false),
        ("  only: [schedules, web]\n", false, true),
        ("  only: [main@g/p]\n", true, false),
        ("  only: [main@other/p]\n", false, false),
        ("  except: [main]\n", false, true),
        ("  only: {refs: [branches], variables: [$CI_PIPELINE_SOURCE == 'push']}\n", true, false),
        ("  only: {variables: [$NOTHING, $CI_COMMIT_TAG]}\n", false, true),
        ("  except: {refs: [tags], variables: [$CI_COMMIT_BRANCH]}\n", false, false),
        ("  only: {changes: [a]}\n", true, true),
        ("  only:\n", true, true),
    ] {
        assert_eq!((present(lines, &main), present(lines, &tag)), (on_main, on_tag), "{lines}");
    }
    let mut context = Context::default();
    context.predefined = vec![Variable::new("CI_PIPELINE_SOURCE", "merge_request_event")];
    let outcome = pipeline::plan("a: {script: x}\nb: {script: x, only: [merge_requests]}\n", &context);
    assert_eq!(outcome.plan.unwrap().jobs.len(), 1);
    assert_eq!(error("  only: [main]\n  rules: [{when: always}]\n"), "`only` does not stand beside `rules`");
    assert_eq!(error("  only: {kubernetes: active}\n"), "`kubernetes` is not supported by this server");
}

#[test]
fn retry_timeout_and_exit_codes() {
    let job = a(
        "  retry: {max: 2, when: [script_failure], exit_codes: [3]}\n  timeout: 1 hour 30 minutes\n  allow_failure: {exit_codes: [4, 5]}\n",
    );
    assert_eq!((job.retry.max, job.retry.exit_codes.len(), job.timeout), (2, 1, Some(5_400)));
    assert_eq!(job.allow_failure, AllowFailure::ExitCodes(vec![4, 5]));
}

/// GitLab's names, and what those that tell more apart than is told apart here are taken for.
#[test]
fn every_failure_that_a_job_is_retried_after() {
    let stuck = [
        "stuck_pending_with_matching_runners",
        "stuck_pending_no_matching_runners",
        "no_updates_running",
        "no_updates_canceling",
    ];
    let late = ["server_timeout_running", "server_timeout_canceling"];
    for name in [
        "unknown_failure",
        "script_failure",
        "api_failure",
        "stuck_or_timeout_failure",
        "runner_system_failure",
        "runner_unsupported",
        "stale_schedule",
        "job_execution_timeout",
        "archived_failure",
        "unmet_prerequisites",
        "scheduler_failure",
        "data_integrity_failure",
        "runner_configuration_error",
        "runner_external_dependency_failure",
        "runner_interrupted",
    ]
    .into_iter()
    .chain(stuck)
    .chain(late)
    {
        let wanted = match name {
            _ if stuck.contains(&name) => "stuck_or_timeout_failure",
            _ if late.contains(&name) => "job_execution_timeout",
            _ => name,
        };
        let retry = a(&format!("  retry: {{max: 1, when: {name}}}\n")).retry;
        assert_eq!(retry.when.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(), [wanted], "{name}");
    }
    assert_eq!((a("  retry: 1\n").retry.max, a("  retry: 0\n").retry.max, a("").retry.max), (1, 0, 0));
}

/// A plan that was stored before these keywords were understood can still be read.
#[test]
fn plans_of_before_are_read() {
    let stored = r#"{"stages":[".pre","test",".post"],"jobs":[{"name":"a","base_name":"a","stage":"test","when":"on_success",
        "allow_failure":{"bool":false},"needs":[{"job":"b","artifacts":true}],"before_script":[],"script":["x"],"after_script":[],
        "variables":[],"artifacts":{"paths":["p"],"when":"on_success"},"timeout":null,"line":1}],"excluded":[],"variables":[]}"#;
    let plan: Plan = serde_json::from_str(stored).unwrap();
    assert_eq!(plan.jobs[0].artifacts.as_ref().map(|spec| spec.access), Some(Access::All));
    assert!(plan.jobs[0].instance.is_none() && plan.jobs[0].trigger.is_none());
}
