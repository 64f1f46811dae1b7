//! The header of a file: which inputs it has, and the values they get.

use std::rc::Rc;

use model::plan::{FormInput, InputType, Inputs};
use serde_json::Value as Json;

use super::interpolate::{Known, OPEN, interpolate, leftovers};
use super::resolve::values;
use super::value::{fits, from_tree, type_name};
use crate::keywords::{Place, is_mistyped};
use crate::read;
use crate::rules::{Condition, Conditions};
use crate::scope::Scope;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Loaded, Map, Scalar, Tree};

/// Most `options` of an input (contracts/ci-yaml.md, part 5).
const MAX_OPTIONS: usize = 50;
/// Longest `description` of a header.
const MAX_DESCRIPTION: usize = 256;

const TYPES: &[(&str, InputType)] = &[
    ("string", InputType::String),
    ("number", InputType::Number),
    ("boolean", InputType::Boolean),
    ("array", InputType::Array),
];

/// The values that somebody gives to the inputs of a file, and where.
pub(crate) struct Given<'g> {
    pub values: &'g Inputs,
    /// Where each of them stands, as far as that is known.
    pub places: &'g [(String, Mark)],
    /// Where all of them stand.
    pub mark: Mark,
    /// Whether a person typed them: then they are text, whatever the type is.
    pub typed: bool,
    /// Whether others may have been meant to be among them: then nobody is told that one is missing.
    pub may_lack: bool,
}

impl Given<'_> {
    /// Where the value of an input stands.
    pub fn place(&self, name: &str) -> Mark {
        self.places.iter().find(|(known, _)| known == name).map_or(self.mark, |(_, mark)| *mark)
    }
}

/// One input as the header has it.
pub(super) struct Declared {
    pub mark: Mark,
    pub form: FormInput,
    pub rules: Vec<SpecRule>,
    /// Whether the header is wrong about it, which has been told.
    pub broken: bool,
}

/// One rule of an input: which options and default it has then.
pub(super) struct SpecRule {
    pub condition: Option<Condition>,
    pub options: Vec<Json>,
    pub default: Option<Json>,
}

/// Puts the inputs into a file that was read. Returns its tree, and the inputs with their values.
pub(crate) fn apply(
    loaded: Loaded,
    given: &Given<'_>,
    scope: &Scope<'_>,
    conditions: &mut Conditions,
    report: &mut Report,
) -> (Option<Tree>, Vec<FormInput>) {
    report.about("inputs");
    let Loaded { header, mut root, .. } = loaded;
    if header.is_none() && root.is_none() {
        // Why the file cannot be read has been told; which inputs it has nobody knows.
        return (None, Vec::new());
    }
    let before = report.errors();
    let mut spec = header.as_ref().and_then(|header| header.as_map()).and_then(|header| header_spec(header, report));
    let only = root.clone();
    if spec.is_none()
        && let Some(map) = only.as_ref().and_then(|root| root.as_map())
        && let Some(entry) = map.written("spec")
    {
        if map.entries.len() > 1 {
            let problem = Problem::error(entry.mark, "`spec` stands in a document of its own");
            report.add(problem.hint("put it at the top, and a line `---` after it"));
            let entries = map.entries.iter().filter(|entry| &*entry.key != "spec").cloned().collect();
            let rest =
                crate::yaml::Node::new(root.as_ref().map_or(entry.mark, |root| root.mark), Kind::Map(Map { entries }));
            return (Some(Rc::new(rest)), Vec::new());
        }
        // A file that is nothing but a header.
        spec = header_spec(map, report);
        root = None;
        report.add(
            Problem::error(entry.mark, "the definition has no job")
                .hint("put a line `---` and the definition after `spec`"),
        );
    }
    let Some(spec) = spec else {
        let is_broken = header.as_ref().is_some_and(|header| header.broken);
        if is_broken || report.errors() > before {
            // What the header was to say is not known.
            let known = Known { inputs: &Inputs::new(), complete: false };
            return (root.map(|root| interpolate(&root, &known, scope, report)), Vec::new());
        }
        if let Some(name) = given.values.keys().next() {
            let problem = Problem::error(
                given.place(name),
                format!("this file has no input `{name}`: it has no header with `spec`"),
            );
            report.add(problem.hint("a header is a document with `spec` before a line `---`"));
        }
        if let Some(root) = root.as_ref().filter(|root| report.file_has(root.mark.file, OPEN)) {
            leftovers(root, report);
        }
        return (root, Vec::new());
    };
    // A mistake in one input says nothing of the others; one beside them may have been meant to hold more.
    let is_list = spec.written("inputs").is_none_or(|entry| matches!(entry.value.kind, Kind::Map(_) | Kind::Null));
    let is_complete = is_list && report.errors() == before;
    let declared = declared(&spec, conditions, report);
    let values = values(declared, is_complete, given, conditions, report);
    // The rest of the file is looked at whatever the header says: all errors at once.
    let inputs: Inputs = values.iter().map(|form| (form.name.clone(), form.value.clone())).collect();
    let known = Known { inputs: &inputs, complete: is_complete };
    (root.map(|root| interpolate(&root, &known, scope, report)), values)
}

