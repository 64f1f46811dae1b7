//! `rules`, of jobs, of the workflow and of includes (contracts/ci-yaml.md, part 3): read them, and
//! find the first one that applies.

mod conditions;
mod decide;
mod sources;

use std::collections::HashMap;
use std::rc::Rc;

use model::plan::{Variable, When};

pub(crate) use conditions::{Conditions, Search};
pub(crate) use decide::decide;
pub(crate) use sources::{is_source, never};

use crate::document::{self, AutoCancelRule};
use crate::expression::Expression;
use crate::job::{self, NeedDraft, Variables};
use crate::keywords::{self, Place};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Scalar, Tree, Value};

/// Most patterns of one `changes` or `exists` (contracts/ci-yaml.md, limits).
const MAX_PATTERNS: usize = 50;

/// One rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub mark: Mark,
    pub condition: Option<Condition>,
    pub changes: Option<Changes>,
    pub exists: Option<Exists>,
    pub when: Option<When>,
    pub start_in: Option<u32>,
    pub allow_failure: Option<bool>,
    pub interruptible: Option<bool>,
    pub variables: Vec<Variable>,
    pub variable_places: job::Places,
    pub needs: Option<Vec<NeedDraft>>,
    pub auto_cancel: AutoCancelRule,
}

impl Rule {
    /// Whether it has nothing that could fail to hold.
    pub fn always_applies(&self) -> bool {
        self.condition.is_none() && self.changes.is_none() && self.exists.is_none()
    }
}

/// `if`.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub expression: Rc<Expression>,
    pub text: Rc<str>,
    pub mark: Mark,
}

/// `changes`; nothing in it is expanded yet.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    pub paths: Vec<String>,
    pub compare_to: Option<String>,
}

/// `exists`; nothing in it is expanded yet.
#[derive(Clone, Debug)]
pub(crate) struct Exists {
    pub paths: Vec<String>,
    pub project: Option<String>,
    pub at: Option<String>,
}

/// The words of `when` in the rules of the workflow.
const WORKFLOW_WHEN: &[(&str, When)] = &[("always", When::Always), ("never", When::Never)];

/// Reads `rules`; `place` says whose. `None` means that there are none.
pub(crate) fn read(entry: &Entry, place: Place, conditions: &mut Conditions, report: &mut Report) -> Option<Vec<Rule>> {
    let items = match &entry.value.kind {
        Kind::Null | Kind::Broken => return None,
        Kind::List(items) => items,
        _ => {
            read::mismatch(report, entry.value_mark(), "rules", "a list", &entry.value);
            return None;
        }
    };
    let mut rules = Vec::new();
    let errors = report.errors();
    collect(items, 0, place, conditions, &mut rules, report);
    if rules.is_empty() && errors == report.errors() && !entry.value.broken {
        report.add(
            Problem::error(entry.mark, "`rules` must not be empty")
                .hint("leave the keyword out, or write `rules: null`"),
        );
    }
    if errors == report.errors() && !entry.value.broken {
        unreachable(&rules, place, conditions, report);
    }
    Some(rules)
}

/// What jobs and runs are told about themselves only when they exist: nothing that a rule could ask for
/// (contracts/ci-yaml.md, part 6).
const LATER: &[&str] = &[
    "CI_JOB_ID",
    "CI_JOB_URL",
    "CI_JOB_TOKEN",
    "CI_JOB_STARTED_AT",
    "CI_JOB_STATUS",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_URL",
    "CI_REPOSITORY_URL",
    "CI_PROJECT_DIR",
    "CI_BUILDS_DIR",
    "CI_CONCURRENT_ID",
    "CI_RUNNER_ID",
    "CI_RUNNER_DESCRIPTION",
    "CI_RUNNER_TAGS",
    "CI_RUNNER_SHORT_TOKEN",
    "CI_RUNNER_VERSION",
    "CI_SHARED_ENVIRONMENT",
    "CI_DISPOSABLE_ENVIRONMENT",
];

/// What only a job is told: the rules of the workflow and of includes are looked at before there are jobs.
const OF_JOBS: &[&str] = &["CI_JOB_", "CI_NODE_", "CI_ENVIRONMENT_"];

/// Whether nothing sets the variable before such rules are looked at.
fn is_told_later(name: &str, place: Place) -> bool {
    LATER.contains(&name) || (place != Place::Rule && OF_JOBS.iter().any(|start| name.starts_with(start)))
}

