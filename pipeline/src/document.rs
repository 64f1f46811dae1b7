//! The top of the file: which entries are keywords, which are jobs, and what the keywords say.

use model::plan::{AutoCancel, FormVariable, OnJobFailure, OnNewCommit, Variable};

use crate::job::{self, Places, Variables};
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
    /// Whether that are all of them: one that could not be read is not there.
    pub has_all_stages: bool,
    pub variables: Vec<Variable>,
    pub variable_places: Places,
    pub form: Vec<FormVariable>,
    pub workflow: Workflow,
    /// The keys of `default` that are understood, and the old ones at the top of the file.
    pub default: Map,
}

/// `workflow`, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workflow {
    /// The rules, and where they are.
    pub rules: Option<(Vec<Rule>, Mark)>,
    pub name: Option<String>,
    pub auto_cancel: AutoCancelRule,
}

/// What `auto_cancel` says, of the workflow or of one of its rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AutoCancelRule {
    pub on_new_commit: Option<OnNewCommit>,
    pub on_job_failure: Option<OnJobFailure>,
}

impl AutoCancelRule {
    /// What holds when a rule says `self` and the workflow says `below`.
    pub fn over(self, below: Self) -> AutoCancel {
        AutoCancel {
            on_new_commit: self.on_new_commit.or(below.on_new_commit).unwrap_or_default(),
            on_job_failure: self.on_job_failure.or(below.on_job_failure).unwrap_or_default(),
        }
    }
}

/// Keywords that stood at the top of the file before there was `default`.
const OLD_DEFAULTS: &[&str] = &["image", "services", "cache", "before_script", "after_script"];

impl Globals {
    /// Values and bytes that every job takes over.
    pub fn cost(&self) -> (usize, usize) {
        let of_workflow = self.workflow.rules.iter().flat_map(|(rules, _)| rules).map(|rule| rule.variables.len());
        let variables = self.variables.iter().map(|variable| variable.key.len() + variable.value.len());
        let default = self.default.entries.iter().map(|entry| (entry.value.nodes, entry.value.bytes));
        let start = (self.variables.len() + of_workflow.max().unwrap_or(0), variables.sum());
        default.fold(start, |(values, bytes), (more, more_bytes)| (values + more, bytes + more_bytes))
    }
}

/// Reads the keywords; `top` is the file after `extends`.
pub(crate) fn read_globals(top: &Map, conditions: &mut Conditions, report: &mut Report) -> Globals {
    let mut globals = Globals {
        stages: with_edges(["build", "test", "deploy"].map(String::from)),
        has_all_stages: true,
        ..Globals::default()
    };
    for entry in &top.entries {
        match &*entry.key {
            "stages" => {
                report.about("stages");
                let errors = report.errors();
                let stages = stages(entry, report);
                globals.has_all_stages = !entry.value.broken && errors == report.errors();
                if !globals.has_all_stages || stages.is_some() {
                    globals.stages = with_edges(stages.unwrap_or_default());
                }
            }
            "variables" => {
                report.about("variables");
                (globals.variables, globals.form) = job::read_variables(entry, Variables::Global, report);
                globals.variable_places = job::places_of_variables(entry);
            }
            "default" => {
                report.about("default");
                if let Some(default) = read::map(entry, "default", report) {
                    add_defaults(default, &mut globals, report);
                }
            }
            name if OLD_DEFAULTS.contains(&name) => {
                report.about("default");
                add_defaults(&Map { entries: vec![entry.clone()] }, &mut globals, report);
            }
            "workflow" => {
                report.about("workflow");
                globals.workflow = workflow(entry, conditions, report);
            }
            // It was read before everything else; here it is only left when that failed.
            "include" => {}
            name if keywords::is_known(Place::Global, name) && !keywords::is_supported(Place::Global, name) => {
                report.add(keywords::unsupported(Place::Global, name, entry.mark).topic("not-supported"));
            }
            "spec" => {
                report.about("inputs");
                let problem = Problem::error(entry.mark, "`spec` stands in a document of its own");
                report.add(problem.hint("put it at the top, and a line `---` after it"));
            }
            _ => {}
        }
    }
    // Stages under a name with a typing error are not known.
    let is_like_stages =
        |entry: &Entry| matches!(entry.value.kind, Kind::List(_)) && global_keyword_like(&entry.key) == Some("stages");
    if top.get("stages").is_none() && top.entries.iter().any(is_like_stages) {
        (globals.stages, globals.has_all_stages) = (with_edges([]), false);
    }
    globals
}

