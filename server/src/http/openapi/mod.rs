//! The REST interfaces in the words of OpenAPI 3.1: `/openapi.json`, and the same as a page, `/docs/api`.
//!
//! The document is kept as tables, not derived from handlers (docs/adr/0012-openapi.md). It knows no service and asks for
//! no token.

mod answers;
mod codearts;
mod codearts_build;
mod gitlab;
mod gitlab_runs;
mod objects;
mod ordine;
mod others;
mod page;
mod parts;
mod requests;
mod schedules;
mod schemas;
mod things;
mod words;

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use serde_json::{Map, Value, json};

use super::paper::{Served, THEMES, theme_of};
use super::{AppState, Routes};
use words::{Operation, sample};

/// `/openapi.json` and `/docs/api`. Both are written when somebody asks first: the external address is known by then.
pub(super) fn router() -> Routes<AppState> {
    let json = Arc::new(OnceLock::new());
    let html: [Arc<OnceLock<Served>>; THEMES] = Default::default();
    Routes::new()
        .get("/openapi.json", async move |State(state): State<AppState>, headers: HeaderMap| {
            let text = || document(state.weir.external_url()).to_string();
            json.get_or_init(|| Served::json(text())).answer(&headers)
        })
        .get("/docs/api", async move |State(state): State<AppState>, headers: HeaderMap| {
            let theme = theme_of(headers.get(COOKIE));
            let text = || page::html(&document(state.weir.external_url()), theme);
            html[theme as usize].get_or_init(|| Served::page(text())).answer(&headers)
        })
}

fn all() -> Vec<Operation> {
    let mut all = gitlab::operations();
    all.extend(ordine::operations());
    all.extend(codearts::operations());
    all.extend(codearts_build::operations());
    all.extend(others::operations());
    all
}

/// Method and path of each operation, in the order of the page.
#[cfg(test)]
pub(super) fn operations() -> Vec<(String, String)> {
    all().into_iter().map(|one| (one.method.to_owned(), one.path)).collect()
}

/// The whole document, for a server that is known by this address.
pub(super) fn document(external_url: &str) -> Value {
    let mut schemas = schemas::all();
    let mut paths = Map::new();
    let mut used = Map::new();
    let mut responses = parts::responses();
    for one in all() {
        let mut body = one.body;
        // What is known by a field of the body, or by a runner's token, is counted only when it is wrong.
        let is_of_user = body["security"].as_array().is_none_or(|ways| ways.iter().any(|way| way["bearer"].is_array()));
        let counted = is_of_user && body["responses"].get("429").is_some();
        let good = body["responses"].as_object_mut().into_iter().flatten();
        for (_, response) in good.filter(|(status, _)| counted && status.starts_with('2')) {
            for name in parts::RATE {
                response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
            }
        }
        for response in body["responses"].as_object().into_iter().flat_map(Map::values) {
            let name = response["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            if let Some((name, found)) = name.and_then(|name| Some((name, responses.remove(name)?))) {
                used.insert(name.to_owned(), found);
            }
        }
        exemplify(&mut body, &schemas);
        let methods = paths.entry(one.path).or_insert_with(|| json!({}));
        methods[one.method.to_ascii_lowercase()] = body;
    }
    // Schemas get theirs last: until then those of their parts are the only ones.
    let plain = schemas.clone();
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        if let Some(example) = sample(schema, &plain, &mut vec![name.clone()]) {
            schema["examples"] = json!([example]);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Weir",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A pipeline server for yourself and your team.",
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": external_url}],
        "tags": parts::tags(),
        "security": parts::security(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parts::parameters(),
            "headers": parts::headers(),
            "responses": used,
            "securitySchemes": parts::security_schemes(),
        },
    })
}

const ABOUT: &str = "Objects and lists have an `ETag`. Sent back as `If-None-Match` it makes the answer 304 while nothing has \
changed, and together with `Prefer: wait=30` the server answers as soon as something has.\n\nA token goes into the header \
`PRIVATE-TOKEN` or `Authorization: Bearer`. Without one there is what everybody may see. On a server started with `--local` \
no token is needed.";

/// Puts examples beside the schemas of bodies, made of those of the fields.
fn exemplify(operation: &mut Value, schemas: &Value) {
    let Some(operation) = operation.as_object_mut() else { return };
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
    let mut bodies: Vec<&mut Value> = answers.into_iter().flat_map(Map::values_mut).collect();
    bodies.retain(|response| response["content"].is_object());
    let examples = |body: &mut Value| {
        for (media, content) in body["content"].as_object_mut().into_iter().flatten() {
            if media == "application/json"
                && let Some(example) = sample(&content["schema"], schemas, &mut Vec::new())
            {
                content["example"] = example;
            }
        }
    };
    bodies.into_iter().for_each(examples);
    if let Some(body) = operation.get_mut("requestBody") {
        examples(body);
    }
}

#[cfg(test)]
pub(super) mod tests;
