//! `docs/language.md` keeps its promises: its examples are planned, and it names every keyword.

use std::fs;
use std::path::PathBuf;

use std::sync::Arc;

use pipeline::{Context, keywords};

mod common;
#[path = "common/examples.rs"]
mod examples;

/// The repository that the page speaks of.
fn context() -> Context {
    let deploy = "spec:\n  inputs:\n    environment:\n    replicas: {type: number, default: 1}\n---\n\
                  deploy-$[[ inputs.environment ]]: {script: ./deploy}\n";
    let mut files =
        common::Table::new(&[("ci/build.yml", "build: {stage: build, script: make}\n"), ("ci/deploy.yml", deploy)]);
    files.elsewhere.insert("tools/settings:deploy.yml".to_owned(), String::new());
    let mut context = Context::default();
    context.files = Arc::new(files);
    context.predefined = vec![model::plan::Variable::new("CI_COMMIT_BRANCH", "main")];
    context
}

fn page() -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md")).unwrap()
}

#[test]
fn every_example_is_planned_without_a_finding() {
    let page = page();
    let examples = examples::of(&page);
    assert!(examples.len() > 15);
    for (line, text) in examples {
        let outcome = pipeline::plan(&text, &context());
        assert!(outcome.plan.is_some(), "line {line}: {:#?}", outcome.diagnostics);
        assert!(outcome.diagnostics.is_empty(), "line {line}: {:#?}", outcome.diagnostics);
    }
}

#[test]
fn every_keyword_is_named_and_every_supported_one_has_an_example() {
    let page = page();
    let examples: String = examples::of(&page).into_iter().map(|(_, text)| text).collect();
    for (place, name, supported) in keywords() {
        assert!(page.contains(&format!("`{name}`")) || supported, "`{name}` {place} is not on the page");
        let used = examples.contains(&format!("{name}:"));
        assert!(used || !supported, "`{name}` {place} has no example");
    }
}

/// The anchors of the page's headings, as the pages of git servers make them.
fn anchors(page: &str) -> Vec<String> {
    let heading = |line: &str| line.starts_with('#').then(|| line.trim_start_matches('#').trim().to_lowercase());
    let anchor = |text: String| {
        let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    };
    page.lines().filter_map(heading).map(anchor).collect()
}

/// Whatever finding points to the page points to a section of it.
#[test]
fn every_link_leads_to_a_section() {
    let anchors = anchors(&page());
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![sources];
    let mut topics = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for start in [".about(\"", ".topic(\""] {
                let found = text.split(start).skip(1).filter_map(|rest| rest.split('"').next());
                topics.extend(found.map(ToOwned::to_owned));
            }
        }
    }
    assert!(topics.len() > 30);
    for topic in topics {
        assert!(anchors.contains(&topic), "there is no section `{topic}`");
    }
    for (i, anchor) in anchors.iter().enumerate() {
        assert!(!anchors[..i].contains(anchor), "two sections are called `{anchor}`");
    }
}
