//! A server that people log in to: what it costs to know who asks, the list of runs with many users, projects and
//! runs, and whether a flood of logins holds jobs up.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::client::Client;
use super::server::Server;
use super::{Bench, throughput};

/// Users and projects that there are beside the runs.
const USERS: u64 = 1000;
const PROJECTS: u64 = 200;
/// Requests of each series.
const REQUESTS: usize = 2000;

/// Fills a server of a team and asks as its administrator, as a member of some projects, and as nobody.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let (users, projects, runs) = (bench.amount(USERS), bench.amount(PROJECTS), bench.amount(100_000));
    // Whoever floods comes from many addresses.
    let server = bench.fresh_team("accounts", &["--trusted-proxy", "127.0.0.1"])?;
    let root = server.admin(&["token", "create", "--user", "root", "--name", "bench"])?;
    let client = server.client().with_token(&root);
    for number in 0..users {
        client.post("/api/v4/weir/users", &json!({"name": format!("user{number}")}))?;
    }
    for number in 0..projects {
        let path = format!("group{}/project{number}", number % 20);
        client.post("/api/v4/weir/projects", &json!({"path": path}))?;
        let body = json!({"id": format!("p{number}"), "projectId": path, "definition": "one:\n  script: ['true']\n"});
        client.post("/api/pipelines", &body)?;
        // Each project has some members of its own, and each user some projects.
        for offset in 0..10 {
            let body = json!({"user": format!("user{}", (number * 5 + offset) % users), "role": "developer"});
            client.post_nothing(&format!("/api/v4/weir/members/{path}"), &body)?;
        }
    }
    for portion in 0..20 {
        let pipelines: Vec<String> = (0..projects).filter(|n| n % 20 == portion).map(|n| format!("p{n}")).collect();
        throughput::spread(&client, &pipelines, runs.div_ceil(20))?;
    }
    let member = server.admin(&["token", "create", "--user", "user1", "--name", "bench"])?;
    let filled = format!("{users} users, {projects} projects, {runs} runs");
    for (who, token) in [("an administrator", &root), ("a member of some projects", &member)] {
        let client = server.client().with_token(token);
        for (what, path) in [("run list page", "/runs"), ("list of 50 runs over REST", "/api/jobs?limit=50")] {
            let samples = series(&client, path, 300)?;
            bench.report.percentiles(&format!("{what} for {who}, {filled}"), samples);
        }
    }

    // What knowing who asks costs: the same small answer with it and without.
    let anonymous = series(&server.client(), "/healthz", REQUESTS)?;
    bench.report.percentiles("request that asks nobody", anonymous);
    let known = series(&server.client().with_token(&member), "/api/v4/user", REQUESTS)?;
    bench.report.percentiles("request with a token, its user looked up", known);

    flood(bench, &server, &root)?;
    server.stop()
}

fn series(client: &Client, path: &str, count: usize) -> Result<Vec<Duration>> {
    let mut samples = Vec::new();
    for _ in 0..count + 20 {
        let started = Instant::now();
        client.text(path)?;
        samples.push(started.elapsed());
    }
    // The first ones fill caches.
    samples.drain(..20);
    Ok(samples)
}

/// Jobs start while wrong passwords are tried without a pause, from as many addresses as one likes: as many as the limits
/// let through are checked.
fn flood(bench: &mut Bench, server: &Server, root: &str) -> Result<()> {
    let client = server.client().with_token(root);
    let rounds = 200;
    let quiet = starts(&client, rounds)?;
    bench.report.percentiles("trigger to the end, nobody logs in", quiet);
    let (over, tried, checked) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let busy = std::thread::scope(|scope| {
        for _ in 0..8 {
            let (over, tried, checked, url) = (&over, &tried, &checked, server.url.clone());
            scope.spawn(move || {
                let client = Client::new(&url);
                while !over.load(Ordering::Relaxed) {
                    // Another name and address each time: the limits of one are others.
                    let number = tried.fetch_add(1, Ordering::Relaxed);
                    let from =
                        Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + (number % (1 << 17)) as u32);
                    if client.sign_in(from.into(), &format!("user{number}"), "a wrong password") {
                        checked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let busy = starts(&client, rounds);
        over.store(true, Ordering::Relaxed);
        busy
    })?;
    bench.report.percentiles("trigger to the end, 8 clients log in without a pause", busy);
    bench.report.add("logins that were tried meanwhile", tried.load(Ordering::Relaxed) as f64, "");
    bench.report.add("of them, passwords that were checked", checked.load(Ordering::Relaxed) as f64, "");
    Ok(())
}

fn starts(client: &Client, rounds: u64) -> Result<Vec<Duration>> {
    let mut samples = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        let run = client.trigger("p0").context("the run starts")?;
        if client.wait_for_end(&run)? != "completed" {
            bail!("a run did not end well");
        }
        samples.push(started.elapsed());
    }
    Ok(samples)
}
