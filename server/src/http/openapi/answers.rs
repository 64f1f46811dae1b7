//! What answers are made of. The wire types of the dialects say the same in Rust; the client suite compares them.

use super::words::Field;

/// Where a job stands.
pub(super) const STATUSES: &str =
    "created|waiting_for_resource|preparing|pending|running|canceling|success|failed|canceled|skipped|manual|scheduled";

/// Words, with what they are about.
pub(super) const WORDS: &[(&str, &str, &str)] = &[
    ("Status", STATUSES, "Where a job stands; runs, whose status is computed, use the same words."),
    ("JobState", "pending|running|completed|failed|cancelled", "Where a job stands, in Ordine's words."),
    ("Visibility", "private|internal|public", "Who sees a project: members, whoever is signed in, everybody."),
    ("ProcessMode", "unordered|oldest_first|newest_first|newest_ready_first", "Which waiting job is next."),
    ("VariableType", "env_var|file", "How a job gets a variable: in its environment, or in a file."),
    ("Role", "nobody|guest|reporter|developer|maintainer|owner|administrator", "What somebody is at a place."),
];

pub(super) const USER: &[Field] = &[
    ("id", "int = 1", "Number."),
    ("username", "text = ada", "The name to sign in with."),
    ("name", "text = Ada Example", "The name for people."),
    ("state", "active|blocked", "Whether they can sign in."),
    ("locked", "bool", "Always false."),
    ("avatar_url", "text?", "Always null."),
    ("web_url", "text = https://ci.example.org/ada", "The person's page."),
];

pub(super) const RUN: &[Field] = &[
    ("id", "int = 12", "Number of the run."),
    ("iid", "int = 3", "Counts the runs of its pipeline from 1."),
    ("uid", "text = 65e51f36bbcc9585de6e3f9036e09a2b", "Opaque name; Weir's addition."),
    ("project_id", "int = 1", "The project."),
    ("sha", "text", "Commit, 40 hexadecimal digits; zeros without a repository."),
    ("ref", "text = main", "Branch or tag; `main` without a repository."),
    ("status", "Status", "Computed from the jobs."),
    ("source", "text = api", "What started it: `web`, `api`, `parent_pipeline`, `trigger`, `pipeline`, `schedule`."),
    ("created_at", "time", "When it was made."),
    ("updated_at", "time", "When its status changed last."),
    ("web_url", "text = https://ci.example.org/shop/web/-/pipelines/12", "Leads to its page."),
    (
        "name?",
        "text? = nightly",
        "What it is called; in lists and of one run alone, not in the answers of what changes one.",
    ),
];

pub(super) const RUN_MORE: &[Field] = &[
    ("before_sha", "text = 0000000000000000000000000000000000000000", "Zeros."),
    ("tag", "bool", "Whether `ref` is a tag."),
    ("yaml_errors", "text?", "Always null: a definition with errors makes no run."),
    ("user", "User", "Who started it."),
    ("started_at", "time?", "When its first job started."),
    ("finished_at", "time?", "When it ended."),
    ("committed_at", "text?", "Always null."),
    ("duration", "int? = 75", "Whole seconds in which a job of it ran, once it has ended or waits for somebody."),
    ("queued_duration", "int? = 2", "Whole seconds from its creation to its start."),
    ("coverage", "text? = 81.50", "The mean of its jobs', in percent; null in lists."),
    ("detailed_status", "DetailedStatus", "The status in words."),
    ("archived", "bool", "Always false."),
];

