//! `POST /projects/:id/trigger/pipeline`, and as `…/ref/REF/trigger/pipeline` for webhooks: starts a run with the token
//! of a trigger, or of a job.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use model::plan::{Inputs, Variable};
use model::{NewRun, Source, Via};
use serde_json::Value;

use super::error::Refused;
use super::fields::Fields;
use super::start;
use super::wire::Pipeline;
use crate::auth::token::{Kind, Token};
use crate::http::Unasked;

/// The variable that holds the whole payload, as a file.
const PAYLOAD: &str = "TRIGGER_PAYLOAD";

/// The token is a field, and says who starts the run: whatever else the request shows does not matter.
pub async fn start(
    asked: Unasked,
    Path(project): Path<String>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refused> {
    begin(asked, project, None, &headers, fields).await
}

/// The same, with the ref in the address, where it may have slashes.
pub async fn start_of_ref(
    asked: Unasked,
    Path((project, path)): Path<(String, String)>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refused> {
    let unknown = || Refused::error(StatusCode::NOT_FOUND, "404 Not Found");
    let git_ref = path.strip_suffix("/trigger/pipeline").filter(|name| !name.is_empty()).ok_or_else(unknown)?;
    begin(asked, project, Some(git_ref.to_owned()), &headers, fields).await
}

async fn begin(
    asked: Unasked,
    project: String,
    git_ref: Option<String>,
    headers: &HeaderMap,
    fields: Fields,
) -> Result<Response, Refused> {
    // A pipeline that tells of pipelines would start one for each.
    if headers.get("x-gitlab-event").is_some_and(|event| event.as_bytes() == b"Pipeline Hook") {
        return Err(Refused::message(StatusCode::FORBIDDEN, "Forbidden"));
    }
    let wrong = || Refused::message(StatusCode::NOT_FOUND, "Not Found");
    let named: &[&str] = if git_ref.is_some() { &["token"] } else { &["ref", "token"] };
    let absent = named.iter().filter(|name| matches!(fields.value(name), None | Some(Value::Null)));
    let absent: Vec<String> = absent.map(|name| format!("{name} is missing")).collect();
    if !absent.is_empty() {
        return Err(Refused::parameter(absent.join(", ")));
    }
    let git_ref = match git_ref {
        Some(name) => name,
        None => fields.required("ref")?,
    };
    if git_ref.trim().is_empty() {
        return Err(Refused::parameter("ref is empty"));
    }
    let (token, given) = (fields.required("token")?, variables(&fields)?);
    let inputs = match fields.value("inputs") {
        None | Some(Value::Null) => Inputs::new(),
        Some(Value::Object(map)) => map.clone().into_iter().collect(),
        Some(_) => return Err(Refused::parameter("inputs is invalid")),
    };
    let token = Token::presented(&token).ok_or_else(wrong)?;
    let address = asked.address.as_deref();
    let caller = match Kind::of(token.reveal()) {
        Some(Kind::Trigger) => asked.weir.caller_of_token(&token, address).await?,
        Some(Kind::Job) => asked.weir.caller_of_job(&token, address).await?,
        _ => None,
    };
    let caller = caller.ok_or_else(wrong)?;
    let (own, source) = match caller.via {
        Via::Trigger(_, project) => (project, Source::Trigger),
        Via::Job(_, project) => (project, Source::Pipeline),
        _ => return Err(wrong()),
    };
    let found = asked.weir.project_named(&project).await?.filter(|found| *found == own);
    let project = found.ok_or_else(wrong)?;
    let mut variables = given;
    let payload = fields.without("token").to_string();
    variables.push(Variable { raw: true, file: true, ..Variable::new(PAYLOAD, payload) });
    let new = NewRun { git_ref: Some(git_ref), variables, inputs, source, ..NewRun::default() };
    let run = asked.weir.start_in(&caller, project, new).await.map_err(start::refused)?;
    asked.weir.trigger_used(&caller).await?;
    let owner = asked.weir.account_called(&run.user).await?;
    let shown = Pipeline::new(&run, &asked.base).by(owner.as_ref(), &asked.base);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// `variables`, an object of texts; a form writes it as `variables[NAME]`.
fn variables(fields: &Fields) -> Result<Vec<Variable>, Refused> {
    let text = |key: &str, value: &Value| match value {
        Value::String(text) => Ok(Variable::new(key, text.clone())),
        _ => Err(Refused::plain(StatusCode::BAD_REQUEST, "variables needs to be a map of key-valued strings")),
    };
    match fields.value("variables") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => map.iter().map(|(key, value)| text(key, value)).collect(),
        Some(_) => Err(Refused::parameter("variables is invalid")),
    }
}
