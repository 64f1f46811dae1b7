//! The way to a server: where it is, what it answers, and what its refusals mean.

use std::fmt::Write as _;
use std::time::Duration;

use model::{Diagnostic, Severity, Span};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{Exit, Failure};
use super::lint::FILE;

/// Where a server is unless somebody says otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:9433";

/// A server and how to ask it.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// The file whose text is sent as a definition.
    definition: Option<String>,
}

/// The first of the variables that is set and not empty.
pub fn environment(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

impl Client {
    /// The server that `WEIR_URL` or `ORDINE_API_URL` names, or the default one.
    pub fn from_environment() -> Result<Self, Failure> {
        Self::new(&environment(["WEIR_URL", "ORDINE_API_URL"]).unwrap_or_else(|| DEFAULT_URL.into()))
    }

    /// The server at `base`.
    pub fn new(base: &str) -> Result<Self, Failure> {
        let doing = "read the server's address";
        let url: reqwest::Url = base.parse().map_err(|error| Failure::usage(doing, format!("{base:?}: {error}")))?;
        match url.scheme() {
            "http" => {}
            "https" => {
                let cause = "this version speaks http only; use a tunnel or a proxy on this machine";
                return Err(Failure::usage(doing, format!("{base:?}: {cause}")));
            }
            _ => return Err(Failure::usage(doing, format!("{base:?} does not begin with http://"))),
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")));
        // A proxy of the environment cannot reach this machine's own addresses.
        if matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Failure::new(Exit::Internal, "make an HTTP client", error))?;
        let token = environment(["WEIR_TOKEN", "ORDINE_TOKEN"]);
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token, definition: None })
    }

    /// The server that has a data folder, over the folder's own socket: whoever reaches that is trusted.
    pub fn over_socket(socket: &std::path::Path) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .no_proxy()
            .build()
            .map_err(|error| Failure::new(Exit::Internal, "make an HTTP client", error))?;
        Ok(Self { http, base: "http://localhost".to_owned(), token: None, definition: None })
    }

    /// Shows what is wrong with a definition that is sent under the name of its file.
    pub fn name(&mut self, definition: Option<String>) {
        self.definition = definition;
    }

    /// A GET that is answered with JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, doing: &str) -> Result<T, Failure> {
        self.ask(Method::GET, path, None::<&()>, doing).await
    }

    /// A POST that is answered with JSON.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        doing: &str,
    ) -> Result<T, Failure> {
        self.ask(Method::POST, path, Some(body), doing).await
    }

    /// A DELETE.
    pub async fn delete(&self, path: &str, doing: &str) -> Result<(), Failure> {
        let response = self.send(Method::DELETE, path, None::<&()>, doing).await?;
        self.checked(response, doing).await.map(drop)
    }

    /// A GET of any type; refusals are failures.
    pub async fn open(&self, path: &str, doing: &str) -> Result<Response, Failure> {
        let response = self.send(Method::GET, path, None::<&()>, doing).await?;
        self.checked(response, doing).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        doing: &str,
    ) -> Result<T, Failure> {
        let response = self.send(method, path, body, doing).await?;
        let response = self.checked(response, doing).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(doing, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::text(
                Exit::Internal,
                doing,
                format!("{} answered something else than expected: {error}", self.base),
            )
        })
    }

    /// A request whose answer may be a refusal.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        doing: &str,
    ) -> Result<Response, Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.map_err(|error| self.unreachable(doing, &error))
    }

    /// A GET of an event stream that goes on behind `last`.
    pub async fn stream(&self, path: &str, last: Option<&str>, doing: &str) -> Result<Response, Failure> {
        let mut request = self.http.get(format!("{}{path}", self.base)).header("accept", "text/event-stream");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.map_err(|error| self.unreachable(doing, &error))?;
        self.checked(response, doing).await
    }

    /// The answer, when it is none of the refusals.
    pub async fn checked(&self, response: Response, doing: &str) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let reason = reason(response.headers());
        let body = response.bytes().await.unwrap_or_default();
        let without_token = status == StatusCode::UNAUTHORIZED && self.token.is_none();
        let said = Said { status, body: &body, reason };
        Err(refused(&said, doing, without_token, self.definition.as_deref()))
    }

    /// The server does not answer: its address, and the innermost cause.
    pub fn unreachable(&self, doing: &str, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Failure::text(Exit::Unreachable, doing, format!("cannot reach the server at {}: {cause}", self.base))
    }
}

/// What a server says that refuses.
pub struct Said<'b> {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: &'b [u8],
    /// Why, where a header says it.
    pub reason: Option<String>,
}

