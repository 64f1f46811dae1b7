//! `artifacts`.

use model::plan::{ArtifactSpec, When};

use crate::keywords::Place;
use crate::read;
use crate::source::{Problem, Report};
use crate::yaml::{Entry, Kind};

const WHEN: &[(&str, When)] =
    &[("on_success", When::OnSuccess), ("on_failure", When::OnFailure), ("always", When::Always)];

pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<ArtifactSpec> {
    let map = read::map(entry, "artifacts", report)?;
    read::only_known(map, Place::Artifacts, report);
    let when = map
        .get("when")
        .filter(|when| !matches!(when.value.kind, Kind::Null))
        .and_then(|when| read::word(&when.value, when.value_mark(), "when", WHEN, report))
        .unwrap_or_default();
    let Some(paths) = map.get("paths") else {
        if map.entries.iter().all(|entry| &*entry.key == "when") {
            report.add(Problem::warning(entry.mark, "`artifacts` without `paths` keeps nothing"));
        }
        return None;
    };
    let paths: Vec<_> = match read::strings(paths, "paths", report) {
        Some(found) if found.is_empty() => {
            report.error(paths.mark, "`paths` must not be an empty list");
            return None;
        }
        Some(found) => found,
        None if matches!(paths.value.kind, Kind::Null) => {
            report.error(paths.mark, "`paths` must not be empty");
            return None;
        }
        None => return None,
    };
    for (path, mark) in &paths {
        if path.is_empty() {
            report.error(*mark, "`paths` has an empty entry");
        } else if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            let problem = Problem::warning(*mark, "artifacts outside of the project's folder are not kept");
            report.add(problem.hint("write the path relative to the project's folder"));
        }
    }
    Some(ArtifactSpec { paths: paths.into_iter().map(|(path, _)| path).collect(), when })
}
