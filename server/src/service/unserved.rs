//! What the language says and this server does not do yet. A definition that asks for it is valid, and
//! `weir lint` shows what it means; but a run would mean something else, so none is started.

use model::plan::{Access, PlannedJob, When};
use model::{Diagnostic, Severity, Span};

use super::source::DEFINITION_FILE;

/// A keyword, whether a job has it, and what to do meanwhile.
type Unserved = (&'static str, fn(&PlannedJob) -> bool, &'static str);

const IMAGE: &str = "the runner's own shell runs the scripts; call `docker run` or `podman run` in `script`";

/// In the order of the contract's table of keywords.
const UNSERVED: &[Unserved] = &[
    ("tags", |job| !job.tags.is_empty(), "leave it out: the embedded runner takes every job"),
    ("manual_confirmation", |job| job.manual_confirmation.is_some(), "say it in the job's name"),
    ("environment", |job| job.environment.is_some(), "hand its address on in `variables`"),
    ("image", |job| job.image.is_some(), IMAGE),
    ("services", |job| !job.services.is_empty(), IMAGE),
    ("coverage", |job| job.coverage.is_some(), "print the number; the log keeps it"),
    ("trigger", |job| job.trigger.is_some(), "start the other pipeline with `weir run` in `script`"),
    ("needs:pipeline", |job| !job.parent_needs.is_empty(), "need a job of this pipeline"),
    (
        "artifacts:expose_as",
        |job| job.artifacts.as_ref().is_some_and(|one| one.expose_as.is_some()),
        "the job's page lists the files",
    ),
    (
        "artifacts:access",
        |job| job.artifacts.as_ref().is_some_and(|one| one.access != Access::All),
        "who sees the run sees its files",
    ),
    (
        "artifacts:reports",
        |job| job.artifacts.as_ref().is_some_and(|one| !one.reports.is_empty()),
        "keep the report with `paths`",
    ),
];

/// What beyond that `weir exec` does not do.
const UNSERVED_HERE: &[Unserved] = &[
    ("start_in", |job| job.when == When::Delayed, "start the pipeline on a server"),
    ("resource_group", |job| job.resource_group.is_some(), "start the pipeline on a server"),
];

/// As [`refuse_unserved`], for a run without a server.
pub fn refuse_unserved_here(outcome: &mut pipeline::Outcome, text: &str) {
    refuse(outcome, text, &[UNSERVED, UNSERVED_HERE].concat());
}

/// Turns a plan that asks for what is not served into findings that say so.
pub fn refuse_unserved(outcome: &mut pipeline::Outcome, text: &str) {
    refuse(outcome, text, UNSERVED);
}

fn refuse(outcome: &mut pipeline::Outcome, text: &str, unserved: &[Unserved]) {
    let Some(plan) = &outcome.plan else { return };
    let mut found = Vec::new();
    for job in &plan.jobs {
        for (keyword, has, instead) in unserved {
            if has(job)
                && !found
                    .iter()
                    .any(|known: &Diagnostic| known.span.line == job.line && known.message.contains(keyword))
            {
                found.push(finding(job, keyword, instead, text));
            }
        }
    }
    if plan.name.is_some() {
        let whole = PlannedJob { base_name: "workflow".into(), line: 1, ..PlannedJob::default() };
        found.push(Diagnostic {
            message: "`workflow:name` is not done by this server yet".into(),
            ..finding(&whole, "workflow:name", "give the pipeline its name on the server", text)
        });
    }
    if found.is_empty() {
        return;
    }
    outcome.diagnostics.append(&mut found);
    outcome.plan = None;
    outcome.valid = false;
}

fn finding(job: &PlannedJob, keyword: &str, instead: &str, text: &str) -> Diagnostic {
    let own = job.file.is_empty();
    Diagnostic {
        severity: Severity::Error,
        message: format!("the job `{}` asks for `{keyword}`, which this server does not do yet", job.base_name),
        file: if own { DEFINITION_FILE.to_owned() } else { job.file.clone() },
        span: Span { line: job.line, column: 1, ..Span::default() },
        hint: Some(instead.to_owned()),
        link: Some("docs/language.md#not-run-yet".to_owned()),
        source_line: if own {
            text.lines().nth(job.line.max(1) as usize - 1).unwrap_or_default().to_owned()
        } else {
            String::new()
        },
    }
}
