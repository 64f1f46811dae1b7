//! From the file to jobs, in the order of contracts/ci-yaml.md part 2, and from jobs to the plan.

use std::collections::HashSet;
use std::sync::Arc;

use model::plan::{ExcludedJob, Plan, When};

use crate::advice::Asked;
use crate::document::{self, AutoCancelRule, Globals};
use crate::evaluate::{self, Part, World};
use crate::include::Includer;
use crate::job::{self, Draft};
use crate::rules::{self, Conditions, Rule};
use crate::scope::Scope;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Kind, Map, Tree};
use crate::{Context, EvaluatedJob, Outcome, advice, checks, child, extends, link, read, references, yaml};

/// Most jobs of one run, the instances of each counted.
const MAX_JOBS: usize = 10_000;

/// Evaluates a text.
pub(crate) fn outcome(text: &str, context: &Context) -> Outcome {
    let mut report = Report::default();
    let mut outcome = Outcome::default();
    let mut conditions = Conditions::default();
    // Steps 1 and 2: the texts, with aliases, merge keys and inputs; included ones under the definition.
    let scope = Scope::new(context, &[]);
    let mut includer = Includer::new(&*context.files, &scope, &mut conditions, &mut report);
    let (root, inputs) = includer.definition(&context.file, text, &context.inputs);
    outcome.includes = std::mem::take(&mut includer.names);
    outcome.inputs = inputs;
    report.about("a-definition");
    if let Some(top) = root.and_then(|root| top_level(&root, &mut report)) {
        compose(&top, context, &mut conditions, &mut outcome, &mut report);
    }
    outcome.diagnostics = report.finish();
    outcome
}

fn top_level(root: &Tree, report: &mut Report) -> Option<Map> {
    match &root.kind {
        Kind::Map(map) => Some(map.clone()),
        Kind::Broken => None,
        _ => {
            let mut mark = root.mark;
            mark.span.line = mark.span.line.max(1);
            mark.span.column = mark.span.column.max(1);
            let message = match root.kind {
                Kind::Null => "the definition is empty".to_owned(),
                _ => format!("a definition is a mapping of keywords and jobs, not {}", root.describe()),
            };
            report.add(Problem::error(mark, message).hint("a job needs at least a name and a `script`"));
            None
        }
    }
}

/// From the merged file on. An error ends nothing but what depends on it, so that all are told at once.
fn compose(top: &Map, context: &Context, conditions: &mut Conditions, outcome: &mut Outcome, report: &mut Report) {
    let is_whole = !report.failed();
    let parents = extends::parents(top);
    // Step 3:
    let top = extends::resolve(top, report);
    // Step 4:
    let top = references::resolve(&top, report);
    if context.merged && !report.lacks_file() {
        // What is included is in it by now.
        let entries = top.entries.iter().filter(|entry| &*entry.key != "include").cloned().collect();
        outcome.merged = yaml::write(&Map { entries });
    }
    // Steps 5 and 6:
    let errors = report.errors();
    let globals = document::read_globals(&top, conditions, report);
    let has_good_globals = errors == report.errors() && !document::globals(&top).any(|entry| entry.value.broken);
    let Drafts { read: drafts, broken, is_complete } = drafts(&top, &globals, conditions, report);
    let hidden: Vec<_> = top.entries.iter().map(|e| &*e.key).filter(|key| key.starts_with('.')).collect();
    // Step 7:
    let parts = parts(&drafts, report);
    let has_circle = checks::whole_file(&drafts, &parts, &globals, &hidden, &broken, report);
    report.about("a-definition");
    if drafts.is_empty() && broken.is_empty() && !report.failed() {
        let problem = Problem::error(document::first_mark(&top), "the definition has no job");
        report.add(problem.hint("a job needs at least a name and a `script`"));
    }
    outcome.stages.clone_from(&globals.stages);
    outcome.global_variables.clone_from(&globals.variables);
    if !is_complete {
        return;
    }
    let is_sound = !report.failed();
    // Step 8:
    let (no_workflow, rule) = workflow(&globals, context, conditions, outcome, report);
    // Step 9:
    let world = World {
        context,
        conditions,
        globals: &outcome.global_variables,
        places: rule.iter().flat_map(|rule| &rule.variable_places).chain(&globals.variable_places).collect(),
        is_known: is_whole && has_good_globals,
        has_workflow_rules: globals.workflow.rules.is_some(),
        run_name: globals.workflow.name.as_deref(),
    };
    let mut jobs = evaluate::all(&parts, &world, report);
    // Step 10:
    link::jobs(&parts, &mut jobs, has_circle, report);
    for (job, part) in jobs.iter_mut().zip(&parts) {
        let places = part.draft.includes.iter().map(|place| child::IncludePlace::new(place, report));
        job.evaluated.includes = places.collect();
        job.evaluated.places = part.draft.hosted.iter().map(|(key, mark)| (*key, report.place(*mark))).collect();
    }
    if report.failed() {
        let sound = jobs.iter().filter(|job| job.is_decided && job.evaluated.excluded.is_none());
        outcome.sound = sound.map(|job| job.evaluated.clone()).collect();
    }
    if !is_sound {
        // What the rules came to may be another thing once the errors are gone.
        outcome.workflow_rules_pass = None;
        outcome.global_variables = globals.variables;
        return;
    }
    if !report.failed() {
        advice::give(&parts, &jobs, &globals.stages, &Asked { context, conditions, parents: &parents }, report);
    }
    outcome.valid = !report.failed();
    report.about("a-definition");
    if outcome.valid
        && let Some(problem) = no_workflow.or_else(|| no_run(&parts, &jobs, context))
    {
        report.add(problem);
    }
    let of_rule = rule.map(|rule| rule.auto_cancel).unwrap_or_default();
    let plan = (!report.failed()).then(|| plan(&jobs, &globals, of_rule));
    outcome.plan = plan.map(|plan| Plan { inputs: outcome.inputs.clone(), includes: outcome.includes.clone(), ..plan });
    outcome.jobs = jobs.into_iter().map(|job| job.evaluated).collect();
}

