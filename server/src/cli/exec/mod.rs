//! `weir exec`: the pipeline of this folder, here and now, through the server's own evaluator,
//! scheduler and runner.

mod payload;
mod printer;

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use model::plan::{Plan, PlannedJob, Variable, When};
use model::schedule::{Node, advance, aggregates};
use model::{FailureReason, Reason, Status};
use pipeline::lint::Document;
use runner::local::LocalRunner;
use runner::{Control, JobOutcome, Level};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::ExecArgs;
use super::config::processors;
use super::failure::{Exit, Failure, Outcome};
use super::folder::Folder;
use super::lint;
use super::output::{self, Paint};
use crate::service::definition::Definition;
use crate::service::given::{self, Names};
use crate::service::reports;
use crate::service::unserved::{Served, refuse_unserved};
use printer::Printer;

/// How the folders for the runner begin; the process follows.
const SCRATCH: &str = "weir-exec-";
const DOING: &str = "run the pipeline here";

/// Runs the command.
pub fn main(args: ExecArgs, json: bool) -> Outcome {
    let path = lint::path_of(None, args.file.as_deref());
    let variables: Vec<Variable> = args.variables.into_iter().map(Variable::from).collect();
    given::check(&variables, Names::OfAShell).map_err(|error| Failure::usage(DOING, error.message))?;
    let folder = std::env::current_dir().map_err(|error| Failure::new(Exit::Internal, DOING, error))?;
    let origin = Folder::new(&folder, &args.event).with_includes(args.includes);
    let mut evaluated = lint::evaluate(&path, variables.clone(), lint::inputs(args.inputs), origin.clone());
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let mut played = HashSet::new();
    if let Some(plan) = &mut evaluated.plan {
        // What is not wanted may ask for whatever it likes.
        played = select(plan, &args.jobs)?;
    } else if !args.jobs.is_empty() {
        evaluated.sound.retain(|one| args.jobs.contains(&one.job.name));
    }
    let name = path.display().to_string();
    let definition = Definition { file: &name, text: &text };
    refuse_unserved(&mut evaluated, definition, &Served::here(&args.containers));
    lint::print_diagnostics(&evaluated.diagnostics, Paint::stderr());
    if json && evaluated.plan.is_none() {
        output::json(&serde_json::to_value(Document::new(&evaluated)).unwrap_or_default());
    }
    let Some(plan) = evaluated.plan else {
        let cause = format!("{} has errors", path.display());
        return Err(Failure::text(Exit::Failed, DOING, cause));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, DOING, error))?;
    runtime.block_on(async {
        let scratch = Scratch::new().map_err(|error| Failure::new(Exit::Failed, DOING, error))?;
        let mut runner = LocalRunner::new(&scratch.0).map_err(|error| Failure::new(Exit::Failed, DOING, error))?;
        runner.use_containers(args.containers);
        runner.check_reports(Arc::new(check_report));
        Scratch::sweep(&runner).await;
        if let Some(caches) = cache_folder() {
            runner.keep_caches(caches, runner::supervisor::CACHE_LIMIT);
        }
        let bench = Bench { runner, folder, origin, variables, run_name: plan.name.clone(), played };
        Exec::new(plan, json).run(&bench).await
    })
}

/// Ctrl-C, SIGTERM, or a terminal that was closed.
async fn asked_to_end(terminate: &mut Signal, hangup: &mut Signal) {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Where caches outlive the command: `$XDG_CACHE_HOME/weir`, else `~/.cache/weir`.
fn cache_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))?;
    Some(caches.join("weir"))
}

