//! What a request is about: who asks, and the project, run or job that the address names.
//!
//! [`Asked`] is who asks, and the address as it came; [`Target`] has looked up what the address names. The order is
//! GitLab's, and no answer says more than the one before it: who asks and by which token (401, 403), what the
//! parameters say (400), what is there (404), who may (403), what state it is in. A handler with parameters takes
//! [`Asked`], reads them, and then calls [`Asked::find`], which ends the reading: a [`Target`] has no query. One without
//! parameters takes [`Target`]. A test asks every route with wrong ones (`http/tests/gitlab/order.rs`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use model::{Caller, ErrorKind, JobId, Project, ProjectId, RunId, TokenScope, Via};

use super::credential::{SUDO, Sudo};
use super::error::Refused;
use super::job_token;
use super::page::Page;
use crate::http::{Access, AppState, Origin, Refusal};
use crate::service::{LastSeen, Weir};

/// Who asks, and the address without what its query says.
pub struct Address {
    /// Who asks.
    pub caller: Caller,
    /// The service.
    pub weir: Arc<Weir>,
    /// The path of the address.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    base: String,
    method: Method,
    /// The route, in the router's words.
    route: String,
    names: HashMap<String, String>,
    /// For links, which keep it.
    kept: Query,
}

/// Who asks, and the address as it came. Nothing is looked up yet but who it is.
pub struct Asked {
    address: Address,
    /// The query.
    pub query: Query,
}

impl Deref for Asked {
    type Target = Address;

    fn deref(&self) -> &Address {
        &self.address
    }
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Access { caller, weir } =
            Access::from_request_parts(parts, state).await.map_err(|refusal| match refusal {
                Refusal::Rate(verdict) => verdict.refusal(),
                other => Refused::from(other).into_response(),
            })?;
        let query = Query::of(&parts.uri);
        let caller = admitted(&weir, caller, parts, &query).await.map_err(Refused::into_response)?;
        query.check().map_err(Refused::into_response)?;
        let raw =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| Refused::not_found().into_response())?;
        let names = raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let path = parts.extensions.get::<axum::extract::OriginalUri>().map_or(parts.uri.path(), |uri| uri.0.path());
        let route = parts.extensions.get::<MatchedPath>().map(|route| route.as_str().to_owned());
        // Links and pages have the address that this client uses, unless the administrator says which it is.
        let base = match parts.extensions.get::<Origin>() {
            Some(origin) => origin.base(weir.configured_url()),
            None => weir.external_url().to_owned(),
        };
        let address = Address {
            caller,
            path: path.to_owned(),
            headers: parts.headers.clone(),
            base,
            method: parts.method.clone(),
            route: route.unwrap_or_default(),
            names,
            kept: query.clone(),
            weir,
        };
        Ok(Self { address, query })
    }
}

/// Refuses who may do nothing at all here, before anything is looked up; and says who an administrator acts as.
async fn admitted(weir: &Weir, caller: Caller, parts: &Parts, query: &Query) -> Result<Caller, Refused> {
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    let is_personal = parts.extensions.get::<MatchedPath>().is_some_and(|route| is_personal(route.as_str()));
    if (changes || is_personal) && !caller.is_signed_in() {
        return Err(Refused::unauthorized("this takes a token"));
    }
    // A token ends itself, whatever its scope.
    let ends_itself = parts.method == Method::DELETE && parts.uri.path().ends_with("/personal_access_tokens/self");
    if changes && !ends_itself && matches!(caller.via, Via::Token(_, TokenScope::ReadApi)) {
        return Err(model::Error::scope("this token may only read (scope read_api)").into());
    }
    let header = parts.headers.get(SUDO).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let field = || parts.extensions.get::<Sudo>().map(|Sudo(whom)| whom.into());
    let said = header.or_else(|| query.get(SUDO).map(Cow::from)).or_else(field);
    let said = said.unwrap_or_default();
    let whom = said.trim();
    if whom.is_empty() {
        return Ok(caller);
    }
    weir.act_as(&caller, whom).await.map_err(|error| match error.kind {
        ErrorKind::NotFound => {
            let whom: String = whom.chars().take(255).collect();
            Refused::message(StatusCode::NOT_FOUND, &format!("User with ID or username '{whom}' Not Found"))
        }
        ErrorKind::Forbidden => Refused::forbidden(&error.message),
        _ => error.into(),
    })
}

/// Addresses that mean nothing to nobody in particular: all but projects, groups and what is Weir's own.
fn is_personal(route: &str) -> bool {
    let below = route.strip_prefix("/api/v4/").unwrap_or_default();
    !matches!(below.split('/').next(), Some("projects" | "groups" | "weir"))
}

impl Address {
    /// When the client last saw what it deletes (`If-Unmodified-Since`). A time that cannot be read is no condition.
    pub fn last_seen(&self) -> LastSeen {
        let known = self.headers.get(header::IF_UNMODIFIED_SINCE).and_then(|value| value.to_str().ok());
        let known = known.and_then(|text| httpdate::parse_http_date(text).ok());
        let seconds = known.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map(|since| since.as_secs());
        seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(LastSeen::at).unwrap_or_default()
    }

    /// The address under which this client knows the server, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A part of the address, decoded.
    pub fn name(&self, part: &str) -> &str {
        self.names.get(part).map(String::as_str).unwrap_or_default()
    }

    /// Whether the address names a project: not so below `/weir`.
    pub fn is_of_project(&self) -> bool {
        self.names.contains_key("project")
    }

