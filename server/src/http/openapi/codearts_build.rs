//! CodeArts Build: its addresses, and what is in their answers.

use super::codearts::codearts;
use super::words::{Field, Operation};

/// What a build's `running_status` may be.
const RUNNING: &str = "Finished|InQueue|Running";
const UID: &str = "text = 901878212b1a49be9c1a1054c272762a";
const DASHED: &str = "text = 90187821-2b1a-49be-9c1a-1054c272762a";

/// What answers are made of.
pub(super) const ANSWERS: &[(&str, &str, &[Field])] = &[
    (
        "CodeartsStarted",
        "A build that was started. Its numbers are texts.",
        &[
            ("octopus_job_name", "text = j_9d6169b9", "Short name of the run."),
            ("actual_build_number", "text = 20", "Counts the builds of the job from 1."),
            ("daily_build_number", "text = 20200612.20", "The day, and the build's number among those of the day."),
        ],
    ),
    (
        "CodeartsJobInfoAnswer",
        "Information on a job, in its envelope.",
        &[("result", "CodeartsJobInfo", ""), ("status", "text = success", ""), ("error", "text?", "Always null.")],
    ),
    (
        "CodeartsJobInfo",
        "Information on a job. `is_…` is what the caller may.",
        &[
            ("id", UID, "The pipeline's uid."),
            ("project_id", DASHED, "The same, with dashes: not the project."),
            ("build_time", "text = 27.51", "Seconds in which the newest build that ended ran."),
            ("charge_time", "text = 0", "Always 0."),
            ("create_time", "text = 1717574458000", "Milliseconds since 1970, as a text."),
            ("last_build_time", "int? = 1721793407000", "Milliseconds since 1970."),
            ("health_score", "int 0..100 = 80", "Percent of the last five builds that went well; docs/codearts.md."),
            ("running_status", RUNNING, "Where the newest build stands."),
            ("last_build_status", "success|failure|timeout|aborted?", "How the newest build that ended did."),
            ("source_code", "git|none", "Kind of the project's source."),
            ("job_name", "text = Shop", "The pipeline's name."),
            ("project_permission_switch", "bool", "Always false."),
            ("disabled", "bool", "Whether it starts no builds."),
            ("favorite", "bool", "Always false."),
            ("new_build", "bool", "Always false."),
            ("is_copy", "bool", "Make another of it."),
            ("is_delete", "bool", "Delete it."),
            ("is_execute", "bool", "Start it."),
            ("is_forbidden", "bool", "Disable it."),
            ("is_manager", "bool", "Change the project's settings."),
            ("is_modify", "bool", "Change its definition."),
            ("is_view", "bool", "See its builds."),
        ],
    ),
    (
        "CodeartsRunningAnswer",
        "Whether a job is being built, in its envelope.",
        &[("result", "CodeartsRunning", ""), ("status", "text = success", ""), ("error", "text?", "Always null.")],
    ),
    (
        "CodeartsRunning",
        "Whether a job is being built.",
        &[
            ("last_job_id", UID, "The job."),
            ("last_build_no", "text? = 9", "Number of the newest build, as a text."),
            ("last_build_status", RUNNING, "Where it stands."),
            ("is_running", "bool", "Whether it has not ended."),
        ],
    ),
    ("CodeartsJobStatus", "Whether a job is being built.", &[("result", "bool", "Whether it is.")]),
    ("CodeartsDone", "It was done.", &[("status", "text = success", "Always `success`.")]),
    (
        "CodeartsStopped",
        "It is being stopped, or has ended.",
        &[("result", "text", "Always empty."), ("success", "bool = true", "Always true.")],
    ),
    (
        "CodeartsJobs",
        "A page of a project's jobs.",
        &[("jobs", "[CodeartsJob]", ""), ("total", "int = 1", "How many there are in all.")],
    ),
    (
        "CodeartsJob",
        "A job in a list. `is_…` is what the caller may.",
        &[
            ("id", UID, "The pipeline's uid."),
            ("job_name", "text = Shop", "The pipeline's name."),
            ("job_creator", "text?", "Uid of who made it."),
            ("user_name", "text? = ada", "Name of who made it."),
            ("last_build_time", "int? = 1608004535000", "Milliseconds since 1970."),
            ("health_score", "int 0..100 = 80", "Percent of the last five builds that went well."),
            ("source_code", "git|none", "Kind of the project's source."),
            ("last_build_status", "red|blue|timeout|aborted|building|none", "How the newest build does."),
            ("is_finished", "bool", "Whether nothing is being built."),
            ("disabled", "bool", "Whether it starts no builds."),
            ("favorite", "bool", "Always false."),
            ("is_modify", "bool", "Change its definition."),
            ("is_delete", "bool", "Delete it."),
            ("is_execute", "bool", "Start it."),
            ("is_copy", "bool", "Make another of it."),
            ("is_forbidden", "bool", "Disable it."),
            ("is_view", "bool", "See its builds."),
            ("last_build_user", "text? = ada", "Who started the newest build."),
            ("trigger_type", "MANUAL|SCHEDULE|PUSH|TRIGGER?", "What started it."),
            ("build_time", "int? = 27510", "Milliseconds in which it ran."),
            ("scm_web_url", "text? = https://git.example.org/shop/web", "Page of the repository."),
            ("scm_type", "git|none", "Kind of the project's source."),
            ("repo_id", "text?", "Always null."),
            ("build_project_id", DASHED, "The job, with dashes."),
            ("last_job_running_status", RUNNING, "Where the newest build stands."),
            ("last_build_user_id", "text?", "Uid of who started it."),
        ],
    ),
    (
        "CodeartsHistory",
        "A page of a job's builds.",
        &[("history_records", "[CodeartsHistoryRecord]", ""), ("total", "int = 1", "How many there are in all.")],
    ),
    (
        "CodeartsHistoryRecord",
        "A build.",
        &[
            ("record_id", DASHED, "The run's uid, with dashes."),
            ("job_id", UID, "The job."),
            ("build_number", "int = 55", "Counts the builds of the job."),
            ("start_time", "text? = 2020-12-30T17:33:11+08:00", "In the server's zone."),
            ("end_time", "text? = 2020-12-30T17:33:27+08:00", "In the server's zone."),
            ("result", "SUCCESS|FAILURE|TIMEOUT|ABORTED?", "Null before its end."),
        ],
    ),
    (
        "CodeartsRecordsAnswer",
        "A page of records, in its envelope.",
        &[("result", "CodeartsRecords", ""), ("status", "text = success", ""), ("error", "text?", "Always null.")],
    ),
    (
        "CodeartsRecords",
        "A page of records. Its numbers are texts.",
        &[
            ("health_score", "text = 80", "Percent."),
            ("page_index", "text = 0", "The page, from 0."),
            ("total_page", "text = 44", "How many pages there are."),
            ("total_record", "text = 440", "How many records there are."),
            ("job_build_states", "[CodeartsBuildState]", "The builds, newest first."),
        ],
    ),
    (
        "CodeartsBuildState",
        "A build.",
        &[
            ("number", "int = 44", "Counts the builds of the job."),
            ("build_time", "int? = 3525000", "Milliseconds in which it ran."),
            ("start_time", "int? = 1703554641000", "Milliseconds since 1970."),
            ("job_running_status", RUNNING, "Where it stands."),
            ("state", "SUCCESS|FAILURE|TIMEOUT|ABORTED?", "Null before its end."),
            ("user_id", "text", "Uid of who started it."),
            ("executor", "text = ada", "Who started it."),
            ("nickname", "text = Ada Example", "What people call them."),
            ("daily_build_number", "text = 20231226.1", "The day, and the build's number among those of the day."),
            ("trigger_type", "MANUAL|SCHEDULE|PUSH|TRIGGER", "What started it."),
            ("cost_time", "int? = 3525000", "The same."),
            ("commit_id", "text?", "The commit."),
            ("commit_info", "CodeartsCommit?", "More of it."),
            ("build_type", "branch|tag|commit?", "What it is of; null without a repository."),
            ("code_branch", "text? = main", "The branch."),
            ("scm_type", "git|none", "Kind of the project's source."),
            ("scm_web_url", "text? = https://git.example.org/shop/web", "Page of the repository."),
            ("commit_detail_url", "text?", "Always null."),
        ],
    ),
    (
        "CodeartsCommit",
        "A commit.",
        &[("commit_id", "text", ""), ("created_at", "text? = 2023-11-21T01:48:21.000+00:00", "When it was committed.")],
    ),
    (
        "CodeartsRecordAnswer",
        "A build's record, in its envelope.",
        &[("result", "CodeartsRecord", ""), ("status", "text = success", ""), ("error", "text?", "Always null.")],
    ),
    (
        "CodeartsRecord",
        "A build's record.",
        &[
            ("id", DASHED, "The run's uid, with dashes."),
            ("build_project_id", DASHED, "The job, with dashes."),
            ("build_record_id", DASHED, "The run's uid, with dashes."),
            ("parent_record_id", "text?", "Always null."),
            ("devcloud_project_id", UID, "The project."),
            ("codeci_job_id", UID, "The job."),
            ("user_id", "text", "Uid of who started it."),
            ("build_no", "int = 532", "Counts the builds of the job."),
            ("daily_build_num", "text = 20221011.29", "The day, and the build's number among those of the day."),
            ("execution_id", "text = j_9d6169b9", "Short name of the run."),
            ("repo_name", "text? = web", "End of the repository's address."),
            ("repo_id", "text?", "Always null."),
            ("branch", "text? = main", "The branch."),
            ("tag", "text?", "The tag."),
            ("commit", "text?", "The commit."),
            ("commit_message", "text?", "Its message."),
            ("commit_create_time", "text? = 2022-10-11T08:28:42.000+00:00", "When it was committed."),
            ("trigger_type", "MANUAL|SCHEDULE|PUSH|TRIGGER", "What started it."),
            ("build_type", "branch|tag|commit?", "What it is of; null without a repository."),
            ("status", "RUNNING|SUCCESS|FAILURE|TIMEOUT|ABORTED?", "Null before it began."),
            ("domain_id", "text?", "Always null."),
            ("create_time", "text = 2022-10-11T08:28:42.000+00:00", "When it was made."),
            ("schedule_time", "text?", "When it was offered to runners."),
            ("queued_time", "text?", "The same."),
            ("start_time", "text?", "When a runner took its first job."),
            ("runnable_time", "text?", "The same."),
            ("finish_time", "text?", "When it ended."),
            ("duration", "int? = 100068", "Milliseconds in which it ran."),
            ("record_status", "text?", "Always null."),
            ("use_private_slave", "int = 0", "Always 0."),
            ("region", "text?", "Always null."),
            ("err_msg", "text? = unit: script_failure", "Which job made it fail, and why."),
            ("build_config_type", "text = YAML", "Always `YAML`."),
        ],
    ),
    (
        "CodeartsHistoryDetails",
        "A build with its steps.",
        &[
            ("job_name", "text = Shop", "The pipeline's name."),
            ("build_number", "int = 5", "Counts the builds of the job."),
            ("project_id", UID, "The project."),
            ("project_name", "text = shop/web", "Its path."),
            ("parameters", "map?", "Secrets as stars; null for who may not see them."),
            ("build_steps", "[CodeartsStep]", "The jobs of the run."),
        ],
    ),
    (
        "CodeartsStep",
        "A job of the run.",
        &[
            ("name", "text = unit", "Its name."),
            ("status", "text = success", "`success`, `error`, `running`, or empty when it did not run."),
            ("build_time", "int = 8366", "Milliseconds."),
        ],
    ),
    (
        "CodeartsParametersAnswer",
        "What a build was started with, in its envelope.",
        &[("result", "[CodeartsParameter]", ""), ("status", "text = success", ""), ("error", "text?", "Always null.")],
    ),
    (
        "CodeartsParameter",
        "A variable of the run.",
        &[("name", "text = codeBranch", ""), ("value", "text = master", "")],
    ),
    (
        "CodeartsLogAnswer",
        "A piece of a log, in its envelope.",
        &[("result", "CodeartsLog", ""), ("status", "text = success", ""), ("error", "text?", "Always null.")],
    ),
    (
        "CodeartsLog",
        "A piece of a log.",
        &[
            ("has_more_data", "bool", "Whether there is more, or may be."),
            ("offset", "int = 126548", "Where the next piece begins."),
            ("content", "text", "The text."),
            ("current_offset", "int = 121768", "Where this piece begins."),
        ],
    ),
];

