//! Deciding what a run's jobs do next: pure functions over the latest attempts of its jobs.
//! `resources` decides who gets a resource group, `cancel` what a new commit ends, `bridge` what a
//! child pipeline makes of the job that started it.
//!
//! The rules are those of `contracts/gitlab-rest.md` 9.4 and `contracts/ci-yaml.md` part 4; where
//! the two differ (a `when: always` job after a canceled one), the language decides: it runs.

mod advance;
mod bridge;
mod cancel;
mod followers;
mod reopen;
mod resources;

pub use advance::advance;
pub use bridge::{is_child_due, mirrored};
pub use cancel::{Started, after_failure, outdated};
pub use reopen::reopened;
pub use resources::{Claim, ResourceMode, awaited, next_claim};

use crate::plan::When;
use crate::reason::Predecessor;
use crate::status::{Of, Status, Tally};
use crate::{Aggregate, Reason};

/// The latest attempt of one job, as the decision sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The job's name.
    pub name: String,
    /// Its stage's place, from 0.
    pub stage: usize,
    /// Where it stands.
    pub status: Status,
    /// When it runs.
    pub when: When,
    /// Whether its failure is ignored.
    pub allow_failure: bool,
    /// The nodes it waits for, by their place in the slice; `None` means stage order.
    pub needs: Option<Vec<usize>>,
}

/// One step that a job takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The node.
    pub node: usize,
    /// Its new status.
    pub to: Status,
    /// Why.
    pub reason: Reason,
}

/// The status of each stage, and of the run.
pub fn aggregates(nodes: &[Node], stages: usize) -> (Vec<Aggregate>, Aggregate) {
    let mut tallies = stage_tallies(nodes);
    tallies.resize(stages.max(tallies.len()), Tally::default());
    let all = tallies.iter().fold(Tally::default(), |sum, one| sum.merged(*one));
    (tallies.iter().map(|tally| tally.aggregate(Of::Group)).collect(), all.aggregate(Of::Group))
}

/// Why a created job still waits; `None` when it does not. `stages` are the names in order.
pub fn waiting_reason(nodes: &[Node], stages: &[String], i: usize) -> Option<Reason> {
    if nodes[i].status != Status::Created {
        return None;
    }
    match &nodes[i].needs {
        Some(needs) => Some(Reason::WaitsForNeeds {
            needs: needs
                .iter()
                .filter(|n| !nodes[**n].status.is_complete())
                .map(|n| Predecessor { name: nodes[*n].name.clone(), status: nodes[*n].status, allowed: false })
                .collect(),
        }),
        None => nodes
            .iter()
            .filter(|n| n.stage < nodes[i].stage && !n.status.is_complete())
            .filter(|n| !(n.status == Status::Manual && n.allow_failure))
            .min_by_key(|n| n.stage)
            .map(|n| Reason::WaitsForStage { stage: stages.get(n.stage).cloned().unwrap_or_default() }),
    }
}

