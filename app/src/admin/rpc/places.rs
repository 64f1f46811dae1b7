//! Projects and namespaces.

use leptos::prelude::*;
use model::{Error, JobId, Place, ProjectId, ProjectOptions, ProjectSettings, ProtectedRef, Role, Visibility};

use super::{Once, page_of, place_of, refuse, service, show_once, some};
use crate::logic::href;
use crate::rpc::kept::with_name;
use crate::rpc::{Refusal, ssr};

const PAGE: &str = "/projects";

/// Makes a project.
#[server(prefix = "/rpc", endpoint = "project/create")]
pub async fn create_project(
    #[server(default)] path: String,
    #[server(default)] source: String,
    #[server(default)] visibility: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let level: Visibility = visibility.parse().unwrap_or_default();
    let project =
        service.create_project(&caller, path.trim(), some(&source).as_deref(), level).await.map_err(|error| {
            let fields = [("path", path.as_str()), ("source", &source), ("visibility", &visibility)];
            refuse(PAGE, "new", &fields, error)
        })?;
    ssr::go(&href::place(project.path.as_str()));
    Ok(())
}

/// Gives a user a role at a place; an empty one takes it away.
#[server(prefix = "/rpc", endpoint = "member/set")]
pub async fn set_member(
    #[server(default)] project: String,
    #[server(default)] namespace: String,
    #[server(default)] user: String,
    #[server(default)] role: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let (place, page) = (place_of(&project, &namespace)?, page_of(&back, PAGE));
    let refused = |error| refuse(&page, "member", &[("user", &user), ("role", &role)], error);
    let role = match role.as_str() {
        "" => None,
        // Which no member has: that is said to those who may say which they have.
        word => Some(Role::of_word(word).unwrap_or(Role::Nobody)),
    };
    service.set_member(&caller, place, user.trim(), role).await.map_err(refused)?;
    ssr::go(&page);
    Ok(())
}

/// Changes a project's settings.
#[server(prefix = "/rpc", endpoint = "project/change")]
pub async fn change_project(
    id: ProjectId,
    #[server(default)] visibility: String,
    #[server(default)] public_jobs: bool,
    #[server(default)] protect_default: bool,
    #[server(default)] protected: String,
    #[server(default)] source: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] default_branch: String,
    #[server(default)] config_path: String,
    #[server(default)] timeout: String,
    #[server(default)] git_depth: String,
    #[server(default)] auto_cancel: String,
    #[server(default)] keep_latest: String,
    #[server(default)] shared_runners: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let flag = |on| if on { "true" } else { "" };
    let fields = [
        ("visibility", visibility.as_str()),
        ("public_jobs", flag(public_jobs)),
        ("protect_default", flag(protect_default)),
        ("protected", &protected),
        ("source", &source),
        ("name", &name),
        ("description", &description),
        ("default_branch", &default_branch),
        ("config_path", &config_path),
        ("timeout", &timeout),
        ("git_depth", &git_depth),
        ("auto_cancel", &auto_cancel),
        ("keep_latest", &keep_latest),
        ("shared_runners", &shared_runners),
    ];
    let refused = |error| refuse(&page, "settings", &fields, error);
    let number = |text: &str, usual: u32, name: &str| match text.trim() {
        "" => Ok(usual),
        text => text.parse().map_err(|_| Error::invalid(format!("{name}: {text:?} is no whole number"))),
    };
    let usual = ProjectOptions::default();
    let read = || -> Result<ProjectSettings, Error> {
        Ok(ProjectSettings {
            visibility: visibility.parse().map_err(|()| Error::invalid("that is no visibility"))?,
            public_jobs,
            protect_default,
            protected: read_protected(&protected)?,
            source: some(&source),
            options: ProjectOptions {
                name: some(&name),
                description: some(&description),
                default_branch: some(&default_branch),
                config_path: some(&config_path),
                timeout: number(&timeout, usual.timeout, "build_timeout")?,
                git_depth: number(&git_depth, usual.git_depth, "ci_default_git_depth")?,
                auto_cancel: !auto_cancel.is_empty(),
                keep_latest: !keep_latest.is_empty(),
                shared_runners: !shared_runners.is_empty(),
            },
        })
    };
    let settings = match read() {
        Ok(settings) => settings,
        // What is wrong with it is for those who may change it.
        Err(error) => {
            let may = service.place(&caller, Place::Project(id)).await.map_err(refused)?.may.settings;
            let text = "settings are for maintainers to change";
            let refusal = if caller.is_signed_in() { Error::forbidden(text) } else { Error::unauthorized(text) };
            return Err(refused(if may { error } else { refusal }));
        }
    };
    service.change_project(&caller, id, settings).await.map_err(refused)?;
    ssr::go(&with_name(&page, "done", "saved"));
    Ok(())
}

