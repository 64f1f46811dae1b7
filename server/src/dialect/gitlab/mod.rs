//! GitLab's dialect below `/api/v4`, as far as it goes: projects, runs and jobs. And Weir's own
//! addition `/api/v4/weir/…`, which finds the same objects without their project: what the command
//! line uses. One set of handlers serves both.

mod admin;
mod environments;
mod error;
mod fields;
mod jobs;
mod page;
mod projects;
mod resource_groups;
mod runners;
mod runs;
mod target;
mod tests;
mod trigger;
mod variables;
pub mod wire;

use axum::Router;
use axum::routing::{get, post, put};

use crate::http::AppState;

/// The routes, relative to `/api/v4`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/version", get(projects::version))
        .route("/metadata", get(projects::version))
        .route("/user", get(projects::user))
        .route("/projects", get(projects::list))
        .route("/projects/{project}", get(projects::get))
        .route("/projects/{project}/environments", get(environments::list))
        .route("/projects/{project}/environments/{environment}", get(environments::get))
        .route("/projects/{project}/environments/{environment}/stop", post(environments::stop))
        .route("/projects/{project}/resource_groups", get(resource_groups::list))
        .route("/projects/{project}/resource_groups/{key}", get(resource_groups::get).put(resource_groups::set))
        .route("/projects/{project}/resource_groups/{key}/upcoming_jobs", get(resource_groups::upcoming))
        .merge(ci_variables("/projects/{project}/variables"))
        .merge(ci_variables("/groups/{group}/variables"))
        .merge(ci_variables("/admin/ci/variables"))
        .merge(objects("/projects/{project}", "pipelines"))
        .merge(objects("/weir", "runs"))
        .route("/projects/{project}/trigger/pipeline", post(trigger::start))
        .route("/user/runners", post(runners::create))
        .route("/runners/all", get(runners::all))
        .route("/runners/{runner}", get(runners::get).put(runners::update).delete(runners::delete))
        .route("/runners/{runner}/reset_authentication_token", post(runners::rotate))
        .route("/projects/{project}/runners", get(runners::of_project))
        .route("/weir/runs/{run}/why", get(runs::why))
        .route("/weir/jobs/{job}/why", get(jobs::why))
        .route("/weir/jobs/{job}/unschedule", post(jobs::unschedule))
        .route("/weir/projects", post(admin::create_project))
        .route("/weir/tokens", post(admin::create_token))
        .route("/weir/access_keys", post(admin::create_access_key))
        .route("/weir/users", get(admin::users).post(admin::create_user))
        .route("/weir/users/{user}", put(admin::change_user))
        .route("/weir/users/{user}/password", post(admin::reset_password))
        .route("/weir/members/{*path}", post(admin::set_member))
        .route("/weir/permissions", get(admin::permissions))
        .route("/weir/permissions/{*path}", get(admin::permissions))
        .route("/weir/keys/rotate", post(admin::rotate_key))
}

/// CI/CD variables of one kind of owner.
fn ci_variables(root: &str) -> Router<AppState> {
    let one = get(variables::get).put(variables::update).delete(variables::delete);
    Router::new().route(root, get(variables::list).post(variables::create)).route(&format!("{root}/{{key}}"), one)
}

/// Runs and jobs below `root`; GitLab calls runs pipelines.
fn objects(root: &str, runs_word: &str) -> Router<AppState> {
    let run = format!("{root}/{runs_word}/{{run}}");
    let job = format!("{root}/jobs/{{job}}");
    Router::new()
        .route(&format!("{root}/{runs_word}"), get(runs::list))
        .route(&run, get(runs::get).delete(runs::delete))
        .route(&format!("{run}/jobs"), get(runs::jobs))
        .route(&format!("{run}/bridges"), get(runs::bridges))
        .route(&format!("{run}/trigger_jobs"), get(runs::bridges))
        .route(&format!("{run}/test_report"), get(tests::report))
        .route(&format!("{run}/test_report_summary"), get(tests::summary))
        .route(&format!("{run}/retry"), post(runs::retry))
        .route(&format!("{run}/cancel"), post(runs::cancel))
        .route(&format!("{root}/jobs"), get(jobs::list))
        .route(&job, get(jobs::get))
        .route(&format!("{job}/trace"), get(jobs::trace))
        .route(&format!("{job}/play"), post(jobs::play))
        .route(&format!("{job}/retry"), post(jobs::retry))
        .route(&format!("{job}/cancel"), post(jobs::cancel))
        .route(&format!("{job}/erase"), post(jobs::erase))
}
