//! Projects.

use app::service::{Accounts as _, Service as _};
use axum::http::StatusCode;
use axum::response::Response;
use model::{ErrorKind, Project, ProjectOptions, ProjectSettings, Visibility};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::given::{answer, by_field, called, clearable, number, one_of, paged, switch, text, time, within};
use super::page::Page;
use super::target::{Asked, Target};
use super::wire::project;
use crate::auth::Action;
use crate::http::{Fresh, Freshness};
use crate::service::projects::ProjectView;

/// What a list can be ordered by.
const ORDERS: [&str; 6] = ["created_at", "id", "name", "path", "updated_at", "last_activity_at"];

/// The levels of GitLab's roles.
const LEVELS: [i64; 7] = [10, 15, 20, 25, 30, 40, 50];

/// `GET /projects`
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, query) = (Page::read(&asked.query)?, &asked.query);
    let search = text(query, "search").map(str::to_lowercase);
    let with_namespaces = switch(query, "search_namespaces")?.unwrap_or(false);
    let (membership, owned) = (switch(query, "membership")?, switch(query, "owned")?);
    let (archived, simple) = (switch(query, "archived")?, switch(query, "simple")?.unwrap_or(false));
    let visibility = text(query, "visibility").map(|word| {
        word.parse::<Visibility>().map_err(|()| Refused::parameter("visibility does not have a valid value"))
    });
    let visibility = visibility.transpose()?;
    let least = number(query, "min_access_level")?;
    if least.is_some_and(|least| !LEVELS.contains(&least)) {
        return Err(Refused::parameter("min_access_level does not have a valid value"));
    }
    let (after, before) = (number(query, "id_after")?, number(query, "id_before")?);
    let (active_after, active_before) = (time(query, "last_activity_after")?, time(query, "last_activity_before")?);
    let by_key = text(query, "pagination") == Some("keyset");
    let order = one_of(query, "order_by", &ORDERS)?;
    let ascending = one_of(query, "sort", &["desc", "asc"])? == "asc";
    if by_key && order != "id" {
        let text = "Keyset pagination is not yet available for this type of request";
        return Ok(answer(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": text})));
    }
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let mut all = target.weir.project_views(&target.caller, None).await?;
            all.retain(|one| {
                let path = one.project.path.as_str();
                let name = if with_namespaces { path } else { one.project.path.name() };
                let title = one.project.options.name.as_deref().unwrap_or_default();
                let role = one.own_role.unwrap_or(model::Role::Nobody).max(one.group_role);
                let found = |part: &String| name.to_lowercase().contains(part) || title.to_lowercase().contains(part);
                search.as_ref().is_none_or(found)
                    && membership.is_none_or(|on| !on || role > model::Role::Nobody)
                    && owned.is_none_or(|on| !on || role >= model::Role::Owner)
                    && archived.is_none_or(|on| !on)
                    && visibility.is_none_or(|level| one.project.visibility == level)
                    && least.is_none_or(|least| i64::from(role.level()) >= least)
                    && after.is_none_or(|id| one.project.id.0 > id)
                    && before.is_none_or(|id| one.project.id.0 < id)
                    && active_after.is_none_or(|at| one.active_at > at)
                    && active_before.is_none_or(|at| one.active_at < at)
            });
            all.sort_by_key(|one| one.project.id);
            match order {
                "name" | "path" => all.sort_by_cached_key(|one| one.project.path.name().to_lowercase()),
                "updated_at" => all.sort_by_key(|one| one.project.updated_at),
                "last_activity_at" => all.sort_by_key(|one| one.active_at),
                _ => {}
            }
            if !ascending {
                all.reverse();
            }
            let shown = |one: &ProjectView| {
                if simple { project::simple(one, target.base()) } else { project::whole(one, target.base()) }
            };
            if by_key {
                let size = page.size() as usize;
                let part: Vec<Value> = all.iter().take(size).map(shown).collect();
                let last = all.get(size.saturating_sub(1)).filter(|_| all.len() > size);
                let name = if ascending { "id_after" } else { "id_before" };
                let headers = last.map(|last| target.next_link(name, last.project.id.to_string()));
                return Ok(Fresh::list(&part)?.with(headers.unwrap_or_default()));
            }
            paged(&target, page, &all.iter().map(shown).collect::<Vec<_>>())
        })
        .await
}