/// The jobs of the file.
#[derive(Default)]
struct Drafts<'t> {
    read: Vec<Draft>,
    /// The names of those that could not be read.
    broken: Vec<&'t str>,
    /// Whether that are all: reading ends where there are too many.
    is_complete: bool,
}

fn drafts<'t>(top: &'t Map, globals: &Globals, conditions: &mut Conditions, report: &mut Report) -> Drafts<'t> {
    let mut all = Drafts::default();
    let (inherited, inherited_bytes) = globals.cost();
    let mut instances = 0;
    let mut shared = job::Shared::default();
    for (entry, body) in document::jobs(top, report) {
        let Some(body) = body else {
            all.broken.push(&*entry.key);
            continue;
        };
        let draft = job::read_job(entry, body, &globals.default, &mut shared, conditions, report);
        let each = draft.instances();
        let values = (entry.value.nodes + inherited).saturating_mul(each);
        let bytes = (entry.value.bytes + inherited_bytes).saturating_mul(each);
        if !report.charge(values, bytes, entry.mark) {
            return all;
        }
        instances += each;
        if instances > MAX_JOBS {
            report.about("limits");
            let problem = Problem::error(entry.mark, format!("the definition has more than {MAX_JOBS} jobs"));
            report.add(problem.hint("split it into child pipelines"));
            return all;
        }
        all.read.push(draft);
    }
    Drafts { is_complete: true, ..all }
}

/// Every job that the run may have: each instance of each draft.
fn parts<'d>(drafts: &'d [Draft], report: &mut Report) -> Vec<Part<'d>> {
    let parts: Vec<_> = drafts.iter().flat_map(Part::of).collect();
    let mut seen: HashSet<&str> = HashSet::with_capacity(parts.len());
    report.about("parallel");
    for part in &parts {
        let length = part.name.chars().count();
        if part.instance.is_some() && length > job::MAX_NAME && part.draft.name.chars().count() <= job::MAX_NAME {
            let message = format!(
                "the name of an instance of `{}` has {length} characters; {} are allowed",
                part.draft.name,
                job::MAX_NAME
            );
            report.add(Problem::error(part.draft.mark, message).hint("the values of its matrix are part of it"));
        }
        if !seen.insert(&part.name) {
            report.error(part.draft.mark, format!("there are two jobs with the name `{}`", part.name));
        }
    }
    parts
}

