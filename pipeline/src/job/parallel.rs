//! `parallel` and `matrix`: the instances that one job becomes, and how a need chooses among them
//! (contracts/ci-yaml.md, parts 4 and 5).

use std::collections::HashSet;

use model::plan::Variable;

use super::cache::scalar_text;
use crate::keywords::{Place, is_mistyped};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Tree};

/// Most instances of one job (contracts/ci-yaml.md, limits).
const MAX_INSTANCES: usize = 200;

/// What `parallel` asks for.
#[derive(Clone, Debug)]
pub(crate) enum Parallel {
    Number(u32),
    /// For each instance the values of its keys.
    Matrix(Vec<Vec<Variable>>),
}

/// The values that a need wants, key by key.
pub(crate) type Selection = Vec<(String, Choice)>;

/// One value or several, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    One(String),
    Many(Vec<String>),
}

impl Choice {
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<Parallel> {
    match &entry.value.kind {
        Kind::Null | Kind::Broken => None,
        Kind::Map(map) => {
            read::only_known(map, Place::Parallel, report);
            let Some(matrix) = map.written("matrix") else {
                if !entry.value.broken && !is_mistyped(map, Place::Parallel, &["matrix"]) {
                    report.error(entry.mark, "`parallel` needs `matrix` when it is a mapping");
                }
                return None;
            };
            instances(matrix, report).map(Parallel::Matrix)
        }
        _ => {
            let what = format!("a number from 1 to {MAX_INSTANCES} or a mapping with `matrix`");
            let number = read::number(entry, "parallel", &what, report)?;
            if !(1..=MAX_INSTANCES as i64).contains(&number) {
                report.error(
                    entry.value_mark(),
                    format!("`parallel` must be between 1 and {MAX_INSTANCES}, not {number}"),
                );
                return None;
            }
            Some(Parallel::Number(number as u32))
        }
    }
}

/// The instances of a matrix: of each entry all combinations, the last key changing fastest.
fn instances(entry: &Entry, report: &mut Report) -> Option<Vec<Vec<Variable>>> {
    let errors = report.errors();
    let mut all: Vec<Vec<Variable>> = Vec::new();
    let rows = rows(entry, report)?;
    let is_complete = errors == report.errors();
    for row in rows {
        let wanted = row.iter().fold(1_usize, |product, (_, choice)| product.saturating_mul(choice.values().len()));
        if all.len().saturating_add(wanted) > MAX_INSTANCES {
            let problem = Problem::error(entry.mark, format!("the matrix makes more than {MAX_INSTANCES} jobs"));
            report.add(problem.hint("list fewer values, or split the job"));
            return None;
        }
        let mut combinations: Vec<Vec<Variable>> = vec![Vec::new()];
        for (key, choice) in &row {
            combinations = combinations
                .into_iter()
                .flat_map(|before| {
                    choice.values().iter().map(move |value| {
                        let mut one = before.clone();
                        one.push(Variable::new(key, value));
                        one
                    })
                })
                .collect();
        }
        all.extend(combinations);
    }
    let mut seen = HashSet::with_capacity(all.len());
    all.retain(|instance| {
        let name = suffix(instance);
        let is_repeated = seen.contains(&name);
        if is_repeated {
            report.error(entry.mark, format!("the matrix makes two jobs with the same name: `{name}`"));
        }
        seen.insert(name);
        !is_repeated
    });
    is_complete.then_some(all)
}

/// What the name of an instance ends with.
pub(crate) fn suffix(instance: &[Variable]) -> String {
    let values: Vec<_> = instance.iter().map(|variable| variable.value.as_str()).collect();
    format!("[{}]", values.join(", "))
}

/// What a need selects.
pub(super) fn selections(entry: &Entry, report: &mut Report) -> Option<Vec<Selection>> {
    rows(entry, report)
}

fn rows(entry: &Entry, report: &mut Report) -> Option<Vec<Selection>> {
    let Kind::List(items) = &entry.value.kind else {
        match &entry.value.kind {
            Kind::Null => report.error(entry.mark, "`matrix` must not be empty"),
            _ => read::mismatch(report, entry.value_mark(), "matrix", "a list of mappings", &entry.value),
        }
        return None;
    };
    let mut all = Vec::new();
    let errors = report.errors();
    collect(items, 0, &mut all, report);
    if all.is_empty() && !entry.value.broken {
        // Entries that are wrong have been told.
        if errors == report.errors() {
            report.error(entry.mark, "`matrix` must not be an empty list");
        }
        return None;
    }
    Some(all)
}

fn collect(items: &[Tree], level: usize, all: &mut Vec<Selection>, report: &mut Report) {
    for item in items {
        match &item.kind {
            Kind::Map(map) => all.extend(row(map, item.mark, report)),
            // What a reference brings is a list of its own.
            Kind::List(inner) if level < read::MAX_LIST_NESTING => collect(inner, level + 1, all, report),
            _ => read::mismatch(report, item.mark, "an entry of `matrix`", "a mapping of names to values", item),
        }
    }
}

fn row(map: &Map, mark: Mark, report: &mut Report) -> Option<Selection> {
    if map.entries.is_empty() {
        report.error(mark, "an entry of `matrix` must not be empty");
        return None;
    }
    let mut row = Vec::new();
    let errors = report.errors();
    for entry in &map.entries {
        let value = |node: &Tree, report: &mut Report| {
            super::variables::warn_of_legacy_reading(node, report);
            let text = scalar_text(node);
            if text.is_none() {
                read::mismatch(report, node.mark, &format!("a value of `{}`", entry.key), "a string or a number", node);
            }
            text
        };
        let choice = match &entry.value.kind {
            Kind::List(items) => {
                let mut values = Vec::new();
                flatten(items, 0, &mut values);
                if values.is_empty() && !entry.value.broken {
                    report.error(entry.mark, format!("`{}` has no value", entry.key));
                }
                Choice::Many(values.into_iter().filter_map(|item| value(item, report)).collect())
            }
            Kind::Null => {
                report.error(entry.mark, format!("`{}` has no value", entry.key));
                continue;
            }
            _ => match value(&entry.value, report) {
                Some(value) => Choice::One(value),
                None => continue,
            },
        };
        row.push((entry.key.to_string(), choice));
    }
    // Of one with a wrong value nobody knows what it makes.
    (errors == report.errors()).then_some(row)
}

fn flatten<'t>(items: &'t [Tree], level: usize, all: &mut Vec<&'t Tree>) {
    for item in items {
        match &item.kind {
            Kind::List(inner) if level < read::MAX_LIST_NESTING => flatten(inner, level + 1, all),
            _ => all.push(item),
        }
    }
}
