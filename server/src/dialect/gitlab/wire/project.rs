//! Projects and the namespaces they lie in, which GitLab calls groups.

use model::{Project, Role, Visibility};
use serde_json::{Value, json};

use super::user;
use crate::service::namespaces::NamespaceView;
use crate::service::projects::ProjectView;

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn access(role: Option<Role>) -> Value {
    let member = role.filter(|role| Role::OF_MEMBERS.contains(role));
    member.map_or(Value::Null, |role| json!({"access_level": role.level(), "notification_level": 3}))
}

/// The name for people.
fn title(project: &Project) -> &str {
    project.options.name.as_deref().unwrap_or_else(|| project.path.name())
}

/// A project as it stands in other objects.
pub fn basic(project: &Project) -> Value {
    let above = project.path.namespace().replace('/', " / ");
    json!({
        "id": project.id,
        "uid": project.uid,
        "description": project.options.description,
        "name": title(project),
        "name_with_namespace": format!("{above} / {}", title(project)),
        "path": project.path.name(),
        "path_with_namespace": project.path,
        "created_at": project.created_at.rfc3339(),
    })
}

/// A project with what `simple` lists have of it; `base` is the address that the client uses, without a slash at its end.
pub fn simple(view: &ProjectView, base: &str) -> Value {
    let project = &view.project;
    let namespace = view.namespace.path.as_str();
    let source = project.source.as_deref();
    let is_ssh = |source: &&str| source.starts_with("ssh://") || (!source.contains("://") && source.contains('@'));
    let more = json!({
        "default_branch": view.default_branch,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": source.filter(is_ssh),
        "http_url_to_repo": source,
        "web_url": format!("{base}/projects/{}", project.path),
        "readme_url": null,
        "forks_count": 0,
        "avatar_url": null,
        "star_count": 0,
        "last_activity_at": view.active_at.rfc3339(),
        "namespace": {
            "id": view.namespace.id,
            "name": last(namespace),
            "path": last(namespace),
            "kind": "group",
            "full_path": namespace,
            "parent_id": view.parent,
            "avatar_url": null,
            "web_url": format!("{base}/projects/{namespace}"),
        },
    });
    user::joined(basic(project), more)
}

/// A whole project. What no setting of Weir's changes is what is true for each of its projects.
pub fn whole(view: &ProjectView, base: &str) -> Value {
    let (project, options) = (&view.project, &view.project.options);
    let more = json!({
        "visibility": project.visibility,
        "updated_at": project.updated_at.rfc3339(),
        "archived": false,
        "empty_repo": view.default_branch.is_none(),
        "open_issues_count": 0,
        "creator_id": view.creator.as_ref().map(|user| user.id),
        "owner": view.creator.as_ref().map(|one| user::basic(one, base)),
        "_links": {
            "self": format!("{base}/api/v4/projects/{}", project.id),
            "repo_branches": format!("{base}/api/v4/projects/{}/repository/branches", project.id),
        },
        "permissions": {
            "project_access": access(view.own_role),
            "group_access": access(Some(view.group_role)),
        },
    });
    let ci = json!({
        "jobs_enabled": true,
        "builds_access_level": "enabled",
        "shared_runners_enabled": options.shared_runners,
        "group_runners_enabled": false,
        "public_jobs": project.public_jobs,
        "build_timeout": options.timeout,
        "ci_config_path": options.config_path,
        "ci_default_git_depth": options.git_depth,
        "auto_cancel_pending_pipelines": if options.auto_cancel { "enabled" } else { "disabled" },
        "build_git_strategy": "fetch",
        "runners_token": null,
        "keep_latest_artifact": options.keep_latest,
        "ci_job_token_scope_enabled": true,
        "restrict_user_defined_variables": false,
        "ci_pipeline_variables_minimum_override_role": "developer",
    });
    user::joined(user::joined(simple(view, base), more), ci)
}

/// A namespace.
pub fn group(view: &NamespaceView, base: &str) -> Value {
    let path = view.namespace.path.as_str();
    let visibility: Visibility = view.visibility;
    json!({
        "id": view.namespace.id,
        "name": last(path),
        "path": last(path),
        "full_name": path.replace('/', " / "),
        "full_path": path,
        "description": "",
        "visibility": visibility,
        "web_url": format!("{base}/projects/{path}"),
        "avatar_url": null,
        "parent_id": view.parent,
        "created_at": view.namespace.created_at.rfc3339(),
        "shared_runners_setting": "enabled",
    })
}
