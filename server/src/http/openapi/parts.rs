//! What operations share: parameters, headers, refusals, ways to sign in.

use serde_json::{Map, Value, json};

use super::words::{Shape, kind};

pub(super) fn tags() -> Value {
    let tag = |name: &str, about: &str| json!({"name": name, "description": about});
    json!([
        tag("GitLab", "GitLab's REST API, as far as it goes. A run is what GitLab calls a pipeline."),
        tag("Weir", "Additions in GitLab's manner: runs and jobs without their project, reasons, administration."),
        tag("Ordine", "Ordine's REST API, as its scripts know it."),
        tag("CodeArts", "Huawei Cloud's CodeArts Pipeline and Build, as their SDKs call them."),
        tag("Runners", "The protocol of GitLab Runner."),
        tag("Streams", "Server-Sent Events: the whole state, then its changes."),
        tag("Files", "Logs, artifacts and the audit log, for people and scripts."),
        tag("Server", "Health, and this document."),
    ])
}

pub(super) fn security_schemes() -> Value {
    let header =
        |name: &str, about: &str| json!({"type": "apiKey", "in": "header", "name": name, "description": about});
    json!({
        "privateToken": header("PRIVATE-TOKEN", "A token of a user or a project (`glpat-`)."),
        "bearer": {"type": "http", "scheme": "bearer", "description": "The same token, or that of a running job."},
        "jobToken": header("JOB-TOKEN", "The token of a running job (`glcbt-`), good in its own project."),
        "runnerToken": header("RUNNER-TOKEN", "A runner's token (`glrt-`); it may stand in the body instead."),
        "codeartsSignature": header(
            "Authorization",
            "`SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`, as the SDKs write it: over the whole request.",
        ),
        "codeartsToken": header("X-Auth-Token", "A token of a user or a project (`glpat-`), or that of a running job."),
        "session": {"type": "apiKey", "in": "cookie", "name": "weir_session", "description": "A browser's session."},
    })
}

/// Any of these.
pub(super) fn known() -> Value {
    json!([{"privateToken": []}, {"bearer": []}, {"jobToken": []}, {"session": []}])
}

/// Any of these, or nothing: what everybody may see is answered to everybody.
pub(super) fn security() -> Value {
    json!([{"privateToken": []}, {"bearer": []}, {"jobToken": []}, {"session": []}, {}])
}

pub(super) fn parameters() -> Value {
    let parameter = |place: &str, name: &str, of: &str, about: &str| json!({"name": name, "in": place, "required": false, "schema": kind(of), "description": about});
    let mut scope =
        parameter("query", "scope[]", "[Status]", "Only jobs of these statuses; may be given several times.");
    scope["style"] = "form".into();
    scope["explode"] = true.into();
    json!({
        "IfNoneMatch": parameter("header", "If-None-Match", "text", "The `ETag` of what the client has: 304 when it is the same."),
        "Prefer": parameter(
            "header", "Prefer", "text = wait=30",
            "`wait=N`, with `If-None-Match`: the answer is held until it would be another one, for N seconds at most (up to 60).",
        ),
        "Page": parameter("query", "page", "int 1.. := 1", "Number of the page."),
        "PerPage": parameter("query", "per_page", "int 1.. := 20", "Entries on a page; more than 100 are 100."),
        "Scope": scope,
    })
}

pub(super) fn headers() -> Value {
    let header = |of: &str, about: &str| json!({"schema": kind(of), "description": about});
    json!({
        "ETag": header("text", "The version of the answer, for `If-None-Match`."),
        "Link": header("text", "Addresses of the next page and others (`rel=\"next\"`, `prev`, `first`, `last`)."),
        "Location": header("text", "The address of what was made."),
        "X-Page": header("int 1..", "Number of this page."),
        "X-Per-Page": header("int 1..", "Entries on a page."),
        "X-Next-Page": header("text", "Number of the next page; empty on the last."),
        "X-Prev-Page": header("text", "Number of the page before; empty on the first."),
        "X-Total": header("int 0..", "How many entries there are; absent above 10 000."),
        "X-Total-Pages": header("int 1..", "How many pages there are; absent above 10 000 entries."),
        "X-Total-Count": header("int 0..", "How many entries there are."),
        "X-Next-Cursor": header("text", "Where the next page begins; absent on the last."),
        "RateLimit-Limit": header("int 0..", "Requests per minute."),
        "RateLimit-Observed": header("int 0..", "Requests of this minute."),
        "RateLimit-Remaining": header("int 0..", "Requests that may follow at once."),
        "RateLimit-Reset": header("int 0..", "When there are as many as ever, in seconds since 1970."),
        "RateLimit-ResetTime": header("text", "The same as a date."),
        "RateLimit-Name": header("text", "The rule."),
        "Retry-After": header("int 1..", "Seconds after which another try is worth it."),
        "X-Weir-Reason": header(
            "text = the token is not known, or no longer good",
            "Why, in a sentence, where the body does not say it. Percent-encoded where it is not plain ASCII.",
        ),
    })
}

