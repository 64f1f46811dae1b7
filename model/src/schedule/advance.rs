//! Which jobs start, wait or are skipped now.

use std::collections::VecDeque;

use super::followers::Followers;
use super::{Node, Step};
use crate::Reason;
use crate::plan::When;
use crate::reason::Predecessor;
use crate::status::{Of, Status, Tally};

/// Most failed jobs of earlier stages that one reason names: thousands of jobs may be skipped because of thousands.
const MAX_BLAMED: usize = 20;
/// The same when none of them failed.
const MAX_OTHERS: usize = 6;

/// Lets every created job whose turn has come take its step: pending, scheduled, manual or skipped. Skipping
/// one may decide the next, so this goes on until nothing moves; `nodes` is changed accordingly.
/// Returns the steps in the order they were made. Running it again returns nothing.
pub fn advance(nodes: &mut [Node]) -> Vec<Step> {
    let mut run = Advance { nodes, steps: Vec::new(), followers: None };
    loop {
        let before = run.steps.len();
        run.needs();
        run.stages();
        if run.steps.len() == before {
            return run.steps;
        }
    }
}

struct Advance<'n> {
    nodes: &'n mut [Node],
    steps: Vec<Step>,
    /// Made when the first is needed.
    followers: Option<Followers>,
}

impl Advance<'_> {
    /// The jobs with needs.
    fn needs(&mut self) {
        for i in 0..self.nodes.len() {
            self.follow(i);
        }
    }

    /// The jobs without needs, stage by stage, as far as everything before them is complete.
    fn stages(&mut self) {
        let mut stages: Vec<Vec<usize>> = Vec::new();
        for (i, node) in self.nodes.iter().enumerate() {
            stages.resize_with(stages.len().max(node.stage + 1), Vec::new);
            stages[node.stage].push(i);
        }
        let mut prior = Tally::default();
        let mut earlier = [When::OnSuccess, When::OnFailure].map(Blamed::new);
        for stage in stages {
            let status = if prior.is_empty() { Status::Success } else { prior.aggregate(Of::Group).status };
            if !status.is_complete() {
                return;
            }
            for i in &stage {
                let node = &self.nodes[*i];
                if node.status != Status::Created || node.needs.is_some() {
                    continue;
                }
                let because = || earlier[usize::from(node.when == When::OnFailure)].named(self.nodes);
                let (to, reason) = decide(node, status, Of::Group, because);
                self.step(*i, to, reason);
            }
            for i in stage {
                prior.add(self.nodes[i].status, self.nodes[i].allow_failure);
                for blamed in &mut earlier {
                    blamed.add(self.nodes, i);
                }
            }
        }
    }

    /// Decides a job by its needs, then those that it decides.
    fn follow(&mut self, first: usize) {
        let mut queue = VecDeque::from([first]);
        while let Some(i) = queue.pop_front() {
            let node = &self.nodes[i];
            let Some(needs) = node.needs.as_ref().filter(|_| node.status == Status::Created) else { continue };
            let mut tally = Tally::default();
            for need in needs {
                tally.add(self.nodes[*need].status, self.nodes[*need].allow_failure);
            }
            let prior = if tally.is_empty() { Status::Success } else { tally.aggregate(Of::Needs).status };
            if !prior.is_complete() {
                continue;
            }
            let because =
                || needs.iter().map(|n| &self.nodes[*n]).filter(|n| counts(node.when, n)).map(named).collect();
            let (to, reason) = decide(node, prior, Of::Needs, because);
            self.nodes[i].status = to;
            self.steps.push(Step { node: i, to, reason });
            queue.extend(self.followers(i));
        }
    }

    /// Takes the step of a job, and those of the jobs that it decides.
    fn step(&mut self, node: usize, to: Status, reason: Reason) {
        self.nodes[node].status = to;
        self.steps.push(Step { node, to, reason });
        for follower in self.followers(node).to_vec() {
            self.follow(follower);
        }
    }

    /// The jobs that may be decided because this one took its step: one that is yet to run decides nothing.
    fn followers(&mut self, node: usize) -> &[usize] {
        let taken = &self.nodes[node];
        if !(taken.status.is_complete() || (taken.status == Status::Manual && taken.allow_failure)) {
            return &[];
        }
        self.followers.get_or_insert_with(|| Followers::new(self.nodes)).of(node)
    }
}

/// What a job does whose predecessors came to this.
fn decide(node: &Node, prior: Status, of: Of, because: impl FnOnce() -> Vec<Predecessor>) -> (Status, Reason) {
    let runs = match node.when {
        When::OnSuccess | When::Manual | When::Delayed => {
            prior == Status::Success || (prior == Status::Skipped && of == Of::Group)
        }
        When::OnFailure => prior == Status::Failed,
        When::Always => true,
        When::Never => false,
    };
    if !runs {
        (Status::Skipped, Reason::SkippedAfter { when: node.when.as_str().to_owned(), because: because() })
    } else if node.when == When::Manual {
        (Status::Manual, Reason::WaitsForPerson { blocking: !node.allow_failure })
    } else if node.when == When::Delayed {
        (Status::Scheduled, Reason::WaitsForTime { at: None })
    } else {
        (Status::Pending, Reason::WaitsForRunner)
    }
}

/// Whether a predecessor is a reason to skip a job: for `on_failure` always, otherwise if it did not go well.
fn counts(when: When, other: &Node) -> bool {
    let forgiven = other.allow_failure && matches!(other.status, Status::Failed | Status::Canceled);
    when == When::OnFailure || (other.status != Status::Success && !forgiven)
}

/// The jobs of earlier stages that make a skip: the failed and canceled ones, or some of those there are.
struct Blamed {
    when: When,
    ended_badly: Vec<usize>,
    others: Vec<usize>,
}

