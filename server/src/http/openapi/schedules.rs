//! Schedules and triggers, in GitLab's dialect.

use super::gitlab::{Ours as _, PAGED, gitlab};
use super::words::{Field, Operation};

/// What answers are made of.
pub(super) const ANSWERS: &[(&str, &str, &[Field])] = &[
    (
        "ScheduleVariable",
        "A variable of a schedule.",
        &[
            ("variable_type", "VariableType", ""),
            ("key", "text = MODE", "Its name."),
            ("value", "text = full", "Its value."),
            ("raw", "bool", "Whether `$` in its value stays as it is."),
        ],
    ),
    (
        "InputValue",
        "The value of an input.",
        &[("name", "text = size", ""), ("value", "any = 3", "A text, a number, a switch or a list.")],
    ),
    (
        "ScheduleFailure",
        "That no run came of a schedule.",
        &[("at", "time", ""), ("message", "text = its owner ada is deactivated", "Why.")],
    ),
    (
        "Trigger",
        "A token that starts runs of one project.",
        &[
            ("id", "int = 10", "Number."),
            (
                "token",
                "text = glptt-6d056f63e50f",
                "Whole for its owner; for others, and for tokens that may only read, its first four characters.",
            ),
            ("description", "text = from the shop", "What it is for."),
            ("created_at", "time", ""),
            ("updated_at", "time", ""),
            ("last_used", "time?", "When it last started a run."),
            ("expires_at", "time?", "When it ends."),
            ("owner", "User", "As whom it starts runs."),
        ],
    ),
];

pub(super) const SCHEDULE: &[Field] = &[
    ("id", "int = 13", "Number."),
    ("description", "text = nightly", "What it is for."),
    ("ref", "text = refs/heads/main", "The branch or tag; empty for the default branch."),
    ("cron", "text = 0 2 * * *", "When it is due."),
    ("cron_timezone", "text = Europe/Berlin", "On the clocks of which time zone."),
    ("next_run_at", "time?", "When it is due next; null while it is not active."),
    ("active", "bool = true", "Whether it starts runs."),
    ("created_at", "time", ""),
    ("updated_at", "time", "When somebody changed it last."),
    ("owner", "User?", "As whom it starts runs, with what they may then."),
    ("inputs", "[InputValue]", "Values of the definition's inputs."),
    (
        "pipeline_key",
        "text? = shop",
        "The pipeline; null: the one of the project's own definition, or the only one. Weir's addition.",
    ),
    ("failure", "ScheduleFailure?", "What stood against its last run; null when one was made. Weir's addition."),
];

pub(super) const DETAILS: &[Field] = &[
    ("last_pipeline", "RunBasic?", "The last run that it started."),
    (
        "variables?",
        "[ScheduleVariable]",
        "Absent for who may not see them: they are its owner's and maintainers' to see.",
    ),
];

pub(super) const PLAYED: &[Field] = &[("message", "text = 201 Created", "")];

