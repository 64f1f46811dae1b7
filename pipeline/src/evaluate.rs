//! Steps 7 and 9: the instances of a job, and what the rules make of each.

use std::cell::Cell;

use model::plan::{AllowFailure, Instance, Variable, When};

use crate::circles::Circles;
use crate::expand::expand;
use crate::files::Files;
use crate::job::{self, Draft, FilterRun, Inherited, NeedDraft, Parallel};
use crate::rules::{self, Conditions};
use crate::scope::Scope;
use crate::source::{Problem, Report};
use crate::{Context, EvaluatedJob, read};

/// One job that the run may have: a draft, or one of its instances.
pub(crate) struct Part<'d> {
    pub draft: &'d Draft,
    pub name: String,
    pub instance: Option<Instance>,
}

impl<'d> Part<'d> {
    /// The instances of a draft.
    pub fn of(draft: &'d Draft) -> Vec<Self> {
        let total = draft.instances() as u32;
        let one = |index: u32, name: String, matrix: &[Variable]| {
            let instance = Instance { index, total, matrix: matrix.to_vec() };
            Self { draft, name, instance: Some(instance) }
        };
        match &draft.parallel {
            None => vec![Self { draft, name: draft.name.to_string(), instance: None }],
            Some(Parallel::Number(n)) => {
                (1..=*n).map(|index| one(index, format!("{} {index}/{n}", draft.name), &[])).collect()
            }
            Some(Parallel::Matrix(instances)) => (1..)
                .zip(instances)
                .map(|(index, matrix)| one(index, format!("{}: {}", draft.name, job::instance_suffix(matrix)), matrix))
                .collect(),
        }
    }

    /// The values of the matrix.
    pub fn matrix(&self) -> &[Variable] {
        self.instance.as_ref().map_or(&[], |instance| &instance.matrix)
    }
}

/// A job with the rules' verdict; its needs are not linked to other jobs yet.
pub(crate) struct Job<'d> {
    pub evaluated: EvaluatedJob,
    pub needs: Option<&'d [NeedDraft]>,
}

/// Evaluates every part.
pub(crate) fn all<'d>(
    parts: &[Part<'d>],
    globals: &[Variable],
    context: &Context,
    conditions: &Conditions,
    report: &mut Report,
) -> Vec<Job<'d>> {
    report.about("rules");
    let scope = Scope::new(context, globals);
    let circles = Circles::new(globals, &context.variables);
    let one = |part: &Part<'d>| {
        if part.draft.inherits == Inherited::All {
            return evaluate(part, globals, &scope, &*context.files, conditions, &circles, report);
        }
        let inherited: Vec<_> =
            globals.iter().filter(|variable| part.draft.inherits.has(&variable.key)).cloned().collect();
        let scope = Scope::new(context, &inherited);
        evaluate(part, &inherited, &scope, &*context.files, conditions, &circles, report)
    };
    parts.iter().map(one).collect()
}

fn evaluate<'d>(
    part: &Part<'d>,
    globals: &[Variable],
    scope: &Scope<'_>,
    files: &dyn Files,
    conditions: &Conditions,
    circles: &Circles<'_>,
    report: &mut Report,
) -> Job<'d> {
    let draft = part.draft;
    let mut job = draft.planned.clone();
    job.name.clone_from(&part.name);
    job.instance.clone_from(&part.instance);
    let own = read::layered([&draft.variables[..], part.matrix()]);
    let known = known_of(part, scope, &own);
    let scope = scope.with_job(&known);
    let mut needs = draft.needs.as_ref().map(|needs| &needs.jobs[..]);
    let mut of_rule: &[Variable] = &[];
    let (mut excluded, mut matched_rule, mut details) = (None, None, Vec::new());
    if let Some(rules) = &draft.rules {
        let decision = rules::decide(rules, &scope, &own, files, conditions, report);
        details = decision.details;
        if let Some((i, rule)) = decision.rule {
            matched_rule = Some(i);
            job.when = rule.when.unwrap_or(job.when);
            if job.when == When::Never {
                excluded = Some(format!("rule {} in line {} says `when: never`", i + 1, rule.mark.span.line));
            }
            if let Some(allowed) = rule.allow_failure {
                job.allow_failure = AllowFailure::Bool(allowed);
            }
            job.start_in = rule.start_in.or(job.start_in).filter(|_| job.when == When::Delayed);
            job.interruptible = rule.interruptible.unwrap_or(job.interruptible);
            of_rule = &rule.variables;
            needs = rule.needs.as_deref().or(needs);
        } else {
            job.when = When::Never;
            excluded = Some("none of its rules applies".to_owned());
        }
    } else if job.when == When::Never {
        excluded = Some(format!("`when: never` in line {}", draft.when_mark.span.line));
    } else {
        let run = FilterRun { scope: &scope, own: &own, files, conditions };
        match job::excluded_by_filter(draft.only.as_ref(), draft.except.as_ref(), false, &run) {
            Ok(None) => {}
            Ok(Some(reason)) => (job.when, excluded) = (When::Never, Some(reason)),
            Err((mark, message)) => report.error(mark, message),
        }
    }
    if excluded.is_none()
        && let Some(names) = circles.find(&[&own, of_rule], &draft.inherits)
    {
        let message = format!("the variables of `{}` lead in a circle: {}", part.name, names.join(", "));
        let hint = "give one of them a value without the others, or `expand: false`";
        report.add(Problem::error(draft.mark, message).hint(hint).topic("variables-of-a-job"));
    }
    job.variables = read::layered([globals, &own, of_rule]);
    let evaluated = EvaluatedJob {
        job,
        excluded,
        matched_rule,
        details,
        written_needs: None,
        single_exit_code: draft.single_exit_code,
    };
    Job { evaluated, needs }
}

/// What conditions may ask of the job itself.
fn known_of(part: &Part<'_>, scope: &Scope<'_>, own: &[Variable]) -> Vec<Variable> {
    let total = part.instance.as_ref().map_or(1, |instance| instance.total);
    let mut known = vec![
        Variable::new("CI_JOB_NAME", &part.name),
        Variable::new("CI_JOB_NAME_SLUG", model::text::slug(&part.name)),
        Variable::new("CI_JOB_GROUP_NAME", &*part.draft.name),
        Variable::new("CI_JOB_STAGE", &part.draft.planned.stage),
        Variable::new("CI_NODE_TOTAL", total.to_string()),
    ];
    if let Some(instance) = &part.instance {
        known.push(Variable::new("CI_NODE_INDEX", instance.index.to_string()));
    }
    if let Some(environment) = &part.draft.planned.environment
        && let Some(name) = whole(&environment.name, &scope.with_job(&known), own)
    {
        known.push(Variable::new("CI_ENVIRONMENT_NAME", name));
    }
    known
}

/// The text with its variables, when all of them are known.
fn whole(text: &str, scope: &Scope<'_>, own: &[Variable]) -> Option<String> {
    let complete = Cell::new(true);
    let lookup = |name: &str| {
        let found = scope.get(name, own);
        complete.set(complete.get() && found.is_some_and(|variable| !variable.masked && !variable.file));
        found
    };
    expand(text, &lookup).ok().filter(|_| complete.get())
}
