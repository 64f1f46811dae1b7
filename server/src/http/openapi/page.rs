//! The document as a page for people: HTML without scripts, for which nothing else is loaded than the site's style sheet.

use app::prefs::Theme;
use serde_json::Value;

use super::super::manual::{self, Heading};
use super::super::paper::{Paper, escaped};

/// HTML in the making. Markup is written in this file; everything else is escaped.
#[derive(Default)]
struct Html(String);

impl Html {
    fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escaped(text));
        self
    }

    /// Words, in which backquotes make code.
    fn words(&mut self, text: &str) -> &mut Self {
        for (i, part) in text.split('`').enumerate() {
            if i % 2 == 0 {
                self.text(part);
            } else {
                self.raw("<code>").text(part).raw("</code>");
            }
        }
        self
    }
}

/// The methods in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page.
pub(super) fn html(document: &Value, theme: Theme) -> String {
    let mut page = Html::default();
    let info = &document["info"];
    page.raw("<h1>Every operation</h1><p class=\"lead\">Weir ")
        .text(word(&info["version"]))
        .raw(" · <a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1)</p>");
    for paragraph in word(&info["description"]).split("\n\n") {
        page.raw("<p>").words(paragraph).raw("</p>");
    }
    contents(&mut page, document);
    for tag in list(&document["tags"]) {
        page.raw("<section><h2 id=\"").text(word(&tag["name"])).raw("\">").text(word(&tag["name"])).raw("</h2><p>");
        page.words(word(&tag["description"])).raw("</p>");
        for (path, method, operation) in of_tag(document, word(&tag["name"])) {
            show(&mut page, document, path, method, operation);
        }
        page.raw("</section>");
    }
    schemas(&mut page, document);
    let headings: Vec<Heading> = list(&document["tags"])
        .map(|tag| word(&tag["name"]))
        .map(|name| Heading { is_main: true, id: name.to_owned(), html: escaped(name) })
        .chain([Heading { is_main: true, id: "schemas".into(), html: "Schemas".into() }])
        .collect();
    let body = format!("<div class=\"api\">{}</div>", page.0);
    Paper { title: "Every operation", theme, side: Some(manual::contents("api", &headings)), body }.html()
}

fn of_tag<'d>(document: &'d Value, tag: &'d str) -> impl Iterator<Item = (&'d str, &'static str, &'d Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, methods)| METHODS.map(|method| (path.as_str(), method, &methods[method])));
    all.filter(move |(_, _, operation)| operation["tags"][0] == *tag)
}

fn contents(page: &mut Html, document: &Value) {
    page.raw("<nav aria-label=\"Contents\">");
    for tag in list(&document["tags"]) {
        let name = word(&tag["name"]);
        page.raw("<details><summary>").text(name).raw("</summary><ul>");
        for (path, method, operation) in of_tag(document, name) {
            page.raw("<li><a href=\"#").text(word(&operation["operationId"])).raw("\"><code>");
            page.text(&method.to_ascii_uppercase()).raw(" ").text(path).raw("</code></a> ");
            page.text(word(&operation["summary"])).raw("</li>");
        }
        page.raw("</ul></details>");
    }
    page.raw("<p><a href=\"#schemas\">Schemas</a></p></nav>");
}

fn show(page: &mut Html, document: &Value, path: &str, method: &str, operation: &Value) {
    page.raw("<article id=\"").text(word(&operation["operationId"])).raw("\"><h3><code>");
    page.text(&method.to_ascii_uppercase()).raw(" ").text(path).raw("</code></h3><p>");
    page.words(word(&operation["summary"])).raw(".");
    if let Some(more) = operation["description"].as_str() {
        page.raw(" ").words(more);
    }
    page.raw("</p>");
    let parameters: Vec<&Value> = list(&operation["parameters"]).map(|one| resolved(document, one)).collect();
    if !parameters.is_empty() {
        page.raw("<div class=\"scroll-x\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\">In</th><th scope=\"col\">Type</th><th scope=\"col\">What it is</th></tr></thead><tbody>");
        for one in &parameters {
            page.raw("<tr><td><code>").text(word(&one["name"])).raw("</code></td><td>").text(word(&one["in"]));
            page.raw("</td><td>");
            kind(page, &one["schema"]);
            page.raw("</td><td>").words(word(&one["description"])).raw("</td></tr>");
        }
        page.raw("</tbody></table></div>");
    }
    let body = operation["requestBody"]["content"].as_object().and_then(|all| all.iter().next());
    if let Some((media, content)) = body {
        page.raw("<p>Body: ");
        kind(page, &content["schema"]);
        page.raw(" as <code>").text(media).raw("</code></p>");
    }
    page.raw("<pre class=\"scroll-x\" tabindex=\"0\">").text(&curl(document, path, method, operation)).raw("</pre>");
    page.raw("<div class=\"scroll-x\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Body</th><th scope=\"col\">When</th></tr></thead><tbody>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let response = resolved(document, response);
        page.raw("<tr><td class=\"num\">").text(status).raw("</td><td>");
        if let Some((media, content)) = response["content"].as_object().and_then(|all| all.iter().next()) {
            if media == "application/json" {
                kind(page, &content["schema"]);
            } else {
                page.raw("<code>").text(media).raw("</code>");
            }
        }
        page.raw("</td><td>").words(word(&response["description"])).raw("</td></tr>");
    }
    page.raw("</tbody></table></div></article>");
}

