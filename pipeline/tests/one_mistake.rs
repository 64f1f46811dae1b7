//! One mistake is one error: the examples of the page, each with one word of the language written wrongly or one value
//! of the wrong kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use pipeline::{Context, keywords};

mod common;
#[path = "common/examples.rs"]
mod examples;

/// The messages of the errors, in the repository that the page speaks of.
fn errors(text: &str) -> Vec<String> {
    let mut context = Context::default();
    let deploy = "spec: {inputs: {environment: , replicas: {type: number, default: 1}}}\n---\nx: {script: x}\n";
    let files = [("ci/build.yml", "build: {stage: build, script: make}\n"), ("ci/deploy.yml", deploy)];
    context.files = Arc::new(common::Table::new(&files));
    let findings = pipeline::plan(text, &context).diagnostics.into_iter();
    findings.filter(|found| found.severity == model::Severity::Error).map(|found| found.message).collect()
}

/// The text without the middle letter of the word that begins there.
fn mistyped(text: &str, at: usize, word: &str) -> String {
    let mut text = text.to_owned();
    text.remove(at + word.len() / 2);
    text
}

/// The text with a list in a list in place of the plain value that begins there.
fn misvalued(text: &str, at: usize) -> Option<String> {
    let length = text[at..].find(['\n', ',', '}'])?;
    let value = text[at..at + length].trim();
    let is_plain = !value.is_empty() && !value.contains(['[', '{', '|', '>', '&', '*', '"', '\'']);
    is_plain.then(|| format!("{} [[5]]{}", &text[..at], &text[at + length..]))
}

#[test]
fn one_mistake_is_one_error() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md")).unwrap();
    // Of a shorter word nobody knows which was meant.
    let words: BTreeSet<&str> = keywords().map(|(_, word, _)| word).filter(|word| word.len() > 3).collect();
    let mut looked_at = 0;
    for (line, text) in examples::of(&page) {
        for word in &words {
            let places = text.match_indices(&format!("{word}:")).map(|(at, _)| at).collect::<Vec<_>>();
            for at in places.into_iter().filter(|at| text[..*at].is_empty() || text[..*at].ends_with(['\n', ' ', '{']))
            {
                let value = misvalued(&text, at + word.len() + 1);
                for wrong in [Some(mistyped(&text, at, word)), value].into_iter().flatten() {
                    let found = errors(&wrong);
                    // The name of an input is the author's own, and missing wherever it stands.
                    let is_own = found.iter().all(|message| message.contains("there is no input"));
                    assert!(found.len() == 1 || is_own, "line {line}, `{word}`\n{wrong}\n{found:#?}");
                    looked_at += 1;
                }
            }
        }
    }
    assert!(looked_at > 400);
}
