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
    let mut expansion = Expansion::<String>::new(&known, Dollars::Halved, MAX_VARIABLES);
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
/// variables that lead back to themselves. What is too long stays as it is, and when all come to too much together
/// the longest ones do. The order of the variables makes no difference.
pub fn expand_all(variables: &[Variable]) -> Vec<Variable> {
    let last: HashMap<&str, &Variable> = variables.iter().map(|one| (one.key.as_str(), one)).collect();
    let known = |name: &str| last.get(name).copied();
    let refers = |one: &&Variable| !one.raw && !one.file && one.value.contains(['$', '%']);
    // Where variables lead in a circle it matters where one begins.
    let mut expanded: Vec<&Variable> = last.values().copied().filter(refers).collect();
    expanded.sort_unstable_by_key(|one| &one.key);
    let mut measured = Expansion::<Length>::new(&known, Dollars::Kept, usize::MAX);
    let mut lengths: Vec<(usize, &Variable)> =
        expanded.into_iter().filter_map(|one| Some((measured.value(one)?.len(), one))).collect();
    // A value is no shorter than what is put into it, so that whatever is written here is wanted.
    let mut written = Expansion::<String>::new(&known, Dollars::Kept, usize::MAX);
    let most = longest_of_all(lengths.iter().map(|(length, _)| *length).collect());
    lengths.retain(|(length, _)| *length <= most);
    let places = lengths.into_iter().filter_map(|(_, one)| Some((one.key.as_str(), written.value(one)?)));
    let places: HashMap<&str, Range<usize>> = places.collect();
    let mut seen = HashSet::new();
    let mut all: Vec<Variable> = Vec::with_capacity(last.len());
    for one in variables.iter().rev().filter(|one| seen.insert(one.key.as_str())) {
        let value = places.get(one.key.as_str()).map_or(&*one.value, |place| &written.out[place.clone()]);
        all.push(Variable { value: value.to_owned(), ..one.clone() });
    }
    all.reverse();
    all
}

/// How long a value may be, so that all that are no longer stay within bounds together.
fn longest_of_all(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    let mut total = 0;
    let is_too_much = |length: &usize| {
        total += length;
        total > MAX_TOTAL
    };
    lengths.into_iter().find(is_too_much).map_or(usize::MAX, |length| length - 1)
}

/// Where texts are written, one after the other.
trait Written: Default {
    fn len(&self) -> usize;
    fn push(&mut self, text: &str);
    /// Writes once more what stands there.
    fn repeat(&mut self, place: Range<usize>);
}

impl Written for String {
    fn len(&self) -> usize {
        self.len()
    }

    fn push(&mut self, text: &str) {
        self.push_str(text);
    }

    fn repeat(&mut self, place: Range<usize>) {
        self.extend_from_within(place);
    }
}

/// How much would be written.
#[derive(Default)]
struct Length(usize);

impl Written for Length {
    fn len(&self) -> usize {
        self.0
    }

    fn push(&mut self, text: &str) {
        self.0 += text.len();
    }

    fn repeat(&mut self, place: Range<usize>) {
        self.0 += place.len();
    }
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
struct Expansion<'v, 'l, W> {
    lookup: &'l dyn Fn(&str) -> Option<&'v Variable>,
    dollars: Dollars,
    most: usize,
    /// What became of the texts, one after the other, values within values.
    out: W,
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

impl<'v: 'l, 'l, W: Written> Expansion<'v, 'l, W> {
    fn new(lookup: &'l dyn Fn(&str) -> Option<&'v Variable>, dollars: Dollars, most: usize) -> Self {
        Self { lookup, dollars, most, out: W::default(), values: HashMap::new() }
    }

