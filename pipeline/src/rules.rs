//! `rules`, of jobs and of the workflow (contracts/ci-yaml.md, part 3): read them, and find the
//! first one that applies.

use std::collections::HashMap;
use std::rc::Rc;

use model::plan::{Variable, When};

use crate::expression::{self, Expression, Patterns};
use crate::job::{self, NeedDraft, Variables};
use crate::keywords::Place;
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map, Scalar, Tree, Value};

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub mark: Mark,
    condition: Option<(Rc<Expression>, Mark)>,
    pub when: Option<When>,
    pub allow_failure: Option<bool>,
    pub variables: Vec<Variable>,
    pub needs: Option<Vec<NeedDraft>>,
}

/// The conditions of a definition: the same text is read once, however many jobs inherit it.
#[derive(Default)]
pub(crate) struct Conditions {
    patterns: Patterns,
    read: HashMap<Rc<str>, Rc<Expression>>,
}

/// The words of `when` in the rules of the workflow.
const WORKFLOW_WHEN: &[(&str, When)] = &[("always", When::Always), ("never", When::Never)];

/// Reads `rules`; `place` says whose. `None` means that there are none.
pub(crate) fn read(entry: &Entry, place: Place, conditions: &mut Conditions, report: &mut Report) -> Option<Vec<Rule>> {
    let items = match &entry.value.kind {
        Kind::Null | Kind::Broken => return None,
        Kind::List(items) => items,
        _ => {
            read::mismatch(report, entry.value_mark(), "rules", "a list", &entry.value);
            return None;
        }
    };
    let mut rules = Vec::new();
    let errors = report.errors();
    collect(items, 0, place, conditions, &mut rules, report);
    if rules.is_empty() && errors == report.errors() && !entry.value.broken {
        report.add(
            Problem::error(entry.mark, "`rules` must not be empty")
                .hint("leave the keyword out, or write `rules: null`"),
        );
    }
    if errors == report.errors()
        && let Some(always) = rules.iter().position(|rule| rule.condition.is_none())
        && let Some(next) = rules.get(always + 1)
    {
        let line = rules[always].mark.span.line;
        let problem =
            Problem::warning(next.mark, format!("this rule is never reached: the one in line {line} always applies"));
        report.add(problem.hint("give that one an `if`, or move it to the end"));
    }
    Some(rules)
}

fn collect(
    items: &[Tree],
    level: usize,
    place: Place,
    conditions: &mut Conditions,
    rules: &mut Vec<Rule>,
    report: &mut Report,
) {
    for item in items {
        match &item.kind {
            Kind::Map(map) => rules.push(rule(map, item.mark, place, conditions, report)),
            Kind::List(_) if level >= read::MAX_LIST_NESTING => {
                let message = format!("the lists of `rules` are nested deeper than {} levels", read::MAX_LIST_NESTING);
                report.error(item.mark, message);
            }
            // What a reference brings is a list of its own.
            Kind::List(inner) => collect(inner, level + 1, place, conditions, rules, report),
            Kind::Null => report.error(item.mark, "`rules` has an empty entry"),
            _ => read::mismatch(report, item.mark, "an entry of `rules`", "a mapping", item),
        }
    }
}

