//! The values that the inputs of a file get, and whether they fit.

use model::plan::FormInput;
use serde_json::Value as Json;

use super::spec::{Declared, Given};
use super::value::{fits, shown, type_name, typed};
use crate::expression::Seen;
use crate::keywords::closest;
use crate::rules::Conditions;
use crate::source::{Mark, Problem, Report};

/// The inputs with their values, `null` for those that have none: those without rules first, since rules look at them.
pub(super) fn values(
    declared: Vec<Declared>,
    given: &Given<'_>,
    conditions: &Conditions,
    report: &mut Report,
) -> Vec<FormInput> {
    for name in given.values.keys().filter(|name| !declared.iter().any(|input| input.form.name == **name)) {
        let problem = Problem::error(given.place(name), format!("this file has no input `{name}`"));
        let close = closest(name, declared.iter().map(|input| input.form.name.as_str()));
        report.add(problem.maybe_hint(close.map(|close| format!("did you mean `{close}`?"))));
    }
    let mut all: Vec<(Declared, Option<Json>)> = declared.into_iter().map(|input| (input, None)).collect();
    for with_rules in [false, true] {
        for i in 0..all.len() {
            if all[i].0.rules.is_empty() == with_rules {
                continue;
            }
            if with_rules {
                decide(i, &mut all, conditions, report);
            }
            let (input, value) = &mut all[i];
            *value = value_of(&input.form, given, input.mark, conditions, report);
        }
    }
    let filled = |(mut input, value): (Declared, Option<Json>)| {
        input.form.value = value.unwrap_or(Json::Null);
        input.form
    };
    all.into_iter().map(filled).collect()
}

/// Takes options and default from the first rule of the input that applies.
fn decide(i: usize, all: &mut [(Declared, Option<Json>)], conditions: &Conditions, report: &mut Report) {
    let texts: Vec<(String, String)> = all
        .iter()
        .filter_map(|(input, value)| Some((format!("[[ inputs.{} ]]", input.form.name), shown(value.as_ref()?))))
        .collect();
    let lookup = |name: &str| texts.iter().find(|(key, _)| key == name).map(|(_, value)| Seen::from(value.as_str()));
    let input = &mut all[i].0;
    for rule in &mut input.rules {
        let holds = match &rule.condition {
            None => true,
            Some(condition) => match conditions.evaluate(condition, &lookup) {
                Ok(verdict) => verdict.holds,
                Err(message) => return report.error(input.mark, message),
            },
        };
        if holds {
            input.form.options = std::mem::take(&mut rule.options);
            input.form.default = rule.default.take();
            return;
        }
    }
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
