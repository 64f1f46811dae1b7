//! Runners and their tokens.

use leptos::prelude::*;
use model::{Caller, Error, ErrorKind, ProjectId, RunnerDraft, RunnerId};

use super::{Once, page_of, refuse, service, show_once};
use crate::rpc::{Refusal, ssr};
use crate::service::SharedService;

const PAGE: &str = "/runners";

/// Makes a runner, of one project or for all of them.
#[server(prefix = "/rpc", endpoint = "runner/create")]
pub async fn create_runner(
    #[server(default)] project: Option<ProjectId>,
    #[server(default)] name: String,
    #[server(default)] tags: String,
    #[server(default)] untagged: bool,
    #[server(default)] protected: bool,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let draft = draft(&name, &tags, untagged, protected);
    let (_, token) = service
        .create_runner(&caller, project, draft)
        .await
        .map_err(|error| refuse(&page, "new", &fields(&name, &tags, untagged, protected), error))?;
    show_once(&page, &caller, Once::Runner(token));
    Ok(())
}

/// Changes a runner. It stays paused if it is.
#[server(prefix = "/rpc", endpoint = "runner/change")]
pub async fn change_runner(
    id: RunnerId,
    #[server(default)] project: Option<ProjectId>,
    #[server(default)] name: String,
    #[server(default)] tags: String,
    #[server(default)] untagged: bool,
    #[server(default)] protected: bool,
    #[server(default)] back: String,
    #[server(default)] edit: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let form = page_of(&edit, PAGE);
    let refused = |error| refuse(&form, "edit", &fields(&name, &tags, untagged, protected), error);
    let now = known(&service, &caller, project, id).await.map_err(refused)?;
    let RunnerDraft { name: called, tags, run_untagged, protected, .. } = draft(&name, &tags, untagged, protected);
    let draft = RunnerDraft { name: called, tags, run_untagged, protected, ..now };
    service.change_runner(&caller, id, draft).await.map_err(refused)?;
    ssr::go(&page_of(&back, PAGE));
    Ok(())
}

/// Pauses a runner, or lets it take jobs again.
#[server(prefix = "/rpc", endpoint = "runner/pause")]
pub async fn pause_runner(
    id: RunnerId,
    #[server(default)] project: Option<ProjectId>,
    #[server(default)] paused: bool,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let refused = |error| refuse(&page, "", &[], error);
    let now = known(&service, &caller, project, id).await.map_err(refused)?;
    service.change_runner(&caller, id, RunnerDraft { paused, ..now }).await.map_err(refused)?;
    ssr::go(&page);
    Ok(())
}

/// Gives a runner a new token.
#[server(prefix = "/rpc", endpoint = "runner/rotate")]
pub async fn rotate_runner(id: RunnerId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let token = service.rotate_runner(&caller, id).await.map_err(|error| refuse(&page, "", &[], error))?;
    show_once(&page, &caller, Once::Runner(token));
    Ok(())
}

/// Deletes a runner.
#[server(prefix = "/rpc", endpoint = "runner/delete")]
pub async fn delete_runner(id: RunnerId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    match service.delete_runner(&caller, id).await {
        // Somebody was faster.
        Err(error) if error.kind != ErrorKind::NotFound => return Err(refuse(&page, "", &[], error)),
        _ => ssr::go(&page),
    }
    Ok(())
}

/// What is set about a runner now.
async fn known(
    service: &SharedService,
    caller: &Caller,
    project: Option<ProjectId>,
    id: RunnerId,
) -> Result<RunnerDraft, Error> {
    let found = service.runners(caller, project).await?.into_iter().find(|runner| runner.id == id);
    found.map(|runner| runner.draft).ok_or_else(|| Error::not_found("runner"))
}

fn draft(name: &str, tags: &str, run_untagged: bool, protected: bool) -> RunnerDraft {
    let tags = tags.split([',', '，']).map(str::trim).filter(|tag| !tag.is_empty());
    RunnerDraft {
        name: name.trim().to_owned(),
        tags: tags.map(str::to_owned).collect(),
        run_untagged,
        protected,
        ..RunnerDraft::default()
    }
}

/// The fields as they were typed.
fn fields<'a>(name: &'a str, tags: &'a str, untagged: bool, protected: bool) -> [(&'a str, &'a str); 4] {
    let flag = |on| if on { "true" } else { "" };
    [("name", name), ("tags", tags), ("untagged", flag(untagged)), ("protected", flag(protected))]
}

#[cfg(test)]
mod tests {
    use super::draft;

    #[test]
    fn tags_are_separated_by_commas() {
        assert_eq!(draft(" lab ", "linux, docker ,,a b，x", true, false).tags, ["linux", "docker", "a b", "x"]);
        assert!(draft("lab", " , ", true, false).tags.is_empty());
    }
}
