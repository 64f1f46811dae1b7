//! Variables in text, as the server puts them in (contracts/ci-yaml.md, part 6).

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
    let mut out = String::new();
    into(text, lookup, &mut Vec::new(), &mut out)?;
    Ok(out)
}

fn into<'v>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<&'v Variable>,
    path: &mut Vec<String>,
    out: &mut String,
) -> Result<(), ExpandError> {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = reference(rest) else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        match lookup(name) {
            // No keyword gets a secret, and a file has no place in one.
            None | Some(Variable { masked: true, .. } | Variable { file: true, .. }) => {
                out.push_str(&rest[..rest.len() - after.len()]);
            }
            Some(variable) if variable.raw => out.push_str(&variable.value),
            Some(_) if path.len() >= MAX_DEPTH || path.iter().any(|on_path| on_path == name) => {
                return Err(ExpandError::Circle(name.to_owned()));
            }
            Some(variable) => {
                path.push(name.to_owned());
                into(&variable.value, lookup, path, out)?;
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
