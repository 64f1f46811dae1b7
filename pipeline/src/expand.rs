//! Variables in text, as the server puts them in (contracts/ci-yaml.md, part 6).

use std::collections::{HashMap, HashSet};

use model::plan::Variable;

/// Longest text that an expansion may become.
const MAX_LENGTH: usize = 256 * 1024;
/// How far values may lead to other values.
const MAX_DEPTH: usize = 20;

/// Why a text cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpandError {
    /// The variable leads back to itself.
    Circle(String),
    /// The text grows too long.
    TooLong,
}

impl std::fmt::Display for ExpandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Circle(name) => write!(f, "the variable `{name}` leads back to itself"),
            Self::TooLong => write!(f, "the text grows past {} KiB", MAX_LENGTH / 1024),
        }
    }
}

impl std::error::Error for ExpandError {}

/// Puts the values of variables into a text: `$NAME`, `${NAME}` and `%NAME%`, values within values
/// too unless they are raw. `$$` is a dollar sign. What `lookup` does not know stays as it is, and so do
/// masked variables and those that are files.
pub fn expand<'v>(text: &str, lookup: &dyn Fn(&str) -> Option<&'v Variable>) -> Result<String, ExpandError> {
    let known = |name: &str| lookup(name).filter(|variable| !variable.masked);
    let mut out = String::new();
    into(text, &known, Dollars::Halved, &mut Vec::new(), &mut out)?;
    Ok(out)
}

/// The names that a text refers to.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find(['$', '%'])?..];
            if let Some(after) = rest.strip_prefix("$$") {
                rest = after;
            } else if let Some((name, after)) = reference(rest) {
                rest = after;
                return Some(name);
            } else {
                rest = &rest[1..];
            }
        }
    })
}

/// Puts values into values: of each name the last variable, with what it refers to put in, as far down as
/// it goes. The runner does the rest once more: `$$` stays for it, and so do files, unknown names, and
/// variables that lead back to themselves.
pub fn expand_all(variables: &[Variable]) -> Vec<Variable> {
    let last: HashMap<&str, &Variable> = variables.iter().map(|one| (one.key.as_str(), one)).collect();
    let expanded = |one: &&Variable| {
        let refers = !one.raw && !one.file && one.value.contains(['$', '%']);
        let mut out = String::new();
        // A name within its own value is the runner's affair, like any that is not known.
        let known = |name: &str| if name == one.key { None } else { last.get(name).copied() };
        let value = match refers.then(|| into(&one.value, &known, Dollars::Kept, &mut Vec::new(), &mut out)) {
            Some(Ok(())) => out,
            Some(Err(_)) | None => one.value.clone(),
        };
        Variable { value, ..(*one).clone() }
    };
    let mut seen = HashSet::new();
    let mut all: Vec<Variable> =
        variables.iter().rev().filter(|one| seen.insert(one.key.as_str())).map(|one| expanded(&one)).collect();
    all.reverse();
    all
}

/// What becomes of `$$`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dollars {
    /// It is one dollar sign: nobody expands the text again.
    Halved,
    /// It stays for the runner.
    Kept,
}