fn stage_tallies(nodes: &[Node]) -> Vec<Tally> {
    let stages = nodes.iter().map(|node| node.stage + 1).max().unwrap_or(0);
    let mut tallies = vec![Tally::default(); stages];
    for node in nodes {
        tallies[node.stage].add(node.status, node.allow_failure);
    }
    tallies
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Status::*;

    fn node(name: &str, stage: usize, status: Status) -> Node {
        Node { name: name.into(), stage, status, when: When::OnSuccess, allow_failure: false, needs: None }
    }

    fn statuses(nodes: &[Node]) -> Vec<Status> {
        nodes.iter().map(|n| n.status).collect()
    }

    #[test]
    fn the_first_stage_starts_and_the_second_waits() {
        let mut run = vec![node("a", 0, Created), node("b", 1, Created)];
        advance(&mut run);
        assert_eq!(statuses(&run), [Pending, Created]);
    }

    #[test]
    fn a_failure_skips_on_success_and_runs_on_failure_and_always() {
        let mut run = vec![node("a", 0, Failed), node("b", 1, Created), node("c", 1, Created), node("d", 1, Created)];
        run[2].when = When::OnFailure;
        run[3].when = When::Always;
        let steps = advance(&mut run);
        assert_eq!(statuses(&run), [Failed, Skipped, Pending, Pending]);
        assert_eq!(
            steps[0].reason,
            Reason::SkippedAfter {
                when: "on_success".into(),
                because: vec![Predecessor { name: "a".into(), status: Failed, allowed: false }]
            }
        );
    }

    /// A failure that counts as none must not be told as one.
    #[test]
    fn an_allowed_failure_is_told_as_such() {
        let mut run = vec![node("a", 0, Failed), node("b", 1, Created)];
        run[0].allow_failure = true;
        run[1].when = When::OnFailure;
        let steps = advance(&mut run);
        assert_eq!(statuses(&run), [Failed, Skipped]);
        let told = steps[0].reason.to_string();
        assert_eq!(told, "was skipped: `when: on_failure` does not fit a (failed, as it may)");
    }

    #[test]
    fn needs_overtake_stages() {
        let mut run = vec![node("slow", 0, Running), node("fast", 0, Success), node("c", 1, Created)];
        run[2].needs = Some(vec![1]);
        advance(&mut run);
        assert_eq!(run[2].status, Pending);
    }

    #[test]
    fn empty_needs_start_at_once() {
        let mut run = vec![node("a", 0, Running), node("b", 2, Created)];
        run[1].needs = Some(Vec::new());
        advance(&mut run);
        assert_eq!(run[1].status, Pending);
    }

    #[test]
    fn a_blocking_manual_job_holds_later_stages_and_an_optional_one_does_not() {
        let mut run = vec![node("gate", 0, Created), node("b", 1, Created)];
        run[0].when = When::Manual;
        advance(&mut run);
        assert_eq!(statuses(&run), [Manual, Created]);
        run[0].allow_failure = true;
        advance(&mut run);
        assert_eq!(statuses(&run), [Manual, Pending]);
    }

    #[test]
    fn a_delayed_job_waits_for_its_time_once_its_turn_has_come() {
        let mut run = vec![node("a", 0, Created), node("later", 1, Created), node("c", 2, Created)];
        run[1].when = When::Delayed;
        advance(&mut run);
        assert_eq!(statuses(&run), [Pending, Created, Created]);
        run[0].status = Success;
        let steps = advance(&mut run);
        assert_eq!((steps.len(), steps[0].reason.clone()), (1, Reason::WaitsForTime { at: None }));
        assert_eq!(statuses(&run), [Success, Scheduled, Created]);
        assert_eq!(aggregates(&run, 3).1.status, Scheduled);
        // Unscheduled, it waits for a person; played, for a runner.
        assert!(Scheduled.can_become(Manual) && Scheduled.can_become(Pending) && Manual.can_become(Pending));
        run[0].status = Failed;
        run[1].status = Created;
        advance(&mut run);
        assert_eq!(statuses(&run), [Failed, Skipped, Skipped]);
    }

    #[test]
    fn an_instance_of_several_is_a_need_like_any_other() {
        let mut run =
            vec![node("a: [x]", 0, Success), node("a: [y]", 0, Running), node("b", 1, Created), node("c", 1, Created)];
        run[2].needs = Some(vec![0, 1]);
        run[3].needs = Some(vec![0]);
        advance(&mut run);
        assert_eq!((run[2].status, run[3].status), (Created, Pending));
    }

    #[test]
    fn always_runs_after_a_canceled_job() {
        let mut run = vec![node("a", 0, Canceled), node("b", 1, Created), node("c", 1, Created)];
        run[2].when = When::Always;
        advance(&mut run);
        assert_eq!(statuses(&run), [Canceled, Skipped, Pending]);
    }

    #[test]
    fn a_retry_reopens_what_was_skipped_behind_it() {
        let mut run = vec![node("a", 0, Failed), node("b", 1, Skipped), node("c", 2, Skipped), node("x", 0, Skipped)];
        run[2].needs = Some(vec![1]);
        assert_eq!(reopened(&run, 0), [1, 2]);
    }

    fn any_run() -> impl Strategy<Value = Vec<Node>> {
        let job =
            (0usize..4, 0u8..5, any::<bool>(), proptest::option::of(proptest::collection::vec(any::<u16>(), 0..3)));
        proptest::collection::vec(job, 1..14).prop_map(|mut jobs| {
            jobs.sort_by_key(|job| job.0);
            let mut nodes: Vec<Node> = Vec::new();
            for (i, (stage, when, allow_failure, needs)) in jobs.into_iter().enumerate() {
                let when = [When::OnSuccess, When::OnFailure, When::Always, When::Manual, When::Delayed][when as usize];
                // Only earlier nodes: a plan has no cycles.
                let needs = needs.map(|needs| {
                    let mut needs: Vec<_> =
                        needs.into_iter().filter(|_| i > 0).map(|n| n as usize % i.max(1)).collect();
                    needs.dedup();
                    needs
                });
                nodes.push(Node { name: format!("j{i}"), stage, status: Created, when, allow_failure, needs });
            }
            nodes
        })
    }

    proptest! {
        /// Whatever the jobs are and however they end, the run reaches an end or waits for a person
        /// to play a blocking manual job; and advancing twice changes nothing.
        #[test]
        fn no_run_gets_stuck(mut nodes in any_run(), ends in proptest::collection::vec(0u8..4, 0..200)) {
            let mut ends = ends.into_iter();
            for _ in 0..100 {
                advance(&mut nodes);
                prop_assert!(advance(&mut nodes).is_empty());
                let Some(next) = nodes.iter_mut().find(|n| matches!(n.status, Pending | Scheduled)) else { break };
                next.status = match ends.next() {
                    Some(0) => Failed,
                    Some(1) => Canceled,
                    _ => Success,
                };
            }
            let (_, run) = aggregates(&nodes, 4);
            let waits = nodes.iter().any(|n| n.status == Manual && !n.allow_failure);
            prop_assert!(run.status.is_complete() || (waits && run.status == Manual), "{:?} {:?}", run, nodes);
            for n in &nodes {
                prop_assert!(n.status.is_complete() || n.status == Manual || waits, "{:?}", nodes);
            }
        }

        /// The order in which the jobs stand in the file decides nothing.
        #[test]
        fn order_does_not_matter(nodes in any_run(), ends in any::<u64>()) {
            let reversed: Vec<Node> = {
                let last = nodes.len() - 1;
                let mut reversed: Vec<Node> = nodes.iter().rev().cloned().collect();
                for node in &mut reversed {
                    node.needs = node.needs.as_ref().map(|needs| needs.iter().map(|n| last - n).collect());
                }
                reversed
            };
            let play = |mut nodes: Vec<Node>| {
                loop {
                    advance(&mut nodes);
                    let Some(next) = nodes.iter_mut().find(|n| matches!(n.status, Pending | Scheduled)) else { break };
                    let number: u32 = next.name[1..].parse().unwrap();
                    next.status = if ends >> (number % 64) & 1 == 1 { Failed } else { Success };
                }
                nodes.sort_by(|a, b| a.name.cmp(&b.name));
                nodes.into_iter().map(|n| n.status).collect::<Vec<_>>()
            };
            prop_assert_eq!(play(nodes), play(reversed));
        }
    }
}