/// One project as the caller sees it now.
async fn object(target: &Target, id: model::ProjectId) -> Result<Value, Refused> {
    let found = target.weir.project_views(&target.caller, Some(id)).await.map_err(called("Project"))?;
    let view = found.first().ok_or_else(|| Refused::message(StatusCode::NOT_FOUND, "Project Not Found"))?;
    Ok(project::whole(view, target.base()))
}

/// `GET /projects/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let id = target.project_id()?;
    freshness.respond(|| async { Ok(Fresh::list(&object(&target, id).await?)?) }).await
}

/// The last part of a path, made from a name for people.
fn path_of(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c.to_ascii_lowercase() } else { '-' };
    name.trim().chars().map(kept).collect::<String>().trim_matches(['-', '.']).to_owned()
}

/// `POST /projects`
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let (name, path) = (fields.text("name")?, fields.text("path")?);
    let path = match (path.filter(|path| !path.is_empty()), &name) {
        (Some(path), _) => path,
        (None, Some(name)) if !name.is_empty() => path_of(name),
        _ => {
            return Err(Refused::parameter("name, path are missing, at least one parameter must be provided"));
        }
    };
    let visibility = fields.word::<Visibility>("visibility")?.unwrap_or_default();
    let namespace_id = fields.number("namespace_id", i64::MIN)?;
    let source = fields.filled("import_url")?;
    let (wanted, public_jobs) = (Wanted::read(&fields)?, public_jobs(&fields)?);
    let target = asked.find().await?;
    let namespace = match namespace_id {
        Some(id) => match target.weir.home_called(&target.caller, id).await {
            Ok(path) => path,
            // What is not there is told to those who might make it.
            Err(error) if error.kind == ErrorKind::NotFound => {
                target.weir.may_on_server(&target.caller, Action::InstanceSettings).await?;
                return Err(Refused::fields(json!({"namespace": ["is not valid"]})));
            }
            Err(error) => return Err(error.into()),
        },
        None => target.caller.user.clone(),
    };
    if path.contains('/') {
        return Err(Refused::fields(json!({"path": ["can contain only letters, digits, '_', '-' and '.'"]})));
    }
    let mut wanted = wanted.over(ProjectOptions::default())?;
    wanted.name = name.filter(|name| !name.is_empty() && *name != path);
    let refused = |error: model::Error| match error.kind {
        ErrorKind::Conflict => {
            let taken = "has already been taken";
            Refused::fields(json!({"project_namespace.name": [taken], "name": [taken], "path": [taken]}))
        }
        ErrorKind::Invalid if error.message.contains("source") => {
            Refused::fields(json!({"import_url": [error.message]}))
        }
        ErrorKind::Invalid => Refused::fields(json!({"path": [error.message]})),
        _ => error.into(),
    };
    let full = format!("{namespace}/{path}");
    let made =
        target.weir.create_project(&target.caller, &full, source.as_deref(), visibility).await.map_err(refused)?;
    if wanted != made.options || public_jobs.is_some() {
        let settings = ProjectSettings { options: wanted, ..settings(&made, public_jobs) };
        if let Err(error) = target.weir.change_project(&target.caller, made.id, settings).await {
            // What cannot be as it was asked for is not made half.
            target.weir.delete_project(&target.caller, made.id).await?;
            return Err(by_field(error));
        }
    }
    Ok(answer(StatusCode::CREATED, &object(&target, made.id).await?))
}

fn settings(project: &Project, public_jobs: Option<bool>) -> ProjectSettings {
    ProjectSettings {
        visibility: project.visibility,
        public_jobs: public_jobs.unwrap_or(project.public_jobs),
        protect_default: project.protection.default_branch,
        protected: project.protection.refs.clone(),
        source: project.source.clone(),
        options: project.options.clone(),
    }
}

/// Who sees jobs, by either of its names.
fn public_jobs(fields: &Fields) -> Result<Option<bool>, Refused> {
    let old = fields.switch("public_builds")?;
    Ok(fields.switch("public_jobs")?.or(old))
}

