//! Following a run: its log in the terminal, or the states of its jobs.

use std::collections::HashMap;
use std::time::Duration;

use model::log::LogChunk;
use model::view::RunView;
use model::{Job, Run, Status};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::board::Board;
use super::client::{Client, segment};
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, Paint};
use super::runs::typed;
use super::sse::{Message, Stream};
use crate::dialect::gitlab::wire::Pipeline;

/// Between two looks at a server that has no streams.
const POLL: Duration = Duration::from_secs(3);
/// How long such a server may be away.
const PATIENCE: Duration = Duration::from_mins(1);

/// A line of a log as this terminal shows it.
pub fn shown(line: &str) -> String {
    model::text::shown(line.strip_suffix('\n').unwrap_or(line), Paint::stdout().is_on())
}

/// What a follower does with what it sees.
trait Seen {
    /// The run's jobs as they are now.
    fn all(&mut self, jobs: &[Job]);
    /// A job changed.
    fn job(&mut self, job: &Job);
    /// The run changed.
    fn run(&mut self, run: &Run, jobs: &HashMap<i64, Job>);
}

/// Follows a run to its end and returns how it ended.
async fn watch_run(client: &Client, id: i64, seen: &mut impl Seen) -> Result<Run, Failure> {
    let doing = format!("follow run {id}");
    let mut stream = Stream::open(client, format!("/live/runs/{id}"), &doing).await?;
    let mut jobs: HashMap<i64, Job> = HashMap::new();
    loop {
        let message = stream.next().await?;
        let run: Run = match message.event.as_str() {
            "state" => {
                let view: RunView = read(&message, &doing)?;
                jobs = view.jobs.iter().map(|job| (job.id.0, job.clone())).collect();
                seen.all(&view.jobs);
                view.run
            }
            "job" => {
                let job: Job = read(&message, &doing)?;
                seen.job(&job);
                jobs.insert(job.id.0, job);
                continue;
            }
            "run" => read(&message, &doing)?,
            "run_deleted" | "end" => return Err(Failure::text(Exit::Failed, &doing, "the run was deleted")),
            _ => continue,
        };
        seen.run(&run, &jobs);
        if run.status.is_complete() {
            return Ok(run);
        }
    }
}

fn read<T: DeserializeOwned>(message: &Message, doing: &str) -> Result<T, Failure> {
    serde_json::from_str(&message.data)
        .map_err(|error| Failure::text(Exit::Internal, doing, format!("the event is not as expected: {error}")))
}

/// Prints the logs of all jobs of a run while they are written; each job in a task of its own.
struct Logs {
    client: Client,
    tasks: JoinSet<Outcome>,
    followed: HashMap<i64, Status>,
    width: usize,
    prefixed: bool,
    quiet: bool,
    told: bool,
}

impl Logs {
    fn new(client: &Client, quiet: bool) -> Self {
        Self {
            client: client.clone(),
            tasks: JoinSet::new(),
            followed: HashMap::new(),
            width: 0,
            prefixed: false,
            quiet,
            told: false,
        }
    }

    fn prefix(&self, name: &str) -> String {
        let name = output::harmless(name, false);
        if self.prefixed { Paint::stdout().prefix(&name, self.width) } else { String::new() }
    }
}

impl Seen for Logs {
    fn all(&mut self, jobs: &[Job]) {
        self.prefixed = jobs.iter().filter(|job| !job.retried).count() > 1;
        self.width = jobs.iter().map(|job| job.name.chars().count().min(20)).max().unwrap_or(0);
        for job in jobs {
            self.job(job);
        }
    }

    fn job(&mut self, job: &Job) {
        if self.quiet || job.started_at.is_none() {
            return;
        }
        let prefix = self.prefix(&job.name);
        let known = self.followed.insert(job.id.0, job.status);
        if known.is_none() {
            let (client, id) = (self.client.clone(), job.id.0);
            self.tasks.spawn(async move { print_log(&client, &id.to_string(), &prefix, "follow a log").await });
        }
    }

    fn run(&mut self, run: &Run, jobs: &HashMap<i64, Job>) {
        if run.status != Status::Manual {
            self.told = false;
        } else if !self.quiet && !std::mem::replace(&mut self.told, true) {
            for job in jobs.values().filter(|job| job.status == Status::Manual && !job.retried && !job.allow_failure) {
                let name = output::harmless(&job.name, false);
                output::note(format!("waits for somebody to play {name}: weir jobs play {}", job.id));
            }
        }
    }
}