/// The workflow's rules: their variables go over those of the file. Returns why there is no run,
/// when they say so, and the rule that lets one be made.
fn workflow<'g>(
    globals: &'g Globals,
    context: &Context,
    conditions: &Conditions,
    outcome: &mut Outcome,
    report: &mut Report,
) -> (Option<Problem>, Option<&'g Rule>) {
    let Some((rules, mark)) = globals.workflow.rules.as_ref() else { return Default::default() };
    report.about("workflow");
    let scope = Scope::new(context, &globals.variables);
    let decision = rules::decide(rules, &scope, &[], &*context.files, conditions, report);
    let hint = decision.details.join("; ");
    let mut applies = None;
    let problem = match decision.rule {
        Some((_, rule)) if rule.when != Some(When::Never) => {
            outcome.global_variables = read::layered([&globals.variables[..], &rule.variables[..]]);
            applies = Some(rule);
            None
        }
        Some((i, rule)) => {
            let message = format!("{}: rule {} of `workflow` says `when: never`", no_run_of(context), i + 1);
            Some(Problem::error(rule.mark, message).hint(hint).topic("workflow"))
        }
        None => {
            let message = format!("{}: no rule of `workflow` applies", no_run_of(context));
            Some(Problem::error(*mark, message).hint(hint).topic("workflow"))
        }
    };
    outcome.workflow_rules_pass = Some(problem.is_none());
    (problem, applies)
}

/// That there is no run, and for what: another branch or source may have one.
fn no_run_of(context: &Context) -> String {
    let value = |name: &str| {
        let mut all = context.variables.iter().chain(&context.predefined);
        all.find(|variable| variable.key == name && !variable.masked).map(|variable| &variable.value)
    };
    let words = [("tag", "CI_COMMIT_TAG"), ("branch", "CI_COMMIT_BRANCH")];
    let found = words.into_iter().find_map(|(word, name)| Some(format!(" for the {word} `{}`", value(name)?)));
    let source = value("CI_PIPELINE_SOURCE").map(|source| format!(" by `{source}`"));
    format!("no run can be made{}{}", found.unwrap_or_default(), source.unwrap_or_default())
}

/// Why a valid definition makes no run, if it makes none.
fn no_run(parts: &[Part<'_>], jobs: &[evaluate::Job<'_>], context: &Context) -> Option<Problem> {
    let included = || parts.iter().zip(jobs).filter(|(_, job)| job.evaluated.excluded.is_none()).map(|(part, _)| part);
    let mark = |part: Option<&Part<'_>>| part.map_or_else(Mark::default, |part| part.draft.mark);
    if included().next().is_none() {
        let message = format!("{}: every job is left out", no_run_of(context));
        let first = jobs.first().map(|job| &job.evaluated);
        let first = first.and_then(|one| one.excluded.clone().map(|reason| format!("`{}`: {reason}", one.job.name)));
        let may_be = parts.iter().any(|part| part.draft.may_be_for_others());
        let more = if may_be { "; for another branch, tag or source there may be jobs" } else { "" };
        let hint = first.map(|first| format!("{first}{more}"));
        return Some(Problem::error(mark(parts.first()), message).maybe_hint(hint));
    }
    if included().all(|part| document::is_edge(&part.draft.planned.stage)) {
        let message = "no run can be made: all its jobs are in `.pre` or `.post`";
        return Some(Problem::error(mark(included().next()), message).hint("put a job into another stage"));
    }
    None
}

fn plan(jobs: &[evaluate::Job<'_>], globals: &Globals, of_rule: AutoCancelRule) -> Plan {
    let mut plan = Plan {
        stages: globals.stages.clone(),
        variables: globals.form.clone(),
        name: globals.workflow.name.clone(),
        auto_cancel: of_rule.over(globals.workflow.auto_cancel),
        ..Plan::default()
    };
    for EvaluatedJob { job, excluded, details, .. } in jobs.iter().map(|job| &job.evaluated) {
        match excluded {
            None => plan.jobs.push(Arc::clone(job)),
            Some(reason) => plan.excluded.push(ExcludedJob {
                name: job.name.clone(),
                stage: job.stage.clone(),
                reason: reason.clone(),
                details: details.clone(),
            }),
        }
    }
    plan
}
