//! What scripts write, and what becomes of it.

mod common;

use common::{Bench, Screen, job, masked, step};
use runner::{
    Control,
    protocol::{JobState, Variable},
};

#[tokio::test]
async fn a_trivial_job_has_a_log_of_two_lines() {
    let (outcome, text) = Bench::new().run(&job(1, &["true"])).await;
    assert_eq!(outcome.state, JobState::Success);
    assert_eq!(text, "\x1b[32;1m$ true\x1b[0;m\n\x1b[32;1mJob succeeded\x1b[0;m\n");
}

#[tokio::test]
async fn every_byte_arrives_once_and_in_order() {
    let bench = Bench::new();
    let (screen, control) = (Screen::default(), Control::new());
    // Binary, NUL, both channels, and ten megabytes without a line end.
    let job = job(1, &["printf 'a\\0b\\377'; echo err >&2; seq 100000; head -c 10000000 /dev/zero | tr '\\0' x"]);
    let outcome = bench.runner.run(&job, None, screen.sink(), &control).await;
    assert_eq!(outcome.state, JobState::Success);
    let bytes = screen.bytes();
    let begin = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut want = b"a\0b\xfferr\n".to_vec();
    want.extend((1..=100_000).flat_map(|n| format!("{n}\n").into_bytes()));
    want.extend(std::iter::repeat_n(b'x', 10_000_000));
    // The runner's own line begins on a line of its own.
    want.extend(b"\n\x1b[32;1mJob succeeded\x1b[0;m\n");
    assert!(bytes[begin..] == want);
}

#[tokio::test]
async fn secrets_are_replaced_wherever_the_output_is_cut() {
    let bench = Bench::new();
    let mut job = job(
        1,
        &[
            "for piece in open- sesame -now; do printf %s \"$piece\"; sleep 0.05; done; echo",
            "echo $TOKEN; echo \"$LINES\"; echo ${TOKEN%%-*} stays",
            "head -c 65530 /dev/zero | tr '\\0' '.'; echo $TOKEN",
        ],
    );
    job.variables =
        vec![masked("TOKEN", "open-sesame-now"), masked("LINES", "first line\nsecond line"), masked("SHORT", "ab")];
    let (_, text) = bench.run(&job).await;
    assert!(!text.contains("open-sesame-now") && !text.contains("first line"), "{text}");
    assert!(text.contains("\n[MASKED]\n") && text.contains(".[MASKED]\n") && text.contains("open stays"), "{text}");
    assert!(text.contains("WARNING: the value of SHORT is too short"), "{text}");
}

#[tokio::test]
async fn a_traced_job_shows_all_that_its_shells_do_but_no_secret() {
    let bench = Bench::new();
    let mut one = job(1, &["echo \"$PLAIN and $TOKEN\""]);
    one.steps.push(step("after_script", &["echo $PLAIN again"]));
    one.variables = vec![Variable::plain("PLAIN", "in the open"), masked("TOKEN", "open-sesame-now")];
    let (_, text) = bench.run(&one).await;
    assert!(!text.contains("+ echo") && !text.contains("CI_DEBUG_TRACE"), "{text}");
    one.id = 2;
    one.variables.push(Variable::plain("CI_DEBUG_TRACE", "true"));
    let (outcome, text) = bench.run(&one).await;
    assert_eq!(outcome.state, JobState::Success);
    assert!(text.contains("WARNING: CI_DEBUG_TRACE is on"), "{text}");
    assert!(
        text.contains("\n+ echo 'in the open and [MASKED]'\n") && text.contains("+ echo in the open again"),
        "{text}"
    );
    assert!(!text.contains("open-sesame-now"), "{text}");
}

#[tokio::test]
async fn an_after_script_counts_only_when_the_job_says_so() {
    let bench = Bench::new();
    for (id, (ignore, script, code, after)) in
        (1..).zip([("", "true", 0, 5), ("true", "true", 0, 5), ("false", "true", 5, 5), ("false", "exit 3", 3, 5)])
    {
        let mut job = job(id, &[script]);
        job.steps.push(step("after_script", &[&format!("exit {after}")]));
        job.variables = vec![Variable::plain("AFTER_SCRIPT_IGNORE_ERRORS", ignore)];
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.exit_code, Some(code), "{ignore} {script}: {text}");
        assert_eq!(text.contains("WARNING: after_script failed"), ignore != "false", "{text}");
    }
}
