//! Typed access to nodes. Every function reports what is wrong and then returns `None`, so that
//! the rest of the file is read all the same. `null` counts as "not given" everywhere.
//!
//! Who reads a mapping reads all its keys before one that is missing or wrong ends the reading: nothing
//! wrong hides what its siblings get wrong.

use std::collections::HashSet;
use std::collections::hash_map;
use std::rc::Rc;

use model::plan::Variable;

use crate::keywords::{self, Place};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Node, Scalar, Tree, Value};

/// Up to so many variables are compared one by one, which is less work than to hash them.
const FEW: usize = 32;

/// How deep lists may be nested inside the outer one (contracts/ci-yaml.md, limits).
pub(crate) const MAX_LIST_NESTING: usize = 10;

/// Reports that a value has the wrong type.
pub(crate) fn mismatch(report: &mut Report, mark: Mark, what: &str, wanted: &str, found: &Node) {
    if matches!(found.kind, Kind::Broken) {
        return;
    }
    let problem = Problem::error(mark, format!("{} must be {wanted}, not {}", named(what), found.describe()));
    let Kind::Scalar(scalar) = &found.kind else {
        let hint = other_shape(report.written(found.mark), what, wanted, found);
        return report.add(problem.maybe_hint(hint));
    };
    let hint = match scalar.value {
        // A block that is the whole value keeps its type, in quotes or not.
        _ if wanted.contains("string") && report.written(mark).contains("$[[") => {
            Some("an input keeps its type where it is the whole value: give it `type: string`".to_owned())
        }
        Value::Text if wanted.contains("number") && scalar.text.parse::<i64>().is_ok() => {
            Some(format!("without quotes: {}", scalar.text))
        }
        Value::Text if wanted.contains("`true`") => match &*scalar.text.to_lowercase() {
            "yes" | "on" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "false" => Some("write `false`".to_owned()),
            _ => None,
        },
        // A rule is no text.
        Value::Text if wanted == "a list" && what != "rules" => as_list(what, scalar),
        Value::Text => None,
        _ if wanted.contains("string") => Some(format!("put it in quotes: \"{}\"", scalar.text)),
        _ => None,
    };
    report.add(problem.maybe_hint(hint));
}

/// What takes the entries of a list where none can stand.
const LISTS_UNDER: &[(&str, &str)] =
    &[("artifacts", "paths"), ("cache", "paths"), ("key", "files"), ("parallel", "matrix")];

/// How a collection becomes what was wanted.
fn other_shape(written: &str, what: &str, wanted: &str, found: &Node) -> Option<String> {
    let text = |node: &Node| match &node.kind {
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) => Some(Rc::clone(text)),
        _ => None,
    };
    match &found.kind {
        Kind::List(items)
            if what != "parallel" && !items.is_empty() && items.iter().all(|item| item.as_map().is_some()) =>
        {
            written.starts_with('-').then(|| "leave out the `-` before the keys".to_owned())
        }
        Kind::List(_) if let Some((_, under)) = LISTS_UNDER.iter().find(|(keyword, _)| *keyword == what) => {
            Some(format!("the list stands under `{under}`, in a mapping"))
        }
        Kind::List(items) if wanted == "a mapping" => {
            let first = items.first().and_then(|item| text(item))?;
            first.split_once('=').map(|(key, value)| format!("`{key}: {value}`"))
        }
        Kind::List(items) if wanted.contains("a string") && items.len() == 1 => {
            text(&items[0]).map(|text| format!("without the list: `{text}`"))
        }
        Kind::Map(_) if wanted.starts_with("a list") => {
            let is_flow = written.starts_with('{');
            let list = if is_flow { "stands in `[…]`" } else { "has a `- ` before each of its entries" };
            Some(format!("a list {list}"))
        }
        _ => None,
    }
}

/// A keyword in backquotes; a description as it is.
pub(crate) fn named(what: &str) -> String {
    if what.contains(' ') { what.to_owned() } else { format!("`{what}`") }
}

/// A value that must be a string, and not an empty one.
pub(crate) fn text(entry: &Entry, what: &str, report: &mut Report) -> Option<String> {
    match &entry.value.kind {
        Kind::Null => None,
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) => {
            if text.is_empty() {
                report.error(entry.value_mark(), format!("`{what}` must not be empty"));
                return None;
            }
            Some(String::from(&**text))
        }
        _ => {
            mismatch(report, entry.value_mark(), what, "a string", &entry.value);
            None
        }
    }
}

