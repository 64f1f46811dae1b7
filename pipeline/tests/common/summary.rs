//! What becomes of definitions, in few words: for tables of many.

use std::fmt::Write as _;
use std::sync::Arc;

use model::plan::{AllowFailure, Variable};
use pipeline::{Context, EvaluatedJob};

use super::Table;

/// The files of a repository: paths and texts.
pub type Files<'f> = &'f [(&'f str, &'f str)];

/// For a push of `main`.
pub fn context(files: Files<'_>) -> Context {
    let mut context = Context::default();
    context.files = Arc::new(Table::new(files));
    let known = [
        ("CI", "true"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PIPELINE_IID", "7"),
        ("CI_PIPELINE_CREATED_AT", "2026-11-30T12:00:00Z"),
        ("GITLAB_USER_EMAIL", "ada@example.org"),
    ];
    context.predefined = known.map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }).to_vec();
    context
}

/// A job in one line, what is usual left out.
fn line(one: &EvaluatedJob) -> String {
    let job = &one.job;
    let mut text = format!("- {} [{}]", job.name, job.stage);
    if let Some(reason) = &one.excluded {
        let _ = write!(text, " left out: {reason}");
        return text;
    }
    if job.when.as_str() != "on_success" {
        let _ = write!(text, " {}", job.when.as_str());
    }
    match &job.allow_failure {
        AllowFailure::Bool(false) => {}
        AllowFailure::Bool(true) => text.push_str(" may fail"),
        AllowFailure::ExitCodes(codes) => {
            let _ = write!(text, " may fail with {codes:?}");
        }
    }
    let _ = write!(text, " {:?}", [&job.before_script[..], &job.script[..]].concat());
    if let Some(needs) = &job.needs {
        let _ = write!(text, " needs {:?}", needs.iter().map(|need| &need.job).collect::<Vec<_>>());
    }
    if !job.variables.is_empty() {
        let all: Vec<_> = job.variables.iter().map(|one| format!("{}={}", one.key, one.value)).collect();
        let _ = write!(text, " with {}", all.join(" "));
    }
    if !job.tags.is_empty() {
        let _ = write!(text, " tags {:?}", job.tags);
    }
    if job.retry.max > 0 {
        let _ = write!(text, " retried {}", job.retry.max);
    }
    if job.interruptible {
        text.push_str(" interruptible");
    }
    let caches: Vec<_> = job.cache.iter().map(|cache| cache.paths.join(" ")).collect();
    if !caches.is_empty() {
        let _ = write!(text, " caches {caches:?}");
    }
    text
}

/// What becomes of every entry of a table, one under the other.
pub fn told(table: &[(&str, &str, Files<'_>)]) -> String {
    let mut all = String::new();
    for (name, text, files) in table {
        let context = context(files);
        let outcome = pipeline::plan(text, &context);
        let verdict = match (&outcome.plan, outcome.valid) {
            (Some(_), _) => "planned",
            (None, true) => "valid, but no run",
            (None, false) => "refused",
        };
        let _ = writeln!(all, "## {name}: {verdict}");
        let of_children = pipeline::check_children(&outcome, &context);
        for found in outcome.diagnostics.iter().chain(&of_children) {
            let column = found.span.column as usize;
            let under: String =
                found.source_line.chars().skip(column.saturating_sub(1)).take(found.caret_width()).collect();
            let place = format!("{}:{}:{column}", found.file, found.span.line);
            let _ = writeln!(all, "{:?} {place} `{}` {}", found.severity, under.trim_end(), found.message);
            if let Some(hint) = &found.hint {
                let _ = writeln!(all, "  = {hint}");
            }
        }
        if outcome.valid {
            all.push_str(&outcome.jobs.iter().map(|one| line(one) + "\n").collect::<String>());
        }
        all.push('\n');
    }
    all
}
