//! Why a job failed, in GitLab's vocabulary.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! failure_reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The reason of a failed job; the names are those of the GitLab Runner protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FailureReason {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl FailureReason {
            /// Every reason, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl FromStr for FailureReason {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

failure_reasons! {
    /// The script ended with another exit code than 0, or by a signal.
    ScriptFailure = "script_failure",
    /// The runner could not do its work, or was killed.
    RunnerSystemFailure = "runner_system_failure",
    /// The job ran longer than its timeout.
    JobExecutionTimeout = "job_execution_timeout",
    /// No runner took the job, or the runner was not heard of for too long.
    StuckOrTimeoutFailure = "stuck_or_timeout_failure",
    /// The job needs artifacts that are gone.
    MissingDependencyFailure = "missing_dependency_failure",
    /// The runner cannot do what the job asks for.
    RunnerUnsupported = "runner_unsupported",
    /// The delayed job's time had passed.
    StaleSchedule = "stale_schedule",
    /// The job was archived before it could run.
    ArchivedFailure = "archived_failure",
    /// A prerequisite could not be met.
    UnmetPrerequisites = "unmet_prerequisites",
    /// The server could not hand the job out.
    SchedulerFailure = "scheduler_failure",
    /// The stored job is damaged.
    DataIntegrityFailure = "data_integrity_failure",
    /// The image of the job could not be fetched.
    ImagePullFailure = "image_pull_failure",
    /// The runner is configured wrongly.
    RunnerConfigurationError = "runner_configuration_error",
    /// Something that the runner depends on failed.
    RunnerExternalDependencyFailure = "runner_external_dependency_failure",
    /// The runner was stopped.
    RunnerInterrupted = "runner_interrupted",
    /// The log grew past its limit.
    TraceSizeExceeded = "trace_size_exceeded",
    /// The child pipeline could not be made.
    DownstreamPipelineCreationFailed = "downstream_pipeline_creation_failed",
    /// A child pipeline would have stood too deep.
    ReachedMaxDescendantPipelinesDepth = "reached_max_descendant_pipelines_depth",
    /// An API call failed the job.
    ApiFailure = "api_failure",
    /// Anything else.
    UnknownFailure = "unknown_failure",
}

impl FailureReason {
    /// What happened, as it goes on after "the job".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::ScriptFailure => "failed",
            Self::RunnerSystemFailure => "failed because its runner could not go on; the end of its log says why",
            Self::JobExecutionTimeout => "ran longer than it may",
            Self::StuckOrTimeoutFailure => "failed because nothing was heard of its runner",
            Self::MissingDependencyFailure => "failed because artifacts that it needs are gone",
            Self::RunnerUnsupported => "failed because its runner cannot do what it asks for",
            Self::StaleSchedule => "failed because its time had passed",
            Self::ArchivedFailure => "failed because it was archived before it could run",
            Self::UnmetPrerequisites => "failed because a prerequisite was not met",
            Self::SchedulerFailure => "failed because the server could not hand it out",
            Self::DataIntegrityFailure => "failed because what is stored of it is damaged",
            Self::ImagePullFailure => "failed because its image could not be fetched",
            Self::RunnerConfigurationError => "failed because its runner is configured wrongly",
            Self::RunnerExternalDependencyFailure => "failed because something that its runner depends on failed",
            Self::RunnerInterrupted => "failed because its runner was stopped",
            Self::TraceSizeExceeded => "failed because its log grew past the limit",
            Self::DownstreamPipelineCreationFailed => "failed because its child pipeline could not be made",
            Self::ReachedMaxDescendantPipelinesDepth => "failed because child pipelines stand at most two deep",
            Self::ApiFailure => "was failed over the API",
            Self::UnknownFailure => "failed for a reason that its runner did not tell",
        }
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for reason in FailureReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
        }
        assert!("nonsense".parse::<FailureReason>().is_err());
    }
}