/// Warns of rules that never decide anything.
fn unreachable(rules: &[Rule], place: Place, conditions: &Conditions, report: &mut Report) {
    let always = rules.iter().position(Rule::always_applies);
    if let Some(always) = always
        && let Some(next) = rules.get(always + 1)
    {
        let line = rules[always].mark.span.line;
        let problem =
            Problem::warning(next.mark, format!("this rule is never reached: the one in line {line} always applies"));
        report.add(problem.hint("give that one an `if`, or move it to the end"));
    }
    let mut seen: HashMap<&str, u32> = HashMap::new();
    // Variables that are conditions by themselves.
    let mut set: HashMap<&str, u32> = HashMap::new();
    for rule in rules.iter().take(always.unwrap_or(rules.len())) {
        let lists = [
            (
                "changes",
                rule.changes.as_ref().map(|changes| &changes.paths),
                " where there is something to compare with",
            ),
            ("exists", rule.exists.as_ref().map(|exists| &exists.paths), ""),
        ];
        for (keyword, _, more) in lists.iter().filter(|(_, paths, _)| paths.is_some_and(Vec::is_empty)) {
            let message = format!("this rule can never apply{more}: its `{keyword}` lists no pattern");
            report.add(Problem::warning(rule.mark, message).hint(format!("leave `{keyword}` out, or list a pattern")));
        }
        let Some(condition) = &rule.condition else { continue };
        if report.written(condition.mark).contains("$[[") {
            // Other values of the inputs make another condition of it.
            continue;
        }
        sources::check(condition, conditions, report);
        let names = if set.is_empty() { Vec::new() } else { condition.expression.variables() };
        let taken = names
            .into_iter()
            .find_map(|name| set.get(name).filter(|_| conditions.needs(&condition.expression, name)).zip(Some(name)));
        if let Some(line) = seen.get(&*condition.text) {
            let message = format!("this rule is never reached: the one in line {line} has the same `if`");
            report.add(Problem::warning(rule.mark, message).hint("put their parts into one rule, or change the `if`"));
        } else if let Some((line, name)) = taken {
            let message =
                format!("this rule is never reached: the one in line {line} applies whenever `${name}` is set");
            report.add(Problem::warning(rule.mark, message).hint("put it before that one"));
        } else if let Some(why) = conditions.contradiction(&condition.expression, &|name| is_told_later(name, place)) {
            let problem = Problem::warning(condition.mark, format!("this rule can never apply: {why}"));
            let has_parts = matches!(*condition.expression, Expression::And(..) | Expression::Or(..));
            report.add(problem.maybe_hint(has_parts.then(|| "`||` means one or the other".to_owned())));
        }
        if rule.changes.is_none() && rule.exists.is_none() {
            seen.entry(&condition.text).or_insert(rule.mark.span.line);
            if let Expression::Variable(name) = &*condition.expression {
                set.entry(name).or_insert(rule.mark.span.line);
            }
        }
    }
}

fn collect(
    items: &[Tree],
    level: usize,
    place: Place,
    conditions: &mut Conditions,
    rules: &mut Vec<Rule>,
    report: &mut Report,
) {
    for item in items {
        match &item.kind {
            Kind::Map(map) => rules.push(rule(map, item.mark, place, conditions, report)),
            Kind::List(_) if level >= read::MAX_LIST_NESTING => {
                let message = format!("the lists of `rules` are nested deeper than {} levels", read::MAX_LIST_NESTING);
                report.error(item.mark, message);
            }
            // What a reference brings is a list of its own.
            Kind::List(inner) => collect(inner, level + 1, place, conditions, rules, report),
            Kind::Null => report.error(item.mark, "`rules` has an empty entry"),
            _ => read::mismatch(report, item.mark, "an entry of `rules`", "a mapping", item),
        }
    }
}

fn rule(map: &Map, mark: Mark, place: Place, conditions: &mut Conditions, report: &mut Report) -> Rule {
    read::only_known(map, place, report);
    let mut rule = Rule { mark, ..Rule::default() };
    for entry in &map.entries {
        let null = matches!(entry.value.kind, Kind::Null);
        match &*entry.key {
            _ if null && &*entry.key != "needs" => {}
            "if" => rule.condition = condition(entry, conditions, report),
            "changes" => rule.changes = changes(entry, report),
            "exists" => rule.exists = exists(entry, report),
            "when" if place == Place::Rule => rule.when = job::read_when(entry, report),
            "when" => {
                rule.when = read::word(&entry.value, entry.value_mark(), "when", WORKFLOW_WHEN, report);
            }
            "auto_cancel" if place == Place::WorkflowRule => {
                rule.auto_cancel = document::auto_cancel(entry, report);
            }
            "variables" if place != Place::IncludeRule => {
                rule.variables = job::read_variables(entry, Variables::Job, report).0;
                rule.variable_places = job::places_of_variables(entry);
            }
            _ if place != Place::Rule => {}
            "allow_failure" => rule.allow_failure = read::boolean(entry, "allow_failure", report),
            "interruptible" => rule.interruptible = read::boolean(entry, "interruptible", report),
            "start_in" => rule.start_in = job::read_start_in(entry, report),
            "needs" => {
                if null {
                    report.add(Problem::error(entry.mark, "`needs` must not be empty").hint("`needs: []` means none"));
                }
                let needs = job::read_needs(entry, report);
                if let Some(parent) = needs.as_ref().and_then(|needs| needs.parents.first()) {
                    report.error(
                        entry.mark,
                        format!("a need for the pipeline `{}` does not stand in a rule", parent.pipeline),
                    );
                }
                rule.needs = needs.map(|needs| needs.jobs);
            }
            _ => {}
        }
    }
    let decides = |entry: &Entry| match &*entry.key {
        "when" => true,
        "if" | "changes" | "exists" => !matches!(entry.value.kind, Kind::Null),
        _ => false,
    };
    let is_mistyped = |names: &[&str]| keywords::is_mistyped(map, place, names);
    // What is delayed is told that it lacks its `when`.
    let is_told = map.get("start_in").is_some() || is_mistyped(&["if", "changes", "exists", "when"]);
    if !map.entries.iter().any(decides) && !is_told {
        let always = if place == Place::Rule { "on_success" } else { "always" };
        report.add(
            Problem::error(mark, "a rule needs an `if`, `changes`, `exists` or a `when`")
                .hint(format!("`- when: {always}` always applies")),
        );
    }
    if rule.when == Some(When::Delayed)
        && rule.start_in.is_none()
        && map.get("start_in").is_none()
        && !is_mistyped(&["start_in"])
    {
        let problem = Problem::error(mark, "`when: delayed` needs `start_in`");
        report.add(problem.hint("`start_in: 10 minutes`"));
    }
    // What a `when` that is wrong was to say is not known.
    let has_wrong_when = || rule.when.is_none() && (map.get("when").is_some() || is_mistyped(&["when"]));
    if rule.when != Some(When::Delayed)
        && place == Place::Rule
        && let Some(entry) = map.get("start_in")
        && !has_wrong_when()
    {
        report.error(entry.mark, "`start_in` is for rules with `when: delayed`");
    }
    rule
}

