//! `artifacts`.

use model::plan::{Access, ArtifactSpec, Expiry, Report as Kept, When};

use super::policy;
use crate::duration;
use crate::keywords::{Place, is_known, is_mistyped};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Scalar, Value};

/// After which end files are kept or saved.
pub(super) const WHEN: &[(&str, When)] =
    &[("on_success", When::OnSuccess), ("on_failure", When::OnFailure), ("always", When::Always)];

const ACCESS: &[(&str, Access)] = &[
    ("all", Access::All),
    ("developer", Access::Developer),
    ("maintainer", Access::Maintainer),
    ("none", Access::None),
];

/// Reports that are one file, by its path.
const ONE_PATH: &[&str] = &["accessibility", "annotations", "browser_performance"];

const FORMATS: &[(&str, &str)] = &[("cobertura", "cobertura"), ("jacoco", "jacoco")];

pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<ArtifactSpec> {
    let map = read::map(entry, "artifacts", report)?;
    read::only_known(map, Place::Artifacts, report);
    let mut spec = ArtifactSpec::default();
    if let Some(when) = map.get("when") {
        spec.when = read::word(&when.value, when.value_mark(), "when", WHEN, report).unwrap_or_default();
    }
    spec.untracked = map.get("untracked").and_then(|entry| read::boolean(entry, "untracked", report)).unwrap_or(false);
    spec.name = map.get("name").and_then(|entry| read::text(entry, "name", report));
    spec.expire_in = map.get("expire_in").and_then(|entry| expiry(entry, report));
    spec.paths = paths(map, "paths", report);
    spec.exclude = paths(map, "exclude", report);
    let has_paths = map.written("paths").is_some()
        || entry.value.broken
        || is_mistyped(map, Place::Artifacts, &["paths", "untracked", "reports"]);
    spec.expose_as = map.get("expose_as").and_then(|entry| expose_as(entry, has_paths, &spec.paths, report));
    access(map, &mut spec, report);
    if let Some(reports) = map.get("reports") {
        spec.reports = reports_of(reports, report);
    }
    if spec.paths.is_empty() && !spec.untracked && spec.reports.is_empty() {
        // Paths and reports that are wrong have been told.
        if !has_paths && map.get("reports").is_none() {
            report.add(Problem::warning(entry.mark, "`artifacts` without `paths` keeps nothing"));
        }
        return None;
    }
    Some(spec)
}

fn paths(map: &Map, what: &str, report: &mut Report) -> Vec<String> {
    let Some(entry) = map.written(what) else { return Vec::new() };
    if matches!(entry.value.kind, Kind::Null) {
        report.error(entry.mark, format!("`{what}` must not be empty"));
    }
    // An empty list is how a job takes away what it extends.
    let found = read::strings(entry, what, report).unwrap_or_default();
    for (path, mark) in &found {
        if path.is_empty() {
            report.error(*mark, format!("`{what}` has an empty entry"));
        } else {
            inside(path, *mark, "artifacts outside of the project's folder are not kept", report);
        }
    }
    found.into_iter().map(|(path, _)| path).collect()
}

/// Warns of a path that leaves the project's folder.
pub(super) fn inside(path: &str, mark: Mark, message: &str, report: &mut Report) {
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        let problem = Problem::warning(mark, message);
        report.add(problem.hint("write the path relative to the project's folder"));
    }
}

fn expiry(entry: &Entry, report: &mut Report) -> Option<Expiry> {
    let text = read::text(entry, "expire_in", report)?;
    if duration::is_never(&text) {
        return Some(Expiry::Never);
    }
    policy::seconds(&text, entry.value_mark(), report).map(Expiry::After)
}

fn expose_as(entry: &Entry, has_paths: bool, paths: &[String], report: &mut Report) -> Option<String> {
    let title = read::text(entry, "expose_as", report)?;
    if title.chars().count() > 100 || !title.chars().all(|c| c.is_alphanumeric() || " _-".contains(c)) {
        let message = "`expose_as` is made of up to 100 letters, digits, spaces, `_` and `-`";
        report.error(entry.value_mark(), message);
    }
    if !has_paths {
        report.error(entry.mark, "`expose_as` needs `paths`: what it shows");
    } else if let Some(path) = paths.iter().find(|path| path.contains(['*', '$'])) {
        let message = format!("`expose_as` shows plain paths, and `{path}` is a pattern or holds a variable");
        report.error(entry.mark, message);
    }
    Some(title)
}

fn access(map: &Map, spec: &mut ArtifactSpec, report: &mut Report) {
    if let Some(public) = map.get("public") {
        if let Some(other) = map.get("access") {
            report
                .add(Problem::error(other.mark, "`access` does not stand beside `public`").hint("leave `public` out"));
        }
        if read::boolean(public, "public", report) == Some(false) {
            spec.access = Access::Developer;
        }
    }
    if let Some(entry) = map.get("access") {
        spec.access = read::word(&entry.value, entry.value_mark(), "access", ACCESS, report).unwrap_or_default();
    }
}

fn reports_of(entry: &Entry, report: &mut Report) -> Vec<Kept> {
    let Some(map) = read::map(entry, "reports", report) else { return Vec::new() };
    read::only_known(map, Place::Reports, report);
    let mut all = Vec::new();
    for item in &map.entries {
        let kind = &*item.key;
        if !is_known(Place::Reports, kind) {
            continue;
        }
        if kind == "coverage_report" {
            // Of all reports it alone may be `null`, which takes it away.
            all.extend(coverage(item, report));
            continue;
        }
        if matches!(item.value.kind, Kind::Null) {
            report.error(item.mark, format!("`{kind}` must not be empty"));
            continue;
        }
        if ONE_PATH.contains(&kind) && matches!(item.value.kind, Kind::List(_)) {
            report.error(item.value_mark(), format!("`{kind}` is one path, not a list"));
            continue;
        }
        let mut paths = Vec::new();
        if matches!(&item.value.kind, Kind::List(items) if items.is_empty()) {
            report.error(item.mark, format!("`{kind}` must not be an empty list"));
        }
        for path in read::one_or_many(item) {
            match &path.kind {
                Kind::Scalar(Scalar { text, value: Value::Text, .. }) if !text.is_empty() => {
                    inside(text, path.mark, "reports outside of the project's folder are not kept", report);
                    paths.push(String::from(&**text));
                }
                _ => read::mismatch(report, path.mark, kind, "a path (a string) or a list of paths", path),
            }
        }
        if !paths.is_empty() {
            all.push(Kept { kind: kind.to_owned(), paths, format: None });
        }
    }
    all
}

fn coverage(entry: &Entry, report: &mut Report) -> Option<Kept> {
    let map = read::map(entry, "coverage_report", report)?;
    read::only_known(map, Place::CoverageReport, report);
    let format = map
        .get("coverage_format")
        .and_then(|entry| read::word(&entry.value, entry.value_mark(), "coverage_format", FORMATS, report));
    let path = map.get("path").and_then(|entry| read::text(entry, "path", report));
    let is_there = |key: &str| map.get(key).is_some() || is_mistyped(map, Place::CoverageReport, &[key]);
    let missing = |key: &&str| !entry.value.broken && !is_there(key);
    for key in ["coverage_format", "path"].into_iter().filter(missing) {
        report.error(entry.mark, format!("`coverage_report` needs `{key}`"));
    }
    Some(Kept { kind: "coverage_report".to_owned(), paths: vec![path?], format: Some(format?.to_owned()) })
}
