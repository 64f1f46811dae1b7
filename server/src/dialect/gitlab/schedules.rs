//! Schedules, which GitLab calls pipeline schedules.

use app::service::Schedules as _;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::plan::{Inputs, Variable};
use model::{
    Error, ErrorKind, ScheduleChanges, ScheduleDraft, ScheduleId, ScheduleVariableChange, ScheduleView, Status,
    Timestamp, VariableType,
};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::page::Page;
use super::start;
use super::target::{Asked, Query, Target};
use super::wire::{PipelineBasic, ScheduleDetails, ScheduleObject, ScheduleVariable};
use crate::auth::Action;
use crate::http::{Fresh, Freshness};
use crate::store::schedules::Wanted;

/// Fields by which the service says what is wrong; they have the same names here.
const FIELDS: [&str; 9] =
    ["description", "cron", "cron_timezone", "ref", "pipeline", "inputs", "variables", "key", "value"];

const SYNTAX: &str = "syntax is invalid";

fn missing() -> Refused {
    Refused::message(StatusCode::NOT_FOUND, "Pipeline Schedule Not Found")
}

/// GitLab names the field beside the problem.
fn refused(error: Error) -> Refused {
    match error.kind {
        ErrorKind::NotFound if error.message.starts_with("schedule variable") => {
            Refused::message(StatusCode::NOT_FOUND, "Pipeline Schedule Variable Not Found")
        }
        ErrorKind::NotFound if error.message.starts_with("schedule") => missing(),
        ErrorKind::Invalid if error.cause.is_some() => start::refused(error),
        ErrorKind::Invalid => match error.message.split_once(": ") {
            // What is wrong with the syntax is for people.
            Some(("cron", problem)) if problem.starts_with(SYNTAX) => Refused::fields(json!({ "cron": [SYNTAX] })),
            Some((field, problem)) if FIELDS.contains(&field) => Refused::fields(json!({ field: [problem] })),
            _ => error.into(),
        },
        // There are as many as there may be.
        ErrorKind::Conflict if error.cause.is_none() => Refused::base(&error.message),
        _ => error.into(),
    }
}

/// The schedule that the address names, in the project that it names, for who may see schedules there.
async fn named(target: &Target) -> Result<ScheduleView, Refused> {
    let project = target.project_id()?;
    target.weir.may(&target.caller, Action::ReadSchedules, project).await?;
    let id: ScheduleId = target.name("schedule").parse().map_err(|_| missing())?;
    let view = target.weir.schedule(&target.caller, id).await.map_err(refused)?;
    if view.schedule.project_id == project { Ok(view) } else { Err(missing()) }
}

/// `GET …/pipeline_schedules`, the newest first.
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let active = match asked.query.get("scope") {
        None | Some("") => None,
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(_) => return Err(Refused::parameter("scope does not have a valid value")),
    };
    let target = asked.find().await?;
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            let mut all = target.weir.schedules(&target.caller, Some(project)).await?.schedules;
            all.retain(|view| active.is_none_or(|active| view.schedule.draft.is_active == active));
            all.sort_by_key(|view| std::cmp::Reverse(view.schedule.id));
            let total = all.len() as u64;
            let from = usize::try_from(page.offset()).unwrap_or(usize::MAX);
            let shown: Vec<ScheduleObject> = all
                .into_iter()
                .skip(from)
                .take(page.size() as usize)
                .map(|view| ScheduleObject::new(view.schedule, target.base()))
                .collect();
            let headers = target.pages(page, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

/// `GET …/pipeline_schedules/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness.respond(|| async { Ok(Fresh::list(&ScheduleDetails::new(named(&target).await?, target.base()))?) }).await
}

/// The names of those that are not there, in GitLab's words.
fn required(fields: &Fields, names: &[&str]) -> Result<(), Refused> {
    let absent = names.iter().filter(|name| matches!(fields.value(name), None | Some(Value::Null)));
    let absent: Vec<String> = absent.map(|name| format!("{name} is missing")).collect();
    if absent.is_empty() { Ok(()) } else { Err(Refused::parameter(absent.join(", "))) }
}