pub(super) const JOB: &[Field] = &[
    ("id", "int = 40", "Number."),
    ("status", "Status", "Where it stands."),
    ("stage", "text = test", "Its stage."),
    ("name", "text = unit", "Its name."),
    ("ref", "text = main", "Branch or tag; `main` without a repository."),
    ("tag", "bool", "Whether `ref` is a tag."),
    ("coverage", "number? = 81.5", "In percent."),
    ("allow_failure", "bool", "Whether its failure is ignored."),
    ("created_at", "time", "When it was made."),
    ("started_at", "time?", "When a runner took it."),
    ("finished_at", "time?", "When it ended."),
    ("erased_at", "time?", "When its log and artifacts were erased."),
    ("duration", "number? = 12.5", "Seconds, to its end or to now."),
    ("queued_duration", "number? = 0.4", "Seconds for which it was pending."),
    ("user", "JobUser", "Who started it."),
    ("commit", "Commit?", "What it works on; null without a repository."),
    ("pipeline", "RunBasic", "Its run."),
    ("failure_reason?", "text = script_failure", "Why it failed; absent unless it did."),
    ("web_url", "text = https://ci.example.org/shop/web/-/jobs/40", "Leads to its page."),
    ("project", "JobProject", "Settings of its project."),
    ("artifacts_file?", "ArtifactsFile", "The archive; absent without one."),
    ("artifacts", "[Artifact]", "Every file that it left, and its log once it has ended."),
    ("runner", "Runner?", "Who ran it."),
    ("runner_manager", "text?", "Always null."),
    ("artifacts_expire_at", "time?", "When the first of its artifacts is deleted, or was."),
    ("archived", "bool", "Always false."),
    ("source", "text = api", "What started the run."),
    ("tag_list", "[text]", "Which runners may take it."),
    ("manual_confirmation?", "text", "What a person is asked before playing it; Weir's addition."),
];

/// Fields that a job which starts another run does not have.
pub(super) const NO_BRIDGE: [&str; 6] =
    ["artifacts", "artifacts_file?", "artifacts_expire_at", "runner", "runner_manager", "tag_list"];

pub(super) const BRIDGE: &[Field] = &[("downstream_pipeline", "RunBasic?", "The run that it started.")];

pub(super) const COUNTS: &[Field] = &[
    ("total_time", "number = 0.25", "Seconds."),
    ("total_count", "int = 2", "All tests."),
    ("success_count", "int = 1", "Those that went well."),
    ("failed_count", "int = 1", "Those that failed."),
    ("skipped_count", "int = 0", "Those that did not run."),
    ("error_count", "int = 0", "Those that could not be judged."),
];

pub(super) const ENVIRONMENT: &[Field] = &[
    ("id", "int = 5", "Number."),
    ("name", "text = production", "Its name."),
    ("slug", "text = production", "Its name for use in addresses."),
    ("external_url", "text? = https://shop.example.org", "Its address."),
    ("created_at", "time", "When it was first named."),
    ("updated_at", "time", "When it changed last."),
    ("tier", "production|staging|testing|development|other", "What it is for."),
    ("state", "available|stopping|stopped", "Whether something stands there."),
    ("auto_stop_at", "text?", "Always null."),
    ("description", "text?", "What people say about it."),
];

pub(super) const ENVIRONMENT_MORE: &[Field] = &[
    ("project?", "object", "Its project; only in lists."),
    ("last_deployment?", "Deployment?", "The newest deployment; only of one environment alone."),
];