fn add_defaults(default: &Map, globals: &mut Globals, report: &mut Report) {
    job::check_default(default, report);
    for entry in &default.entries {
        if !keywords::is_supported(Place::Default, &entry.key) || matches!(entry.value.kind, Kind::Null) {
            continue;
        }
        if globals.default.get(&entry.key).is_some() {
            let message = format!("`{}` is given at the top of the file and under `default`", entry.key);
            report.add(Problem::error(entry.mark, message).hint("keep the one under `default`"));
        }
        globals.default.entries.push(entry.clone());
    }
}

fn workflow(entry: &Entry, conditions: &mut Conditions, report: &mut Report) -> Workflow {
    let Some(map) = read::map(entry, "workflow", report) else { return Workflow::default() };
    read::only_known(map, Place::Workflow, report);
    Workflow {
        name: map.get("name").and_then(|entry| read::text(entry, "name", report)),
        auto_cancel: map.get("auto_cancel").map(|entry| auto_cancel(entry, report)).unwrap_or_default(),
        rules: map.get("rules").and_then(|rules| {
            rules::read(rules, Place::WorkflowRule, conditions, report).map(|found| (found, rules.mark))
        }),
    }
}

const ON_NEW_COMMIT: &[(&str, OnNewCommit)] = &[
    ("conservative", OnNewCommit::Conservative),
    ("interruptible", OnNewCommit::Interruptible),
    ("none", OnNewCommit::None),
];

const ON_JOB_FAILURE: &[(&str, OnJobFailure)] = &[("none", OnJobFailure::None), ("all", OnJobFailure::All)];