/// A value that must be a string; an empty one gives nothing, as GitLab has it where components fill keywords in.
pub(crate) fn text_if_any(entry: &Entry, what: &str, report: &mut Report) -> Option<String> {
    match &entry.value.kind {
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) if text.is_empty() => None,
        _ => text(entry, what, report),
    }
}

/// A value that must be `true` or `false`.
pub(crate) fn boolean(entry: &Entry, what: &str, report: &mut Report) -> Option<bool> {
    match &entry.value.kind {
        Kind::Null => None,
        Kind::Scalar(scalar) if let Some(value) = scalar.as_boolean() => {
            warn_of_boolean(scalar, entry.value_mark(), report);
            Some(value)
        }
        _ => {
            mismatch(report, entry.value_mark(), what, "`true` or `false`", &entry.value);
            None
        }
    }
}

/// Warns of a word that is a boolean to GitLab's reader, and only where nothing else can be meant to this one.
pub(crate) fn warn_of_boolean(scalar: &Scalar, mark: Mark, report: &mut Report) {
    if let (Value::Text, Some(value)) = (scalar.value, scalar.as_boolean()) {
        let problem = Problem::warning(mark, format!("`{}` is taken for `{value}`, as on GitLab", scalar.text));
        report.add(problem.hint(format!("write `{value}`, which is one to every reader of YAML")));
    }
}

/// A value that must be a whole number.
pub(crate) fn number(entry: &Entry, what: &str, wanted: &str, report: &mut Report) -> Option<i64> {
    match &entry.value.kind {
        Kind::Null => None,
        Kind::Scalar(Scalar { value: Value::Int(value), .. }) => Some(*value),
        _ => {
            mismatch(report, entry.value_mark(), what, wanted, &entry.value);
            None
        }
    }
}

/// A value that must be a mapping.
pub(crate) fn map<'n>(entry: &'n Entry, what: &str, report: &mut Report) -> Option<&'n Map> {
    match &entry.value.kind {
        Kind::Null => None,
        Kind::Map(map) => Some(map),
        _ => {
            mismatch(report, entry.value_mark(), what, "a mapping", &entry.value);
            None
        }
    }
}

/// A list, or a single value that stands for a list of one.
pub(crate) fn one_or_many(entry: &Entry) -> &[Tree] {
    match &entry.value.kind {
        Kind::List(items) => items,
        Kind::Null | Kind::Broken => &[],
        _ => std::slice::from_ref(&entry.value),
    }
}

/// A word out of a fixed set.
pub(crate) fn word<T: Copy>(
    node: &Node,
    mark: Mark,
    what: &str,
    words: &[(&str, T)],
    report: &mut Report,
) -> Option<T> {
    let listed = || words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match &node.kind {
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) => {
            let found = words.iter().find(|(word, _)| **word == **text).map(|(_, value)| *value);
            if found.is_none() {
                let close = keywords::closest(text, words.iter().map(|(word, _)| *word));
                let hint =
                    close.map_or_else(|| format!("one of {}", listed()), |close| format!("did you mean `{close}`?"));
                let shown: String = text.chars().take(60).collect();
                report.add(Problem::error(mark, format!("`{what}` cannot be `{shown}`")).hint(hint));
            }
            found
        }
        Kind::Broken => None,
        _ => {
            let problem = Problem::error(mark, format!("`{what}` must be a word, not {}", node.describe()));
            report.add(problem.hint(format!("one of {}", listed())));
            None
        }
    }
}

/// Whole numbers: one, or a list of distinct ones. Returns also whether it was a single number.
pub(crate) fn exit_codes(entry: &Entry, what: &str, report: &mut Report) -> Option<(Vec<i32>, bool)> {
    let single = !matches!(entry.value.kind, Kind::List(_));
    let items = one_or_many(entry);
    if items.is_empty() {
        if !matches!(entry.value.kind, Kind::Null | Kind::Broken) {
            report.error(entry.value_mark(), format!("`{what}` must not be an empty list"));
        }
        return None;
    }
    let mut codes = Vec::new();
    for item in items {
        match &item.kind {
            Kind::Scalar(Scalar { value: Value::Int(code), .. }) if i32::try_from(*code).is_ok() => {
                let code = *code as i32;
                if codes.contains(&code) {
                    report.error(item.mark, format!("`{what}` lists {code} twice"));
                }
                codes.push(code);
            }
            Kind::Broken => {}
            _ => mismatch(report, item.mark, what, "a whole number", item),
        }
    }
    Some((codes, single))
}

