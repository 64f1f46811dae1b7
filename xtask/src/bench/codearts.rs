//! CodeArts' interface: how 100 pipelines of 20 stages stand, asked by signed requests, and what one signature costs.

use std::fmt::Write as _;
use std::io::BufRead as _;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Bench;
use super::client::Client;
use super::server::Server;
use crate::process::command;

const PIPELINES: u64 = 100;
const STAGES: usize = 20;
const CONNECTIONS: usize = 32;
const REQUESTS: u64 = 6400;

/// What a signed request carries. Reading may be repeated, so one signature does for a whole series: what signing costs the
/// client is not measured.
#[derive(Debug)]
struct Signed {
    path: String,
    headers: Vec<(&'static str, String)>,
}

/// A pair of keys.
#[derive(Debug)]
struct Keys {
    access: String,
    secret: String,
}

impl Keys {
    fn sign(&self, server: &Server, path: &str) -> Result<Signed> {
        let date = String::from_utf8(command("date").args(["-u", "+%Y%m%dT%H%M%SZ"]).output()?.stdout)?;
        let (date, host) = (date.trim(), server.url.trim_start_matches("http://"));
        let (plain, query) = path.split_once('?').unwrap_or((path, ""));
        let signed = "host;x-sdk-date";
        let empty = hex::encode(Sha256::digest(""));
        let canonical = format!("GET\n{plain}/\n{query}\nhost:{host}\nx-sdk-date:{date}\n\n{signed}\n{empty}");
        let hash = hex::encode(Sha256::digest(canonical));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())?;
        mac.update(format!("SDK-HMAC-SHA256\n{date}\n{hash}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let value = format!("SDK-HMAC-SHA256 Access={}, SignedHeaders={signed}, Signature={signature}", self.access);
        Ok(Signed { path: path.to_owned(), headers: vec![("x-sdk-date", date.to_owned()), ("authorization", value)] })
    }
}

/// Fills a server of a team, and asks.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let server = bench.fresh_team("codearts", &[])?;
    let token = server.admin(&["token", "create", "--user", "root", "--name", "bench"])?;
    let client = server.client().with_token(&token);
    let mut definition = String::from("stages:\n");
    for stage in 0..STAGES {
        let _ = writeln!(definition, "- stage{stage}");
    }
    for stage in 0..STAGES {
        // The first waits for somebody: what is measured is reading, with all of it unfinished.
        let manual = if stage == 0 { ", when: manual, allow_failure: false" } else { "" };
        let _ = writeln!(definition, "job{stage}: {{stage: stage{stage}, script: ['true']{manual}}}");
    }
    let pipelines = bench.amount(PIPELINES).max(1);
    let mut uids = Vec::new();
    for number in 0..pipelines {
        let id = format!("p{number}");
        let path = format!("bench/project{}", number % 10);
        if number < 10 {
            client.post("/api/v4/weir/projects", &json!({"path": path}))?;
        }
        client.post("/api/pipelines", &json!({"id": id, "projectId": path, "definition": definition}))?;
        client.trigger(&id)?;
    }
    let keys = server.admin(&["aksk", "create", "--user", "root"])?;
    let mut words = keys.split_whitespace();
    let (access, secret) = words.next().zip(words.next()).context("no pair of keys was printed")?;
    let keys = Keys { access: access.to_owned(), secret: secret.to_owned() };
    for offset in (0..pipelines).step_by(100) {
        let list = client.post_with(
            "/v3/pipelines/list",
            &json!({"limit": 100, "offset": offset}),
            &[("x-auth-token", token.clone())],
        )?;
        let found = list["result"].as_array().context("the list has no result")?;
        uids.extend(found.iter().filter_map(|one| one["pipeline_id"].as_str().map(str::to_owned)));
    }

    let batch = keys.sign(&server, &format!("/v3/pipelines/status?pipeline_ids={}", uids.join("%2C")))?;
    let answer = server.client().text_with(&batch.path, &batch.headers)?;
    let answered: serde_json::Value = serde_json::from_str(&answer)?;
    let whole = answered.as_array().is_some_and(|list| {
        list.len() as u64 == pipelines
            && list.iter().all(|one| one["stages"].as_array().is_some_and(|all| all.len() == STAGES))
    });
    if !whole {
        bail!("the batch is not whole: {}", answer.chars().take(200).collect::<String>());
    }
    let what = format!("status of {pipelines} pipelines with {STAGES} stages each, signed");
    bench.report.percentiles(&format!("{what}, one after the other"), series(&server.client(), &batch, 500)?);
    let (samples, rate) = at_once(&server, &batch, bench.amount(REQUESTS))?;
    bench.report.percentiles(&format!("{what}, {CONNECTIONS} connections"), samples);
    bench.report.add(format!("{what}, {CONNECTIONS} connections"), rate, "requests/s");

