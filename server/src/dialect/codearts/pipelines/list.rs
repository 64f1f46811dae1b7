//! Lists of pipelines.

use axum::response::Response;
use model::{ProjectId, Status, Timestamp};
use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::{Call, Id, Refused, state};
use super::runs::statuses;
use super::wire::{LatestRun, text};
use crate::clock;
use crate::http::{Fresh, Freshness};
use crate::service::codearts::{Card, Cards};

/// What a list is narrowed to; all given must hold.
#[derive(Debug, Default)]
struct Filter {
    name: Option<String>,
    creators: Option<Vec<String>>,
    executors: Option<Vec<String>>,
    statuses: Option<Vec<Status>>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    changed: Option<Timestamp>,
    exclude: Option<String>,
    include: Option<String>,
    /// None that starts no runs.
    without_banned: bool,
    git_url: Option<String>,
    /// Something is asked for that no pipeline here has: a component, a tag, a group, a level.
    is_empty: bool,
}

impl Filter {
    fn holds(&self, card: &Card, cards: &Cards) -> bool {
        let pipeline = &card.pipeline;
        let id_of = |name: &str| cards.people.get(name).map(String::as_str).unwrap_or_default().to_owned();
        let among = |wanted: &Option<Vec<String>>, name: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| name.is_some_and(|name| wanted.contains(&id_of(name))))
        };
        let run = card.latest.as_ref();
        let named = self.name.as_ref().is_none_or(|part| pipeline.name.to_lowercase().contains(part));
        let stands = self.statuses.as_ref().is_none_or(|wanted| run.is_some_and(|run| wanted.contains(&run.status)));
        let url = || cards.projects.get(&pipeline.project).and_then(|project| project.source.as_deref());
        let changed = |run: &model::Run| {
            run.created_at.max(run.started_at.unwrap_or_default()).max(run.finished_at.unwrap_or_default())
        };
        !self.is_empty
            && named
            && stands
            && among(&self.creators, pipeline.creator.as_deref())
            && among(&self.executors, run.map(|run| run.user.as_str()))
            && self.from.is_none_or(|from| run.is_some_and(|run| run.created_at >= from))
            && self.until.is_none_or(|until| run.is_some_and(|run| run.created_at <= until))
            && self.changed.is_none_or(|since| run.is_some_and(|run| changed(run) >= since))
            && self.exclude.as_deref() != Some(pipeline.uid.as_str())
            && self.include.as_deref().is_none_or(|wanted| wanted == pipeline.uid.as_str())
            && !(self.without_banned && pipeline.disabled)
            && self.git_url.as_deref().is_none_or(|wanted| url() == Some(wanted))
    }
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Name,
    Made,
    Changed,
    Started,
}

impl Order {
    fn sort(self, list: &mut [&Card], ascending: bool) {
        list.sort_by(|one, other| {
            let started = |card: &Card| card.latest.as_ref().map(|run| run.created_at);
            let (a, b) = (&one.pipeline, &other.pipeline);
            let order = match self {
                Self::Name => a.name.cmp(&b.name),
                Self::Made => a.created_at.cmp(&b.created_at),
                Self::Changed => a.updated_at.cmp(&b.updated_at),
                Self::Started => started(one).cmp(&started(other)),
            };
            let order = order.then(a.id.cmp(&b.id));
            if ascending { order } else { order.reverse() }
        });
    }

    fn read(fields: &Fields) -> Result<(Self, bool), Refused> {
        let order = match fields.text("sort_key")? {
            None | Some("create_time") => Self::Made,
            Some("name" | "pipeline_name") => Self::Name,
            Some("update_time") => Self::Changed,
            Some("start_time") => Self::Started,
            Some(_) => return Err(Refused::invalid("sort_key must be name, create_time, update_time or start_time")),
        };
        Ok((order, fields.ascending()?.unwrap_or(order == Self::Name)))
    }
}

/// One part of what fits, and how many fit.
fn part<'c>(cards: &'c Cards, filter: &Filter, fields: &Fields) -> Result<(Vec<&'c Card>, usize, u64, u32), Refused> {
    let (offset, limit) = fields.part()?;
    let (order, ascending) = Order::read(fields)?;
    let mut fitting: Vec<&Card> = cards.list.iter().filter(|card| filter.holds(card, cards)).collect();
    order.sort(&mut fitting, ascending);
    let total = fitting.len();
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    Ok((fitting.into_iter().skip(skipped).take(limit as usize).collect(), total, offset, limit))
}

/// `POST /v5/{project_id}/api/pipelines/list`
pub async fn list(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let project = call.project().await?;
    let fields = Fields(call.object()?);
    let within = match fields.texts("project_ids")? {
        Some(uids) => projects(&call, &uids).await?,
        None => vec![project.id],
    };
    let one_or_many = |one: &str, many: &str| -> Result<Option<Vec<String>>, Refused> {
        Ok(fields.texts(many)?.or(fields.text(one)?.map(|one| vec![one.to_owned()])))
    };
    let versions = fields.texts("manifest_version_list")?;
    let has_list =
        |name: &str| fields.value(name).is_some_and(|list| list.as_array().is_none_or(|list| !list.is_empty()));
    let filter = Filter {
        name: fields.text("name")?.map(str::to_lowercase),
        creators: one_or_many("creator_id", "creator_ids")?,
        executors: fields.texts("executor_ids")?,
        statuses: fields.texts("status")?.map(|words| statuses(&words)).transpose()?,
        from: fields.time("start_time")?,
        until: fields.time("end_time")?,
        changed: fields.time("pipeline_run_update_time")?,
        exclude: fields.text("exclude_pipeline_id")?.map(str::to_owned),
        include: fields.text("include_pipeline_id")?.map(str::to_owned),
        without_banned: fields.flag("is_banned")? == Some(false),
        git_url: None,
        is_empty: fields.text("component_id")?.is_some()
            || fields.text("group_path_id")?.is_some()
            || fields.flag("is_publish")? == Some(true)
            || fields.texts("tag_list")?.is_some()
            || versions.is_some_and(|list| !list.iter().any(|version| version == VERSION))
            || has_list("security_level_list")
            || has_list("dev_uc_security_level_list"),
    };
    freshness
        .respond(|| async {
            let cards = call.weir.cards_in(&call.caller, Some(within.clone())).await?;
            let (part, total, offset, limit) = part(&cards, &filter, &fields)?;
            let base = call.weir.external_url();
            let pipelines: Vec<Value> = part.into_iter().map(|card| entry(card, &cards, base)).collect();
            let whole = |now: Timestamp| {
                json!({
                    "offset": offset, "limit": limit, "total": total, "current_system_time": now.0,
                    "highest_confidentiality": null, "number_of_hidden_data": 0, "pipelines": pipelines,
                })
            };
            Ok(Fresh::timed(clock::now(), whole)?)
        })
        .await
}

