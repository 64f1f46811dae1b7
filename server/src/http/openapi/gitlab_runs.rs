//! What GitLab's clients alone ask of runs and jobs: starting, naming, artifacts.

use super::gitlab::{Ours as _, gitlab};
use super::words::{Field, Operation};

fn of_project(method: &'static str, path: &str) -> Operation {
    gitlab(method, &format!("/projects/{{project}}{path}")).of_project()
}

fn run(method: &'static str, path: &str) -> Operation {
    of_project(method, &format!("/pipelines/{{run}}{path}"))
        .at("run", "text = 12", "Number of the run.")
        .refuses(&[400])
}

fn job(method: &'static str, path: &str) -> Operation {
    of_project(method, &format!("/jobs/{{job}}{path}")).at("job", "text = 40", "Number of the job.").refuses(&[400])
}

/// In the order of the routes.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = vec![
        of_project("POST", "/pipeline")
            .named("run_create", "Starts a run of a branch or tag")
            .about("Fields may stand in the query too; those of the body win.")
            .body("RunToCreate")
            .or_form()
            .gives(201, "Run", "The run."),
        of_project("GET", "/pipelines/latest")
            .named("run_latest", "The newest run of the commit that a branch or tag is at")
            .about("There being none is 403, as on GitLab.")
            .query("ref", "text", "Branch or tag; the default branch when absent.")
            .gives(200, "Run", "The run.")
            .fresh(),
        run("GET", "/variables")
            .named("run_variables", "The variables that a run was started with")
            .gives(200, "[RunVariable]", "All of them.")
            .signed()
            .fresh(),
        run("PUT", "/metadata").named("run_name", "Gives a run a name").body("RunToName").gives(200, "Run", "The run."),
    ];
    all.extend(nested());
    all.extend(artifacts());
    all.extend(lint());
    all.push(
        gitlab("GET", "/job")
            .named("job_of_token", "The job whose token is shown")
            .gives(200, "Job", "The job.")
            .signed()
            .refuses(&[404])
            .fresh(),
    );
    all.push(
        gitlab("GET", "/job/allowed_agents")
            .named("job_agents", "Agents of clusters that the job whose token is shown may use")
            .gives(200, "AllowedAgents", "None.")
            .signed()
            .refuses(&[404])
            .fresh(),
    );
    all
}

fn lint() -> Vec<Operation> {
    vec![
        of_project("GET", "/ci/lint")
            .named("lint_own", "Looks the project's definition through")
            .query("content_ref", "text", "Its branch, tag or commit; the default branch when absent.")
            .query("dry_run", "bool := false", "Whether there has to be a run that could be made of it.")
            .query("include_jobs", "bool := false", "With its jobs.")
            .gives(200, "Linted", "What was found.")
            .signed()
            .refuses(&[400])
            .fresh(),
        of_project("POST", "/ci/lint")
            .named("lint", "Looks a definition through")
            .about("The answer is 200, be the definition good or bad.")
            .body("TextToLint")
            .or_form()
            .gives(200, "Linted", "What was found."),
        gitlab("POST", "/ci/lint")
            .named("lint_alone", "Looks a definition through that belongs to no project")
            .body("TextAlone")
            .or_form()
            .gives(200, "LintedAlone", "What was found."),
    ]
}

/// Jobs below their run: old clients compute such addresses.
fn nested() -> Vec<Operation> {
    let one =
        |method, path: &str| run(method, &format!("/jobs/{{job}}{path}")).at("job", "text = 40", "Number of the job.");
    vec![
        one("GET", "").named("run_job", "A job of a run").gives(200, "Job", "The job.").fresh(),
        one("POST", "/play")
            .named("run_job_play", "Starts a job that waits for somebody")
            .optional_body("JobToPlay")
            .gives(200, "Job", "The job; of one that was played before, the new attempt."),
        one("POST", "/retry").named("run_job_retry", "Makes another attempt").optional_body("JobToRetry").gives(
            201,
            "Job",
            "The new attempt.",
        ),
        one("POST", "/cancel")
            .named("run_job_cancel", "Cancels a job; one that has ended stays as it is")
            .optional_body("JobToCancel")
            .gives(201, "Job", "The job."),
        one("POST", "/erase").named("run_job_erase", "Erases log and artifacts").gives(201, "Job", "The job."),
    ]
}

