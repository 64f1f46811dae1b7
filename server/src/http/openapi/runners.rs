//! Runners, below `/api/v4`.

use super::gitlab::{Ours as _, PAGED, gitlab};
use super::words::Operation;

/// All of them, in the order of the routes.
pub(super) fn operations() -> Vec<Operation> {
    let one = |method, path: &str| {
        gitlab(method, &format!("/runners/{{runner}}{path}"))
            .at("runner", "text = 3", "Number of the runner.")
            .refuses(&[404])
    };
    vec![
        gitlab("POST", "/user/runners")
            .named("runner_create", "Makes a runner")
            .about("Fields may stand in the query too; those of the body win.")
            .optional_body("RunnerToCreate")
            .or_form()
            .gives(201, "NewRunner", "The runner's token: it is shown this one time.")
            .refuses(&[404]),
        gitlab("GET", "/runners/all")
            .named("runners", "All runners of the server, and those of its projects")
            .page()
            .gives(200, "[RunnerBasic]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
        one("GET", "").named("runner", "A runner").gives(200, "RunnerDetails", "The runner.").signed().fresh(),
        one("PUT", "")
            .named("runner_change", "Changes a runner")
            .about("Fields may stand in the query too; those of the body win.")
            .optional_body("RunnerToChange")
            .or_form()
            .gives(200, "RunnerDetails", "The runner."),
        one("DELETE", "")
            .named("runner_delete", "Deletes a runner that runs nothing")
            .empty(204, "It is gone.")
            .refuses(&[409]),
        one("POST", "/reset_authentication_token")
            .named("runner_rotate", "A new token; the one before is good no longer")
            .gives(201, "RunnerToken", "The token: it is shown this one time.")
            .refuses(&[409]),
        gitlab("GET", "/projects/{project}/runners")
            .named("project_runners", "Runners of a project alone")
            .of_project()
            .page()
            .gives(200, "[RunnerBasic]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
    ]
}
