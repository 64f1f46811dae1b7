//! The fields of a request: those of the query and of the body, which python-gitlab and curl mix freely.
//! A field of the body beats one of the query.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::error::Refused;
use super::target::Query;

/// The fields, by name.
#[derive(Clone, Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the query and a body of JSON or of a form. A body without fields may have any type: clients
    /// name one for bodies that they do not send.
    pub fn read(query: &Query, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refused> {
        let mut fields: Map<String, Value> =
            query.pairs().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if body.trim_ascii().is_empty() {
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            let pairs = form_urlencoded::parse(body).into_owned();
            fields.extend(pairs.map(|(name, value)| (name, Value::from(value))));
        } else {
            let problem = |error| Refused::parameter(format!("Problem parsing JSON: {error}"));
            match serde_json::from_slice(body).map_err(problem)? {
                Value::Object(body) => fields.extend(body),
                _ => return Err(Refused::parameter("body is invalid")),
            }
        }
        Ok(Self(fields))
    }

    /// Fields that were read otherwise, and those of the query.
    pub fn of(query: &Query, body: Map<String, Value>) -> Self {
        let mut fields: Map<String, Value> =
            query.pairs().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        fields.extend(body);
        Self(fields)
    }

    /// A field as it came.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// All but one, as one value.
    pub fn without(&self, name: &str) -> Value {
        let mut fields = self.0.clone();
        fields.remove(name);
        Value::Object(fields)
    }

    /// Text; numbers and switches are text too. `None` without the field, or when it is null.
    pub fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(on)) => Ok(Some(on.to_string())),
            Some(_) => Err(Refused::parameter(format!("{name} is invalid"))),
        }
    }

    /// Text that has to be there.
    pub fn required(&self, name: &str) -> Result<String, Refused> {
        self.text(name)?.ok_or_else(|| Refused::parameter(format!("{name} is missing")))
    }

    /// Words: a list, or text with commas between them.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        if let Some(Value::Array(items)) = self.0.get(name) {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            let texts = texts.collect::<Option<Vec<String>>>();
            return texts.map(Some).ok_or_else(|| Refused::parameter(format!("{name} is invalid")));
        }
        let split =
            |text: String| text.split(',').map(|word| word.trim().to_owned()).filter(|w| !w.is_empty()).collect();
        Ok(self.text(name)?.map(split))
    }

    /// A switch, in any of the ways in which clients write one.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, Refused> {
        let Some(word) = self.text(name)? else { return Ok(None) };
        match word.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "on" | "yes" => Ok(Some(true)),
            "false" | "f" | "0" | "off" | "no" | "" => Ok(Some(false)),
            _ => Err(Refused::parameter(format!("{name} is invalid"))),
        }
    }

    /// A word that has a meaning.
    pub fn word<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let wrong = |_| Refused::parameter(format!("{name} does not have a valid value"));
        self.text(name)?.map(|word| word.parse().map_err(wrong)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str, kind: &str, body: &str) -> Result<Fields, Refused> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        Fields::read(&Query::of(&uri.parse().unwrap()), &headers, body.as_bytes())
    }

    #[test]
    fn query_and_body_are_one() {
        let fields = read("/x?a=1&b=True", "application/json", r#"{"a": 2, "c": null, "d": "x"}"#).unwrap();
        assert_eq!(fields.text("a").unwrap().as_deref(), Some("2"));
        assert_eq!(fields.switch("b").unwrap(), Some(true));
        assert_eq!((fields.text("c").unwrap(), fields.required("d").unwrap().as_str()), (None, "x"));
        assert!(fields.required("c").is_err() && fields.switch("d").is_err());
        let form = read("/x", "application/x-www-form-urlencoded", "a=b+c&d=%C3%A4").unwrap();
        assert_eq!((form.required("a").unwrap().as_str(), form.required("d").unwrap().as_str()), ("b c", "ä"));
        assert!(read("/x", "application/json", "[1]").is_err() && read("/x", "application/json", "{").is_err());
        assert!(read("/x", "application/json", " ").is_ok());
    }
}
