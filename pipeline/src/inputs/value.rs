//! Values of inputs: between the text's tree and JSON.

use std::rc::Rc;

use model::plan::InputType;
use serde_json::Value as Json;

use crate::source::Mark;
use crate::yaml::{Entry, Kind, Map, Node, Scalar, Tree, Value};

/// A value of the text; `None` when something in it could not be read.
pub(crate) fn from_tree(node: &Node) -> Option<Json> {
    Some(match &node.kind {
        Kind::Null => Json::Null,
        Kind::Scalar(Scalar { text, value, .. }) => match value {
            Value::Text => Json::String(text.to_string()),
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            Value::Float => text.parse::<f64>().map_or_else(|_| Json::String(text.to_string()), Json::from),
        },
        Kind::List(items) => Json::Array(items.iter().map(|item| from_tree(item)).collect::<Option<_>>()?),
        Kind::Map(map) => {
            let one = |entry: &Entry| Some((entry.key.to_string(), from_tree(&entry.value)?));
            Json::Object(map.entries.iter().map(one).collect::<Option<_>>()?)
        }
        Kind::Reference(_) | Kind::Broken => return None,
    })
}

/// A value as a part of the tree, at the place where it is used.
pub(super) fn to_tree(value: &Json, mark: Mark) -> Tree {
    let kind = match value {
        Json::Null => Kind::Null,
        Json::Bool(_) | Json::Number(_) => Scalar::plain(&shown(value)).map_or(Kind::Null, Kind::Scalar),
        Json::String(text) => Kind::Scalar(Scalar::quoted(text)),
        Json::Array(items) => Kind::List(items.iter().map(|item| to_tree(item, mark)).collect()),
        Json::Object(entries) => {
            let one =
                |(key, value): (&String, &Json)| Entry { key: (&**key).into(), mark, value: to_tree(value, mark) };
            Kind::Map(Map { entries: entries.iter().map(one).collect() })
        }
    };
    Rc::new(Node::new(mark, kind))
}

/// A value inside a longer text.
pub(crate) fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the type is called in a message.
pub(super) const fn type_name(kind: InputType) -> &'static str {
    match kind {
        InputType::String => "a string",
        InputType::Number => "a number",
        InputType::Boolean => "a boolean",
        InputType::Array => "a list",
    }
}

/// Whether a value is of the type.
pub(super) const fn fits(value: &Json, kind: InputType) -> bool {
    matches!(
        (value, kind),
        (Json::String(_), InputType::String)
            | (Json::Number(_), InputType::Number)
            | (Json::Bool(_), InputType::Boolean)
            | (Json::Array(_), InputType::Array)
    )
}

/// A text that a person gave, as a value of the type; unchanged when it is none.
pub(super) fn typed(value: Json, kind: InputType) -> Json {
    let Json::String(text) = &value else { return value };
    if kind == InputType::String {
        return value;
    }
    match serde_json::from_str::<Json>(text.trim()) {
        Ok(read) if fits(&read, kind) => read,
        _ => value,
    }
}
