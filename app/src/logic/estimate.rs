//! How long a run may take: from what its jobs took the last time, along the longest chain of them.

use std::collections::HashMap;

use model::plan::When;
use model::view::{PlanJob, PlanStage};

/// What is expected of a run whose jobs find a free runner whenever their turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Milliseconds until every job has ended that runs by itself.
    pub time: i64,
    /// Jobs among them of which nobody knows how long they take: it will be longer.
    pub unknown: usize,
    /// Whether other jobs wait for a person, before or after that.
    pub waits: bool,
}

/// How a job ends, as far as a plan tells.
#[derive(Clone, Copy)]
enum End {
    /// After so many milliseconds.
    At(i64),
    /// When somebody plays it, or a job before it; `holds` tells whether later stages wait for that.
    Played { holds: bool },
}

/// What is to be waited for.
#[derive(Clone, Copy)]
struct Wait {
    until: i64,
    held: bool,
}

impl Wait {
    fn and(self, end: End, needed: bool) -> Self {
        match end {
            End::At(at) => Self { until: self.until.max(at), ..self },
            End::Played { holds } => Self { held: self.held || holds || needed, ..self },
        }
    }
}

/// The estimate; `None` when no job that runs by itself is known to have passed before.
pub fn of_plan(stages: &[PlanStage]) -> Option<Estimate> {
    let mut ends: HashMap<&str, End> = HashMap::new();
    // What a job waits for that has no `needs`: all of the earlier stages.
    let mut earlier = Wait { until: 0, held: false };
    let (mut time, mut known, mut unknown, mut waits) = (0, false, 0, false);
    for stage in stages {
        for job in in_order_of_needs(stage) {
            let start = match &job.needs {
                // A need that the run is without was optional.
                Some(needs) => {
                    let found = needs.iter().filter_map(|need| ends.get(need.as_str()));
                    found.fold(Wait { until: 0, held: false }, |wait, end| wait.and(*end, true))
                }
                None => earlier,
            };
            let end = match job.when {
                // Expected is that nothing fails.
                When::OnFailure | When::Never => End::At(0),
                When::Manual => End::Played { holds: !job.allow_failure },
                _ if start.held => End::Played { holds: true },
                _ => {
                    known |= job.last_duration.is_some();
                    // Nobody knows here for how long a delayed job waits.
                    unknown += usize::from(job.last_duration.is_none() || job.when == When::Delayed);
                    End::At(start.until + job.last_duration.unwrap_or(0))
                }
            };
            match end {
                End::At(at) => time = time.max(at),
                End::Played { holds } => waits |= holds,
            }
            ends.insert(&job.name, end);
        }
        for job in &stage.jobs {
            if let Some(end) = ends.get(job.name.as_str()) {
                earlier = earlier.and(*end, false);
            }
        }
    }
    known.then_some(Estimate { time, unknown, waits })
}

/// What the longest job of a stage took the last time.
pub fn longest(stage: &PlanStage) -> Option<i64> {
    stage.jobs.iter().filter_map(|job| job.last_duration).max()
}

