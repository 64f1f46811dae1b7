//! The definition of a child pipeline: the files that its `trigger` names, put together.

use std::collections::HashSet;

use model::plan::{Inputs, Plan, Strategy, Trigger, TriggerInclude, Variable};
use model::{Diagnostic, Severity, Span};
use serde_json::json;

use crate::include::CHILD;
use crate::source::{Place, Report};
use crate::{Context, EvaluatedJob, Outcome, compose, job};

/// How many child pipelines are looked into when a definition is checked.
const MAX_CHECKED: usize = 20;

/// Where a file of a child's definition is named, and the values of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncludePlace {
    at: Place,
    inputs: Vec<(String, Place)>,
}

impl IncludePlace {
    pub fn new(place: &job::IncludePlace, report: &Report) -> Self {
        let inputs = place.inputs.iter().map(|(name, mark)| (name.clone(), report.place(*mark)));
        Self { at: report.place(place.mark), inputs: inputs.collect() }
    }
}

/// Warnings of child pipelines that could not be made if what was evaluated were run now, as far as their files are
/// there: those of the repository. What a job will write is not known before.
pub fn check_children(outcome: &Outcome, context: &Context) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let is_local = |include: &TriggerInclude| matches!(include, TriggerInclude::Local { .. });
    let bridges = outcome.in_run().filter_map(|one| Some((one, one.job.trigger.as_ref()?)));
    let known = bridges.filter(|(_, trigger)| trigger.include.iter().all(is_local));
    let mut found = Vec::new();
    for (one, trigger) in known.filter(|(one, _)| seen.insert(&one.job.base_name)).take(MAX_CHECKED) {
        let job = &one.job;
        let mut of_child = context.clone();
        if trigger.forward.yaml_variables {
            // Variables of the run beat those of the job, here as in its own conditions.
            of_child.variables = job.variables.iter().chain(&context.variables).cloned().collect();
        }
        of_child.predefined.push(Variable::new("CI_PIPELINE_SOURCE", "parent_pipeline"));
        let child = plan_child(trigger, &of_child);
        if let Some(plan) = &child.plan {
            found.extend(waits_for_itself(one, plan, trigger, context));
            continue;
        }
        let errors = child.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        found.extend(errors.map(|problem| {
            // What the child's file says wrongly stands there. That a good one makes no run is the affair of the job.
            let is_there = !child.valid && problem.file != CHILD && !problem.source_line.is_empty();
            let place = if is_there { None } else { Some(of_job(problem, one, trigger, context)) };
            let told = format!(
                "the child pipeline of `{}` cannot be made, and the job will fail: {}",
                job.base_name, problem.message
            );
            Diagnostic { severity: Severity::Warning, message: told, ..place.unwrap_or_else(|| problem.clone()) }
        }));
    }
    found
}

/// A job that waits for a child holds its resource as long as the child runs: a job there that asks for the same one
/// never gets it.
fn waits_for_itself(one: &EvaluatedJob, child: &Plan, trigger: &Trigger, context: &Context) -> Option<Diagnostic> {
    let group = one.job.resource_group.as_ref().filter(|_| trigger.strategy != Strategy::Detached)?;
    let other = child.jobs.iter().find(|job| job.resource_group.as_ref() == Some(group))?;
    let message = format!(
        "`{}` keeps the resource `{group}` until its child pipeline ends, and `{}` in there waits for it: neither ends",
        one.job.base_name, other.name
    );
    let problem = Diagnostic {
        severity: Severity::Warning,
        message,
        hint: Some("give one of them another `resource_group`".to_owned()),
        link: Some("docs/language.md#resource_group".to_owned()),
        // The first entry of its files is shown.
        file: String::new(),
        span: Span::default(),
        source_line: String::new(),
    };
    Some(of_job(&problem, one, trigger, context))
}

/// The finding in what the job above says of the file that it is in.
fn of_job(problem: &Diagnostic, one: &EvaluatedJob, trigger: &Trigger, context: &Context) -> Diagnostic {
    let job = &one.job;
    let place = place_of(problem, trigger, &one.includes);
    let own_file = if job.file.is_empty() { &context.file } else { &job.file };
    let line = Span { line: job.line, column: 1, ..Span::default() };
    Diagnostic {
        file: place.map_or_else(|| own_file.clone(), |place| place.file.clone()),
        span: place.map_or(line, |place| place.span),
        source_line: place.map(|place| place.source_line.clone()).unwrap_or_default(),
        ..problem.clone()
    }
}

/// What in the job above a finding of the child is about: the entry that names the file, or one of its inputs.
fn place_of<'p>(problem: &Diagnostic, trigger: &Trigger, places: &'p [IncludePlace]) -> Option<&'p Place> {
    if problem.file != CHILD {
        // An entry with a variable in its path is known by its place alone.
        let named = |include: &TriggerInclude| path_of(include).trim_start_matches('/') == problem.file;
        let entry = trigger.include.iter().position(named).unwrap_or(0);
        return places.get(entry).map(|entry| &entry.at);
    }
    let lines = lines(trigger);
    let (entry, input) = &lines.get((problem.span.line as usize).checked_sub(FIRST_LINE)?)?.about;
    let place = places.get(*entry)?;
    let of_input = input.as_ref().and_then(|input| place.inputs.iter().find(|(name, _)| name == input));
    Some(of_input.map_or(&place.at, |(_, place)| place))
}

fn path_of(include: &TriggerInclude) -> &str {
    match include {
        TriggerInclude::Local { path, .. } | TriggerInclude::Artifact { path, .. } => path,
    }
}

