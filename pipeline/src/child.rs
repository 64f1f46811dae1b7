//! The definition of a child pipeline: the files that its `trigger` names, put together.

use model::plan::{Inputs, Trigger, TriggerInclude};
use serde_json::json;

use crate::include::CHILD;
use crate::{Context, Outcome, compose};

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
