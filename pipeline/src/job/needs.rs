//! `needs` of one job, by itself.

use model::plan::Need;

use crate::keywords::Place;
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Scalar, Tree, Value};

/// Most needs of one job (contracts/ci-yaml.md, limits).
const MAX_NEEDS: usize = 50;

/// A need and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct NeedDraft {
    pub need: Need,
    pub mark: Mark,
}

pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<Vec<NeedDraft>> {
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
    let mut needs = Vec::new();
    collect(items, 0, &mut needs, report);
    if needs.len() > MAX_NEEDS {
        let message = format!("`needs` lists {} jobs; {MAX_NEEDS} are allowed", needs.len());
        report.add(Problem::error(entry.mark, message).hint("put the needed jobs into an earlier stage instead"));
    }
    for (name, mark) in read::repeated(needs.iter().map(|draft| (draft.need.job.as_str(), draft.mark))) {
        report.error(mark, format!("`{name}` is needed twice"));
    }
    Some(needs)
}

fn collect(items: &[Tree], level: usize, needs: &mut Vec<NeedDraft>, report: &mut Report) {
    for item in items {
        match &item.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) if !text.is_empty() => needs.push(NeedDraft {
                need: Need { job: text.to_string(), artifacts: true, optional: false },
                mark: item.mark,
            }),
            Kind::Map(map) => {
                read::only_known(map, Place::Need, report);
                // A need of another kind was refused by its own keyword.
                if map.entries.iter().any(|e| matches!(&*e.key, "pipeline" | "project")) {
                    continue;
                }
                let Some(job) = map.get("job") else {
                    report.add(Problem::error(item.mark, "this need does not say which `job`").hint("`- job: build`"));
                    continue;
                };
                let flag = |key: &str, report: &mut Report| map.get(key).and_then(|e| read::boolean(e, key, report));
                let artifacts = flag("artifacts", report).unwrap_or(true);
                let optional = flag("optional", report).unwrap_or(false);
                if matches!(job.value.kind, Kind::Null) {
                    report.error(job.mark, "`job` must not be empty");
                } else if let Some(name) = read::text(job, "job", report) {
                    needs.push(NeedDraft { need: Need { job: name, artifacts, optional }, mark: job.value_mark() });
                }
            }
            // What a reference brings is a list of its own.
            Kind::List(inner) if level < 10 => collect(inner, level + 1, needs, report),
            Kind::Null => report.error(item.mark, "`needs` has an empty entry"),
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
