//! `needs` and `dependencies` of one job, by themselves.

use model::plan::ParentNeed;

use super::parallel::{Selection, selections};
use crate::keywords::{Place, is_mistyped};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Node, Scalar, Tree, Value};

/// Most needs of one job (contracts/ci-yaml.md, limits).
pub(crate) const MAX_NEEDS: usize = 50;

/// A need as it is written.
#[derive(Clone, Debug)]
pub(crate) struct NeedDraft {
    /// The name in the file.
    pub job: String,
    pub artifacts: bool,
    pub optional: bool,
    /// Whether it chooses no instances.
    pub is_whole: bool,
    /// Which instances of the job; `None` means all.
    pub selections: Option<Vec<Selection>>,
    pub mark: Mark,
}

/// Everything under `needs`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    /// Jobs of this run.
    pub jobs: Vec<NeedDraft>,
    /// Jobs of the run above.
    pub parents: Vec<ParentNeed>,
}

pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<Needs> {
    let items = match &entry.value.kind {
        Kind::Null | Kind::Broken => return None,
        Kind::List(items) => items,
        Kind::Scalar(scalar) => {
            let message = format!("`needs` must be a list, not {}", scalar.describe());
            report.add(Problem::error(entry.value_mark(), message).hint(format!("`needs: [{}]`", scalar.text)));
            return None;
        }
        _ => {
            read::mismatch(report, entry.value_mark(), "needs", "a list", &entry.value);
            return None;
        }
    };
    let mut needs = Needs::default();
    collect(items, 0, &mut needs, report);
    if needs.jobs.len() > MAX_NEEDS {
        let message = format!("`needs` lists {} jobs; {MAX_NEEDS} are allowed", needs.jobs.len());
        report.add(Problem::error(entry.mark, message).hint("put the needed jobs into an earlier stage instead"));
    }
    let whole = needs.jobs.iter().filter(|draft| draft.is_whole);
    for (name, mark) in read::repeated(whole.map(|draft| (draft.job.as_str(), draft.mark))) {
        report.error(mark, format!("`{name}` is needed twice"));
    }
    Some(needs)
}

fn collect(items: &[Tree], level: usize, needs: &mut Needs, report: &mut Report) {
    for item in items {
        match &item.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) if !text.is_empty() => {
                let need = NeedDraft {
                    job: String::from(&**text),
                    artifacts: true,
                    optional: false,
                    is_whole: true,
                    selections: None,
                    mark: item.mark,
                };
                needs.jobs.push(need);
            }
            Kind::Scalar(Scalar { value: Value::Text, .. }) | Kind::Null => {
                report.error(item.mark, "`needs` has an empty entry");
            }
            Kind::Map(map) => one(map, item, needs, report),
            // What a reference brings is a list of its own.
            Kind::List(inner) if level < read::MAX_LIST_NESTING => collect(inner, level + 1, needs, report),
            _ => read::mismatch(
                report,
                item.mark,
                "an entry of `needs`",
                "the name of a job (a string) or a mapping with `job`",
                item,
            ),
        }
    }
}

fn one(map: &Map, item: &Node, needs: &mut Needs, report: &mut Report) {
    read::only_known(map, Place::Need, report);
    let flag = |key: &str, report: &mut Report| map.get(key).and_then(|entry| read::boolean(entry, key, report));
    let artifacts = flag("artifacts", report).unwrap_or(true);
    let optional = flag("optional", report).unwrap_or(false);
    let text = |key: &str, report: &mut Report| map.get(key).and_then(|entry| read::text(entry, key, report));
    let (name, pipeline) = (text("job", report), text("pipeline", report));
    let given_pipeline = map.get("pipeline");
    let parallel = map.written("parallel");
    let selections = parallel.filter(|_| given_pipeline.is_none()).and_then(|parallel| of_instances(parallel, report));
    // A need of another kind was refused by its own keyword.
    if map.get("project").is_some() || is_mistyped(map, Place::Need, &["pipeline", "project"]) {
        return;
    }
    if let Some(empty) = map.written("pipeline").filter(|entry| matches!(entry.value.kind, Kind::Null)) {
        return report.error(empty.mark, "`pipeline` must not be empty: without it a job of this run is meant");
    }
    let Some(job) = map.get("job") else {
        if item.broken || is_mistyped(map, Place::Need, &["job"]) {
            return;
        }
        let problem = Problem::error(item.mark, "this need does not say which `job`");
        report.add(match given_pipeline {
            Some(_) => problem.hint("mirroring another pipeline is not supported by this server"),
            None => problem.hint("`- job: build`"),
        });
        return;
    };
    if let Some(entry) = given_pipeline {
        if let Some(text) = pipeline.as_ref().filter(|text| !text.contains('$')) {
            let problem = Problem::error(entry.value_mark(), format!("`{text}` is not the number of the run above"));
            report.add(problem.hint("a child pipeline gets it as a variable: `$PARENT_PIPELINE_ID`"));
        }
        if let Some(other) = map.get("parallel") {
            report.error(other.mark, "`parallel` does not stand beside `pipeline`: all instances are meant");
        }
        let both = pipeline.zip(name);
        needs.parents.extend(both.map(|(pipeline, job)| ParentNeed { pipeline, job, artifacts, optional }));
        return;
    }
    let mark = job.value_mark();
    needs.jobs.extend(name.map(|job| NeedDraft {
        job,
        artifacts,
        optional,
        is_whole: parallel.is_none(),
        selections,
        mark,
    }));
}

/// `needs:parallel`: which instances.
fn of_instances(entry: &Entry, report: &mut Report) -> Option<Vec<Selection>> {
    let Kind::Map(map) = &entry.value.kind else {
        read::mismatch(report, entry.value_mark(), "parallel", "a mapping with `matrix`", &entry.value);
        return None;
    };
    read::only_known(map, Place::NeedParallel, report);
    let Some(matrix) = map.written("matrix") else {
        if !is_mistyped(map, Place::NeedParallel, &["matrix"]) {
            report.error(entry.mark, "`parallel` of a need names a `matrix`");
        }
        return None;
    };
    selections(matrix, report)
}

/// `dependencies`: names of jobs, each with its place.
pub(crate) fn dependencies(entry: &Entry, report: &mut Report) -> Option<Vec<(String, Mark)>> {
    let found = read::strings(entry, "dependencies", report)?;
    for (name, mark) in read::repeated(found.iter().map(|(name, mark)| (name.as_str(), *mark))) {
        report.error(mark, format!("`{name}` is listed twice"));
    }
    Some(found)
}
