//! What a request is about: the caller, and the project, run or job that the address names.

use std::collections::HashMap;
use std::sync::Arc;

use app::service::Service as _;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse as _, Response};
use model::view::{JobView, RunView};
use model::{Caller, JobId, Project, ProjectId, RunId, TokenScope, Via};

use super::error::Refused;
use crate::http::{Access, AppState, Refusal};
use crate::service::Weir;

/// The caller and what the address names. A run or job of another project than the named one is
/// not found.
pub struct Target {
    /// Who asks.
    pub caller: Caller,
    /// The service.
    pub weir: Arc<Weir>,
    /// The project of the address; `None` below `/weir`.
    pub project: Option<Project>,
    /// The query.
    pub query: Query,
    /// The path of the address, for links.
    pub path: String,
    names: HashMap<String, String>,
}

impl FromRequestParts<AppState> for Target {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Access { caller, weir } =
            Access::from_request_parts(parts, state).await.map_err(|refusal| match refusal {
                Refusal::Token(why) => Refused::unauthorized(&why).into_response(),
                other => other.into_response(),
            })?;
        // Before anything is looked up, so that the answer does not tell what is there.
        let changes = !matches!(parts.method, Method::GET | Method::HEAD);
        if changes && !caller.is_signed_in() {
            return Err(Refused::unauthorized("this takes a token").into_response());
        }
        if changes && matches!(caller.via, Via::Token(_, TokenScope::ReadApi)) {
            let error = model::Error::scope("this token may only read (scope read_api)");
            return Err(Refused::from(error).into_response());
        }
        let raw =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| Refused::not_found().into_response())?;
        let names: HashMap<String, String> =
            raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let project = match names.get("project") {
            Some(name) => {
                let found = weir.project_called(&caller, name).await;
                Some(found.map_err(|error| Refused::from(error).into_response())?)
            }
            None => None,
        };
        let path = parts.extensions.get::<axum::extract::OriginalUri>().map_or(parts.uri.path(), |uri| uri.0.path());
        let path = path.to_owned();
        Ok(Self { caller, weir, project, query: Query::of(&parts.uri), path, names })
    }
}

impl Target {
    /// The address under which clients know the server.
    pub fn base(&self) -> &str {
        self.weir.external_url()
    }

    /// A part of the address, decoded.
    pub fn name(&self, part: &str) -> &str {
        self.names.get(part).map(String::as_str).unwrap_or_default()
    }

    /// The project of the address.
    pub fn project_id(&self) -> Result<ProjectId, Refused> {
        self.project.as_ref().map(|project| project.id).ok_or_else(Refused::not_found)
    }

    /// The number of the run that the address names.
    pub async fn run_id(&self) -> Result<RunId, Refused> {
        let name = self.names.get("run").map(String::as_str).unwrap_or_default();
        if self.project.is_none() && name.parse::<model::Uid>().is_ok() {
            return Ok(self.weir.run_by_uid(&self.caller, name).await?);
        }
        name.parse().map_err(|_| Refused::not_found())
    }

    /// The run that the address names.
    pub async fn run(&self) -> Result<RunView, Refused> {
        let id = self.run_id().await?;
        if let Some(project) = &self.project {
            self.weir.run_is_in(project.id, id).await?;
        }
        Ok(self.weir.run(&self.caller, id).await?)
    }

    /// The job that the address names.
    pub async fn job(&self) -> Result<JobView, Refused> {
        let id: Option<JobId> = self.names.get("job").and_then(|name| name.parse().ok());
        let id = id.ok_or_else(Refused::not_found)?;
        if let Some(project) = &self.project {
            self.weir.job_is_in(project.id, id).await?;
        }
        Ok(self.weir.job(&self.caller, id).await?)
    }
}

/// The query's pairs, in order.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads an address; what cannot be read is no parameter.
    pub fn of(uri: &Uri) -> Self {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        Self(pairs.map(|query| query.0).unwrap_or_default())
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The last value of a parameter, as GitLab reads repeated ones.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, `name[]` and `name[0]`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let is = |one: &str| {
            one == name || one.strip_prefix(name).is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
        };
        self.0.iter().filter(|(one, _)| is(one)).map(|(_, value)| value.as_str()).collect()
    }

    /// The query with some numbers set, others kept.
    pub fn with(&self, set: &[(&str, u64)]) -> String {
        use crate::dialect::encoded;
        let kept = self.0.iter().filter(|(name, _)| set.iter().all(|(one, _)| one != name));
        let kept = kept.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let set = set.iter().map(|(name, value)| format!("{name}={value}"));
        format!("?{}", kept.chain(set).collect::<Vec<_>>().join("&"))
    }
}
