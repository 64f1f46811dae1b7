//! Conditions that can never hold, whatever variables there are: their parts exclude each other, or come to nothing.

use std::collections::HashMap;

use super::evaluate::Seen;
use super::{Comparison, Expression, Patterns};

impl Expression {
    /// Why the condition can never hold, when that is plain to see. `absent` are the variables that nothing sets
    /// before the condition is asked.
    pub fn contradiction(&self, patterns: &Patterns, absent: &dyn Fn(&str) -> bool) -> Option<String> {
        let of = |part: &Self| part.contradiction(patterns, absent);
        match self {
            Self::Null | Self::Bool(false) => Some("it is always false".to_owned()),
            Self::Text(text) if text.is_empty() => Some("an empty string is always false".to_owned()),
            Self::Or(left, right) => of(left).and(of(right)),
            Self::And(..) => {
                let mut parts = Vec::new();
                self.conjuncts(&mut parts);
                parts.iter().find_map(|part| of(part)).or_else(|| two_values(&parts))
            }
            Self::Compare(..) | Self::Variable(_) => self.is_never(patterns, absent),
            _ => None,
        }
    }

    /// Why a comparison, or a variable alone, is false of values that are known already.
    fn is_never(&self, patterns: &Patterns, absent: &dyn Fn(&str) -> bool) -> Option<String> {
        let mut names = Vec::new();
        self.names(&mut names);
        if !names.iter().all(|name| absent(name)) {
            return None;
        }
        let nothing = |_: &str| None::<Seen<'static>>;
        if self.evaluate(&nothing, patterns).ok()?.holds {
            return None;
        }
        Some(match names.first() {
            Some(name) => format!("`${name}` is not set yet when rules are looked at"),
            None => format!("`{}` is always false", self.show()),
        })
    }

    /// Whether it names an input: only the header of a file may.
    pub fn names_input(&self) -> bool {
        match self {
            Self::Variable(name) => name.starts_with("[["),
            Self::Or(left, right) | Self::And(left, right) | Self::Compare(_, left, right) => {
                left.names_input() || right.names_input()
            }
            _ => false,
        }
    }

    fn conjuncts<'e>(&'e self, parts: &mut Vec<&'e Self>) {
        if let Self::And(left, right) = self {
            left.conjuncts(parts);
            right.conjuncts(parts);
        } else {
            parts.push(self);
        }
    }
}

/// `$A == "x" && $A == "y"`.
fn two_values(parts: &[&Expression]) -> Option<String> {
    let mut values: HashMap<&str, &Expression> = HashMap::new();
    for part in parts {
        let Expression::Compare(Comparison::Equal, left, right) = part else { continue };
        let sides = (&**left, &**right);
        let ((Expression::Variable(name), value) | (value, Expression::Variable(name))) = sides else { continue };
        if !matches!(value, Expression::Text(_) | Expression::Null) {
            continue;
        }
        if *values.entry(name).or_insert(value) != value {
            return Some(format!("`${name}` cannot have two values"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Patterns, parse};

    #[test]
    fn sees_what_excludes_itself() {
        let cases = [
            ("$A == 'x' && $A == 'y'", true),
            ("$A == 'x' && $B == 'y'", false),
            ("$A == 'x' || $A == 'y'", false),
            ("$A == null && $A == 'y'", true),
            ("$A == 'x' && $A == 'x'", false),
            ("$A && null", true),
            ("null", true),
            ("''", true),
            ("'x' == $A && ($B && $A == 'y')", true),
            ("($A == 'x' && $A == 'y') || $B", false),
            ("$A == $B && $A == $C", false),
            ("'a' == 'b'", true),
            ("'a' != 'b'", false),
            ("'a' == null", true),
            ("'main' =~ /^dev/", true),
            ("'main' =~ /^ma/", false),
            ("$A || 'a' == 'b'", false),
            ("$A && 'a' == 'b'", true),
            ("$GONE", true),
            ("$GONE == 'x'", true),
            ("$GONE == null", false),
            ("$GONE != 'x'", false),
            ("$GONE =~ /^x/", true),
            ("$GONE == $A", false),
            ("$GONE || $A", false),
        ];
        let patterns = Patterns::default();
        for (text, wanted) in cases {
            let found = parse(text, &patterns).unwrap().contradiction(&patterns, &|name| name == "GONE");
            assert_eq!(found.is_some(), wanted, "{text}: {found:?}");
        }
    }
}
