//! Parameters of a run: `[{"name": …, "value": …}]`.

use model::plan::Variable;
use serde_json::Value;

use super::Refused;

/// Reads the list in the field `what`. The SDKs send values as they were given, so numbers and truth values are taken as
/// the texts that they are in JSON; what has parts has no such text.
pub fn parameters(what: &str, given: Option<&Value>) -> Result<Vec<Variable>, Refused> {
    let list = match given {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refused::invalid(format!("{what} must be a list of {{name, value}}"))),
    };
    let read = |one: &Value| {
        let Value::Object(fields) = one else {
            return Err(Refused::invalid(format!("{what} must be a list of {{name, value}}")));
        };
        let Some(Value::String(name)) = fields.get("name") else {
            return Err(Refused::invalid(format!("a parameter of {what} has no name")));
        };
        let value = match fields.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            None | Some(Value::Null) => {
                return Err(Refused::invalid(format!("the parameter {name:?} has no value")));
            }
            Some(Value::Array(_) | Value::Object(_)) => {
                return Err(Refused::invalid(format!("the value of the parameter {name:?} must be a text")));
            }
        };
        Ok(Variable::new(name, value))
    };
    list.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_texts() {
        let given = json!([
            {"name": "A", "value": "你好\nthere"}, {"name": "B", "value": 5}, {"name": "C", "value": true},
            {"name": "D", "value": 1.50}, {"name": "E", "value": ""},
        ]);
        let read = parameters("parameter", Some(&given)).unwrap();
        let values: Vec<&str> = read.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, ["你好\nthere", "5", "true", "1.5", ""]);
        assert!(parameters("parameter", None).unwrap().is_empty());
        assert!(parameters("parameter", Some(&Value::Null)).unwrap().is_empty());
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
            assert!(parameters("parameter", Some(&wrong)).is_err(), "{wrong}");
        }
    }
}