/// What bodies are made of.
pub(super) const REQUESTS: &[(&str, &str, &[Field])] = &[
    (
        "CodeartsBuildToStart",
        "A build to be started.",
        &[
            ("job_id", UID, "The job."),
            (
                "parameter?",
                "any",
                "A list of `{name, value}`: variables of the run. Numbers and switches become texts.",
            ),
            ("scm?", "CodeartsScm?", "What is built; the default branch unless this says otherwise."),
        ],
    ),
    (
        "CodeartsScm",
        "What is built.",
        &[("build_tag?", "text?", "A tag."), ("build_commit_id?", "text?", "A commit: 7 hexadecimal digits or more.")],
    ),
    (
        "CodeartsSwitch",
        "Whether a job starts no builds.",
        &[("disabled", "bool", ""), ("reason?", "text?", "Not kept.")],
    ),
];

/// All of them, by what they are about.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = of_builds();
    all.extend(of_jobs());
    all.extend(of_records());
    all
}

fn job(method: &'static str, path: &str) -> Operation {
    codearts(method, path).at("job_id", UID, "The pipeline's uid.").refuses(&[400, 404])
}

fn build(method: &'static str, path: &str, number: &str) -> Operation {
    job(method, path).at(number, "int 1..2147483647 = 20", "Number of the build.")
}

