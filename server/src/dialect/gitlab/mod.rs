//! GitLab's dialect below `/api/v4`, as far as it goes: projects, runs and jobs. And Weir's own
//! addition `/api/v4/weir/…`, which finds the same objects without their project: what the command
//! line uses. One set of handlers serves both.

mod admin;
mod artifacts;
mod credential;
mod environments;
mod error;
mod fields;
mod given;
mod groups;
mod job_token;
mod jobs;
mod keyset;
mod lint;
mod nested;
mod page;
mod projects;
mod repository;
mod resource_groups;
mod run_list;
mod runners;
mod runs;
mod schedules;
mod server;
mod shown;
mod start;
mod target;
mod test_reports;
mod tokens;
mod trace;
mod trigger;
mod triggers;
mod users;
mod variables;
pub mod wire;

use axum::middleware::from_fn;

use crate::http::{AppState, Routes};

/// The routes, relative to `/api/v4`.
pub fn router() -> Routes<AppState> {
    Routes::new()
        .get("/version", server::version)
        .get("/metadata", server::version)
        .get("/user", users::me)
        .get("/users", users::list)
        .get("/users/{user}", users::get)
        .merge(tokens())
        .get("/groups", groups::list)
        .get("/groups/{group}", groups::get)
        .get("/groups/{group}/runners", runners::of_group)
        .get("/projects", projects::list)
        .post("/projects", projects::create)
        .get("/projects/{project}", projects::get)
        .put("/projects/{project}", projects::update)
        .delete("/projects/{project}", projects::delete)
        .merge(repository())
        .get("/projects/{project}/environments", environments::list)
        .post("/projects/{project}/environments", environments::create)
        .get("/projects/{project}/environments/{environment}", environments::get)
        .put("/projects/{project}/environments/{environment}", environments::update)
        .delete("/projects/{project}/environments/{environment}", environments::delete)
        .post("/projects/{project}/environments/{environment}/stop", environments::stop)
        .get("/projects/{project}/resource_groups", resource_groups::list)
        .get("/projects/{project}/resource_groups/{key}", resource_groups::get)
        .put("/projects/{project}/resource_groups/{key}", resource_groups::set)
        .get("/projects/{project}/resource_groups/{key}/upcoming_jobs", resource_groups::upcoming)
        .merge(ci_variables("/projects/{project}/variables"))
        .merge(ci_variables("/groups/{group}/variables"))
        .merge(ci_variables("/admin/ci/variables"))
        .merge(objects("/projects/{project}", "pipelines"))
        .merge(objects("/weir", "runs"))
        .merge(schedules())
        .get("/projects/{project}/triggers", triggers::list)
        .post("/projects/{project}/triggers", triggers::create)
        .get("/projects/{project}/triggers/{trigger}", triggers::get)
        .put("/projects/{project}/triggers/{trigger}", triggers::update)
        .delete("/projects/{project}/triggers/{trigger}", triggers::delete)
        .merge(of_project("/projects/{project}"))
        .post("/ci/lint", lint::alone)
        .get("/job", jobs::own)
        .get("/job/allowed_agents", jobs::agents)
        .post("/projects/{project}/trigger/pipeline", trigger::start)
        .post("/projects/{project}/ref/{*path}", trigger::start_of_ref)
        .post("/user/runners", runners::create)
        .get("/runners", runners::own)
        .get("/runners/all", runners::all)
        .get("/runners/{runner}", runners::get)
        .put("/runners/{runner}", runners::update)
        .delete("/runners/{runner}", runners::delete)
        .post("/runners/{runner}/reset_authentication_token", runners::rotate)
        .get("/runners/{runner}/jobs", runners::jobs)
        .get("/runners/{runner}/managers", runners::managers)
        .get("/projects/{project}/runners", runners::of_project)
        .post("/projects/{project}/runners", runners::lend)
        .delete("/projects/{project}/runners/{runner}", runners::take_back)
        .get("/weir/runs/{run}/why", runs::why)
        .get("/weir/jobs/{job}/why", jobs::why)
        .post("/weir/jobs/{job}/unschedule", jobs::unschedule)
        .post("/weir/projects", admin::create_project)
        .post("/weir/tokens", admin::create_token)
        .post("/weir/access_keys", admin::create_access_key)
        .post("/weir/access_keys/{access_key}/rotate", admin::rotate_access_key)
        .get("/weir/users", admin::users)
        .post("/weir/users", admin::create_user)
        .put("/weir/users/{user}", admin::change_user)
        .post("/weir/users/{user}/password", admin::reset_password)
        .post("/weir/members/{*path}", admin::set_member)
        .get("/weir/permissions", admin::permissions)
        .get("/weir/permissions/{*path}", admin::permissions)
        .post("/weir/keys/rotate", admin::rotate_key)
        .within(|router| router.layer(from_fn(credential::lift)))
}

