//! What an operation runs, and the small readers that everything here shares.

use std::collections::HashMap;

use serde_json::Value;

use super::read::{Action, Language};
use super::{GraphError, unmappable};
use crate::service::ordine::Operation;

pub(super) fn operation(
    id: &str,
    data: &Value,
    operations: &HashMap<String, Operation>,
    missing: &mut Vec<(String, String)>,
) -> Result<(Action, Option<u64>), GraphError> {
    if data["loopEnabled"].as_bool() == Some(true) {
        return Err(unmappable(format!("node {id:?}: a loop whose end an agent decides cannot run here; use `retry`")));
    }
    let placeholder = Action::Tell(String::new());
    let config = match text(data, "operationId") {
        Some(wanted) => {
            let Some(operation) = operations.get(wanted) else {
                missing.push((id.to_owned(), wanted.to_owned()));
                return Ok((placeholder, None));
            };
            json_or_text(&operation.body["config"])
        }
        None if !data["config"].is_null() => json_or_text(&data["config"]),
        None => return Err(unmappable(format!("node {id:?} names no operationId"))),
    };
    let place = || format!("node {id:?}");
    script(&config, &place)
}

/// `config` may be an object or a JSON text of one.
pub fn json_or_text(config: &Value) -> Value {
    match config {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    }
}

/// What an operation's configuration runs. Also checked when an operation is stored alone.
pub fn script(config: &Value, place: &dyn Fn() -> String) -> Result<(Action, Option<u64>), GraphError> {
    let executor = &config["executor"];
    let kind = text(executor, "type");
    match kind {
        Some("script") => {}
        Some(kind @ ("agent" | "skill")) => {
            return Err(unmappable(format!("{}: executor type {kind:?} is not supported, only script is", place())));
        }
        Some(other) => return Err(unmappable(format!("{}: {other:?} is no executor type", place()))),
        None => return Err(unmappable(format!("{}: the operation has no executor with a type", place()))),
    }
    let language = match text(executor, "language") {
        None | Some("bash" | "sh" | "shell") => Language::Bash,
        Some("python" | "python3") => Language::Python,
        Some("javascript" | "js" | "node") => Language::JavaScript,
        Some(other) => return Err(unmappable(format!("{}: {other:?} is no script language", place()))),
    };
    let code = match (executor["command"].as_str(), text(executor, "scriptPath")) {
        (Some(code), _) if !code.trim().is_empty() => code.to_owned(),
        (_, Some(path)) => match language {
            Language::Bash => format!("exec bash {}", super::text::quote(path)),
            Language::Python => format!("exec(compile(open({path:?}).read(), {path:?}, 'exec'))"),
            Language::JavaScript => format!("require({path:?})"),
        },
        _ => return Err(unmappable(format!("{}: the script executor has no command", place()))),
    };
    if code.contains('\0') {
        return Err(unmappable(format!("{}: the command contains a NUL character", place())));
    }
    let timeout = milliseconds(config, "timeoutMs")?;
    Ok((Action::Script(language, code), timeout))
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value[name].as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A list, which Ordine also takes as a JSON text.
pub(super) fn list(graph: &Value, name: &str) -> Result<Vec<Value>, GraphError> {
    match &graph[name] {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => Ok(list.clone()),
        Value::String(text) => {
            serde_json::from_str(text).map_err(|error| unmappable(format!("{name} is no JSON list: {error}")))
        }
        _ => Err(unmappable(format!("{name} must be a list"))),
    }
}

pub(super) fn milliseconds(value: &Value, name: &str) -> Result<Option<u64>, GraphError> {
    match &value[name] {
        Value::Null => Ok(None),
        number => match number.as_u64() {
            Some(ms) if ms > 0 => Ok(Some(ms.div_ceil(1000).min(86_400 * 30))),
            _ => Err(unmappable(format!("{name} must be a positive whole number"))),
        },
    }
}
