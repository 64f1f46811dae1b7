//! `variables`, of the file and of a job.

use std::rc::Rc;

use model::plan::{FormVariable, Variable};

use super::policy::unknown_key;
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Node, Scalar, legacy_reading, legacy_warning};

/// Where the values of variables stand, by their names.
pub(crate) type Places = Vec<(Rc<str>, Mark)>;

/// The places of a mapping of variables.
pub(crate) fn places(entry: &Entry) -> Places {
    let entries = entry.value.as_map().into_iter().flat_map(|map| &map.entries);
    entries.map(|item| (Rc::clone(&item.key), item.value_mark())).collect()
}

/// The variables of a job.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub values: Vec<Variable>,
    pub places: Places,
}

/// Whose variables they are: only those of the file have a place in the run form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variables {
    Global,
    Job,
}

/// Reads a mapping of variables; the second half is empty for a job.
pub(crate) fn read(entry: &Entry, whose: Variables, report: &mut Report) -> (Vec<Variable>, Vec<FormVariable>) {
    let mut form = Vec::new();
    let Some(map) = read::map(entry, "variables", report) else { return (Vec::new(), form) };
    let mut variables = Vec::with_capacity(map.entries.len());
    for item in &map.entries {
        check_name(item, report);
        let Some((variable, shown)) = one(item, whose, report) else { continue };
        form.extend(shown);
        variables.push(variable);
    }
    (variables, form)
}

fn check_name(item: &Entry, report: &mut Report) {
    let name = &*item.key;
    if name.is_empty() || name.contains(['=', '\0']) {
        report.error(item.mark, "the name of a variable must not be empty and has no `=` in it");
        return;
    }
    let usable = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.as_bytes()[0].is_ascii_digit();
    if !usable {
        let problem = Problem::warning(item.mark, format!("a shell cannot use a variable called `{name}`"));
        report.add(problem.hint("use letters, digits and `_`, and begin with a letter"));
    }
}

/// A variable, and what the run form shows of one of the file.
fn one(item: &Entry, whose: Variables, report: &mut Report) -> Option<(Variable, Option<FormVariable>)> {
    let map = match &item.value.kind {
        Kind::Map(map) => map,
        Kind::Broken => return None,
        _ => {
            if matches!(item.value.kind, Kind::Null) {
                let message = format!("the variable `{}` has no value: here it is empty, GitLab refuses it", item.key);
                report.add(Problem::warning(item.mark, message).hint(format!("`{}: \"\"`", item.key)));
            }
            let value = value(&item.value, item.value_mark(), &item.key, report)?;
            let form = (whose == Variables::Global).then(|| FormVariable {
                key: item.key.to_string(),
                value: value.clone(),
                description: None,
                options: Vec::new(),
            });
            return Some((Variable::new(&*item.key, value), form));
        }
    };
    let keys: &[&str] = match whose {
        Variables::Global => &["value", "description", "options", "expand"],
        Variables::Job => &["value", "expand"],
    };
    for key in map.entries.iter().filter(|entry| !keys.contains(&&*entry.key)) {
        if matches!(&*key.key, "description" | "options") {
            let message = format!("`{}` is for the variables of the file, not for those of a job", key.key);
            report.error(key.mark, message);
        } else {
            unknown_key(report, key, "a variable", keys);
        }
    }
    let text = match map.get("value") {
        Some(entry) => value(&entry.value, entry.value_mark(), "value", report),
        None => Some(String::new()),
    };
    let raw = map.get("expand").and_then(|entry| read::boolean(entry, "expand", report)) == Some(false);
    let description = map.get("description").and_then(|entry| read::text(entry, "description", report));
    let options = if whose == Variables::Global { options(map, text.as_deref(), report) } else { Vec::new() };
    let variable = Variable { raw, ..Variable::new(&*item.key, text?) };
    let form = (whose == Variables::Global).then(|| FormVariable {
        key: item.key.to_string(),
        value: variable.value.clone(),
        description,
        options,
    });
    Some((variable, form))
}

fn options(map: &Map, default: Option<&str>, report: &mut Report) -> Vec<String> {
    let Some(entry) = map.written("options") else { return Vec::new() };
    let Kind::List(items) = &entry.value.kind else {
        read::mismatch(report, entry.value_mark(), "options", "a list", &entry.value);
        return Vec::new();
    };
    let all: Vec<_> = items.iter().filter_map(|item| value(item, item.mark, "an entry of `options`", report)).collect();
    if items.is_empty() {
        report.error(entry.mark, "`options` must not be an empty list");
    } else if !all.is_empty() && default.is_some_and(|default| !all.iter().any(|option| option == default)) {
        let mark = map.get("value").map_or(entry.mark, Entry::value_mark);
        report.error(mark, "`value` must be one of the `options`");
    }
    all
}

/// A value as a string. Warns where another reader of YAML would take it for something else.
fn value(node: &Node, mark: Mark, what: &str, report: &mut Report) -> Option<String> {
    let text = match &node.kind {
        Kind::Null => String::new(),
        Kind::Scalar(scalar) => {
            warn(scalar, mark, report);
            scalar.to_text()
        }
        _ => {
            read::mismatch(report, mark, what, "a string, a number or a boolean", node);
            return None;
        }
    };
    if text.contains('\0') {
        report.error(mark, format!("`{what}` must not contain a NUL character"));
        return None;
    }
    Some(text)
}

/// Warns where another reader of YAML would take a value for something else.
pub(super) fn warn_of_legacy_reading(node: &Node, report: &mut Report) {
    if let Kind::Scalar(scalar) = &node.kind {
        warn(scalar, node.mark, report);
    }
}

fn warn(scalar: &Scalar, mark: Mark, report: &mut Report) {
    if let Some(other) = legacy_reading(scalar) {
        report.add(legacy_warning(&scalar.text, &other, mark));
    }
}