fn record(path: &str) -> Operation {
    codearts("GET", path)
        .at("record_id", DASHED, "The run's uid, with dashes.")
        .query("log_level", "INFO|DEBUG", "Makes no difference.")
        .refuses(&[400, 404])
}

fn paged(operation: Operation) -> Operation {
    operation.query("page_index", "int 0.. := 0", "Number of the page, from 0.").query(
        "page_size",
        "int 0..100 := 10",
        "Entries on a page; 0 is 10.",
    )
}

fn of_builds() -> Vec<Operation> {
    let start = |path: &str, id: &str| {
        codearts("POST", path)
            .named(id, "Starts a build")
            .body("CodeartsBuildToStart")
            .gives(200, "CodeartsStarted", "It was started.")
            .refuses(&[404, 409])
    };
    vec![
        start("/v3/jobs/build", "codearts_run_job"),
        start("/v1/job/execute", "codearts_execute_job"),
        build("POST", "/v3/jobs/{job_id}/{build_no}/stop", "build_no")
            .named("codearts_stop_build_job", "Stops a build")
            .gives(200, "CodeartsStopped", "It is being stopped, or has ended."),
        job("POST", "/v1/job/{job_id}/stop")
            .named("codearts_stop_the_job", "Stops a build")
            .query("build_no", "int 1..2147483647", "Its number; the newest that has not ended when it is absent.")
            .gives(200, "CodeartsDone", "It is being stopped, or has ended."),
        job("POST", "/v3/jobs/{job_id}/disable")
            .named("codearts_disable_build_job", "Lets a job start no more builds")
            .gives(200, "CodeartsDone", "It does not."),
        job("POST", "/v3/jobs/{job_id}/recover")
            .named("codearts_enable_build_job", "Lets a job start builds again")
            .gives(200, "CodeartsDone", "It does."),
        job("POST", "/v1/job/{job_id}/disable")
            .named("codearts_disable_the_job", "Lets a job start no more builds, or again")
            .body("CodeartsSwitch")
            .gives(200, "CodeartsDone", "It was done."),
    ]
}