fn rule(map: &Map, mark: Mark, place: Place, conditions: &mut Conditions, report: &mut Report) -> Rule {
    read::only_known(map, place, report);
    let mut rule = Rule { mark, condition: None, when: None, allow_failure: None, variables: Vec::new(), needs: None };
    for entry in &map.entries {
        match &*entry.key {
            "if" => rule.condition = condition(entry, conditions, report).map(|found| (found, entry.value_mark())),
            "when" if matches!(entry.value.kind, Kind::Null) => {}
            "when" if place == Place::WorkflowRule => {
                rule.when = read::word(&entry.value, entry.value_mark(), "when", WORKFLOW_WHEN, report);
            }
            "when" => rule.when = job::read_when(entry, report),
            "variables" => rule.variables = job::read_variables(entry, Variables::Job, report).0,
            "allow_failure" if place == Place::Rule => {
                rule.allow_failure = read::boolean(entry, "allow_failure", report);
            }
            "needs" if place == Place::Rule => {
                if matches!(entry.value.kind, Kind::Null) {
                    report.add(Problem::error(entry.mark, "`needs` must not be empty").hint("`needs: []` means none"));
                }
                rule.needs = job::read_needs(entry, report);
            }
            _ => {}
        }
    }
    let decides = ["if", "changes", "exists", "when"];
    if !map.entries.iter().any(|entry| decides.contains(&&*entry.key)) {
        report
            .add(Problem::error(mark, "a rule needs an `if` or a `when`").hint("`- when: on_success` always applies"));
    }
    rule
}

fn condition(entry: &Entry, conditions: &mut Conditions, report: &mut Report) -> Option<Rc<Expression>> {
    let mark = entry.value_mark();
    let Kind::Scalar(scalar @ Scalar { text, value: Value::Text, .. }) = &entry.value.kind else {
        match &entry.value.kind {
            Kind::Null => report.error(mark, "`if` must not be empty"),
            _ => read::mismatch(report, mark, "if", "an expression (a string)", &entry.value),
        }
        return None;
    };
    if let Some(known) = conditions.read.get(text) {
        return Some(Rc::clone(known));
    }
    match expression::parse(text, &conditions.patterns) {
        Ok(expression) => {
            let expression = Rc::new(expression);
            conditions.read.insert(Rc::clone(text), Rc::clone(&expression));
            Some(expression)
        }
        Err(error) => {
            let mark = part(mark, scalar, error.start, error.end);
            report.add(Problem::error(mark, error.message).maybe_hint(error.hint.map(ToOwned::to_owned)));
            None
        }
    }
}

/// The place of a part of a scalar, as far as it stands in the text as it is: on one line, without
/// escapes.
fn part(whole: Mark, scalar: &Scalar, start: usize, end: usize) -> Mark {
    let written = whole.span.end.saturating_sub(whole.span.start);
    let shift = match written.checked_sub(scalar.text.len()) {
        Some(0) if scalar.plain => 0,
        Some(2) if !scalar.plain => 1,
        _ => return whole,
    };
    if scalar.text.contains('\n') {
        return whole;
    }
    let before = scalar.text.get(..start).map_or(0, |before| before.chars().count());
    let mut part = whole;
    part.span.column += (shift + before) as u32;
    part.span.end = whole.span.start + shift + end;
    part.span.start = whole.span.start + shift + start;
    part
}

/// What the rules came to.
pub(crate) struct Decision<'r> {
    /// The first rule that applies, and which one it is, from 0.
    pub rule: Option<(usize, &'r Rule)>,
    /// Each rule that was looked at, with the parts that decided.
    pub details: Vec<String>,
}

/// Finds the first rule that applies. `lookup` knows the variables.
pub(crate) fn decide<'r, 'v>(
    rules: &'r [Rule],
    lookup: &dyn Fn(&str) -> Option<&'v str>,
    conditions: &Conditions,
    report: &mut Report,
) -> Decision<'r> {
    let mut details = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let line = rule.mark.span.line;
        let Some((expression, mark)) = &rule.condition else {
            details.push(format!("rule {} in line {line} always applies", i + 1));
            return Decision { rule: Some((i, rule)), details };
        };
        match expression.evaluate(lookup, &conditions.patterns) {
            Ok(verdict) => {
                let detail = format!("rule {} in line {line}: {}", i + 1, verdict.because.join("; "));
                let within = report.charge(1, detail.len(), rule.mark);
                details.push(detail);
                if !within {
                    break;
                }
                if verdict.holds {
                    return Decision { rule: Some((i, rule)), details };
                }
            }
            Err(failure) => {
                report.error(*mark, failure.0);
                break;
            }
        }
    }
    Decision { rule: None, details }
}
