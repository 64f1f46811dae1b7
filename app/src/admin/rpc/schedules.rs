//! Schedules. Values of variables cross in the bodies of requests and answers only.

use leptos::prelude::*;
use model::plan::Variable;
use model::{Error, ErrorKind, ProjectId, ScheduleChanges, ScheduleDraft, ScheduleId};

use super::{page_of, refuse, service, some};
use crate::logic::variables;
use crate::rpc::kept::with_name;
use crate::rpc::{Refusal, ssr};

const PAGE: &str = "/schedules";

/// Makes a schedule, which starts runs as the caller.
#[server(prefix = "/rpc", endpoint = "schedule/create")]
pub async fn create_schedule(
    project: ProjectId,
    #[server(default)] description: String,
    #[server(default)] cron: String,
    #[server(default)] timezone: String,
    #[server(default)] git_ref: String,
    #[server(default)] pipeline: String,
    #[server(default)] variables: String,
    #[server(default)] active: bool,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let number = project.to_string();
    let typed = fields(&description, &cron, &timezone, &git_ref, &pipeline, active);
    let refused = |error| {
        let all: Vec<_> = typed.iter().copied().chain([("project", number.as_str())]).collect();
        refuse(&page, "new", &all, error)
    };
    let given = variables::read(&variables).map_err(|text| refused(Error::invalid(text)))?;
    let draft = ScheduleDraft {
        description: description.clone(),
        cron: cron.clone(),
        timezone: timezone.clone(),
        git_ref: git_ref.clone(),
        pipeline: key(&pipeline).map_err(refused)?,
        is_active: active,
        ..ScheduleDraft::default()
    };
    service.create_schedule(&caller, project, draft, given).await.map_err(refused)?;
    ssr::go(&with_name(&page, "done", "saved"));
    Ok(())
}

/// Changes a schedule. Variables that no line can say stay as they are.
#[server(prefix = "/rpc", endpoint = "schedule/change")]
pub async fn change_schedule(
    id: ScheduleId,
    #[server(default)] description: String,
    #[server(default)] cron: String,
    #[server(default)] timezone: String,
    #[server(default)] git_ref: String,
    #[server(default)] pipeline: String,
    #[server(default)] variables: String,
    #[server(default)] active: bool,
    #[server(default)] back: String,
    #[server(default)] edit: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let form = page_of(&edit, PAGE);
    let typed = fields(&description, &cron, &timezone, &git_ref, &pipeline, active);
    let refused = |error| refuse(&form, "edit", &typed, error);
    let mut given = variables::read(&variables).map_err(|text| refused(Error::invalid(text)))?;
    let before = service.schedule(&caller, id).await.map_err(refused)?;
    let changes = ScheduleChanges {
        description: Some(description.clone()),
        cron: Some(cron.clone()),
        timezone: Some(timezone.clone()),
        git_ref: Some(git_ref.clone()),
        pipeline: Some(pipeline.clone()),
        is_active: Some(active),
        inputs: Vec::new(),
        // Who does not see them leaves them alone.
        variables: before.variables.map(|kept| {
            let (_, others) = in_lines(&kept);
            let is_new = |one: &Variable| !given.iter().any(|given| given.key == one.key);
            let stay: Vec<Variable> = others.into_iter().filter(is_new).collect();
            given.extend(stay);
            given
        }),
    };
    service.change_schedule(&caller, id, changes).await.map_err(refused)?;
    ssr::go(&with_name(&page_of(&back, PAGE), "done", "saved"));
    Ok(())
}

/// Lets a schedule rest, or start runs again.
#[server(prefix = "/rpc", endpoint = "schedule/activate")]
pub async fn activate_schedule(
    id: ScheduleId,
    #[server(default)] active: bool,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let changes = ScheduleChanges { is_active: Some(active), ..ScheduleChanges::default() };
    service.change_schedule(&caller, id, changes).await.map_err(|error| refuse(&page, "", &[], error))?;
    ssr::go(&page);
    Ok(())
}

/// Starts the run of a schedule now; its page is shown.
#[server(prefix = "/rpc", endpoint = "schedule/play")]
pub async fn play_schedule(id: ScheduleId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let run = service.play_schedule(&caller, id).await.map_err(|error| refuse(&page, "", &[], error))?;
    ssr::go(&crate::logic::href::run(run.id));
    Ok(())
}

/// The schedule starts runs as the caller from now on.
#[server(prefix = "/rpc", endpoint = "schedule/take")]
pub async fn take_schedule(id: ScheduleId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    service.take_schedule(&caller, id).await.map_err(|error| refuse(&page, "", &[], error))?;
    ssr::go(&page);
    Ok(())
}

/// Deletes a schedule.
#[server(prefix = "/rpc", endpoint = "schedule/delete")]
pub async fn delete_schedule(id: ScheduleId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    match service.delete_schedule(&caller, id).await {
        // Somebody was faster.
        Err(error) if error.kind != ErrorKind::NotFound => return Err(refuse(&page, "", &[], error)),
        _ => ssr::go(&page),
    }
    Ok(())
}

/// The pipeline that somebody names; none for none.
fn key(text: &str) -> Result<Option<model::PipelineKey>, Error> {
    some(text).map(|key| key.parse().map_err(|error| Error::invalid(format!("pipeline: {error}")))).transpose()
}

/// The fields as they were typed, but for the variables: what may be a secret is not kept for whoever asks for the page.
fn fields<'a>(
    description: &'a str,
    cron: &'a str,
    timezone: &'a str,
    git_ref: &'a str,
    pipeline: &'a str,
    active: bool,
) -> [(&'a str, &'a str); 6] {
    [
        ("description", description),
        ("cron", cron),
        ("timezone", timezone),
        ("git_ref", git_ref),
        ("pipeline", pipeline),
        ("active", if active { "true" } else { "" }),
    ]
}

/// Variables as lines `NAME=value`, and those that no line can say: files, and what has several lines.
pub fn in_lines(variables: &[Variable]) -> (String, Vec<Variable>) {
    let has_line = |one: &&Variable| !one.file && !one.value.contains(['\n', '\r']);
    let lines: Vec<String> =
        variables.iter().filter(has_line).map(|one| format!("{}={}", one.key, one.value)).collect();
    (lines.join("\n"), variables.iter().filter(|one| !has_line(one)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_line_is_not_lost() {
        let file = Variable { file: true, ..Variable::new("F", "x") };
        let all = [Variable::new("A", "1 =2"), file.clone(), Variable::new("L", "a\nb")];
        let (text, others) = in_lines(&all);
        assert_eq!((text.as_str(), others.len(), &others[0]), ("A=1 =2", 2, &file));
        assert_eq!(variables::read(&text).unwrap(), all[..1]);
    }
}
