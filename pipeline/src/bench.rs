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
