//! Steps 7 and 9: the instances of a job, and what the rules make of each.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use model::plan::{AllowFailure, Instance, PlannedJob, Variable, When};

use crate::circles::Circles;
use crate::expand::expand;
use crate::job::{self, Draft, FilterRun, Inherited, NeedDraft, Parallel};
use crate::rules::{self, Conditions, Rule};
use crate::scope::Scope;
use crate::source::{Mark, Problem, Report};
use crate::{Context, EvaluatedJob, read};

/// Longest name of a run, in characters.
const MAX_RUN_NAME: usize = 255;

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
            None => vec![Self { draft, name: String::from(&*draft.name), instance: None }],
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
    /// Whether it is decided if the job is in the run: nothing that this depends on is wrong.
    pub is_decided: bool,
    /// Whether it is in the run, or may be once what its rules depend on is no longer wrong.
    pub may_run: bool,
}

impl Job<'_> {
    /// The job, to be changed: nobody else has it yet.
    pub fn planned(&mut self) -> &mut PlannedJob {
        Arc::make_mut(&mut self.evaluated.job)
    }
}

/// What all parts are evaluated with.
pub(crate) struct World<'w> {
    pub context: &'w Context,
    pub conditions: &'w Conditions,
    /// The variables of the file, those of the workflow's rule over them.
    pub globals: &'w [Variable],
    /// Where they stand, the ones that win first.
    pub places: Vec<&'w (Rc<str>, Mark)>,
    /// Whether everything that all jobs depend on could be read.
    pub is_known: bool,
    /// Whether `workflow` has rules: then no job is kept out of the run of a merge request for having none.
    pub has_workflow_rules: bool,
    /// `workflow:name`, not expanded.
    pub run_name: Option<&'w str>,
}

/// Evaluates every part.
pub(crate) fn all<'d>(parts: &[Part<'d>], world: &World<'_>, report: &mut Report) -> Vec<Job<'d>> {
    report.about("rules");
    let of_run = of_run(world);
    let scope = Scope::of_jobs(world.context, &of_run, world.globals);
    let circles = Circles::new(world.globals, &world.context.variables);
    let one = |part: &Part<'d>| {
        if part.draft.inherits == Inherited::All {
            return evaluate(part, world.globals, &scope, world, &circles, report);
        }
        let inherited: Vec<_> =
            world.globals.iter().filter(|variable| part.draft.inherits.has(&variable.key)).cloned().collect();
        let scope = Scope::of_jobs(world.context, &of_run, &inherited);
        evaluate(part, &inherited, &scope, world, &circles, report)
    };
    parts.iter().map(one).collect()
}

/// What is known of the run once its workflow has been looked at: its name.
fn of_run(world: &World<'_>) -> Vec<Variable> {
    let scope = Scope::new(world.context, world.globals);
    // What cannot be expanded is refused where the run gets its name.
    let name = world.run_name.and_then(|name| expand(name, &|key| scope.get(key, &[])).ok()).unwrap_or_default();
    let name: String = name.trim().chars().take(MAX_RUN_NAME).collect();
    if name.is_empty() { Vec::new() } else { vec![Variable { raw: true, ..Variable::new("CI_PIPELINE_NAME", name) }] }
}

