//! From the file to jobs, in the order of contracts/ci-yaml.md part 2, and from jobs to the plan.

use std::collections::HashMap;

use model::plan::{AllowFailure, ExcludedJob, Plan, PlannedJob, Variable, When};

use crate::document::{self, Globals};
use crate::job::{self, Draft, NeedDraft};
use crate::rules::{self, Conditions};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Kind, Map, Tree};
use crate::{Context, EvaluatedJob, Outcome, checks, extends, read, references, yaml};

/// Evaluates a text.
pub(crate) fn outcome(text: &str, context: &Context) -> Outcome {
    let mut report = Report::default();
    let mut outcome = Outcome::default();
    let file = report.add_file(&context.file, if text.len() > yaml::MAX_BYTES { "" } else { text });
    // Step 1: the text, with aliases and merge keys.
    let (root, problems) = yaml::load(text, file);
    report.extend(problems);
    if let Some(top) = root.and_then(|root| top_level(&root, &mut report)) {
        compose(&top, context, &mut outcome, &mut report);
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

fn compose(top: &Map, context: &Context, outcome: &mut Outcome, report: &mut Report) {
    let mut conditions = Conditions::default();
    // Step 2, `include`, has its place here. Step 3:
    let top = extends::resolve(top, report);
    // Step 4:
    let top = references::resolve(&top, report);
    // Steps 5 and 6:
    let globals = document::read_globals(&top, &mut conditions, report);
    let (drafts, broken) = drafts(&top, &globals, &mut conditions, report);
    let hidden: Vec<_> = top.entries.iter().map(|e| &*e.key).filter(|key| key.starts_with('.')).collect();
    checks::whole_file(&drafts, &globals.stages, &hidden, &broken, report);
    if drafts.is_empty() && broken.is_empty() && !report.failed() {
        let problem = Problem::error(document::first_mark(&top), "the definition has no job");
        report.add(problem.hint("a job needs at least a name and a `script`"));
    }
    outcome.stages.clone_from(&globals.stages);
    outcome.global_variables.clone_from(&globals.variables);
    if report.failed() {
        return;
    }
    // Step 7, parallel and matrix, has its place here. Step 8:
    let no_workflow = workflow(&globals, context, &conditions, outcome, report);
    // Step 9:
    let scope = Scope::new(context, &outcome.global_variables);
    let evaluated = drafts.iter().map(|draft| evaluate(draft, &outcome.global_variables, &scope, &conditions, report));
    let (jobs, needs): (Vec<_>, Vec<_>) = evaluated.unzip();
    // Step 10:
    in_the_run(&jobs, &needs, report);
    outcome.valid = !report.failed();
    if outcome.valid
        && let Some(problem) = no_workflow.or_else(|| no_run(&drafts, &jobs))
    {
        report.add(problem);
    }
    outcome.plan = (!report.failed()).then(|| plan(&jobs, &globals));
    outcome.jobs = jobs;
}

fn drafts<'t>(
    top: &'t Map,
    globals: &Globals,
    conditions: &mut Conditions,
    report: &mut Report,
) -> (Vec<Draft>, Vec<&'t str>) {
    let (mut drafts, mut broken) = (Vec::new(), Vec::new());
    let of_workflow = globals.workflow.iter().flat_map(|(rules, _)| rules).map(|rule| &rule.variables);
    let inherited: usize = globals.variables.len() + of_workflow.map(Vec::len).max().unwrap_or(0);
    let inherited_bytes = globals.variables_bytes();
    for (entry, body) in document::jobs(top, report) {
        let Some(body) = body else {
            broken.push(&*entry.key);
            continue;
        };
        let draft = job::read_job(entry, body, &globals.default, conditions, report);
        let (values, bytes) = draft.cost();
        if !report.charge(values + inherited, bytes + inherited_bytes, entry.mark) {
            break;
        }
        drafts.push(draft);
    }
    (drafts, broken)
}

/// What conditions see: the variables of the run, then those of the job, then the rest
/// (contracts/ci-yaml.md, part 6, precedence).
struct Scope<'v> {
    run: HashMap<&'v str, &'v str>,
    rest: HashMap<&'v str, &'v str>,
}

impl<'v> Scope<'v> {
    fn new(context: &'v Context, globals: &'v [Variable]) -> Self {
        let pairs = |variable: &'v Variable| (variable.key.as_str(), variable.value.as_str());
        Self {
            run: context.variables.iter().map(pairs).collect(),
            rest: context.predefined.iter().chain(globals).map(pairs).collect(),
        }
    }

