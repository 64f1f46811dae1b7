//! Why a job is in its status: what `weir why` prints, what the page shows, and data for scripts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FailureReason, Status};

/// One predecessor that decided something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    /// The job's name.
    pub name: String,
    /// Its status when the decision was made.
    pub status: Status,
    /// Whether it failed and was allowed to: then it counts as one that went well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allowed: bool,
}

/// The machine-readable reason of a job's status. Every transition carries one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// created: earlier stages have to complete first.
    WaitsForStage {
        /// The stage that is not complete.
        stage: String,
    },
    /// created: these needed jobs have to complete first.
    WaitsForNeeds {
        /// The needs that are not complete.
        needs: Vec<Predecessor>,
    },
    /// created: a job before this one was retried or played.
    PredecessorAgain {
        /// The job that runs again.
        job: String,
    },
    /// pending: any free runner may take it.
    WaitsForRunner,
    /// pending: a runner that has these tags may take it.
    WaitsForTags {
        /// The tags.
        tags: Vec<String>,
    },
    /// pending: its child run is about to be made.
    StartsChild,
    /// running: the run that it started has not ended.
    RunsChild {
        /// That run.
        run: crate::RunId,
    },
    /// success, failed or canceled: as the run that it started.
    ChildEnded {
        /// That run.
        run: crate::RunId,
        /// How that run ended.
        status: Status,
    },
    /// success: it made a run and does not wait for it.
    ChildMade {
        /// That run.
        run: crate::RunId,
    },
    /// running: a job of the run that it started was retried or played.
    ChildAgain {
        /// That run.
        run: crate::RunId,
    },
    /// pending: it was handed out, but never started, and waits again.
    Requeued {
        /// What happened.
        cause: String,
    },
    /// manual: somebody has to play it.
    WaitsForPerson {
        /// Whether later stages wait for it.
        blocking: bool,
    },
    /// scheduled: its `start_in` runs, until then it may be played at once or unscheduled.
    WaitsForTime {
        /// When it starts, once that is known.
        at: Option<crate::Timestamp>,
    },
    /// waiting_for_resource: another job holds its resource group.
    WaitsForResource {
        /// The group.
        group: String,
        /// The job that holds it, or that gets it first, as far as it is known.
        holder: Option<String>,
        /// Its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<crate::JobId>,
        /// Whether that job has not come to its turn yet: nobody holds the group.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        coming: bool,
    },
    /// canceled: a newer commit came on the same ref (`workflow:auto_cancel:on_new_commit`).
    OutdatedBy {
        /// The commit or the run that came.
        newer: String,
    },
    /// canceled: another job of the run failed (`workflow:auto_cancel:on_job_failure`).
    CanceledAfterFailure {
        /// The job that failed.
        job: String,
    },
    /// running: a runner took it.
    TakenBy {
        /// The runner's name.
        runner: String,
    },
    /// pending: somebody played the manual job.
    PlayedBy {
        /// Who.
        user: String,
    },
    /// pending: a new attempt that somebody asked for.
    RetriedBy {
        /// Who.
        user: String,
    },
    /// pending: a new attempt that the job's `retry` rule made.
    RetriedByRule {
        /// Number of this attempt, from 2.
        attempt: u32,
        /// How many attempts the rule allows in all.
        of: u32,
        /// Why the attempt before failed.
        failure: FailureReason,
    },
    /// skipped: its `when` does not fit what came before.
    SkippedAfter {
        /// `on_success` or `on_failure`.
        when: String,
        /// The predecessors that decided.
        because: Vec<Predecessor>,
    },
    /// success.
    Succeeded,
    /// failed.
    Failed {
        /// The reason in GitLab's vocabulary.
        failure: FailureReason,
        /// The script's exit code, where there was one.
        exit_code: Option<i32>,
        /// The signal that ended the script, where one did.
        signal: Option<i32>,
        /// One sentence more, where there is one.
        detail: Option<String>,
    },
    /// canceled: somebody was asked and said no.
    RefusedBy {
        /// Who.
        user: String,
        /// Why, in their words.
        comment: Option<String>,
    },
    /// canceled or canceling.
    CanceledBy {
        /// Who.
        user: String,
    },
}

impl Reason {
    /// A failed job without further detail.
    pub fn failed(failure: FailureReason) -> Self {
        Self::Failed { failure, exit_code: None, signal: None, detail: None }
    }
}

