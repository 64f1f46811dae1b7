//! Definitions for benchmarks: large ones of the kind that people have.

use std::fmt::Write as _;

/// A definition with so many jobs, all with parents, rules, variables and needs; each tenth is an
/// instance of a matrix.
pub fn many_jobs(count: usize) -> String {
    let mut text = String::from(
        "stages: [build, test, deploy]
variables: {PROFILE: release, TARGET: x86_64, CACHE: 'on'}
default:
  before_script: [./prepare, ./login]
  retry: {max: 1, when: runner_system_failure}
.base:
  variables: {LEVEL: info}
  artifacts: {paths: [out/], expire_in: 1 week}
.rules:
  rules:
    - if: $CI_COMMIT_BRANCH == 'nightly' && $SKIP != 'true'
      when: never
    - if: $CI_COMMIT_BRANCH =~ /^(main|release)/ || $CI_PIPELINE_SOURCE == 'push'
    - when: always
first: {stage: build, script: make}
",
    );
    let mut made = 1;
    let mut i = 0;
    while made < count {
        let stage = ["test", "deploy"][i % 2];
        let _ = write!(
            text,
            "job-{i}:
  extends: [.base, .rules]
  stage: {stage}
  needs: [first]
  variables: {{PART: part-{i}}}
  script:
    - echo part-{i}
    - make part-{i} PROFILE=$PROFILE
"
        );
        made += 1;
        if i.is_multiple_of(50) && made + 5 <= count {
            text.push_str("  parallel: {matrix: [{OS: [linux, mac, bsd], ARCH: [x64, arm]}]}\n");
            made += 5;
        }
        i += 1;
    }
    text
}

/// A definition of nearly two megabytes, which is as much as is read.
pub fn large_file() -> String {
    let mut text = String::from(".base:\n  before_script: [./prepare]\n");
    let mut i = 0;
    while text.len() < 2_000_000 {
        let _ = write!(text, "job-{i}:\n  extends: .base\n  script:\n");
        for line in 0..40 {
            let _ = writeln!(text, "    - echo step {line} of the job {i}, which does something useful");
        }
        i += 1;
    }
    text
}

/// As many jobs as a run may have in nearly two megabytes: small ones, all with rules and needs.
pub fn small_jobs() -> String {
    let mut text =
        String::from(".rules: &rules\n  - if: $CI_COMMIT_BRANCH == 'x' || $A\n  - when: always\nj0: {script: x}\n");
    for i in 1..9_999 {
        let before = i / 2;
        let _ = writeln!(
            text,
            "j{i}: {{stage: test, rules: *rules, needs: [j{before}], variables: {{NUMBER: '{i}', OTHER: text}}, script: [make part-{i}, make check-{i}], artifacts: {{paths: [out-{i}/]}}}}"
        );
    }
    text
}

/// Nearly two megabytes of jobs made by `job`, which is told the number of each; behind `head`, and never more than a
/// definition may have.
fn filled(head: &str, job: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for i in 0..9_990 {
        let next = job(i);
        if text.len() + next.len() > 2_000_000 {
            break;
        }
        text.push_str(&next);
    }
    text
}

/// Variables that lead to each other, twenty deep, in every job.
pub fn variables() -> String {
    let chain: Vec<_> = (1..20).map(|n| format!("V{n}: 'x$V{}'", n - 1)).collect();
    let chain = chain.join(", ");
    filled("variables: {V0: start, TOP: $V0}\n", |i| {
        format!("j{i}: {{script: [echo $V19], variables: {{{chain}}}, rules: [{{if: $V0 == 'start'}}]}}\n")
    })
}

/// Jobs that each need fifty others, all there; or, when `unknown`, none of them.
pub fn needs(unknown: bool) -> String {
    filled("stages: [a, b]\n", |i| {
        if !unknown && i < 100 {
            return format!("need-{i}: {{stage: a, script: x}}\n");
        }
        let needs: Vec<_> = (0..50).map(|n| format!("need-{}", (i * 7 + n) % 100)).collect();
        format!("j{i}: {{stage: b, script: x, needs: [{}]}}\n", needs.join(", "))
    })
}

/// Jobs that extend ten hidden ones each, which extend others in their turn.
pub fn extends() -> String {
    let mut head = String::new();
    for n in 0..200 {
        let parent = if n >= 20 { format!("extends: .h{}, ", n - 20) } else { String::new() };
        let _ = writeln!(head, ".h{n}: {{{parent}variables: {{H{n}: x}}, before_script: [a-{n}]}}");
    }
    filled(&head, |i| {
        let parents: Vec<_> = (0..10).map(|n| format!(".h{}", (i * 3 + n * 11) % 200)).collect();
        format!(
            "j{i}: {{extends: [{}], script: [make part-{i}, make check-{i}, make install-{i}]}}\n",
            parents.join(", ")
        )
    })
}

/// Jobs with rules whose conditions are all different.
pub fn conditions() -> String {
    filled("", |i| {
        format!(
            "j{i}:\n  script: [make part-{i}]\n  rules:\n    - if: $CI_COMMIT_BRANCH == 'b{i}' && ($A{i} || $B{i} =~ /^v{i}\\.[0-9]+$/)\n    - if: $CI_COMMIT_TAG =~ /^release-{i}$/\n      when: manual\n    - when: on_success\n"
        )
    })
}