/// The jobs of a stage, each behind those of the same stage that it needs. A circle, which no valid plan
/// has, ends the order where it begins.
fn in_order_of_needs(stage: &PlanStage) -> Vec<&PlanJob> {
    let place: HashMap<&str, usize> = stage.jobs.iter().enumerate().map(|(i, job)| (job.name.as_str(), i)).collect();
    let needed = |i: usize| {
        let names = stage.jobs[i].needs.iter().flatten();
        names.filter_map(|name| place.get(name.as_str()).copied()).collect::<Vec<_>>()
    };
    let mut seen = vec![false; stage.jobs.len()];
    let mut order = Vec::new();
    for first in 0..stage.jobs.len() {
        // Each entry comes up twice: to go to its needs, and when those are in the order.
        let mut path = vec![(first, false)];
        while let Some((i, done)) = path.pop() {
            if done {
                order.push(&stage.jobs[i]);
            } else if !std::mem::replace(&mut seen[i], true) {
                path.push((i, true));
                path.extend(needed(i).into_iter().filter(|j| !seen[*j]).map(|j| (j, false)));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, seconds: Option<i64>, needs: Option<&[&str]>) -> PlanJob {
        PlanJob {
            name: name.into(),
            when: When::OnSuccess,
            allow_failure: false,
            needs: needs.map(|n| n.iter().map(|s| (*s).to_owned()).collect()),
            last_duration: seconds.map(|s| s * 1000),
        }
    }

    fn manual(name: &str, allow_failure: bool) -> PlanJob {
        PlanJob { when: When::Manual, allow_failure, ..job(name, Some(50), None) }
    }

    fn plan(stages: Vec<Vec<PlanJob>>) -> Vec<PlanStage> {
        let stage = |(i, jobs)| PlanStage { name: format!("s{i}"), jobs };
        stages.into_iter().enumerate().map(stage).collect()
    }

    fn seconds(stages: Vec<Vec<PlanJob>>) -> Option<(i64, usize, bool)> {
        of_plan(&plan(stages)).map(|e| (e.time / 1000, e.unknown, e.waits))
    }

    #[test]
    fn stages_wait_for_the_longest_job_before_them() {
        let stages = vec![vec![job("a", Some(10), None), job("b", Some(30), None)], vec![job("c", Some(5), None)]];
        assert_eq!(longest(&plan(stages.clone())[0]), Some(30_000));
        assert_eq!(seconds(stages), Some((35, 0, false)));
    }

    #[test]
    fn needs_are_shorter_ways() {
        let stages = vec![
            vec![job("a", Some(10), None), job("b", Some(30), None)],
            vec![job("d", Some(9), Some(&["c"])), job("c", Some(5), Some(&["a"])), job("e", Some(20), Some(&[]))],
        ];
        assert_eq!(seconds(stages), Some((30, 0, false)));
        let chain =
            vec![vec![job("z", Some(3), Some(&["y"])), job("y", Some(2), Some(&["x"])), job("x", Some(1), None)]];
        assert_eq!(seconds(chain), Some((6, 0, false)));
    }

    #[test]
    fn what_nobody_knows_is_counted() {
        let stages = vec![vec![job("a", Some(10), None)], vec![job("new", None, None), job("b", Some(1), None)]];
        assert_eq!(seconds(stages), Some((11, 1, false)));
        assert_eq!(seconds(vec![vec![job("new", None, None)]]), None);
        assert_eq!(seconds(vec![]), None);
        let delayed = PlanJob { when: When::Delayed, ..job("later", Some(4), None) };
        assert_eq!(seconds(vec![vec![delayed]]), Some((4, 1, false)));
    }

    #[test]
    fn nobody_knows_when_somebody_plays_a_job() {
        let after = || vec![job("after", Some(100), None)];
        let first = || job("a", Some(10), None);
        assert_eq!(seconds(vec![vec![first(), manual("m", false)], after()]), Some((10, 0, true)));
        // Nothing waits for one that may be left alone, but what needs it.
        assert_eq!(seconds(vec![vec![first(), manual("m", true)], after()]), Some((110, 0, false)));
        let needs = vec![job("n", Some(7), Some(&["m"]))];
        assert_eq!(seconds(vec![vec![first(), manual("m", true)], needs, after()]), Some((10, 0, true)));
    }

    #[test]
    fn failures_are_not_expected_and_damage_does_not_hang() {
        let rescue = PlanJob { when: When::OnFailure, ..job("rescue", Some(500), None) };
        assert_eq!(seconds(vec![vec![job("a", Some(10), None)], vec![rescue]]), Some((10, 0, false)));
        let circle = vec![vec![job("a", Some(1), Some(&["b"])), job("b", Some(2), Some(&["a"]))]];
        assert!(seconds(circle).is_some());
    }
}