fn changes(entry: &Entry, report: &mut Report) -> Option<Changes> {
    let Kind::Map(map) = &entry.value.kind else {
        return paths(entry, "changes", report).map(|paths| Changes { paths, compare_to: None });
    };
    read::only_known(map, Place::Changes, report);
    let compare_to = map.get("compare_to").and_then(|entry| read::text(entry, "compare_to", report));
    let paths = needed_paths(map, entry, Place::Changes, report)?;
    Some(Changes { paths, compare_to })
}

fn exists(entry: &Entry, report: &mut Report) -> Option<Exists> {
    let Kind::Map(map) = &entry.value.kind else {
        return paths(entry, "exists", report).map(|paths| Exists { paths, project: None, at: None });
    };
    read::only_known(map, Place::Exists, report);
    let project = map.get("project").and_then(|entry| read::text(entry, "project", report));
    let at = map.get("ref").and_then(|entry| read::text(entry, "ref", report));
    if let Some(entry) = map.get("ref")
        && map.get("project").is_none()
        && !keywords::is_mistyped(map, Place::Exists, &["project"])
    {
        report.error(entry.mark, "`ref` needs `project`: whose ref it is");
    }
    let paths = needed_paths(map, entry, Place::Exists, report)?;
    Some(Exists { paths, project, at })
}

fn needed_paths(map: &Map, entry: &Entry, place: Place, report: &mut Report) -> Option<Vec<String>> {
    let Some(found) = map.get("paths") else {
        if !entry.value.broken && !keywords::is_mistyped(map, place, &["paths"]) {
            report.error(entry.mark, format!("`{}` needs `paths` when it is a mapping", entry.key));
        }
        return None;
    };
    paths(found, "paths", report)
}

fn paths(entry: &Entry, what: &str, report: &mut Report) -> Option<Vec<String>> {
    let found = read::strings(entry, what, report)?;
    if found.len() > MAX_PATTERNS {
        report.error(entry.mark, format!("`{what}` lists {} patterns; {MAX_PATTERNS} are allowed", found.len()));
    }
    for (path, mark) in &found {
        if path.starts_with("./") || path.starts_with('/') {
            let problem =
                Problem::warning(*mark, format!("`{path}` fits no file: paths begin at the top of the repository"));
            report.add(problem.hint(format!("`{}`", path.trim_start_matches(['.', '/']))));
        }
    }
    Some(found.into_iter().map(|(path, _)| path).collect())
}

fn condition(entry: &Entry, conditions: &mut Conditions, report: &mut Report) -> Option<Condition> {
    let mark = entry.value_mark();
    let Kind::Scalar(Scalar { text, value: Value::Text, .. }) = &entry.value.kind else {
        read::mismatch(report, mark, "if", "an expression (a string)", &entry.value);
        return None;
    };
    match conditions.shared(text) {
        Ok(expression) if expression.names_input() => {
            let problem = Problem::error(mark, "`$[[ … ]]` stands for nothing here: this file has no such input");
            report.add(problem.hint("declare it in a header with `spec`"));
            None
        }
        Ok(expression) => Some(Condition { expression, text: Rc::clone(text), mark }),
        Err(error) => {
            let (job, error) = (report.job(), error.within(report.written(mark)));
            report.add_part(mark, text, error.start..error.end, |part| error.problem(part).of_job(job.as_ref()));
            None
        }
    }
}