/// Strings out of a list that may hold lists, flattened.
pub(crate) fn strings(entry: &Entry, what: &str, report: &mut Report) -> Option<Vec<(String, Mark)>> {
    match &entry.value.kind {
        Kind::Null | Kind::Broken => None,
        Kind::List(items) => {
            let mut all = Vec::new();
            flatten(items, (what, entry), 0, &mut all, report);
            Some(all)
        }
        _ => {
            let hint = match &entry.value.kind {
                Kind::Scalar(scalar) if !scalar.text.is_empty() => as_list(what, scalar),
                Kind::Map(_) => other_shape(report.written(entry.value.mark), what, "a list", &entry.value),
                _ => None,
            };
            let message = format!("`{what}` must be a list, not {}", entry.value.describe());
            report.add(Problem::error(entry.value_mark(), message).maybe_hint(hint));
            None
        }
    }
}

/// Longest text that is shown as a list.
const MAX_SHOWN: usize = 60;

/// The list that a text was meant to be. The parts of a command are entries of their own; elsewhere a space may belong
/// to a name.
fn as_list(what: &str, scalar: &Scalar) -> Option<String> {
    let text = &*scalar.text;
    if text.len() > MAX_SHOWN || text.contains(['"', '\\', '\n']) {
        return None;
    }
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+@$".contains(c);
    let is_command = matches!(what, "command" | "entrypoint") && !text.contains('\'');
    let is_text = matches!(scalar.value, Value::Text);
    let list = match is_text && text.replace(", ", "").chars().all(is_plain) && text.starts_with(is_plain) {
        true => text.to_owned(),
        false if is_command => text.split_whitespace().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(", "),
        false => format!("\"{text}\""),
    };
    Some(format!("`{what}: [{list}]`"))
}

/// Strings out of a list that has at least one. Entries that are wrong make no list empty.
pub(crate) fn some_strings(entry: &Entry, what: &str, report: &mut Report) -> Option<Vec<(String, Mark)>> {
    let errors = report.errors();
    let found = strings(entry, what, report)?;
    if found.is_empty() && errors == report.errors() && !entry.value.broken {
        report.error(entry.mark, format!("`{what}` must not be an empty list"));
    }
    Some(found)
}

fn flatten(items: &[Tree], of: (&str, &Entry), level: usize, all: &mut Vec<(String, Mark)>, report: &mut Report) {
    let (what, entry) = of;
    for item in items {
        match &item.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) => all.push((String::from(&**text), item.mark)),
            Kind::List(_) if level >= MAX_LIST_NESTING => {
                report.error(
                    item.mark,
                    format!("the lists of `{what}` are nested deeper than {MAX_LIST_NESTING} levels"),
                );
            }
            Kind::List(inner) => flatten(inner, of, level + 1, all, report),
            Kind::Broken => {}
            Kind::Null => report.error(item.mark, format!("`{what}` has an empty entry")),
            Kind::Map(map) => {
                let hint = misread(map, report.written(item.mark));
                report.add(no_string(item, what, entry, hint));
            }
            Kind::Scalar(_) | Kind::Reference(_) => {
                mismatch(report, item.mark, &format!("an entry of `{what}`"), "a string", item);
            }
        }
    }
}

/// How a mapping came to be where a string is wanted.
fn misread(map: &Map, written: &str) -> &'static str {
    // How other servers name the parts of a job.
    const STEPS: &[&str] = &["name", "run", "uses", "script", "command", "cmd"];
    match map.entries.first() {
        _ if written.starts_with('{') => "`{` makes a mapping of it; put the whole line in quotes",
        Some(first) if STEPS.contains(&&*first.key) => "an entry is a command and nothing else: `- make`",
        _ => "`: ` makes a mapping of it; put the whole line in quotes",
    }
}

