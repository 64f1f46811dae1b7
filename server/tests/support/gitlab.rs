//! A server of a team, asked in the words of GitLab's API.

use serde_json::{Value, json};

use super::Server;

/// A server with an administrator, and what they ask with.
pub struct Team {
    /// The server.
    pub server: Server,
    /// The administrator's token.
    pub root: String,
}

impl Team {
    pub fn new() -> Self {
        let server = Server::of_a_team(1);
        server.admin(&["user", "create", "root", "--admin"]);
        let root = server.admin(&["token", "create", "--user", "root", "--name", "tests"]);
        Self { server, root }
    }

    /// A user, by the token that they ask with.
    pub fn user(&self, name: &str) -> String {
        self.server.admin(&["user", "create", name]);
        self.server.admin(&["token", "create", "--user", name, "--name", "tests"])
    }

    pub fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("private-token", token));
        }
        let (status, text) = self.server.ask(method, &format!("/api/v4{path}"), &headers, &text);
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(&self.root, "GET", path, &Value::Null);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// As the administrator, with an answer of this status.
    pub fn send(&self, method: &str, path: &str, body: &Value, expected: u16) -> Value {
        let (status, answer) = self.ask(&self.root, method, path, body);
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        answer
    }

    pub fn project(&self, path: &str, source: Option<&str>) -> i64 {
        let made = self.send("POST", "/weir/projects", &json!({"path": path, "source": source}), 201);
        made["id"].as_i64().unwrap()
    }

    pub fn member(&self, path: &str, user: &str, role: &str) {
        self.send("POST", &format!("/weir/members/{path}"), &json!({"user": user, "role": role}), 204);
    }

    /// An answer without what is another one each time.
    pub fn plain(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                // What is noted beside the request that it is about may not be there yet.
                let is_noted =
                    |name: &str| name.ends_with("sign_in_at") || matches!(name, "last_activity_on" | "last_used_at");
                // Logs have times in them.
                let is_log = fields.get("file_type").is_some_and(|kind| kind == "trace");
                let plain = |name: &str, value: &Value| match name {
                    _ if is_noted(name) => "[time, or null]".into(),
                    "duration" if value.is_number() => "[seconds]".into(),
                    // Less than a second is none, of a run.
                    "queued_duration" => "[seconds, or null]".into(),
                    "size" if is_log || fields.contains_key("file_format") => "[bytes]".into(),
                    "artifacts_file" => json!({"filename": value["filename"], "size": "[bytes]"}),
                    _ => self.plain(value),
                };
                fields.iter().map(|(name, value)| (name.clone(), plain(name, value))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.plain(item)).collect(),
            Value::String(text) => self.plain_text(text).into(),
            other => other.clone(),
        }
    }

    pub fn plain_text(&self, text: &str) -> String {
        let hex = |count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
        if model::Timestamp::parse(text).is_some() {
            return "[time]".into();
        }
        let is_date = text.len() == 10 && model::Timestamp::parse(&format!("{text}T00:00:00Z")).is_some();
        match text {
            _ if is_date => "[date]".into(),
            _ if std::path::Path::new(text).starts_with(std::env::temp_dir()) => "[folder]".into(),
            _ if hex(40) || hex(64) => "[sha]".into(),
            _ if hex(32) => "[uid]".into(),
            _ if hex(8) => "[short sha]".into(),
            _ if text.starts_with("glpat-") || text.starts_with("glrt-") => format!("{}[secret]", &text[..5]),
            _ => match text.replace(&self.server.url, "http://weir").split_once("/-/commit/") {
                Some((project, _)) => format!("{project}/-/commit/[sha]"),
                None => text.replace(&self.server.url, "http://weir"),
            },
        }
    }
}

/// Each of these requests of the administrator is answered like this.
pub fn refused(team: &Team, cases: &[(&str, &str, Value, u16, Value)]) {
    for (method, path, body, status, answer) in cases {
        let (got, mut said) = team.ask(&team.root, method, path, body);
        if let Some(fields) = said.as_object_mut() {
            fields.remove("reason");
        }
        assert_eq!((got, &said), (*status, answer), "{method} {path} {body}");
    }
}
