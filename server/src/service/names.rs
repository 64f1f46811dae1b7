//! Names in a plan that the server puts the values of variables into before the run is made: jobs of
//! different runs meet under them, or the server goes by them.

use std::collections::HashSet;
use std::sync::Arc;

use model::plan::{Environment, Plan, PlannedJob, Variable};
use model::{Diagnostic, Error};
use pipeline::{EvaluatedJob, Outcome};

use super::definition::Definition;
use super::variables;

/// Puts the values of variables into the name of the run, and into tags, resource groups and names of
/// environments. `given` are the variables of the run, which beat those of the definition (`globals` are
/// those of the file), and `predefined` those of the server, which do not. Whatever cannot be filled is a finding at
/// its keyword, as far as `evaluated` knows where that is.
pub fn fill(
    plan: &mut Plan,
    given: &[Variable],
    globals: &[Variable],
    predefined: &[Variable],
    definition: Definition<'_>,
    evaluated: &[EvaluatedJob],
) -> Result<(), Error> {
    let mut found = Vec::new();
    if let Some(name) = &plan.name {
        match filled("the name of the run", name, &[given, globals, predefined]) {
            Ok(name) => {
                let name: String = name.trim().chars().take(255).collect();
                plan.name = (!name.is_empty()).then_some(name);
            }
            Err(error) => found.push(definition.error_of_file("workflow", error.message)),
        }
    }
    // What instances share is told once.
    let mut told = HashSet::new();
    for job in plan.jobs.iter_mut().filter(|job| has_names(job)) {
        let known = evaluated.iter().find(|one| one.job.name == job.name);
        for (keyword, error) in of_job(Arc::make_mut(job), given, predefined) {
            if told.insert((job.base_name.clone(), keyword)) {
                found.push(definition.error_at(job, keyword, known, error.message, None));
            }
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Error::definition(found)) }
}

/// Why [`fill`] would not go well; of a definition with errors for the jobs that they do not touch.
pub fn check(
    outcome: &Outcome,
    given: &[Variable],
    predefined: &[Variable],
    definition: Definition<'_>,
) -> Vec<Diagnostic> {
    let sound = || Plan { jobs: outcome.in_run().map(|one| Arc::clone(&one.job)).collect(), ..Plan::default() };
    let mut plan = outcome.plan.clone().unwrap_or_else(sound);
    let evaluated = if outcome.plan.is_some() { &outcome.jobs } else { &outcome.sound };
    let filled = fill(&mut plan, given, &outcome.global_variables, predefined, definition, evaluated);
    filled.err().map(|error| error.diagnostics).unwrap_or_default()
}

/// Whether there is something to be filled.
fn has_names(job: &PlannedJob) -> bool {
    job.environment.is_some() || job.resource_group.is_some() || !job.tags.is_empty()
}

/// Fills the names of one job; what goes wrong comes with its keyword.
fn of_job(job: &mut PlannedJob, given: &[Variable], predefined: &[Variable]) -> Vec<(&'static str, Error)> {
    let mut wrong = Vec::new();
    if let Some(environment) = &job.environment {
        match environment_name(job, environment, given, predefined) {
            Ok(name) => job.environment = Some(Environment { name, ..environment.clone() }),
            Err(error) => wrong.push(("environment", error)),
        }
    }
    let told = variables::of_planned(job);
    let lists: [&[Variable]; 4] = [given, &job.variables, &told, predefined];
    if let Some(group) = &job.resource_group {
        match filled(&format!("the resource group of {}", job.name), group, &lists) {
            Ok(group) => job.resource_group = Some(group),
            Err(error) => wrong.push(("resource_group", error)),
        }
    }
    let tags = job.tags.iter().map(|tag| filled(&format!("a tag of {}", job.name), tag, &lists));
    match tags.collect() {
        Ok(tags) => job.tags = tags,
        Err(error) => wrong.push(("tags", error)),
    }
    wrong
}

fn environment_name(
    job: &PlannedJob,
    environment: &Environment,
    given: &[Variable],
    predefined: &[Variable],
) -> Result<String, Error> {
    // It cannot be called after itself.
    let told = variables::of_planned(&PlannedJob { environment: None, ..job.clone() });
    let lists: [&[Variable]; 4] = [given, &job.variables, &told, predefined];
    let name = filled(&format!("the environment of {}", job.name), &environment.name, &lists)?;
    if !is_environment_name(&name) {
        let rule = "up to 255 letters, digits, spaces and the characters - _ / $ { } . and no / at its ends";
        // What variables became may be as long as a book.
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        let more = if shown.len() < name.len() { "…" } else { "" };
        return Err(Error::invalid(format!("`{}` deploys to {shown:?}{more}: a name has {rule}", job.name)));
    }
    Ok(name)
}

/// A text with the values of variables; earlier lists beat later ones, in a list the last one wins.
pub fn filled(what: &str, text: &str, lists: &[&[Variable]]) -> Result<String, Error> {
    let lookup = |key: &str| lists.iter().find_map(|list| list.iter().rfind(|one| one.key == key));
    pipeline::expand(text, &lookup).map_err(|error| Error::invalid(format!("{what} has no name: {error}")))
}