/// What requests are made of.
pub(super) const REQUESTS: &[(&str, &str, &[Field])] = &[
    (
        "ScheduleToCreate",
        "A schedule.",
        &[
            ("description", "text = nightly", ""),
            ("ref", "text = main", "A branch or tag; short names become full ones."),
            ("cron", "text = 0 2 * * *", "Five fields, or `@daily` and the like."),
            ("cron_timezone?", "text = Europe/Berlin", "`UTC` when absent."),
            ("active?", "bool = true", ""),
            ("inputs?", "any = [{\"name\": \"size\", \"value\": 3}]", "A list of names and values, or an object."),
            ("pipeline_key?", "text? = shop", ""),
        ],
    ),
    (
        "ScheduleToChange",
        "What changes; what is absent stays.",
        &[
            ("description?", "text = nightly", ""),
            ("ref?", "text = main", ""),
            ("cron?", "text = 0 2 * * *", ""),
            ("cron_timezone?", "text = Europe/Berlin", ""),
            ("active?", "bool = true", ""),
            ("inputs?", "any = [{\"name\": \"size\", \"destroy\": true}]", "Others stay; `destroy` takes one away."),
            ("pipeline_key?", "text? = shop", ""),
        ],
    ),
    (
        "ScheduleVariableToCreate",
        "A variable.",
        &[
            ("key", "text 1..255 = MODE", "Letters, digits and `_`."),
            ("value", "text = full", "At most 10 000 characters."),
            ("variable_type?", "VariableType", ""),
        ],
    ),
    (
        "ScheduleVariableToChange",
        "What changes; what is absent stays.",
        &[("value?", "text = fast", ""), ("variable_type?", "VariableType", "")],
    ),
    (
        "TriggerToCreate",
        "A trigger.",
        &[
            ("description", "text 1..255 = from the shop", ""),
            ("expires_at?", "text? = 2027-01-31", "A time, or a day."),
        ],
    ),
    ("TriggerToChange", "What changes.", &[("description?", "text 1..255 = from the shop", "")]),
    (
        "TriggeredRun",
        "What a trigger starts. All fields but the token become the file variable `TRIGGER_PAYLOAD`.",
        &[
            ("token", "text = glptt-6d056f63e50f", "A trigger's, or that of a running job."),
            ("ref", "text = main", "A branch, tag or commit."),
            ("variables?", "map", "As a form: `variables[NAME]`."),
            ("inputs?", "any = {}", "Values of the definition's inputs."),
        ],
    ),
    (
        "TriggeredByHook",
        "The same, with the ref in the address.",
        &[("token", "text = glptt-6d056f63e50f", ""), ("variables?", "map", ""), ("inputs?", "any = {}", "")],
    ),
];

fn schedule(method: &'static str, path: &str) -> Operation {
    gitlab(method, &format!("/projects/{{project}}/pipeline_schedules/{{schedule}}{path}"))
        .of_project()
        .at("schedule", "int = 13", "Number of the schedule.")
        .refuses(&[400])
}

fn variable(method: &'static str) -> Operation {
    schedule(method, "/variables/{key}").at("key", "text = MODE", "Its name.")
}

fn trigger(method: &'static str) -> Operation {
    gitlab(method, "/projects/{project}/triggers/{trigger}")
        .of_project()
        .at("trigger", "int = 10", "Number of the trigger.")
        .refuses(&[400])
}

const UNMODIFIED: &str = "Deletes only what did not change since.";