fn list(predecessors: &[Predecessor]) -> String {
    let mut text = String::new();
    for (i, one) in predecessors.iter().take(5).enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        let allowed = if one.allowed { ", as it may" } else { "" };
        text.push_str(&format!("{} ({}{allowed})", one.name, one.status));
    }
    if predecessors.len() > 5 {
        text.push_str(&format!(" and {} more", predecessors.len() - 5));
    }
    text
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitsForStage { stage } => write!(f, "waits until stage {stage} is complete"),
            Self::WaitsForNeeds { needs } => write!(f, "waits for what it needs: {}", list(needs)),
            Self::PredecessorAgain { job } => write!(f, "waits again, because {job} runs again"),
            Self::WaitsForRunner => f.write_str("waits for a free runner"),
            Self::WaitsForTags { tags } => write!(f, "waits for a free runner with the tags {}", tags.join(", ")),
            Self::StartsChild => f.write_str("starts its child pipeline"),
            Self::RunsChild { run } => write!(f, "its child pipeline, run {run}, has not ended"),
            Self::ChildEnded { run, status } => {
                let how = match status {
                    Status::Success => "went well",
                    Status::Canceled => "was canceled",
                    Status::Skipped => "had nothing to do",
                    _ => "failed",
                };
                write!(f, "its child pipeline, run {run}, {how}")
            }
            Self::ChildMade { run } => write!(f, "made its child pipeline, run {run}"),
            Self::ChildAgain { run } => write!(f, "its child pipeline, run {run}, runs again"),
            Self::Requeued { cause } => write!(f, "waits for a runner again: {cause}"),
            Self::WaitsForPerson { blocking: true } => {
                f.write_str("waits for somebody to play it; later stages wait with it")
            }
            Self::WaitsForPerson { blocking: false } => f.write_str("may be played by somebody; nothing waits for it"),
            Self::WaitsForTime { at: Some(at) } => write!(f, "starts at {at}"),
            Self::WaitsForTime { at: None } => f.write_str("starts by itself after a while"),
            Self::WaitsForResource { group, holder: Some(holder), coming: true, .. } => {
                write!(f, "waits until {holder} has had the resource group {group}, which goes to it first")
            }
            Self::WaitsForResource { group, holder: Some(holder), .. } => {
                write!(f, "waits until {holder} gives the resource group {group} back")
            }
            Self::WaitsForResource { group, holder: None, .. } => write!(f, "waits for the resource group {group}"),
            Self::OutdatedBy { newer } => write!(f, "was canceled, because {newer} is newer"),
            Self::CanceledAfterFailure { job } => write!(f, "was canceled, because {job} failed"),
            Self::TakenBy { runner } => write!(f, "runs on {runner}"),
            Self::PlayedBy { user } => write!(f, "was played by {user} and waits for a free runner"),
            Self::RetriedBy { user } => write!(f, "was retried by {user} and waits for a free runner"),
            Self::RetriedByRule { attempt, of, failure } => {
                write!(f, "attempt {attempt} of {of}: its retry rule ran it again after {failure}")
            }
            Self::SkippedAfter { when, because } if because.is_empty() => {
                write!(f, "was skipped: `when: {when}` does not fit what came before")
            }
            Self::SkippedAfter { when, because } => {
                write!(f, "was skipped: `when: {when}` does not fit {}", list(because))
            }
            Self::Succeeded => f.write_str("ended with exit code 0"),
            Self::Failed { failure, exit_code, signal, detail } => {
                match (exit_code, signal) {
                    (_, Some(signal)) => write!(f, "was ended by signal {signal}")?,
                    (Some(code), None) => write!(f, "ended with exit code {code}")?,
                    (None, None) => f.write_str(failure.describe())?,
                }
                write!(f, " ({failure})")?;
                if let Some(detail) = detail {
                    write!(f, ": {detail}")?;
                }
                Ok(())
            }
            Self::RefusedBy { user, comment: None } => write!(f, "was refused by {user}"),
            Self::RefusedBy { user, comment: Some(comment) } => write!(f, "was refused by {user}: {comment}"),
            Self::CanceledBy { user } => write!(f, "was canceled by {user}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_data_and_sentences() {
        let reason = Reason::SkippedAfter {
            when: "on_success".into(),
            because: vec![Predecessor { name: "build".into(), status: Status::Failed, allowed: false }],
        };
        assert_eq!(reason.to_string(), "was skipped: `when: on_success` does not fit build (failed)");
        let json = serde_json::to_value(&reason).unwrap();
        assert_eq!(json["code"], "skipped_after");
        assert!(json["because"][0].get("allowed").is_none(), "{json}");
        assert_eq!(serde_json::from_value::<Reason>(json).unwrap(), reason);
    }
}
