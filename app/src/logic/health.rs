//! How a pipeline is doing, from its last runs.

use model::Status;
use model::view::{PipelineHealth, RunMark};

/// A pipeline whose last verdict was bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Broken {
    /// Number of the latest failed run.
    pub failed: i64,
    /// The run to look at: the latest failed one.
    pub run: model::RunId,
    /// Number of the last good run, where one is known.
    pub last_good: Option<i64>,
    /// How many runs have failed since, as far as they are known.
    pub streak: usize,
}

/// Whether the pipeline is broken now: the latest run with a verdict failed. Canceled, skipped and
/// unfinished runs say nothing.
pub fn broken(health: &PipelineHealth) -> Option<Broken> {
    let mut verdicts = health.last.iter().filter(|m| has_verdict(m));
    let latest = verdicts.next()?;
    if latest.status != Status::Failed {
        return None;
    }
    let streak = 1 + verdicts.take_while(|m| m.status == Status::Failed).count();
    Some(Broken { failed: latest.number, run: latest.id, last_good: health.last_good, streak })
}

/// What the last verdicts say where none of them is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calm {
    /// No pipeline has one.
    Unknown,
    /// Those that there are are good, but not every pipeline has one.
    Partly,
    /// Every pipeline's is good.
    Good,
}

/// How much is known of pipelines of which none is broken.
pub fn calm(pipelines: &[PipelineHealth]) -> Calm {
    let known = pipelines.iter().filter(|health| health.last.iter().any(has_verdict)).count();
    match known {
        0 => Calm::Unknown,
        _ if known < pipelines.len() => Calm::Partly,
        _ => Calm::Good,
    }
}

/// Whether a run that nothing works on waits for a person, and not only for the time of a delayed job.
pub fn waits_for_person(run: &model::Run) -> bool {
    run.status != Status::Scheduled || run.stages.iter().any(|stage| stage.status == Status::Manual)
}

/// Good runs in a hundred of those with a verdict.
pub fn score(marks: &[RunMark]) -> Option<u32> {
    let with = marks.iter().filter(|m| has_verdict(m)).count() as u32;
    let good = marks.iter().filter(|m| m.status == Status::Success).count() as u32;
    (with > 0).then(|| good * 100 / with)
}

fn has_verdict(mark: &RunMark) -> bool {
    matches!(mark.status, Status::Success | Status::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::RunId;

    fn marks(statuses: &[Status]) -> Vec<RunMark> {
        let newest = statuses.len() as i64;
        let mark = |(i, &status): (usize, &Status)| RunMark {
            id: RunId(100 + newest - i as i64),
            number: newest - i as i64,
            status,
            warnings: false,
            duration: None,
        };
        statuses.iter().enumerate().map(mark).collect()
    }

    #[test]
    fn silence_is_no_good_verdict() {
        use Status::{Canceled, Running, Success};
        let pipeline = crate::sample::pipeline();
        let of = |lists: &[&[Status]]| {
            let health = |statuses: &&[Status]| PipelineHealth {
                pipeline: pipeline.clone(),
                last: marks(statuses),
                last_good: None,
            };
            calm(&lists.iter().map(health).collect::<Vec<_>>())
        };
        assert_eq!(of(&[&[], &[Canceled, Running]]), Calm::Unknown);
        assert_eq!(of(&[&[], &[Canceled, Success]]), Calm::Partly);
        assert_eq!(of(&[&[Success], &[Canceled, Success]]), Calm::Good);
    }

    #[test]
    fn only_verdicts_count() {
        use Status::{Canceled, Failed, Running, Success};
        let pipeline = crate::sample::pipeline();
        let health = |statuses: &[Status], last_good| PipelineHealth {
            pipeline: pipeline.clone(),
            last: marks(statuses),
            last_good,
        };
        assert_eq!(broken(&health(&[], None)), None);
        assert_eq!(broken(&health(&[Running, Success, Failed], None)), None);
        let found = broken(&health(&[Running, Failed, Canceled, Failed, Success], Some(1))).unwrap();
        assert_eq!((found.failed, found.last_good, found.streak, found.run), (4, Some(1), 2, RunId(104)));
        assert_eq!(score(&marks(&[Running, Failed, Success, Canceled, Success])), Some(66));
        assert_eq!(score(&[]), None);
    }
}
