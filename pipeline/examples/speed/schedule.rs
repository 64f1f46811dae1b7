//! What a run of many jobs does next, each time one of them ends.

use std::time::{Duration, Instant};

use model::plan::When;
use model::schedule::{Node, advance};
use model::status::Status;

use super::Measured;

/// How many jobs the run has.
const JOBS: usize = 5_000;
/// What one decision should stay under, in milliseconds.
const TARGET: Option<u32> = Some(5);

pub fn measure() -> Vec<Measured> {
    let run = mixed();
    vec![
        Measured::repeat(format!("{JOBS} jobs, what starts first"), TARGET, || decide(&mut run.clone())),
        Measured::new(format!("{JOBS} jobs, what follows the end of one"), TARGET, ends(run)),
        cascade(format!("{JOBS} jobs in a chain, the first fails"), chain(false)),
        cascade(format!("{JOBS} jobs in a chain against the file's order, the first fails"), chain(true)),
        cascade(format!("{JOBS} jobs in as many stages, the first fails"), stages()),
        cascade(format!("{JOBS} jobs, half of them failed, the stage after them is skipped"), halves()),
    ]
}

/// One decision.
fn decide(run: &mut [Node]) -> Duration {
    let start = Instant::now();
    let steps = advance(run);
    let time = start.elapsed();
    drop(steps);
    time
}

/// Plays the whole run, one job after the other, some of which fail.
fn ends(mut run: Vec<Node>) -> Vec<Duration> {
    let mut times = Vec::new();
    decide(&mut run);
    while let Some(next) = run.iter().position(|node| matches!(node.status, Status::Pending | Status::Manual)) {
        run[next].status = if next % 97 == 5 { Status::Failed } else { Status::Success };
        times.push(decide(&mut run));
    }
    assert!(run.iter().all(|node| node.status.is_complete()), "the run got stuck");
    times
}

/// How long one failure takes that decides everything else.
fn cascade(what: String, run: Vec<Node>) -> Measured {
    Measured::repeat(what, TARGET, || {
        let mut run = run.clone();
        let time = decide(&mut run);
        assert!(run.iter().all(|node| node.status.is_complete()), "the failure did not decide everything");
        time
    })
}

fn node(i: usize, stage: usize) -> Node {
    Node {
        name: format!("job-{i}"),
        stage,
        status: Status::Created,
        when: When::OnSuccess,
        allow_failure: false,
        needs: None,
    }
}

/// Ten stages; every other job has needs in the stage before; some are manual, some for failures, some may fail.
fn mixed() -> Vec<Node> {
    let width = JOBS / 10;
    (0..JOBS)
        .map(|i| {
            let stage = i / width;
            let mut node = node(i, stage);
            node.allow_failure = i % 97 == 5;
            node.when = match i % 50 {
                7 => When::Always,
                11 => When::OnFailure,
                13 => When::Manual,
                _ => When::OnSuccess,
            };
            if i % 2 == 0 && stage > 0 {
                let before = (stage - 1) * width;
                node.needs = Some((0..5).map(|need| before + (i * 31 + need * 17) % width).collect());
            }
            node
        })
        .collect()
}

/// Each job needs one other, and the first of them has failed.
fn chain(backwards: bool) -> Vec<Node> {
    let mut run: Vec<Node> = (0..JOBS).map(|i| node(i, 0)).collect();
    for (i, node) in run.iter_mut().enumerate() {
        let need = if backwards { Some(i + 1).filter(|need| *need < JOBS) } else { i.checked_sub(1) };
        node.needs = need.map(|need| vec![need]);
    }
    run[if backwards { JOBS - 1 } else { 0 }].status = Status::Failed;
    run
}

/// Two stages of one size, and all jobs of the first have failed.
fn halves() -> Vec<Node> {
    let mut run: Vec<Node> = (0..JOBS).map(|i| node(i, i * 2 / JOBS)).collect();
    run.iter_mut().filter(|node| node.stage == 0).for_each(|node| node.status = Status::Failed);
    run
}

/// One job per stage, and the first has failed.
fn stages() -> Vec<Node> {
    let mut run: Vec<Node> = (0..JOBS).map(|i| node(i, i)).collect();
    run[0].status = Status::Failed;
    run
}