impl Blamed {
    fn new(when: When) -> Self {
        Self { when, ended_badly: Vec::new(), others: Vec::new() }
    }

    fn add(&mut self, nodes: &[Node], i: usize) {
        if !counts(self.when, &nodes[i]) {
            return;
        }
        let ended_badly = matches!(nodes[i].status, Status::Failed | Status::Canceled);
        let (list, most) =
            if ended_badly { (&mut self.ended_badly, MAX_BLAMED) } else { (&mut self.others, MAX_OTHERS) };
        if list.len() < most {
            list.push(i);
        }
    }

    fn named(&self, nodes: &[Node]) -> Vec<Predecessor> {
        let list = if self.ended_badly.is_empty() { &self.others } else { &self.ended_badly };
        list.iter().map(|i| named(&nodes[*i])).collect()
    }
}

fn named(node: &Node) -> Predecessor {
    let allowed = node.status == Status::Failed && node.allow_failure;
    Predecessor { name: node.name.clone(), status: node.status, allowed }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reopened;
    use super::*;

    fn node(i: usize, stage: usize, needs: Option<Vec<usize>>) -> Node {
        let (status, when) = (Status::Created, When::OnSuccess);
        Node { name: format!("j{i}"), stage, status, when, allow_failure: false, needs }
    }

    #[test]
    fn a_failure_skips_what_is_behind_it_in_thousands_of_stages() {
        let mut run: Vec<Node> = (0..5_000).map(|i| node(i, i, None)).collect();
        run[0].status = Status::Failed;
        assert_eq!(advance(&mut run).len(), 4_999);
        assert!(run[1..].iter().all(|node| node.status == Status::Skipped));
        assert_eq!(reopened(&run, 0).len(), 4_999);
    }

    #[test]
    fn thousands_that_failed_are_not_all_named_to_thousands_that_are_skipped() {
        let mut run: Vec<Node> = (0..5_000).map(|i| node(i, i / 2_500, None)).collect();
        run[..2_500].iter_mut().for_each(|node| node.status = Status::Failed);
        for step in advance(&mut run) {
            let Reason::SkippedAfter { because, .. } = step.reason else { panic!("{step:?}") };
            assert_eq!(because.len(), MAX_BLAMED);
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_hold_a_chain_up() {
        let mut run: Vec<Node> = (0..5_000).map(|i| node(i, 0, (i < 4_999).then(|| vec![i + 1]))).collect();
        run[4_999].status = Status::Canceled;
        let steps = advance(&mut run);
        assert_eq!((steps.len(), steps[0].node), (4_999, 4_998));
    }

    /// What a job's status becomes, said as simply as it can be.
    fn simply(nodes: &[Node], i: usize) -> Option<Status> {
        let node = &nodes[i];
        let counted = |other: &Node| (other.status, other.allow_failure);
        let (prior, of): (Vec<_>, _) = match &node.needs {
            Some(needs) => (needs.iter().map(|need| counted(&nodes[*need])).collect(), Of::Needs),
            None => (nodes.iter().filter(|other| other.stage < node.stage).map(counted).collect(), Of::Group),
        };
        let nothing = prior.is_empty();
        let prior = if nothing { Status::Success } else { crate::aggregate(prior, of).status };
        (node.status == Status::Created && prior.is_complete()).then(|| decide(node, prior, of, Vec::new).0)
    }

    fn any_run() -> impl Strategy<Value = Vec<Node>> {
        let needs = proptest::option::of(proptest::collection::vec(0usize..20, 0..4));
        let job = (0usize..5, 0usize..Status::ALL.len() * 2, 0usize..5, any::<bool>(), needs);
        proptest::collection::vec(job, 1..20).prop_map(|jobs| {
            let whens = [When::OnSuccess, When::OnFailure, When::Always, When::Manual, When::Delayed];
            let count = jobs.len();
            let one = |(i, (stage, status, when, allow_failure, needs)): (
                usize,
                (_, usize, usize, _, Option<Vec<usize>>),
            )| {
                // In any direction, also in circles: what a plan may not say must not disturb either.
                let needs = needs.map(|needs| needs.into_iter().map(|need| need % count).collect());
                let status = Status::ALL.get(status).copied().unwrap_or(Status::Created);
                Node { status, when: whens[when], allow_failure, ..node(i, stage, needs) }
            };
            jobs.into_iter().enumerate().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn every_step_is_due_and_none_is_left(mut nodes in any_run()) {
            let mut before = nodes.clone();
            for step in advance(&mut nodes) {
                prop_assert_eq!(Some(step.to), simply(&before, step.node), "{:?} in {:?}", step, before);
                before[step.node].status = step.to;
            }
            prop_assert_eq!(&before, &nodes);
            for i in 0..nodes.len() {
                prop_assert_eq!(None, simply(&nodes, i), "{} of {:?}", i, nodes);
            }
        }

        #[test]
        fn what_follows_a_retried_job_is_reached_whatever_the_order(nodes in any_run(), again in 0usize..20) {
            let again = again % nodes.len();
            let mut reached = vec![false; nodes.len()];
            reached[again] = true;
            for _ in 0..nodes.len() {
                for i in 0..nodes.len() {
                    reached[i] |= match &nodes[i].needs {
                        Some(needs) => needs.iter().any(|need| reached[*need]),
                        None => (0..nodes.len()).any(|j| reached[j] && nodes[j].stage < nodes[i].stage),
                    };
                }
            }
            let skipped = |i: &usize| *i != again && reached[*i] && nodes[*i].status == Status::Skipped;
            prop_assert_eq!(reopened(&nodes, again), (0..nodes.len()).filter(skipped).collect::<Vec<_>>());
        }
    }
}
