//! Names in a plan that the server puts the values of variables into before the run is made: jobs of
//! different runs meet under them, or the server goes by them.

use model::Error;
use model::plan::{Plan, PlannedJob, Variable};

/// Puts the values of variables into the name of the run, and into tags, resource groups and names of
/// environments. `given` are the variables of the run, which beat those of the definition (`globals` are
/// those of the file), and `predefined` those of the server, which do not.
pub fn fill(plan: &mut Plan, given: &[Variable], globals: &[Variable], predefined: &[Variable]) -> Result<(), Error> {
    if let Some(name) = &plan.name {
        let name = filled("the name of the run", name, &[given, globals, predefined])?;
        let name: String = name.trim().chars().take(255).collect();
        plan.name = (!name.is_empty()).then_some(name);
    }
    for job in &mut plan.jobs {
        let own = own(job);
        let lists: [&[Variable]; 4] = [given, &job.variables, &own, predefined];
        if let Some(group) = &job.resource_group {
            job.resource_group = Some(filled(&format!("the resource group of {}", job.name), group, &lists)?);
        }
        let tags = job.tags.iter().map(|tag| filled(&format!("a tag of {}", job.name), tag, &lists));
        job.tags = tags.collect::<Result<_, _>>()?;
        if let Some(environment) = &job.environment {
            let name = filled(&format!("the environment of {}", job.name), &environment.name, &lists)?;
            if !is_environment_name(&name) {
                let rule = "up to 255 letters, digits, spaces and the characters - _ / $ { } . and no / at its ends";
                return Err(Error::invalid(format!("{} deploys to {name:?}: a name has {rule}", job.name)));
            }
            let environment = model::plan::Environment { name, ..environment.clone() };
            job.environment = Some(environment);
        }
    }
    Ok(())
}

/// What the definition itself tells a job.
fn own(job: &PlannedJob) -> [Variable; 2] {
    [Variable::new("CI_JOB_NAME", job.name.clone()), Variable::new("CI_JOB_STAGE", job.stage.clone())]
        .map(|one| Variable { raw: true, ..one })
}

/// A text with the values of variables; earlier lists beat later ones, in a list the last one wins.
pub fn filled(what: &str, text: &str, lists: &[&[Variable]]) -> Result<String, Error> {
    let lookup = |key: &str| lists.iter().find_map(|list| list.iter().rfind(|one| one.key == key));
    pipeline::expand(text, &lookup).map_err(|error| Error::invalid(format!("{what} has no name: {error}")))
}

/// GitLab's rule for names of environments.
fn is_environment_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " -_/${}.".contains(c);
    (1..=255).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('/') && !name.ends_with('/')
}

#[cfg(test)]
mod tests {
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
        let mut plan = Plan { jobs: vec![job], name: Some(" $A of $C ".into()), ..Plan::default() };
        let predefined = ["A", "B", "C"].map(|key| Variable::new(key, "server"));
        fill(&mut plan, &[Variable::new("A", "given")], &[Variable::new("A", "global")], &predefined).unwrap();
        assert_eq!(plan.jobs[0].resource_group.as_deref(), Some("given/last/server"));
        assert_eq!((plan.jobs[0].tags[0].as_str(), plan.name.as_deref()), ("os-last", Some("given of server")));
    }

    #[test]
    fn environments_have_gitlabs_names() {
        for (name, fits) in [("review/a b", true), ("/x", false), ("x/", false), ("", false), ("a<b>", false)] {
            assert_eq!(is_environment_name(name), fits, "{name}");
        }
    }
}