    fn get(&self, name: &str, own: &'v [Variable]) -> Option<&'v str> {
        let of_job = || own.iter().rev().find(|variable| variable.key == name).map(|variable| variable.value.as_str());
        self.run.get(name).copied().or_else(of_job).or_else(|| self.rest.get(name).copied())
    }
}

/// The workflow's rules: their variables go over those of the file. Returns why there is no run,
/// when they say so.
fn workflow(
    globals: &Globals,
    context: &Context,
    conditions: &Conditions,
    outcome: &mut Outcome,
    report: &mut Report,
) -> Option<Problem> {
    let (rules, mark) = globals.workflow.as_ref()?;
    let scope = Scope::new(context, &globals.variables);
    let decision = rules::decide(rules, &|name| scope.get(name, &[]), conditions, report);
    let hint = decision.details.join("; ");
    let problem = match decision.rule {
        Some((_, rule)) if rule.when != Some(When::Never) => {
            outcome.global_variables = read::layered([&globals.variables[..], &rule.variables[..]]);
            None
        }
        Some((i, rule)) => {
            let message = format!("no run can be made: rule {} of `workflow` says `when: never`", i + 1);
            Some(Problem::error(rule.mark, message).hint(hint))
        }
        None => Some(Problem::error(*mark, "no run can be made: no rule of `workflow` applies").hint(hint)),
    };
    outcome.workflow_rules_pass = Some(problem.is_none());
    problem
}

/// One job with the rules' verdict, and what it needs then.
fn evaluate<'d>(
    draft: &'d Draft,
    globals: &[Variable],
    scope: &Scope<'d>,
    conditions: &Conditions,
    report: &mut Report,
) -> (EvaluatedJob, Option<&'d [NeedDraft]>) {
    let mut job = PlannedJob {
        name: draft.name.to_string(),
        base_name: draft.name.to_string(),
        stage: draft.stage.clone(),
        when: draft.when,
        allow_failure: draft.allow_failure.clone(),
        needs: None,
        before_script: draft.before_script.clone(),
        script: draft.script.clone(),
        after_script: draft.after_script.clone(),
        variables: Vec::new(),
        artifacts: draft.artifacts.clone(),
        timeout: draft.timeout,
        retry: draft.retry.clone(),
        line: draft.mark.span.line,
    };
    let mut needs = draft.needs.as_deref();
    let mut of_rule: &[Variable] = &[];
    let (mut excluded, mut matched_rule, mut details) = (None, None, Vec::new());
    if let Some(rules) = &draft.rules {
        let decision = rules::decide(rules, &|name| scope.get(name, &draft.variables), conditions, report);
        details = decision.details;
        if let Some((i, rule)) = decision.rule {
            matched_rule = Some(i);
            job.when = rule.when.unwrap_or(draft.when);
            if job.when == When::Never {
                excluded = Some(format!("rule {} in line {} says `when: never`", i + 1, rule.mark.span.line));
            }
            if let Some(allowed) = rule.allow_failure {
                job.allow_failure = AllowFailure::Bool(allowed);
            }
            of_rule = &rule.variables;
            needs = rule.needs.as_deref().or(needs);
        } else {
            job.when = When::Never;
            excluded = Some("none of its rules applies".to_owned());
        }
    } else if draft.when == When::Never {
        excluded = Some(format!("`when: never` in line {}", draft.when_mark.span.line));
    }
    job.needs = needs.map(|needs| needs.iter().map(|draft| draft.need.clone()).collect());
    job.variables = read::layered([globals, &draft.variables, of_rule]);
    let single_exit_code = draft.single_exit_code;
    (EvaluatedJob { job, excluded, matched_rule, details, single_exit_code }, needs)
}

/// Checks of the jobs that are in the run: none may need one that is left out, unless it says that
/// it may be, and needs that rules gave must not go in a circle.
fn in_the_run(jobs: &[EvaluatedJob], needs: &[Option<&[NeedDraft]>], report: &mut Report) {
    let excluded: HashMap<_, _> = jobs
        .iter()
        .filter_map(|job| job.excluded.as_ref().map(|reason| (job.job.name.as_str(), reason.as_str())))
        .collect();
    let included = || jobs.iter().zip(needs).filter(|(job, _)| job.excluded.is_none());
    for (job, needs) in included() {
        for need in needs.iter().flat_map(|needs| needs.iter()).filter(|need| !need.need.optional) {
            if let Some(reason) = excluded.get(need.need.job.as_str()) {
                let message =
                    format!("`{}` needs `{}`, which is not in the run: {reason}", job.job.name, need.need.job);
                report.add(Problem::error(need.mark, message).hint("`optional: true` lets the run be without it"));
            }
        }
    }
    let nodes: Vec<_> = included().map(|(job, needs)| (job.job.name.as_str(), *needs)).collect();
    checks::circles(&nodes, report);
}

/// Why a valid definition makes no run, if it makes none.
fn no_run(drafts: &[Draft], jobs: &[EvaluatedJob]) -> Option<Problem> {
    let included = || drafts.iter().zip(jobs).filter(|(_, job)| job.excluded.is_none()).map(|(draft, _)| draft);
    let mark = |draft: Option<&Draft>| draft.map_or_else(Mark::default, |draft| draft.mark);
    if included().next().is_none() {
        let problem = Problem::error(mark(drafts.first()), "no run can be made: every job is left out");
        let first =
            jobs.first().and_then(|job| job.excluded.clone().map(|reason| format!("`{}`: {reason}", job.job.name)));
        return Some(problem.maybe_hint(first));
    }
    if included().all(|draft| document::is_edge(&draft.stage)) {
        let message = "no run can be made: all its jobs are in `.pre` or `.post`";
        return Some(Problem::error(mark(included().next()), message).hint("put a job into another stage"));
    }
    None
}

fn plan(jobs: &[EvaluatedJob], globals: &Globals) -> Plan {
    let mut plan = Plan {
        stages: globals.stages.clone(),
        jobs: Vec::new(),
        excluded: Vec::new(),
        variables: globals.form.clone(),
    };
    let present: HashMap<_, _> = jobs.iter().map(|job| (job.job.name.as_str(), job.excluded.is_none())).collect();
    for evaluated in jobs {
        let mut job = evaluated.job.clone();
        if let Some(reason) = evaluated.excluded.clone() {
            let details = evaluated.details.clone();
            plan.excluded.push(ExcludedJob { name: job.name, stage: job.stage, reason, details });
            continue;
        }
        if let Some(needs) = &mut job.needs {
            // Only optional ones can be absent here.
            needs.retain(|need| present.get(need.job.as_str()) == Some(&true));
        }
        plan.jobs.push(job);
    }
    plan
}
