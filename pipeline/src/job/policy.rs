//! When a job runs and what its failure means: `when`, `allow_failure`, `retry`, `timeout`.

use model::FailureReason;
use model::plan::{AllowFailure, Retry, When};

use crate::duration;
use crate::keywords::closest;
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Scalar, Value};

/// Most attempts after the first (contracts/ci-yaml.md, limits).
const MAX_RETRIES: u32 = 2;
/// Longest `timeout`: one month (contracts/ci-yaml.md, part 6).
const MAX_TIMEOUT: u64 = 30 * 86_400;
/// Longest `start_in`: one week (contracts/ci-yaml.md, limits).
const MAX_START_IN: u64 = 7 * 86_400;

const WHEN: &[(&str, When)] = &[
    ("on_success", When::OnSuccess),
    ("on_failure", When::OnFailure),
    ("always", When::Always),
    ("manual", When::Manual),
    ("delayed", When::Delayed),
    ("never", When::Never),
];

pub(crate) fn when(entry: &Entry, report: &mut Report) -> Option<When> {
    read::word(&entry.value, entry.value_mark(), "when", WHEN, report)
}

/// `start_in`, in seconds.
pub(crate) fn start_in(entry: &Entry, report: &mut Report) -> Option<u32> {
    length(entry, "start_in", MAX_START_IN, "1 second and 1 week", report)
}

/// Returns also whether one exit code was written as a number.
pub(crate) fn allow_failure(entry: &Entry, report: &mut Report) -> Option<(AllowFailure, bool)> {
    let Kind::Map(map) = &entry.value.kind else {
        if !matches!(&entry.value.kind, Kind::Scalar(scalar) if scalar.as_boolean().is_some()) {
            let wanted = "`true`, `false` or a mapping with `exit_codes`";
            read::mismatch(report, entry.value_mark(), "allow_failure", wanted, &entry.value);
            return None;
        }
        return read::boolean(entry, "allow_failure", report).map(|allowed| (AllowFailure::Bool(allowed), false));
    };
    let mut result = None;
    for item in &map.entries {
        if &*item.key == "exit_codes" {
            result = read::exit_codes(item, "exit_codes", report)
                .map(|(codes, single)| (AllowFailure::ExitCodes(codes), single));
        } else {
            unknown_key(report, item, "allow_failure", &["exit_codes"]);
        }
    }
    // A key that is not one of its own was refused already.
    if map.get("exit_codes").is_none()
        && !entry.value.broken
        && map.entries.iter().all(|item| &*item.key == "exit_codes")
    {
        report.error(entry.value_mark(), "`allow_failure` needs `exit_codes` when it is a mapping");
    }
    result
}

pub(crate) fn timeout(entry: &Entry, report: &mut Report) -> Option<u32> {
    length(entry, "timeout", MAX_TIMEOUT, "1 second and 30 days", report)
}

fn length(entry: &Entry, what: &str, most: u64, range: &str, report: &mut Report) -> Option<u32> {
    let text = read::text(entry, what, report)?;
    let seconds = seconds(&text, entry.value_mark(), report)?;
    if seconds == 0 || seconds > most {
        report.error(entry.value_mark(), format!("`{what}` must be between {range}"));
        return None;
    }
    Some(seconds as u32)
}

/// The seconds of a length of time.
pub(super) fn seconds(text: &str, mark: Mark, report: &mut Report) -> Option<u64> {
    let shown: String = text.chars().take(60).collect();
    let like = "write it like `1h 30m`, `90 minutes` or `3 weeks and 2 days`";
    match duration::length(text) {
        Ok(length) => {
            if length.has_bare_number {
                let message = format!("`{shown}` is {} seconds: give each number its unit", length.seconds);
                let hint = "without one the last number is seconds, and others count nothing";
                report.add(Problem::warning(mark, message).hint(hint));
            }
            Some(length.seconds)
        }
        Err(part) => {
            let part: String = part.chars().take(60).collect();
            // Of one word there is nothing to point at.
            let why = if part.is_empty() || shown == part {
                String::new()
            } else {
                format!("`{part}` means nothing there; ")
            };
            let problem = Problem::error(mark, format!("`{shown}` is not a length of time"));
            report.add(problem.hint(format!("{why}{like}")));
            None
        }
    }
}

pub(crate) fn retry(entry: &Entry, report: &mut Report) -> Option<Retry> {
    let Kind::Map(map) = &entry.value.kind else {
        return max(entry, "retry", report).map(|max| Retry { max, ..Retry::default() });
    };
    let mut retry = Retry::default();
    for item in &map.entries {
        match &*item.key {
            "max" => retry.max = max(item, "max", report).unwrap_or_default(),
            "when" => retry.when = reasons(item, report),
            "exit_codes" => {
                retry.exit_codes =
                    read::exit_codes(item, "exit_codes", report).map(|(codes, _)| codes).unwrap_or_default();
            }
            _ => unknown_key(report, item, "retry", &["max", "when", "exit_codes"]),
        }
    }
    let any_reason = map.get("when").is_some_and(|when| {
        let mut words = read::one_or_many(when).iter();
        words.any(|word| matches!(&word.kind, Kind::Scalar(scalar) if &*scalar.text == "always"))
    });
    if any_reason {
        // The conditions are alternatives, and this one always holds.
        (retry.when, retry.exit_codes) = (Vec::new(), Vec::new());
    } else if map.get("when").is_some() && retry.when.is_empty() && retry.exit_codes.is_empty() {
        // None of the reasons that it names comes up, and no reason at all would mean every one.
        retry.max = 0;
    }
    let is_known = map.entries.iter().all(|item| matches!(&*item.key, "max" | "when" | "exit_codes"));
    if map.get("max").is_none() && !entry.value.broken && is_known {
        let problem = Problem::warning(entry.mark, "`retry` without `max` never runs the job again");
        report.add(problem.hint("add `max: 1` or `max: 2`"));
    }
    Some(retry)
}

