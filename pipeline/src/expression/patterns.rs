//! Patterns, compiled once each and within a budget: a definition of two megabytes holds enough of
//! them to keep a processor busy for minutes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::Pattern;

/// Largest compiled pattern, in bytes.
const MAX_COMPILED: usize = 256 * 1024;
/// Most different patterns of one definition.
const MAX_PATTERNS: usize = 500;
/// Longest value that is compared with a pattern, and how many bytes are compared in all.
const MAX_VALUE: usize = 64 * 1024;
const MAX_COMPARED: usize = 64 * 1024 * 1024;

/// The patterns of one definition.
#[derive(Default)]
pub(crate) struct Patterns {
    compiled: RefCell<HashMap<Pattern, Result<Regex, String>>>,
    compared: Cell<usize>,
}

impl Patterns {
    /// Whether the pattern is found in the text; the error says why it cannot be told.
    pub fn found(&self, pattern: &Pattern, text: &str) -> Result<bool, String> {
        let compared = self.compared.get().saturating_add(text.len());
        self.compared.set(compared);
        if text.len() > MAX_VALUE || compared > MAX_COMPARED {
            return Err("there is too much text to compare with patterns".to_owned());
        }
        self.with(pattern, |regex| regex.is_match(text))
    }

    /// Whether the pattern can be used.
    pub fn check(&self, pattern: &Pattern) -> Result<(), String> {
        self.with(pattern, |_| ())
    }

    fn with<T>(&self, pattern: &Pattern, run: impl FnOnce(&Regex) -> T) -> Result<T, String> {
        let mut compiled = self.compiled.borrow_mut();
        if compiled.len() >= MAX_PATTERNS && !compiled.contains_key(pattern) {
            return Err(format!("the file has more than {MAX_PATTERNS} different patterns"));
        }
        let entry = compiled.entry(pattern.clone()).or_insert_with(|| compile(pattern));
        entry.as_ref().map(run).map_err(Clone::clone)
    }
}

/// The dialect is that of RE2: no look-around, no back-references, linear time.
fn compile(pattern: &Pattern) -> Result<Regex, String> {
    let source = super::translated(&pattern.source).map_err(|why| format!("not a valid pattern: {why}"))?;
    let built = RegexBuilder::new(&source)
        .case_insensitive(pattern.flags.contains('i'))
        .dot_matches_new_line(pattern.flags.contains('s'))
        .multi_line(pattern.flags.contains('m'))
        .swap_greed(pattern.flags.contains('U'))
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this pattern is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("not a valid pattern: {last}")
        }
    })
}