/// Prints a job's log to its end.
async fn print_log(client: &Client, id: &str, prefix: &str, doing: &str) -> Outcome {
    let mut stream = Stream::open(client, format!("/live/jobs/{id}/log"), doing).await?;
    let mut open = String::new();
    let print = |text: &str| {
        let line = shown(text);
        // A line that was only a marker is no line.
        if !line.is_empty() || text.trim_end_matches(['\r', '\n']).is_empty() {
            output::line(format!("{prefix}{line}"));
        }
    };
    loop {
        let message = stream.next().await?;
        match message.event.as_str() {
            "chunk" => {
                let chunk: LogChunk = read(&message, doing)?;
                open.push_str(&chunk.text);
                while let Some(end) = open.find('\n') {
                    let rest = open.split_off(end + 1);
                    print(&open);
                    open = rest;
                }
            }
            "reset" => open.clear(),
            "end" => {
                if !open.is_empty() {
                    print(&open);
                }
                return Ok(());
            }
            _ => {}
        }
    }
}

/// `weir jobs logs -f`
pub async fn log(client: &Client, id: &str, doing: &str) -> Outcome {
    print_log(client, id, "", doing).await
}

/// Follows a run's log to its end; the exit code says how it ended.
pub async fn run(client: &Client, id: i64, json: bool) -> Outcome {
    let mut logs = Logs::new(client, json);
    let run = watch_run(client, id, &mut logs).await?;
    while let Some(done) = logs.tasks.join_next().await {
        // A log that cannot be read does not change how the run ended.
        if let Ok(Err(Failure { message: Some(message), .. })) = done {
            output::note(format!("weir: {message}"));
        }
    }
    if json {
        let path = format!("/api/v4/weir/runs/{id}");
        output::json(&client.get::<Value>(&path, &format!("read run {id}")).await?);
    } else {
        close(state_of(run.status), run.duration(run.created_at), failures(client, &run).await);
    }
    verdict(run.status == Status::Success || run.status == Status::Skipped)
}

fn state_of(status: Status) -> &'static str {
    crate::service::ordine::State::of(status).as_str()
}

/// Why the run failed, in a line.
async fn failures(client: &Client, run: &Run) -> Option<String> {
    if run.status != Status::Failed {
        return None;
    }
    let job: Value = client.get(&format!("/api/jobs/{}", run.uid), "read the run").await.ok()?;
    job["error"].as_str().map(str::to_owned)
}

/// The last lines: how it ended, after how long, and why.
fn close(state: &str, milliseconds: Option<i64>, error: Option<String>) {
    let time = output::duration(milliseconds);
    output::line("");
    match state {
        "completed" | "done" => output::line(format!("{} completed in {time}", Paint::stdout().green("✓"))),
        "failed" => {
            let paint = Paint::stderr();
            output::note(format!("{} failed after {time}", paint.red("✗")));
            if let Some(error) = error.filter(|error| !error.is_empty()) {
                output::note(format!("  {}", output::harmless(&error, false)));
            }
        }
        other => {
            output::note(format!("{} {} after {time}", Paint::stderr().yellow("⊘"), output::harmless(other, false)));
        }
    }
}

