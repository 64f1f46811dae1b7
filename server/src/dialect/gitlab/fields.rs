//! The fields of a request: those of the query and of the body, which python-gitlab and curl mix freely.
//! A field of the body beats one of the query. Bodies are JSON, or a form of either kind; text that says a number or
//! a switch is one, which is how the command line of python-gitlab writes them.

use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use model::Timestamp;
use serde_json::{Map, Value};

use super::error::Refused;
use super::nested::nest;
use super::target::Query;

/// The fields, by name.
#[derive(Clone, Debug, Default)]
pub struct Fields(Map<String, Value>);

/// Of a request's query and body. Comes last among the arguments of a handler.
impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let (query, headers) = (Query::of(request.uri()), request.headers().clone());
        if !is_kind(&headers, "multipart/form-data") {
            let read = Bytes::from_request(request, state).await;
            let body = read.map_err(|error| unread(error.status(), &error.body_text()))?;
            return Self::read(&query, &headers, &body);
        }
        let unread = |error: MultipartError| unread(error.status(), &error.body_text());
        let parts = Multipart::from_request(request, state).await;
        let mut parts = parts.map_err(|error| Refused::parameter(error.body_text()))?;
        let mut found = Vec::new();
        while let Some(part) = parts.next_field().await.map_err(unread)? {
            let name = part.name().unwrap_or_default().to_owned();
            found.push((name, Value::from(part.text().await.map_err(unread)?)));
        }
        Ok(Self::of(&query, nest(found)))
    }
}

/// A body that cannot be read: it is too large, comes too slowly, or breaks off.
pub(super) fn unread(status: StatusCode, why: &str) -> Refused {
    let text = if status == StatusCode::PAYLOAD_TOO_LARGE { "the body is larger than this address takes" } else { why };
    Refused::error(status, text)
}

fn is_kind(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
}

impl Fields {
    /// Reads the query and a body of JSON or of a form. A body without fields may have any type: clients
    /// name one for bodies that they do not send.
    pub fn read(query: &Query, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refused> {
        let body = if body.trim_ascii().is_empty() {
            Map::new()
        } else if is_kind(headers, "application/x-www-form-urlencoded") {
            nest(form_urlencoded::parse(body).map(|(name, value)| (name, Value::from(value))))
        } else {
            let problem = |error| Refused::parameter(format!("Problem parsing JSON: {error}"));
            match serde_json::from_slice(body).map_err(problem)? {
                Value::Object(body) => body,
                _ => return Err(Refused::parameter("body is invalid")),
            }
        };
        Ok(Self::of(query, body))
    }

    /// Fields that were read otherwise, and those of the query.
    pub fn of(query: &Query, body: Map<String, Value>) -> Self {
        let mut fields = nest(query.pairs().map(|(name, value)| (name, Value::from(value))));
        fields.extend(body);
        Self(fields)
    }

    /// Those of an object within another.
    pub fn of_map(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// Those of a query alone: of requests without a body.
    pub fn of_query(query: &Query) -> Self {
        Self::of(query, Map::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A field as it came.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All but one, as one value.
    pub fn without(&self, name: &str) -> Value {
        let mut fields = self.0.clone();
        fields.remove(name);
        Value::Object(fields)
    }

    /// Text; numbers and switches are text too. `None` without the field, or when it is null.
    pub fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        let text = match self.0.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(on)) => Some(on.to_string()),
            Some(Value::Array(_) | Value::Object(_)) => return Err(invalid(name)),
        };
        // Nothing that is kept has one, and what takes C's strings would be cut there.
        if text.as_ref().is_some_and(|text| text.contains('\0')) { Err(invalid(name)) } else { Ok(text) }
    }

    /// As [`Fields::text`]; empty text is none: how a query leaves something out.
    pub fn filled(&self, name: &str) -> Result<Option<String>, Refused> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// Text that has to be there.
    pub fn required(&self, name: &str) -> Result<String, Refused> {
        self.text(name)?.ok_or_else(|| Refused::parameter(format!("{name} is missing")))
    }

    /// A field of a field: `filter[environment_scope]`.
    pub fn within(&self, name: &str, inner: &str) -> Result<Option<String>, Refused> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Self(fields.clone()).text(inner),
            Some(_) => Err(invalid(name)),
        }
    }

    /// Words: a list, or text with commas between them.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        if let Some(Value::Array(items)) = self.0.get(name) {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            return texts.collect::<Option<Vec<String>>>().map(Some).ok_or_else(|| invalid(name));
        }
        let split =
            |text: String| text.split(',').map(|word| word.trim().to_owned()).filter(|w| !w.is_empty()).collect();
        Ok(self.text(name)?.map(split))
    }

    /// A switch, in any of the ways in which clients write one.
    pub fn switch(&self, name: &str) -> Result<Option<bool>, Refused> {
        let Some(word) = self.filled(name)? else { return Ok(None) };
        match word.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(Some(true)),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(Some(false)),
            _ => Err(invalid(name)),
        }
    }

    /// A whole number, as text or not, of at least `least`.
    pub fn number(&self, name: &str, least: i64) -> Result<Option<i64>, Refused> {
        let Some(text) = self.filled(name)? else { return Ok(None) };
        match text.trim().parse::<i64>() {
            Ok(number) if number >= least => Ok(Some(number)),
            Ok(_) => Err(valueless(name)),
            Err(_) => Err(invalid(name)),
        }
    }

    /// A time with its zone, ISO 8601; a day alone is its beginning in UTC.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        let Some(text) = self.filled(name)? else { return Ok(None) };
        // A plus in a query that nobody encoded is a space.
        let text = text.trim().replace(' ', "+");
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text };
        Timestamp::parse(&whole).map(Some).ok_or_else(|| invalid(name))
    }

    /// A word that has a meaning.
    pub fn word<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        self.filled(name)?.map(|word| word.parse().map_err(|_| valueless(name))).transpose()
    }

    /// One of these words.
    pub fn choice(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Refused> {
        let Some(text) = self.filled(name)? else { return Ok(None) };
        words.iter().find(|word| **word == text).copied().map(Some).ok_or_else(|| valueless(name))
    }
}

