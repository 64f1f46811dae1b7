//! How a job ended, in the words of the log and of the protocol.

use std::time::Duration;

use crate::protocol::{JobState, reason};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    Exit(i32),
    Signal(i32),
    Timeout(Duration),
    Canceled,
    /// The runner was told to stop.
    Stopped,
    /// The script went well, but what it left is not taken: a report that is none, an archive that is too large.
    Unkept(String),
    /// The runner could not do its part.
    System(String),
    /// The job asks for what this runner does not do.
    Unsupported(String),
    /// A container image could not be had.
    NoImage(String),
    /// The server has taken the job away: nobody wants to know.
    Gone,
}

/// What a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOutcome {
    /// `Success` or `Failed`.
    pub state: JobState,
    /// Why it failed: a reason of the protocol.
    pub failure_reason: Option<&'static str>,
    /// The script's exit code; 128 + n when signal n ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended the script.
    pub signal: Option<i32>,
    /// One sentence more, where it was not the script that failed.
    pub detail: Option<String>,
}

impl End {
    /// The last line of the log.
    pub(crate) fn line(&self) -> Option<String> {
        let failed = |text: String| Some(format!("\x1b[31;1mERROR: Job failed{text}\x1b[0;m"));
        match self {
            Self::Success => Some("\x1b[32;1mJob succeeded\x1b[0;m".to_owned()),
            Self::Exit(code) => failed(format!(": exit code {code}")),
            Self::Signal(signal) => failed(format!(": ended by signal {signal}{}", signal_name(*signal))),
            Self::Timeout(limit) => failed(format!(": execution took longer than {}", spell(*limit))),
            Self::Canceled => Some("\x1b[31;1mERROR: Job canceled\x1b[0;m".to_owned()),
            Self::Stopped => failed(" (system failure): the runner was stopped".to_owned()),
            Self::Unkept(error) => failed(format!(": {error}")),
            Self::System(error) => failed(format!(" (system failure): {error}")),
            Self::Unsupported(what) => failed(format!(" (not supported by this runner): {what}")),
            Self::NoImage(image) => failed(format!(" (system failure): failed to get the image {image}")),
            Self::Gone => None,
        }
    }

    /// The value of `CI_JOB_STATUS` for `after_script`.
    pub(crate) fn job_status(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Canceled => "canceled",
            _ => "failed",
        }
    }

    /// What is reported.
    pub(crate) fn outcome(&self) -> JobOutcome {
        let failed = |reason, exit_code, signal| JobOutcome {
            state: JobState::Failed,
            failure_reason: Some(reason),
            exit_code,
            signal,
            detail: match self {
                Self::Unkept(error) | Self::System(error) | Self::Unsupported(error) => Some(error.clone()),
                _ => None,
            },
        };
        match self {
            Self::Success => {
                let (exit_code, state) = (Some(0), JobState::Success);
                JobOutcome { state, failure_reason: None, exit_code, signal: None, detail: None }
            }
            // As by the reference client: it is what the script left. There is no code: the script ended well.
            Self::Unkept(_) => failed(reason::SCRIPT_FAILURE, None, None),
            Self::Exit(code) => failed(reason::SCRIPT_FAILURE, Some(*code), None),
            Self::Signal(signal) => failed(reason::SCRIPT_FAILURE, Some(128 + signal), Some(*signal)),
            Self::Timeout(_) => failed(reason::JOB_EXECUTION_TIMEOUT, None, None),
            Self::Canceled | Self::Gone => failed(reason::JOB_CANCELED, None, None),
            Self::Unsupported(_) => failed(reason::UNSUPPORTED, None, None),
            Self::NoImage(_) => failed(reason::IMAGE_PULL_FAILURE, None, None),
            Self::Stopped | Self::System(_) => failed(reason::RUNNER_SYSTEM_FAILURE, None, None),
        }
    }
}

/// `reason`, or what a server that does not know it (`known` lists what it knows beyond the first
/// three) takes it for.
pub(crate) fn known_reason<'a>(reason: &'a str, known: &[String]) -> &'a str {
    use crate::protocol::reason::{
        EXTERNAL_DEPENDENCY_FAILURE, IMAGE_PULL_FAILURE, JOB_EXECUTION_TIMEOUT, RUNNER_SYSTEM_FAILURE, SCRIPT_FAILURE,
        UNKNOWN_FAILURE,
    };
    let always = [SCRIPT_FAILURE, RUNNER_SYSTEM_FAILURE, JOB_EXECUTION_TIMEOUT, ""];
    if always.contains(&reason) || known.iter().any(|name| name == reason) {
        return reason;
    }
    match reason {
        IMAGE_PULL_FAILURE | EXTERNAL_DEPENDENCY_FAILURE => RUNNER_SYSTEM_FAILURE,
        _ => UNKNOWN_FAILURE,
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => " (HUP)",
        2 => " (INT)",
        3 => " (QUIT)",
        4 => " (ILL)",
        6 => " (ABRT)",
        7 => " (BUS)",
        8 => " (FPE)",
        9 => " (KILL)",
        11 => " (SEGV)",
        13 => " (PIPE)",
        14 => " (ALRM)",
        15 => " (TERM)",
        24 => " (XCPU)",
        25 => " (XFSZ)",
        _ => "",
    }
}

fn spell(limit: Duration) -> String {
    let seconds = limit.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "m"), (rest, "s")];
    let text: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { format!("{} ms", limit.as_millis()) } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words_and_codes() {
        let line = |end: End| end.line().unwrap_or_default();
        assert_eq!(line(End::Exit(3)), "\x1b[31;1mERROR: Job failed: exit code 3\x1b[0;m");
        assert!(line(End::Signal(9)).contains("ended by signal 9 (KILL)"));
        assert!(line(End::Timeout(Duration::from_secs(3723))).contains("longer than 1h 2m 3s"));
        assert_eq!(End::Signal(9).outcome().exit_code, Some(137));
    }

    #[test]
    fn reasons_that_a_server_does_not_know_become_ones_that_it_knows() {
        assert_eq!(known_reason(reason::JOB_CANCELED, &[]), reason::UNKNOWN_FAILURE);
        assert_eq!(known_reason(reason::JOB_CANCELED, &[reason::JOB_CANCELED.to_owned()]), reason::JOB_CANCELED);
        assert_eq!(known_reason(reason::IMAGE_PULL_FAILURE, &[]), reason::RUNNER_SYSTEM_FAILURE);
        assert_eq!(known_reason(reason::UNSUPPORTED, &[]), reason::UNKNOWN_FAILURE);
        assert_eq!(known_reason(reason::SCRIPT_FAILURE, &[]), reason::SCRIPT_FAILURE);
    }
}
