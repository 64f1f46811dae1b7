//! The values that the inputs of a file get, and whether they fit.

use std::collections::{HashMap, HashSet};

use model::plan::FormInput;
use serde_json::Value as Json;

use super::order::order;
use super::spec::{Declared, Given};
use super::value::{fits, shown, type_name, typed};
use crate::expression::Seen;
use crate::keywords::closest;
use crate::rules::Conditions;
use crate::source::{Mark, Problem, Report};

/// The inputs with their values, `null` for those that have none; `is_complete` says whether the header has no others.
pub(super) fn values(
    mut declared: Vec<Declared>,
    is_complete: bool,
    given: &Given<'_>,
    conditions: &Conditions,
    report: &mut Report,
) -> Vec<FormInput> {
    let is_strange = |name: &&String| is_complete && !declared.iter().any(|input| input.form.name == **name);
    let mut meant = HashSet::new();
    for name in given.values.keys().filter(is_strange) {
        let problem = Problem::error(given.place(name), format!("this file has no input `{name}`"));
        let close = closest(name, declared.iter().map(|input| input.form.name.as_str()));
        meant.extend(close.map(ToOwned::to_owned));
        report.add(problem.maybe_hint(close.map(|close| format!("did you mean `{close}`?"))));
    }
    let mut known = Known::new();
    for i in order(&mut declared, is_complete, report) {
        let input = &mut declared[i];
        // Of a broken one nobody knows which values it takes.
        if input.broken || !decide(input, &known, conditions, report) {
            continue;
        }
        // One that is given under a name that is nearly its own is not missing.
        if meant.contains(&input.form.name) && !given.values.contains_key(&input.form.name) {
            continue;
        }
        if let Some(value) = value_of(&input.form, given, input.mark, conditions, report) {
            known.insert(format!("[[ inputs.{} ]]", input.form.name), shown(&value));
            input.form.value = value;
        }
    }
    declared.into_iter().map(|input| input.form).collect()
}

/// The values of inputs as conditions see them.
type Known = HashMap<String, String>;

/// Takes options and default from the first rule of the input that applies, if it has rules. `false` when that hangs on
/// an input without a value.
fn decide(input: &mut Declared, known: &Known, conditions: &Conditions, report: &mut Report) -> bool {
    let lookup = |name: &str| known.get(name).map(|value| Seen::from(value.as_str()));
    for rule in &mut input.rules {
        if let Some(condition) = &rule.condition {
            if condition.expression.inputs().iter().any(|name| !known.contains_key(&format!("[[ inputs.{name} ]]"))) {
                return false;
            }
            match conditions.evaluate(&condition.expression, &lookup) {
                Ok(verdict) if verdict.holds => {}
                Ok(_) => continue,
                Err(message) => {
                    report.error(input.mark, message);
                    return false;
                }
            }
        }
        input.form.options = std::mem::take(&mut rule.options);
        input.form.default = rule.default.take();
        break;
    }
    true
}

fn value_of(
    form: &FormInput,
    given: &Given<'_>,
    mark: Mark,
    conditions: &Conditions,
    report: &mut Report,
) -> Option<Json> {
    let name = &form.name;
    let Some(value) = given.values.get(name).cloned() else {
        if given.may_lack {
            return None;
        }
        if form.default.is_none() {
            let problem =
                Problem::error(if given.typed { mark } else { given.mark }, format!("the input `{name}` is not given"));
            report.add(problem.hint("it has no `default`"));
        }
        return form.default.clone();
    };
    let value = if given.typed { typed(value, form.kind) } else { value };
    if !fits(&value, form.kind) {
        let message = format!("the input `{name}` must be {}, not `{}`", type_name(form.kind), brief(&value));
        report.error(given.place(name), message);
        return None;
    }
    if !form.options.is_empty() && !form.options.contains(&value) {
        let options: Vec<_> = form.options.iter().take(12).map(|option| format!("`{}`", brief(option))).collect();
        let message = format!("the input `{name}` cannot be `{}`", brief(&value));
        report.add(Problem::error(given.place(name), message).hint(format!("one of {}", options.join(", "))));
        return None;
    }
    if let (Some(regex), Json::String(text)) = (&form.regex, &value)
        && conditions.found(regex, text) != Ok(true)
    {
        let message = format!("the input `{name}` is `{}`, which does not match `{regex}`", brief(&value));
        report.error(given.place(name), message);
        return None;
    }
    Some(value)
}

fn brief(value: &Json) -> String {
    shown(value).chars().take(60).collect()
}