/// The options that a request says.
#[expect(clippy::option_option, reason = "said and null differ from not said")]
struct Wanted {
    name: Option<Option<String>>,
    description: Option<Option<String>>,
    default_branch: Option<Option<String>>,
    config_path: Option<Option<String>>,
    timeout: Option<i64>,
    git_depth: Option<i64>,
    auto_cancel: Option<bool>,
    keep_latest: Option<bool>,
    shared_runners: Option<bool>,
}

impl Wanted {
    fn read(fields: &Fields) -> Result<Self, Refused> {
        let auto_cancel = fields.choice("auto_cancel_pending_pipelines", &["enabled", "disabled"])?;
        Ok(Self {
            name: clearable(fields, "name")?,
            description: clearable(fields, "description")?,
            default_branch: clearable(fields, "default_branch")?,
            config_path: clearable(fields, "ci_config_path")?,
            timeout: fields.number("build_timeout", i64::MIN)?,
            git_depth: fields.number("ci_default_git_depth", i64::MIN)?,
            auto_cancel: auto_cancel.map(|word| word == "enabled"),
            keep_latest: fields.switch("keep_latest_artifact")?,
            shared_runners: fields.switch("shared_runners_enabled")?,
        })
    }

    /// Over those that are.
    fn over(self, mut options: ProjectOptions) -> Result<ProjectOptions, Refused> {
        if let Some(seconds) = self.timeout {
            options.timeout = within("build_timeout", seconds, 600..=2_592_000)?;
        }
        if let Some(commits) = self.git_depth {
            options.git_depth = within("ci_default_git_depth", commits, 0..=1000)?;
        }
        Ok(ProjectOptions {
            name: self.name.unwrap_or(options.name),
            description: self.description.unwrap_or(options.description),
            default_branch: self.default_branch.unwrap_or(options.default_branch),
            config_path: self.config_path.unwrap_or(options.config_path),
            auto_cancel: self.auto_cancel.unwrap_or(options.auto_cancel),
            keep_latest: self.keep_latest.unwrap_or(options.keep_latest),
            shared_runners: self.shared_runners.unwrap_or(options.shared_runners),
            ..options
        })
    }
}

/// `PUT /projects/:id`
pub async fn update(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    if fields.is_empty() {
        return Err(Refused::parameter("at least one parameter must be provided"));
    }
    let visibility = fields.word::<Visibility>("visibility")?;
    let (wanted, public_jobs) = (Wanted::read(&fields)?, public_jobs(&fields)?);
    let (path, source) = (fields.text("path")?, clearable(&fields, "import_url")?);
    let is_nameless = fields.text("name")?.is_some_and(|name| name.trim().is_empty());
    let target = asked.find().await?;
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    // Who may not is told that before what would be wrong.
    target.weir.may(&target.caller, Action::ProjectSettings, project.id).await?;
    if is_nameless {
        return Err(Refused::fields(json!({"name": ["can't be blank"]})));
    }
    let wanted = wanted.over(project.options.clone())?;
    if path.is_some_and(|path| path != project.path.name()) {
        return Err(Refused::fields(json!({"path": ["cannot be changed: a project keeps its path"]})));
    }
    let before = settings(project, public_jobs);
    let source = match source {
        Some(source) => source,
        // What the caller is shown may lack what is secret in it.
        None => target.weir.source_of(&target.caller, project.id).await?,
    };
    let changed = ProjectSettings {
        visibility: visibility.unwrap_or(project.visibility),
        source,
        options: ProjectOptions { name: wanted.name.filter(|name| name != project.path.name()), ..wanted },
        ..before
    };
    target.weir.change_project(&target.caller, project.id, changed).await.map_err(by_field)?;
    Ok(answer(StatusCode::OK, &object(&target, project.id).await?))
}

/// `DELETE /projects/:id`: who says which one is meant is not taken for another.
pub async fn delete(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let full_path = fields.filled("full_path")?;
    let target = asked.find().await?;
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    target.weir.may(&target.caller, Action::DeleteProject, project.id).await?;
    if full_path.is_some_and(|path| path != project.path.as_str()) {
        let text = "Unprocessable Entity - `full_path` is incorrect. You must enter the complete path for the project.";
        return Err(Refused::message(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    target.weir.drop_project(&target.caller, project.id, target.last_seen()).await?;
    Ok(answer(StatusCode::ACCEPTED, &json!({"message": "202 Accepted"})))
}
