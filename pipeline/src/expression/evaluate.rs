//! A tree and variables to a verdict.

use model::plan::Variable;

use super::lexer::whole_pattern;
use super::{Comparison, Expression, Pattern, Patterns};

/// Longest value that is shown in a reason, in characters.
const MAX_SHOWN: usize = 60;

/// What an expression came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub holds: bool,
    /// All comparisons and values in order, each with its outcome: "`$A == "x"` is
    /// false: $A is not set".
    pub because: Vec<String>,
}

/// An expression that cannot be evaluated with these variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub String);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Null,
    Text(String),
    Bool(bool),
}

impl Value {
    fn holds(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !text.is_empty(),
            Self::Bool(value) => *value,
        }
    }
}

/// A variable as a condition sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'v> {
    value: &'v str,
    /// Whether explanations keep the value to themselves.
    masked: bool,
}

impl<'v> From<&'v Variable> for Seen<'v> {
    fn from(variable: &'v Variable) -> Self {
        Self { value: &variable.value, masked: variable.masked }
    }
}

impl<'v> From<&'v str> for Seen<'v> {
    fn from(value: &'v str) -> Self {
        Self { value, masked: false }
    }
}

/// What an evaluation needs and gathers.
struct Scope<'s, 'v> {
    lookup: &'s dyn Fn(&str) -> Option<Seen<'v>>,
    patterns: &'s Patterns,
    because: &'s mut Vec<String>,
}

impl Expression {
    /// Evaluates with the variables that `lookup` knows; an unknown one is null.
    pub fn evaluate<'v>(
        &self,
        lookup: &dyn Fn(&str) -> Option<Seen<'v>>,
        patterns: &Patterns,
    ) -> Result<Verdict, Failure> {
        let mut because = Vec::new();
        let mut scope = Scope { lookup, patterns, because: &mut because };
        let holds = self.value(&mut scope)?.holds();
        if let Self::Variable(_) | Self::Text(_) | Self::Bool(_) | Self::Null = self {
            because.push(self.tell(holds, lookup));
        }
        Ok(Verdict { holds, because })
    }

    fn value(&self, scope: &mut Scope<'_, '_>) -> Result<Value, Failure> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Text(text) => Value::Text(text.clone()),
            // A pattern stands only where `compare` takes it.
            Self::Pattern(pattern) => Value::Text(pattern.source.clone()),
            Self::Variable(name) => (scope.lookup)(name).map_or(Value::Null, |seen| Value::Text(seen.value.to_owned())),
            Self::Or(left, right) => Value::Bool(decided(left, right, true, scope)?),
            Self::And(left, right) => Value::Bool(decided(left, right, false, scope)?),
            Self::Compare(comparison, left, right) => {
                let result = compare(*comparison, left, right, scope)?;
                scope.because.push(self.tell(result, scope.lookup));
                Value::Bool(result)
            }
        })
    }

    /// One side of `&&` or `||`.
    fn side(&self, scope: &mut Scope<'_, '_>) -> Result<bool, Failure> {
        let verdict = self.value(scope)?.holds();
        if matches!(self, Self::Variable(_)) {
            scope.because.push(self.tell(verdict, scope.lookup));
        }
        Ok(verdict)
    }

    fn tell<'v>(&self, holds: bool, lookup: &dyn Fn(&str) -> Option<Seen<'v>>) -> String {
        let mut text = format!("`{}` is {holds}", self.show());
        let mut names = Vec::new();
        self.names(&mut names);
        for (i, name) in names.iter().enumerate() {
            text.push_str(if i == 0 { ": " } else { ", " });
            match lookup(name) {
                None => text.push_str(&format!("${name} is not set")),
                Some(Seen { masked: true, .. }) => text.push_str(&format!("${name} is [MASKED]")),
                Some(Seen { value, .. }) => {
                    let shown: String = value.chars().take(MAX_SHOWN).collect();
                    let more = if shown.len() < value.len() { "…" } else { "" };
                    text.push_str(&format!("${name} is \"{shown}{more}\""));
                }
            }
        }
        text
    }

    pub(super) fn names<'e>(&'e self, names: &mut Vec<&'e str>) {
        match self {
            Self::Variable(name) if !names.contains(&name.as_str()) => names.push(name),
            Self::Or(left, right) | Self::And(left, right) | Self::Compare(_, left, right) => {
                left.names(names);
                right.names(names);
            }
            _ => {}
        }
    }

    pub(crate) fn show(&self) -> String {
        let part = |side: &Self| match side {
            Self::Or(..) | Self::And(..) | Self::Compare(..) => format!("({})", side.show()),
            _ => side.show(),
        };
        match self {
            Self::Null => "null".into(),
            Self::Bool(value) => value.to_string(),
            Self::Text(text) if text.contains('"') => format!("'{text}'"),
            Self::Text(text) => format!("\"{text}\""),
            Self::Pattern(pattern) => format!("/{}/{}", pattern.source.replace('/', "\\/"), pattern.flags),
            Self::Variable(name) => format!("${name}"),
            Self::Or(left, right) => format!("{} || {}", part(left), part(right)),
            Self::And(left, right) => format!("{} && {}", part(left), part(right)),
            Self::Compare(comparison, left, right) => {
                format!("{} {} {}", part(left), comparison.as_str(), part(right))
            }
        }
    }
}

