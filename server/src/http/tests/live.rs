use model::Seq;

use super::*;

/// One event of a stream.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub name: String,
    id: Option<i64>,
    pub data: serde_json::Value,
}

/// A browser's side of a stream.
pub struct Listener {
    body: Body,
    text: String,
}

impl Listener {
    pub async fn open(world: &World, path: &str, last: Option<i64>) -> Self {
        let last = last.map(|id| id.to_string());
        let headers: Vec<_> = last.iter().map(|id| ("last-event-id", id.as_str())).collect();
        Self::with(world, path, &headers).await
    }

    /// Opens it as somebody.
    pub async fn with(world: &World, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = world.open(path, headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
                };
                let (name, id, data) = (field("event"), field("id"), field("data"));
                self.text = rest.to_owned();
                let (Some(name), Some(data)) = (name, data) else { continue };
                let data = serde_json::from_str(&data).unwrap();
                return Some(Told { name, id: id.map(|id| id.parse().unwrap()), data });
            }
            let frame = self.body.frame().await?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    pub async fn expect(&mut self, name: &str) -> Told {
        let told = self.next().await.expect("the stream goes on");
        assert_eq!(told.name, name, "{told:?}");
        told
    }
}

#[tokio::test]
async fn every_change_of_a_run_is_told_once_and_in_order_over_any_number_of_connections() {
    let world = World::new().await;
    let run = world.start().await;
    let other = world.start().await;
    let path = format!("/live/runs/{}", run.id);
    let mut listener = Listener::open(&world, &path, None).await;
    let state = listener.expect("state").await;
    assert_eq!(state.data["run"]["id"], run.id.0);
    assert_eq!(state.data["jobs"].as_array().unwrap().len(), 2);
    let first = world.take().await;
    world.weir.cancel_run(&world.caller, other.id).await.unwrap();
    world.end(first).await;
    let second = world.take().await;
    world.end(second).await;
    let all = world.weir.events_since(&world.caller, Seq(state.id.unwrap()), crate::service::Scope::Run(run.id));
    let all: Vec<i64> = all.await.unwrap().unwrap().iter().map(|event| event.seq.0).collect();
    assert!(all.len() >= 6, "{all:?}");
    let mut told = Vec::new();
    for (n, _) in all.iter().enumerate() {
        // The connection breaks after every second event.
        if n % 2 == 1 {
            listener = Listener::open(&world, &path, told.last().copied()).await;
        }
        let next = listener.next().await.unwrap();
        assert!(["run", "job"].contains(&next.name.as_str()));
        assert_eq!(next.data["version"], next.id.unwrap());
        told.push(next.id.unwrap());
    }
    assert_eq!(told, all);
    let mut late = Listener::open(&world, &path, None).await;
    assert_eq!(late.expect("state").await.data["run"]["status"], "success");
}

#[tokio::test]
async fn a_client_from_another_time_begins_anew() {
    let world = World::new().await;
    let run = world.start().await;
    let mut listener = Listener::open(&world, &format!("/live/runs/{}", run.id), Some(1_000_000)).await;
    listener.expect("state").await;
}

#[tokio::test]
async fn a_browser_that_lags_behind_gets_a_fresh_state() {
    let world = World::new().await;
    let run = world.start().await;
    let mut listener = Listener::open(&world, &format!("/live/runs/{}", run.id), None).await;
    listener.expect("state").await;
    // More than the bus keeps for anybody.
    let many = world.weir.store().write(|tx| {
        for _ in 0..5000 {
            tx.touch("something")?;
        }
        Ok(())
    });
    many.await.unwrap();
    world.weir.cancel_run(&world.caller, run.id).await.unwrap();
    let fresh = listener.expect("state").await;
    assert_eq!(fresh.data["run"]["status"], "canceled");
}

#[tokio::test]
async fn a_wrong_filter_is_said() {
    let world = World::new().await;
    let answer = world.get("/live/runs?status=green").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.json()["error"].as_str().unwrap().contains("green"));
}

#[tokio::test]
async fn a_deleted_run_ends_its_streams() {
    let world = World::new().await;
    let run = world.start().await;
    world.weir.cancel_run(&world.caller, run.id).await.unwrap();
    let mut listener = Listener::open(&world, &format!("/live/runs/{}", run.id), None).await;
    listener.expect("state").await;
    world.weir.delete_run(&world.caller, run.id).await.unwrap();
    listener.expect("run_deleted").await;
    listener.expect("end").await;
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn a_job_hears_of_itself_its_run_and_its_other_attempts() {
    let world = World::new().await;
    let run = world.start().await;
    let job = world.take().await;
    let mut listener = Listener::open(&world, &format!("/live/jobs/{job}"), None).await;
    assert_eq!(listener.expect("state").await.data["job"]["status"], "running");
    world.weir.cancel_job(&world.caller, job).await.unwrap();
    let _ = world.weir.end_job(job, End::Success).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|status| status != "canceled") {
        let told = listener.next().await.unwrap();
        if told.name == "job" {
            assert_eq!(told.data["id"], job.0, "the other jobs of the run are not told: {told:?}");
            seen.push(told.data["status"].as_str().unwrap().to_owned());
        }
    }
    let retried = world.weir.retry_job(&world.caller, job).await.unwrap();
    loop {
        let told = listener.next().await.unwrap();
        if told.name == "job" && told.data["id"] == retried.id.0 {
            break;
        }
    }
    assert_eq!(run.id, retried.run_id);
}