/// A folder for the runner, gone when the command is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let path = std::env::temp_dir().join(format!("{SCRATCH}{}-{}", std::process::id(), crate::random::uid()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Scratch {
    /// Removes what commands left that were ended by force: those whose process is no more. Their containers first,
    /// whose names are in the folder.
    async fn sweep(runner: &LocalRunner) {
        for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix(SCRATCH).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
            let own =
                entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw());
            let gone = owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists());
            // A process of another container is not seen; the lock that it holds is.
            if own && gone && matches!(runner::pid_of(&entry.path()), Ok(None)) {
                if let Err(error) = runner.remove_left(&entry.path()).await {
                    tracing::warn!(%error, "failed to remove the containers of a command that was ended by force");
                }
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is a temporary file like any other.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a server would say of a report that it does not take.
fn check_report(kind: &str, file: &Path) -> Result<(), String> {
    let file = std::fs::File::open(file).map_err(|error| error.to_string())?;
    reports::read(kind, file).map(drop).map_err(|error| reports::refusal(kind, &error))
}

/// Only the named jobs and what they need: their needs, or, without those, what comes before. A
/// manual or delayed job that is named is played. Returns the manual ones.
fn select(plan: &mut Plan, names: &[String]) -> Result<HashSet<String>, Failure> {
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    let mut wanted: HashSet<String> = HashSet::new();
    for name in names {
        let found: Vec<&Arc<PlannedJob>> =
            plan.jobs.iter().filter(|job| &job.name == name || &job.base_name == name).collect();
        if found.is_empty() {
            let all: Vec<&str> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
            let excluded = plan.excluded.iter().find(|job| &job.name == name);
            let why = excluded.map_or_else(
                || format!("there is no job {name:?}; the jobs are {}", all.join(", ")),
                |job| format!("the job {name:?} is not in the run: {}", job.reason),
            );
            return Err(Failure::usage(DOING, why));
        }
        wanted.extend(found.into_iter().map(|job| job.name.clone()));
    }
    let named = wanted.clone();
    loop {
        let before = wanted.len();
        for job in plan.jobs.iter().filter(|job| wanted.contains(&job.name)).cloned().collect::<Vec<_>>() {
            if let Some(needs) = &job.needs {
                wanted.extend(needs.iter().map(|need| need.job.clone()));
            } else {
                let stage = plan.stage_index(&job.stage);
                let earlier = plan.jobs.iter().filter(|one| plan.stage_index(&one.stage) < stage);
                // Nobody has played those, and no time has passed for them.
                let by_itself = |one: &&Arc<PlannedJob>| !matches!(one.when, When::Manual | When::Delayed);
                wanted.extend(earlier.filter(by_itself).map(|one| one.name.clone()));
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    plan.jobs.retain(|job| wanted.contains(&job.name));
    let mut manual = HashSet::new();
    for job in plan.jobs.iter_mut().filter(|job| named.contains(&job.name)).map(Arc::make_mut) {
        match job.when {
            When::Manual => {
                manual.insert(job.name.clone());
            }
            When::Delayed => job.start_in = None,
            _ => continue,
        }
        job.when = When::OnSuccess;
    }
    Ok(manual)
}

fn nodes(plan: &Plan) -> Vec<Node> {
    let place = |name: &str| plan.jobs.iter().position(|job| job.name == name);
    plan.jobs
        .iter()
        .map(|job| Node {
            name: job.name.clone(),
            stage: plan.stage_index(&job.stage),
            status: Status::Created,
            when: job.when,
            allow_failure: job.allow_failure.always(),
            needs: job.needs.as_ref().map(|needs| needs.iter().filter_map(|need| place(&need.job)).collect()),
        })
        .collect()
}

/// What does not change while jobs run.
struct Bench {
    runner: LocalRunner,
    folder: PathBuf,
    origin: Folder,
    variables: Vec<Variable>,
    /// `workflow:name`, with its variables.
    run_name: Option<String>,
    /// The manual jobs that were named.
    played: HashSet<String>,
}

#[derive(Clone, Debug, Default)]
struct Attempt {
    id: i64,
    number: u32,
    started: Option<Instant>,
    duration: Option<i64>,
    exit_code: Option<i32>,
    reason: Option<Reason>,
}

struct Exec {
    plan: Plan,
    nodes: Vec<Node>,
    attempts: Vec<Attempt>,
    printer: Printer,
    next_id: i64,
    canceled: bool,
}

impl Exec {
    fn new(plan: Plan, json: bool) -> Self {
        Self {
            nodes: nodes(&plan),
            attempts: vec![Attempt::default(); plan.jobs.len()],
            printer: Printer::new(&plan, json),
            next_id: 1,
            canceled: false,
            plan,
        }
    }

    async fn run(mut self, bench: &Bench) -> Outcome {
        let begun = Instant::now();
        let control = Control::new();
        let concurrent = processors();
        let mut running = FuturesUnordered::new();
        let of = |kind| signal(kind).map_err(|error| Failure::new(Exit::Internal, DOING, error));
        let (mut terminate, mut hangup) = (of(SignalKind::terminate())?, of(SignalKind::hangup())?);
        loop {
            self.advance();
            while running.len() < concurrent {
                let Some(i) = self.nodes.iter().position(|node| node.status == Status::Pending) else { break };
                let job = self.begin(i, bench);
                let sink = self.printer.sink(i);
                let control = control.clone();
                running.push(async move { (i, bench.runner.run(&job, Some(&bench.folder), sink, &control).await) });
            }
            if running.is_empty() {
                break;
            }
            tokio::select! {
                Some((i, outcome)) = running.next() => self.ended(i, &outcome),
                () = asked_to_end(&mut terminate, &mut hangup) => {
                    control.raise(if self.canceled { Level::Stop } else { Level::Cancel });
                    self.canceled = true;
                }
            }
        }
        drop(running);
        self.close(begun)
    }

    /// Lets every job whose turn has come take its step.
    fn advance(&mut self) {
        for step in advance(&mut self.nodes) {
            self.attempts[step.node].reason = Some(step.reason);
            self.show(step.node);
        }
        if self.canceled {
            for i in 0..self.nodes.len() {
                if matches!(self.nodes[i].status, Status::Created | Status::Pending | Status::Manual) {
                    self.nodes[i].status = Status::Canceled;
                    self.attempts[i].reason = None;
                    self.show(i);
                }
            }
        }
    }

    fn begin(&mut self, i: usize, bench: &Bench) -> runner::protocol::JobPayload {
        let attempt = &mut self.attempts[i];
        (attempt.id, attempt.number) = (self.next_id, attempt.number + 1);
        attempt.started = Some(Instant::now());
        self.next_id += 1;
        self.nodes[i].status = Status::Running;
        self.show(i);
        let sources: Vec<(i64, &str)> = (0..self.plan.jobs.len())
            .filter(|other| self.wants(i, *other))
            .map(|other| (self.attempts[other].id, self.plan.jobs[other].name.as_str()))
            .collect();
        payload::build(&self.plan.jobs[i], self.attempts[i].id, &sources, bench)
    }

    /// Whether job `i` gets the artifacts of `other`.
    fn wants(&self, i: usize, other: usize) -> bool {
        let (job, from) = (&self.plan.jobs[i], &self.plan.jobs[other]);
        let stage = |node: usize| self.nodes[node].stage as u32;
        let wanted = job.fetches(stage(i), &from.name, stage(other));
        wanted && self.attempts[other].id > 0 && self.nodes[other].status.is_final()
    }

    fn ended(&mut self, i: usize, outcome: &JobOutcome) {
        let (job, attempt) = (&self.plan.jobs[i], &mut self.attempts[i]);
        attempt.duration = attempt.started.map(|start| start.elapsed().as_millis() as i64);
        attempt.exit_code = outcome.exit_code;
        let succeeded = outcome.failure_reason.is_none();
        if succeeded {
            self.nodes[i].status = Status::Success;
            attempt.reason = Some(Reason::Succeeded);
        } else if self.canceled {
            self.nodes[i].status = Status::Canceled;
            attempt.reason = None;
        } else {
            let word = outcome.failure_reason.unwrap_or_default();
            let failure: FailureReason = word.parse().unwrap_or(FailureReason::UnknownFailure);
            let exit_code = outcome.exit_code.filter(|_| outcome.signal.is_none());
            let detail = outcome.detail.clone();
            let reason = Reason::Failed { failure, exit_code, signal: outcome.signal, detail };
            self.nodes[i].allow_failure = job.allow_failure.allows(outcome.exit_code);
            self.nodes[i].status = Status::Failed;
            attempt.reason = Some(reason);
            if job.retry.applies(attempt.number, failure, outcome.exit_code) {
                self.show(i);
                let of = job.retry.max + 1;
                self.attempts[i].reason =
                    Some(Reason::RetriedByRule { attempt: self.attempts[i].number + 1, of, failure });
                self.nodes[i].allow_failure = self.plan.jobs[i].allow_failure.always();
                self.nodes[i].status = Status::Pending;
            }
        }
        self.show(i);
    }

    fn show(&self, i: usize) {
        let (node, attempt) = (&self.nodes[i], &self.attempts[i]);
        // That a job waits for the next moment is no news; that it is tried again is.
        if node.status == Status::Pending && attempt.number == 0 {
            return;
        }
        let allowed = node.status == Status::Failed && node.allow_failure;
        let reason =
            attempt.reason.as_ref().filter(|_| node.status != Status::Success && node.status != Status::Running);
        let note = reason.map(ToString::to_string).unwrap_or_default();
        self.printer.state(i, node.status, allowed, attempt.duration, &note);
    }

    /// The last words: a table, and how it ended.
    fn close(self, begun: Instant) -> Outcome {
        let (_, run) = aggregates(&self.nodes, self.plan.stages.len());
        let lines: Vec<printer::Summary> = (self.nodes.iter().zip(&self.attempts).zip(&self.plan.jobs))
            .map(|((node, attempt), job)| printer::Summary {
                name: job.name.clone(),
                stage: job.stage.clone(),
                status: node.status,
                allow_failure: node.allow_failure,
                duration: attempt.duration,
                exit_code: attempt.exit_code,
                attempts: attempt.number,
                reason: attempt.reason.clone(),
            })
            .collect();
        self.printer.close(&lines, run, begun.elapsed().as_millis() as i64);
        if run.status == Status::Success { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "stages: [build, test, deploy]
compile: {stage: build, script: make}
docs: {stage: build, script: make docs}
unit: {stage: test, needs: [compile], script: make check}
all: {stage: test, script: make all}
later: {stage: test, when: delayed, start_in: 1 day, script: make later}
ship: {stage: deploy, when: manual, script: make ship}
";

    fn selected(names: &[&str]) -> Vec<String> {
        let mut plan = pipeline::plan(TEXT, &pipeline::Context::default()).plan.unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        select(&mut plan, &names).unwrap();
        plan.jobs.into_iter().map(|job| format!("{} {}", job.name, job.when.as_str())).collect()
    }

    #[test]
    fn named_jobs_come_with_what_they_need() {
        assert_eq!(selected(&["unit"]), ["compile on_success", "unit on_success"]);
        assert_eq!(selected(&["all"]), ["compile on_success", "docs on_success", "all on_success"]);
        assert!(selected(&["ship"]).contains(&"ship on_success".to_owned()));
        assert!(selected(&[]).contains(&"ship manual".to_owned()));
        // A delayed job is not waited for unless it is asked for: then it is played.
        assert!(selected(&["ship"]).iter().all(|job| !job.starts_with("later")));
        assert!(selected(&["ship", "later"]).contains(&"later on_success".to_owned()));
    }

    #[test]
    fn unknown_jobs_are_wrong_usage() {
        let mut plan = pipeline::plan(TEXT, &pipeline::Context::default()).plan.unwrap();
        let failure = select(&mut plan, &["untit".into()]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.unwrap().contains("the jobs are compile, docs, unit, all, later, ship"));
    }
}
