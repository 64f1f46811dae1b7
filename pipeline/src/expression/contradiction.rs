//! Conditions that hold with no variables at all, because their parts exclude each other.

use std::collections::HashMap;

use super::{Comparison, Expression};

impl Expression {
    /// Why the condition can never hold, when that is plain to see.
    pub fn contradiction(&self) -> Option<String> {
        match self {
            Self::Null | Self::Bool(false) => Some("it is always false".to_owned()),
            Self::Text(text) if text.is_empty() => Some("an empty string is always false".to_owned()),
            Self::Or(left, right) => left.contradiction().and(right.contradiction()),
            Self::And(..) => {
                let mut parts = Vec::new();
                self.conjuncts(&mut parts);
                parts.iter().find_map(|part| part.contradiction()).or_else(|| two_values(&parts))
            }
            _ => None,
        }
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
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text, &Patterns::default()).unwrap().contradiction().is_some(), wanted, "{text}");
        }
    }
}