/// What a refusal becomes. Of a definition that is refused everything that is wrong with it is said first; the server
/// does not know which file its text came from.
pub fn refused(said: &Said<'_>, doing: &str, without_token: bool, definition: Option<&str>) -> Failure {
    let exit = if said.status.is_client_error() { Exit::Refused } else { Exit::Internal };
    let found = serde_json::from_slice::<Value>(said.body).ok();
    let found = found.and_then(|body| serde_json::from_value::<Vec<Told>>(body.get("diagnostics")?.clone()).ok());
    if let Some(found) = found.filter(|found| !found.is_empty()) {
        let mut found: Vec<Diagnostic> = found.into_iter().map(Told::diagnostic).collect();
        for one in found.iter_mut().filter(|one| one.file == FILE) {
            definition.unwrap_or(FILE).clone_into(&mut one.file);
        }
        super::lint::print_diagnostics(&found, super::output::Paint::stderr());
    }
    let mut cause = refusal(said);
    if let (Some(name), Some(rest)) = (definition, cause.strip_prefix(FILE).filter(|rest| rest.starts_with(':'))) {
        cause = format!("{name}{rest}");
    }
    if without_token {
        cause.push_str("; set WEIR_TOKEN to a token of yours (weir token create, or Settings in the dashboard)");
    }
    Failure::text(exit, doing, cause)
}

/// A finding in a definition, as a refusal tells it.
#[derive(serde::Deserialize)]
struct Told {
    file: String,
    line: u32,
    column: u32,
    severity: Severity,
    message: String,
    hint: Option<String>,
    link: Option<String>,
    #[serde(default)]
    source_line: String,
    #[serde(default)]
    width: usize,
}

impl Told {
    fn diagnostic(self) -> Diagnostic {
        let Told { file, line, column, severity, message, hint, link, source_line, width } = self;
        let span = Span { line, column, start: 0, end: width };
        Diagnostic { severity, message, file, span, hint, link, source_line }
    }
}

/// What a refusal says: its reason, the text inside the JSON body, or the status alone.
fn refusal(Said { status, body, reason }: &Said<'_>) -> String {
    let of_body = || {
        let body = serde_json::from_slice::<Value>(body).ok()?;
        let text = ["reason", "error", "message", "detail"].into_iter().find_map(|name| body.get(name))?;
        Some(match text {
            Value::String(text) => text.clone(),
            Value::Object(fields) => texts(fields.values()),
            other => other.to_string(),
        })
    };
    match reason.clone().or_else(of_body) {
        Some(text) => format!("{} (HTTP {})", super::output::harmless(&text, false), status.as_u16()),
        None => format!("the server answered {status}"),
    }
}

fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut all = Vec::new();
    for value in values {
        match value {
            Value::Array(list) => all.push(texts(list.iter())),
            Value::String(text) => all.push(text.clone()),
            other => all.push(other.to_string()),
        }
    }
    all.join(", ")
}

/// Why something is refused, where a header says it.
pub fn reason(headers: &reqwest::header::HeaderMap) -> Option<String> {
    headers.get("x-weir-reason").map(|value| plain(value.as_bytes()))
}

/// The text of a header that is percent-encoded where it is not plain ASCII.
fn plain(value: &[u8]) -> String {
    let digit = |at: usize| value.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            bytes.extend(u8::try_from(high * 16 + low));
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An id as one segment of a path.
pub fn segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    // A lone "." or ".." would be taken for a step in the path.
    if out.bytes().all(|byte| byte == b'.') { out.replace('.', "%2E") } else { out }
}

/// A query string of the given pairs, with its question mark; empty without pairs.
pub fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            out.push(if out.is_empty() { '?' } else { '&' });
            let _ = write!(out, "{name}={}", segment(value));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_one_segment() {
        assert_eq!(segment("pipe_a-1.x~"), "pipe_a-1.x~");
        assert_eq!(segment("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
        assert_eq!(segment(".."), "%2E%2E");
    }

    #[test]
    fn refusals_are_read_in_every_dialect() {
        let said = |body: &str, reason: Option<&str>| {
            let reason = reason.map(|text| plain(text.as_bytes()));
            refusal(&Said { status: StatusCode::BAD_REQUEST, body: body.as_bytes(), reason })
        };
        let read = |body: &str| said(body, None);
        assert_eq!(read(r#"{"error":"no such status"}"#), "no such status (HTTP 400)");
        assert_eq!(read(r#"{"message":{"base":["Reference not found"]}}"#), "Reference not found (HTTP 400)");
        assert_eq!(read("<html>"), "the server answered 400 Bad Request");
        let reason = Some("100 %25 f%C3%BCr %zz%");
        assert_eq!(said(r#"{"message":"403 Forbidden"}"#, reason), "100 % für %zz% (HTTP 400)");
    }
}
