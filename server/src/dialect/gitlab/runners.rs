//! Runners: making them, with their tokens, and looking after them.

use app::service::Accounts as _;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::{ErrorKind, ProjectId, RunnerDraft, RunnerId, RunnerView, Timestamp, User};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::given::{answer, by_field, called, clearable, number, one_of, paged, switch, text};
use super::page::Page;
use super::target::{Asked, Query, Target};
use super::wire::{project, runner as wire, user};
use crate::clock;
use crate::http::{Fresh, Freshness};

/// `POST /user/runners`: the answer is the only place where the token can be seen.
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let project = match fields.text("runner_type")?.as_deref() {
        Some("instance_type") => None,
        Some("project_type") => Some(fields.required("project_id")?),
        Some("group_type") => return Err(Refused::parameter("runner_type: there are no runners of groups")),
        Some(_) => return Err(Refused::parameter("runner_type does not have a valid value")),
        None => return Err(Refused::parameter("runner_type is missing")),
    };
    let none = RunnerDraft { name: "runner".to_owned(), run_untagged: true, ..RunnerDraft::default() };
    let draft = Changes::read(&fields)?.over(none);
    let target = asked.find().await?;
    let project = match project {
        Some(name) => Some(target.weir.project_called(&target.caller, &name).await?.id),
        None => None,
    };
    let (runner, token) = target.weir.create_runner(&target.caller, project, draft).await.map_err(by_field)?;
    let body = json!({"id": runner.id, "token": token, "token_expires_at": null});
    Ok(answer(StatusCode::CREATED, &body))
}

/// Which runners of a list are wanted.
struct Filter {
    kind: &'static str,
    status: &'static str,
    paused: Option<bool>,
    tags: Vec<String>,
    version: Option<String>,
    creator: Option<i64>,
}

impl Filter {
    fn read(query: &Query) -> Result<Self, Refused> {
        let states = ["", "online", "offline", "stale", "never_contacted", "active", "paused"];
        let scope = one_of(query, "scope", &["", "active", "paused", "online", "offline", "specific", "shared"])?;
        let mut kind = one_of(query, "type", &["", "instance_type", "group_type", "project_type"])?;
        let mut status = one_of(query, "status", &states)?;
        match scope {
            "specific" if kind.is_empty() => kind = "project_type",
            "shared" if kind.is_empty() => kind = "instance_type",
            "" | "specific" | "shared" => {}
            old if status.is_empty() => status = old,
            _ => {}
        }
        let tags = text(query, "tag_list").into_iter().chain(query.all("tag_list").into_iter().skip(1));
        let tags = tags.flat_map(|list| list.split(',')).map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
        Ok(Self {
            kind,
            status,
            paused: switch(query, "paused")?,
            tags: tags.collect(),
            version: text(query, "version_prefix").map(str::to_owned),
            creator: number(query, "creator_id")?,
        })
    }

    fn holds(&self, runner: &RunnerView, status: &str, creator: Option<&User>) -> bool {
        let kind = if runner.project.is_none() { "instance_type" } else { "project_type" };
        let version = runner.managers.first().map(|one| one.version.as_str()).unwrap_or_default();
        let is_so = match self.status {
            "" => true,
            "active" => !runner.draft.paused,
            "paused" => runner.draft.paused,
            // Whoever was never heard of is not online either.
            "offline" => status != "online",
            wanted => status == wanted,
        };
        is_so
            && (self.kind.is_empty() || self.kind == kind)
            && self.paused.is_none_or(|paused| runner.draft.paused == paused)
            && self.tags.iter().all(|tag| runner.draft.tags.contains(tag))
            && self.version.as_ref().is_none_or(|prefix| version.starts_with(prefix.as_str()))
            && self.creator.is_none_or(|id| creator.is_some_and(|one| one.id.0 == id))
    }
}

/// When a runner was heard of last.
fn contacted(target: &Target, runner: &RunnerView) -> Option<Timestamp> {
    let noted = runner.managers.first().map(|one| one.contacted_at);
    noted.max(target.weir.heartbeats().last_of_runner(runner.id))
}

/// Who made a runner, among these.
fn creator<'p>(runner: &RunnerView, people: &'p [User]) -> Option<&'p User> {
    runner.created_by.as_ref().and_then(|name| people.iter().find(|one| one.name == *name))
}

async fn listed(target: &Target, page: Page, filter: &Filter, mut all: Vec<RunnerView>) -> Result<Fresh, Refused> {
    let (people, now) = (target.weir.people(&target.caller).await?, clock::now());
    all.sort_by_key(|runner| std::cmp::Reverse(runner.id));
    all.retain(|runner| {
        let status = wire::status(runner.is_online, contacted(target, runner), now);
        filter.holds(runner, status, creator(runner, &people))
    });
    let shown = |one: &RunnerView| wire::basic(one, contacted(target, one), now, creator(one, &people), target.base());
    paged(target, page, &all.iter().map(shown).collect::<Vec<_>>())
}

