//! A blocking client of the REST interface.

use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Response;
use ureq::{Body, RequestBuilder};

/// A run that was started.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name in the REST interface.
    pub id: String,
    /// Its number in web addresses.
    pub number: i64,
}

/// One client, with connections of its own that stay open.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    token: Option<String>,
}

impl Client {
    /// Talks to the server at this address.
    pub fn new(url: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(5)))
            .build()
            .into();
        Self { agent, url: url.to_owned(), token: None }
    }

    /// Asks with this token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(format!("Bearer {token}"));
        self
    }

    /// Stores a pipeline.
    pub fn create_pipeline(&self, id: &str, definition: &str) -> Result<()> {
        self.post("/api/pipelines", &json!({"id": id, "name": id, "definition": definition})).map(drop)
    }

    /// Makes schedules that are due once a year, each at a time of its own.
    pub fn create_schedules(&self, count: u64) -> Result<()> {
        let projects = self.wait("/api/v4/projects", |_| true)?;
        let project = projects[0]["id"].as_i64().context("there is no project")?;
        for i in 0..count {
            let (minute, hour, day) = (i % 60, i / 60 % 24, i / 1440 % 28 + 1);
            let body = json!({
                "description": format!("yearly {i}"), "ref": "", "cron": format!("{minute} {hour} {day} 1 *"),
                "cron_timezone": "Europe/Berlin",
            });
            self.post(&format!("/api/v4/projects/{project}/pipeline_schedules"), &body)?;
        }
        Ok(())
    }

    /// Starts a run.
    pub fn trigger(&self, pipeline: &str) -> Result<Run> {
        let answer = self.post(&format!("/api/pipelines/{pipeline}/run"), &json!({}))?;
        let id = answer["jobId"].as_str().context("the answer has no jobId")?;
        let number = answer["runId"].as_i64().context("the answer has no runId")?;
        Ok(Run { id: id.to_owned(), number })
    }

    /// Waits on the server until a JSON document satisfies the condition, and returns it.
    pub fn wait(&self, path: &str, condition: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut tag: Option<String> = None;
        loop {
            let mut request = self.known(self.agent.get(self.at(path)));
            if let Some(tag) = &tag {
                request = request.header("if-none-match", tag).header("prefer", "wait=30");
            }
            let mut response = request.call()?;
            if response.status() == 304 {
                continue;
            }
            tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
            let document = document(&mut response)?;
            if condition(&document) {
                return Ok(document);
            }
        }
    }

    /// Waits until a run has ended, and says how.
    pub fn wait_for_end(&self, run: &Run) -> Result<String> {
        let ended =
            |document: &Value| matches!(document["status"].as_str(), Some("completed" | "failed" | "cancelled"));
        let run = self.wait(&format!("/api/jobs/{}", run.id), ended)?;
        Ok(run["status"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until nothing is queued or running.
    pub fn wait_until_idle(&self) -> Result<()> {
        for status in ["pending", "running"] {
            let path = format!("/api/jobs?status={status}&limit=1");
            self.wait(&path, |list| list.as_array().is_some_and(Vec::is_empty))?;
        }
        Ok(())
    }

    /// A stream of events as a page follows it: the lines as they come.
    pub fn stream(&self, path: &str) -> Result<impl BufRead + Send + use<>> {
        let response = self.known(self.agent.get(self.at(path))).header("accept", "text/event-stream").call()?;
        if !response.status().is_success() {
            bail!("GET {path}: {}", response.status());
        }
        Ok(BufReader::new(response.into_body().into_reader()))
    }

    /// A text answer.
    pub fn text(&self, path: &str) -> Result<String> {
        self.text_with(path, &[])
    }

    /// The same, with further headers.
    pub fn text_with(&self, path: &str, headers: &[(&'static str, String)]) -> Result<String> {
        let mut response = with(self.known(self.agent.get(self.at(path))), headers).call()?;
        let status = response.status();
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string()?;
        if !status.is_success() {
            bail!("GET {path}: {status} {text}");
        }
        Ok(text)
    }

    /// The size of an answer as it crosses the network to a browser.
    pub fn compressed_size(&self, path: &str) -> Result<usize> {
        let request = self.agent.get(self.at(path)).header("accept-encoding", "br");
        let mut response = browser(request).call()?;
        let status = response.status();
        let bytes = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
        if !status.is_success() {
            bail!("GET {path}: {status}");
        }
        Ok(bytes.len())
    }

    /// A POST that is answered with JSON.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.post_with(path, body, &[])
    }

    /// The same, with further headers.
    pub fn post_with(&self, path: &str, body: &Value, headers: &[(&'static str, String)]) -> Result<Value> {
        let request = self.known(self.agent.post(self.at(path))).header("content-type", "application/json");
        let mut response = with(request, headers).send(body.to_string())?;
        document(&mut response).with_context(|| format!("POST {path}"))
    }

    /// A POST that is answered without a body.
    pub fn post_nothing(&self, path: &str, body: &Value) -> Result<()> {
        let request = self.known(self.agent.post(self.at(path))).header("content-type", "application/json");
        let response = request.send(body.to_string())?;
        if !response.status().is_success() {
            bail!("POST {path}: {}", response.status());
        }
        Ok(())
    }

    /// Tries to sign in as a browser does, from this address as a proxy says it. Returns whether the password was looked
    /// at: above the limits of logins it is not.
    pub fn sign_in(&self, from: IpAddr, name: &str, password: &str) -> bool {
        let request = self.agent.post(self.at("/rpc/session/sign_in")).header("accept", "application/json");
        let form = [("name", name), ("password", password), ("next", "/")];
        let Ok(mut response) = request.header("x-forwarded-for", from.to_string()).send_form(form) else {
            return false;
        };
        let _ = response.body_mut().read_to_string();
        response.status() == 401
    }

    fn known<T>(&self, request: RequestBuilder<T>) -> RequestBuilder<T> {
        match &self.token {
            Some(token) => request.header("authorization", token),
            None => request,
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

fn with<T>(mut request: RequestBuilder<T>, headers: &[(&'static str, String)]) -> RequestBuilder<T> {
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request
}

fn browser<T>(request: RequestBuilder<T>) -> RequestBuilder<T> {
    request.header("accept", "text/html,*/*")
}

fn document(response: &mut Response<Body>) -> Result<Value> {
    let status = response.status();
    let text = response.body_mut().with_config().limit(u64::MAX).read_to_string()?;
    if !status.is_success() {
        bail!("{status} {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))
}
