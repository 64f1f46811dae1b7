//! Who watches a run sees every change once and in order, also after a broken connection.

mod support;

use std::io::{BufRead, BufReader};
use std::sync::mpsc;

use serde_json::Value;
use support::Server;

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    name: String,
    id: i64,
    data: Value,
}

/// Reads a stream's events until `done` says so; what it returns ends the connection.
fn listen(url: &str, last: Option<i64>, mut done: impl FnMut(&Told) -> bool) -> Vec<Told> {
    let mut request = reqwest::blocking::Client::builder().timeout(None).build().unwrap().get(url);
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last.to_string());
    }
    let response = request.send().unwrap();
    assert!(response.status().is_success());
    let mut all = Vec::new();
    let (mut name, mut id, mut data) = (String::new(), 0, String::new());
    for line in BufReader::new(response).lines() {
        let line = line.unwrap();
        if let Some(text) = line.strip_prefix("event:") {
            text.trim().clone_into(&mut name);
        } else if let Some(text) = line.strip_prefix("id:") {
            id = text.trim().parse().unwrap();
        } else if let Some(text) = line.strip_prefix("data:") {
            data.push_str(text.trim_start());
        } else if line.is_empty() && !data.is_empty() {
            let told =
                Told { name: std::mem::take(&mut name), id, data: serde_json::from_str(&data).unwrap_or(Value::Null) };
            data.clear();
            if matches!(told.name.as_str(), "state" | "run" | "job") {
                let enough = done(&told);
                all.push(told);
                if enough {
                    return all;
                }
            }
        }
    }
    panic!("the stream ended after {all:#?}");
}

fn over(told: &Told) -> bool {
    told.name == "run" && matches!(told.data["status"].as_str(), Some("success" | "failed"))
}

#[test]
fn two_watchers_and_one_who_comes_back_see_the_same_changes() {
    let server = Server::start(2);
    server.pipeline(
        "steps",
        "stages: [one, two]\n\
         gate: {stage: one, when: manual, allow_failure: false, script: ['true']}\n\
         a: {stage: two, script: ['true']}\n\
         b: {stage: two, script: ['exit 1'], retry: 1}\n",
    );
    let run = server.run("steps");
    let url = format!("{}/live/runs/{run}", server.url);
    let (ready, waiting) = mpsc::channel();
    let watchers: Vec<_> = (0..2)
        .map(|_| {
            let (url, ready) = (url.clone(), ready.clone());
            std::thread::spawn(move || {
                listen(&url, None, |told| {
                    if told.name == "state" {
                        ready.send(()).unwrap();
                    }
                    over(told)
                })
            })
        })
        .collect();
    waiting.recv().unwrap();
    waiting.recv().unwrap();
    let gate = server.view(run).jobs.iter().find(|job| job.name == "gate").unwrap().id;
    let project = server.view(run).run.project_id;
    let (status, answer) =
        server.send("POST", &format!("/api/v4/projects/{project}/jobs/{gate}/play"), &serde_json::json!({}));
    assert_eq!(status, 200, "{answer}");
    let mut seen: Vec<Vec<Told>> = watchers.into_iter().map(|watcher| watcher.join().unwrap()).collect();
    let second = seen.pop().unwrap();
    let first = seen.pop().unwrap();
    let changes = |told: &[Told]| told.iter().filter(|one| one.name != "state").cloned().collect::<Vec<_>>();
    assert_eq!(changes(&first), changes(&second));
    let ids: Vec<i64> = changes(&first).iter().map(|one| one.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    // Each job was seen in each of its statuses.
    let of = |name: &str| -> Vec<String> {
        let jobs = changes(&first);
        let named = jobs.iter().filter(|one| one.name == "job" && one.data["name"] == name);
        named.map(|one| format!("{}{}", one.data["attempt"], one.data["status"].as_str().unwrap())).collect()
    };
    assert_eq!(of("gate"), ["1pending", "1running", "1success"]);
    assert_eq!(of("a"), ["1pending", "1running", "1success"]);
    let b: Vec<String> = of("b").into_iter().filter(|step| step != "2created").collect();
    assert_eq!(b, ["1pending", "1running", "1failed", "1failed", "2pending", "2running", "2failed"]);
    // Who comes back with the id of any event gets exactly the rest.
    for (cut, id) in ids.iter().enumerate().take(ids.len() - 1) {
        let rest = listen(&url, Some(*id), over);
        assert_eq!(rest, changes(&first)[cut + 1..], "after {id}");
    }
}

#[test]
fn pages_rendered_at_the_same_time_keep_their_titles() {
    let server = Server::start(1);
    let view = server.run_to_end("one", "a: {script: ['true']}\n");
    let paths = ["/".to_owned(), "/runs".into(), "/pipelines".into(), "/pipelines/one".into()]
        .into_iter()
        .chain([format!("/runs/{}", view.run.id), format!("/jobs/{}", view.jobs[0].id)])
        .collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for first in 0..12 {
            let (server, paths) = (&server, &paths);
            scope.spawn(move || {
                for i in 0..40 {
                    let path = &paths[(first + i) % paths.len()];
                    assert!(server.text(path).contains(" · Weir</title>"), "{path}");
                }
            });
        }
    });
}
