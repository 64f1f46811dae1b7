//! Every parameter of every route, wrong in type, range, encoding and size: each is refused in GitLab's shape or means
//! nothing, and none is a fault. Which parameters there are is what the OpenAPI document says.

use super::super::access::Line;
use super::super::access::requests::Names;
use super::order::routes;
use super::*;
use crate::http::openapi;

/// In a query, encoded.
fn texts() -> Vec<String> {
    let long = "x".repeat(4096);
    let some =
        ["%00", "a%00b", "%ff", "-1", "0", "1.5", "1e9", "99999999999999999999", "9223372036854775807", "%F0%9F%92%A9"];
    let more =
        ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "--help", "%27%22%3B%3C%3E", "%25%5F", "%E2%80%AE", "", "%20"];
    some.into_iter().chain(more).map(str::to_owned).chain([long]).collect()
}

/// In a body.
fn values() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("a\u{0}b"),
        json!("\u{202e}\u{1f4a9}"),
        json!("../../etc/passwd"),
        json!("x".repeat(70_000)),
        json!([]),
        json!({}),
        json!([1, null, "x", {}]),
        json!({"": {"a": null}}),
        deep,
    ]
}

/// The names of the parameters of a route: in its query, and in its body.
fn parameters(document: &Value, method: &str, path: &str) -> (Vec<String>, Vec<String>) {
    let resolve = |value: &Value| match value["$ref"].as_str() {
        Some(at) => document.pointer(&at[1..]).cloned().unwrap_or_default(),
        None => value.clone(),
    };
    let operation = &document["paths"][path.replace("{*", "{")][method.to_lowercase()];
    let all = operation["parameters"].as_array().into_iter().flatten().map(resolve);
    let query = all.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str().map(str::to_owned));
    let body = resolve(&operation["requestBody"]);
    let schema = resolve(&body["content"]["application/json"]["schema"]);
    let body = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    (query.collect(), body.collect())
}

/// What is wrong with an answer.
fn wrong(answer: &Answer) -> Option<String> {
    let said = || format!("{} {}", answer.status, answer.text().chars().take(200).collect::<String>());
    let is_refusal = answer.status.is_client_error();
    if !answer.status.is_success() && !is_refusal {
        return Some(said());
    }
    if is_refusal {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let is_one = body["error"].is_string() != (body["message"].is_string() || body["message"].is_object());
        return (!is_one).then(said);
    }
    None
}

/// Asks as somebody whose own token is used up by some.
async fn ask(town: &Town, line: &Line, path: &str, kind: &str, body: &str) -> Answer {
    let who = town.who(if line.path.starts_with("/api/v4/job") { "running job" } else { "root by api" });
    let is_own = line.path.contains("/personal_access_tokens/self");
    let who = if is_own { town.with_another_token(who).await } else { who.clone() };
    let answer = town.ask(&who, &line.method, path, kind, body, false).await;
    assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{} {path}: {}", line.method, answer.text());
    answer
}

#[tokio::test]
async fn no_parameter_is_a_fault_whatever_it_is() {
    let town = Town::new().await;
    let document = openapi::document("https://ci.example.org");
    let (mut found, mut count) = (Vec::new(), 0);
    let mut all = routes();
    // Last what takes away what others are about.
    all.sort_by_key(|line| (line.method == "DELETE", line.path == "/api/v4/projects/{project}"));
    for line in all {
        let names = Names::of(&town, town.web());
        let request = names.request(&town, town.web(), &line.route);
        let (query, body) = parameters(&document, &line.method, line.path.split('?').next().unwrap());
        for name in &query {
            for text in texts() {
                let mark = if request.path.contains('?') { '&' } else { '?' };
                let path = format!("{}{mark}{name}={text}", request.path);
                let answer = ask(&town, &line, &path, request.kind, &request.body).await;
                let short: String = text.chars().take(30).collect();
                found.extend(wrong(&answer).map(|what| format!("{}: ?{name}={short}: {what}", line.route)));
                count += 1;
            }
        }
        for name in &body {
            for value in values() {
                let mut whole: Value = serde_json::from_str(&request.body).unwrap_or_else(|_| json!({}));
                whole[name.as_str()] = value.clone();
                let answer = ask(&town, &line, &request.path, JSON.1, &whole.to_string()).await;
                let short: String = value.to_string().chars().take(30).collect();
                found.extend(wrong(&answer).map(|what| format!("{}: {name}: {short}: {what}", line.route)));
                count += 1;
            }
        }
    }
    println!("{count} requests");
    assert!(count > 3000, "{count}: the document has lost its parameters");
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

#[tokio::test]
async fn no_part_of_an_address_is_a_fault_whatever_it_is() {
    let town = Town::new().await;
    let parts = [
        "%00",
        "%ff",
        "-1",
        "1.5",
        "1e9",
        "99999999999999999999",
        "%2e%2e",
        "..%2f..",
        "a%2fb%2fc",
        "%20",
        "%F0%9F%92%A9",
    ];
    let mut found = Vec::new();
    for line in routes().into_iter().filter(|line| line.method != "DELETE") {
        let names = Names::of(&town, town.web());
        let body = names.request(&town, town.web(), &line.route).body;
        for (at, _) in line.path.match_indices('{') {
            let end = at + line.path[at..].find('}').unwrap();
            for part in parts.iter().map(|part| (*part).to_owned()).chain(["x".repeat(4096)]) {
                // This part is wrong, the others are right.
                let pattern = format!("{} {}{part}{}", line.method, &line.path[..at], &line.path[end + 1..]);
                let path = names.request(&town, town.web(), &pattern).path;
                let answer = ask(&town, &line, &path, JSON.1, &body).await;
                let short: String = path.chars().take(100).collect();
                found.extend(wrong(&answer).map(|what| format!("{} {short}: {what}", line.method)));
            }
        }
    }
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

/// The role comes before what a record may be: whoever may not change it learns nothing about that.
#[tokio::test]
async fn what_is_wrong_with_a_record_is_told_to_who_may_change_it() {
    let town = Town::new().await;
    let document = openapi::document("https://ci.example.org");
    let mut found = Vec::new();
    for line in routes().into_iter().filter(|line| matches!(line.method.as_str(), "POST" | "PUT")) {
        let names = Names::of(&town, town.web());
        let request = names.request(&town, town.web(), &line.route);
        for who in ["gil by api", "rea by api"] {
            let told =
                async |body: &str| town.ask(town.who(who), &line.method, &request.path, JSON.1, body, false).await;
            if told(&request.body).await.status != StatusCode::FORBIDDEN {
                continue;
            }
            for name in parameters(&document, &line.method, line.path.split('?').next().unwrap()).1 {
                for value in values() {
                    let mut whole: Value = serde_json::from_str(&request.body).unwrap();
                    whole[name.as_str()] = value.clone();
                    let answer = told(&whole.to_string()).await;
                    let is_parameter = answer.status == StatusCode::BAD_REQUEST && answer.json()["error"].is_string();
                    if answer.status != StatusCode::FORBIDDEN && !is_parameter {
                        let short: String = value.to_string().chars().take(30).collect();
                        found.push(format!("{} {name}: {short}: {} {}", line.route, answer.status, answer.text()));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}
