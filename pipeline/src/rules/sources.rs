//! What starts runs, as conditions compare it with `CI_PIPELINE_SOURCE` (contracts/ci-yaml.md, part 6).

use super::{Condition, Conditions};
use crate::keywords::closest;
use crate::source::{Problem, Report};

const SOURCES: &[&str] = &["push", "web", "api", "trigger", "schedule", "parent_pipeline", "pipeline"];

/// What starts runs on GitLab alone. Files that are used on both name it all over.
const ELSEWHERE: &[&str] = &[
    "merge_request_event",
    "external",
    "external_pull_request_event",
    "chat",
    "webide",
    "unknown",
    "ondemand_dast_scan",
    "ondemand_dast_validation",
    "security_orchestration_policy",
    "container_registry_push",
    "duo_workflow",
    "pipeline_execution_policy_schedule",
];

/// Warns of sources that no run has; of those of other servers once.
pub(super) fn check(condition: &Condition, conditions: &Conditions, report: &mut Report) {
    for source in condition.expression.compared_with("CI_PIPELINE_SOURCE") {
        if source.is_empty() || SOURCES.contains(&source) {
            continue;
        }
        if ELSEWHERE.contains(&source) {
            if !conditions.told_of_sources.replace(true) {
                report.add(Problem::warning(condition.mark, format!("no run here has the source `{source}`")));
            }
            continue;
        }
        let listed = || SOURCES.iter().map(|source| format!("`{source}`")).collect::<Vec<_>>().join(", ");
        let hint = closest(source, SOURCES.iter().chain(ELSEWHERE).copied())
            .map_or_else(|| format!("one of {}", listed()), |close| format!("did you mean `{close}`?"));
        let shown: String = source.chars().take(60).collect();
        report.add(Problem::warning(condition.mark, format!("no run has the source `{shown}`")).hint(hint));
    }
}