fn of_jobs() -> Vec<Operation> {
    let list = |path: &str, id: &str, about: &str| {
        paged(codearts("GET", path).named(id, about).at("project_id", UID, "The project's uid."))
            .gives(200, "CodeartsJobs", "A page of them.")
            .fresh()
            .refuses(&[400, 404])
    };
    vec![
        job("GET", "/v1/job/{job_id}/info")
            .named("codearts_show_job_info", "Information on a job")
            .gives(200, "CodeartsJobInfoAnswer", "The job.")
            .fresh(),
        job("GET", "/v1/job/{job_id}/running-status")
            .named("codearts_show_running_status", "Whether a job is being built")
            .gives(200, "CodeartsRunningAnswer", "Where its newest build stands.")
            .fresh(),
        job("GET", "/v3/jobs/{job_id}/status")
            .named("codearts_show_job_status", "Whether a job is being built")
            .gives(200, "CodeartsJobStatus", "Whether it is.")
            .fresh(),
        list("/v3/{project_id}/jobs", "codearts_show_job_list_by_project_id", "The jobs of a project"),
        list("/v1/job/{project_id}/list", "codearts_list_project_jobs", "Some of the jobs of a project")
            .query("search", "text", "Part of the name.")
            .query("sort_field", "job_name|create_time|last_build_time", "What they are sorted by.")
            .query("sort_order", "asc|desc", "In which direction.")
            .query("creator_id", "text", "Uid of who made them.")
            .query("build_status", "red|blue|timeout|aborted|building|none", "How the newest build does.")
            .query("by_group", "bool", "Makes no difference: there are no groups.")
            .query("group_path_id", "text", "Makes no difference."),
    ]
}

