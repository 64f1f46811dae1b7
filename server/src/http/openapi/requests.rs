//! What requests are made of, and the few answers that have more fields than are named here.

use super::words::Field;

/// Requests: further fields are ignored.
pub(super) const REQUESTS: &[(&str, &str, &[Field])] = &[
    (
        "VariableToCreate",
        "A variable.",
        &[
            ("key", "text 1..255 = DEPLOY_KEY", "Letters, digits and `_`."),
            ("value", "text = s3cr3t-value", "At most 10 000 characters."),
            ("variable_type?", "VariableType", ""),
            ("protected?", "bool", ""),
            ("masked?", "bool = true", ""),
            ("masked_and_hidden?", "bool", "The value is never shown again."),
            ("raw?", "bool", ""),
            ("environment_scope?", "text = *", ""),
            ("description?", "text?", ""),
        ],
    ),
    (
        "VariableToChange",
        "What changes; what is absent stays.",
        &[
            ("value?", "text = an0ther-value", ""),
            ("variable_type?", "VariableType", ""),
            ("protected?", "bool", ""),
            ("masked?", "bool = true", ""),
            ("raw?", "bool", ""),
            ("environment_scope?", "text = *", ""),
            ("description?", "text?", ""),
        ],
    ),
    ("ModeToSet", "How the group hands its resource on.", &[("process_mode?", "ProcessMode", "")]),
    (
        "JobToPlay",
        "Variables of this attempt.",
        &[
            ("job_variables_attributes?", "[KeyAndValue]", "They beat those of the run."),
            ("job_inputs?", "any = {}", "Jobs have no inputs: anything in it is refused."),
        ],
    ),
    ("JobToRetry", "Nothing is needed.", &[("inputs?", "any = {}", "Jobs have no inputs: anything in it is refused.")]),
    (
        "JobToCancel",
        "How.",
        &[("force?", "bool", "Ends a job that is being canceled, without waiting for its runner.")],
    ),
    (
        "RunToCreate",
        "A run of a branch or tag.",
        &[
            ("ref", "text = main", "Branch or tag."),
            ("variables?", "[VariableOfRun]", "They beat those of the definition."),
            ("inputs?", "any = {}", "Values of the definition's inputs."),
        ],
    ),
    (
        "VariableOfRun",
        "A variable.",
        &[("key", "text = TARGET", ""), ("value", "text = eu", ""), ("variable_type?", "VariableType", "")],
    ),
    (
        "TextToLint",
        "A definition, and how it is looked through.",
        &[
            ("content", "text = unit: {script: [echo hello]}", "The text of a `.gitlab-ci.yml`."),
            ("ref?", "text = main", "The branch or tag whose files it includes."),
            ("dry_run?", "bool", "Whether there has to be a run that could be made of it."),
            ("include_jobs?", "bool", "With its jobs."),
        ],
    ),
    (
        "TextAlone",
        "A definition.",
        &[("content", "text = unit: {script: [echo hello]}", "The text of a `.gitlab-ci.yml`.")],
    ),
    ("RunToName", "A name.", &[("name", "text 0..255 = nightly", "")]),
    ("KeyAndValue", "A variable.", &[("key", "text = TARGET", ""), ("value", "text = eu", "")]),
    (
        "ProjectToCreate",
        "A project.",
        &[
            ("path", "text 3..255 = shop/web", "`namespace/name`."),
            ("source?", "text? = https://git.example.org/shop/web.git", "The folder or URL of its repository."),
            ("visibility?", "Visibility", ""),
        ],
    ),
    (
        "TokenToCreate",
        "A token.",
        &[
            ("user?", "text? = ada", "Whose; one's own when absent."),
            ("name", "text = deploy", "What its owner calls it."),
            ("scope", "api|read_api", "Everything that its user may, or only reading."),
            ("expires_at?", "int? = 1798675200000", "When it ends, in milliseconds since 1970."),
        ],
    ),
    (
        "AccessKeyToCreate",
        "Whose key, and for which project.",
        &[("user?", "text? = ada", ""), ("project?", "text? = shop/web", "Number or path.")],
    ),
    (
        "AccountToCreate",
        "A user.",
        &[
            ("name", "text = grace", "The name to sign in with."),
            ("full_name?", "text = Grace Example", ""),
            ("email?", "text? = grace@example.org", ""),
            ("admin?", "bool", ""),
        ],
    ),
    (
        "MemberToSet",
        "Who gets which role.",
        &[("user", "text = ada", ""), ("role?", "guest|reporter|developer|maintainer|owner?", "Null takes it away.")],
    ),
    (
        "JobToCreate",
        "A record of a script's own; no runner ever takes it.",
        &[
            ("id", "text 1..255 = job_001", "Not taken yet, without control characters."),
            ("title?", "text?", ""),
            ("type?", "text?", ""),
            ("parentJobId?", "text?", ""),
            ("pipelineId?", "text? = pipe_check_dao", ""),
            ("projectId?", "text?", ""),
            ("inputPath?", "text?", ""),
            ("status?", "JobState", ""),
            ("result?", "any = null", ""),
            ("error?", "text?", ""),
        ],
    ),
    (
        "JobToChange",
        "What changes. Of a run only `{\"status\": \"cancelled\"}` does anything.",
        &[
            ("status?", "pending|running|completed|failed|cancelled|queued|done|canceled = cancelled", ""),
            ("result?", "any = null", ""),
            ("error?", "text?", ""),
            ("title?", "text?", ""),
        ],
    ),
    (
        "PipelineToStore",
        "A pipeline: a definition, or nodes and edges. Its id is in the body or in the address.",
        &[
            ("id?", "text 1..255 = pipe_check_dao", ""),
            ("name?", "text? = Check DAO", ""),
            ("description?", "text?", ""),
            ("projectId?", "text?", ""),
            ("tags?", "[text]", ""),
            ("definition?", "text? = unit: {script: [echo hello]}", "The text of a `.gitlab-ci.yml`."),
            ("nodes?", "any = []", ""),
            ("edges?", "any = []", ""),
            ("timeoutMs?", "any = null", ""),
        ],
    ),
    (
        "RunToStart",
        "What the run is given.",
        &[
            ("inputPath?", "text? = /data/in", "`INPUT_PATH` in its jobs."),
            ("ref?", "text? = main", "Branch, tag or commit."),
            ("variables?", "any = {\"TARGET\": \"eu\"}", "An object of texts, or a list of keys and values."),
            ("inputs?", "any = {}", "Values of the definition's inputs."),
            ("projectId?", "text?", "Kept as text; it need not exist here."),
        ],
    ),
    (
        "OperationToStore",
        "A step that nodes point at. Fields of its own are kept.",
        &[
            ("id?", "text 1..255 = op_list", ""),
            ("name?", "text? = List", ""),
            ("description?", "text?", ""),
            (
                "config?",
                "any = {\"executor\": {\"type\": \"script\", \"language\": \"bash\", \"command\": \"ls\"}}",
                "",
            ),
        ],
    ),
    (
        "JobRequest",
        "A runner that looks for work.",
        &[
            ("token?", "text = glrt-0f3a", "The runner's."),
            ("system_id?", "text = s_1", "Which machine asks."),
            ("last_update?", "text", "The queue's version seen last: with it the request is held."),
            ("info?", "object", "What the runner can do."),
        ],
    ),
    (
        "JobUpdate",
        "How a job stands.",
        &[
            ("token?", "text = glcbt-0f3a", "The job's."),
            ("state", "pending|running|success|failed", ""),
            ("failure_reason?", "text", ""),
            ("exit_code?", "int?", ""),
            ("output?", "any = {\"bytesize\": 5, \"checksum\": \"crc32:3610a686\"}", "Size and checksum of the trace."),
            ("info?", "object", ""),
        ],
    ),
    ("RunnerToVerify", "A runner's token.", &[("token?", "text = glrt-0f3a", ""), ("system_id?", "text", "")]),
    (
        "JobPayload",
        "Everything that a runner needs to run a job.",
        &[("id", "int = 40", ""), ("token", "text = glcbt-0f3a", "The job's.")],
    ),
    (
        "Operation",
        "A step that nodes point at: what was given, with these fields.",
        &[
            ("id", "text = op_list", ""),
            ("name", "text = List", ""),
            ("description", "text", ""),
            ("createdAt", "time", ""),
            ("updatedAt", "time", ""),
        ],
    ),
];