/// The value of `spec`, in a header that has nothing else.
fn header_spec(header: &Map, report: &mut Report) -> Option<Map> {
    for other in header.entries.iter().filter(|entry| &*entry.key != "spec") {
        report.error(other.mark, format!("`{}` does not stand in a header: it has only `spec`", other.key));
    }
    let entry = header.written("spec").filter(|entry| !matches!(entry.value.kind, Kind::Broken))?;
    let map = read::map(entry, "spec", report).cloned().unwrap_or_default();
    read::only_known(&map, Place::Spec, report);
    if let Some(description) = map.get("description").and_then(|entry| read::text(entry, "description", report))
        && description.chars().count() > MAX_DESCRIPTION
    {
        report.error(entry.mark, format!("`description` has at most {MAX_DESCRIPTION} characters"));
    }
    Some(map)
}

fn declared(spec: &Map, conditions: &mut Conditions, report: &mut Report) -> Vec<Declared> {
    let inputs = spec.get("inputs").and_then(|entry| read::map(entry, "inputs", report));
    inputs.into_iter().flat_map(|map| &map.entries).map(|entry| one(entry, conditions, report)).collect()
}

fn one(entry: &Entry, conditions: &mut Conditions, report: &mut Report) -> Declared {
    let before = report.errors();
    let input = read_input(entry, conditions, report);
    Declared { broken: entry.value.broken || report.errors() > before, ..input }
}

fn read_input(entry: &Entry, conditions: &mut Conditions, report: &mut Report) -> Declared {
    check_name(entry, report);
    let form = FormInput {
        name: entry.key.to_string(),
        kind: InputType::String,
        default: None,
        description: None,
        options: Vec::new(),
        regex: None,
        value: Json::Null,
    };
    let mut input = Declared { mark: entry.mark, form, rules: Vec::new(), broken: false };
    let Some(map) = read::map(entry, "an input", report) else { return input };
    read::only_known(map, Place::Input, report);
    let kind = map.get("type").map(|kind| read::word(&kind.value, kind.value_mark(), "type", TYPES, report));
    // Of a type that is not known nobody knows which values it has.
    let kind = kind.unwrap_or_else(|| (!is_mistyped(map, Place::Input, &["type"])).then(InputType::default));
    input.form.kind = kind.unwrap_or_default();
    let form = &mut input.form;
    form.description = map.get("description").and_then(|entry| read::text(entry, "description", report));
    if let Some(regex) = map.get("regex") {
        form.regex = read::text(regex, "regex", report);
        if kind.is_some_and(|kind| kind != InputType::String) {
            report.error(regex.mark, "`regex` is for inputs of the type `string`");
        } else if let Some(Err(message)) = form.regex.as_deref().map(|source| conditions.check_pattern(source)) {
            report.error(regex.value_mark(), message);
        }
    }
    if let Some(options) = map.get("options") {
        form.options = read_options(options, kind, report);
    }
    form.default = map.get("default").and_then(|entry| typed_value(entry, kind, report));
    let default_mark = map.get("default").map_or(entry.mark, Entry::value_mark);
    if let Some(default) = &form.default
        && !form.options.is_empty()
        && !form.options.contains(default)
    {
        report.error(default_mark, format!("the `default` of the input `{}` is not one of its `options`", entry.key));
    }
    if let (Some(regex), Some(Json::String(default))) = (&form.regex, &form.default)
        && conditions.found(regex, default) == Ok(false)
    {
        report.error(default_mark, format!("the `default` of the input `{}` does not match its `regex`", entry.key));
    }
    if let Some(rules) = map.get("rules") {
        for other in ["default", "options"].into_iter().filter_map(|key| map.get(key)) {
            report.error(other.mark, format!("`{}` does not stand beside `rules`: they say it", other.key));
        }
        input.rules = read_rules(rules, kind, conditions, report);
    }
    input
}

