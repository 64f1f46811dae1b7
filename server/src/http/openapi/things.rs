//! Below `/api/v4`: people, tokens, groups, projects, environments, runners and repositories.

use super::gitlab::{Ours as _, PAGED, PAGED_ON, gitlab};
use super::words::Operation;

/// All of them, in the order of the routes.
pub(super) fn operations() -> Vec<Operation> {
    [people(), tokens(), groups(), projects(), repository(), environments(), runners()].concat()
}

fn people() -> Vec<Operation> {
    vec![
        gitlab("GET", "/users")
            .named("people", "Users, newest first")
            .query("username", "text", "Only the one of this name, in whatever case.")
            .query("search", "text", "Only those whose name has this; administrators also search addresses.")
            .query("active", "bool", "Only those who can sign in.")
            .query("blocked", "bool", "Only those who cannot.")
            .query("admins", "bool", "Only administrators.")
            .query("without_project_bots", "bool", "Nobody who stands for a project's token.")
            .query("order_by", "id|name|username|created_at|updated_at := id", "")
            .query("sort", "desc|asc := desc", "")
            .page()
            .gives(200, "[Person]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
        gitlab("GET", "/users/{user}")
            .named("person", "One user")
            .at("user", "text = 2", "Number.")
            .gives(200, "Person", "The user.")
            .signed()
            .refuses(&[400, 404])
            .fresh(),
    ]
}

fn tokens() -> Vec<Operation> {
    let one = |method, path: &str| {
        gitlab(method, &format!("/personal_access_tokens/{{token}}{path}"))
            .at("token", "text = 7", "Number of the token.")
            .refuses(&[400, 404])
    };
    let own = |method, path: &str| gitlab(method, &format!("/personal_access_tokens/self{path}")).refuses(&[400]);
    let mut list = gitlab("GET", "/personal_access_tokens")
        .named("personal_tokens", "Personal tokens: one's own, and for administrators everybody's")
        .query("user_id", "int", "Only this user's.")
        .query("revoked", "bool", "Only those that somebody ended, or that nobody did.")
        .query("state", "active|inactive", "Only those that can be used, or that cannot.")
        .query("search", "text", "Only those whose name has this.");
    for what in ["created", "last_used", "expires"] {
        list = list.query(&format!("{what}_after"), "time", "Not before.").query(
            &format!("{what}_before"),
            "time",
            "Not after.",
        );
    }
    vec![
        list.query(
            "sort",
            "created_desc|created_asc|expires_asc|expires_desc|last_used_asc|last_used_desc|name_asc|name_desc := created_desc",
            "",
        )
        .page()
        .gives(200, "[PersonalToken]", "A page of them.")
        .signed()
        .fresh()
        .with(&PAGED),
        own("GET", "")
            .named("own_token", "The token that is asked with")
            .gives(200, "PersonalToken", "The token.")
            .signed()
            .fresh(),
        own("DELETE", "").named("own_token_revoke", "Ends the token that is asked with, whatever its scope").empty(204, "It is over."),
        own("POST", "/rotate")
            .named("own_token_rotate", "A new token in the place of the one that is asked with")
            .optional_body("TokenToRotate")
            .or_form()
            .gives(200, "NewPersonalToken", "The new token: its text is shown this one time."),
        one("GET", "").named("personal_token", "A personal token").gives(200, "PersonalToken", "The token.").signed().fresh(),
        one("DELETE", "").named("personal_token_revoke", "Ends a personal token").empty(204, "It is over."),
        one("POST", "/rotate")
            .named("personal_token_rotate", "A new token in the place of one's own")
            .about("Without `expires_at` the new one is good for as long as the old one was.")
            .optional_body("TokenToRotate")
            .or_form()
            .gives(200, "NewPersonalToken", "The new token: its text is shown this one time."),
        gitlab("POST", "/user/personal_access_tokens")
            .named("personal_token_create", "Makes a token for oneself")
            .body("PersonalTokenToCreate")
            .or_form()
            .gives(201, "NewPersonalToken", "The token: its text is shown this one time."),
        gitlab("POST", "/users/{user}/personal_access_tokens")
            .named("personal_token_create_for", "Makes a token for somebody, by administrators")
            .at("user", "text = 2", "Number.")
            .body("PersonalTokenToCreate")
            .or_form()
            .gives(201, "NewPersonalToken", "The token: its text is shown this one time.")
            .refuses(&[404, 409]),
    ]
}

fn groups() -> Vec<Operation> {
    let one = |path: &str| {
        gitlab("GET", &format!("/groups/{{group}}{path}"))
            .at("group", "text = shop", "Number of the namespace, or its percent-encoded path.")
            .refuses(&[400, 404])
    };
    vec![
        gitlab("GET", "/groups")
            .named("groups", "Namespaces that one sees, by path")
            .query("search", "text", "Only those whose path has this.")
            .query("owned", "bool", "Only those that one owns.")
            .query("top_level_only", "bool", "None below others.")
            .query("min_access_level", "int", "Only those in which one has at least this role.")
            .query("order_by", "name|path|id := name", "")
            .query("sort", "asc|desc := asc", "")
            .page()
            .gives(200, "[Group]", "A page of them.")
            .fresh()
            .with(&PAGED),
        one("")
            .named("group", "A namespace with its projects")
            .query("with_projects", "bool := true", "Whether the projects right below it come with it.")
            .gives(200, "Group", "The namespace.")
            .fresh(),
        runner_filter(one("/runners").named("group_runners", "Runners that may take jobs below a namespace"))
            .page()
            .gives(200, "[RunnerBasic]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
    ]
}

fn projects() -> Vec<Operation> {
    let one = |method| gitlab(method, "/projects/{project}").of_project();
    vec![
        gitlab("GET", "/projects")
            .named("projects", "Projects that one sees, newest first")
            .query("search", "text", "Only those whose name has this.")
            .query("search_namespaces", "bool := false", "Or whose whole path has it.")
            .query("membership", "bool", "Only those in which one has a role.")
            .query("owned", "bool", "Only those that one owns.")
            .query("visibility", "private|internal|public", "Only those.")
            .query("archived", "bool", "Nothing is ever archived.")
            .query("simple", "bool := false", "Short objects.")
            .query("min_access_level", "int", "Only those in which one has at least this role.")
            .query("id_after", "int", "Only those with a greater number.")
            .query("id_before", "int", "Only those with a lesser number.")
            .query("last_activity_after", "time", "Only those in which something happened later.")
            .query("last_activity_before", "time", "Only those in which nothing happened since.")
            .query("order_by", "created_at|id|name|path|updated_at|last_activity_at := created_at", "")
            .query("sort", "desc|asc := desc", "")
            .query("pagination", "text", "`keyset`, with `order_by=id`: only `Link` says where the next page is.")
            .page()
            .gives(200, "[ProjectShort]", "A page of them.")
            .fresh()
            .with(&PAGED)
            .refuses(&[405]),
        gitlab("POST", "/projects")
            .named("project_make", "Makes a project")
            .about("Without `namespace_id` it lies in the namespace that is called like who asks.")
            .body("ProjectToMake")
            .or_form()
            .gives(201, "Project", "The project.")
            .refuses(&[409]),
        one("GET").named("project", "One project").gives(200, "Project", "The project.").fresh(),
        one("PUT").named("project_change", "Changes a project's settings").body("ProjectToChange").or_form().gives(
            200,
            "Project",
            "The project.",
        ),
        one("DELETE")
            .named("project_delete", "Deletes a project with everything in it")
            .query("full_path", "text", "Its path, by who wants to be sure that it is no other.")
            .gives(202, "Accepted", "It is gone.")
            .refuses(&[400, 422]),
    ]
}

fn repository() -> Vec<Operation> {
    let root = |path: &str| gitlab("GET", &format!("/projects/{{project}}/repository{path}")).of_project().signed();
    vec![
        root("/branches")
            .named("branches", "Branches, by name")
            .query("search", "text", "Only those whose name has this; `^` and `$` stand for its ends.")
            .query("regex", "text", "Only those whose name this expression finds something in.")
            .query("sort", "name_asc|updated_asc|updated_desc := name_asc", "")
            .page()
            .gives(200, "[Branch]", "A page of them.")
            .fresh()
            .with(&PAGED),
        root("/branches/{branch}")
            .named("branch", "One branch")
            .at("branch", "text = main", "Its name; slashes in it may be encoded or not.")
            .gives(200, "Branch", "The branch.")
            .fresh(),
        root("/tags")
            .named("tags", "Tags, newest first")
            .query("search", "text", "As of branches.")
            .query("order_by", "updated|name|version := updated", "")
            .query("sort", "desc|asc := desc", "")
            .page()
            .gives(200, "[Tag]", "A page of them.")
            .fresh()
            .with(&PAGED),
        root("/commits")
            .named("commits", "Commits, newest first")
            .query("ref_name", "text", "Of this branch, tag or commit; otherwise of the default branch.")
            .query("path", "text", "Only those that changed this file or folder.")
            .query("author", "text", "Only those of an author whose name or address has this.")
            .query("since", "time", "Not before.")
            .query("until", "time", "Not after.")
            .query("all", "bool := false", "Of all branches and tags.")
            .page()
            .gives(200, "[RepositoryCommit]", "A page of them.")
            .fresh()
            .with(&PAGED_ON),
        root("/commits/{sha}")
            .named("commit", "One commit with the newest run for it")
            .at("sha", "text = main", "Its name, or that of a branch or tag.")
            .gives(200, "RepositoryCommitWhole", "The commit.")
            .fresh(),
        root("/files/{path}")
            .named("file", "A file")
            .about(
                "Slashes in the path may be encoded or not. With `/raw` behind it the answer is what is in the file, of \
                 the default branch unless `ref` says otherwise.",
            )
            .at("path", "text = README.md", "Where it is.")
            .query("ref", "text = main", "Branch, tag or commit; `HEAD` is the default branch.")
            .gives(200, "File", "The file.")
            .refuses(&[400, 413])
            .fresh(),
    ]
}

fn environments() -> Vec<Operation> {
    let one = |method, path: &str| {
        gitlab(method, &format!("/projects/{{project}}/environments/{{environment}}{path}")).of_project().at(
            "environment",
            "text = 5",
            "Number of the environment.",
        )
    };
    vec![
        gitlab("GET", "/projects/{project}/environments")
            .named("environments", "Environments of a project, by name")
            .of_project()
            .query("name", "text", "Only the one of this name. Not together with `search`.")
            .query("search", "text 3..", "Only those whose name contains this.")
            .query("states", "available|stopping|stopped", "Only those in this state.")
            .page()
            .gives(200, "[Environment]", "A page of them.")
            .fresh()
            .with(&PAGED),
        gitlab("POST", "/projects/{project}/environments")
            .named("environment_create", "Makes an environment before a job does")
            .of_project()
            .body("EnvironmentToCreate")
            .or_form()
            .gives(201, "Environment", "The environment."),
        one("GET", "")
            .named("environment", "An environment with its newest deployment")
            .gives(200, "Environment", "The environment.")
            .fresh(),
        one("PUT", "")
            .named("environment_change", "Changes an environment")
            .optional_body("EnvironmentToChange")
            .or_form()
            .gives(200, "Environment", "The environment."),
        one("DELETE", "")
            .named("environment_delete", "Deletes an environment that was stopped")
            .empty(204, "It is gone."),
        one("POST", "/stop")
            .named("environment_stop", "Plays the job that takes it down, where there is one")
            .query("force", "bool := false", "It counts as stopped from now on, without that job.")
            .gives(200, "Environment", "The environment.")
            .refuses(&[400, 409, 413]),
    ]
}

fn runner_filter(operation: Operation) -> Operation {
    operation
        .query("type", "instance_type|group_type|project_type", "Only those.")
        .query("status", "online|offline|stale|never_contacted|active|paused", "Only those.")
        .query("scope", "active|paused|online|offline|specific|shared", "The older word for both.")
        .query("paused", "bool", "Only those that take no jobs for now, or only others.")
        .query("tag_list", "text", "Only those with all of these tags, which have commas between them.")
        .query("version_prefix", "text", "Only those whose version begins so.")
        .query("creator_id", "int", "Only those that this user made.")
}

fn runners() -> Vec<Operation> {
    let list = |path: &str| runner_filter(gitlab("GET", path)).signed().page();
    let one = |method, path: &str| {
        gitlab(method, &format!("/runners/{{runner}}{path}"))
            .at("runner", "text = 3", "Number of the runner.")
            .refuses(&[400, 404])
    };
    let basic = |operation: Operation| operation.gives(200, "[RunnerBasic]", "A page of them.").fresh().with(&PAGED);
    vec![
        gitlab("POST", "/user/runners")
            .named("runner_create", "Makes a runner")
            .body("RunnerToCreate")
            .or_form()
            .gives(201, "NewRunner", "Its token: it is shown this one time.")
            .refuses(&[404]),
        basic(list("/runners").named("own_runners", "Runners of the projects that one maintains, newest first")),
        basic(list("/runners/all").named("runners", "All runners, for administrators")),
        one("GET", "").named("runner", "A runner").gives(200, "RunnerWhole", "The runner.").signed().fresh(),
        one("PUT", "").named("runner_change", "Changes a runner").body("RunnerToChange").or_form().gives(
            200,
            "RunnerWhole",
            "The runner.",
        ),
        one("DELETE", "")
            .named("runner_delete", "Deletes a runner on which nothing runs")
            .empty(204, "It is gone.")
            .refuses(&[409]),
        one("POST", "/reset_authentication_token")
            .named("runner_reset_token", "Gives a runner another token")
            .gives(201, "RunnerToken", "The token: it is shown this one time.")
            .refuses(&[409]),
        one("GET", "/jobs")
            .named("runner_jobs", "Jobs that a runner took, newest first")
            .shared("Scope")
            .query("status", super::answers::STATUSES, "Only those.")
            .query("order_by", "id := id", "")
            .query("sort", "desc|asc := desc", "")
            .query("system_id", "text", "Only those of this process.")
            .page()
            .gives(200, "[object]", "A page of jobs, each with its `project`.")
            .signed()
            .fresh()
            .with(&PAGED),
        one("GET", "/managers")
            .named("runner_managers", "Processes that take jobs with its token")
            .page()
            .gives(200, "[RunnerManager]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
        basic(
            list("/projects/{project}/runners")
                .of_project()
                .named("project_runners", "Runners that may take a project's jobs"),
        ),
        gitlab("POST", "/projects/{project}/runners")
            .named("runner_lend", "Lends a runner of another project to this one")
            .of_project()
            .body("RunnerToLend")
            .or_form()
            .gives(201, "RunnerWhole", "The runner."),
        gitlab("DELETE", "/projects/{project}/runners/{runner}")
            .named("runner_take_back", "Takes a runner from a project, which is not its only one")
            .of_project()
            .at("runner", "text = 3", "Number of the runner.")
            .empty(204, "It is so."),
    ]
}