/// A list of names and values, or an object of values. `destroy` takes one away.
fn inputs(fields: &Fields) -> Result<Vec<(String, Option<Value>)>, Refused> {
    let wrong = || Refused::parameter("inputs is invalid");
    let item = |(at, item): (usize, &Value)| {
        let absent = |name: &str| Refused::parameter(format!("inputs[{at}][{name}] is missing"));
        let item = item.as_object().ok_or_else(wrong)?;
        let name = item.get("name").and_then(Value::as_str).ok_or_else(|| absent("name"))?;
        if item.get("destroy").is_some_and(|flag| *flag == true || *flag == "true") {
            return Ok((name.to_owned(), None));
        }
        let value = item.get("value").ok_or_else(|| absent("value"))?;
        Ok((name.to_owned(), Some(value.clone())))
    };
    match fields.value("inputs") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().enumerate().map(item).collect(),
        Some(Value::Object(map)) => Ok(map.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect()),
        Some(_) => Err(wrong()),
    }
}

/// Refuses an empty ref, but where the project has no refs at all.
fn check_ref(target: &Target, given: Option<&str>) -> Result<(), Refused> {
    let has_refs = target.project.as_ref().is_some_and(|project| project.source.is_some());
    match given {
        Some(name) if name.trim().is_empty() && has_refs => Err(Refused::parameter("ref is empty")),
        _ => Ok(()),
    }
}

/// The key of a pipeline; null and empty are none.
fn pipeline(fields: &Fields) -> Result<Option<String>, Refused> {
    match fields.value("pipeline_key") {
        None => Ok(None),
        Some(_) => Ok(Some(fields.text("pipeline_key")?.unwrap_or_default())),
    }
}

/// `POST …/pipeline_schedules`
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    required(&fields, &["description", "ref", "cron"])?;
    let usual = ScheduleDraft::default();
    let key = pipeline(&fields)?.filter(|key| !key.is_empty());
    let given: Inputs = inputs(&fields)?.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let draft = ScheduleDraft {
        description: fields.required("description")?,
        cron: fields.required("cron")?,
        timezone: fields.text("cron_timezone")?.unwrap_or(usual.timezone),
        git_ref: fields.required("ref")?,
        pipeline: None,
        is_active: fields.switch("active")?.unwrap_or(true),
        inputs: given,
    };
    let target = asked.find().await?;
    let project = target.project_id()?;
    target.weir.may(&target.caller, Action::ChangeOwnSchedule, project).await?;
    check_ref(&target, Some(&draft.git_ref))?;
    let wrong = |error: model::id::IdError| Refused::fields(json!({ "pipeline": [format!("{error}")] }));
    let draft = ScheduleDraft { pipeline: key.map(|key| key.parse()).transpose().map_err(wrong)?, ..draft };
    let made = target.weir.create_schedule(&target.caller, project, draft, Vec::new()).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(ScheduleDetails::new(made, target.base()))).into_response())
}

/// `PUT …/pipeline_schedules/:id`
pub async fn update(asked: Asked, fields: Fields) -> Result<Json<ScheduleDetails>, Refused> {
    let changes = ScheduleChanges {
        description: fields.text("description")?,
        cron: fields.text("cron")?,
        timezone: fields.text("cron_timezone")?,
        git_ref: fields.text("ref")?,
        pipeline: pipeline(&fields)?,
        is_active: fields.switch("active")?,
        inputs: inputs(&fields)?,
        variables: None,
    };
    let target = asked.find().await?;
    let id = named(&target).await?.schedule.id;
    check_ref(&target, changes.git_ref.as_deref())?;
    let changed = target.weir.change_schedule(&target.caller, id, changes).await.map_err(refused)?;
    Ok(Json(ScheduleDetails::new(changed, target.base())))
}

