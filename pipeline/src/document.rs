//! The top of the file: which entries are keywords, which are jobs, and what the keywords say.

use model::plan::{FormVariable, Variable};

use crate::job::{self, Variables};
use crate::keywords::{self, Place, closest};
use crate::read;
use crate::rules::{self, Conditions, Rule};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map};

const FIRST: &str = ".pre";
const LAST: &str = ".post";

/// The keywords of the file, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Globals {
    /// In order, `.pre` first and `.post` last.
    pub stages: Vec<String>,
    pub variables: Vec<Variable>,
    pub form: Vec<FormVariable>,
    /// The rules of `workflow`, and where they are.
    pub workflow: Option<(Vec<Rule>, Mark)>,
    /// The keys of `default` that are understood.
    pub default: Map,
}

impl Globals {
    /// Bytes that the variables add to every job.
    pub fn variables_bytes(&self) -> usize {
        self.variables.iter().map(|variable| variable.key.len() + variable.value.len()).sum()
    }
}

/// Reads the keywords; `top` is the file after `extends`.
pub(crate) fn read_globals(top: &Map, conditions: &mut Conditions, report: &mut Report) -> Globals {
    let mut globals =
        Globals { stages: with_edges(["build", "test", "deploy"].map(String::from)), ..Globals::default() };
    for entry in &top.entries {
        match &*entry.key {
            "stages" => {
                if let Some(stages) = stages(entry, report) {
                    globals.stages = with_edges(stages);
                }
            }
            "variables" => (globals.variables, globals.form) = job::read_variables(entry, Variables::Global, report),
            "default" => {
                if let Some(default) = read::map(entry, "default", report) {
                    job::check_default(default, report);
                    let given = |e: &&Entry| {
                        keywords::is_supported(Place::Default, &e.key) && !matches!(e.value.kind, Kind::Null)
                    };
                    globals.default.entries = default.entries.iter().filter(given).cloned().collect();
                }
            }
            "workflow" => globals.workflow = workflow(entry, conditions, report),
            name if keywords::is_known(Place::Global, name) => {
                report.add(keywords::unsupported(Place::Global, name, entry.mark));
            }
            _ => {}
        }
    }
    globals
}

fn workflow(entry: &Entry, conditions: &mut Conditions, report: &mut Report) -> Option<(Vec<Rule>, Mark)> {
    let map = read::map(entry, "workflow", report)?;
    read::only_known(map, Place::Workflow, report);
    let rules = map.get("rules")?;
    rules::read(rules, Place::WorkflowRule, conditions, report).map(|found| (found, rules.mark))
}

fn stages(entry: &Entry, report: &mut Report) -> Option<Vec<String>> {
    let found = read::strings(entry, "stages", report)?;
    for (name, mark) in &found {
        job::check_name(name, "a stage", *mark, report);
    }
    Some(found.into_iter().map(|(name, _)| name).collect())
}

fn with_edges(stages: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut all = vec![FIRST.to_owned()];
    let mut seen = std::collections::HashSet::from([FIRST.to_owned(), LAST.to_owned()]);
    all.extend(stages.into_iter().filter(|stage| seen.insert(stage.clone())));
    all.push(LAST.to_owned());
    all
}

/// Whether a stage is one of the two that do not make a run by themselves.
pub(crate) fn is_edge(stage: &str) -> bool {
    stage == FIRST || stage == LAST
}

/// The entries that are jobs of the run: no keywords, not hidden. Reports what is neither.
pub(crate) fn jobs<'t>(top: &'t Map, report: &mut Report) -> Vec<(&'t Entry, Option<&'t Map>)> {
    let mut jobs = Vec::new();
    for entry in &top.entries {
        if entry.key.starts_with('.') || keywords::is_known(Place::Global, &entry.key) {
            continue;
        }
        match &entry.value.kind {
            Kind::Map(body) if !is_mistyped_keyword(entry, body) => jobs.push((entry, Some(body))),
            Kind::Broken => jobs.push((entry, None)),
            Kind::Null => {
                let problem = Problem::error(entry.mark, format!("the job `{}` is empty", entry.key));
                report.add(problem.hint("give it a `script`"));
                jobs.push((entry, None));
            }
            Kind::Map(_) => {
                let problem =
                    Problem::error(entry.mark, format!("`{}` looks neither like a keyword nor like a job", entry.key));
                let close = global_keyword_like(&entry.key).unwrap_or_default();
                report.add(problem.hint(format!("did you mean `{close}`? a job has a `script`")));
            }
            _ => report.add(stranger(entry)),
        }
    }
    jobs
}

/// A mapping that looks like no job and whose name is nearly a keyword: `variable:`, `defaults:`.
fn is_mistyped_keyword(entry: &Entry, body: &Map) -> bool {
    global_keyword_like(&entry.key).is_some()
        && !body
            .entries
            .iter()
            .any(|e| keywords::is_known(Place::Job, &e.key) && !keywords::is_known(Place::Default, &e.key))
}

fn global_keyword_like(name: &str) -> Option<&'static str> {
    closest(name, keywords::KEYWORDS.iter().filter(|k| k.place == Place::Global).map(|k| k.name))
}

fn stranger(entry: &Entry) -> Problem {
    let name = &*entry.key;
    if keywords::is_known(Place::Job, name) {
        let problem = Problem::error(entry.mark, format!("`{name}` does not stand at the top of the file"));
        return match global_keyword_like(name) {
            Some(close) => problem.hint(format!("it belongs in a job; or did you mean `{close}`?")),
            None => problem.hint("it belongs in a job"),
        };
    }
    let message =
        format!("`{name}` is neither a keyword nor a job: a job is a mapping, not {}", entry.value.describe());
    let hint = global_keyword_like(name).map_or_else(
        || "a name that begins with a dot may have any value".to_owned(),
        |close| format!("did you mean `{close}`?"),
    );
    Problem::error(entry.mark, message).hint(hint)
}

/// Where a finding about the whole file is shown: its first key.
pub(crate) fn first_mark(top: &Map) -> Mark {
    top.entries.first().map_or_else(Mark::default, |entry| entry.mark)
}