/// Longest name of an environment.
const LONGEST_NAME: usize = 255;

/// GitLab's rule for names of environments.
fn is_environment_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " -_/${}.".contains(c);
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('/') && !name.ends_with('/')
}

#[cfg(test)]
mod tests {
    use model::plan::Instance;

    use super::*;

    #[test]
    fn given_variables_beat_those_of_the_definition_and_those_the_servers() {
        let job = PlannedJob {
            name: "ship".into(),
            resource_group: Some("$A/$B/$C".into()),
            tags: vec!["os-$B".into()],
            variables: vec![Variable::new("A", "job"), Variable::new("B", "job"), Variable::new("B", "last")],
            ..PlannedJob::default()
        };
        let mut plan = Plan { jobs: vec![Arc::new(job)], name: Some(" $A of $C ".into()), ..Plan::default() };
        let predefined = ["A", "B", "C"].map(|key| Variable::new(key, "server"));
        fill(
            &mut plan,
            &[Variable::new("A", "given")],
            &[Variable::new("A", "global")],
            &predefined,
            Definition::of(""),
            &[],
        )
        .unwrap();
        assert_eq!(plan.jobs[0].resource_group.as_deref(), Some("given/last/server"));
        assert_eq!((plan.jobs[0].tags[0].as_str(), plan.name.as_deref()), ("os-last", Some("given of server")));
    }

    #[test]
    fn what_a_job_is_told_of_itself_is_in_its_names() {
        let job = PlannedJob {
            name: "ship it 2/3".into(),
            base_name: "ship it".into(),
            stage: "live".into(),
            instance: Some(Instance { index: 2, total: 3, matrix: Vec::new() }),
            resource_group: Some("$CI_ENVIRONMENT_SLUG-$CI_NODE_INDEX".into()),
            tags: vec!["$CI_JOB_STAGE".into()],
            environment: Some(Environment {
                name: "review/$CI_JOB_NAME_SLUG/$CI_JOB_GROUP_NAME".into(),
                ..Environment::default()
            }),
            ..PlannedJob::default()
        };
        let mut plan = Plan { jobs: vec![Arc::new(job)], ..Plan::default() };
        fill(&mut plan, &[], &[], &[], Definition::of(""), &[]).unwrap();
        let job = &plan.jobs[0];
        let name = "review/ship-it-2-3/ship it";
        assert_eq!(job.environment.as_ref().unwrap().name, name);
        let slug = model::Environment::slug_of(name);
        assert_eq!((job.resource_group.clone(), job.tags[0].as_str()), (Some(format!("{slug}-2")), "live"));
    }

    #[test]
    fn all_names_that_cannot_be_filled_are_told_at_once() {
        let job = |name: &str| PlannedJob {
            name: name.into(),
            base_name: name.split(' ').next().unwrap().into(),
            resource_group: Some("$LOOP".into()),
            tags: vec!["$LOOP".into(), "x".into()],
            environment: Some(Environment { name: "a*b".into(), ..Environment::default() }),
            variables: vec![Variable::new("LOOP", "$LOOP")],
            ..PlannedJob::default()
        };
        let jobs = vec![Arc::new(job("a 1/2")), Arc::new(job("a 2/2")), Arc::new(job("b"))];
        let plan = Plan { jobs, name: Some("$LOOP".into()), ..Plan::default() };
        let mut outcome = Outcome::default();
        (outcome.plan, outcome.global_variables) = (Some(plan), vec![Variable::new("LOOP", "$LOOP")]);
        let found = check(&outcome, &[], &[], Definition::of(""));
        let links: Vec<_> = found.iter().filter_map(|one| one.link.as_deref()?.rsplit('#').next()).collect();
        let of_job = ["environment", "resource_group", "tags"];
        assert_eq!(links, [&["workflow"][..], &of_job, &of_job].concat(), "{found:#?}");
    }

    #[test]
    fn environments_have_gitlabs_names() {
        for (name, fits) in [("review/a b", true), ("/x", false), ("x/", false), ("", false), ("a<b>", false)] {
            assert_eq!(is_environment_name(name), fits, "{name}");
        }
    }

    #[test]
    fn names_of_environments_that_are_too_long_are_cut_in_what_is_said() {
        let environment = Environment { name: "$LONG".into(), ..Environment::default() };
        let job = PlannedJob { name: "ship".into(), ..PlannedJob::default() };
        let refused = |value: &str| {
            environment_name(&job, &environment, &[Variable::new("LONG", value)], &[]).unwrap_err().message
        };
        assert!(refused("a*b").starts_with("`ship` deploys to \"a*b\": a name has up to 255 "));
        let text = refused(&"ü".repeat(10_000));
        assert!(text.starts_with(&format!("`ship` deploys to \"{}\"…: a name has", "ü".repeat(255))), "{text}");
    }
}
