//! Tokens to a tree. `==` binds tighter than `&&`, that tighter than `||`; all from left to right.

use super::lexer::{Kind, Token, tokens};
use super::{Comparison, Expression, Patterns, SyntaxError};

/// Reads an expression.
pub(crate) fn parse(text: &str, patterns: &Patterns) -> Result<Expression, SyntaxError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(SyntaxError::new(0, text.len(), "the expression is empty"));
    }
    let mut parser = Parser { tokens: &tokens, at: 0, length: text.len(), patterns };
    let expression = parser.or()?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(token) => Err(unexpected(token)),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    length: usize,
    patterns: &'t Patterns,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expression, SyntaxError> {
        let mut left = self.and()?;
        while self.eat(&Kind::Or) {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, SyntaxError> {
        let mut left = self.comparison()?;
        while self.eat(&Kind::And) {
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expression, SyntaxError> {
        let (left, start) = self.value()?;
        let Some(Token { kind: Kind::Compare(comparison), .. }) = self.tokens.get(self.at) else {
            return match left {
                Expression::Pattern(_) => Err(self.lone_pattern(start)),
                _ => Ok(left),
            };
        };
        let comparison = *comparison;
        self.at += 1;
        let (right, right_start) = self.value()?;
        if matches!(left, Expression::Pattern(_)) {
            return Err(self.lone_pattern(start));
        }
        let matching = matches!(comparison, Comparison::Matches | Comparison::MatchesNot);
        match &right {
            Expression::Pattern(_) if !matching => return Err(self.lone_pattern(right_start)),
            Expression::Pattern(pattern) => {
                let token = &self.tokens[right_start];
                self.patterns.check(pattern).map_err(|message| SyntaxError::new(token.start, token.end, message))?;
            }
            // What is no pattern now will not be one later.
            Expression::Text(text) if matching && super::lexer::whole_pattern(text).is_none() => {
                let token = &self.tokens[right_start];
                let between_slashes = SyntaxError::new(0, 0, "`=~` and `!~` compare with a pattern")
                    .hint("write it between slashes: `/text/`");
                let error = super::lexer::pattern_error(text).unwrap_or(between_slashes);
                return Err(SyntaxError { start: token.start, end: token.end, ..error });
            }
            _ => {}
        }
        Ok(Expression::Compare(comparison, Box::new(left), Box::new(right)))
    }

    /// A value, and the number of its first token.
    fn value(&mut self) -> Result<(Expression, usize), SyntaxError> {
        let start = self.at;
        let Some(token) = self.tokens.get(self.at) else {
            return Err(SyntaxError::new(self.length, self.length, "the expression ends too early")
                .hint("a variable, a string, a pattern or `null` is missing"));
        };
        self.at += 1;
        let value = match &token.kind {
            Kind::Open => {
                let inner = self.or()?;
                if !self.eat(&Kind::Close) {
                    return Err(SyntaxError::new(token.start, token.end, "this parenthesis is not closed"));
                }
                inner
            }
            Kind::Variable(name) => Expression::Variable(name.clone()),
            Kind::Text(text) => Expression::Text(text.clone()),
            Kind::Pattern(pattern) => Expression::Pattern(pattern.clone()),
            Kind::Bool(value) => Expression::Bool(*value),
            Kind::Null => Expression::Null,
            Kind::Close | Kind::And | Kind::Or | Kind::Compare(_) => return Err(unexpected(token)),
        };
        Ok((value, start))
    }

    fn eat(&mut self, kind: &Kind) -> bool {
        let there = self.tokens.get(self.at).is_some_and(|token| token.kind == *kind);
        self.at += usize::from(there);
        there
    }

    fn lone_pattern(&self, token: usize) -> SyntaxError {
        let token = &self.tokens[token];
        SyntaxError::new(token.start, token.end, "a pattern stands on the right of `=~` or `!~`")
    }
}

fn unexpected(token: &Token) -> SyntaxError {
    match &token.kind {
        Kind::Compare(_) => SyntaxError::new(token.start, token.end, "a comparison has two sides")
            .hint("put comparisons of comparisons in parentheses"),
        Kind::Close => SyntaxError::new(token.start, token.end, "this parenthesis was not opened"),
        Kind::And | Kind::Or => SyntaxError::new(token.start, token.end, "a value is missing before this"),
        _ => SyntaxError::new(token.start, token.end, "`&&`, `||` or a comparison is missing before this"),
    }
}
