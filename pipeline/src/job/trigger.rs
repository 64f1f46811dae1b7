//! `trigger`: jobs that start a child pipeline.

use model::plan::{Forward, Inputs, Strategy, Trigger, TriggerInclude};

use crate::include::{input_places, is_project_path, read_inputs};
use crate::keywords::{self, Place};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Node, Scalar, Tree, Value};

/// Most files of a child's definition (contracts/ci-yaml.md, limits).
const MAX_INCLUDES: usize = 3;

const STRATEGIES: &[(&str, Strategy)] = &[("depend", Strategy::Depend), ("mirror", Strategy::Mirror)];

/// The keywords that such a job may have.
pub(crate) const ALLOWED: &[&str] = &[
    "trigger",
    "stage",
    "needs",
    "rules",
    "only",
    "except",
    "when",
    "variables",
    "extends",
    "inherit",
    "environment",
    "resource_group",
    "allow_failure",
    "interruptible",
    "parallel",
    "manual_confirmation",
];

/// Where a file of a child's definition is named, and the values of its inputs.
#[derive(Clone, Debug)]
pub(crate) struct IncludePlace {
    pub mark: Mark,
    pub inputs: Vec<(String, Mark)>,
}

/// Returns it, and where each of its files is named.
pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<(Trigger, Vec<IncludePlace>)> {
    let map = match &entry.value.kind {
        Kind::Null | Kind::Broken => return None,
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) => {
            report.add(if is_project_path(text) {
                keywords::unsupported(Place::Trigger, "project", entry.mark)
            } else {
                Problem::error(entry.value_mark(), "`trigger` must be a mapping with `include`, not a string")
                    .hint("`include: ci/child.yml` under it starts a child pipeline")
            });
            return None;
        }
        Kind::Map(map) => map,
        _ => {
            read::mismatch(report, entry.value_mark(), "trigger", "a mapping with `include`", &entry.value);
            return None;
        }
    };
    read::only_known(map, Place::Trigger, report);
    let strategy = map
        .get("strategy")
        .and_then(|entry| read::word(&entry.value, entry.value_mark(), "strategy", STRATEGIES, report))
        .unwrap_or_default();
    let forward = map.get("forward").map(|entry| forward(entry, report)).unwrap_or_default();
    let Some(include) = map.get("include") else {
        let is_mistyped = keywords::is_mistyped(map, Place::Trigger, &["include"]);
        if map.get("project").is_none() && !entry.value.broken && !is_mistyped {
            let problem = Problem::error(entry.mark, "`trigger` needs `include`: the child's definition");
            report.add(problem.hint("`include: ci/child.yml`"));
        }
        return None;
    };
    let items = read::one_or_many(include);
    if items.is_empty() && !include.value.broken {
        report.add(no_file(include.mark));
    }
    let (mut files, mut marks) = (Vec::new(), Vec::new());
    for item in items {
        if let Some(file) = file(item, report) {
            files.push(file);
            let inputs = item.as_map().map(input_places).unwrap_or_default();
            marks.push(IncludePlace { mark: item.mark, inputs });
        }
    }
    if files.len() > MAX_INCLUDES {
        report.error(
            include.mark,
            format!("a child pipeline is made of at most {MAX_INCLUDES} files, not {}", files.len()),
        );
    }
    (!files.is_empty()).then_some((Trigger { include: files, strategy, forward }, marks))
}

fn file(item: &Tree, report: &mut Report) -> Option<TriggerInclude> {
    let map = match &item.kind {
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) if !text.is_empty() => {
            return Some(TriggerInclude::Local { path: text.to_string(), inputs: Inputs::new() });
        }
        Kind::Scalar(Scalar { value: Value::Text, .. }) => {
            report.add(no_file(item.mark));
            return None;
        }
        Kind::Map(map) => map,
        _ => {
            read::mismatch(report, item.mark, "an entry of `include`", "a path (a string) or a mapping", item);
            return None;
        }
    };
    read::only_known(map, Place::TriggerInclude, report);
    let inputs = map.get("inputs").and_then(|entry| read_inputs(entry, report)).unwrap_or_default();
    let text = |key: &str, report: &mut Report| map.get(key).and_then(|entry| read::text(entry, key, report));
    if map.get("local").is_some() {
        for other in ["artifact", "job"].into_iter().filter_map(|key| map.get(key)) {
            report.error(other.mark, format!("`{}` does not stand beside `local`", other.key));
        }
        return text("local", report).map(|path| TriggerInclude::Local { path, inputs });
    }
    if map.get("artifact").is_some() {
        let (path, job) = (text("artifact", report), text("job", report));
        let is_there = map.get("job").is_some() || keywords::is_mistyped(map, Place::TriggerInclude, &["job"]);
        if !is_there && !item.broken {
            report.error(item.mark, "`artifact` needs `job`: which job makes it");
        }
        return path.zip(job).map(|(path, job)| TriggerInclude::Artifact { path, job, inputs });
    }
    let is_mistyped = keywords::is_mistyped(map, Place::TriggerInclude, &["local", "artifact"]);
    if !other_place(map) && !item.broken && !is_mistyped {
        missing(item, report);
    }
    None
}

/// Whether the file comes from a place whose keyword was refused.
fn other_place(map: &Map) -> bool {
    ["project", "template", "component", "remote"].iter().any(|key| map.get(key).is_some())
}

fn no_file(mark: Mark) -> Problem {
    Problem::error(mark, "`include` of a `trigger` must name a file").hint("`include: ci/child.yml`")
}

fn missing(item: &Node, report: &mut Report) {
    let problem = Problem::error(item.mark, "an entry of `trigger:include` names `local`, or `artifact` and `job`");
    report.add(problem.hint("`- local: ci/child.yml`"));
}

fn forward(entry: &Entry, report: &mut Report) -> Forward {
    let mut forward = Forward::default();
    let Some(map) = read::map(entry, "forward", report) else { return forward };
    read::only_known(map, Place::Forward, report);
    let mut flag = |key: &str, value: &mut bool| {
        if let Some(given) = map.get(key).and_then(|entry| read::boolean(entry, key, report)) {
            *value = given;
        }
    };
    flag("yaml_variables", &mut forward.yaml_variables);
    flag("pipeline_variables", &mut forward.pipeline_variables);
    forward
}
