//! The definition of a child pipeline: the files that its `trigger` names, put together.

use std::collections::HashSet;

use model::plan::{Inputs, Plan, Trigger, TriggerInclude, Variable};
use model::{Diagnostic, Severity, Span};
use serde_json::json;

use crate::include::CHILD;
use crate::{Context, Outcome, compose};

/// How many child pipelines are looked into when a definition is checked.
const MAX_CHECKED: usize = 20;

/// Warnings of child pipelines that could not be made if the plan were run now, as far as their files are
/// there: those of the repository. What a job will write is not known before.
pub fn check_children(plan: &Plan, context: &Context) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let is_local = |include: &TriggerInclude| matches!(include, TriggerInclude::Local { .. });
    let bridges = plan.jobs.iter().filter_map(|job| Some((job, job.trigger.as_ref()?)));
    let known = bridges.filter(|(_, trigger)| trigger.include.iter().all(is_local));
    let mut found = Vec::new();
    for (job, trigger) in known.filter(|(job, _)| seen.insert(&job.base_name)).take(MAX_CHECKED) {
        let mut of_child = context.clone();
        if trigger.forward.yaml_variables {
            // Variables of the run beat those of the job, here as in its own conditions.
            of_child.variables = job.variables.iter().chain(&context.variables).cloned().collect();
        }
        of_child.predefined.push(Variable::new("CI_PIPELINE_SOURCE", "parent_pipeline"));
        let outcome = plan_child(trigger, &of_child);
        if outcome.plan.is_some() {
            continue;
        }
        let Some(problem) = outcome.diagnostics.iter().find(|one| one.severity == Severity::Error || outcome.valid)
        else {
            continue;
        };
        let place = format!("{}:{}", problem.file, problem.span.line);
        found.push(Diagnostic {
            severity: Severity::Warning,
            message: format!(
                "the child pipeline of `{}` cannot be made, and the job will fail: {place}: {}",
                job.base_name, problem.message
            ),
            file: if job.file.is_empty() { context.file.clone() } else { job.file.clone() },
            span: Span { line: job.line, column: 1, ..Span::default() },
            hint: problem.hint.clone(),
            link: problem.link.clone(),
            source_line: String::new(),
        });
    }
    found
}

/// Evaluates what a job with `trigger` starts. `context` is that of the child: its
/// `CI_PIPELINE_SOURCE` is `parent_pipeline`, its variables are those that are handed on, and its
/// files answer for the artifacts of the run above.
pub fn plan_child(trigger: &Trigger, context: &Context) -> Outcome {
    let entry = |file: &TriggerInclude| match file {
        TriggerInclude::Local { path, inputs } => json!({ "local": path, "inputs": inputs }),
        TriggerInclude::Artifact { path, job, inputs } => json!({ "artifact": path, "job": job, "inputs": inputs }),
    };
    let include: Vec<_> = trigger.include.iter().map(entry).collect();
    // Every JSON document is a YAML document.
    let text = json!({ "include": include }).to_string();
    compose::outcome(&text, &Context { file: CHILD.to_owned(), inputs: Inputs::new(), ..context.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Files;

    struct One;

    impl Files for One {
        fn read(&self, path: &str) -> Result<Option<String>, String> {
            let good =
                "x: {script: 'true', rules: [{if: '$CI_PIPELINE_SOURCE == \"parent_pipeline\" && $WHO == \"a\"'}]}\n";
            Ok((path == "good.yml").then(|| good.to_owned()))
        }

        fn paths(&self) -> Result<Vec<String>, String> {
            Ok(vec!["good.yml".to_owned()])
        }

        fn changed(&self, _: Option<&str>) -> Result<Option<Vec<String>>, String> {
            Ok(None)
        }
    }

    #[test]
    fn children_that_cannot_be_made_are_warned_of() {
        let text = "a: {trigger: {include: good.yml}, variables: {WHO: a}}
b: {trigger: {include: good.yml}, variables: {WHO: b}}
c: {trigger: {include: none.yml}}
gen: {stage: build, script: 'true', artifacts: {paths: [x.yml]}}
d: {trigger: {include: [{artifact: x.yml, job: gen}]}}
";
        let context = Context { files: std::sync::Arc::new(One), ..Context::default() };
        let outcome = crate::plan(text, &context);
        let plan = outcome.plan.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics));
        let found = check_children(&plan, &context);
        let told: Vec<_> = found.iter().map(|one| (one.span.line, one.severity)).collect();
        assert_eq!(told, [(2, Severity::Warning), (3, Severity::Warning)], "{found:#?}");
        assert!(found[1].message.contains("none.yml"), "{}", found[1].message);
    }
}
