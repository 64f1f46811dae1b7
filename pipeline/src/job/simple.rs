//! Keywords whose value is one word, one pattern or one list: `tags`, `coverage`, `hooks`.

use crate::keywords::Place;
use crate::read;
use crate::rules::Conditions;
use crate::source::{Problem, Report};
use crate::yaml::Entry;

/// Most tags of a job (contracts/ci-yaml.md, limits).
const MAX_TAGS: usize = 50;

/// An empty list is one without tags, whatever `default` has: GitLab's schema refuses it, GitLab does not.
pub(super) fn tags(entry: &Entry, report: &mut Report) -> Vec<String> {
    let found = read::strings(entry, "tags", report).unwrap_or_default();
    if found.len() > MAX_TAGS {
        report.error(entry.mark, format!("a job has at most {MAX_TAGS} tags, not {}", found.len()));
    }
    let mut tags: Vec<String> = Vec::new();
    for (tag, mark) in found {
        if tag.trim().is_empty() {
            report.error(mark, "a tag must not be empty");
        } else if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The pattern without its slashes.
pub(super) fn coverage(entry: &Entry, conditions: &Conditions, report: &mut Report) -> Option<String> {
    let text = read::text(entry, "coverage", report)?;
    let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inner| !inner.is_empty());
    let Some(inner) = inner else {
        let problem = Problem::error(entry.value_mark(), "`coverage` is a pattern between slashes");
        report.add(problem.hint("`coverage: '/Coverage: (\\d+\\.\\d+)%/'`"));
        return None;
    };
    match conditions.check_pattern(inner) {
        Ok(()) => Some(inner.to_owned()),
        Err(message) => {
            report.error(entry.value_mark(), message);
            None
        }
    }
}

/// `hooks:pre_get_sources_script`.
pub(super) fn hooks(entry: &Entry, report: &mut Report) -> Vec<String> {
    let Some(map) = read::map(entry, "hooks", report) else { return Vec::new() };
    read::only_known(map, Place::Hooks, report);
    let script = map.get("pre_get_sources_script");
    script.and_then(|script| read::commands(script, "pre_get_sources_script", report)).unwrap_or_default()
}
