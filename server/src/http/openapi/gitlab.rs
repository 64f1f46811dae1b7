//! Below `/api/v4`: GitLab's dialect and, with the same handlers, what Weir adds to it.

use super::answers::STATUSES;
use super::words::{Operation, Shape};

const ROOT: &str = "/api/v4";
pub(super) const PAGED: [&str; 7] =
    ["Link", "X-Next-Page", "X-Page", "X-Per-Page", "X-Prev-Page", "X-Total", "X-Total-Pages"];
/// Where nobody counts how many there are.
pub(super) const PAGED_ON: [&str; 5] = ["Link", "X-Next-Page", "X-Page", "X-Per-Page", "X-Prev-Page"];
pub(super) fn gitlab(method: &'static str, path: &str) -> Operation {
    Operation::new(Shape::Gitlab, "GitLab", method, format!("{ROOT}{path}"))
}

fn weir(method: &'static str, path: &str) -> Operation {
    Operation::new(Shape::Gitlab, "Weir", method, format!("{ROOT}{path}"))
}

/// What operations below `/api/v4` share.
pub(super) trait Ours: Sized {
    /// The project of the address.
    fn of_project(self) -> Self;
    /// A numbered page, with its total.
    fn page(self) -> Self;
}

impl Ours for Operation {
    fn of_project(self) -> Self {
        self.at("project", "text = 1", "Number of the project, or its percent-encoded path.").refuses(&[404])
    }

    fn page(self) -> Self {
        self.shared("Page").shared("PerPage").refuses(&[400])
    }
}

/// All of them, in the order of the routes.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = vec![
        gitlab("GET", "/version")
            .named("version", "The server's version")
            .gives(200, "Version", "Both versions.")
            .fresh(),
        gitlab("GET", "/metadata").named("metadata", "The same").gives(200, "Version", "Both versions.").fresh(),
        gitlab("GET", "/user")
            .named("user", "Who asks")
            .gives(200, "Me", "The user of the token or session.")
            .signed()
            .fresh(),
    ];
    all.extend(super::things::operations());
    all.extend(resource_groups());
    all.extend(variables("/projects/{project}/variables", "project", Operation::of_project));
    all.extend(variables("/groups/{group}/variables", "group", |operation| {
        operation.at("group", "text = shop", "Number of the namespace, or its percent-encoded path.").refuses(&[404])
    }));
    all.extend(variables("/admin/ci/variables", "instance", |operation| operation));
    all.extend(objects("/projects/{project}", "pipelines", "project", gitlab, Operation::of_project));
    all.extend(objects("/weir", "runs", "weir", weir, |operation| operation));
    all.extend(super::schedules::operations());
    all.extend(super::gitlab_runs::operations());
    all.extend(additions());
    all
}