fn verdict(good: bool) -> Outcome {
    if good { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}

/// Follows a job of a server without streams, such as an original Ordine: asks every 3 seconds and
/// survives questions that fail.
pub async fn poll(client: &Client, id: &str, json: bool) -> Outcome {
    let doing = format!("follow job {id}");
    let begun = tokio::time::Instant::now();
    let mut last_heard = begun;
    let mut after = 0;
    loop {
        let path = format!("/api/jobs/{}", segment(id));
        let looked = async {
            let job: Value = client.get(&path, &doing).await?;
            let lines = new_traces(client, id, after, &doing).await?;
            Ok::<_, Failure>((job, lines))
        };
        match looked.await {
            Ok((job, lines)) => {
                last_heard = tokio::time::Instant::now();
                for (number, text) in lines {
                    after = number;
                    if !json {
                        output::line(shown(&text));
                    }
                }
                let state = job["status"].as_str().unwrap_or_default().to_owned();
                let ended = ["completed", "done", "failed", "cancelled", "canceled", "expired", "skipped", "succeeded"];
                if ended.contains(&state.as_str()) {
                    // What was written between the two questions.
                    for (_, text) in new_traces(client, id, after, &doing).await.unwrap_or_default() {
                        if !json {
                            output::line(shown(&text));
                        }
                    }
                    if json {
                        output::json(&job);
                    } else {
                        let time = i64::try_from(begun.elapsed().as_millis()).ok();
                        close(&state, time, job["error"].as_str().map(str::to_owned));
                    }
                    return verdict(matches!(state.as_str(), "completed" | "done" | "succeeded"));
                }
            }
            // The job is gone: asking again will not bring it back.
            Err(failure) if failure.exit == Exit::Refused => return Err(failure),
            Err(failure) if last_heard.elapsed() > PATIENCE => return Err(failure),
            Err(_) => {}
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The lines behind `after`, in order, whatever order the server gives them in and whether or not
/// it knows the parameter.
async fn new_traces(client: &Client, id: &str, after: u64, doing: &str) -> Result<Vec<(u64, String)>, Failure> {
    let mut all = Vec::new();
    let mut from = after;
    loop {
        let path = format!("/api/jobs/{}/traces?after={from}", segment(id));
        let page: Vec<Value> = client.get(&path, doing).await?;
        let mut lines: Vec<(u64, String)> = page
            .iter()
            .filter_map(|line| Some((line["id"].as_u64()?, line["message"].as_str()?.to_owned())))
            .filter(|(number, _)| *number > from)
            .collect();
        lines.sort_by_key(|(number, _)| *number);
        match lines.last() {
            Some((last, _)) => from = *last,
            None => return Ok(all),
        }
        all.extend(lines);
    }
}

/// `weir jobs logs ID` for what Ordine calls a job.
pub async fn traces(client: &Client, id: &str, follow: bool, json: bool, doing: &str) -> Outcome {
    if json && !follow {
        let page: Vec<Value> = client.get(&format!("/api/jobs/{}/traces", segment(id)), doing).await?;
        output::json(&page);
        return Ok(());
    }
    if follow {
        let job: Value = client.get(&format!("/api/jobs/{}", segment(id)), doing).await?;
        return match job["runId"].as_i64() {
            Some(run) => self::run(client, run, json).await,
            None => poll(client, id, json).await,
        };
    }
    for (_, text) in new_traces(client, id, 0, doing).await? {
        output::line(shown(&text));
    }
    Ok(())
}

/// `weir runs watch`: the states of the jobs, live on a terminal, one line for each change otherwise.
pub async fn watch(client: &Client, id: &str, json: bool) -> Outcome {
    let doing = format!("watch run {id}");
    let found: Value = client.get(&format!("/api/v4/weir/runs/{}", segment(id)), &doing).await?;
    let run: Pipeline = typed(found, &doing)?;
    let mut board = Watch { board: Board::new(json), last: None };
    let ended = watch_run(client, run.id, &mut board).await?;
    board.board.finish();
    if json {
        let path = format!("/api/v4/weir/runs/{}", run.id);
        let last: Value = client.get(&path, &doing).await.unwrap_or_else(|_| json!({"id": run.id}));
        output::json(&last);
    } else {
        close(state_of(ended.status), ended.duration(ended.created_at), failures(client, &ended).await);
    }
    verdict(matches!(ended.status, Status::Success | Status::Skipped))
}

struct Watch {
    board: Board,
    last: Option<Status>,
}

impl Seen for Watch {
    fn all(&mut self, jobs: &[Job]) {
        for job in jobs {
            self.job(job);
        }
    }

    fn job(&mut self, job: &Job) {
        if job.retried {
            self.board.remove(job.id.0);
            return;
        }
        let allowed = job.status == Status::Failed && job.allow_failure;
        let since = job.started_at.map(|at| at.since(job.started_at.unwrap_or(at)));
        let time = job.finished_at.zip(job.started_at).map(|(end, start)| end.since(start)).or(since);
        let note = if job.status.is_running() || job.status == Status::Success {
            String::new()
        } else {
            job.reason.to_string()
        };
        self.board.set(job.id.0, &job.name, job.status, allowed, time, &note);
    }

    fn run(&mut self, run: &Run, _jobs: &HashMap<i64, Job>) {
        if self.last != Some(run.status) {
            self.last = Some(run.status);
            self.board.headline(&format!("run {} ({} #{})", run.id, run.pipeline_name, run.number), run.status);
        }
    }
}