    /// The headers of a page of a list at this address; `more` says whether another follows where no total is known.
    pub fn pages(&self, page: Page, total: Option<u64>, more: bool) -> HeaderMap {
        page.headers(&self.base, &self.path, &self.kept, total, more)
    }

    /// The header that leads to the next page of a list that is walked by where the last one ended: the same address,
    /// with this in its query.
    pub fn next_link(&self, name: &str, value: String) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let query = self.kept.with_texts(&[(name, value)]);
        if let Ok(link) = HeaderValue::try_from(format!("<{}{}{query}>; rel=\"next\"", self.base, self.path)) {
            headers.insert(header::LINK, link);
        }
        headers
    }

    /// Refuses what can be no number in the address. One that is too large is for those who look it up.
    fn check_numbers(&self) -> Result<(), Refused> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        for (part, parameter) in NUMBERS {
            let Some(text) = self.names.get(part) else { continue };
            if is_number(text.strip_prefix('-').unwrap_or(text)) {
                continue;
            }
            // Who names nothing else has the plain name.
            let is_alone = matches!(part, "runner" | "user") && self.route.ends_with('}') && !self.is_of_project();
            return match text.split_once('.') {
                Some((number, format)) if is_number(number) && is_format(format) => Err(format_of(format)),
                _ => Err(Refused::parameter(format!("{} is invalid", if is_alone { "id" } else { parameter }))),
            };
        }
        Ok(())
    }
}

/// Parts of addresses that are numbers, and the names of the parameters that they are on GitLab.
const NUMBERS: [(&str, &str); 8] = [
    ("run", "pipeline_id"),
    ("job", "job_id"),
    ("environment", "environment_id"),
    ("schedule", "pipeline_schedule_id"),
    ("trigger", "trigger_id"),
    ("runner", "runner_id"),
    ("user", "user_id"),
    ("token", "id"),
];

impl Asked {
    /// Looks up what the address names. Parameters are read before that.
    pub async fn find(self) -> Result<Target, Refused> {
        let address = self.address;
        // What is found without its project may have a name instead of its number.
        if !address.route.starts_with("/api/v4/weir/") {
            address.check_numbers()?;
        }
        let project = match address.names.get("project") {
            Some(name) => Some(address.weir.project_called(&address.caller, name).await?),
            None => None,
        };
        if project.is_some()
            && matches!(address.caller.via, Via::Job(..))
            && !job_token::may_call(&address.method, &address.route)
        {
            return Err(Refused::unauthorized("the token of a job may not do this"));
        }
        Ok(Target { address, project })
    }
}

/// Whether the end of an address may be meant as a format: `.xml`.
fn is_format(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// There is one format, and another was asked for.
fn format_of(format: &str) -> Refused {
    Refused::error(StatusCode::NOT_ACCEPTABLE, format!("The requested format '{format}' is not supported."))
}

/// The caller and what the address names. A run or job of another project than the named one is
/// not found.
pub struct Target {
    address: Address,
    /// The project of the address; `None` below `/weir`.
    pub project: Option<Project>,
}

impl Deref for Target {
    type Target = Address;

    fn deref(&self) -> &Address {
        &self.address
    }
}

impl FromRequestParts<AppState> for Target {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let asked = Asked::from_request_parts(parts, state).await?;
        asked.find().await.map_err(Refused::into_response)
    }
}

impl Target {
    /// The project of the address.
    pub fn project_id(&self) -> Result<ProjectId, Refused> {
        self.project.as_ref().map(|project| project.id).ok_or_else(Refused::not_found)
    }

    /// The number of the run that the address names.
    pub async fn run_id(&self) -> Result<RunId, Refused> {
        let name = self.name("run");
        if self.project.is_none() && name.parse::<model::Uid>().is_ok() {
            return Ok(self.weir.run_by_uid(&self.caller, name).await?);
        }
        let id: RunId = name.parse().map_err(|_| Refused::not_found())?;
        if let Some(project) = &self.project {
            self.weir.run_is_in(project.id, id).await?;
        }
        Ok(id)
    }

    /// The number of the job that the address names; of the run that it names too, where it does.
    pub async fn job_id(&self) -> Result<JobId, Refused> {
        let id: JobId = self.name("job").parse().map_err(|_| Refused::not_found())?;
        if let Some(project) = &self.project {
            self.weir.job_is_in(project.id, id).await?;
        }
        if self.names.contains_key("run") && self.weir.run_of_job(id).await? != self.run_id().await? {
            return Err(Refused::not_found());
        }
        Ok(id)
    }
}

/// The query's pairs, in order.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads an address.
    pub fn of(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Refuses what is no text.
    fn check(&self) -> Result<(), Refused> {
        let broken = |text: &str| text.contains(['\0', char::REPLACEMENT_CHARACTER]);
        match self.0.iter().find(|(name, value)| broken(name) || broken(value)) {
            Some((name, _)) => Err(Refused::parameter(format!("{name} is invalid"))),
            None => Ok(()),
        }
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
        let set: Vec<_> = set.iter().map(|(name, value)| (*name, value.to_string())).collect();
        self.with_texts(&set)
    }

    /// The query with some values set, others kept.
    pub fn with_texts(&self, set: &[(&str, String)]) -> String {
        use crate::dialect::encoded;
        let kept = self.0.iter().filter(|(name, _)| set.iter().all(|(one, _)| one != name));
        let kept = kept.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let set = set.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        format!("?{}", kept.chain(set).collect::<Vec<_>>().join("&"))
    }
}