/// Personal access tokens.
fn tokens() -> Routes<AppState> {
    Routes::new()
        .post("/user/personal_access_tokens", tokens::create_own)
        .post("/users/{user}/personal_access_tokens", tokens::create)
        .get("/personal_access_tokens", tokens::list)
        .get("/personal_access_tokens/self", tokens::own)
        .delete("/personal_access_tokens/self", tokens::revoke_own)
        .post("/personal_access_tokens/self/rotate", tokens::rotate_own)
        .get("/personal_access_tokens/{token}", tokens::get)
        .delete("/personal_access_tokens/{token}", tokens::revoke)
        .post("/personal_access_tokens/{token}/rotate", tokens::rotate)
}

/// The repository of a project.
fn repository() -> Routes<AppState> {
    let root = "/projects/{project}/repository";
    Routes::new()
        .get(&format!("{root}/branches"), repository::branches)
        .get(&format!("{root}/branches/{{*branch}}"), repository::branch)
        .get(&format!("{root}/tags"), repository::tags)
        .get(&format!("{root}/commits"), repository::commits)
        .get(&format!("{root}/commits/{{sha}}"), repository::commit)
        .get(&format!("{root}/files/{{*path}}"), repository::file)
}

/// Schedules of a project.
fn schedules() -> Routes<AppState> {
    let root = "/projects/{project}/pipeline_schedules";
    let one = format!("{root}/{{schedule}}");
    let variable = format!("{one}/variables/{{key}}");
    Routes::new()
        .get(root, schedules::list)
        .post(root, schedules::create)
        .get(&one, schedules::get)
        .put(&one, schedules::update)
        .delete(&one, schedules::delete)
        .post(&format!("{one}/take_ownership"), schedules::take)
        .post(&format!("{one}/play"), schedules::play)
        .get(&format!("{one}/pipelines"), schedules::runs)
        .post(&format!("{one}/variables"), schedules::create_variable)
        .get(&variable, schedules::variable)
        .put(&variable, schedules::update_variable)
        .delete(&variable, schedules::delete_variable)
}

/// CI/CD variables of one kind of owner.
fn ci_variables(root: &str) -> Routes<AppState> {
    let one = format!("{root}/{{key}}");
    Routes::new()
        .get(root, variables::list)
        .post(root, variables::create)
        .get(&one, variables::get)
        .put(&one, variables::update)
        .delete(&one, variables::delete)
}

/// Runs and jobs as only GitLab's clients ask for them, below a project.
fn of_project(root: &str) -> Routes<AppState> {
    let run = format!("{root}/pipelines/{{run}}");
    // Old clients compute the address of a job from that of its run.
    let nested = format!("{run}/jobs/{{job}}");
    let job = format!("{root}/jobs/{{job}}");
    actions(&nested)
        .get(&nested, jobs::get)
        .post(&format!("{root}/pipeline"), runs::create)
        .get(&format!("{root}/pipelines/latest"), runs::latest)
        .get(&format!("{run}/variables"), runs::variables_of)
        .put(&format!("{run}/metadata"), runs::rename)
        .get(&format!("{job}/artifacts"), artifacts::download)
        .delete(&format!("{job}/artifacts"), artifacts::delete)
        .post(&format!("{job}/artifacts/keep"), artifacts::keep)
        .get(&format!("{job}/artifacts/{{*path}}"), artifacts::one_file)
        .get(&format!("{root}/jobs/artifacts/{{*path}}"), artifacts::of_ref)
        .delete(&format!("{root}/artifacts"), artifacts::delete_all)
        .get(&format!("{root}/ci/lint"), lint::own)
        .post(&format!("{root}/ci/lint"), lint::given)
}

/// What can be done to a job.
fn actions(job: &str) -> Routes<AppState> {
    Routes::new()
        .post(&format!("{job}/play"), jobs::play)
        .post(&format!("{job}/retry"), jobs::retry)
        .post(&format!("{job}/cancel"), jobs::cancel)
        .post(&format!("{job}/erase"), jobs::erase)
}

/// Runs and jobs below `root`; GitLab calls runs pipelines.
fn objects(root: &str, runs_word: &str) -> Routes<AppState> {
    let run = format!("{root}/{runs_word}/{{run}}");
    let job = format!("{root}/jobs/{{job}}");
    actions(&job)
        .get(&format!("{root}/{runs_word}"), run_list::list)
        .get(&run, runs::get)
        .delete(&run, runs::delete)
        .get(&format!("{run}/jobs"), runs::jobs)
        .get(&format!("{run}/bridges"), runs::bridges)
        .get(&format!("{run}/trigger_jobs"), runs::bridges)
        .get(&format!("{run}/test_report"), test_reports::report)
        .get(&format!("{run}/test_report_summary"), test_reports::summary)
        .post(&format!("{run}/retry"), runs::retry)
        .post(&format!("{run}/cancel"), runs::cancel)
        .get(&format!("{root}/jobs"), jobs::list)
        .get(&job, jobs::get)
        .get(&format!("{job}/trace"), trace::get)
}