    dashboard(bench, &client, &token)?;

    // What a signature costs: the same small answer by it and by a token.
    let path = "/v3/projects?name=cn-north-4";
    let by_token = Signed { path: path.to_owned(), headers: vec![("x-auth-token", token)] };
    let count = bench.amount(5000).max(100);
    let plain = series(&server.client(), &by_token, count)?;
    let signed = series(&server.client(), &keys.sign(&server, path)?, count)?;
    let cost = median(&signed).as_secs_f64() - median(&plain).as_secs_f64();
    bench.report.percentiles("small request with a token", plain);
    bench.report.percentiles("small request with a signature", signed);
    bench.report.add("a signature more than a token, medians", cost * 1e6, "µs");
    server.stop()
}

/// From the start of a build through CodeArts' interface until the stream that a dashboard follows has brought it.
fn dashboard(bench: &mut Bench, client: &Client, token: &str) -> Result<()> {
    client.post(
        "/api/pipelines",
        &json!({"id": "build", "projectId": "bench/project0", "definition": "a: {script: 'true'}"}),
    )?;
    let known = [("x-auth-token", token.to_owned())];
    let list = client.post_with("/v3/pipelines/list", &json!({"limit": 1, "name": "build"}), &known)?;
    let job = list["result"][0]["pipeline_id"].as_str().context("the pipeline is not in the list")?;
    let mut lines = client.stream("/live/dashboard")?.lines();
    let (told, news) = mpsc::channel();
    let listener = thread::spawn(move || {
        while let Some(Ok(line)) = lines.next() {
            let at = Instant::now();
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let Ok(state) = serde_json::from_str::<serde_json::Value>(data) else { continue };
            let runs = ["active", "blocked", "recent"].map(|list| state[list].as_array().cloned().unwrap_or_default());
            let builds = runs.concat().into_iter().filter(|run| run["pipeline_key"] == "build");
            let latest = builds.filter_map(|run| run["number"].as_i64()).max().unwrap_or_default();
            if told.send((latest, at)).is_err() {
                break;
            }
        }
    });
    let (mut answers, mut seen) = (Vec::new(), Vec::new());
    for number in 1..=bench.amount(200).max(5) as i64 {
        let started = Instant::now();
        let answer = client.post_with("/v3/jobs/build", &json!({"job_id": job}), &known)?;
        answers.push(started.elapsed());
        if answer["actual_build_number"] != json!(number.to_string()) {
            bail!("build {number} was answered with {answer}");
        }
        loop {
            let (latest, at) = news.recv_timeout(Duration::from_mins(1)).context("the dashboard was not told")?;
            if latest >= number {
                seen.push(at.saturating_duration_since(started));
                break;
            }
        }
    }
    bench.report.percentiles("a build is started, its answer", answers);
    bench.report.percentiles("the same, until the dashboard's stream has brought it", seen);
    drop(news);
    // The next event, or the server's end, ends it.
    drop(listener);
    Ok(())
}

fn median(samples: &[Duration]) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn series(client: &Client, signed: &Signed, count: u64) -> Result<Vec<Duration>> {
    let mut samples = Vec::new();
    for _ in 0..count + 20 {
        let started = Instant::now();
        client.text_with(&signed.path, &signed.headers)?;
        samples.push(started.elapsed());
    }
    // The first ones fill caches.
    samples.drain(..20);
    Ok(samples)
}

/// As many connections as there are, each with one request after the other.
fn at_once(server: &Server, signed: &Signed, requests: u64) -> Result<(Vec<Duration>, f64)> {
    let each = (requests / CONNECTIONS as u64).max(1);
    let started = Instant::now();
    let all = thread::scope(|scope| {
        let lanes: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(move || {
                    let client = server.client();
                    (0..each)
                        .map(|_| {
                            let started = Instant::now();
                            client.text_with(&signed.path, &signed.headers).map(|_| started.elapsed())
                        })
                        .collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut all = Vec::new();
        for lane in lanes {
            all.extend(lane.join().map_err(|_| anyhow::anyhow!("a lane panicked"))??);
        }
        anyhow::Ok(all)
    })?;
    let rate = all.len() as f64 / started.elapsed().as_secs_f64();
    Ok((all, rate))
}