/// It is not of the type that the parameter has.
fn invalid(name: &str) -> Refused {
    Refused::parameter(format!("{name} is invalid"))
}

/// It is of its type, and none of the values that there are.
fn valueless(name: &str) -> Refused {
    Refused::parameter(format!("{name} does not have a valid value"))
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
        let form = read("/x", "application/x-www-form-urlencoded", "a=b+c&d=%C3%A4&v[][key]=K").unwrap();
        assert_eq!((form.required("a").unwrap().as_str(), form.required("d").unwrap().as_str()), ("b c", "ä"));
        assert_eq!(form.value("v"), Some(&serde_json::json!([{"key": "K"}])));
        assert!(read("/x", "application/json", "[1]").is_err() && read("/x", "application/json", "{").is_err());
        assert!(read("/x", "application/json", " ").is_ok());
    }

    #[test]
    fn text_says_numbers_switches_and_times() {
        let of = |json: &str| read("/x", "application/json", json).unwrap();
        for yes in ["true", "\"True\"", "\"T\"", "\"yes\"", "\"y\"", "\"on\"", "1", "\"1\""] {
            assert_eq!(of(&format!("{{\"a\": {yes}}}")).switch("a").unwrap(), Some(true), "{yes}");
        }
        for no in ["false", "\"FALSE\"", "\"f\"", "\"no\"", "\"N\"", "\"off\"", "0"] {
            assert_eq!(of(&format!("{{\"a\": {no}}}")).switch("a").unwrap(), Some(false), "{no}");
        }
        assert_eq!(of(r#"{"a": "12"}"#).number("a", 1).unwrap(), Some(12));
        let text = |refused: Refused| refused.parameter_text().unwrap_or_default().to_owned();
        assert_eq!(text(of(r#"{"a": 0}"#).number("a", 1).unwrap_err()), "a does not have a valid value");
        assert_eq!(text(of(r#"{"a": "x"}"#).number("a", 1).unwrap_err()), "a is invalid");
        assert_eq!(text(of(r#"{"a": [1]}"#).text("a").unwrap_err()), "a is invalid");
        assert_eq!(text(of("{\"a\": \"x\\u0000\"}").text("a").unwrap_err()), "a is invalid");
        let time = |text: &str| of(&format!("{{\"a\": {text:?}}}")).time("a");
        let at = time("2026-03-05T09:15:02.417Z").unwrap().unwrap();
        assert_eq!(time("2026-03-05T10:15:02.417+01:00").unwrap().unwrap(), at);
        assert_eq!(time("2026-03-05T10:15:02.417 01:00").unwrap().unwrap(), at);
        assert_eq!(time("2026-03-05").unwrap().unwrap().rfc3339(), "2026-03-05T00:00:00.000Z");
        assert!(time("yesterday").is_err() && time("2026-13-05").is_err());
    }
}
