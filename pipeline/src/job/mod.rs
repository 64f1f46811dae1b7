//! One job of the file: a mapping to a draft that the checks and the plan are made from. Looks at
//! no other job.

mod artifacts;
mod needs;
mod policy;
mod variables;

use std::rc::Rc;

use model::plan::{AllowFailure, ArtifactSpec, Retry, Variable, When};

pub(crate) use needs::{NeedDraft, read as read_needs};
pub(crate) use policy::when as read_when;
pub(crate) use variables::{Variables, read as read_variables};

use crate::keywords::{self, Place};
use crate::read;
use crate::rules::{self, Conditions, Rule};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map};

/// Longest name of a job or a stage, in characters (contracts/ci-yaml.md, limits).
const MAX_NAME: usize = 255;
/// The stage of a job that names none.
const DEFAULT_STAGE: &str = "test";

/// A job as the file has it, before it is seen together with the others.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub name: Rc<str>,
    pub mark: Mark,
    pub stage: String,
    pub stage_mark: Mark,
    pub when: When,
    pub when_mark: Mark,
    pub allow_failure: AllowFailure,
    /// Whether the one exit code was written as a number rather than as a list.
    pub single_exit_code: bool,
    pub needs: Option<Vec<NeedDraft>>,
    /// `None` means that the job has no rules.
    pub rules: Option<Vec<Rule>>,
    pub before_script: Vec<String>,
    pub script: Vec<String>,
    pub after_script: Vec<String>,
    pub variables: Vec<Variable>,
    pub artifacts: Option<ArtifactSpec>,
    pub timeout: Option<u32>,
    pub retry: Retry,
}

impl Draft {
    /// How many values it holds, and how many bytes they have: what it takes from the budget.
    pub fn cost(&self) -> (usize, usize) {
        let paths = self.artifacts.iter().flat_map(|artifacts| &artifacts.paths);
        let texts = self.before_script.iter().chain(&self.script).chain(&self.after_script).chain(paths);
        let (count, bytes) = texts.fold((0, 0), |(count, bytes), text| (count + 1, bytes + text.len()));
        let variables = self.variables.iter().map(|variable| variable.key.len() + variable.value.len());
        let in_rule = |rule: &Rule| 1 + rule.variables.len() + rule.needs.as_ref().map_or(0, Vec::len);
        let rules: usize = self.rules.iter().flatten().map(in_rule).sum();
        let needs = self.needs.iter().flatten().map(|need| need.need.job.len());
        let (more, more_bytes) = variables.chain(needs).fold((0, 0), |(n, sum), len| (n + 1, sum + len));
        (1 + count + more + rules, bytes + more_bytes)
    }
}

/// Reads a job. `body` is its mapping after `extends`; keys that it lacks come from `default`.
/// There is always a draft, so that other jobs may need it; what is wrong is in the report.
pub(crate) fn read_job(
    entry: &Entry,
    body: &Map,
    default: &Map,
    conditions: &mut Conditions,
    report: &mut Report,
) -> Draft {
    let mut draft = Draft {
        name: Rc::clone(&entry.key),
        mark: entry.mark,
        stage: DEFAULT_STAGE.to_owned(),
        stage_mark: entry.mark,
        when: When::OnSuccess,
        when_mark: entry.mark,
        allow_failure: AllowFailure::Bool(false),
        single_exit_code: false,
        needs: None,
        rules: None,
        before_script: Vec::new(),
        script: Vec::new(),
        after_script: Vec::new(),
        variables: Vec::new(),
        artifacts: None,
        timeout: None,
        retry: Retry::default(),
    };
    check_name(&entry.key, "a job", entry.mark, report);
    read::only_known(body, Place::Job, report);

    let own = |key: &str| body.get(key).filter(|entry| !matches!(entry.value.kind, Kind::Null));
    let given = |key: &str| own(key).or_else(|| default.get(key));

    if let Some(stage) = own("stage") {
        draft.stage_mark = stage.value_mark();
        draft.stage = read::text(stage, "stage", report).unwrap_or_default();
    }
    match own("script") {
        // A mistyped `script` has been told already.
        None if body.entries.iter().any(|e| keywords::closest(&e.key, ["script"]).is_some()) => {}
        None => report.add(
            Problem::error(entry.mark, format!("the job `{}` has no `script`", entry.key))
                .hint("a name that begins with a dot makes it a template that never runs"),
        ),
        Some(script) => {
            let errors = report.errors();
            if let Some(commands) = read::commands(script, "script", report) {
                if commands.is_empty() && errors == report.errors() && !script.value.broken {
                    report.error(script.mark, format!("the `script` of `{}` is empty", entry.key));
                }
                draft.script = commands;
            }
        }
    }
    if let Some(before) = given("before_script") {
        draft.before_script = read::commands(before, "before_script", report).unwrap_or_default();
    }
    if let Some(after) = given("after_script") {
        draft.after_script = read::commands(after, "after_script", report).unwrap_or_default();
    }
    if let Some(variables) = own("variables") {
        draft.variables = read_variables(variables, Variables::Job, report).0;
    }
    draft.needs = own("needs").and_then(|needs| needs::read(needs, report));
    draft.artifacts = given("artifacts").and_then(|artifacts| artifacts::read(artifacts, report));
    draft.timeout = given("timeout").and_then(|timeout| policy::timeout(timeout, report));
    draft.retry = given("retry").and_then(|retry| policy::retry(retry, report)).unwrap_or_default();
    if let Some(when) = own("when") {
        draft.when_mark = when.value_mark();
        draft.when = policy::when(when, report).unwrap_or_default();
    }
    draft.rules = own("rules").and_then(|rules| rules::read(rules, Place::Rule, conditions, report));
    match own("allow_failure").and_then(|entry| policy::allow_failure(entry, report)) {
        Some((allowed, single)) => (draft.allow_failure, draft.single_exit_code) = (allowed, single),
        // A manual job that says nothing blocks nobody, unless rules decide.
        None => draft.allow_failure = AllowFailure::Bool(draft.when == When::Manual && draft.rules.is_none()),
    }
    draft
}

/// Checks the values of `default` by themselves, also when no job takes them.
pub(crate) fn check_default(default: &Map, report: &mut Report) {
    read::only_known(default, Place::Default, report);
    for entry in &default.entries {
        match &*entry.key {
            "before_script" | "after_script" => drop(read::commands(entry, &entry.key, report)),
            "artifacts" => drop(artifacts::read(entry, report)),
            "timeout" => drop(policy::timeout(entry, report)),
            "retry" => drop(policy::retry(entry, report)),
            _ => {}
        }
    }
}

/// Checks the name of a job or a stage.
pub(crate) fn check_name(name: &str, what: &str, mark: Mark, report: &mut Report) {
    let length = name.chars().count();
    if name.trim().is_empty() {
        report.error(mark, format!("the name of {what} must not be empty"));
    } else if length > MAX_NAME {
        report.error(mark, format!("the name of {what} has {length} characters; {MAX_NAME} are allowed"));
    } else if name.chars().any(char::is_control) {
        report.error(mark, format!("the name of {what} must not contain control characters"));
    } else if matches!(name, "true" | "false" | "nil") {
        report.error(mark, format!("`{name}` cannot be the name of {what}"));
    }
}