fn schemas(page: &mut Html, document: &Value) {
    page.raw("<section><h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        page.raw("<article id=\"schema-").text(name).raw("\"><h3>").text(name).raw("</h3><p>");
        page.words(word(&schema["description"]));
        if !schema["properties"].is_object() {
            page.raw(" ");
            kind(page, schema);
        }
        page.raw("</p>");
        if let Some(fields) = schema["properties"].as_object() {
            page.raw("<div class=\"scroll-x\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Type</th><th scope=\"col\">What it is</th></tr></thead><tbody>");
            for (field, of) in fields {
                page.raw("<tr><td><code>").text(field).raw("</code></td><td>");
                kind(page, of);
                if !list(&schema["required"]).any(|one| one == field) {
                    page.raw(", may be absent");
                }
                page.raw("</td><td>").words(word(&of["description"])).raw("</td></tr>");
            }
            page.raw("</tbody></table></div>");
        }
        page.raw("</article>");
    }
    page.raw("</section>");
}

/// A type in a few words.
fn kind(page: &mut Html, schema: &Value) {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap_or_default();
        page.raw("<a href=\"#schema-").text(name).raw("\">").text(name).raw("</a>");
        return;
    }
    for choice in list(&schema["anyOf"]).enumerate() {
        if choice.0 > 0 {
            page.raw(" or ");
        }
        kind(page, choice.1);
    }
    if schema["anyOf"].is_array() {
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        for (i, one) in words.iter().enumerate() {
            page.raw(if i > 0 { ", <code>" } else { "<code>" }).text(one.as_str().unwrap_or("null")).raw("</code>");
        }
        return;
    }
    if schema["type"] == "array" {
        page.raw("list of ");
        kind(page, &schema["items"]);
        return;
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![schema["const"].as_str().unwrap_or("anything")],
    };
    page.text(&names.join(" or "));
    let bound = |name: &str| schema[name].as_u64().map(|bound| bound.to_string());
    let least = bound("minimum").or_else(|| bound("minLength"));
    let most = bound("maximum").or_else(|| bound("maxLength"));
    match (least, most) {
        (Some(least), Some(most)) => page.raw(", ").text(&least).raw(" to ").text(&most),
        (Some(least), None) => page.raw(", from ").text(&least),
        (None, Some(most)) => page.raw(", up to ").text(&most),
        (None, None) => page,
    };
    if !schema["default"].is_null() {
        let default = schema["default"].as_str().map_or_else(|| schema["default"].to_string(), str::to_owned);
        page.raw(", else <code>").text(&default).raw("</code>");
    }
}

/// A command that makes such a request.
fn curl(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut address = path.to_owned();
    for one in list(&operation["parameters"]).filter(|one| one["in"] == "path") {
        let example = &one["schema"]["examples"][0];
        let example = example.as_str().map_or_else(|| example.to_string(), |text| text.replace('/', "%2F"));
        address = address.replace(&format!("{{{}}}", word(&one["name"])), &example);
    }
    let mut line = "curl".to_owned();
    if method != "get" {
        line.push_str(&format!(" -X {}", method.to_ascii_uppercase()));
    }
    let schemes = operation.get("security").unwrap_or(&document["security"]);
    let scheme = list(schemes).filter_map(Value::as_object).find_map(|one| one.keys().next());
    if let Some(name) = scheme.and_then(|scheme| document["components"]["securitySchemes"][scheme]["name"].as_str()) {
        line.push_str(&format!(" -H \"{name}: $TOKEN\""));
    }
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    if !body.is_null() {
        let body = body.to_string().replace('\'', "'\\''");
        line.push_str(&format!(" \\\n  -H 'Content-Type: application/json' -d '{body}'"));
    }
    line.push_str(&format!(" \\\n  '{}{address}'", word(&document["servers"][0]["url"])));
    line
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let pointer = value["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
