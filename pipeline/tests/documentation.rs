//! `docs/language.md` keeps its promises: its examples are planned, and it names every keyword.

use std::fs;
use std::path::PathBuf;

use pipeline::{Context, keywords};

fn page() -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md")).unwrap()
}

/// The examples, each with the line it begins in.
fn examples(page: &str) -> Vec<(usize, String)> {
    let mut examples: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (i, line) in page.lines().enumerate() {
        match (inside, line) {
            (false, "```yaml") => {
                inside = true;
                examples.push((i + 2, String::new()));
            }
            (true, "```") => inside = false,
            (true, line) => {
                if let Some((_, text)) = examples.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            _ => {}
        }
    }
    examples
}

#[test]
fn every_example_is_planned_without_a_finding() {
    let page = page();
    let examples = examples(&page);
    assert!(examples.len() > 15);
    for (line, text) in examples {
        let outcome = pipeline::plan(&text, &Context::default());
        assert!(outcome.plan.is_some(), "line {line}: {:#?}", outcome.diagnostics);
        assert!(outcome.diagnostics.is_empty(), "line {line}: {:#?}", outcome.diagnostics);
    }
}

#[test]
fn every_keyword_is_named_and_every_supported_one_has_an_example() {
    let page = page();
    let examples: String = examples(&page).into_iter().map(|(_, text)| text).collect();
    for (place, name, supported) in keywords() {
        assert!(page.contains(&format!("`{name}`")) || supported, "`{name}` {place} is not on the page");
        let used = examples.contains(&format!("{name}:"));
        assert!(used || !supported, "`{name}` {place} has no example");
    }
}
