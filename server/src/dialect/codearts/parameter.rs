//! Parameters of a run: `[{"name": …, "value": …}]`.

use std::collections::HashMap;

use model::plan::Variable;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Refused;

/// Reads the list in the field `what`, as it was written. The SDKs send values as they were given, so numbers and truth
/// values are taken as the texts that they are in JSON, digit by digit; what has parts has no such text.
pub fn parameters(what: &str, given: Option<&RawValue>) -> Result<Vec<Variable>, Refused> {
    let wrong = || Refused::invalid(format!("{what} must be a list of {{name, value}}"));
    let given = given.map(RawValue::get).filter(|text| *text != "null");
    let Some(given) = given else { return Ok(Vec::new()) };
    let list: Vec<&RawValue> = serde_json::from_str(given).map_err(|_| wrong())?;
    let read = |one: &RawValue| {
        let fields: HashMap<String, &RawValue> = serde_json::from_str(one.get()).map_err(|_| wrong())?;
        let Some(Value::String(name)) = fields.get("name").and_then(|name| serde_json::from_str(name.get()).ok())
        else {
            return Err(Refused::invalid(format!("a parameter of {what} has no name")));
        };
        let text = fields.get("value").map_or("null", |value| value.get());
        let value = match text.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => text.to_owned(),
            _ => match serde_json::from_str(text).unwrap_or_default() {
                Value::String(text) => text,
                Value::Bool(truth) => truth.to_string(),
                Value::Null => return Err(Refused::invalid(format!("the parameter {name:?} has no value"))),
                _ => return Err(Refused::invalid(format!("the value of the parameter {name:?} must be a text"))),
            },
        };
        Ok(Variable::new(&name, value))
    };
    list.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Vec<String>, Refused> {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        Ok(parameters("parameter", Some(&raw))?.into_iter().map(|one| one.value).collect())
    }

    #[test]
    fn values_are_texts() {
        let given = json!([
            {"name": "A", "value": "你好\nthere"}, {"name": "B", "value": 5}, {"name": "C", "value": true},
            {"name": "E", "value": ""},
        ]);
        assert_eq!(read(&given.to_string()).unwrap(), ["你好\nthere", "5", "true", ""]);
        assert!(parameters("parameter", None).unwrap().is_empty());
        assert!(read("null").unwrap().is_empty());
        for wrong in [
            json!({}),
            json!("A=1"),
            json!(["A"]),
            json!([{"value": "x"}]),
            json!([{"name": 5, "value": "x"}]),
            json!([{"name": "A"}]),
            json!([{"name": "A", "value": null}]),
            json!([{"name": "A", "value": {}}]),
            json!([{"name": "A", "value": ["x"]}]),
        ] {
            assert!(read(&wrong.to_string()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bug_numbers_lost_digits() {
        let numbers = ["12345678901234567890123", "20200612.20", "1.50", "-0", "1E5"];
        let given: Vec<String> = numbers.iter().map(|one| format!(r#"{{"name": "A", "value": {one} }}"#)).collect();
        assert_eq!(read(&format!("[{}]", given.join(","))).unwrap(), numbers);
    }
}
