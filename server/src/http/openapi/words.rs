//! The words in which the tables of this folder are written: types as short texts, operations as chains.

use serde_json::{Map, Value, json};

/// A type, as the tables write it:
///
/// | | |
/// |---|---|
/// | `text`, `int`, `number`, `bool`, `time`, `ms`, `map`, `object`, `any` | a type; `ms` are milliseconds since 1970, `map` an object of texts |
/// | `int 1..100`, `int 1..`, `text 1..255` | with bounds |
/// | `one\|other` | one of these words |
/// | `Project` | a schema of the document |
/// | `[Project]` | a list |
/// | `text?` | or null |
/// | `int = 7` | with an example |
/// | `int := 20` | with what it is when it is absent |
pub(super) fn kind(text: &str) -> Value {
    let (text, default) = cut(text, " := ");
    let (text, example) = cut(text, " = ");
    let mut schema = plain(text);
    let is_text = schema["type"] == "string" || schema["type"][0] == "string";
    let literal = |value: &str| {
        let read = if is_text { None } else { serde_json::from_str(value).ok() };
        read.unwrap_or_else(|| Value::from(value))
    };
    let (default, example) = (default.map(literal), example.map(literal));
    if let Some(default) = default {
        schema["default"] = default;
    }
    if let Some(example) = example {
        schema["examples"] = json!([example]);
    }
    schema
}

fn cut<'t>(text: &'t str, sign: &str) -> (&'t str, Option<&'t str>) {
    text.split_once(sign).map_or((text, None), |(text, value)| (text, Some(value)))
}

fn plain(text: &str) -> Value {
    if let Some(text) = text.strip_suffix('?') {
        return or_null(plain(text));
    }
    if let Some(text) = text.strip_prefix('[') {
        return json!({"type": "array", "items": plain(text.trim_end_matches(']'))});
    }
    if text.contains('|') {
        return json!({"type": "string", "enum": text.split('|').collect::<Vec<_>>()});
    }
    if text.starts_with(|first: char| first.is_ascii_uppercase()) {
        return json!({"$ref": format!("#/components/schemas/{text}")});
    }
    let (name, range) = cut(text, " ");
    let mut schema = match name {
        "int" => json!({"type": "integer"}),
        "ms" => json!({"type": "integer", "examples": [1_767_323_045_678_i64]}),
        "number" => json!({"type": "number"}),
        "bool" => json!({"type": "boolean"}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "map" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        "object" => json!({"type": "object"}),
        "null" => json!({"type": "null"}),
        "any" => json!({}),
        _ => json!({"type": "string"}),
    };
    let (least, most) = range.and_then(|range| range.split_once("..")).unwrap_or_default();
    let names = if name == "text" { ["minLength", "maxLength"] } else { ["minimum", "maximum"] };
    for (name, bound) in names.into_iter().zip([least, most]) {
        if let Ok(bound) = bound.parse::<u64>() {
            schema[name] = bound.into();
        }
    }
    schema
}

fn or_null(mut schema: Value) -> Value {
    match schema["type"].as_str().map(str::to_owned) {
        Some(name) => {
            schema["type"] = json!([name, "null"]);
            if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
                words.push(Value::Null);
            }
            schema
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

/// A field of an object: its name, with `?` behind it when it may be absent; its type; what it is.
pub(super) type Field = (&'static str, &'static str, &'static str);

/// An object with these fields. A closed one has no others.
pub(super) fn object<'f>(about: &str, fields: impl IntoIterator<Item = &'f Field>, closed: bool) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, of, about) in fields {
        let bare = name.trim_end_matches('?');
        let mut schema = kind(of);
        if !about.is_empty() {
            schema["description"] = (*about).into();
        }
        if bare == *name {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), schema);
    }
    let mut schema = json!({"type": "object", "description": about, "required": required, "properties": properties});
    if closed {
        schema["additionalProperties"] = false.into();
    }
    schema
}