/// Checks the name of an input.
fn check_name(entry: &Entry, report: &mut Report) {
    let usable = !entry.key.is_empty() && entry.key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if !usable {
        report.error(entry.mark, "the name of an input is made of letters, digits, `_` and `-`");
    }
}

/// A value of the type, or any where that is not known.
fn typed_value(entry: &Entry, kind: Option<InputType>, report: &mut Report) -> Option<Json> {
    let value = from_tree(&entry.value)?;
    let Some(wanted) = kind.filter(|kind| !fits(&value, *kind)) else { return Some(value) };
    read::mismatch(report, entry.value_mark(), &entry.key, type_name(wanted), &entry.value);
    None
}

fn read_options(entry: &Entry, kind: Option<InputType>, report: &mut Report) -> Vec<Json> {
    let Kind::List(items) = &entry.value.kind else {
        read::mismatch(report, entry.value_mark(), "options", "a list", &entry.value);
        return Vec::new();
    };
    if items.len() > MAX_OPTIONS {
        report.error(entry.mark, format!("`options` has at most {MAX_OPTIONS} entries"));
    }
    let mut options = Vec::new();
    for item in items {
        match from_tree(item) {
            Some(value) if kind.is_none_or(|kind| fits(&value, kind)) => options.push(value),
            _ => read::mismatch(report, item.mark, "an entry of `options`", type_name(kind.unwrap_or_default()), item),
        }
    }
    options
}

fn read_rules(
    entry: &Entry,
    kind: Option<InputType>,
    conditions: &mut Conditions,
    report: &mut Report,
) -> Vec<SpecRule> {
    let Kind::List(items) = &entry.value.kind else {
        read::mismatch(report, entry.value_mark(), "rules", "a list", &entry.value);
        return Vec::new();
    };
    if items.is_empty() {
        report.add(Problem::error(entry.mark, "`rules` must not be empty").hint("leave the keyword out"));
    }
    let mut rules = Vec::new();
    for item in items {
        let Kind::Map(map) = &item.kind else {
            read::mismatch(report, item.mark, "an entry of `rules`", "a mapping", item);
            continue;
        };
        read::only_known(map, Place::InputRule, report);
        let mut rule = SpecRule { condition: None, options: Vec::new(), default: None };
        if let Some(entry) = map.written("if") {
            match &entry.value.kind {
                Kind::Scalar(Scalar { text, .. }) => match conditions.shared(text) {
                    Ok(found) if found.variable().is_some() => {
                        let name = found.variable().unwrap_or_default();
                        let message = format!("`${name}` says nothing here: the rules of an input see no variables");
                        let problem = Problem::error(entry.value_mark(), message);
                        report.add(problem.hint("they may name other inputs: `$[[ inputs.name ]]`"));
                    }
                    Ok(expression) => {
                        let (text, mark) = (Rc::clone(text), entry.value_mark());
                        rule.condition = Some(Condition { expression, text, mark });
                    }
                    Err(error) => {
                        let place = error.start..error.end;
                        report.add_part(entry.value_mark(), text, place, |part| error.problem(part));
                    }
                },
                _ => read::mismatch(report, entry.value_mark(), "if", "an expression (a string)", &entry.value),
            }
        }
        if let Some(options) = map.written("options") {
            rule.options = read_options(options, kind, report);
        }
        match map.get("default") {
            Some(default) => rule.default = typed_value(default, kind, report),
            None if is_mistyped(map, Place::InputRule, &["default"]) => {}
            None => report.error(item.mark, "a rule of an input needs a `default`"),
        }
        if let Some(default) = &rule.default
            && !rule.options.is_empty()
            && !rule.options.contains(default)
        {
            report.error(item.mark, "the `default` of this rule is not one of its `options`");
        }
        rules.push(rule);
    }
    rules
}