/// Answers: they have these fields and no others.
pub(super) const ANSWERS: &[(&str, &str, &[Field])] = &[
    ("User", "A person.", USER),
    ("RunBasic", "A run, which GitLab calls a pipeline, as it stands in lists and in jobs.", RUN),
    ("EnvironmentBasic", "A place that jobs deploy to, as it stands in a deployment.", ENVIRONMENT),
    (
        "Version",
        "The version of GitLab whose interface this is, and Weir's own.",
        &[
            ("version", "text = 18.0.0", "Tools compare it with GitLab's."),
            ("revision", "text = weir-0.1.0", ""),
            ("enterprise", "bool", "Always false."),
            ("kas", "Kas", ""),
            ("weir", "text = 0.1.0", "Weir's own version."),
        ],
    ),
    (
        "Kas",
        "Nothing of it exists here.",
        &[
            ("enabled", "bool", ""),
            ("externalUrl", "null", ""),
            ("externalK8sProxyUrl", "null", ""),
            ("version", "null", ""),
        ],
    ),
    (
        "DetailedStatus",
        "A status in words and pictures.",
        &[
            ("icon", "text = status_success", ""),
            ("text", "text = Passed", "One word."),
            ("label", "text = passed", "A few words."),
            ("group", "text = success", "The word for style sheets."),
            ("tooltip", "text = passed", ""),
            ("has_details", "bool = true", "Always true."),
            ("details_path", "text? = /shop/web/-/pipelines/12", "A path that leads to the page."),
            ("illustration", "null", "Always null."),
            ("favicon", "text = /assets/ci_favicons/success.png", ""),
        ],
    ),
    (
        "Commit",
        "A commit, as far as a run remembers it.",
        &[
            ("id", "text = 2f1c7c1e8f0b4a60c1de0a7a5d3f7e9b8c6d5e4f", "40 hexadecimal digits."),
            ("short_id", "text = 2f1c7c1e", "The first eight."),
            ("created_at", "time?", "When it was committed."),
            ("parent_ids", "[text]", "The commits before it."),
            ("title", "text = Say hello", "The first line of its message."),
            ("message", "text = Say hello", "The whole message."),
            ("author_name", "text = Ada Example", "Who wrote it."),
            ("author_email", "text = ada@example.org", "Their address."),
            ("authored_date", "time?", "When."),
            ("committer_name", "text = Ada Example", "Who committed it."),
            ("committer_email", "text = ada@example.org", "Their address."),
            ("committed_date", "time?", "When."),
            ("trailers", "object", "Always empty."),
            ("extended_trailers", "object", "Always empty."),
            (
                "web_url",
                "text = https://ci.example.org/shop/web/-/commit/2f1c7c1e",
                "Where GitLab has its page; Weir has none.",
            ),
        ],
    ),
    (
        "JobProject",
        "Settings of a job's project.",
        &[("ci_job_token_scope_enabled", "bool = true", "Always true: a job's token opens its own project.")],
    ),
    ("ArtifactsFile", "An archive.", &[("filename", "text = artifacts.zip", ""), ("size", "int = 2048", "Bytes.")]),
    (
        "Artifact",
        "A file that a job left.",
        &[
            ("file_type", "text = archive", "`archive`, or the type of a report."),
            ("size", "int = 2048", "Bytes."),
            ("filename", "text = artifacts.zip", ""),
            ("file_format", "text? = zip", "`zip`, `gzip` or `raw`."),
        ],
    ),
    (
        "Runner",
        "Who ran a job.",
        &[
            ("id", "int = 1", "Number; 0 where it is not known any more."),
            ("description", "text = embedded", "Name."),
            ("ip_address", "null", "Always null."),
            ("active", "bool = true", "Whether it takes jobs."),
            ("paused", "bool", "Whether it takes none for now."),
            ("is_shared", "bool = true", "Whether it is for all projects."),
            ("runner_type", "instance_type|group_type|project_type", ""),
            ("name", "null", "Always null."),
            ("online", "bool = true", "Whether it was heard of lately."),
            ("created_by", "PersonBasic?", "Who made it; null for the server's own, and where nobody is signed in."),
            ("created_at", "time?", "When it was made; null where it is not known any more."),
            ("status", "online|offline", ""),
            ("job_execution_status", "active|idle", "Whether a job runs on it."),
        ],
    ),
    (
        "TestCase",
        "One test.",
        &[
            ("status", "success|failed|skipped|error", "How it ended."),
            ("name", "text = adds", ""),
            ("classname", "text = shop.Cart", ""),
            ("file", "text?", "Its source, as the report names it."),
            ("execution_time", "number = 0.12", "Seconds."),
            ("system_output", "text?", "What it said."),
            ("stack_trace", "text?", "Where it failed."),
            ("recent_failures", "null", "Always null."),
            ("attachment_url", "null", "Always null."),
        ],
    ),
    (
        "TestSummary",
        "How the tests of a run went.",
        &[("total", "TestTotal", "All suites together."), ("test_suites", "[TestSuiteSummary]", "")],
    ),
    (
        "TestTotal",
        "Counts of tests.",
        &[
            ("time", "number = 0.25", "Seconds."),
            ("count", "int = 2", ""),
            ("success", "int = 1", ""),
            ("failed", "int = 1", ""),
            ("skipped", "int = 0", ""),
            ("error", "int = 0", ""),
            ("suite_error", "text?", "Why a report could not be read."),
        ],
    ),
    (
        "Deployment",
        "An attempt of a job to deploy.",
        &[
            ("id", "int = 9", "Number."),
            ("iid", "int = 4", "Counts the deployments of the project."),
            ("ref", "text = main", "Branch or tag."),
            ("sha", "text", "Commit."),
            ("created_at", "time", "When its job started."),
            ("updated_at", "time", "When it ended."),
            ("status", "text = success", "How its job stands."),
            ("user", "User", "Who started the job."),
            ("environment", "EnvironmentBasic", "Where to."),
            ("deployable", "Job", "The job."),
        ],
    ),
    (
        "ResourceGroup",
        "A lock that jobs share: of those that name it, one at a time runs.",
        &[
            ("id", "int = 2", "Number."),
            ("key", "text = production", "Its name."),
            ("process_mode", "ProcessMode", ""),
            ("created_at", "time", ""),
            ("updated_at", "time", ""),
        ],
    ),
    (
        "Variable",
        "A CI/CD variable. Those of the instance have neither scope nor `hidden`.",
        &[
            ("variable_type", "VariableType", ""),
            ("key", "text = DEPLOY_KEY", "Its name."),
            ("value", "text? = s3cr3t-value", "Null when it is hidden."),
            ("hidden?", "bool", "Whether its value is never shown again."),
            ("protected", "bool", "Whether only runs of protected refs get it."),
            ("masked", "bool = true", "Whether logs have `[MASKED]` in its place."),
            ("raw", "bool", "Whether `$` in its value stays as it is."),
            ("environment_scope?", "text = *", "The environments whose jobs get it."),
            ("description", "text?", "What it is for."),
        ],
    ),
    (
        "Why",
        "Why a run or a job is in its status: a chain of reasons.",
        &[
            ("subject", "text = job 40 (unit)", "What it is about."),
            ("status", "Status", ""),
            ("answer", "text = waits for a free runner", "One sentence."),
            ("because", "[Why]", "What it rests on, nearest first."),
        ],
    ),
    (
        "Account",
        "A user's account.",
        &[
            ("id", "int = 2", "Number."),
            ("uid", "text = 67677d8b8951d80f1fce986cd99c4c50", "Opaque name."),
            ("name", "text = ada", "The name to sign in with."),
            ("full_name", "text = Ada Example", "The name for people."),
            ("email", "text? = ada@example.org", "Null for those who may not see it."),
            ("is_admin", "bool", ""),
            ("is_bot", "bool", ""),
            ("is_active", "bool = true", "Whether they can sign in and their tokens work."),
            ("has_password", "bool", "Whether they have one yet."),
            ("created_at", "ms", ""),
            ("seen_at", "int? = 1767323045678", "When they last did something, in milliseconds since 1970."),
        ],
    ),
    (
        "PasswordLink",
        "A link by which somebody sets a password, once. It is shown this one time.",
        &[("link", "text = https://ci.example.org/password?key=8bfed882", ""), ("expires_at", "time", "")],
    ),
    (
        "NewAccount",
        "An account, and the link by which its password is set.",
        &[
            ("user", "Account", ""),
            ("link", "text = https://ci.example.org/password?key=8bfed882", "Shown this one time."),
            ("expires_at", "time", "Until when the link can be used."),
        ],
    ),
    (
        "NewToken",
        "A token. Its text is shown this one time.",
        &[("token", "text = glpat-0f3a", ""), ("id", "int = 7", "Number.")],
    ),
    (
        "NewAccessKey",
        "A pair of keys that requests are signed with. The secret is shown this one time.",
        &[
            ("id", "int = 3", "Number."),
            ("access", "text = AKEXAMPLE", ""),
            ("secret", "text = 9c1d", ""),
            (
                "project_id",
                "text? = c75ea6cb53e3c50623ea39aa429998b4",
                "The uid of the project that requests name; null for a user who sees none.",
            ),
        ],
    ),
    (
        "Permissions",
        "What somebody may do at a place.",
        &[
            ("user", "text? = ada", "Null for people who are not signed in."),
            ("place", "Place", ""),
            ("path", "text = shop/web", "Empty for the instance."),
            ("role", "Role", "The role there."),
            ("permissions", "[Permission]", "Every action that is about such a place."),
        ],
    ),
    (
        "Permission",
        "Whether somebody may do something.",
        &[
            ("action", "text = start_run", ""),
            ("words", "text = start a run", "What it is, behind \"to \"."),
            ("allowed", "bool", ""),
            ("why", "text = developer may start a run", "Why, or why not."),
        ],
    ),
    (
        "RotatedKey",
        "What was done.",
        &[
            ("key", "text = 5ae39d41", "The name of the key that seals now."),
            ("resealed", "int = 14", "How many secrets."),
            ("fresh", "bool = true", "Whether it is a new one; false where the environment has the keys."),
        ],
    ),
    ("OrdineJob", "A job in Ordine's sense: a run, or a record that a script keeps itself.", ORDINE_JOB),
    (
        "Trace",
        "One line of a log.",
        &[
            ("id", "int = 1", "Counts the lines of the job from 1."),
            ("jobId", "text = 65e51f36bbcc9585de6e3f9036e09a2b", "As it was asked for."),
            ("level", "debug|info|warn|error", "What the line says of itself."),
            ("stream", "text = combined", "Always `combined`."),
            ("step", "text = unit", "The job of the run that wrote it."),
            ("message", "text = hello", "The line, as plain text."),
            ("createdAt", "time", ""),
        ],
    ),
    (
        "OrdinePipeline",
        "A pipeline.",
        &[
            ("id", "text = pipe_check_dao", "Its key."),
            ("uid", "text = 894b5d12d95cca45b170f0e1d8267802", "Opaque name."),
            ("name", "text = Check DAO", ""),
            ("description", "text", ""),
            ("projectId", "text? = shop/web", ""),
            ("tags", "[text]", ""),
            ("nodes", "any = []", "As they were given."),
            ("edges", "any = []", "As they were given."),
            ("timeoutMs", "any = 60000", "As it was given, or null."),
            (
                "definition",
                "text? = unit: {script: [echo hello]}",
                "The definition; null when the project's file is meant.",
            ),
            ("createdAt", "time", ""),
            ("updatedAt", "time", ""),
        ],
    ),
    (
        "StartedRun",
        "What was started.",
        &[
            ("jobId", "text = 65e51f36bbcc9585de6e3f9036e09a2b", "The job's id."),
            ("runId", "int = 12", "The run's number."),
        ],
    ),
    ("Health", "The process answers.", &[("status", "text = ok", "")]),
    (
        "Diagnostic",
        "What is wrong with a definition, and where.",
        &[
            ("severity", "error|warning", ""),
            ("message", "text = unknown keyword", ""),
            ("file", "text = .gitlab-ci.yml", ""),
            ("line", "int = 3", ""),
            ("column", "int = 5", ""),
            ("hint", "text?", "The way out."),
            ("link", "text?", "Where it is documented."),
            ("source_line", "text", "The line, for a caret."),
            ("width", "int = 6", "How many characters the caret underlines."),
        ],
    ),
    (
        "AuditEntry",
        "An entry of the audit log.",
        &[
            ("id", "int = 10", "Number."),
            ("at", "ms", ""),
            ("user", "text? = ada", "Null when nobody was signed in."),
            ("via", "text = token 7", "By which means."),
            ("address", "text? = 192.0.2.7", ""),
            ("action", "text = run.start", ""),
            ("target", "text = run 12 of demo of shop/web", ""),
            ("project_id", "int? = 1", ""),
            ("changes", "[AuditChange]", "Never a secret."),
        ],
    ),
    (
        "AuditChange",
        "One field of what changed.",
        &[("field", "text = role", ""), ("before", "text?", ""), ("after", "text? = developer", "")],
    ),
    (
        "VerifiedRunner",
        "The runner.",
        &[
            ("id", "int = 1", "Number."),
            ("token", "text = glrt-0f3a", "As it was given."),
            ("token_expires_at", "text?", "Always null."),
        ],
    ),
    ("Created", "It was taken in.", &[("message", "text = 201 Created", "")]),
];

const ORDINE_JOB: &[Field] = &[
    ("id", "text = 65e51f36bbcc9585de6e3f9036e09a2b", "The run's uid, or what the script chose."),
    ("title", "text? = Check DAO #3", ""),
    ("type", "text? = pipeline_run", ""),
    ("parentJobId", "text?", ""),
    ("pipelineId", "text? = pipe_check_dao", ""),
    ("projectId", "text? = shop/web", ""),
    ("inputPath", "text? = /data/in", ""),
    ("status", "JobState", ""),
    ("result", "any = null", "What came of it: whatever the script says; of a run, a summary and its jobs."),
    ("error", "text?", "Why it failed; never empty when it did."),
    ("createdAt", "time", ""),
    ("updatedAt", "time", ""),
    ("startedAt", "time?", ""),
    ("completedAt", "time?", ""),
    ("runId", "int? = 12", "Number of the run; null for a record of a script."),
];