fn of_records() -> Vec<Operation> {
    let records = |path: &str, id: &str| {
        paged(job("GET", path).named(id, "The builds of a job within a time"))
            .query("start_time", "text = 2026-01-02 00:00:00", "The first second, in the server's zone; needed.")
            .query("end_time", "text = 2026-01-03 00:00:00", "The last second; needed.")
            .gives(200, "CodeartsRecordsAnswer", "A page of them.")
            .fresh()
    };
    let info = |path: &str, id: &str| {
        build("GET", path, "build_no")
            .named(id, "A build's record")
            .gives(200, "CodeartsRecordAnswer", "The record.")
            .fresh()
    };
    vec![
        job("GET", "/v3/jobs/{job_id}/history")
            .named("codearts_show_list_history", "The builds of a job in the last days")
            .query("offset", "int 0.. := 0", "Number of the page, from 0.")
            .query("limit", "int 0..100 := 10", "Entries on a page; 0 is 10.")
            .query("interval", "int 0..30 := 7", "Days before today.")
            .gives(200, "CodeartsHistory", "A page of them.")
            .fresh(),
        records("/v3/jobs/{job_id}/build-info-records", "codearts_list_build_info_record"),
        records("/v1/record/{job_id}/list", "codearts_list_build_info_record_by_job_id"),
        info("/v4/jobs/{job_id}/{build_no}/record-info", "codearts_show_record_detail"),
        info("/v1/record/{job_id}/{build_no}/record-info", "codearts_show_job_build_record_detail"),
        build("GET", "/v3/jobs/{job_id}/{build_number}/history-details", "build_number")
            .named("codearts_show_history_details", "A build with its steps")
            .gives(200, "CodeartsHistoryDetails", "The build.")
            .fresh(),
        build("GET", "/v1/job/{job_id}/{build_no}/history-parameters", "build_no")
            .named("codearts_list_build_parameter", "What a build was started with, without secrets")
            .gives(200, "CodeartsParametersAnswer", "The variables of the run.")
            .fresh(),
        build("GET", "/v3/jobs/{job_id}/{build_no}/real-time-log", "build_no")
            .named("codearts_download_real_time_log", "A piece of a build's log")
            .query("offset", "int 0.. = 0", "The `offset` of the piece before; needed.")
            .query("length", "int 1.. := 1000000", "About so many bytes; more than 1000000 are so many.")
            .gives(200, "CodeartsLogAnswer", "The piece.")
            .fresh(),
        record("/v4/{record_id}/download-log")
            .named("codearts_download_build_log", "A build's log")
            .query("compress", "bool := false", "Packed by gzip.")
            .gives_as(
                200,
                "application/octet-stream",
                "The log as far as it is there; packed it is `application/gzip`.",
            )
            .fresh(),
        record("/v1/log/{record_id}/download-log")
            .named("codearts_download_build_full_log", "A build's log")
            .query("compress", "bool := false", "Packed by gzip.")
            .gives_as(
                200,
                "application/octet-stream",
                "The log as far as it is there; packed it is `application/gzip`.",
            )
            .fresh(),
    ]
}
