//! Every schema of the document, by name.

use serde_json::{Map, Value, json};

use super::answers::{
    ANSWERS, BRIDGE, COUNTS, ENVIRONMENT, ENVIRONMENT_MORE, JOB, NO_BRIDGE, RUN, RUN_MORE, USER, WORDS,
};
use super::gitlab_runs::{self, PROFILE};
use super::objects::{CLOSED, JOINED, OPEN, PROJECT, PROJECT_SIMPLE};
use super::requests::REQUESTS;
use super::schedules;
use super::words::{Field, kind, object};

/// All of them, by name.
pub(super) fn all() -> Value {
    let mut all = Map::new();
    for (name, words, about) in WORDS {
        let mut schema = kind(words);
        schema["description"] = (*about).into();
        all.insert((*name).to_owned(), schema);
    }
    let answers = ANSWERS.iter().chain(schedules::ANSWERS).chain(gitlab_runs::ANSWERS);
    for (name, about, fields) in answers.chain(super::codearts::ANSWERS).chain(super::codearts_build::ANSWERS) {
        all.insert((*name).to_owned(), object(about, *fields, true));
    }
    for (name, about, fields) in REQUESTS.iter().chain(schedules::REQUESTS).chain(super::codearts_build::REQUESTS) {
        all.insert((*name).to_owned(), object(about, *fields, false));
    }
    // What the newtypes of `model` take.
    let part = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}";
    all["ProjectToCreate"]["properties"]["path"]["pattern"] = format!("^{part}(/{part})+$").into();
    all["VariableToCreate"]["properties"]["key"]["pattern"] = "^[A-Za-z0-9_]+$".into();
    let mut put = |name: &str, schema: Value| all.insert(name.to_owned(), schema);
    let (schedule, details, played) = (schedules::SCHEDULE, schedules::DETAILS, schedules::PLAYED);
    put("Schedule", object("A schedule, which starts runs by the clock.", schedule, true));
    put("ScheduleDetails", object("A schedule alone.", schedule.iter().chain(details), true));
    let all_of_it = schedule.iter().chain(details).chain(played);
    put("PlayedSchedule", object("A schedule whose run was started.", all_of_it, true));
    for (name, about, lists) in JOINED {
        put(name, object(about, lists.iter().copied().flatten(), true));
    }
    for (name, about, fields) in CLOSED {
        put(name, object(about, *fields, true));
    }
    let short = PROJECT.iter().chain(PROJECT_SIMPLE);
    put("ProjectShort", object("A project; with `simple` these are all the fields.", short, false));
    for (name, about, fields) in OPEN {
        put(name, object(about, *fields, false));
    }
    put("Run", object("A run, which GitLab calls a pipeline.", RUN.iter().chain(RUN_MORE), true));
    put("Environment", object("A place that jobs deploy to.", ENVIRONMENT.iter().chain(ENVIRONMENT_MORE), true));
    put("JobUser", object("Who started a job.", USER.iter().chain(PROFILE), true));
    put("Job", object("One attempt at a job.", JOB, true));
    let of_bridge = JOB.iter().filter(|(name, ..)| !NO_BRIDGE.contains(name)).chain(BRIDGE);
    put("Bridge", object("A job that starts a child run.", of_bridge, true));
    let suite: &[Field] = &[("name", "text = unit", ""), ("suite_error", "text?", "Why its report could not be read.")];
    let cases: &[Field] = &[("test_cases", "[TestCase]", "")];
    put("TestSuite", object("The tests of a job.", suite.iter().chain(COUNTS).chain(cases), true));
    let jobs: &[Field] = &[("build_ids", "[int]", "The jobs that reported it.")];
    put("TestSuiteSummary", object("The tests of a job, counted.", suite.iter().chain(COUNTS).chain(jobs), true));
    let suites: &[Field] = &[("test_suites", "[TestSuite]", "")];
    put("TestReport", object("Every test of a run.", COUNTS.iter().chain(suites), true));
    let changes: &[Field] = &[
        ("full_name?", "text? = Ada Example", ""),
        ("email?", "text? = ada@example.org", "Empty for none."),
        ("is_admin?", "bool?", ""),
        ("is_active?", "bool? = true", ""),
    ];
    put("AccountToChange", object("What changes; other fields are refused.", changes, true));
    put("Place", place());
    put("GitlabError", gitlab_error());
    let ordine: &[Field] = &[
        ("error", "text = job not found", "What is wrong."),
        ("message?", "text", "The same, where the refusal does not come from the interface itself."),
        ("kind?", "text", ""),
        ("code?", "text = PIPELINE_OPERATION_MISSING", "For programs."),
        ("missing?", "[object]", "The nodes whose operations are missing."),
        ("diagnostics?", "[Diagnostic]", "What is wrong with a definition."),
    ];
    put("OrdineError", object("A refusal.", ordine, true));
    let codearts: &[Field] = &[
        ("error_code", "text = CB.00060200", "For programs."),
        ("error_msg", "text = Invalid parameter", "What is wrong."),
        ("request_id?", "text = 0f3a2b1c-17", "The request's, where it is about who asks."),
    ];
    put("CodeartsError", object("A refusal.", codearts, true));
    let own: &[Field] = &[
        ("error", "text = job not found", "What is wrong."),
        ("message", "text = job not found", "The same."),
        ("kind?", "text = not_found", "For programs."),
        ("diagnostics?", "[object]", "What is wrong with a definition."),
    ];
    put("Failure", object("A refusal.", own, true));
    Value::Object(all)
}

fn place() -> Value {
    let one = |name: &str, of: &str| json!({"type": "object", "required": [name], "properties": {name: kind(of)}, "additionalProperties": false});
    json!({
        "description": "The whole server, a namespace, or a project.",
        "anyOf": [one("project", "int = 1"), one("namespace", "text = shop"), {"const": "instance"}],
    })
}

/// Objects and states are refused with `message`, parameters with `error`.
fn gitlab_error() -> Value {
    json!({
        "type": "object",
        "description": "A refusal: `message` for objects and states, `error` for parameters.",
        "minProperties": 1,
        "properties": {
            "message": {
                "description": "The status and what is wrong; or the fields that are wrong, each with its problems.",
                "anyOf": [
                    {"type": "string", "examples": ["404 Not found"]},
                    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
                ],
            },
            "error": {"type": "string", "description": "What is wrong with a parameter, or `insufficient_scope`."},
            "error_description": {"type": "string"},
            "scope": {"type": "string", "description": "The scope that a token would need."},
            "kind": {"type": "string"},
            "diagnostics": {"type": "array", "items": {"type": "object"}},
        },
        "additionalProperties": false,
        "examples": [{"message": "404 Not found"}],
    })
}