fn artifacts() -> Vec<Operation> {
    let part = |operation: Operation| {
        operation
            .header("Range", "text", "A part: `bytes=0-9`.")
            .gives_as(206, "application/octet-stream", "The part.")
            .refuses(&[416])
    };
    vec![
        part(job("GET", "/artifacts").named("job_artifacts", "The archive that a job left"))
            .query("file_type", "text = archive", "Another file of the job: `junit` and other reports.")
            .gives_as(200, "application/octet-stream", "The archive."),
        part(job("GET", "/artifacts/{path}").named("job_artifact_file", "A file in the archive of a job"))
            .at("path", "text = dist/app.js", "Its path in the archive; its slashes are not encoded.")
            .gives_as(200, "application/octet-stream", "The file, with the type that its name says."),
        part(
            of_project("GET", "/jobs/artifacts/{path}")
                .named("ref_artifacts", "Artifacts of the latest good run of a branch or tag")
                .at("path", "text = main/download", "`REF/download` for the archive, `REF/raw/PATH` for a file in it."),
        )
        .query("job", "text = unit", "Name of the job; needed.")
        .query("search_recent_successful_pipelines", "bool := false", "Looks through earlier good runs, too.")
        .gives_as(200, "application/octet-stream", "The archive or the file.")
        .refuses(&[400]),
        job("POST", "/artifacts/keep")
            .named("job_artifacts_keep", "Keeps what a job left beyond its time")
            .gives(200, "Job", "The job."),
        job("DELETE", "/artifacts")
            .named("job_artifacts_delete", "Deletes what a job left; its log stays")
            .empty(204, "It is gone.")
            .refuses(&[412]),
        of_project("DELETE", "/artifacts")
            .named("artifacts_delete", "Deletes what all jobs left, except the latest of each branch and tag")
            .gives(202, "Accepted", "It is being done."),
    ]
}

/// What GitLab's profiles have, and nobody's has here.
pub(super) const PROFILE: &[Field] = &[
    ("created_at", "time?", "When the account was made; null when there is none."),
    ("bot", "bool", "Whether they stand for a project's token and not for a person."),
    ("bio", "text = ", "Always empty, as are the following."),
    ("location", "null", ""),
    ("linkedin", "text = ", ""),
    ("twitter", "text = ", ""),
    ("discord", "text = ", ""),
    ("website_url", "text = ", ""),
    ("github", "text = ", ""),
    ("organization", "null", ""),
    ("job_title", "text = ", ""),
    ("pronouns", "null", ""),
    ("work_information", "null", ""),
    ("followers", "int = 0", ""),
    ("following", "int = 0", ""),
    ("local_time", "null", ""),
];

/// Answers: they have these fields and no others.
pub(super) const ANSWERS: &[(&str, &str, &[Field])] = &[
    (
        "RunVariable",
        "A variable that a run was started with.",
        &[
            ("variable_type", "VariableType", ""),
            ("key", "text = TARGET", ""),
            ("value", "text = eu", ""),
            ("raw", "bool", "Whether names in it are left as they are."),
        ],
    ),
    (
        "AllowedAgents",
        "Agents of clusters, of which Weir knows none.",
        &[
            ("allowed_agents", "[object]", "Always empty."),
            ("job", "object", ""),
            ("pipeline", "object", ""),
            ("project", "object", ""),
            ("user", "object", ""),
        ],
    ),
    (
        "Linted",
        "What was found in a definition.",
        &[
            ("valid", "bool = true", "Whether it is good."),
            ("errors", "[text]", "What is wrong."),
            ("warnings", "[text]", "What is surely not meant."),
            ("merged_yaml", "text? = ---", "The whole definition as one text; null when it cannot be put together."),
            ("includes", "[Included]", "The files that it includes."),
            ("jobs?", "[LintedJob]", "Its jobs; of a dry run those that the run would have."),
        ],
    ),
    (
        "LintedAlone",
        "What was found in a definition that belongs to no project.",
        &[
            ("status", "valid|invalid", "Whether it is good."),
            ("errors", "[text]", "What is wrong."),
            ("warnings", "[text]", "What is surely not meant."),
            ("merged_yaml", "text? = ---", "The whole definition as one text."),
            ("includes", "[Included]", "Always empty."),
        ],
    ),
    (
        "Included",
        "A file that a definition includes.",
        &[
            ("type", "local|remote", "Where it is."),
            ("location", "text = child.yml", "Its name or address."),
            ("blob", "null", "Always null."),
            ("raw", "null", "Always null."),
            ("extra", "object", "Always empty."),
            ("context_project", "text = shop/web", "The project."),
            ("context_sha", "text?", "The commit; null without a repository."),
        ],
    ),
    (
        "LintedJob",
        "A job of a definition.",
        &[
            ("name", "text = unit", ""),
            ("stage", "text = test", ""),
            ("before_script", "[text]", ""),
            ("script", "[text]", ""),
            ("after_script", "[text]", ""),
            ("tag_list", "[text]", ""),
            ("only", "null", "Always null: rules are evaluated."),
            ("except", "null", "Always null."),
            (
                "environment",
                "object?",
                "Its `name`, `action`, and perhaps `url`, `on_stop` and `deployment_tier`, as they are written.",
            ),
            ("when", "text = on_success", ""),
            ("allow_failure", "bool", ""),
            ("needs", "any = null", "Null for the order of the stages, else a list of objects."),
        ],
    ),
    ("Accepted", "It is being done.", &[("message", "text = 202 Accepted", "")]),
];
