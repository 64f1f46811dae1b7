//! Variables in text, as the server puts them in (contracts/ci-yaml.md, part 6).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use model::plan::Variable;

/// Longest text that an expansion may become.
const MAX_LENGTH: usize = 256 * 1024;
/// What all variables of a job may become together.
const MAX_TOTAL: usize = 64 * MAX_LENGTH;
/// Most variables that one text may lead to: a definition has many texts.
const MAX_VARIABLES: usize = 10_000;

/// Why a text cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpandError {
    /// The variable leads back to itself.
    Circle(String),
    /// The text grows too long.
    TooLong,
    /// The text leads to too many variables.
    TooMany,
}

impl std::fmt::Display for ExpandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Circle(name) => write!(f, "the variable `{name}` leads back to itself"),
            Self::TooLong => write!(f, "the text grows past {} KiB", MAX_LENGTH / 1024),
            Self::TooMany => write!(f, "the text leads to more than {MAX_VARIABLES} variables"),
        }
    }
}

impl std::error::Error for ExpandError {}

/// Puts the values of variables into a text: `$NAME`, `${NAME}` and `%NAME%`, values within values
/// too unless they are raw. `$$` is a dollar sign. What `lookup` does not know stays as it is, and so do
/// masked variables and those that are files.
pub fn expand<'v>(text: &str, lookup: &dyn Fn(&str) -> Option<&'v Variable>) -> Result<String, ExpandError> {
    let known = |name: &str| lookup(name).filter(|variable| !variable.masked);
    let mut expansion = Expansion::new(&known, Dollars::Halved, MAX_VARIABLES);
    expansion.text(None, text)?;
    Ok(expansion.out)
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
    let known = |name: &str| last.get(name).copied();
    let mut expansion = Expansion::new(&known, Dollars::Kept, usize::MAX);
    let mut left = MAX_TOTAL;
    let mut seen = HashSet::new();
    let mut all: Vec<&Variable> = variables.iter().rev().filter(|one| seen.insert(one.key.as_str())).collect();
    all.reverse();
    let expanded = all.into_iter().map(|one| {
        let refers = !one.raw && !one.file && one.value.contains(['$', '%']);
        let value = refers.then(|| expansion.value(one)).flatten().filter(|value| value.len() <= left);
        left -= value.map_or(0, str::len);
        Variable { value: value.unwrap_or(&one.value).to_owned(), ..one.clone() }
    });
    expanded.collect()
}

/// What becomes of `$$`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dollars {
    /// It is one dollar sign: nobody expands the text again.
    Halved,
    /// It stays for the runner.
    Kept,
}

/// Texts as they are expanded. Each variable is gone through once, however many values name it, and those that wait
/// for it are on a stack of their own: a chain of variables may be as long as the file.
struct Expansion<'v, 'l> {
    lookup: &'l dyn Fn(&str) -> Option<&'v Variable>,
    dollars: Dollars,
    most: usize,
    /// What became of the texts, one after the other, values within values.
    out: String,
    values: HashMap<&'l str, Value>,
}

/// How far a variable is.
enum Value {
    /// Values are being put into it.
    Open,
    /// It stands there in what was written.
    Done(Range<usize>),
    /// It grows too long.
    TooLong,
}

/// A text on its way: the variable that it is the value of, where it begins in what is written, and what is left of it.
struct Frame<'l> {
    name: Option<&'l str>,
    start: usize,
    rest: &'l str,
}