/// `DELETE …/pipeline_schedules/:id`
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    let schedule = named(&target).await?.schedule;
    target.weir.drop_schedule(&target.caller, schedule.id, target.last_seen()).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/pipeline_schedules/:id/take_ownership`
pub async fn take(target: Target) -> Result<Response, Refused> {
    let id = named(&target).await?.schedule.id;
    let (view, is_new) = target.weir.take_schedule(&target.caller, id).await.map_err(refused)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ScheduleDetails::new(view, target.base()))).into_response())
}

/// `POST …/pipeline_schedules/:id/play`: GitLab's answer, and the schedule beside it, since the client replaces what it
/// knows of the schedule by what it is answered. The run is there when it is.
pub async fn play(target: Target) -> Result<Response, Refused> {
    let id = named(&target).await?.schedule.id;
    target.weir.play_schedule(&target.caller, id).await.map_err(refused)?;
    let details = ScheduleDetails::new(named(&target).await?, target.base());
    let mut answer = serde_json::to_value(details).unwrap_or_default();
    answer["message"] = "201 Created".into();
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// `GET …/pipeline_schedules/:id/pipelines`, the oldest first.
pub async fn runs(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let wanted = wanted(&asked.query)?;
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let id = named(&target).await?.schedule.id;
            let (runs, total) = target
                .weir
                .runs_of_schedule(&target.caller, id, wanted.clone(), page.offset(), page.size())
                .await
                .map_err(refused)?;
            let shown: Vec<_> = runs.iter().map(|run| PipelineBasic::new(run, target.base())).collect();
            let headers = target.pages(page, Some(total), false);
            Ok(Fresh::list(&shown)?.with(headers))
        })
        .await
}

fn wanted(query: &Query) -> Result<Wanted, Refused> {
    let invalid = |name: &str| Refused::parameter(format!("{name} does not have a valid value"));
    let text = |name: &str| query.get(name).filter(|text| !text.is_empty());
    let time = |name: &str| {
        let read = |text: &str| Timestamp::parse(text).ok_or_else(|| Refused::parameter(format!("{name} is invalid")));
        text(name).map(read).transpose()
    };
    let mut wanted = Wanted {
        created: (time("created_before")?, time("created_after")?),
        updated: (time("updated_before")?, time("updated_after")?),
        ..Wanted::default()
    };
    match text("scope") {
        None => {}
        Some("running") => wanted.status = vec![Status::Running],
        Some("pending") => wanted.status = vec![Status::Pending],
        Some("finished") => wanted.status = vec![Status::Success, Status::Failed, Status::Canceled],
        Some("branches") => wanted.newest_of = Some(false),
        Some("tags") => wanted.newest_of = Some(true),
        Some(_) => return Err(invalid("scope")),
    }
    if let Some(word) = text("status") {
        // No run ever waits for a callback here.
        let known = word.parse().ok();
        wanted.status = match (known, word) {
            (Some(status), _) => vec![status],
            (None, "waiting_for_callback") => return Ok(Wanted { created: (Some(Timestamp(0)), None), ..wanted }),
            (None, _) => return Err(invalid("status")),
        };
    }
    wanted.descending = match text("sort") {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(invalid("sort")),
    };
    Ok(wanted)
}

fn is_file(fields: &Fields) -> Result<Option<bool>, Refused> {
    Ok(fields.word::<VariableType>("variable_type")?.map(|kind| kind == VariableType::File))
}

/// `POST …/pipeline_schedules/:id/variables`
pub async fn create_variable(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    required(&fields, &["key", "value"])?;
    let file = is_file(&fields)?.unwrap_or(false);
    let new = Variable { file, ..Variable::new(fields.required("key")?, fields.required("value")?) };
    let target = asked.find().await?;
    let id = named(&target).await?.schedule.id;
    let change = ScheduleVariableChange::Add(new);
    let made = target.weir.change_schedule_variable(&target.caller, id, change).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(ScheduleVariable::from(made))).into_response())
}

/// `GET …/pipeline_schedules/:id/variables/:key`
pub async fn variable(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let view = named(&target).await?;
            let reading = if view.is_own { Action::ReadOwnRunVariables } else { Action::ReadRunVariables };
            target.weir.may(&target.caller, reading, view.schedule.project_id).await?;
            let found = view.variables.unwrap_or_default().into_iter().find(|one| one.key == target.name("key"));
            let found = found.ok_or_else(|| refused(Error::not_found("schedule variable")))?;
            Ok(Fresh::list(&ScheduleVariable::from(found))?)
        })
        .await
}

/// `PUT …/pipeline_schedules/:id/variables/:key`
pub async fn update_variable(asked: Asked, fields: Fields) -> Result<Json<ScheduleVariable>, Refused> {
    let (value, file) = (fields.text("value")?, is_file(&fields)?);
    let target = asked.find().await?;
    let id = named(&target).await?.schedule.id;
    let change = ScheduleVariableChange::Set(target.name("key").to_owned(), value, file);
    let changed = target.weir.change_schedule_variable(&target.caller, id, change).await.map_err(refused)?;
    Ok(Json(changed.into()))
}

/// `DELETE …/pipeline_schedules/:id/variables/:key`: with the variable as it was.
pub async fn delete_variable(target: Target) -> Result<Response, Refused> {
    let id = named(&target).await?.schedule.id;
    let change = ScheduleVariableChange::Remove(target.name("key").to_owned());
    let gone = target.weir.put_schedule_variable(&target.caller, id, change, target.last_seen()).await;
    let gone = gone.map_err(refused)?;
    Ok((StatusCode::ACCEPTED, Json(ScheduleVariable::from(gone))).into_response())
}
