//! The variables that the server sets (contracts/ci-yaml.md part 6): those known before a run
//! exists, which conditions may ask for, and which every job gets too.

use model::plan::{PlannedJob, Variable};
use model::text::slug;
use model::{Parent, Project, Run, Source, Timestamp};

use super::ci_variables::is_protected;
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, users};

/// Who starts a run, as its jobs are told.
#[derive(Clone, Debug)]
pub struct Person {
    /// Number; 0 for who has no account, such as the owner of a server of one.
    pub id: i64,
    /// The name to sign in with.
    pub name: String,
    /// What people call them.
    pub full_name: String,
    /// Address; empty for none.
    pub email: String,
}

/// The person of this name.
pub fn person(conn: &Snapshot, name: &str) -> Result<Person, StoreError> {
    Ok(match users::by_name(conn, name)? {
        Some(user) => {
            Person { id: user.id.0, name: user.name, full_name: user.full_name, email: user.email.unwrap_or_default() }
        }
        None => Person { id: 0, name: name.to_owned(), full_name: name.to_owned(), email: String::new() },
    })
}

/// What is known of a run before it exists.
#[derive(Clone, Copy, Debug)]
pub struct Trigger<'a> {
    /// The address under which jobs reach the server.
    pub external_url: &'a str,
    /// The project.
    pub project: &'a Project,
    /// The commit.
    pub commit: &'a Commit,
    /// What starts the run.
    pub source: Source,
    /// Who starts it.
    pub user: &'a Person,
    /// The job above, for a child run.
    pub parent: Option<Parent>,
    /// The description of the schedule that starts it.
    pub schedule: Option<&'a str>,
}

/// What a job is told of itself by its definition. What comes of its environment is that of the environment's name as it
/// stands there.
pub fn of_planned(job: &PlannedJob) -> Vec<Variable> {
    let mut list = vec![("CI_JOB_NAME", job.name.clone()), ("CI_JOB_STAGE", job.stage.clone())];
    let (index, total) = job.instance.as_ref().map_or((None, 1), |one| (Some(one.index), one.total));
    list.extend(index.map(|index| ("CI_NODE_INDEX", index.to_string())));
    list.push(("CI_NODE_TOTAL", total.to_string()));
    list.push(("CI_JOB_NAME_SLUG", slug(&job.name)));
    list.push(("CI_JOB_GROUP_NAME", job.base_name.clone()));
    list.extend(job.image.as_ref().map(|image| ("CI_JOB_IMAGE", image.name.clone())));
    if let Some(environment) = &job.environment {
        let tier = environment.deployment_tier.clone();
        let tier = tier.unwrap_or_else(|| model::Tier::of_name(&environment.name).as_str().to_owned());
        list.push(("CI_ENVIRONMENT_NAME", environment.name.clone()));
        list.push(("CI_ENVIRONMENT_SLUG", model::Environment::slug_of(&environment.name)));
        list.push(("CI_ENVIRONMENT_ACTION", environment.action.as_str().to_owned()));
        list.push(("CI_ENVIRONMENT_TIER", tier));
    }
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }).collect()
}

/// The variables for a run that is started so.
pub fn of_trigger(trigger: &Trigger<'_>) -> Vec<Variable> {
    let Trigger { external_url, project, commit, source, user, parent, schedule } = *trigger;
    let (path, text) = (&project.path, |text: &str| text.to_owned());
    let mut list = vec![
        ("CI", text("true")),
        ("GITLAB_CI", text("true")),
        ("WEIR", text("true")),
        ("CI_SERVER", text("yes")),
        ("CI_SERVER_NAME", text("Weir")),
        ("CI_SERVER_URL", text(external_url)),
        ("CI_SERVER_VERSION", text(env!("CARGO_PKG_VERSION"))),
        ("CI_API_V4_URL", format!("{external_url}/api/v4")),
        ("CI_PROJECT_ID", project.id.to_string()),
        ("CI_PROJECT_NAME", text(path.name())),
        ("CI_PROJECT_TITLE", text(project.options.name.as_deref().unwrap_or(path.name()))),
        ("CI_PROJECT_DESCRIPTION", text(project.options.description.as_deref().unwrap_or_default())),
        ("CI_PROJECT_PATH", text(path.as_str())),
        ("CI_PROJECT_PATH_SLUG", slug(path.as_str())),
        ("CI_PROJECT_NAMESPACE", text(path.namespace())),
        ("CI_PROJECT_ROOT_NAMESPACE", text(path.namespace().split('/').next().unwrap_or_default())),
        ("CI_PROJECT_URL", format!("{external_url}/projects/{path}")),
        ("CI_PROJECT_VISIBILITY", text(project.visibility.as_str())),
        ("CI_CONFIG_PATH", text(super::source::definition_file(project))),
        ("CI_PROJECT_NAMESPACE_ID", project.namespace_id.to_string()),
        ("GITLAB_USER_ID", user.id.to_string()),
        ("GITLAB_USER_EMAIL", text(&user.email)),
        ("GITLAB_USER_LOGIN", text(&user.name)),
        ("GITLAB_USER_NAME", text(&user.full_name)),
    ];
    list.extend(of_address(external_url));
    if !commit.sha.is_empty() {
        list.extend(of_commit(commit));
        list.push(("CI_COMMIT_REF_PROTECTED", is_protected(project, commit).to_string()));
    }
    list.extend(of_source(source.as_str()));
    list.extend(schedule.map(|description| ("CI_PIPELINE_SCHEDULE_DESCRIPTION", text(description))));
    if let Some(parent) = parent {
        list.push(("CI_UPSTREAM_PIPELINE_ID", parent.run.to_string()));
        list.push(("CI_UPSTREAM_JOB_ID", parent.job.to_string()));
        list.push(("CI_UPSTREAM_PROJECT_ID", project.id.to_string()));
    }
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }).collect()
}