fn resource_groups() -> Vec<Operation> {
    let one = |method, path: &str| {
        gitlab(method, &format!("/projects/{{project}}/resource_groups/{{key}}{path}")).of_project().at(
            "key",
            "text = production",
            "Its name.",
        )
    };
    vec![
        gitlab("GET", "/projects/{project}/resource_groups")
            .named("resource_groups", "Resource groups of a project")
            .of_project()
            .page()
            .gives(200, "[ResourceGroup]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
        one("GET", "")
            .named("resource_group", "A resource group")
            .signed()
            .gives(200, "ResourceGroup", "The group.")
            .fresh(),
        one("PUT", "")
            .named("resource_group_set", "Sets which waiting job is next")
            .query("process_mode", "unordered|oldest_first|newest_first|newest_ready_first", "As in the body.")
            .optional_body("ModeToSet")
            .or_form()
            .gives(200, "ResourceGroup", "The group."),
        one("GET", "/upcoming_jobs")
            .named("resource_group_upcoming_jobs", "Jobs that wait for it, in the order in which they get it")
            .page()
            .gives(200, "[Job]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
    ]
}

/// CI/CD variables of one kind of owner.
fn variables(root: &str, owner: &str, of: fn(Operation) -> Operation) -> Vec<Operation> {
    let id = |verb: &str| format!("{owner}_{verb}");
    let one = |method| {
        of(gitlab(method, &format!("{root}/{{key}}")))
            .at("key", "text = DEPLOY_KEY", "Its name.")
            .query("filter[environment_scope]", "text", "Which one, when several have the name.")
            .refuses(&[404, 409])
    };
    vec![
        of(gitlab("GET", root))
            .named(id("variables"), "CI/CD variables")
            .page()
            .gives(200, "[Variable]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
        of(gitlab("POST", root))
            .named(id("variable_create"), "Makes a variable")
            .about("Fields may stand in the query too; those of the body win.")
            .body("VariableToCreate")
            .or_form()
            .gives(201, "Variable", "The variable."),
        one("GET").named(id("variable"), "A variable").signed().gives(200, "Variable", "The variable.").fresh(),
        one("PUT")
            .named(id("variable_change"), "Changes a variable")
            .about("Fields may stand in the query too; those of the body win.")
            .optional_body("VariableToChange")
            .or_form()
            .gives(200, "Variable", "The variable."),
        one("DELETE").named(id("variable_delete"), "Deletes a variable").empty(204, "It is gone."),
    ]
}

/// Runs and jobs below `root`, as the routes have them.
fn objects(
    root: &str,
    runs: &str,
    prefix: &str,
    make: fn(&'static str, &str) -> Operation,
    of: fn(Operation) -> Operation,
) -> Vec<Operation> {
    let id = |what: &str| format!("{prefix}_{what}");
    let anywhere = prefix == "weir";
    let listed = if anywhere { "[Run]" } else { "[RunBasic]" };
    let base = |method, path: &str| of(make(method, &format!("{root}{path}")));
    let run = |method, path: &str| {
        let about = if anywhere { "Number or uid of the run." } else { "Number of the run." };
        base(method, &format!("/{runs}/{{run}}{path}")).at("run", "text = 12", about).refuses(&[404])
    };
    let job = |method, path: &str| {
        base(method, &format!("/jobs/{{job}}{path}")).at("job", "text = 40", "Number of the job.").refuses(&[404])
    };
    let mut list = base("GET", &format!("/{runs}"))
        .named(id("runs"), "Runs, newest first")
        .about("Child runs are listed only with `source=parent_pipeline`.")
        .query("status", STATUSES, "Only those of this status.")
        .query(
            "scope",
            "running|pending|finished|branches|tags",
            "Only those; or the latest of each branch or tag that there is.",
        )
        .query("ref", "text", "Only of this branch or tag.")
        .query("sha", "text", "Only of this commit.")
        .query("name", "text", "Only those that have this name.")
        .query("username", "text", "Only this person's.")
        .query("source", "push|web|trigger|schedule|api|pipeline|parent_pipeline", "Only what this started.")
        .query("yaml_errors", "bool", "With true, none: a definition with errors makes no run.")
        .query("updated_before", "time", "Only those whose status changed last before this.")
        .query("updated_after", "time", "Only those whose status changed after this.")
        .query("created_before", "time", "Only those made before this.")
        .query("created_after", "time", "Only those made after this.")
        .query("order_by", "id|status|ref|updated_at|user_id := id", "What they are ordered by.")
        .query("sort", "asc|desc := desc", "`asc` for the least first.");
    let mut jobs = base("GET", "/jobs")
        .named(id("jobs"), "Jobs, newest first, retried ones included")
        .about("With `pagination=keyset`, `Link` has the next page alone, and `cursor` in it says where that begins.")
        .shared("Scope")
        .query("ref", "text", "Only those of runs of this branch or tag.")
        .query("pagination", "keyset", "Pages by where the last one ended.")
        .query("cursor", "text", "Where the page begins: as `Link` has it.")
        .refuses(&[405]);
    if anywhere {
        list = list
            .query("project", "text", "Only of this project, by number or path.")
            .query("pipeline", "text 1..255", "Only of the pipeline with this key.")
            .refuses(&[404]);
        jobs = jobs.query("project", "text", "Only of this project, by number or path.").refuses(&[404]);
    }
    vec![
        list.page().gives(200, listed, "A page of them.").fresh().with(&PAGED),
        run("GET", "").named(id("run"), "A run").gives(200, "Run", "The run.").fresh(),
        run("DELETE", "")
            .named(id("run_delete"), "Deletes a run; a live one is stopped first")
            .empty(204, "It is gone.")
            .refuses(&[412]),
        run("GET", "/jobs")
            .named(id("run_jobs"), "Jobs of a run, newest first")
            .shared("Scope")
            .query("include_retried", "bool := false", "Earlier attempts too.")
            .page()
            .gives(200, "[Job]", "A page of them.")
            .fresh()
            .with(&PAGED),
        run("GET", "/bridges")
            .named(id("run_bridges"), "Jobs of a run that start child runs")
            .shared("Scope")
            .page()
            .gives(200, "[Bridge]", "A page of them.")
            .fresh()
            .with(&PAGED),
        run("GET", "/trigger_jobs")
            .named(id("run_trigger_jobs"), "The same by its newer name")
            .shared("Scope")
            .page()
            .gives(200, "[Bridge]", "A page of them.")
            .fresh()
            .with(&PAGED),
        run("GET", "/test_report")
            .named(id("run_test_report"), "Every test of a run")
            .gives(200, "TestReport", "The report.")
            .fresh(),
        run("GET", "/test_report_summary")
            .named(id("run_test_report_summary"), "How the tests of a run went")
            .gives(200, "TestSummary", "The counts.")
            .fresh(),
        run("POST", "/retry")
            .named(id("run_retry"), "Runs what failed or was canceled again")
            .gives(201, "Run", "The run.")
            .refuses(&[409]),
        run("POST", "/cancel")
            .named(id("run_cancel"), "Cancels a run; one that has ended stays as it is")
            .gives(200, "Run", "The run.")
            .refuses(&[409]),
        jobs.page().gives(200, "[Job]", "A page of them.").fresh().with(&PAGED_ON),
        job("GET", "").named(id("job"), "A job").gives(200, "Job", "The job.").fresh(),
        job("GET", "/trace")
            .named(id("job_trace"), "The raw log so far")
            .query("byte_offset", "int 0.. := 0", "From this byte on.")
            .query("byte_limit", "int 1..", "At most so many bytes.")
            .gives_as(200, "text/plain", "The log.")
            .refuses(&[400])
            .fresh(),
        job("POST", "/play")
            .named(id("job_play"), "Starts a job that waits for somebody")
            .optional_body("JobToPlay")
            .gives(200, "Job", "The job; of one that was played before, the new attempt.")
            .refuses(&[409]),
        job("POST", "/retry").named(id("job_retry"), "Makes another attempt").optional_body("JobToRetry").gives(
            201,
            "Job",
            "The new attempt.",
        ),
        job("POST", "/cancel")
            .named(id("job_cancel"), "Cancels a job; one that has ended stays as it is")
            .optional_body("JobToCancel")
            .gives(201, "Job", "The job."),
        job("POST", "/erase").named(id("job_erase"), "Erases log and artifacts").gives(201, "Job", "The job."),
    ]
}

/// What is in no GitLab.
fn additions() -> Vec<Operation> {
    let user = |method, path: &str| {
        weir(method, &format!("/weir/users/{{user}}{path}")).at("user", "text = grace", "Name.").refuses(&[404])
    };
    let run = "text = 12";
    vec![
        weir("GET", "/weir/runs/{run}/why")
            .named("run_why", "Why a run is in its status")
            .at("run", run, "Number or uid of the run.")
            .gives(200, "Why", "The chain of reasons.")
            .refuses(&[404])
            .fresh(),
        weir("GET", "/weir/jobs/{job}/why")
            .named("job_why", "Why a job is in its status")
            .at("job", "text = 40", "Number of the job.")
            .gives(200, "Why", "The chain of reasons.")
            .refuses(&[404])
            .fresh(),
        weir("POST", "/weir/jobs/{job}/unschedule")
            .named("job_unschedule", "A delayed job waits for somebody instead of its time")
            .at("job", "text = 40", "Number of the job.")
            .gives(200, "Job", "The job.")
            .refuses(&[404, 409]),
        weir("POST", "/weir/projects")
            .named("project_create", "Makes a project")
            .body("ProjectToCreate")
            .gives(201, "Project", "The project.")
            .refuses(&[409]),
        weir("POST", "/weir/tokens")
            .named("token_create", "Makes a token")
            .body("TokenToCreate")
            .gives(201, "NewToken", "The token: it is shown this one time.")
            .refuses(&[404, 409]),
        weir("POST", "/weir/access_keys")
            .named("access_key_create", "Makes a pair of keys that requests are signed with")
            .body("AccessKeyToCreate")
            .gives(201, "NewAccessKey", "The keys: they are shown this one time.")
            .refuses(&[404, 409]),
        weir("POST", "/weir/access_keys/{access_key}/rotate")
            .named("access_key_rotate", "Makes new keys in the place of a pair, which ends at once")
            .at("access_key", "text = AKEXAMPLE", "The access key.")
            .query("user", "text", "Whose it has to be.")
            .gives(201, "NewAccessKey", "The keys: they are shown this one time.")
            .refuses(&[404, 409]),
        weir("GET", "/weir/users").named("users", "Users").signed().gives(200, "[Account]", "All of them.").fresh(),
        weir("POST", "/weir/users")
            .named("user_create", "Makes a user")
            .body("AccountToCreate")
            .gives(201, "NewAccount", "The user, and the link by which they set a password.")
            .refuses(&[409]),
        user("PUT", "")
            .named("user_change", "Changes a user")
            .body("AccountToChange")
            .gives(200, "Account", "The user.")
            .refuses(&[409]),
        user("POST", "/password").named("user_password", "A link by which somebody sets a new password").gives(
            201,
            "PasswordLink",
            "The link: it is shown this one time.",
        ),
        weir("POST", "/weir/members/{path}")
            .named("member_set", "Gives somebody a role, or takes it away")
            .at("path", "text = shop/web", "Path of the project or namespace.")
            .body("MemberToSet")
            .empty(204, "It is so.")
            .refuses(&[404, 409]),
        weir("GET", "/weir/permissions")
            .named("permissions", "What somebody may do on the server")
            .query("user", "text", "Who; oneself when absent.")
            .gives(200, "Permissions", "Every action, and why.")
            .fresh()
            .refuses(&[404]),
        weir("GET", "/weir/permissions/{path}")
            .named("permissions_at", "What somebody may do at a project or namespace")
            .at("path", "text = shop/web", "Path of the project or namespace.")
            .query("user", "text", "Who; oneself when absent.")
            .gives(200, "Permissions", "Every action, and why.")
            .fresh()
            .refuses(&[404]),
        weir("POST", "/weir/keys/rotate").named("key_rotate", "Seals all secrets with a fresh key").gives(
            200,
            "RotatedKey",
            "What was done.",
        ),
    ]
}
