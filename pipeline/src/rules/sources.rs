//! What starts runs, as conditions compare it with `CI_PIPELINE_SOURCE` (contracts/ci-yaml.md, part 6), and what runs
//! of other servers have besides.

use model::Source;
use model::plan::When;

use super::{Condition, Conditions, Rule};
use crate::expression::Expression;
use crate::keywords::closest;
use crate::source::{Problem, Report};

const SOURCES: &[&str] = &["push", "web", "api", "trigger", "schedule", "parent_pipeline", "pipeline"];
const SOURCE: &str = "CI_PIPELINE_SOURCE";

/// How the variables begin that GitLab sets in runs of kinds that there are not here.
const ELSEWHERE: &[&str] = &["CI_MERGE_REQUEST_", "CI_EXTERNAL_PULL_REQUEST_", "CI_OPEN_MERGE_REQUESTS", "CHAT_"];

/// Whether runs have such a source.
pub(crate) fn is_source(word: &str) -> bool {
    SOURCES.contains(&word)
}

/// Warns of sources that no run has; of those of other servers once.
pub(super) fn check(condition: &Condition, conditions: &Conditions, report: &mut Report) {
    for source in condition.expression.compared_with(SOURCE) {
        if source.is_empty() || is_source(source) {
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

/// Why rules let a job into no run of any kind that there is here; `None` when some run may have it, or when its rules
/// all say `never`. `own` is what the job's `when` says, `is_set` whether the definition or the run sets a variable.
pub(crate) fn never(
    rules: &[Rule],
    own: When,
    conditions: &Conditions,
    is_set: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let mut why = None;
    for rule in rules {
        let impossible = rule.condition.as_ref().and_then(|one| impossible(&one.expression, conditions, is_set));
        if rule.when.unwrap_or(own) != When::Never {
            why = Some(why.unwrap_or(impossible?));
        }
        if rule.always_applies() {
            break;
        }
    }
    why
}

/// Why no run meets a condition.
fn impossible(condition: &Expression, conditions: &Conditions, is_set: &dyn Fn(&str) -> bool) -> Option<String> {
    let of = |part: &Expression| impossible(part, conditions, is_set);
    let name = match condition {
        Expression::Or(left, right) => return of(left).zip(of(right)).map(|(why, _)| why),
        Expression::And(left, right) => return of(left).or_else(|| of(right)),
        part => match part.variables()[..] {
            [name] if !is_set(name) => name,
            _ => return None,
        },
    };
    let may_be = |value: Option<&str>| {
        let verdict = conditions.evaluate(condition, &|_| value.map(Into::into));
        verdict.map_or(true, |verdict| verdict.holds)
    };
    if name == SOURCE {
        let found = condition.compared_with(SOURCE);
        let why = || match found.first() {
            Some(source) => format!("none has the source `{source}`"),
            None => format!("the source of none fits `{}`", condition.show()),
        };
        return (!SOURCES.iter().any(|source| may_be(Some(source)))).then(why);
    }
    let is_elsewhere = ELSEWHERE.iter().any(|start| name.starts_with(start));
    (is_elsewhere && !may_be(None)).then(|| format!("none has `${name}`"))
}