/// What starts the run.
pub fn of_source(source: &str) -> Vec<(&'static str, String)> {
    let marks = [("schedule", "CI_PIPELINE_SCHEDULED"), ("trigger", "CI_PIPELINE_TRIGGERED")];
    let mark = marks.into_iter().find(|(kind, _)| *kind == source).map(|(_, name)| (name, "true".to_owned()));
    [("CI_PIPELINE_SOURCE", source.to_owned())].into_iter().chain(mark).collect()
}

/// The variable that is known of a run only once its number is taken.
pub const NUMBER: &str = "CI_PIPELINE_IID";

/// What is known of a run that is about to be made, if it gets this number.
pub fn of_next(number: i64, now: Timestamp) -> Vec<Variable> {
    let list = [(NUMBER, number.to_string()), ("CI_PIPELINE_CREATED_AT", now.rfc3339())];
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }).collect()
}

/// The variables of a run that exists: those that it was started with, and its own.
pub fn of_run(trigger: &Trigger<'_>, run: &Run) -> Vec<Variable> {
    let base = trigger.external_url;
    let mut list = vec![
        ("CI_PIPELINE_ID", run.id.to_string()),
        (NUMBER, run.number.to_string()),
        ("CI_PIPELINE_URL", format!("{base}/runs/{}", run.id)),
        ("CI_PIPELINE_CREATED_AT", run.created_at.rfc3339()),
    ];
    list.extend(run.name.clone().map(|name| ("CI_PIPELINE_NAME", name)));
    let own = list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) });
    of_trigger(trigger).into_iter().chain(own).collect()
}

/// The parts of the server's address.
pub fn of_address(url: &str) -> Vec<(&'static str, String)> {
    let Ok(url) = url.parse::<http::Uri>() else { return Vec::new() };
    let (host, protocol) = (url.host().unwrap_or_default(), url.scheme_str().unwrap_or("http"));
    let port = url.port_u16().unwrap_or(if protocol == "https" { 443 } else { 80 });
    vec![
        ("CI_SERVER_HOST", host.to_owned()),
        ("CI_SERVER_PORT", port.to_string()),
        ("CI_SERVER_PROTOCOL", protocol.to_owned()),
        ("CI_SERVER_FQDN", url.authority().map(ToString::to_string).unwrap_or_default()),
    ]
}

/// The variables of a commit.
pub fn of_commit(commit: &Commit) -> Vec<(&'static str, String)> {
    let details = &commit.details;
    let message = details.message.trim();
    // As on GitLab: what a long title says is said again in the description.
    let description = match message.split_once('\n') {
        Some((first, rest)) if first.chars().count() <= 100 => rest.trim_start_matches('\n').to_owned(),
        None if message.chars().count() <= 100 => String::new(),
        _ => message.to_owned(),
    };
    let mut list = vec![
        ("CI_COMMIT_SHA", commit.sha.clone()),
        ("CI_COMMIT_SHORT_SHA", commit.sha.chars().take(8).collect()),
        ("CI_COMMIT_BEFORE_SHA", "0".repeat(40)),
        ("CI_COMMIT_REF_NAME", commit.git_ref.clone()),
        ("CI_COMMIT_REF_SLUG", slug(&commit.git_ref)),
        ("CI_COMMIT_TITLE", commit.title.clone()),
        ("CI_COMMIT_MESSAGE", message.to_owned()),
        ("CI_COMMIT_DESCRIPTION", description),
        ("CI_COMMIT_AUTHOR", details.author.clone()),
        ("CI_COMMIT_TIMESTAMP", details.timestamp.clone()),
        ("CI_DEFAULT_BRANCH", details.default_branch.clone()),
    ];
    if commit.is_tag {
        list.push(("CI_COMMIT_TAG", commit.git_ref.clone()));
    } else if commit.sha.is_empty() || !commit.sha.starts_with(&commit.git_ref) {
        // A run for a bare commit has no branch.
        list.push(("CI_COMMIT_BRANCH", commit.git_ref.clone()));
    }
    if !details.tag_message.is_empty() {
        list.push(("CI_COMMIT_TAG_MESSAGE", details.tag_message.clone()));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let of = |url: &str| of_address(url).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!(of("https://ci.example.org/weir"), ["ci.example.org", "443", "https", "ci.example.org"]);
        assert_eq!(of("http://127.0.0.1:9433"), ["127.0.0.1", "9433", "http", "127.0.0.1:9433"]);
        assert!(of("no address").is_empty());
    }

    #[test]
    fn the_description_is_what_follows_the_title() {
        let of = |message: &str| {
            let mut commit = Commit::default();
            commit.details.message = message.to_owned();
            of_commit(&commit).into_iter().find(|(key, _)| *key == "CI_COMMIT_DESCRIPTION").unwrap().1
        };
        assert_eq!((of("Short").as_str(), of("Short\n\nWhy it is so.").as_str()), ("", "Why it is so."));
        assert_eq!(of(&"x".repeat(101)).len(), 101);
    }
}
