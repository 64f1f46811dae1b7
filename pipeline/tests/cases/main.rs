//! The expansions of an independent implementation (`../shared/cases/ci-yaml`), all of them.

#[path = "../common/mod.rs"]
mod common;
mod different;

use std::fs;
use std::sync::Arc;

use model::plan::Variable;
use pipeline::{Context, lint};
use serde_json::Value;

use common::Table;
use different::{DIFFERENT, REFUSED};

/// The document of a case as it is and as it is expected; texts of findings are ours.
fn documents(case: &str) -> (Value, Value) {
    let folder = common::cases().join("ci-yaml").join(case);
    let text = fs::read_to_string(folder.join(".gitlab-ci.yml")).unwrap();
    // The folder counts as a repository on `main`.
    let mut context = Context::default();
    context.files = Arc::new(Table { changed: Some(Vec::new()), ..Table::of(&folder) });
    let predefined = [
        ("CI", "true"),
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_COMMIT_REF_SLUG", "main"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_PIPELINE_SOURCE", "push"),
    ];
    context.predefined = predefined.map(|(key, value)| Variable::new(key, value)).to_vec();
    let outcome = pipeline::plan(&text, &context);
    let found = serde_json::to_value(lint::Document::new(&outcome)).unwrap();
    let expected = serde_json::from_str(&fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    (found, expected)
}

/// Why a found document is not the expected one; `None` when it is.
fn difference(found: &Value, expected: &Value) -> Option<String> {
    if found["status"] != expected["status"] {
        return Some(format!("status {} instead of {}: {:#}", found["status"], expected["status"], found["errors"]));
    }
    if expected["status"] == "invalid" {
        return None;
    }
    for key in ["pipeline_created", "workflow_rules_pass", "stages", "global_variables"] {
        if found[key] != expected[key] {
            return Some(format!("{key}: {} instead of {}", found[key], expected[key]));
        }
    }
    let by_name = |document: &Value| {
        let mut jobs = document["jobs"].as_array().cloned().unwrap_or_default();
        jobs.sort_by_key(|job| job["name"].to_string());
        jobs
    };
    let (found, expected) = (by_name(found), by_name(expected));
    if found.len() != expected.len() {
        return Some(format!("{} jobs instead of {}", found.len(), expected.len()));
    }
    found.iter().zip(&expected).find(|(a, b)| a != b).map(|(a, b)| format!("{a:#}\ninstead of\n{b:#}"))
}

#[test]
fn every_case() {
    let mut names: Vec<_> = fs::read_dir(common::cases().join("ci-yaml"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 88, "the corpus has changed");
    let mut wrong = Vec::new();
    for name in &names {
        let (found, expected) = documents(name);
        let difference = difference(&found, &expected);
        let listed = REFUSED.iter().find(|(case, _, _)| case == name);
        let justified = DIFFERENT.iter().any(|(case, _)| case == name);
        match (difference, listed) {
            (None, None) if justified => wrong.push(format!("{name}: no longer different; take it off the list")),
            (None, None) => {}
            (None, Some(_)) if expected["status"] == "ok" => {
                wrong.push(format!("{name}: passes; take it off the list"));
            }
            (Some(_), None) if justified => {}
            (Some(text), None) => wrong.push(format!("{name}: {text}")),
            // Refused for the right reason: an error at a place, which names the keyword.
            (_, Some((_, keyword, _))) => {
                let word = format!("`{keyword}`");
                let errors = found["errors"].as_array().cloned().unwrap_or_default();
                let named = errors.iter().any(|error| {
                    error["message"].as_str().is_some_and(|message| message.contains(&word))
                        && error["line"].as_u64() > Some(0)
                        && error["column"].as_u64() > Some(0)
                });
                if !named {
                    wrong.push(format!("{name}: not refused for {word}: {errors:#?}"));
                }
            }
        }
    }
    for (case, _, _) in REFUSED {
        assert!(names.iter().any(|name| name == case), "{case} is listed, but is no case");
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