fn max(entry: &Entry, what: &str, report: &mut Report) -> Option<u32> {
    match &entry.value.kind {
        Kind::Null => None,
        Kind::Scalar(Scalar { value: Value::Int(n), .. }) => {
            let n = u32::try_from(*n).ok().filter(|n| *n <= MAX_RETRIES);
            if n.is_none() {
                report.error(entry.value_mark(), format!("`{what}` must be 0, 1 or 2"));
            }
            n
        }
        Kind::Map(_) if what == "retry" => None,
        _ => {
            read::mismatch(report, entry.value_mark(), what, "a number from 0 to 2", &entry.value);
            None
        }
    }
}

/// What a job may be retried after, and what that is called here. GitLab tells apart some cases
/// that are one here.
const REASONS: &[(&str, FailureReason)] = &[
    ("unknown_failure", FailureReason::UnknownFailure),
    ("script_failure", FailureReason::ScriptFailure),
    ("api_failure", FailureReason::ApiFailure),
    ("stuck_or_timeout_failure", FailureReason::StuckOrTimeoutFailure),
    ("stuck_pending_with_matching_runners", FailureReason::StuckOrTimeoutFailure),
    ("stuck_pending_no_matching_runners", FailureReason::StuckOrTimeoutFailure),
    ("no_updates_running", FailureReason::StuckOrTimeoutFailure),
    ("no_updates_canceling", FailureReason::StuckOrTimeoutFailure),
    ("runner_system_failure", FailureReason::RunnerSystemFailure),
    ("runner_unsupported", FailureReason::RunnerUnsupported),
    ("runner_configuration_error", FailureReason::RunnerConfigurationError),
    ("runner_external_dependency_failure", FailureReason::RunnerExternalDependencyFailure),
    ("runner_interrupted", FailureReason::RunnerInterrupted),
    ("stale_schedule", FailureReason::StaleSchedule),
    ("job_execution_timeout", FailureReason::JobExecutionTimeout),
    ("server_timeout_running", FailureReason::JobExecutionTimeout),
    ("server_timeout_canceling", FailureReason::JobExecutionTimeout),
    ("job_execution_server_timeout", FailureReason::JobExecutionTimeout),
    ("trace_size_exceeded", FailureReason::TraceSizeExceeded),
    ("archived_failure", FailureReason::ArchivedFailure),
    ("unmet_prerequisites", FailureReason::UnmetPrerequisites),
    ("scheduler_failure", FailureReason::SchedulerFailure),
    ("data_integrity_failure", FailureReason::DataIntegrityFailure),
];

/// Other failures of GitLab's: jobs of Weir do not fail so, or are not run again after that on either.
const NEVER_RETRIED: &[&str] = &[
    "missing_dependency_failure",
    "forward_deployment_failure",
    "user_blocked",
    "project_deleted",
    "ci_quota_exceeded",
    "pipeline_loop_detected",
    "no_matching_runner",
    "builds_disabled",
    "environment_creation_failure",
    "deployment_rejected",
    "failed_outdated_deployment_job",
    "runner_provisioning_timeout",
    "protected_environment_failure",
    "insufficient_bridge_permissions",
    "downstream_bridge_project_not_found",
    "invalid_bridge_trigger",
    "upstream_bridge_project_not_found",
    "insufficient_upstream_permissions",
    "bridge_pipeline_is_child_pipeline",
    "downstream_pipeline_creation_failed",
    "secrets_provider_not_found",
    "reached_max_descendant_pipelines_depth",
    "ip_restriction_failure",
    "reached_max_pipeline_hierarchy_size",
    "reached_downstream_pipeline_trigger_rate_limit",
];

fn reasons(entry: &Entry, report: &mut Report) -> Vec<FailureReason> {
    let mut all = Vec::new();
    for item in read::one_or_many(entry) {
        let Kind::Scalar(Scalar { text, value: Value::Text, .. }) = &item.kind else {
            read::mismatch(report, item.mark, "when", "the name of a failure (a string) or a list of names", item);
            continue;
        };
        let found = REASONS.iter().find(|(name, _)| **name == **text).map(|(_, reason)| *reason);
        match found {
            Some(reason) if !all.contains(&reason) => all.push(reason),
            Some(_) => {}
            None if &**text == "always" => {}
            None if NEVER_RETRIED.contains(&&**text) => {
                let problem = Problem::warning(item.mark, format!("no job here is retried after `{text}`"));
                report.add(problem.hint("leave it out; GitLab has failures that there are not here"));
            }
            None => {
                let names = REASONS.iter().map(|(name, _)| *name).chain(["always"]);
                let hint = closest(text, names).map_or_else(
                    || "for example `runner_system_failure`, `script_failure` or `always`".to_owned(),
                    |close| format!("did you mean `{close}`?"),
                );
                let shown: String = text.chars().take(60).collect();
                let message = format!("`{shown}` is not a failure that a job is retried after");
                report.add(Problem::error(item.mark, message).hint(hint));
            }
        }
    }
    all
}

/// Reports a key that a small mapping does not have.
pub(super) fn unknown_key(report: &mut Report, entry: &Entry, what: &str, keys: &[&str]) {
    let hint = closest(&entry.key, keys.iter().copied()).map_or_else(
        || format!("it has {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
        |close| format!("did you mean `{close}`?"),
    );
    report.add(Problem::error(entry.mark, format!("{} has no `{}`", read::named(what), entry.key)).hint(hint));
}
