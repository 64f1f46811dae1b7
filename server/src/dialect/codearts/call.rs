//! What a request is about: who asks, what the address names, and the body.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, RawPathParams, Request};
use model::plan::Variable;
use model::{Caller, Project};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::parameter::parameters;
use super::{Id, Query, Refused};
use crate::http::{Access, AppState, SignedRequest};
use crate::service::Weir;

/// A request of somebody who is known. The only way by which a handler gets at the service; the last of its arguments.
#[derive(Debug)]
pub struct Call {
    /// Who asks.
    pub caller: Caller,
    /// The service.
    pub weir: Arc<Weir>,
    /// The query.
    pub query: Query,
    names: HashMap<String, String>,
    body: Bytes,
}

impl FromRequest<AppState> for Call {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Refused> {
        let (mut parts, body) = request.into_parts();
        let query = Query::read(&parts.uri);
        let names = RawPathParams::from_request_parts(&mut parts, state)
            .await
            .map(|raw| raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<HashMap<_, _>>());
        // Who asks is found out before anything that they say is looked at.
        let asked = SignedRequest::from_request(Request::from_parts(parts, body), state).await?;
        let Access { caller, weir } = asked.access;
        let names = names.map_err(|_| Refused::invalid("the address is no UTF-8"))?;
        Ok(Self { caller, weir, query: query?, names, body: asked.body })
    }
}

impl Call {
    /// A part of the address, decoded.
    pub fn name(&self, part: &str) -> &str {
        self.names.get(part).map(String::as_str).unwrap_or_default()
    }

    /// A part of the address that is an id.
    pub fn id(&self, part: &str) -> Result<Id, Refused> {
        Id::parse(part, self.name(part))
    }

    /// The project `{project_id}` of the address, that the caller sees.
    pub async fn project(&self) -> Result<Project, Refused> {
        let id = self.id("project_id")?;
        Ok(self.weir.project_of_uid(&self.caller, id.as_str()).await?)
    }

    /// The body, whatever JSON it is; `None` when there is none. The content type does not matter: it is sent without a
    /// body too.
    pub fn json(&self) -> Result<Option<Value>, Refused> {
        if self.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        let read = serde_json::from_slice(&self.body);
        read.map(Some).map_err(|error| Refused::invalid(format!("the body cannot be read as JSON: {error}")))
    }

    /// The parameters in a field of the body, their values as they were written.
    pub fn parameters(&self, field: &str) -> Result<Vec<Variable>, Refused> {
        self.object()?;
        let read: Option<HashMap<String, &RawValue>> = serde_json::from_slice(&self.body).unwrap_or_default();
        parameters(field, read.and_then(|fields| fields.get(field).copied()))
    }

    /// The body, which is an object; an empty one when there is none.
    pub fn object(&self) -> Result<Map<String, Value>, Refused> {
        match self.json()? {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(fields)) => Ok(fields),
            Some(_) => Err(Refused::invalid("the body must be a JSON object")),
        }
    }
}