/// Reads `auto_cancel`.
pub(crate) fn auto_cancel(entry: &Entry, report: &mut Report) -> AutoCancelRule {
    let Some(map) = read::map(entry, "auto_cancel", report) else { return AutoCancelRule::default() };
    read::only_known(map, Place::AutoCancel, report);
    let on_new_commit = map
        .get("on_new_commit")
        .and_then(|entry| read::word(&entry.value, entry.value_mark(), "on_new_commit", ON_NEW_COMMIT, report));
    let on_job_failure = map
        .get("on_job_failure")
        .and_then(|entry| read::word(&entry.value, entry.value_mark(), "on_job_failure", ON_JOB_FAILURE, report));
    AutoCancelRule { on_new_commit, on_job_failure }
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

/// The entries that are keywords.
pub(crate) fn globals(top: &Map) -> impl Iterator<Item = &Entry> {
    top.entries.iter().filter(|entry| keywords::is_known(Place::Global, &entry.key))
}

/// The entries that are jobs of the run: no keywords, not hidden. Reports what is neither.
pub(crate) fn jobs<'t>(top: &'t Map, report: &mut Report) -> Vec<(&'t Entry, Option<&'t Map>)> {
    report.about("jobs");
    let mut jobs = Vec::new();
    for (i, entry) in top.entries.iter().enumerate() {
        if entry.key.starts_with('.') || keywords::is_known(Place::Global, &entry.key) {
            continue;
        }
        // What was to be in it lost its indentation, and is told to stand there.
        let lost = || top.entries.get(i + 1).is_some_and(is_of_job_alone);
        match &entry.value.kind {
            Kind::Map(body) if is_foreign(entry, body) => {
                report.add(keywords::unsupported(Place::Global, &entry.key, entry.mark).topic("keywords-of-the-file"));
            }
            Kind::Map(body) if !is_mistyped_keyword(entry, body) => jobs.push((entry, Some(body))),
            Kind::Broken => jobs.push((entry, None)),
            Kind::Null if lost() => jobs.push((entry, None)),
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

/// A keyword that stands in jobs and nowhere else.
fn is_of_job_alone(entry: &Entry) -> bool {
    keywords::is_known(Place::Job, &entry.key) && !keywords::is_known(Place::Global, &entry.key)
}

/// A mapping that can be no job and whose name is nearly a keyword: `variable:`, `defaults:`.
fn is_mistyped_keyword(entry: &Entry, body: &Map) -> bool {
    !makes_a_job(body) && global_keyword_like(&entry.key).is_some()
}

/// A keyword of another language, under which stands nothing that a job has.
fn is_foreign(entry: &Entry, body: &Map) -> bool {
    let is_of_job = |entry: &Entry| keywords::is_known(Place::Job, &entry.key);
    keywords::is_foreign(Place::Global, &entry.key) && !body.entries.iter().any(is_of_job)
}

fn makes_a_job(body: &Map) -> bool {
    // That it extends what is not known makes none: it may be a keyword with a typing error all the same.
    let makes = |entry: &Entry| match &*entry.key {
        "script" | "trigger" | "run" => true,
        "extends" => !matches!(entry.value.kind, Kind::Broken),
        _ => false,
    };
    body.entries.iter().any(makes)
}

fn global_keyword_like(name: &str) -> Option<&'static str> {
    closest(name, keywords::KEYWORDS.iter().filter(|k| k.place == Place::Global).map(|k| k.name))
}

fn stranger(entry: &Entry) -> Problem {
    let name = &*entry.key;
    if keywords::is_foreign(Place::Global, name) {
        return keywords::unsupported(Place::Global, name, entry.mark).topic("keywords-of-the-file");
    }
    if keywords::is_known(Place::Job, name) {
        let problem = Problem::error(entry.mark, format!("`{name}` does not stand at the top of the file"));
        let problem = problem.topic("keywords-of-the-file");
        return match global_keyword_like(name) {
            Some(close) => problem.hint(format!("it belongs in a job; or did you mean `{close}`?")),
            None => problem.hint("it belongs in a job"),
        };
    }
    let message =
        format!("`{name}` is neither a keyword nor a job: a job is a mapping, not {}", entry.value.describe());
    let of_jobs = keywords::KEYWORDS.iter().filter(|one| one.place == Place::Job).map(|one| one.name);
    let of_a_job = |text: &str| {
        let (key, rest) = text.split_once(':')?;
        (keywords::is_known(Place::Job, key) && !rest.starts_with(' ')).then(|| key.to_owned())
    };
    if let Kind::Scalar(scalar) = &entry.value.kind
        && let Some(key) = of_a_job(&scalar.text)
    {
        return Problem::error(entry.value.mark, format!("there is no space after `{key}:`"));
    }
    if let Some(hint) = keywords::odd_space(name) {
        return Problem::error(entry.mark, message).hint(hint);
    }
    let hint = match (global_keyword_like(name), closest(name, of_jobs)) {
        (Some(close), _) => format!("did you mean `{close}`?"),
        (None, Some(close)) => format!("did you mean `{close}`? it belongs in a job"),
        (None, None) => "a name that begins with a dot may have any value".to_owned(),
    };
    Problem::error(entry.mark, message).hint(hint)
}

/// Where a finding about the whole file is shown: its first key, or its start when nothing but `include` stands there.
pub(crate) fn first_mark(top: &Map) -> Mark {
    top.entries.first().map_or(Mark::start_of(0), |entry| entry.mark)
}