/// Both sides of `||`, which `true` decides alone, or of `&&`, which `false` decides.
fn decided(left: &Expression, right: &Expression, alone: bool, scope: &mut Scope<'_, '_>) -> Result<bool, Failure> {
    if left.side(scope)? == alone {
        // For the explanation only: it shows every part with its value, and what cannot be told does not count.
        let _ = right.side(scope);
        return Ok(alone);
    }
    right.side(scope)
}

fn compare(
    comparison: Comparison,
    left: &Expression,
    right: &Expression,
    scope: &mut Scope<'_, '_>,
) -> Result<bool, Failure> {
    let value = left.value(scope)?;
    let matched = |pattern: &Pattern, scope: &Scope<'_, '_>| {
        let text = match &value {
            Value::Null => "",
            Value::Text(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
        };
        let found = scope.patterns.found(pattern, text).map_err(Failure)?;
        Ok(found == (comparison == Comparison::Matches))
    };
    match (comparison, right) {
        (Comparison::Equal, _) => Ok(value == right.value(scope)?),
        (Comparison::NotEqual, _) => Ok(value != right.value(scope)?),
        (_, Expression::Pattern(pattern)) => matched(pattern, scope),
        _ => match right.value(scope)? {
            Value::Null => Ok(comparison == Comparison::MatchesNot),
            Value::Text(text) => match whole_pattern(&text) {
                Some(pattern) => matched(&pattern, scope),
                None => Err(Failure(format!("`{}` holds no pattern like `/text/`", right.show()))),
            },
            Value::Bool(_) => Err(Failure("a comparison is no pattern".to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn evaluate(text: &str) -> Result<bool, String> {
        let lookup = |name: &str| match name {
            "A" => Some("x"),
            "EMPTY" => Some(""),
            "BRANCH" => Some("feature/login"),
            "PATTERN" => Some("/^feature/"),
            "WORD" => Some("word"),
            "TRUE" => Some("true"),
            _ => None,
        };
        let patterns = Patterns::default();
        let expression = parse(text, &patterns).map_err(|error| error.message)?;
        let lookup = |name: &str| lookup(name).map(Seen::from);
        expression.evaluate(&lookup, &patterns).map(|verdict| verdict.holds).map_err(|failure| failure.0)
    }

    #[test]
    fn the_rows_of_the_contract() {
        let cases = [
            ("$A", true),
            ("$EMPTY", false),
            ("$UNSET", false),
            ("$UNSET == null", true),
            ("$EMPTY == null", false),
            ("$EMPTY == \"\"", true),
            ("$UNSET == \"\"", false),
            ("$A == 'x'", true),
            ("'x' == $A", true),
            ("$A != \"y\"", true),
            ("$A == $UNSET || $A", true),
            // `==` before `&&` before `||`, from the left.
            ("$A == 'x' || $UNSET && $UNSET", true),
            ("($A == 'x' || $UNSET) && $UNSET", false),
            ("$BRANCH =~ /^feature/", true),
            ("$BRANCH =~ /LOGIN$/i", true),
            ("$BRANCH !~ /^fix/", true),
            ("$BRANCH =~ /feature\\/login/", true),
            ("$BRANCH =~ $PATTERN", true),
            ("$BRANCH =~ '/login/'", true),
            ("$BRANCH =~ $UNSET", false),
            ("$BRANCH !~ $UNSET", true),
            ("$UNSET =~ /^$/", true),
            ("$BRANCH =~ /(?i)FEATURE/", true),
            ("$BRANCH =~ /[[:alpha:]]+\\x2flogin/", true),
            ("$TRUE == \"true\"", true),
            ("\"a\\\" == \"a\\\"", true),
            ("$A=='x'&&$BRANCH", true),
        ];
        for (text, wanted) in cases {
            assert_eq!(evaluate(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression() {
        for text in [
            "",
            "  ",
            "$",
            "${A}",
            "%A%",
            "$A ==",
            "== $A",
            "$A == $A == $A",
            "$A = 'x'",
            "!$A",
            "$A & $A",
            "($A",
            "$A)",
            "$A $A",
            "'x",
            "/./",
            "/ab",
            "$A =~ /a(b/",
            "$A =~ /ab/g",
            "$A =~ 'x'",
            "$A == /ab/",
            "/ab/",
            "/ab/ =~ $A",
            "$A =~ /(?=a)b/",
            "A == 'x'",
            "12 == 12",
            "&&",
            "$A || ",
            "é",
        ] {
            assert!(parse(text, &Patterns::default()).is_err(), "{text}");
        }
        assert!(parse(&"$A && ".repeat(60), &Patterns::default()).is_err());
        assert!(parse(&"(".repeat(5_000), &Patterns::default()).is_err());
        assert_eq!(evaluate("$A =~ $WORD"), Err("`$WORD` holds no pattern like `/text/`".into()));
    }

    #[test]
    fn says_what_decided() {
        let because = |text: &str| {
            let secret = Seen { value: "s3cret", masked: true };
            let lookup = |name: &str| match name {
                "A" => Some(Seen::from("x")),
                "SECRET" => Some(secret),
                _ => None,
            };
            parse(text, &Patterns::default()).unwrap().evaluate(&lookup, &Patterns::default()).unwrap().because
        };
        assert_eq!(because("$A == 'y'"), ["`$A == \"y\"` is false: $A is \"x\""]);
        assert_eq!(because("$SECRET == 's3cret'"), ["`$SECRET == \"s3cret\"` is true: $SECRET is [MASKED]"]);
        // What no longer decides is shown too, and its errors do not count.
        assert_eq!(because("$B && $A"), ["`$B` is false: $B is not set", "`$A` is true: $A is \"x\""]);
        assert_eq!(
            because("$B == 'x' && $C =~ /foo/ || $A"),
            [
                "`$B == \"x\"` is false: $B is not set",
                "`$C =~ /foo/` is false: $C is not set",
                "`$A` is true: $A is \"x\"",
            ]
        );
        assert_eq!(because("$A || $A =~ $A"), ["`$A` is true: $A is \"x\""]);
        assert_eq!(because("$A && $B =~ /ab/"), ["`$A` is true: $A is \"x\"", "`$B =~ /ab/` is false: $B is not set"]);
    }
}