/// `GET /runners`: those that the caller may look after.
pub async fn own(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, filter) = (Page::read(&asked.query)?, Filter::read(&asked.query)?);
    let target = asked.find().await?;
    freshness
        .respond(|| async { listed(&target, page, &filter, target.weir.own_runners(&target.caller).await?).await })
        .await
}

/// `GET /runners/all`
pub async fn all(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, filter) = (Page::read(&asked.query)?, Filter::read(&asked.query)?);
    let target = asked.find().await?;
    freshness
        .respond(|| async { listed(&target, page, &filter, target.weir.runners(&target.caller, None).await?).await })
        .await
}

/// `GET /projects/:id/runners`: those that may take its jobs.
pub async fn of_project(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, filter) = (Page::read(&asked.query)?, Filter::read(&asked.query)?);
    let target = asked.find().await?;
    let project = target.project_id()?;
    freshness
        .respond(|| async {
            listed(&target, page, &filter, target.weir.runners_for(&target.caller, project).await?).await
        })
        .await
}

/// `GET /groups/:gid/runners`: those that may take jobs below it.
pub async fn of_group(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, filter) = (Page::read(&asked.query)?, Filter::read(&asked.query)?);
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let group = target.weir.namespace_called(&target.caller, target.name("group")).await;
            let path = group.map_err(called("Group"))?.namespace.path;
            listed(&target, page, &filter, target.weir.runners_below(&target.caller, &path).await?).await
        })
        .await
}

async fn object(target: &Target, runner: &RunnerView) -> Result<Value, Refused> {
    let (people, at) = (target.weir.people(&target.caller).await?, contacted(target, runner));
    let basic = wire::basic(runner, at, clock::now(), creator(runner, &people), target.base());
    Ok(user::joined(basic, wire::details(runner, at, target.base())))
}

/// `GET /runners/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let id = id(&target)?;
    freshness
        .respond(|| async {
            let runner = target.weir.runner(&target.caller, id).await?;
            Ok(Fresh::list(&object(&target, &runner).await?)?)
        })
        .await
}

/// `PUT /runners/:id`
pub async fn update(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let names = FIELDS.join(", ");
    if FIELDS.iter().all(|name| fields.value(name).is_none()) {
        return Err(Refused::parameter(format!("{names} are missing, at least one parameter must be provided")));
    }
    let changes = Changes::read(&fields)?;
    let target = asked.find().await?;
    let id = id(&target)?;
    let draft = changes.over(target.weir.runner(&target.caller, id).await?.draft);
    let runner = target.weir.change_runner(&target.caller, id, draft).await.map_err(by_field)?;
    Ok(answer(StatusCode::OK, &object(&target, &runner).await?))
}

/// What can be changed.
const FIELDS: [&str; 9] = [
    "description",
    "active",
    "paused",
    "tag_list",
    "run_untagged",
    "locked",
    "access_level",
    "maximum_timeout",
    "maintenance_note",
];

