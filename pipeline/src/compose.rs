//! From the file to jobs, in the order of contracts/ci-yaml.md part 2, and from jobs to the plan.

use std::collections::HashMap;

use model::plan::{ExcludedJob, Plan, PlannedJob, When};

use crate::document::{self, Globals};
use crate::job::{self, Draft};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Kind, Map, Tree};
use crate::{Context, EvaluatedJob, Outcome, checks, extends, read, references, yaml};

/// Everything that is known when the findings are not yet written out.
pub(crate) fn outcome(text: &str, context: &Context) -> Outcome {
    let mut report = Report::default();
    let mut outcome = Outcome::default();
    let file = report.add_file(&context.file, if text.len() > yaml::MAX_BYTES { "" } else { text });
    // Step 1: the text, with aliases and merge keys.
    let (root, problems) = yaml::load(text, file);
    report.extend(problems);
    if let Some(top) = root.and_then(|root| top_level(&root, &mut report)) {
        compose(&top, &mut outcome, &mut report);
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

fn compose(top: &Map, outcome: &mut Outcome, report: &mut Report) {
    // Step 2, `include`, has its place here. Step 3:
    let top = extends::resolve(top, report);
    // Step 4:
    let top = references::resolve(&top, report);
    // Steps 5 and 6:
    let globals = document::read_globals(&top, report);
    let (drafts, broken) = drafts(&top, &globals, report);
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
    outcome.valid = true;
    // Steps 7 to 9: parallel, workflow rules and job rules have their place here.
    let jobs: Vec<_> = drafts.iter().map(|draft| evaluate(draft, &globals)).collect();
    // Step 10.
    in_the_run(&drafts, &jobs, report);
    outcome.valid = !report.failed();
    if outcome.valid
        && let Some(problem) = no_run(&drafts, &jobs)
    {
        report.add(problem);
    }
    outcome.plan = (!report.failed()).then(|| plan(&jobs, &globals));
    outcome.jobs = jobs;
}

fn drafts<'t>(top: &'t Map, globals: &Globals, report: &mut Report) -> (Vec<Draft>, Vec<&'t str>) {
    let (mut drafts, mut broken) = (Vec::new(), Vec::new());
    let global_bytes = globals.variables_bytes();
    for (entry, body) in document::jobs(top, report) {
        let Some(body) = body else {
            broken.push(&*entry.key);
            continue;
        };
        let draft = job::read_job(entry, body, &globals.default, report);
        let (values, bytes) = draft.cost();
        if !report.charge(values + globals.variables.len(), bytes + global_bytes, entry.mark) {
            break;
        }
        drafts.push(draft);
    }
    (drafts, broken)
}

fn evaluate(draft: &Draft, globals: &Globals) -> EvaluatedJob {
    let excluded = (draft.when == When::Never).then(|| format!("`when: never` in line {}", draft.when_mark.span.line));
    EvaluatedJob {
        job: PlannedJob {
            name: draft.name.to_string(),
            base_name: draft.name.to_string(),
            stage: draft.stage.clone(),
            when: draft.when,
            allow_failure: draft.allow_failure.clone(),
            needs: draft.needs.as_ref().map(|needs| needs.iter().map(|need| need.need.clone()).collect()),
            before_script: draft.before_script.clone(),
            script: draft.script.clone(),
            after_script: draft.after_script.clone(),
            variables: read::layered([&globals.variables[..], &draft.variables[..]]),
            artifacts: draft.artifacts.clone(),
            timeout: draft.timeout,
            retry: draft.retry.clone(),
            line: draft.mark.span.line,
        },
        excluded,
        matched_rule: None,
        single_exit_code: draft.single_exit_code,
    }
}

/// A job of the run must not need one that is left out, unless it says that it may be.
fn in_the_run(drafts: &[Draft], jobs: &[EvaluatedJob], report: &mut Report) {
    let excluded: HashMap<_, _> = jobs
        .iter()
        .filter_map(|job| job.excluded.as_ref().map(|reason| (job.job.name.as_str(), reason.as_str())))
        .collect();
    for (draft, _) in drafts.iter().zip(jobs).filter(|(_, job)| job.excluded.is_none()) {
        for need in draft.needs.iter().flatten().filter(|need| !need.need.optional) {
            if let Some(reason) = excluded.get(need.need.job.as_str()) {
                let message = format!("`{}` needs `{}`, which is not in the run: {reason}", draft.name, need.need.job);
                report.add(Problem::error(need.mark, message).hint("`optional: true` lets the run be without it"));
            }
        }
    }
}

/// Why a valid definition makes no run, if it makes none.
fn no_run(drafts: &[Draft], jobs: &[EvaluatedJob]) -> Option<Problem> {
    let included = || drafts.iter().zip(jobs).filter(|(_, job)| job.excluded.is_none()).map(|(draft, _)| draft);
    let mark = |draft: Option<&Draft>| draft.map_or_else(Mark::default, |draft| draft.mark);
    if included().next().is_none() {
        let problem = Problem::error(mark(drafts.first()), "no run can be made: every job is left out");
        return Some(problem);
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
            plan.excluded.push(ExcludedJob { name: job.name, stage: job.stage, reason });
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