/// How an interface says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"message": …}`, or `{"error": …}` for parameters.
    Gitlab,
    /// `{"error": …}`.
    Ordine,
    /// `{"error_code": …, "error_msg": …}`.
    Codearts,
    /// `{"error": …, "message": …, "kind": …}`.
    Own,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gitlab, Self::Ordine, Self::Codearts, Self::Own];

    /// The name of the schema.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Gitlab => "GitlabError",
            Self::Ordine => "OrdineError",
            Self::Codearts => "CodeartsError",
            Self::Own => "Failure",
        }
    }
}

/// One method of one address.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// In capitals.
    pub method: &'static str,
    /// With its parameters in braces.
    pub path: String,
    /// The operation object.
    pub body: Value,
    shape: Shape,
}

impl Operation {
    /// An operation that asks who is asking. To read is for everybody who sees the object, to change for who is known.
    pub fn new(shape: Shape, tag: &str, method: &'static str, path: impl Into<String>) -> Self {
        let body = json!({"tags": [tag], "summary": "", "parameters": [], "responses": {}});
        let operation = Self { method, path: path.into(), body, shape }.refuses(&[401, 403, 429, 503]);
        // A number that is none, and a format at its end.
        let operation = if shape == Shape::Gitlab { operation.refuses(&[400, 406]) } else { operation };
        if method == "GET" { operation } else { operation.signed() }
    }

    /// Nobody is refused.
    pub fn signed(mut self) -> Self {
        self.body["security"] = super::parts::known();
        self
    }

    /// Its name, unique in the document, and what it does.
    pub fn named(mut self, id: impl Into<String>, summary: &str) -> Self {
        self.body["operationId"] = id.into().into();
        self.body["summary"] = summary.into();
        self
    }

    /// More about it.
    pub fn about(mut self, text: &str) -> Self {
        self.body["description"] = text.into();
        self
    }

    fn parameter(self, place: &str, name: &str, of: &str, about: &str) -> Self {
        let parameter = json!({
            "name": name, "in": place, "required": place == "path", "schema": kind(of), "description": about,
        });
        self.push(parameter)
    }

    fn push(mut self, parameter: Value) -> Self {
        if let Some(list) = self.body["parameters"].as_array_mut() {
            list.push(parameter);
        }
        self
    }

    /// A part of the path.
    pub fn at(self, name: &str, of: &str, about: &str) -> Self {
        self.parameter("path", name, of, about)
    }

    /// A parameter of the query.
    pub fn query(self, name: &str, of: &str, about: &str) -> Self {
        self.parameter("query", name, of, about)
    }

    /// A header.
    pub fn header(self, name: &str, of: &str, about: &str) -> Self {
        self.parameter("header", name, of, about)
    }

    /// A parameter that many have.
    pub fn shared(self, name: &str) -> Self {
        self.push(json!({"$ref": format!("#/components/parameters/{name}")}))
    }