impl<'v: 'l, 'l> Expansion<'v, 'l> {
    fn new(lookup: &'l dyn Fn(&str) -> Option<&'v Variable>, dollars: Dollars, most: usize) -> Self {
        Self { lookup, dollars, most, out: String::new(), values: HashMap::new() }
    }

    /// What the variable becomes; `None` when it cannot be told.
    fn value(&mut self, variable: &'l Variable) -> Option<&str> {
        let name = variable.key.as_str();
        if !self.values.contains_key(name) {
            self.text(Some(name), &variable.value).ok()?;
        }
        match self.values.get(name) {
            Some(Value::Done(place)) => Some(&self.out[place.clone()]),
            _ => None,
        }
    }

    /// Writes what the text becomes.
    fn text(&mut self, name: Option<&'l str>, text: &'l str) -> Result<(), ExpandError> {
        let mut open = vec![self.frame(name, text)];
        let done = self.run(&mut open);
        // Whatever waited for what grew too long is too long itself.
        self.values.extend(open.iter().filter_map(|frame| Some((frame.name?, Value::TooLong))));
        done
    }

    fn frame(&mut self, name: Option<&'l str>, rest: &'l str) -> Frame<'l> {
        self.values.extend(name.map(|name| (name, Value::Open)));
        Frame { name, start: self.out.len(), rest }
    }

    fn run(&mut self, open: &mut Vec<Frame<'l>>) -> Result<(), ExpandError> {
        let start = self.out.len();
        while let Some(frame) = open.last_mut() {
            let entered = self.step(frame)?;
            if self.out.len() - start > MAX_LENGTH || self.out.len() > MAX_TOTAL {
                return Err(ExpandError::TooLong);
            }
            if let Some((name, variable)) = entered {
                if self.values.len() >= self.most {
                    return Err(ExpandError::TooMany);
                }
                open.push(self.frame(Some(name), &variable.value));
            } else if let Some(Frame { name, start, .. }) = open.pop_if(|frame| frame.rest.is_empty()) {
                self.values.extend(name.map(|name| (name, Value::Done(start..self.out.len()))));
            }
        }
        Ok(())
    }

    /// Goes on to behind the next reference. The variable that it names is given back when it has to be gone through
    /// first.
    fn step(&mut self, frame: &mut Frame<'l>) -> Result<Option<(&'l str, &'v Variable)>, ExpandError> {
        let at = frame.rest.find(['$', '%']).unwrap_or(frame.rest.len());
        let (before, rest) = frame.rest.split_at(at);
        self.out.push_str(before);
        if let Some(after) = rest.strip_prefix("$$") {
            self.out.push_str(if self.dollars == Dollars::Halved { "$" } else { "$$" });
            frame.rest = after;
            return Ok(None);
        }
        let Some((name, after)) = reference(rest) else {
            let (sign, after) = rest.split_at(rest.len().min(1));
            self.out.push_str(sign);
            frame.rest = after;
            return Ok(None);
        };
        frame.rest = after;
        let written = &rest[..rest.len() - after.len()];
        match (self.lookup)(name) {
            // A file has no place in a text.
            None | Some(Variable { file: true, .. }) => self.out.push_str(written),
            // What is raw stays so, whoever expands the text once more.
            Some(variable) if variable.raw && self.dollars == Dollars::Kept => {
                self.out.push_str(&variable.value.replace('$', "$$"));
            }
            Some(variable) if variable.raw => self.out.push_str(&variable.value),
            Some(variable) => match self.values.get(name) {
                Some(Value::Done(place)) => self.out.extend_from_within(place.clone()),
                Some(Value::TooLong) => return Err(ExpandError::TooLong),
                Some(Value::Open) if self.dollars == Dollars::Kept => self.out.push_str(written),
                Some(Value::Open) => return Err(ExpandError::Circle(name.to_owned())),
                None => return Ok(Some((name, variable))),
            },
        }
        Ok(None)
    }
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

    /// `V0` leads to `V1` and so on, each with more than the one before.
    fn chain(length: usize, more: &str) -> Vec<Variable> {
        let last = Variable::new(format!("V{length}"), "end");
        (0..length).map(|i| Variable::new(format!("V{i}"), format!("${{V{}}}{more}", i + 1))).chain([last]).collect()
    }

    #[test]
    fn values_are_true_however_deep_they_lie() {
        for length in [25, 5_000] {
            let all = chain(length, "x");
            let wanted = format!("end{}", "x".repeat(length));
            let by_name: HashMap<_, _> = all.iter().map(|one| (one.key.as_str(), one)).collect();
            assert_eq!(expand("$V0", &|name| by_name.get(name).copied()), Ok(wanted.clone()));
            let expanded = expand_all(&all);
            assert_eq!((&expanded[0].value, expanded[length - 2].value.as_str()), (&wanted, "endxx"));
        }
    }

    #[test]
    fn many_variables_are_expanded_within_bounds() {
        // Nothing grows here: only the ways double with each variable.
        let nothing = |i: usize| Variable::new(format!("N{i}"), format!("$N{n}$N{n}", n = i + 1));
        let mut all: Vec<_> = (0..100).map(nothing).chain([Variable::new("N100", "")]).collect();
        all.extend(chain(50_000, "longer"));
        let expanded = expand_all(&all);
        assert_eq!(expanded[0].value, "");
        // What is too long stays as it is, and so does what comes to too much together.
        assert_eq!(expanded[101].value, "${V1}longer");
        assert!(expanded.iter().map(|one| one.value.len()).sum::<usize>() < MAX_TOTAL + (2 << 20));
        let by_name: HashMap<_, _> = all.iter().map(|one| (one.key.as_str(), one)).collect();
        assert_eq!(expand("$V0", &|name| by_name.get(name).copied()), Err(ExpandError::TooMany));
    }

    #[test]
    fn circles_and_growth_end() {
        assert_eq!(expanded("$ME"), Err(ExpandError::Circle("ME".into())));
        assert_eq!(expanded("$ONE"), Err(ExpandError::Circle("ONE".into())));
        assert_eq!(expanded("$D17"), Err(ExpandError::TooLong));
    }
}
