//! GitLab's own fixtures for its schema (`../shared/cases/ci-schema`): what is right there is
//! accepted, or refused for a keyword that is not supported; what is wrong there is refused.

use std::fs;
use std::path::{Path, PathBuf};

use model::{Diagnostic, Severity};
use pipeline::Context;

mod common;

/// What a schema cannot see, or what a part of a file cannot have.
const BEYOND_A_SCHEMA: &[&str] = &[
    "the definition has no job",
    "there is no stage",
    "there is no such job",
    "has no `script`",
    "no run can be made",
    "cannot be included",
    "cannot be told",
    "is not given",
    "a job with `trigger` has no",
    "which is not in the run",
];

/// (file, top-level key, sentence of contracts/ci-yaml.md or a fact of the file): wrong by the
/// schema, accepted here.
const ACCEPTED: &[(&str, &str, &str)] = &[
    ("image.yml", "empty_image", "part 1, `extends`: null takes a keyword away"),
    ("services.yml", "empty_services", "part 1, `extends`: null takes a keyword away"),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

/// Every top-level key of a fixture is a document of its own; under `workflow/auto_cancel` its value is.
fn documents(path: &Path) -> Vec<(String, String)> {
    let mut documents: Vec<(String, String)> = Vec::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let begins = !line.is_empty() && !line.starts_with([' ', '#', '-', '\t']);
        if begins {
            documents.push((line.trim_end_matches(':').to_owned(), String::new()));
        }
        if let Some((_, text)) = documents.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    if path.components().rev().nth(1).is_some_and(|folder| folder.as_os_str() == "auto_cancel")
        && path.components().rev().nth(2).is_some_and(|folder| folder.as_os_str() == "workflow")
    {
        for (_, text) in &mut documents {
            let lines = text.lines().skip(1).map(|line| line.strip_prefix("  ").unwrap_or(line));
            *text = lines.collect::<Vec<_>>().join("\n");
        }
    }
    documents
}

fn errors(text: &str) -> Vec<Diagnostic> {
    let outcome = pipeline::plan(text, &Context::default());
    let beyond = |d: &Diagnostic| BEYOND_A_SCHEMA.iter().any(|part| d.message.contains(part));
    outcome.diagnostics.into_iter().filter(|d| d.severity == Severity::Error && !beyond(d)).collect()
}

/// Whether a finding says that a known keyword is not (or not any more) understood.
fn is_about_support(diagnostic: &Diagnostic) -> bool {
    diagnostic.message.contains("is not supported") || diagnostic.message.contains("any more")
}

#[test]
fn what_is_right_is_accepted_or_refused_by_keyword() {
    let (mut wrong, mut accepted) = (Vec::new(), 0);
    let mut paths = Vec::new();
    files(&common::cases().join("ci-schema/positive"), &mut paths);
    for path in &paths {
        for (key, text) in documents(path) {
            let errors = errors(&text);
            accepted += usize::from(errors.is_empty());
            for error in errors.iter().filter(|error| !is_about_support(error)) {
                wrong.push(format!("{}: {key}: {error}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted > 100, "only {accepted} were accepted");
}

#[test]
fn what_is_wrong_is_refused() {
    let mut wrong = Vec::new();
    let mut paths = Vec::new();
    files(&common::cases().join("ci-schema/negative"), &mut paths);
    for path in &paths {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        for (key, text) in documents(path) {
            let listed = ACCEPTED.iter().any(|(f, k, _)| *f == file && *k == key);
            let refused = !errors(&text).is_empty();
            if refused == listed {
                wrong.push(format!("{}: {key}: refused {refused}, listed {listed}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