#[tokio::test]
async fn a_pipeline_hears_of_its_runs() {
    let world = World::new().await;
    let mut listener = Listener::open(&world, "/live/pipelines/p", None).await;
    let state = listener.expect("state").await;
    assert_eq!(state.data["pipeline"]["key"], "p");
    let run = world.start().await;
    let told = listener.expect("run").await;
    assert_eq!(told.data["id"], run.id.0);
    let mut resumed = Listener::open(&world, "/live/pipelines/p", state.id).await;
    assert_eq!(resumed.next().await.unwrap(), told);
}

#[tokio::test]
async fn lists_are_told_when_they_change_and_only_then() {
    let world = World::new().await;
    let mut dashboard = Listener::open(&world, "/live/dashboard", None).await;
    let mut failed = Listener::open(&world, "/live/runs?status=failed", None).await;
    let mut pipelines = Listener::open(&world, "/live/pipelines", None).await;
    assert_eq!(dashboard.expect("state").await.data["active"].as_array().unwrap().len(), 0);
    assert_eq!(failed.expect("state").await.data["runs"].as_array().unwrap().len(), 0);
    assert_eq!(pipelines.expect("state").await.data.as_array().unwrap().len(), 1);
    let run = world.start().await;
    assert_eq!(dashboard.expect("state").await.data["active"][0]["id"], run.id.0);
    let job = world.take().await;
    let failure = model::FailureReason::ScriptFailure;
    world.weir.end_job(job, End::Failed { failure, exit_code: Some(1), detail: None }).await.unwrap();
    // The filtered list was never told of the start, which changed nothing in it.
    assert_eq!(failed.expect("state").await.data["runs"][0]["id"], run.id.0);
}

#[tokio::test]
async fn a_log_is_told_to_its_end_and_resumes_by_byte() {
    let world = World::new().await;
    world.start().await;
    let job = world.take().await;
    let path = format!("/live/jobs/{job}/log");
    let mut listener = Listener::open(&world, &path, None).await;
    let logs = world.weir.logs();
    logs.append(job, 0, "größe\n".as_bytes()).unwrap();
    let chunk = listener.expect("chunk").await;
    assert_eq!((chunk.data["text"].as_str(), chunk.id), (Some("größe\n"), Some(8)));
    let long = "0123456789abcde\n".repeat(20_000);
    logs.append(job, 8, long.as_bytes()).unwrap();
    let mut text = String::new();
    let mut last = chunk.id;
    while text.len() < long.len() {
        // Broken off again and again.
        listener = Listener::open(&world, &path, last).await;
        let chunk = listener.expect("chunk").await;
        assert_eq!(chunk.data["offset"], 8 + text.len());
        text.push_str(chunk.data["text"].as_str().unwrap());
        assert_eq!(chunk.data["line"], 2 + (chunk.data["offset"].as_u64().unwrap() - 8) / 16);
        last = chunk.id;
    }
    assert_eq!(text, long);
    world.end(job).await;
    let end = listener.expect("end").await;
    assert_eq!(
        (end.data["status"].as_str(), end.data["bytes"].as_u64()),
        (Some("success"), Some(8 + text.len() as u64))
    );
    assert_eq!(listener.next().await, None);
    let mut from_line = Listener::open(&world, &format!("{path}?line=20001"), None).await;
    assert_eq!(from_line.expect("chunk").await.data["text"], "0123456789abcde\n");
    from_line.expect("end").await;
}

#[tokio::test]
async fn a_log_that_is_sent_anew_is_told_anew() {
    let world = World::new().await;
    world.start().await;
    let job = world.take().await;
    let mut listener = Listener::open(&world, &format!("/live/jobs/{job}/log"), None).await;
    world.weir.logs().append(job, 0, b"wrong\n").unwrap();
    listener.expect("chunk").await;
    world.weir.logs().reset(job).unwrap();
    listener.expect("reset").await;
    world.weir.logs().append(job, 0, b"right\n").unwrap();
    assert_eq!(listener.expect("chunk").await.data["text"], "right\n");
}

#[tokio::test]
async fn a_job_without_output_ends_its_log() {
    let world = World::new().await;
    let run = world.start().await;
    world.weir.cancel_run(&world.caller, run.id).await.unwrap();
    let job = world.jobs(run.id).await[0].id;
    let mut listener = Listener::open(&world, &format!("/live/jobs/{job}/log"), None).await;
    assert_eq!(listener.expect("end").await.data["status"], "canceled");
}

#[tokio::test]
async fn the_servers_end_ends_every_stream() {
    let world = World::new().await;
    let run = world.start().await;
    let job = world.take().await;
    let paths = [
        "/live/dashboard".to_owned(),
        "/live/runs".to_owned(),
        format!("/live/runs/{}", run.id),
        format!("/live/jobs/{job}/log"),
    ];
    let mut listeners = Vec::new();
    for path in &paths {
        listeners.push(Listener::open(&world, path, None).await);
    }
    world.state.stop.cancel();
    for mut listener in listeners {
        while let Some(told) = listener.next().await {
            assert_eq!(told.name, "state", "the client comes back: it is not told that all is over");
        }
    }
}
