//! What of a running job's files was refused: the protocol has no word for it when the job fails of it a moment later,
//! and whoever asks why shall be told which line was wrong.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::{FailureReason, JobId};

use crate::scheduler::finish::End;

/// Jobs that end otherwise leave theirs behind: no more than these are kept.
const MOST: usize = 1_000;

/// What was refused, by job; gone with the process, whose jobs' logs say it too.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<JobId, String>>);

impl Refusals {
    /// The files of this job were refused: a fragment that says why.
    pub fn note(&self, id: JobId, why: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST {
            all.entry(id).or_insert_with(|| why.to_owned());
        }
    }

    /// The end of a job, with what was refused of it.
    pub fn explain(&self, id: JobId, end: End) -> End {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        match (end, refused) {
            (End::Failed { failure: FailureReason::ScriptFailure, exit_code, detail: None }, Some(why)) => {
                End::Failed { failure: FailureReason::ScriptFailure, exit_code, detail: Some(why) }
            }
            (end, _) => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_explained_once_and_other_ends_are_left_alone() {
        let failed =
            |failure, detail: Option<&str>| End::Failed { failure, exit_code: None, detail: detail.map(str::to_owned) };
        let refusals = Refusals::default();
        let of = |id, end| refusals.explain(JobId(id), end);
        for id in 1..4 {
            refusals.note(JobId(id), "line 2 is wrong");
            refusals.note(JobId(id), "and another");
        }
        let script = failed(FailureReason::ScriptFailure, None);
        assert_eq!(of(1, script.clone()), failed(FailureReason::ScriptFailure, Some("line 2 is wrong")));
        assert_eq!(of(1, script.clone()), script);
        let system = failed(FailureReason::RunnerSystemFailure, None);
        assert_eq!((of(2, system.clone()), of(3, End::Success)), (system, End::Success));
    }
}
