//! Conditions that can never hold, whatever variables there are: their parts exclude each other, or come to nothing.

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
                let apart = || one_value(&parts, patterns).or_else(|| exclusive(&parts, patterns));
                parts.iter().find_map(|part| of(part)).or_else(apart)
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

    /// The inputs that it names.
    pub fn inputs(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.names(&mut names);
        names.into_iter().filter_map(|name| name.strip_prefix("[[ inputs.")?.strip_suffix(" ]]")).collect()
    }

    /// The variables that it names.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.names(&mut names);
        names
    }

    /// The texts that a variable has to be equal to, in some part.
    pub fn compared_with<'e>(&'e self, variable: &str) -> Vec<&'e str> {
        match self {
            Self::Or(left, right) | Self::And(left, right) => {
                [left.compared_with(variable), right.compared_with(variable)].concat()
            }
            Self::Compare(Comparison::Equal, left, right) => match (&**left, &**right) {
                (Self::Variable(name), Self::Text(text)) | (Self::Text(text), Self::Variable(name))
                    if name == variable =>
                {
                    vec![text]
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Whether it cannot hold unless the variable is set, and not to nothing.
    pub fn needs(&self, name: &str, patterns: &Patterns) -> bool {
        let of = |part: &Self| part.needs(name, patterns);
        match self {
            Self::Or(left, right) => of(left) && of(right),
            Self::And(left, right) => of(left) || of(right),
            _ => [None, Some("")].iter().all(|value| !holds_of(self, name, *value, patterns)),
        }
    }

    /// A variable that it names, inputs apart.
    pub fn variable(&self) -> Option<&str> {
        let mut names = Vec::new();
        self.names(&mut names);
        names.into_iter().find(|name| !name.starts_with("[["))
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

/// `$A == "x" && $A != "x"`: a part says which value a variable has, and another does not hold of that.
fn one_value(parts: &[&Expression], patterns: &Patterns) -> Option<String> {
    for part in parts {
        let Expression::Compare(Comparison::Equal, left, right) = part else { continue };
        let sides = (&**left, &**right);
        let ((Expression::Variable(name), value) | (value, Expression::Variable(name))) = sides else { continue };
        let value = match value {
            Expression::Text(text) => Some(text.as_str()),
            Expression::Null => None,
            _ => continue,
        };
        if let Some(other) = parts.iter().find(|other| !holds_of(other, name, value, patterns)) {
            return Some(match other {
                Expression::Compare(Comparison::Equal, ..) => format!("`${name}` cannot have two values"),
                _ => format!("`{}` and `{}` exclude each other", part.show(), other.show()),
            });
        }
    }
    None
}

/// `$CI_COMMIT_BRANCH && $CI_COMMIT_TAG`: no run is for a branch and for a tag.
fn exclusive(parts: &[&Expression], patterns: &Patterns) -> Option<String> {
    let is_needed = |name: &str| parts.iter().any(|part| !holds_of(part, name, None, patterns));
    let both = is_needed("CI_COMMIT_BRANCH") && is_needed("CI_COMMIT_TAG");
    both.then(|| "no run is for a branch and for a tag".to_owned())
}

/// Whether a part holds when a variable has this value; `true` where other variables have a say.
fn holds_of(part: &Expression, name: &str, value: Option<&str>, patterns: &Patterns) -> bool {
    let mut names = Vec::new();
    part.names(&mut names);
    let lookup = |_: &str| value.map(Seen::from);
    names != [name] || part.evaluate(&lookup, patterns).map_or(true, |verdict| verdict.holds)
}

#[cfg(test)]
mod tests {
    use super::super::{Patterns, parse};

    #[test]
    fn knows_which_variables_have_to_be_set() {
        let cases = [
            ("$A", true),
            ("$A == 'x'", true),
            ("$A =~ /^x/ && $B", true),
            ("$B && $A", true),
            ("$A || $B", false),
            ("$A == 'x' || $A == 'y'", true),
            ("$A == ''", false),
            ("$A != 'x'", false),
            ("$A == null", false),
            ("$A == $B", false),
            ("$A =~ $B", false),
            ("$B", false),
        ];
        let patterns = Patterns::default();
        for (text, wanted) in cases {
            assert_eq!(parse(text, &patterns).unwrap().needs("A", &patterns), wanted, "{text}");
        }
    }

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
            ("$A == null && $A", true),
            ("$A == 'x' && $A != 'x'", true),
            ("$A == 'x' && $A =~ /^y/", true),
            ("$A == 'x' && $A =~ /^x/", false),
            ("$A == '' && $A", true),
            ("$A == 'x' && ($A == 'y' || $B)", false),
            ("$A == 'x' && ($A == 'y' || $A == 'z')", true),
            ("$A == null && $A !~ /xx/", false),
            ("$A == null && $A =~ $PATTERN", false),
            ("$CI_COMMIT_BRANCH && $CI_COMMIT_TAG", true),
            ("$CI_COMMIT_BRANCH == 'main' && $CI_COMMIT_TAG =~ /^v/", true),
            ("$CI_COMMIT_BRANCH && $CI_COMMIT_TAG == null", false),
            ("$CI_COMMIT_BRANCH || $CI_COMMIT_TAG", false),
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