    /// Where stands what the variable becomes; `None` when it grows too long.
    fn value(&mut self, variable: &'l Variable) -> Option<Range<usize>> {
        let name = variable.key.as_str();
        if !self.values.contains_key(name) {
            self.text(Some(name), &variable.value).ok()?;
        }
        match self.values.get(name) {
            Some(Value::Done(place)) => Some(place.clone()),
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
        // The outer ones may be too long by now. What they wait for need not be, and goes on.
        let mut too_long = 0;
        while let Some(frame) = open.last_mut() {
            let entered = self.step(frame)?;
            while open.get(too_long).is_some_and(|frame| self.out.len() - frame.start > MAX_LENGTH) {
                too_long += 1;
            }
            if too_long == open.len() || (too_long > 0 && open[0].name.is_none()) {
                return Err(ExpandError::TooLong);
            }
            if let Some((name, variable)) = entered {
                if self.values.len() >= self.most {
                    return Err(ExpandError::TooMany);
                }
                open.push(self.frame(Some(name), &variable.value));
            } else if let Some(Frame { name, start, .. }) = open.pop_if(|frame| frame.rest.is_empty()) {
                self.values.extend(name.map(|name| (name, Value::Done(start..self.out.len()))));
                if too_long > 0 && too_long == open.len() {
                    return Err(ExpandError::TooLong);
                }
            }
        }
        Ok(())
    }

    /// Goes on to behind the next reference. The variable that it names is given back when it has to be gone through
    /// first.
    fn step(&mut self, frame: &mut Frame<'l>) -> Result<Option<(&'l str, &'v Variable)>, ExpandError> {
        let at = frame.rest.find(['$', '%']).unwrap_or(frame.rest.len());
        let (before, rest) = frame.rest.split_at(at);
        self.out.push(before);
        if let Some(after) = rest.strip_prefix("$$") {
            self.out.push(if self.dollars == Dollars::Halved { "$" } else { "$$" });
            frame.rest = after;
            return Ok(None);
        }
        let Some((name, after)) = reference(rest) else {
            let (sign, after) = rest.split_at(rest.len().min(1));
            self.out.push(sign);
            frame.rest = after;
            return Ok(None);
        };
        frame.rest = after;
        let written = &rest[..rest.len() - after.len()];
        match (self.lookup)(name) {
            // A file has no place in a text.
            None | Some(Variable { file: true, .. }) => self.out.push(written),
            // What is raw stays so, whoever expands the text once more.
            Some(variable) if variable.raw && self.dollars == Dollars::Kept => {
                self.out.push(&variable.value.replace('$', "$$"));
            }
            Some(variable) if variable.raw => self.out.push(&variable.value),
            Some(variable) => match self.values.get(name) {
                Some(Value::Done(place)) => self.out.repeat(place.clone()),
                Some(Value::TooLong) => return Err(ExpandError::TooLong),
                Some(Value::Open) if self.dollars == Dollars::Kept => self.out.push(written),
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
        assert_eq!(expanded.iter().find(|one| one.key == "V49999").unwrap().value, "endlonger");
        let by_name: HashMap<_, _> = all.iter().map(|one| (one.key.as_str(), one)).collect();
        assert_eq!(expand("$V0", &|name| by_name.get(name).copied()), Err(ExpandError::TooMany));
    }

    #[test]
    fn what_is_too_long_makes_nothing_too_long_that_it_waits_for() {
        let of = |key: &str, value: String| Variable::new(key, value);
        let half = "x".repeat(MAX_LENGTH / 2);
        let all = [
            of("A", format!("{half}$B{half}")),
            of("B", format!("{half}$C")),
            of("C", "c$D".to_owned()),
            of("D", "d".to_owned()),
            of("E", "<$A>".to_owned()),
        ];
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
            let expanded = expand_all(&order.map(|i: usize| all[i].clone()));
            let value = |key: &str| expanded.iter().find(|one| one.key == key).unwrap().value.clone();
            assert_eq!((value("A"), value("E")), (all[0].value.clone(), "<$A>".to_owned()));
            assert_eq!((value("B"), value("C")), (format!("{half}cd"), "cd".to_owned()));
        }
    }

    #[test]
    fn when_all_come_to_too_much_the_longest_stay_as_they_are() {
        let long = "x".repeat(MAX_LENGTH - 1);
        let mut all: Vec<_> = (0..100).map(|i| Variable::new(format!("L{i}"), format!("{long}$S"))).collect();
        all.push(Variable::new("S", "s"));
        all.push(Variable::new("T", "<$S>"));
        let expanded = expand_all(&all);
        assert_eq!((&expanded[0].value, expanded[101].value.as_str()), (&all[0].value, "<s>"));
    }

    #[test]
    fn circles_and_growth_end() {
        assert_eq!(expanded("$ME"), Err(ExpandError::Circle("ME".into())));
        assert_eq!(expanded("$ONE"), Err(ExpandError::Circle("ONE".into())));
        assert_eq!(expanded("$D17"), Err(ExpandError::TooLong));
    }
}