    /// A JSON body of this schema.
    pub fn body(mut self, schema: &str) -> Self {
        self.body["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": kind(schema)}}});
        self.refuses(&[400, 413])
    }

    /// The same, and it may be absent.
    pub fn optional_body(self, schema: &str) -> Self {
        let mut operation = self.body(schema);
        operation.body["requestBody"]["required"] = false.into();
        operation
    }

    /// The body may be a form too.
    pub fn or_form(mut self) -> Self {
        let content = &mut self.body["requestBody"]["content"];
        let schema = content["application/json"].clone();
        content["application/x-www-form-urlencoded"] = schema;
        self
    }

    /// The same, as a form with parts.
    pub fn or_multipart(mut self) -> Self {
        let content = &mut self.body["requestBody"]["content"];
        let schema = content["application/json"].clone();
        content["multipart/form-data"] = schema;
        self
    }

    /// Answers with JSON.
    pub fn gives(mut self, status: u16, of: &str, about: &str) -> Self {
        self.body["responses"][status.to_string()] =
            json!({"description": about, "content": {"application/json": {"schema": kind(of)}}});
        self
    }

    /// Answers with something else than JSON.
    pub fn gives_as(mut self, status: u16, media: &str, about: &str) -> Self {
        self.body["responses"][status.to_string()] =
            json!({"description": about, "content": {media: {"schema": {"type": "string"}}}});
        self
    }

    /// Answers with nothing.
    pub fn empty(mut self, status: u16, about: &str) -> Self {
        self.body["responses"][status.to_string()] = json!({"description": about});
        self
    }

    /// A header of the good answers so far.
    pub fn with(mut self, headers: &[&str]) -> Self {
        for (status, response) in self.body["responses"].as_object_mut().into_iter().flatten() {
            if status.starts_with('2') || status == "304" {
                for name in headers {
                    response["headers"][*name] = json!({"$ref": format!("#/components/headers/{name}")});
                }
            }
        }
        self
    }

    /// Can be asked for with what the client has, and held until that changes.
    pub fn fresh(self) -> Self {
        self.shared("IfNoneMatch")
            .shared("Prefer")
            .empty(304, "The client has it already; with `Prefer: wait`, nothing changed in that time.")
            .with(&["ETag"])
    }

    /// May be refused so.
    pub fn refuses(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            let name = format!("{}-{status}", self.shape.schema());
            self.body["responses"][status.to_string()] = json!({"$ref": format!("#/components/responses/{name}")});
        }
        self
    }

    /// Nobody is asked for a token, and nothing is counted.
    pub fn public(mut self) -> Self {
        if let Some(responses) = self.body["responses"].as_object_mut() {
            responses.retain(|status, _| !matches!(status.as_str(), "401" | "429"));
        }
        self.body["security"] = json!([]);
        self
    }

    /// Whoever asks is known by a field of the body: headers and cookies are not looked at, and only the address is
    /// counted.
    pub fn by_its_body(mut self) -> Self {
        if let Some(responses) = self.body["responses"].as_object_mut() {
            responses.remove("401");
        }
        self.body["security"] = json!([]);
        self
    }

    /// Whoever asks is known by one of these and nothing else.
    pub fn known_by_any(mut self, schemes: &[&str]) -> Self {
        self.body["security"] = schemes.iter().map(|scheme| json!({*scheme: []})).collect();
        self
    }

    /// Whoever asks is known by this and nothing else.
    pub fn known_by(mut self, scheme: &str) -> Self {
        self.body["security"] = json!([{scheme: []}]);
        self
    }
}

/// An example of a schema, made of those of its parts; `None` where it would go in a circle.
pub(super) fn sample(schema: &Value, schemas: &Value, within: &mut Vec<String>) -> Option<Value> {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap_or_default();
        if within.iter().any(|one| one == name) {
            return None;
        }
        within.push(name.to_owned());
        let made = sample(&schemas[name], schemas, within);
        within.pop();
        return made;
    }
    let first = |name: &str| schema.get(name).and_then(|list| list.get(0));
    let given = first("examples").or(schema.get("default")).or(first("enum")).or(schema.get("const"));
    if let Some(given) = given {
        return Some(given.clone());
    }
    if schema["anyOf"].is_array() {
        return sample(&schema["anyOf"][0], schemas, within).or(Some(Value::Null));
    }
    let name = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    Some(match name? {
        "object" => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields = fields.filter_map(|(name, of)| Some((name.clone(), sample(of, schemas, within)?)));
            Value::Object(fields.collect())
        }
        "array" => Value::Array(sample(&schema["items"], schemas, within).into_iter().collect()),
        "integer" | "number" => schema["minimum"].as_u64().unwrap_or(1).into(),
        "boolean" => false.into(),
        "null" => Value::Null,
        _ if schema["format"] == "date-time" => "2026-01-02T03:04:05.678Z".into(),
        _ => "text".into(),
    })
}
