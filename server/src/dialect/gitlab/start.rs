//! Why a run was not started, in GitLab's words.

use model::{Cause, Error, ErrorKind, Severity};
use serde_json::json;

use super::error::Refused;

/// The refusal of whatever starts a run.
pub fn refused(error: Error) -> Refused {
    match error.cause {
        Some(Cause::UnknownRef) => Refused::base("Reference not found"),
        Some(Cause::NoDefinition) => Refused::base("Missing CI config file"),
        Some(Cause::Workflow) => Refused::base("Pipeline filtered out by workflow rules.").because(&error.message),
        Some(Cause::NoJobs) => Refused::base(
            "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being \
             added to the pipeline.",
        )
        .because(&error.message),
        None if error.kind == ErrorKind::Invalid && !error.diagnostics.is_empty() => {
            let errors = error.diagnostics.iter().filter(|found| found.severity == Severity::Error);
            Refused::fields(json!({"base": errors.map(ToString::to_string).collect::<Vec<_>>()}))
        }
        Some(Cause::Busy | Cause::Unmaskable | Cause::Changed) | None => error.into(),
    }
}
