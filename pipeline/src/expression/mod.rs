//! Conditions: the expressions of `rules:if` (contracts/ci-yaml.md, part 3). Text to a tree, the
//! tree and variables to a verdict, with the parts that decided it. Knows nothing of YAML.

mod contradiction;
mod evaluate;
mod lexer;
mod parser;
mod patterns;
mod re2;

pub(crate) use evaluate::{Seen, Verdict};
pub(crate) use lexer::whole_pattern;
pub(crate) use parser::parse;
pub(crate) use patterns::Patterns;
pub(crate) use re2::translated;

use std::borrow::Cow;

use crate::source::{Mark, Problem};

/// What is wrong with a text, and where in it (in bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub start: usize,
    pub end: usize,
    pub message: String,
    pub hint: Option<Cow<'static, str>>,
}

impl SyntaxError {
    fn new(start: usize, end: usize, message: impl Into<String>) -> Self {
        Self { start, end, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same of a text that is written like this: in double quotes, YAML takes a backslash for itself.
    pub fn within(mut self, written: &str) -> Self {
        if written.starts_with('"') {
            self.hint = self.hint.map(|hint| hint.replace('\\', "\\\\").into());
        }
        self
    }

    /// The finding at a place of the file.
    pub fn problem(self, mark: Mark) -> Problem {
        Problem::error(mark, self.message).maybe_hint(self.hint.map(Cow::into_owned))
    }
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Variable(String),
    Text(String),
    Pattern(Pattern),
    Bool(bool),
    Null,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
}

/// `/…/flags`: the text between the slashes, with `\/` resolved, and the flags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    pub source: String,
    pub flags: String,
}

impl Comparison {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}
