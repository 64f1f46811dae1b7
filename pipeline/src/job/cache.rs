//! `cache`.

use model::plan::{CacheKey, CacheSpec};

use super::artifacts::{self, WHEN};
use crate::keywords::{Place, is_mistyped};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Node, Scalar, Tree, Value};

/// Most caches of a job, files of a key, and other keys (contracts/ci-yaml.md, part 6).
const MAX_CACHES: usize = 4;
const MAX_FILES: usize = 2;
const MAX_FALLBACKS: usize = 5;

const POLICIES: &[(&str, &str)] = &[("pull-push", "pull-push"), ("pull", "pull"), ("push", "push")];

/// Reads one cache, or a list of them.
pub(crate) fn read(entry: &Entry, report: &mut Report) -> Vec<CacheSpec> {
    let mut all = Vec::new();
    match &entry.value.kind {
        Kind::Null | Kind::Broken => {}
        Kind::Map(map) => all.extend(one(map, &entry.value, report)),
        Kind::List(items) => {
            flatten(items, 0, &mut all, report);
            if all.len() > MAX_CACHES {
                report.error(entry.mark, format!("a job has at most {MAX_CACHES} caches, not {}", all.len()));
            }
        }
        _ => read::mismatch(report, entry.value_mark(), "cache", "a mapping or a list of mappings", &entry.value),
    }
    all
}

fn flatten(items: &[Tree], level: usize, all: &mut Vec<CacheSpec>, report: &mut Report) {
    for item in items {
        match &item.kind {
            Kind::Map(map) => all.extend(one(map, item, report)),
            // What a reference brings is a list of its own.
            Kind::List(inner) if level < read::MAX_LIST_NESTING => flatten(inner, level + 1, all, report),
            _ => read::mismatch(report, item.mark, "an entry of `cache`", "a mapping", item),
        }
    }
}

fn one(map: &Map, node: &Node, report: &mut Report) -> Option<CacheSpec> {
    read::only_known(map, Place::Cache, report);
    // `cache: {}` takes the cache away.
    map.entries.first()?;
    let mut spec = CacheSpec { policy: "pull-push".to_owned(), ..CacheSpec::default() };
    if let Some(key) = map.get("key") {
        spec.key = cache_key(key, report).unwrap_or_default();
    }
    let errors = report.errors();
    if let Some(paths) = map.get("paths").and_then(|entry| read::strings(entry, "paths", report)) {
        for (path, mark) in &paths {
            artifacts::inside(path, *mark, "files outside of the project's folder are not cached", report);
        }
        spec.paths = paths.into_iter().map(|(path, _)| path).collect();
    }
    let has_wrong_paths = errors < report.errors();
    spec.untracked = map.get("untracked").and_then(|entry| read::boolean(entry, "untracked", report)).unwrap_or(false);
    if let Some(when) = map.get("when") {
        spec.when = read::word(&when.value, when.value_mark(), "when", WHEN, report).unwrap_or_default();
    }
    if let Some(entry) = map.get("policy") {
        let variable = matches!(&entry.value.kind, Kind::Scalar(scalar) if scalar.text.contains('$'));
        let policy = if variable {
            read::text(entry, "policy", report)
        } else {
            read::word(&entry.value, entry.value_mark(), "policy", POLICIES, report).map(ToOwned::to_owned)
        };
        spec.policy = policy.unwrap_or_default();
    }
    if let Some(entry) = map.get("fallback_keys")
        && let Some(keys) = read::strings(entry, "fallback_keys", report)
    {
        if keys.len() > MAX_FALLBACKS {
            report.error(entry.mark, format!("`fallback_keys` lists {} keys; {MAX_FALLBACKS} are allowed", keys.len()));
        }
        // What has a `/` in it is the key of no cache, and finds none.
        for (_, mark) in keys.iter().filter(|(key, _)| key.is_empty()) {
            report.error(*mark, "the key of a cache must not be empty");
        }
        spec.fallback_keys = keys.into_iter().map(|(key, _)| key).collect();
    }
    let keeps_nothing = spec.paths.is_empty() && !spec.untracked && !has_wrong_paths && !node.broken;
    if keeps_nothing && !is_mistyped(map, Place::Cache, &["paths", "untracked"]) {
        let mark = map.entries.first().map_or_else(Mark::default, |entry| entry.mark);
        report.add(Problem::warning(mark, "a cache without `paths` keeps nothing"));
    }
    Some(spec)
}

fn cache_key(entry: &Entry, report: &mut Report) -> Option<CacheKey> {
    match &entry.value.kind {
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) => {
            let key = text.to_string();
            check_key(&key, entry.value_mark(), report);
            Some(CacheKey::Text(key))
        }
        Kind::Map(map) => {
            read::only_known(map, Place::CacheKey, report);
            let prefix = map.get("prefix").and_then(|entry| read::text(entry, "prefix", report));
            if let (Some(prefix), Some(entry)) = (&prefix, map.get("prefix")) {
                check_key(prefix, entry.value_mark(), report);
            }
            let Some(files) = map.get("files") else {
                // Another way to name files was refused by its own keyword.
                if !entry.value.broken && map.entries.iter().all(|entry| matches!(&*entry.key, "files" | "prefix")) {
                    report.error(entry.mark, "`key` needs `files` when it is a mapping");
                }
                return None;
            };
            let found = read::some_strings(files, "files", report)?;
            if found.len() > MAX_FILES {
                report.error(files.mark, format!("`files` lists one or two paths, not {}", found.len()));
            }
            Some(CacheKey::Files { files: found.into_iter().map(|(file, _)| file).collect(), prefix })
        }
        _ => {
            read::mismatch(report, entry.value_mark(), "key", "a string or a mapping with `files`", &entry.value);
            None
        }
    }
}

/// The key is the name of a folder.
fn check_key(key: &str, mark: Mark, report: &mut Report) {
    let hint = "it becomes the name of a folder";
    if key.is_empty() {
        report.error(mark, "the key of a cache must not be empty");
    } else if key.contains('/') || key.to_lowercase().contains("%2f") {
        report.add(Problem::error(mark, format!("the key `{key}` of a cache must not contain `/`")).hint(hint));
    } else if key.chars().all(|c| c == '.') || key.to_lowercase().replace("%2e", "").is_empty() {
        report.add(Problem::error(mark, format!("the key `{key}` of a cache must not be all dots")).hint(hint));
    }
}

/// Text, a number or a boolean out of a scalar: what a matrix or a tag may hold.
pub(super) fn scalar_text(node: &Tree) -> Option<String> {
    match &node.kind {
        Kind::Scalar(Scalar { value: Value::Bool(_), .. }) => None,
        Kind::Scalar(scalar) => Some(scalar.to_text()),
        _ => None,
    }
}
