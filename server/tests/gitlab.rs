//! GitLab's interface of a real server: many clients at once, slow ones, and what is written is read at once.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::Server;

const DEFINITION: &str = "stages: [one, two]\nship: {stage: one, when: manual, script: [echo shipped]}\nnext: {stage: two, script: [echo next]}\n";

/// A run of a project's pipeline, over GitLab's interface: its number.
fn start(server: &Server) -> i64 {
    let (status, run) = server.send("POST", "/api/v4/projects/local%2Fdefault/pipeline", &json!({"ref": "main"}));
    assert_eq!(status, 201, "{run}");
    run["id"].as_i64().unwrap()
}

fn job(server: &Server, run: i64, name: &str) -> i64 {
    let jobs = server.get(&format!("/api/v4/projects/local%2Fdefault/pipelines/{run}/jobs"));
    jobs.as_array().unwrap().iter().find(|job| job["name"] == name).unwrap()["id"].as_i64().unwrap()
}

#[test]
fn one_of_fifty_clients_plays_a_job() {
    let server = Server::start(2);
    server.pipeline("ship", DEFINITION);
    let id = job(&server, start(&server), "ship");
    let path = format!("/api/v4/projects/local%2Fdefault/jobs/{id}/play");
    let answers: Vec<(u16, Value)> = thread::scope(|scope| {
        let all: Vec<_> = (0..50).map(|_| scope.spawn(|| server.send("POST", &path, &json!({})))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    // A job that ended meanwhile is played again, which is another attempt.
    assert_eq!(won.iter().filter(|(_, job)| job["id"] == id).count(), 1);
    let unplayable = json!({"message": "400 Bad request - Unplayable Job"});
    for (status, answer) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!((*status, answer), (400, &unplayable));
    }
}

#[test]
fn what_was_answered_is_read() {
    let server = Server::start(2);
    server.pipeline("ship", DEFINITION);
    let root = "/api/v4/projects/local%2Fdefault";
    for _ in 0..20 {
        let run = start(&server);
        assert_eq!(server.get(&format!("{root}/pipelines/latest?ref=main"))["id"], run);
        let id = job(&server, run, "ship");
        assert_eq!(server.get(&format!("{root}/jobs/{id}"))["status"], "manual", "at once, not a moment later");
        let (_, played) = server.send("POST", &format!("{root}/jobs/{id}/play"), &json!({}));
        assert_ne!(played["status"], "manual");
        assert_ne!(server.get(&format!("{root}/jobs/{id}"))["status"], "manual");
        let (_, canceled) = server.send("POST", &format!("{root}/pipelines/{run}/cancel"), &json!({}));
        let now = server.get(&format!("{root}/pipelines/{run}"));
        assert!(["canceled", "canceling", "success"].contains(&now["status"].as_str().unwrap()), "{canceled} {now}");
    }
}

#[test]
fn a_body_that_comes_byte_by_byte_is_given_up() {
    let server = Server::start(1);
    server.pipeline("ship", DEFINITION);
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /api/v4/projects/local%2Fdefault/pipeline HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: 100000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let begun = Instant::now();
    let mut answer = Vec::new();
    // More than the fifteen seconds that a body may take, and less than this test may.
    while answer.is_empty() && begun.elapsed() < Duration::from_mins(1) {
        let _ = stream.write_all(b" ");
        let mut piece = [0; 4096];
        if let Ok(read) = stream.read(&mut piece) {
            answer.extend_from_slice(&piece[..read]);
        }
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("content-type: application/json") && answer.contains("{\"error\":"), "{answer}");
    assert_eq!(server.get("/api/v4/projects/local%2Fdefault/pipelines"), json!([]), "nothing was started");
}

#[test]
fn addresses_of_gitlab_lead_to_the_pages() {
    let server = Server::start(1);
    server.pipeline("ship", DEFINITION);
    let run = start(&server);
    let object = server.get(&format!("/api/v4/projects/local%2Fdefault/pipelines/{run}"));
    let page = object["web_url"].as_str().unwrap();
    assert_eq!(page, format!("{}/local/default/-/pipelines/{run}", server.url));
    let answer = server.raw("GET", &page[server.url.len()..], &[("accept", "text/html")], "");
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
        (307, &*format!("/runs/{run}"))
    );
}