/// `DELETE /runners/:id`
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    target.weir.drop_runner(&target.caller, id(&target)?, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /runners/:id/reset_authentication_token`
pub async fn rotate(target: Target) -> Result<Response, Refused> {
    let token = target.weir.rotate_runner(&target.caller, id(&target)?).await?;
    Ok(answer(StatusCode::CREATED, &json!({"token": token, "token_expires_at": null})))
}

/// `GET /runners/:id/jobs`: those that the caller may see, the newest first.
pub async fn jobs(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let status = text(&asked.query, "status").map(|word| {
        word.parse::<model::Status>().map_err(|_| Refused::parameter("status does not have a valid value"))
    });
    let status = status.transpose()?;
    let scope = super::jobs::scope(&asked.query)?;
    one_of(&asked.query, "order_by", &["id"])?;
    let ascending = one_of(&asked.query, "sort", &["desc", "asc"])? == "asc";
    let system = text(&asked.query, "system_id").map(str::to_owned);
    let target = asked.find().await?;
    let id = id(&target)?;
    freshness
        .respond(|| async {
            let mut all = target.weir.jobs_of_runner(&target.caller, id, system.as_deref()).await?;
            all.retain(|(job, _)| status.is_none_or(|wanted| job.status == wanted) && scope.fits(job.status));
            if ascending {
                all.reverse();
            }
            let projects = target.weir.project_views(&target.caller, None).await?;
            let of = |job: &model::Job| {
                let of = projects.iter().find(|one| one.project.id == job.project_id);
                of.map_or(Value::Null, |one| project::basic(&one.project))
            };
            let (total, part) = (all.len(), page.of(&all).to_vec());
            let projects: Vec<Value> = part.iter().map(|(job, _)| of(job)).collect();
            let shown = target.jobs_shown(part).await?.into_iter().zip(projects).map(|(job, project)| {
                user::joined(serde_json::to_value(job).unwrap_or_default(), json!({ "project": project }))
            });
            let headers = target.pages(page, Some(total as u64), false);
            Ok(Fresh::list(&shown.collect::<Vec<_>>())?.with(headers))
        })
        .await
}

/// `GET /runners/:id/managers`: the processes that take jobs with its token.
pub async fn managers(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let target = asked.find().await?;
    let id = id(&target)?;
    freshness
        .respond(|| async {
            let runner = target.weir.runner(&target.caller, id).await?;
            let now = clock::now();
            // Which of several is there now is not known apart: the one that came last is.
            let shown = runner.managers.iter().enumerate().map(|(i, one)| {
                let heard = contacted(&target, &runner).filter(|_| i == 0).unwrap_or(one.contacted_at);
                wire::manager(one, &runner, heard, i == 0, now)
            });
            paged(&target, page, &shown.collect::<Vec<_>>())
        })
        .await
}

/// `POST /projects/:id/runners`: lends a runner to the project.
pub async fn lend(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let wanted = fields.required("runner_id")?;
    let id = RunnerId(wanted.parse().map_err(|_| Refused::parameter("runner_id is invalid"))?);
    let target = asked.find().await?;
    let project: ProjectId = target.project_id()?;
    let refused = |error: model::Error| match error.kind {
        ErrorKind::Conflict => Refused::fields(json!({"runner": [error.message]})),
        ErrorKind::Forbidden if error.message == "Runner is locked" => {
            Refused::message(StatusCode::FORBIDDEN, "Forbidden - Runner is locked")
        }
        _ => error.into(),
    };
    let runner = target.weir.lend_runner(&target.caller, id, project).await.map_err(refused)?;
    Ok(answer(StatusCode::CREATED, &object(&target, &runner).await?))
}

/// `DELETE /projects/:id/runners/:rid`
pub async fn take_back(target: Target) -> Result<Response, Refused> {
    let (id, project) = (id(&target)?, target.project_id()?);
    let refused = |error: model::Error| match error.kind {
        ErrorKind::Forbidden if error.message.starts_with("Only one") => {
            Refused::message(StatusCode::FORBIDDEN, &format!("Forbidden - {}", error.message))
        }
        _ => error.into(),
    };
    target.weir.take_back_runner(&target.caller, id, project, target.last_seen()).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn id(target: &Target) -> Result<RunnerId, Refused> {
    target.name("runner").parse().map_err(|_| Refused::not_found())
}

/// What a request says about a runner.
#[expect(clippy::option_option, reason = "said and null differ from not said")]
struct Changes {
    name: Option<String>,
    tags: Option<Vec<String>>,
    run_untagged: Option<bool>,
    paused: Option<bool>,
    locked: Option<bool>,
    protected: Option<bool>,
    maximum_timeout: Option<Option<u32>>,
    note: Option<Option<String>>,
}

impl Changes {
    fn read(fields: &Fields) -> Result<Self, Refused> {
        let active = fields.switch("active")?;
        let access = fields.choice("access_level", &["not_protected", "ref_protected"])?;
        let timeout = clearable(fields, "maximum_timeout")?;
        let timeout = timeout.map(|text| text.map(|text| text.trim().parse::<u32>()).transpose()).transpose();
        Ok(Self {
            name: fields.text("description")?,
            tags: fields.list("tag_list")?,
            run_untagged: fields.switch("run_untagged")?,
            paused: fields.switch("paused")?.or(active.map(|active| !active)),
            locked: fields.switch("locked")?,
            protected: access.map(|word| word == "ref_protected"),
            maximum_timeout: timeout.map_err(|_| Refused::parameter("maximum_timeout is invalid"))?,
            note: clearable(fields, "maintenance_note")?,
        })
    }

    /// Over what is.
    fn over(self, draft: RunnerDraft) -> RunnerDraft {
        RunnerDraft {
            name: self.name.unwrap_or(draft.name),
            tags: self.tags.unwrap_or(draft.tags),
            run_untagged: self.run_untagged.unwrap_or(draft.run_untagged),
            paused: self.paused.unwrap_or(draft.paused),
            locked: self.locked.unwrap_or(draft.locked),
            protected: self.protected.unwrap_or(draft.protected),
            maximum_timeout: self.maximum_timeout.unwrap_or(draft.maximum_timeout),
            note: self.note.unwrap_or(draft.note),
        }
    }
}
