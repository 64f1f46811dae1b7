//! In which order a request is looked at, whatever its route: who asks, what the parameters say, what is there, who may.

use super::super::access::requests::Names;
use super::super::access::{Line, Need, lines};
use super::*;

/// What no parameter of that name can be, whatever route takes it.
const WRONG: &str = "page=x&per_page=x&sort=x&order_by=x&scope=x&status=x&states=x&state=x&source=x&type=x&visibility=x\
    &active=x&blocked=x&paused=x&force=x&masked=x&dry_run=x&include_jobs=x&include_retried=x&with_projects=x&archived=x\
    &search_recent_successful_pipelines=x&created_after=x&since=x&until=x&expires_at=x&id_after=x&user_id=x&creator_id=x\
    &byte_offset=x&file_type=X&tier=x&process_mode=x&runner_id=x&runner_type=x&variable_type=x&maximum_timeout=x\
    &build_timeout=x&ref[]=x&sha[]=x&name[]=x&description[]=x&key[]=x&value[]=x&content[]=x&full_path[]=x&filter=x\
    &inputs=x&job_inputs=x&job_variables_attributes=x&variables=x&top_level_only=x";

/// What GitLab has, and nothing of the runner protocol or of Weir's own.
pub(super) fn routes() -> Vec<Line> {
    let is_ours = |line: &Line| {
        line.path.starts_with("/api/v4/") && !line.path.contains("/weir/") && !matches!(line.needs[..], [Need::Runner])
    };
    lines().into_iter().filter(is_ours).collect()
}

/// What somebody is told who asks a route like this.
async fn told(town: &Town, line: &Line, who: &str, names: &Names) -> (u16, String) {
    let path = names.request(town, town.web(), &line.route).path;
    let mark = if path.contains('?') { '&' } else { '?' };
    // What is wrong stands last, and the last one counts.
    let path = format!("{path}{mark}{WRONG}");
    let body = if matches!(line.method.as_str(), "GET" | "DELETE") { "" } else { "{}" };
    // Their own token is used up by some.
    let is_own = line.path.contains("/personal_access_tokens/self");
    let who = if is_own { town.with_another_token(town.who(who)).await } else { town.who(who).clone() };
    let answer = town.ask(&who, &line.method, &path, JSON.1, body, false).await;
    (answer.status.as_u16(), answer.text().to_owned())
}

#[tokio::test]
async fn parameters_come_before_what_is_there_and_before_who_may() {
    let town = Town::new().await;
    let missing = Names::missing(&town);
    let mut with_parameters = Vec::new();
    for line in routes() {
        let who = town.who("root by api");
        let names = Names::of(&town, town.web()).with_token_of(&town, who).await;
        let names = names.used_up(&town, town.web(), who, &line.route).await;
        let (status, text) = told(&town, &line, "root by api", &names).await;
        assert!(status < 500, "{}: {status} {text}", line.route);
        if status != 400 || !text.starts_with("{\"error\":") {
            continue;
        }
        with_parameters.push(line.route.clone());
        // Neither of somebody who may not, nor of what is not there, is anything said.
        for (who, names) in [("gil by api", &names), ("root by api", &missing), ("sam by api", &names)] {
            let other = told(&town, &line, who, names).await;
            assert_eq!(other, (status, text.clone()), "{} as {who}", line.route);
        }
        // Who asks, and by what, is the first question.
        let by_job = matches!(line.needs[..], [Need::Secret]);
        if line.method != "GET" && !by_job {
            assert_eq!(told(&town, &line, "anonymous", &names).await.0, 401, "{}", line.route);
            let scope = told(&town, &line, "oda by read_api", &names).await;
            assert!(scope.0 == 403 && scope.1.contains("insufficient_scope"), "{}: {scope:?}", line.route);
        }
        if !by_job {
            assert_eq!(told(&town, &line, "expired token", &names).await.0, 401, "{}", line.route);
        }
    }
    // Those that have none.
    let mut without: Vec<_> = routes().into_iter().map(|line| line.route).collect();
    without.retain(|route| !with_parameters.contains(route));
    insta::assert_debug_snapshot!("routes_without_parameters", without);
}

#[tokio::test]
async fn numbers_in_addresses_come_before_what_is_there() {
    let town = Town::new().await;
    let web = town.web().id;
    for (path, parameter) in [
        ("/projects/{}/pipelines/x", "pipeline_id"),
        ("/projects/{}/jobs/x", "job_id"),
        ("/projects/{}/environments/x", "environment_id"),
        ("/projects/{}/pipeline_schedules/x", "pipeline_schedule_id"),
        ("/projects/{}/triggers/x", "trigger_id"),
        ("/runners/x", "id"),
        ("/runners/x/jobs", "runner_id"),
        ("/users/x", "id"),
        ("/personal_access_tokens/x", "id"),
    ] {
        for project in [web.to_string(), "987654".into()] {
            let path = path.replace("{}", &project);
            let answer = town.api("root by api", "GET", &path, &Value::Null).await;
            assert_eq!(refused(&answer), (400, json!({"error": format!("{parameter} is invalid")})), "{path}");
            // One that is none of ours, however long, is not there.
            let path = path.replace('x', "99999999999999999999");
            let answer = town.api("root by api", "GET", &path, &Value::Null).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