/// The version of definitions whose words this interface speaks.
pub const VERSION: &str = "3.0";

fn entry(card: &Card, cards: &Cards, base: &str) -> Value {
    let (pipeline, project) = (&card.pipeline, cards.projects.get(&card.pipeline.project));
    let uid = pipeline.uid.as_str();
    let latest = card.latest.as_ref().map(|run| LatestRun::new(uid, run, &card.parts, project, &cards.people, base));
    json!({
        "pipeline_id": uid, "name": pipeline.name,
        "project_id": project.map(|project| project.uid.as_str()),
        "project_name": project.map(|project| project.path.as_str()),
        "component_id": "", "is_publish": false, "is_collect": false, "manifest_version": VERSION,
        "create_time": pipeline.created_at.0, "latest_run": latest, "convert_sign": 0, "security_level": null,
        "banned": pipeline.disabled, "description": pipeline.description, "tag_list": [],
    })
}

/// `POST /v3/pipelines/list`
pub async fn simple(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let fields = Fields(call.object()?);
    let ids = |name: &str| -> Result<Option<Vec<String>>, Refused> {
        let text = match fields.value(name) {
            // The vendor's texts with commas, and what its other lists take.
            Some(Value::Array(_)) => return fields.texts(name),
            _ => fields.text(name)?,
        };
        let list = text.map(|text| text.split(',').map(|id| id.trim().to_owned()).collect::<Vec<_>>());
        Ok(list.map(|list| list.into_iter().filter(|id| !id.is_empty()).collect()))
    };
    let within = match ids("project_ids")? {
        Some(uids) => Some(projects(&call, &uids).await?),
        None => None,
    };
    let (status, outcome) = (fields.text("status")?, fields.text("outcome")?);
    check("status", status, &["waiting", "running", "verifying", "suspending", "completed"])?;
    check("outcome", outcome, &["success", "error", "aborted"])?;
    let fits = |state: &Status| {
        let words = state::of_run(*state);
        status.is_none_or(|status| words.status == Some(status))
            && outcome.is_none_or(|outcome| words.result == Some(outcome))
    };
    let is_narrow = status.is_some() || outcome.is_some();
    let filter = Filter {
        name: fields.text("pipeline_name")?.map(str::to_lowercase),
        creators: ids("creator_ids")?,
        executors: ids("executor_ids")?,
        statuses: is_narrow.then(|| Status::ALL.iter().copied().filter(fits).collect()),
        git_url: fields.text("git_url")?.map(str::to_owned),
        ..Filter::default()
    };
    freshness
        .respond(|| async {
            let cards = call.weir.cards_in(&call.caller, within.clone()).await?;
            let (part, total, offset, limit) = part(&cards, &filter, &fields)?;
            let result: Vec<Value> = part.into_iter().map(|card| simple_entry(card, &cards)).collect();
            Ok(Fresh::list(&json!({"offset": offset, "limit": limit, "total": total, "result": result}))?)
        })
        .await
}

fn simple_entry(card: &Card, cards: &Cards) -> Value {
    let (pipeline, run) = (&card.pipeline, card.latest.as_ref());
    let project = cards.projects.get(&pipeline.project);
    let id_of = |name: Option<&str>| name.and_then(|name| cards.people.get(name));
    let (creator, executor) = (pipeline.creator.as_deref(), run.map(|run| run.user.as_str()));
    json!({
        "project_id": project.map(|project| project.uid.as_str()),
        "project_name": project.map(|project| project.path.as_str()),
        "pipeline_id": pipeline.uid, "pipeline_name": pipeline.name,
        "creator_id": id_of(creator), "creator_name": creator,
        "executor_id": id_of(executor), "executor_name": executor,
        "start_time": run.map(|run| text(run.created_at)), "create_time": text(pipeline.created_at),
        "watched": "false",
    })
}

fn check(name: &str, word: Option<&str>, words: &[&str]) -> Result<(), Refused> {
    match word {
        Some(word) if !words.contains(&word) => {
            Err(Refused::invalid(format!("{name} must be one of {}", words.join(", "))))
        }
        _ => Ok(()),
    }
}

/// The projects with these uids that the caller sees; others are left out of a list.
async fn projects(call: &Call, uids: &[String]) -> Result<Vec<ProjectId>, Refused> {
    let mut found = Vec::new();
    for uid in uids {
        let id = Id::parse("a project id", uid)?;
        match call.weir.project_of_uid(&call.caller, id.as_str()).await {
            Ok(project) => found.push(project.id),
            Err(error) if error.kind == model::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