/// Deletes a project, once its path was typed.
#[server(prefix = "/rpc", endpoint = "project/delete")]
pub async fn delete_project(
    id: ProjectId,
    #[server(default)] typed: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let refused = |error| refuse(&page_of(&back, PAGE), "delete", &[], error);
    let path = service.place(&caller, Place::Project(id)).await.map_err(refused)?.path;
    if typed.trim() != path {
        return Err(refused(Error::invalid(format!("type {path} to delete the project; nothing was deleted"))));
    }
    service.delete_project(&caller, id).await.map_err(refused)?;
    ssr::go(PAGE);
    Ok(())
}

/// Blanks a leaked value in a project's logs. The value is kept nowhere.
#[server(prefix = "/rpc", endpoint = "project/redact")]
pub async fn redact(
    id: ProjectId,
    #[server(default)] value: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let done = service.redact(&caller, id, &value).await.map_err(|error| refuse(&page, "redact", &[], error))?;
    show_once(&page, &caller, Once::Redaction(done));
    Ok(())
}

/// Deletes the artifacts of a job in which a leaked value stands; `shown` names what was found there.
#[server(prefix = "/rpc", endpoint = "job/delete_artifacts")]
pub async fn delete_artifacts(
    id: JobId,
    #[server(default)] shown: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    service.delete_artifacts(&caller, id).await.map_err(|error| refuse(&page, "redact", &[], error))?;
    match Once::take(&shown, &caller) {
        Some(Once::Redaction(mut done)) => {
            done.artifacts.retain(|(job, _)| *job != id);
            done.unread.retain(|job| *job != id);
            show_once(&page, &caller, Once::Redaction(done));
        }
        _ => ssr::go(&page),
    }
    Ok(())
}

/// Lines `branch release/*` and `tag v*`.
fn read_protected(text: &str) -> Result<Vec<ProtectedRef>, Error> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let read = |(number, line): (usize, &str)| {
        let wrong = || Error::invalid(format!("line {} is neither `branch PATTERN` nor `tag PATTERN`", number + 1));
        let (kind, pattern) = line.split_once(char::is_whitespace).ok_or_else(wrong)?;
        let is_tag = match kind {
            "branch" => false,
            "tag" => true,
            _ => return Err(wrong()),
        };
        Ok(ProtectedRef { is_tag, pattern: pattern.trim().to_owned() })
    };
    lines.map(read).collect()
}

/// The lines that [`read_protected`] reads.
pub fn write_protected(refs: &[ProtectedRef]) -> String {
    let line = |one: &ProtectedRef| format!("{} {}\n", if one.is_tag { "tag" } else { "branch" }, one.pattern);
    refs.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_refs_are_lines() {
        let refs = read_protected("branch release/*\r\n\n  tag\tv* \n").unwrap();
        assert_eq!(write_protected(&refs), "branch release/*\ntag v*\n");
        assert_eq!(read_protected(&write_protected(&refs)).unwrap(), refs);
        for bad in ["release/*", "branch", "commit abc"] {
            let error = read_protected(&format!("tag v1\n{bad}")).unwrap_err();
            assert!(error.message.starts_with("line 2 "), "{bad}: {error}");
        }
    }
}
