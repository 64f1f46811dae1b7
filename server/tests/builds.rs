//! CodeArts' build jobs on a real server: many starts at once, and a parameter as large as they come.

mod support;

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use support::{Server, eventually};

/// A server of a team with a job; the administrator's token, and the id of the job.
fn shop(definition: &str) -> (Server, String, String) {
    let server = Server::of_a_team(2);
    server.admin(&["user", "create", "root", "--admin"]);
    let token = server.admin(&["token", "create", "--user", "root", "--name", "tests"]);
    server.admin(&["project", "create", "shop/web"]);
    let file = server.data.join("shop.yml");
    std::fs::write(&file, definition).unwrap();
    server.admin(&["pipeline", "create", "shop", "--project", "shop/web", "--file", file.to_str().unwrap()]);
    let pair = server.admin(&["aksk", "create", "--user", "root", "--project", "shop/web"]);
    let project = pair.split(' ').nth(2).unwrap();
    let (status, jobs) = ask(&server, &token, "GET", &format!("/v3/{project}/jobs?page_index=0&page_size=10"), "");
    assert_eq!((status, &jobs["total"]), (200, &json!(1)), "{jobs}");
    let job = jobs["jobs"][0]["id"].as_str().unwrap().to_owned();
    (server, token, job)
}

fn ask(server: &Server, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let headers = [("x-auth-token", token), ("content-type", "application/json")];
    let (status, text) = server.ask(method, path, &headers, body);
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[test]
fn two_hundred_starts_at_once_get_two_hundred_numbers_in_a_row() {
    // Nobody has to run them: the first waits for somebody, and the others too.
    let (server, token, job) = shop("wait: {when: manual, script: ['true']}\n");
    let body = json!({"job_id": job}).to_string();
    let started: Vec<Value> = thread::scope(|scope| {
        let start = || {
            (0..10)
                .map(|_| {
                    let (status, answer) = ask(&server, &token, "POST", "/v3/jobs/build", &body);
                    assert_eq!(status, 200, "{answer}");
                    answer
                })
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(start)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let number = |text: &Value| text.as_str().unwrap().parse::<u32>().unwrap();
    let numbers: BTreeSet<u32> = started.iter().map(|one| number(&one["actual_build_number"])).collect();
    assert_eq!(numbers, (1..=200).collect());
    // Midnight may be among them: each day counts from 1 on.
    let mut days: Vec<(u32, u32)> = Vec::new();
    for one in &started {
        let (day, of_day) = one["daily_build_number"].as_str().unwrap().split_once('.').unwrap();
        days.push((day.parse().unwrap(), of_day.parse().unwrap()));
    }
    days.sort_unstable();
    for (n, (day, of_day)) in days.iter().enumerate() {
        let first = days.iter().position(|(one, _)| one == day).unwrap();
        assert_eq!(*of_day as usize, n - first + 1);
    }
    let names: BTreeSet<_> = started.iter().map(|one| one["octopus_job_name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 200);
    let (_, history) =
        ask(&server, &token, "GET", &format!("/v3/jobs/{job}/history?offset=1&limit=100&interval=1"), "");
    assert_eq!((&history["total"], &history["history_records"][0]["build_number"]), (&json!(200), &json!(100)));
}

#[test]
fn a_build_gets_what_it_is_given_and_its_log_is_one() {
    let (server, token, job) = shop(
        "stages: [one, two]\n\
         first: {stage: one, script: ['printf \"%s\\n\" \"$TEXT\"']}\n\
         second: {stage: two, script: ['echo second']}\n",
    );
    let text = "one\ntwo \u{1f600} \u{4f60}\u{597d} 'q' \"d\" $HOME";
    let body = json!({"job_id": job, "parameter": [{"name": "TEXT", "value": text}, {"name": "N", "value": 7}]});
    let (status, started) = ask(&server, &token, "POST", "/v1/job/execute", &body.to_string());
    assert_eq!((status, &started["actual_build_number"]), (200, &json!("1")), "{started}");
    let record = || ask(&server, &token, "GET", &format!("/v4/jobs/{job}/1/record-info"), "").1["result"].clone();
    let record = eventually("the build ends", || Some(record()).filter(|record| record["finish_time"].is_string()));
    assert_eq!(record["status"], "SUCCESS", "{record}");
    let id = record["build_record_id"].as_str().unwrap();
    let (status, whole) = ask(&server, &token, "GET", &format!("/v1/log/{id}/download-log"), "");
    let whole = whole.as_str().unwrap();
    assert_eq!(status, 200);
    assert!(whole.contains("one\n") && whole.contains("two \u{1f600} \u{4f60}\u{597d} 'q' \"d\""), "{whole}");
    assert!(whole.contains("second"), "{whole}");
    // In pieces it is the same.
    let (mut offset, mut pieces) = (0, String::new());
    loop {
        let path = format!("/v3/jobs/{job}/1/real-time-log?offset={offset}&length=50");
        let (_, answer) = ask(&server, &token, "GET", &path, "");
        pieces.push_str(answer["result"]["content"].as_str().unwrap());
        offset = answer["result"]["offset"].as_u64().unwrap();
        if answer["result"]["has_more_data"] == false {
            break;
        }
    }
    assert_eq!(pieces, whole);
    let (_, parameters) = ask(&server, &token, "GET", &format!("/v1/job/{job}/1/history-parameters"), "");
    assert_eq!(parameters["result"], json!([{"name": "TEXT", "value": text}, {"name": "N", "value": "7"}]));
}
