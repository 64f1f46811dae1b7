//! What must hold of any bytes. The property tests, the fuzz targets and what these found use the same
//! checks, so that a find is a test by being a file in `tests/fuzz`.

use std::sync::Arc;

use model::plan::Variable;
use pipeline::{Context, Outcome, lint};

use super::Table;

/// Files that include each other, and one with an input.
pub fn plan(text: &str) -> Outcome {
    let mut context = Context::default();
    context.files = Arc::new(Table::new(&[
        ("c.yml", "include: d.yml\nc: {script: x}\n"),
        ("d.yml", "spec: {inputs: {n: {default: d}}}\n---\n$[[ inputs.n ]]: {script: x}\n"),
        ("e.yml", "include: [e.yml, c.yml]\n"),
    ]));
    pipeline::plan(text, &context)
}

/// What must hold of every outcome.
pub fn check(text: &str, outcome: &Outcome) {
    let errors = outcome.diagnostics.iter().filter(|d| d.severity == model::Severity::Error).count();
    assert_eq!(outcome.plan.is_none(), errors > 0, "{text:?}: {:#?}", outcome.diagnostics);
    assert!(outcome.diagnostics.len() <= 101);
    for diagnostic in &outcome.diagnostics {
        let span = diagnostic.span;
        assert!(span.line > 0 && span.column > 0, "{text:?}: {diagnostic:?}");
        assert!(span.start <= span.end, "{text:?}: {diagnostic:?}");
        assert!(diagnostic.caret_width() > 0);
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{diagnostic:?}");
    }
    if let Some(plan) = &outcome.plan {
        assert!(!plan.jobs.is_empty());
        let names: std::collections::HashSet<_> = plan.jobs.iter().map(|job| &job.name).collect();
        assert_eq!(names.len(), plan.jobs.len(), "names clash in {text:?}");
        for job in &plan.jobs {
            assert!(plan.stages.contains(&job.stage) && job.script.is_empty() == job.trigger.is_some());
            let fetched = job.dependencies.iter().flatten();
            for other in job.needs.iter().flatten().map(|need| &need.job).chain(fetched) {
                assert!(names.contains(other), "{text:?}: {} needs {other}", job.name);
            }
            assert_eq!(job.start_in.is_some(), job.when == model::plan::When::Delayed, "{text:?}");
        }
        let json = serde_json::to_string(plan).unwrap();
        let again: model::plan::Plan = serde_json::from_str(&json).unwrap();
        assert_eq!(&again, plan);
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
    }
    serde_json::to_string(&lint::Document::new(outcome)).unwrap();
}

/// A definition: evaluated, checked and written as the lint document.
pub fn definition(bytes: &[u8]) {
    match pipeline::decode(bytes, ".gitlab-ci.yml") {
        Ok(text) => check(text, &plan(text)),
        Err(finding) => assert!(finding.span.start < finding.span.end && finding.span.line > 0),
    }
}

/// The first line is a condition, the others are the values of `$A`, `$B` and so on.
pub fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let condition = lines.next().unwrap_or_default();
    let mut context = Context::default();
    let named = ('A'..='Z').zip(lines);
    context.variables = named.map(|(name, value)| Variable::new(name.to_string(), value)).collect();
    let definition = format!("a: {{script: x, rules: [{{if: {}}}]}}\nb: {{script: x}}\n", quoted(condition));
    let outcome = pipeline::plan(&definition, &context);
    check(&definition, &outcome);
    let again = pipeline::plan(&definition, &context);
    assert_eq!(again.jobs, outcome.jobs, "{definition:?}");
}

/// The first line is a pattern for paths, the others are the paths.
pub fn glob(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let pattern = lines.next().unwrap_or_default();
    let paths: Vec<&str> = lines.collect();
    let files: Vec<_> = paths.iter().map(|path| (*path, "")).collect();
    let mut context = Context::default();
    context.files = Arc::new(Table { changed: Some(Vec::new()), ..Table::new(&files) });
    let definition = format!("a: {{script: x, rules: [{{exists: [{}]}}]}}\nb: {{script: x}}\n", quoted(pattern));
    let outcome = pipeline::plan(&definition, &context);
    check(&definition, &outcome);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
    if !pattern.is_empty() && pattern.chars().all(plain) && pattern.split('/').all(|folder| !folder.is_empty()) {
        let a = outcome.jobs.iter().find(|job| job.job.name == "a").unwrap();
        assert_eq!(a.excluded.is_none(), paths.contains(&pattern), "{pattern:?} {paths:?}");
    }
}

/// A text as YAML: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
