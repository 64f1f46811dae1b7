//! What requests carry: ids, queries, the fields of bodies. Parsed here and nowhere else.

use axum::extract::{FromRequestParts, Path, Query, RawPathParams};
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::error::Refused;
use crate::dialect::encoded;

/// The `{id}` of the path: 1 to 255 characters, none of them a control character.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        // The routes have one or two parameters; the first is the id.
        let raw = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| Refused::invalid(format!("the path cannot be read: {error}")))?;
        let id = raw.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned());
        check_id("id", &id.unwrap_or_default()).map(Self)
    }
}

/// The `{run}` of the path.
pub struct AgentRun(pub String);

impl<S: Send + Sync> FromRequestParts<S> for AgentRun {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let Path((_, run)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|error| Refused::invalid(format!("the path cannot be read: {error}")))?;
        Ok(Self(run))
    }
}

/// A text that may be an id.
pub fn check_id(name: &str, id: &str) -> Result<String, Refused> {
    if (1..=255).contains(&id.chars().count()) && !id.chars().any(char::is_control) {
        Ok(id.to_owned())
    } else {
        Err(Refused::invalid(format!("{name} must be a text of 1 to 255 characters without control characters")))
    }
}

/// The query; of a repeated parameter the first counts, and an empty one is none.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// A number within bounds: smaller ones are refused, larger ones cut.
    pub fn number(&self, name: &str, least: u64, most: u64, default: u64) -> Result<u64, Refused> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<u64>() {
            Ok(number) if number >= least => Ok(number.min(most)),
            _ => Err(Refused::invalid(format!("{name} must be a whole number from {least} on"))),
        }
    }

    /// The query with one parameter set, for a link.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = String::new();
        let kept = self.0.iter().filter(|(one, _)| one != name).map(|(n, v)| (n.as_str(), v.as_str()));
        for (name, value) in kept.chain([(name, value)]) {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(&encoded(name));
            query.push('=');
            query.push_str(&encoded(value));
        }
        query
    }
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Refused::invalid(format!("the query cannot be read: {error}")))?;
        if pairs.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Refused::invalid("the query contains a NUL character"));
        }
        Ok(Self(pairs))
    }
}

/// Fields of a body, with the words for what is wrong with them.
pub trait Fields {
    /// A text, absent, or null.
    fn text(&self, name: &str) -> Result<Option<String>, Refused>;
    /// An id, absent, or null.
    fn id(&self, name: &str) -> Result<Option<String>, Refused>;
    /// A list of texts; absent and null are `None`.
    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refused>;
}

impl Fields for Map<String, Value> {
    fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refused::invalid(format!("{name} must be a text"))),
        }
    }

    fn id(&self, name: &str) -> Result<Option<String>, Refused> {
        self.text(name)?.map(|id| check_id(name, &id)).transpose()
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        let wrong = || Refused::invalid(format!("{name} must be a list of texts"));
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => list
                .iter()
                .map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(wrong()),
        }
    }
}