/// All of them, in the order of the routes.
pub(super) fn operations() -> Vec<Operation> {
    let root = "/projects/{project}/pipeline_schedules";
    let mut all = vec![
        gitlab("GET", root)
            .named("schedules", "Schedules, the newest first")
            .of_project()
            .query("scope", "active|inactive", "Only those.")
            .page()
            .gives(200, "[Schedule]", "A page of them, without their variables.")
            .fresh()
            .with(&PAGED),
        gitlab("POST", root)
            .named("schedule_create", "Makes a schedule")
            .about("Fields may stand in the query too; those of the body win.")
            .of_project()
            .body("ScheduleToCreate")
            .or_form()
            .gives(201, "ScheduleDetails", "The schedule.")
            .refuses(&[409]),
        schedule("GET", "").named("schedule", "A schedule").gives(200, "ScheduleDetails", "The schedule.").fresh(),
        schedule("PUT", "")
            .named("schedule_change", "Changes a schedule")
            .optional_body("ScheduleToChange")
            .or_form()
            .gives(200, "ScheduleDetails", "The schedule."),
        schedule("DELETE", "")
            .named("schedule_delete", "Deletes a schedule; its runs stay")
            .header("If-Unmodified-Since", "text", UNMODIFIED)
            .empty(204, "It is gone.")
            .refuses(&[412]),
        schedule("POST", "/take_ownership")
            .named("schedule_take", "The schedule starts runs as the caller from now on")
            .gives(201, "ScheduleDetails", "The schedule.")
            .gives(200, "ScheduleDetails", "The schedule, which did so before."),
        schedule("POST", "/play")
            .named("schedule_play", "Starts its run now, as its owner")
            .about("The run is there when this is answered. When the schedule is due next stays as it is.")
            .gives(201, "PlayedSchedule", "GitLab's word, and the schedule.")
            .refuses(&[409]),
        schedule("GET", "/pipelines")
            .named("schedule_runs", "The runs that it started, the oldest first")
            .query(
                "scope",
                "running|pending|finished|branches|tags",
                "Only those; of branches and tags the newest of each.",
            )
            .query("status", super::answers::STATUSES, "Only those of this status.")
            .query("created_before", "time", "Only those made before.")
            .query("created_after", "time", "Only those made after.")
            .query("updated_before", "time", "Only those that changed last before.")
            .query("updated_after", "time", "Only those that changed last after.")
            .query("sort", "asc|desc := asc", "By number.")
            .page()
            .gives(200, "[RunBasic]", "A page of them.")
            .fresh()
            .with(&PAGED),
        schedule("POST", "/variables")
            .named("schedule_variable_create", "Gives its runs one more variable")
            .body("ScheduleVariableToCreate")
            .or_form()
            .gives(201, "ScheduleVariable", "The variable."),
        variable("GET")
            .named("schedule_variable", "One of its variables")
            .signed()
            .gives(200, "ScheduleVariable", "The variable.")
            .fresh(),
        variable("PUT")
            .named("schedule_variable_change", "Changes one of its variables")
            .optional_body("ScheduleVariableToChange")
            .or_form()
            .gives(200, "ScheduleVariable", "The variable."),
        variable("DELETE")
            .named("schedule_variable_delete", "Takes one of its variables away")
            .header("If-Unmodified-Since", "text", "Only while the schedule did not change since.")
            .gives(202, "ScheduleVariable", "The variable as it was.")
            .refuses(&[412]),
    ];
    all.extend(triggers());
    all
}

fn triggers() -> Vec<Operation> {
    let root = "/projects/{project}/triggers";
    vec![
        gitlab("GET", root)
            .named("triggers", "Triggers, the oldest first")
            .of_project()
            .page()
            .gives(200, "[Trigger]", "A page of them.")
            .signed()
            .fresh()
            .with(&PAGED),
        gitlab("POST", root)
            .named("trigger_create", "Makes a trigger, which starts runs as the caller")
            .of_project()
            .body("TriggerToCreate")
            .or_form()
            .gives(201, "Trigger", "The trigger."),
        trigger("GET").named("trigger", "A trigger").signed().gives(200, "Trigger", "The trigger.").fresh(),
        trigger("PUT")
            .named("trigger_change", "Describes a trigger otherwise")
            .optional_body("TriggerToChange")
            .or_form()
            .gives(200, "Trigger", "The trigger."),
        trigger("DELETE")
            .named("trigger_delete", "Ends a trigger")
            .header("If-Unmodified-Since", "text", UNMODIFIED)
            .empty(204, "It is gone.")
            .refuses(&[412]),
        gitlab("POST", "/projects/{project}/trigger/pipeline")
            .named("trigger_run", "Starts a run with the token of a trigger or a job")
            .about("Takes JSON, forms and `multipart/form-data`. What the request shows besides does not matter.")
            .of_project()
            .body("TriggeredRun")
            .or_form()
            .or_multipart()
            .gives(201, "Run", "The run.")
            .refuses(&[409])
            .by_its_body(),
        gitlab("POST", "/projects/{project}/ref/{path}")
            .named("trigger_run_of_ref", "The same for webhooks: `…/ref/REF/trigger/pipeline`")
            .of_project()
            .at("path", "text = main/trigger/pipeline", "The ref, which may have slashes, and `/trigger/pipeline`.")
            .body("TriggeredByHook")
            .or_form()
            .gives(201, "Run", "The run.")
            .refuses(&[409])
            .by_its_body(),
    ]
}
