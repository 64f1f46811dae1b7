//! What starts runs, as conditions compare it with `CI_PIPELINE_SOURCE` (contracts/ci-yaml.md, part 6).

use model::Source;

use super::{Condition, Conditions};
use crate::keywords::closest;
use crate::source::{Problem, Report};

const SOURCES: &[&str] = &["push", "web", "api", "trigger", "schedule", "parent_pipeline", "pipeline"];

/// Warns of sources that no run has; of those of other servers once.
pub(super) fn check(condition: &Condition, conditions: &Conditions, report: &mut Report) {
    for source in condition.expression.compared_with("CI_PIPELINE_SOURCE") {
        if source.is_empty() || SOURCES.contains(&source) {
            continue;
        }
        // Files that are used on both name those of GitLab alone all over.
        if Source::OF_GITLAB.contains(&source) {
            if !conditions.told_of_sources.replace(true) {
                report.add(Problem::warning(condition.mark, format!("no run here has the source `{source}`")));
            }
            continue;
        }
        let listed = || SOURCES.iter().map(|source| format!("`{source}`")).collect::<Vec<_>>().join(", ");
        let hint = closest(source, SOURCES.iter().copied().chain(Source::OF_GITLAB))
            .map_or_else(|| format!("one of {}", listed()), |close| format!("did you mean `{close}`?"));
        let shown: String = source.chars().take(60).collect();
        report.add(Problem::warning(condition.mark, format!("no run has the source `{shown}`")).hint(hint));
    }
}