/// A line of the text that stands for a child's definition, and which entry, or which of its inputs, it holds.
struct Line {
    text: String,
    about: (usize, Option<String>),
}

/// Where the first of these lines stands in that text.
const FIRST_LINE: usize = 2;

/// The entries of `include`, one line each, and one for each of their inputs: so what is said of a line can be said
/// of what stands in the job above.
fn lines(trigger: &Trigger) -> Vec<Line> {
    let mut all = Vec::new();
    for (i, include) in trigger.include.iter().enumerate() {
        let (entry, inputs) = match include {
            TriggerInclude::Local { path, inputs } => (format!("\"local\": {}", json!(path)), inputs),
            TriggerInclude::Artifact { path, job, inputs } => {
                (format!("\"artifact\": {}, \"job\": {}", json!(path), json!(job)), inputs)
            }
        };
        all.push(Line { text: format!("{{{entry}, \"inputs\": {{"), about: (i, None) });
        for (name, value) in inputs {
            all.push(Line { text: format!("{}: {value},", json!(name)), about: (i, Some(name.clone())) });
        }
        all.push(Line { text: "}},".to_owned(), about: (i, None) });
    }
    all
}

/// Evaluates what a job with `trigger` starts. `context` is that of the child: its
/// `CI_PIPELINE_SOURCE` is `parent_pipeline`, its variables are those that are handed on, and its
/// files answer for the artifacts of the run above.
pub fn plan_child(trigger: &Trigger, context: &Context) -> Outcome {
    // JSON but for its last commas, which YAML does not mind.
    let entries: Vec<String> = lines(trigger).into_iter().map(|line| line.text).collect();
    let text = format!("{{\"include\": [\n{}\n]}}", entries.join("\n"));
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
            let header = |inputs: &str| format!("spec: {{inputs: {{{inputs}}}}}\n---\ny: {{script: 'true'}}\n");
            Ok(match path {
                "good.yml" => Some(good.to_owned()),
                "takes.yml" => Some(header("name: {default: a}, size: {options: [big], default: big}")),
                "holds.yml" => Some("k: {script: x, resource_group: r}\n".to_owned()),
                "asks.yml" => Some(header("name: ")),
                "wrong.yml" => Some("j: {script: x, whne: y}\nk: {script: x, timeout: abc}\n".to_owned()),
                _ => None,
            })
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
        assert!(outcome.plan.is_some(), "{:?}", outcome.diagnostics);
        let found = check_children(&outcome, &context);
        let told: Vec<_> = found.iter().map(|one| (one.span.line, one.severity)).collect();
        assert_eq!(told, [(2, Severity::Warning), (3, Severity::Warning)], "{found:#?}");
        assert!(found[1].message.contains("none.yml"), "{}", found[1].message);
    }

    #[test]
    fn a_child_that_waits_for_what_its_parent_keeps_is_warned_of() {
        for (trigger, told) in [
            ("trigger: {include: holds.yml, strategy: depend}, resource_group: r", 1),
            ("trigger: {include: holds.yml, strategy: depend}, resource_group: other", 0),
            ("trigger: {include: holds.yml}, resource_group: r", 0),
        ] {
            let context = Context { files: std::sync::Arc::new(One), ..Context::default() };
            let outcome = crate::plan(&format!("a: {{script: x}}\nb: {{{trigger}}}\n"), &context);
            let found = check_children(&outcome, &context);
            assert_eq!(found.len(), told, "{found:#?}");
            let are_good = found.iter().all(|one| one.span.line == 2 && one.message.contains("neither ends"));
            assert!(are_good, "{found:#?}");
        }
    }

    #[test]
    fn what_a_child_does_not_take_is_shown_where_it_is_given() {
        let text = "a:
  trigger:
    include:
      - good.yml
      - local: takes.yml
        inputs: {size: big, nmae: \"x,\\ny\"}
b:
  trigger: {include: [good.yml, {local: asks.yml}]}
c:
  trigger:
    include:
      - local: good.yml
      - local: none.yml
";
        let context = Context { files: std::sync::Arc::new(One), ..Context::default() };
        let outcome = crate::plan(text, &context);
        assert!(outcome.plan.is_some(), "{:?}", outcome.diagnostics);
        let found = check_children(&outcome, &context);
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                let shown = one.source_line.get(one.span.column as usize - 1..).unwrap_or_default();
                let word: String = shown.chars().take(one.caret_width()).collect();
                (one.span.line, word)
            })
            .collect();
        let wanted = [(6, "nmae"), (8, "{local: asks.yml}"), (13, "local: none.yml")];
        assert_eq!(told, wanted.map(|(line, word)| (line, word.to_owned())), "{found:#?}");
        assert!(found[0].message.ends_with("this file has no input `nmae`"), "{}", found[0].message);
    }

    #[test]
    fn all_that_is_wrong_with_a_child_is_shown_where_it_is() {
        let context = Context { files: std::sync::Arc::new(One), ..Context::default() };
        let outcome = crate::plan("a: {trigger: {include: wrong.yml}}\n", &context);
        let found = check_children(&outcome, &context);
        let told: Vec<_> = found.iter().map(|one| (one.file.as_str(), one.span.line, one.severity)).collect();
        assert_eq!(told, [1, 2].map(|line| ("wrong.yml", line, Severity::Warning)), "{found:#?}");
        assert!(found.iter().all(|one| one.message.starts_with("the child pipeline of `a` cannot be made")));
        assert_eq!(found[1].source_line, "k: {script: x, timeout: abc}");
    }
}
