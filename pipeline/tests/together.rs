//! Definitions with several mistakes in different places: all are told at once, each at its place, with a section of
//! the documentation, and nothing that only follows from them.

use std::fs;
use std::path::PathBuf;

mod common;

use common::summary::{context, told};

/// A definition of a table: its name, its text, and the files beside it.
type Case<'t> = (&'t str, &'t str, Vec<(&'t str, &'t str)>);

/// The definitions of a table: each begins with `=== name`, and each file beside it with `--- FILE path`.
fn cases(table: &str) -> Vec<Case<'_>> {
    let case = |text| -> Option<Case<'_>> {
        let (name, rest) = str::split_once(text, '\n')?;
        let mut parts = rest.split("--- FILE ");
        Some((name, parts.next()?.trim_end(), parts.filter_map(|part| part.split_once('\n')).collect()))
    };
    table.split("=== ").skip(1).filter_map(case).collect()
}

/// Every finding of an error says where it is explained.
fn links_lead_to_sections(text: &str, files: &[(&str, &str)]) {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let page = fs::read_to_string(page).unwrap();
    let is_kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    let section = |line: &str| line.trim_start_matches('#').trim().to_lowercase().chars().filter(is_kept).collect();
    let sections: Vec<String> = page.lines().filter(|line| line.starts_with('#')).map(section).collect();
    for found in pipeline::plan(text, &context(files)).diagnostics {
        let section = found.link.as_deref().and_then(|link| link.strip_prefix("docs/language.md#")).unwrap_or_default();
        assert!(sections.contains(&section.replace('-', " ")), "{found:?}");
    }
}

macro_rules! snapshot {
    ($table:literal) => {
        let cases = cases(include_str!(concat!("together/", $table, ".txt")));
        for (_, text, files) in &cases {
            links_lead_to_sections(text, files);
        }
        let cases: Vec<_> = cases.iter().map(|(name, text, files)| (*name, *text, &files[..])).collect();
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($table, told(&cases)) });
    };
}

#[test]
fn files_and_what_stands_at_their_top() {
    snapshot!("files_and_what_stands_at_their_top");
}

#[test]
fn what_jobs_say_of_themselves() {
    snapshot!("what_jobs_say_of_themselves");
}

#[test]
fn what_jobs_say_of_each_other() {
    snapshot!("what_jobs_say_of_each_other");
}

#[test]
fn what_jobs_take_over() {
    snapshot!("what_jobs_take_over");
}

#[test]
fn conditions_and_filters() {
    snapshot!("conditions_and_filters");
}

#[test]
fn child_pipelines() {
    snapshot!("child_pipelines");
}