fn evaluate<'d>(
    part: &Part<'d>,
    globals: &[Variable],
    scope: &Scope<'_>,
    world: &World<'_>,
    circles: &Circles<'_>,
    report: &mut Report,
) -> Job<'d> {
    let World { context, conditions, .. } = *world;
    let files = &*context.files;
    let draft = part.draft;
    let mut job = draft.planned.clone();
    job.name.clone_from(&part.name);
    job.instance.clone_from(&part.instance);
    let own = match part.matrix() {
        [] => Cow::Borrowed(&draft.variables.values[..]),
        matrix => Cow::Owned(read::layered([&draft.variables.values[..], matrix])),
    };
    let is_asked = draft.rules.is_some() || draft.only.is_some() || draft.except.is_some();
    let known = if is_asked { known_of(part, scope, &own, context.default_timeout) } else { Vec::new() };
    let scope = scope.with_job(&known);
    let mut needs = draft.needs.as_ref().map(|needs| &needs.jobs[..]);
    let mut of_rule: &[Variable] = &[];
    let (mut excluded, mut matched_rule, mut details) = (None, None, Vec::new());
    let errors = report.errors();
    if let Some(rules) = &draft.rules {
        report.in_job(Some(&draft.name));
        let decision = rules::decide(rules, &scope, &own, files, conditions, report);
        report.in_job(None);
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
        match job::excluded_by_filter(draft.only.as_ref(), draft.except.as_ref(), world.has_workflow_rules, &run) {
            Ok(None) => {}
            Ok(Some(reason)) => (job.when, excluded) = (When::Never, Some(reason)),
            Err((mark, message)) => report.error(mark, message),
        }
    }
    let is_known = world.is_known && errors == report.errors();
    let is_decided = is_known && draft.is_sound;
    let may_run = excluded.is_none() || (is_asked && !(is_known && draft.has_sound_rules));
    if may_run {
        let rule = matched_rule.and_then(|i| draft.rules.as_ref()?.get(i));
        // A rule that does not apply now may do so then, and give one of them another value.
        let other = || draft.rules.iter().flatten().filter(|_| excluded.is_some());
        let may_end = |name: &String| other().any(|rule| rule.variables.iter().any(|one| one.key == *name));
        for names in circles.find(&[&own, of_rule], &draft.inherits) {
            if !names.iter().any(may_end) {
                report.add(circle(part, &names, circles, rule, world));
            }
        }
    }
    job.variables = read::layered([globals, &own, of_rule]);
    let evaluated = EvaluatedJob {
        job: Arc::new(job),
        excluded,
        matched_rule,
        details,
        written_needs: None,
        includes: Vec::new(),
        places: Vec::new(),
        single_exit_code: draft.single_exit_code,
    };
    Job { evaluated, needs, is_decided, may_run }
}

/// The finding at the first of the variables that has a place of its own: values of a matrix have none.
fn circle(part: &Part<'_>, names: &[String], circles: &Circles<'_>, rule: Option<&Rule>, world: &World<'_>) -> Problem {
    let draft = part.draft;
    let own = rule.iter().flat_map(|rule| &rule.variable_places).chain(&draft.variables.places);
    let places = || own.clone().chain(world.places.iter().copied());
    let place = names.iter().find_map(|name| places().find(|(key, _)| **key == **name));
    let mark = place.map_or(draft.mark, |(_, mark)| *mark);
    // What the file says once is told once, however many jobs inherit it.
    let whose =
        if circles.is_of_file(names) { "variables".to_owned() } else { format!("variables of `{}`", part.name) };
    let message = format!("the {whose} lead in a circle: {}", names.join(", "));
    let hint = "give one of them a value without the others, or `expand: false`";
    Problem::error(mark, message).hint(hint).topic("variables-of-a-job")
}

/// What conditions may ask of the job itself.
fn known_of(part: &Part<'_>, scope: &Scope<'_>, own: &[Variable], default_timeout: u32) -> Vec<Variable> {
    let planned = &part.draft.planned;
    let total = part.instance.as_ref().map_or(1, |instance| instance.total);
    let mut known = vec![
        Variable::new("CI_JOB_NAME", &part.name),
        Variable::new("CI_JOB_NAME_SLUG", model::text::slug(&part.name)),
        Variable::new("CI_JOB_GROUP_NAME", &*part.draft.name),
        Variable::new("CI_JOB_STAGE", &planned.stage),
        Variable::new("CI_JOB_TIMEOUT", planned.timeout.unwrap_or(default_timeout).to_string()),
        Variable::new("CI_NODE_TOTAL", total.to_string()),
    ];
    if let Some(instance) = &part.instance {
        known.push(Variable::new("CI_NODE_INDEX", instance.index.to_string()));
    }
    if let Some(image) = &planned.image {
        known.push(Variable::new("CI_JOB_IMAGE", &image.name));
    }
    // As the job itself says: rules are what is being decided.
    if planned.when == When::Manual {
        known.push(Variable::new("CI_JOB_MANUAL", "true"));
    }
    if let Some(environment) = &planned.environment
        && let Some(name) = whole(&environment.name, &scope.with_job(&known), own)
    {
        let tier = environment.deployment_tier.clone();
        let tier = tier.unwrap_or_else(|| model::Tier::of_name(&name).as_str().to_owned());
        known.push(Variable::new("CI_ENVIRONMENT_SLUG", model::Environment::slug_of(&name)));
        known.push(Variable::new("CI_ENVIRONMENT_NAME", name));
        known.push(Variable::new("CI_ENVIRONMENT_ACTION", environment.action.as_str()));
        known.push(Variable::new("CI_ENVIRONMENT_TIER", tier));
        let url = environment.url.as_ref();
        if let Some(url) = url.and_then(|url| whole(url, &scope.with_job(&known), own)) {
            known.push(Variable::new("CI_ENVIRONMENT_URL", url));
        }
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
