//! Projects.

use app::service::{Accounts as _, Service as _};
use axum::http::StatusCode;
use axum::response::Response;
use model::{ErrorKind, Project, ProjectOptions, ProjectSettings, Visibility};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::given::{answer, by_field, called, clearable, next_link, number, one_of, paged, switch, text, whole};
use super::page::Page;
use super::target::Target;
use super::wire::project;
use crate::auth::Action;
use crate::http::{Fresh, Freshness};
use crate::service::projects::ProjectView;

/// What a list can be ordered by.
const ORDERS: [&str; 6] = ["created_at", "id", "name", "path", "updated_at", "last_activity_at"];

/// `GET /projects`
pub async fn list(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let (page, query) = (Page::read(&target.query)?, &target.query);
    let search = text(query, "search").map(str::to_lowercase);
    let with_namespaces = switch(query, "search_namespaces")?.unwrap_or(false);
    let (membership, owned) = (switch(query, "membership")?, switch(query, "owned")?);
    let (archived, simple) = (switch(query, "archived")?, switch(query, "simple")?.unwrap_or(false));
    let visibility = text(query, "visibility").map(|word| {
        word.parse::<Visibility>().map_err(|()| Refused::parameter("visibility does not have a valid value"))
    });
    let visibility = visibility.transpose()?;
    let least = number(query, "min_access_level")?;
    let (after, before) = (number(query, "id_after")?, number(query, "id_before")?);
    let by_key = text(query, "pagination") == Some("keyset");
    let order = one_of(query, "order_by", &ORDERS)?;
    let ascending = one_of(query, "sort", &["desc", "asc"])? == "asc";
    if by_key && order != "id" {
        let text = "Keyset pagination is not yet available for this type of request";
        return Ok(answer(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": text})));
    }
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
                if simple { project::basic(&one.project) } else { project::whole(one, target.base()) }
            };
            if by_key {
                let size = page.size() as usize;
                let part: Vec<Value> = all.iter().take(size).map(shown).collect();
                let last = all.get(size.saturating_sub(1)).filter(|_| all.len() > size);
                let name = if ascending { "id_after" } else { "id_before" };
                let headers = last.map(|last| next_link(&target, &[(name, last.project.id.0.unsigned_abs())]));
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
pub async fn create(target: Target, fields: Fields) -> Result<Response, Refused> {
    let (name, path) = (fields.text("name")?, fields.text("path")?);
    let path = match (path.filter(|path| !path.is_empty()), &name) {
        (Some(path), _) => path,
        (None, Some(name)) if !name.is_empty() => path_of(name),
        _ => {
            return Err(Refused::parameter("name, path are missing, at least one parameter must be provided"));
        }
    };
    let visibility = fields.word::<Visibility>("visibility")?.unwrap_or_default();
    let namespace = match fields.text("namespace_id")?.filter(|id| !id.is_empty()) {
        Some(id) => match target.weir.namespace_called(&target.caller, &id).await {
            Ok(found) => found.namespace.path,
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
    let source = fields.text("import_url")?.filter(|url| !url.is_empty());
    let mut wanted = options(&fields, ProjectOptions::default())?;
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
    let public_jobs = fields.switch("public_jobs")?.or(fields.switch("public_builds")?);
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

/// The options that a body says, over those that are.
fn options(fields: &Fields, mut options: ProjectOptions) -> Result<ProjectOptions, Refused> {
    let texts = [
        ("name", &mut options.name),
        ("description", &mut options.description),
        ("default_branch", &mut options.default_branch),
        ("ci_config_path", &mut options.config_path),
    ];
    for (name, place) in texts {
        if let Some(text) = clearable(fields, name)? {
            *place = text;
        }
    }
    if let Some(seconds) = whole(fields, "build_timeout", 600..=2_592_000)? {
        options.timeout = seconds;
    }
    if let Some(commits) = whole(fields, "ci_default_git_depth", 0..=1000)? {
        options.git_depth = commits;
    }
    match fields.text("auto_cancel_pending_pipelines")?.as_deref() {
        None => {}
        Some("enabled") => options.auto_cancel = true,
        Some("disabled") => options.auto_cancel = false,
        Some(_) => return Err(Refused::parameter("auto_cancel_pending_pipelines does not have a valid value")),
    }
    if let Some(on) = fields.switch("keep_latest_artifact")? {
        options.keep_latest = on;
    }
    if let Some(on) = fields.switch("shared_runners_enabled")? {
        options.shared_runners = on;
    }
    Ok(options)
}

/// `PUT /projects/:id`
pub async fn update(target: Target, fields: Fields) -> Result<Response, Refused> {
    if fields.is_empty() {
        return Err(Refused::parameter("at least one parameter must be provided"));
    }
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    let visibility = fields.word::<Visibility>("visibility")?;
    let public_jobs = fields.switch("public_jobs")?.or(fields.switch("public_builds")?);
    let wanted = options(&fields, project.options.clone())?;
    if fields.text("path")?.is_some_and(|path| path != project.path.name()) {
        return Err(Refused::fields(json!({"path": ["cannot be changed: a project keeps its path"]})));
    }
    let before = settings(project, public_jobs);
    let source = match clearable(&fields, "import_url")? {
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

/// `DELETE /projects/:id`
pub async fn delete(target: Target) -> Result<Response, Refused> {
    let id = target.project_id()?;
    target.weir.delete_project(&target.caller, id).await?;
    Ok(answer(StatusCode::ACCEPTED, &json!({"message": "202 Accepted"})))
}