/// What is said on answers to requests that are counted.
pub(super) const RATE: [&str; 6] = [
    "RateLimit-Limit",
    "RateLimit-Name",
    "RateLimit-Observed",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-ResetTime",
];

/// Statuses, what they mean, and what GitLab's, Ordine's and Weir's own addresses say.
const REFUSALS: &[(u16, &str, &str, &str)] = &[
    (400, "The request cannot be understood or granted as it stands.", "page does not have a valid value", "invalid"),
    (401, "Nobody is signed in, or the token is not good.", "401 Unauthorized", "unauthorized"),
    (
        403,
        "Not for this caller, or not with this token; or a page of another site asked.",
        "403 Forbidden",
        "forbidden",
    ),
    (404, "Not there, or not visible to the caller.", "404 Not found", "not_found"),
    (405, "The address is for another method, or the list is not walked so.", "405 Not Allowed", "invalid"),
    (
        406,
        "Another format than JSON is asked for at the end of the address.",
        "The requested format 'xml' is not supported.",
        "invalid",
    ),
    (409, "The state of the object is against it, or somebody was faster.", "409 Conflict: it has ended", "conflict"),
    (410, "There is no such thing here.", "410 Gone", "invalid"),
    (
        412,
        "The log arrived damaged and is wanted again; or it changed since `If-Unmodified-Since`.",
        "412 Precondition Failed",
        "invalid",
    ),
    (413, "The body is larger than allowed.", "413 Payload Too Large", "too_large"),
    (415, "The body has another type than `application/json`.", "415 Unsupported Media Type", "invalid"),
    (
        416,
        "The piece does not begin where the log ends; or what is asked for lies beyond the end.",
        "416 Range Not Satisfiable",
        "invalid",
    ),
    (422, "The body has not the fields that it must have.", "422 Unprocessable Entity", "invalid"),
    (429, "Too many requests; see `Retry-After`.", "Retry later", "too_many"),
    (503, "Not now: the disk is full, or there is no administrator yet.", "503 Service Unavailable", "unavailable"),
];

/// Every refusal in every shape; only the used ones stay.
pub(super) fn responses() -> Map<String, Value> {
    let mut all = Map::new();
    for shape in Shape::ALL {
        for (status, about, text, kind) in REFUSALS {
            let example = match (shape, status) {
                (Shape::Gitlab, 400 | 406) => json!({"error": text}),
                (Shape::Gitlab, _) => json!({"message": text}),
                (Shape::Codearts, 401) => {
                    json!({"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information: verify aksk signature fail", "request_id": "0f3a2b1c-17"})
                }
                (Shape::Codearts, _) => json!({"error_code": "CB.00060200", "error_msg": about.trim_end_matches('.')}),
                (Shape::Ordine, _) => json!({"error": about.trim_end_matches('.')}),
                (Shape::Own, _) => json!({"error": text, "message": text, "kind": kind}),
            };
            let schema = json!({"$ref": format!("#/components/schemas/{}", shape.schema())});
            let mut content = json!({"application/json": {"schema": schema, "example": example}});
            // Who asks too often is told so in plain text, as by GitLab; below CodeArts' roots all is JSON.
            if *status == 429 && shape != Shape::Codearts {
                content["text/plain"] = json!({"schema": {"type": "string"}, "example": "Retry later\n"});
            }
            let mut response = json!({"description": about, "content": content});
            if shape == Shape::Gitlab && matches!(status, 401 | 403 | 404 | 409 | 429) {
                response["headers"]["X-Weir-Reason"] = json!({"$ref": "#/components/headers/X-Weir-Reason"});
            }
            if *status == 429 {
                for name in RATE.into_iter().chain(["Retry-After"]) {
                    response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
                }
            }
            all.insert(format!("{}-{status}", shape.schema()), response);
        }
    }
    all
}