fn into<'v>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<&'v Variable>,
    dollars: Dollars,
    path: &mut Vec<String>,
    out: &mut String,
) -> Result<(), ExpandError> {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            out.push_str(if dollars == Dollars::Halved { "$" } else { "$$" });
            rest = after;
            continue;
        }
        let Some((name, after)) = reference(rest) else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        match lookup(name) {
            // A file has no place in a text.
            None | Some(Variable { file: true, .. }) => out.push_str(&rest[..rest.len() - after.len()]),
            // What is raw stays so, whoever expands the text once more.
            Some(variable) if variable.raw && dollars == Dollars::Kept => {
                out.push_str(&variable.value.replace('$', "$$"));
            }
            Some(variable) if variable.raw => out.push_str(&variable.value),
            Some(_) if dollars == Dollars::Kept && path.iter().any(|on_path| on_path == name) => {
                out.push_str(&rest[..rest.len() - after.len()]);
            }
            Some(_) if path.len() >= MAX_DEPTH || path.iter().any(|on_path| on_path == name) => {
                return Err(ExpandError::Circle(name.to_owned()));
            }
            Some(variable) => {
                path.push(name.to_owned());
                into(&variable.value, lookup, dollars, path, out)?;
                path.pop();
            }
        }
        if out.len() > MAX_LENGTH {
            return Err(ExpandError::TooLong);
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

/// The name that a text begins with, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let word = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (inner, close) = if let Some(inner) = text.strip_prefix("${") {
        (inner, "}")
    } else if let Some(inner) = text.strip_prefix('%') {
        (inner, "%")
    } else {
        (text.strip_prefix('$')?, "")
    };
    let length = word(inner);
    let after = inner[length..].strip_prefix(close)?;
    (length > 0).then_some((&inner[..length], after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, ExpandError> {
        let all = [
            Variable::new("A", "x"),
            Variable::new("B", "<$A>"),
            Variable { raw: true, ..Variable::new("RAW", "$A") },
            Variable { masked: true, ..Variable::new("SECRET", "s3cret") },
            Variable::new("ME", "a$ME"),
            Variable::new("ONE", "$TWO"),
            Variable::new("TWO", "${ONE}"),
        ];
        let mut all = all.to_vec();
        all.push(Variable::new("D0", "dddddddd"));
        for i in 1..18 {
            all.push(Variable::new(format!("D{i}"), format!("$D{p}$D{p}$D{p}", p = i - 1)));
        }
        expand(text, &|name| all.iter().find(|variable| variable.key == name))
    }

    #[test]
    fn values_lead_to_values_as_far_as_they_go() {
        let all = [
            Variable::new("APP", "web"),
            Variable::new("IMAGE", "$REG/$APP"),
            Variable::new("FULL", "%IMAGE%:v1"),
            Variable::new("CMD", "pull $FULL $$HOME $UNKNOWN $P"),
            Variable::new("REG", "old"),
            Variable::new("REG", "r.io"),
            Variable::new("P", "$P:more"),
            Variable::new("X", "$Y"),
            Variable::new("Y", "$X"),
            Variable { raw: true, ..Variable::new("RAW", "$APP") },
            Variable::new("OF_RAW", "<$RAW>"),
            Variable { masked: true, ..Variable::new("TOKEN", "s3cret") },
            Variable::new("HEADER", "Bearer $TOKEN"),
            Variable { file: true, ..Variable::new("FILE", "text") },
            Variable::new("OF_FILE", "at $FILE"),
        ];
        let expanded = expand_all(&all);
        let of = |key: &str| expanded.iter().find(|one| one.key == key).unwrap().value.as_str();
        assert_eq!((of("FULL"), of("REG")), ("r.io/web:v1", "r.io"));
        assert_eq!(of("CMD"), "pull r.io/web:v1 $$HOME $UNKNOWN $P:more");
        assert_eq!((of("P"), of("X"), of("RAW"), of("OF_RAW")), ("$P:more", "$X", "$APP", "<$$APP>"));
        assert_eq!((of("HEADER"), of("OF_FILE")), ("Bearer s3cret", "at $FILE"));
        assert_eq!(expanded.iter().filter(|one| one.key == "REG").count(), 1);
    }

    #[test]
    fn the_forms_of_a_reference() {
        let cases = [
            ("$A-${A}-%A%", "x-x-x"),
            ("$B", "<x>"),
            ("$RAW", "$A"),
            ("$SECRET-$A", "$SECRET-x"),
            ("$$A $$", "$A $"),
            ("$UNKNOWN ${UNKNOWN} %UNKNOWN%", "$UNKNOWN ${UNKNOWN} %UNKNOWN%"),
            ("100% $ ${ ${A %A 5%", "100% $ ${ ${A %A 5%"),
            ("é$Aé", "éxé"),
        ];
        for (text, wanted) in cases {
            assert_eq!(expanded(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn circles_and_growth_end() {
        assert_eq!(expanded("$ME"), Err(ExpandError::Circle("ME".into())));
        assert_eq!(expanded("$ONE"), Err(ExpandError::Circle("ONE".into())));
        assert_eq!(expanded("$D17"), Err(ExpandError::TooLong));
    }
}