/// A mapping where a string is wanted: a line with `: ` in it, or a whole job that was brought here.
fn no_string(item: &Node, what: &str, entry: &Entry, hint: &str) -> Problem {
    let (list, inner) = (entry.value.mark, item.mark);
    let is_written_here =
        list.file == inner.file && (list.span.start..list.span.end.max(1)).contains(&inner.span.start);
    let problem = |mark| Problem::error(mark, format!("an entry of `{what}` must be a string, not a mapping"));
    if is_written_here {
        return problem(inner).hint(hint);
    }
    problem(entry.mark)
        .hint(format!("a reference brings a whole mapping; name a keyword of it: `!reference [.job, {what}]`"))
}

/// Warns of a command that YAML made of several entries, or of an entry without its space.
fn glued(node: &Node, report: &mut Report) {
    // What is written as a text of its own is one, whatever its lines begin with.
    if !matches!(&node.kind, Kind::Scalar(scalar) if scalar.plain) {
        return;
    }
    let written = report.written(node.mark);
    let (first, rest) = written.split_once('\n').unwrap_or((written, ""));
    if rest.lines().any(|line| line.trim_start().starts_with("- ")) {
        let problem =
            Problem::warning(node.mark, "the lines that begin with `- ` are not entries: they go on this text");
        report.add(problem.hint("indent all entries of a list by the same width"));
    } else if first.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_alphabetic)) {
        let problem = Problem::warning(node.mark, "this is not an entry of a list, but a text that begins with `-`");
        report.add(problem.hint("put a space after `-`"));
    }
}

/// Commands: a string, or strings in a list.
pub(crate) fn commands(entry: &Entry, what: &str, report: &mut Report) -> Option<Vec<String>> {
    match &entry.value.kind {
        Kind::Scalar(Scalar { text, value: Value::Text, .. }) => {
            glued(&entry.value, report);
            Some(if text.is_empty() { Vec::new() } else { vec![String::from(&**text)] })
        }
        Kind::Scalar(_) | Kind::Map(_) | Kind::Reference(_) => {
            mismatch(report, entry.value_mark(), what, "a string or a list of strings", &entry.value);
            None
        }
        _ => {
            if let Kind::List(items) = &entry.value.kind {
                items.iter().filter(|item| matches!(item.kind, Kind::Scalar(_))).for_each(|item| glued(item, report));
            }
            strings(entry, what, report).map(|all| all.into_iter().map(|(text, _)| text).collect())
        }
    }
}

/// Reports the keys of a mapping that are not understood at this place.
pub(crate) fn only_known(map: &Map, place: Place, report: &mut Report) {
    for entry in &map.entries {
        // `null` takes a keyword away again, whatever it is.
        let taken_away = matches!(entry.value.kind, Kind::Null) && keywords::is_known(place, &entry.key);
        let is_right = keywords::is_supported(place, &entry.key) || taken_away;
        if !is_right && !keywords::is_told(map, place, &entry.key) {
            report.add_error(|| keywords::unsupported(place, &entry.key, entry.mark));
        }
    }
}

/// Puts later variables over earlier ones, in the order in which each name came up first.
pub(crate) fn layered<'v>(layers: impl IntoIterator<Item = &'v [Variable]>) -> Vec<Variable> {
    let layers: Vec<&[Variable]> = layers.into_iter().filter(|layer| !layer.is_empty()).collect();
    // In a layer every name is there once.
    if let [one] = layers[..] {
        return one.to_vec();
    }
    let mut all: Vec<&Variable> = Vec::with_capacity(layers.iter().map(|layer| layer.len()).sum());
    if all.capacity() <= FEW {
        for variable in layers.into_iter().flatten() {
            match all.iter_mut().find(|known| known.key == variable.key) {
                Some(known) => *known = variable,
                None => all.push(variable),
            }
        }
        return all.into_iter().cloned().collect();
    }
    let mut index = std::collections::HashMap::with_capacity(all.capacity());
    for variable in layers.into_iter().flatten() {
        match index.entry(variable.key.as_str()) {
            hash_map::Entry::Occupied(at) => all[*at.get()] = variable,
            hash_map::Entry::Vacant(place) => {
                place.insert(all.len());
                all.push(variable);
            }
        }
    }
    all.into_iter().cloned().collect()
}

/// The values that occur more than once, with the place of the repetition.
pub(crate) fn repeated<'s>(values: impl IntoIterator<Item = (&'s str, Mark)>) -> Vec<(&'s str, Mark)> {
    let mut seen = HashSet::new();
    values.into_iter().filter(|(value, _)| !seen.insert(*value)).collect()
}
