//! The course of one job.

mod stages;
mod watch;

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    Settings, artifacts,
    cache::{JobCache, caches},
    duration::parse,
    environment::{Environment, mark, secrets},
    exchange::Exchange,
    leaders::Leaders,
    outcome::End,
    places::Places,
    script::script,
    session::{Ended, Program, Session},
    sources::{Fetch, Plan, Sources},
};
use crate::{
    control::{Control, Level},
    protocol::{JobPayload, Step},
    trace::Log,
};

pub(super) use watch::Watch;

/// How long `after_script` may take when it does not say.
const AFTER_SCRIPT_LIMIT: Duration = Duration::from_mins(5);

/// One job to be run.
pub(crate) struct Work<'a> {
    pub job: &'a JobPayload,
    pub places: &'a Places,
    pub settings: &'a Settings,
    pub leaders: &'a Leaders,
    pub log: &'a Log,
    pub control: &'a Control,
    pub exchange: &'a Exchange,
    pub sources: Sources,
}

/// Runs the job from its empty folders to its last line in the log. When this returns no process of
/// the job is left, or the log says otherwise.
pub(crate) async fn execute(work: &Work<'_>) -> End {
    let (secrets, too_short) = secrets(work.job);
    work.log.mask(&secrets);
    for name in too_short {
        work.log.warning(&format!("the value of {name} is too short or too plain to be masked"));
    }
    let end = match Course::begin(work) {
        Ok(mut course) => {
            let end = course.run().await;
            match course.session.finish().await {
                Ok(()) => end,
                Err(error) if end == End::Success => End::System(error),
                Err(error) => {
                    work.log.warning(&error);
                    end
                }
            }
        }
        Err(error) => End::System(error),
    };
    // A cancel that arrived when everything had been done changes nothing.
    if let Some(line) = end.line() {
        work.log.line(&line);
    }
    end
}

struct Course<'a> {
    work: &'a Work<'a>,
    session: Session<'a>,
    environment: Environment,
    limit: Duration,
    deadline: Instant,
    caches: Vec<JobCache>,
    /// Whether shells show all that they do.
    trace: bool,
    /// Whether a script has had the chance to delete the job's folders.
    touched: bool,
    /// Whether there is more to tell than the script's own output.
    talkative: bool,
}

impl<'a> Course<'a> {
    fn begin(work: &'a Work<'a>) -> Result<Self, String> {
        let seconds = u64::try_from(work.job.runner_info.timeout).unwrap_or(0);
        let limit = if seconds == 0 { work.settings.default_timeout } else { Duration::from_secs(seconds) };
        let session =
            Session::start(work.leaders, work.log, work.control, work.settings.grace, mark(work.settings, work.job.id))
                .map_err(|error| format!("failed to start the job's leader process: {error}"))?;
        let environment = Environment::new(work.job, work.places, work.settings, limit, session.number())
            .map_err(|error| format!("failed to write a file variable: {error}"))?;
        let deadline = Instant::now() + limit;
        let caches = caches(work.job, &environment);
        let trace = environment.flag("CI_DEBUG_TRACE", false);
        Ok(Self { work, session, environment, limit, deadline, caches, trace, touched: false, talkative: false })
    }

    async fn run(&mut self) -> End {
        let job = self.work.job;
        let sources = match (&self.work.sources, Fetch::plan(job, &self.environment)) {
            (Sources::Folder(_), _) => Plan::Nothing,
            (Sources::Payload, Ok(plan)) => plan,
            (Sources::Payload, Err(error)) => return End::System(format!("failed to get the sources: {error}")),
        };
        if self.trace {
            self.work.log.warning(
                "CI_DEBUG_TRACE is on: this log shows every command with the values of its variables, \
                 of which only masked ones are replaced",
            );
        }
        let after = job.step("after_script");
        let downloads = artifacts::wanted(job).next().is_some();
        self.talkative = !matches!(sources, Plan::Nothing) || downloads || after.is_some() || !job.artifacts.is_empty();
        self.talkative |= !self.caches.is_empty();
        if let Err(end) = self.prepare(sources, downloads).await {
            return end;
        }
        let steps: Vec<&Step> = job.steps.iter().filter(|step| step.name != "after_script").collect();
        let mut end = self.steps(steps.into(), after.is_none()).await;
        if end == End::Gone {
            return end;
        }
        if let Some(after) = after.filter(|_| end != End::Stopped)
            && let Err(failed) = self.after(after, &end).await
            && end == End::Success
        {
            end = failed;
        }
        match self.work.control.level() {
            Level::Gone => return End::Gone,
            Level::Stop => return End::Stopped,
            Level::Run | Level::Cancel => {}
        }
        if matches!(end, End::System(_)) {
            return end;
        }
        if let Err(ended) = self.save_caches(end == End::Success).await {
            return ended;
        }
        match self.upload(end == End::Success).await {
            Ok(Ok(())) => end,
            Ok(Err(error)) => {
                self.work.log.error(&error);
                if end == End::Success { End::System(error) } else { end }
            }
            Err(ended) => ended,
        }
    }

    /// The script, and whatever steps a server put beside it.
    async fn steps(&mut self, mut steps: VecDeque<&Step>, last: bool) -> End {
        let mut end = End::Success;
        let own_limit = self.environment.get("RUNNER_SCRIPT_TIMEOUT").and_then(parse).filter(|limit| !limit.is_zero());
        while let Some(step) = steps.pop_front() {
            let due = match step.when.as_str() {
                "always" => true,
                "on_failure" => end != End::Success,
                _ => end == End::Success,
            };
            if !due || step.script.is_empty() {
                continue;
            }
            let (limit, deadline) = match own_limit.map(|own| (own, Instant::now() + own)) {
                Some((own, deadline)) if deadline < self.deadline => (own, deadline),
                _ => (self.limit, self.deadline),
            };
            let section = if step.name == "script" { "step_script".to_owned() } else { format!("step_{}", step.name) };
            self.section(&section, "Running the script");
            let ended = self.shell(&step.name, &step.script, deadline, Level::Run, last && steps.is_empty()).await;
            self.section_end(&section);
            let this = match ended {
                Ok(ended) => end_of(ended, limit),
                Err(end) => end,
            };
            match this {
                End::Success => {}
                End::Exit(_) | End::Signal(_) if step.allow_failure => {}
                End::Gone | End::Stopped | End::Canceled | End::System(_) => return this,
                _ if end == End::Success => end = this,
                _ => {}
            }
        }
        end
    }

    /// `after_script`: its own shell, its own time; how it ends is only told, unless the job wants it to
    /// count.
    async fn after(&mut self, step: &Step, end: &End) -> Result<(), End> {
        self.environment.set("CI_JOB_STATUS", end.job_status());
        let asked = self.environment.get("RUNNER_AFTER_SCRIPT_TIMEOUT").and_then(parse);
        let limit = asked.filter(|limit| !limit.is_zero()).unwrap_or(AFTER_SCRIPT_LIMIT);
        self.section("after_script", "Running after_script");
        // It runs because the job was cancelled: only a more severe order ends it.
        let ended = self.shell("after_script", &step.script, Instant::now() + limit, Level::Cancel, true).await;
        let ended = ended.map_or_else(|end| end, |ended| end_of(ended, limit));
        let counts = !self.environment.flag("AFTER_SCRIPT_IGNORE_ERRORS", true);
        let problem = match &ended {
            End::Success | End::Gone | End::Stopped | End::Canceled => None,
            End::Exit(code) => Some(format!("exit code {code}")),
            End::Signal(signal) => Some(format!("ended by signal {signal}")),
            End::Timeout(_) => Some("it took too long".to_owned()),
            End::System(error) => Some(error.clone()),
        };
        if let Some(problem) = problem.as_ref().filter(|_| !counts) {
            self.work.log.warning(&format!("after_script failed, which does not change the job's result: {problem}"));
        }
        self.section_end("after_script");
        if counts && problem.is_some() { Err(ended) } else { Ok(()) }
    }

    /// Runs commands in a shell of their own.
    async fn shell(
        &mut self,
        name: &str,
        lines: &[String],
        deadline: Instant,
        heed: Level,
        last: bool,
    ) -> Result<Ended, End> {
        let shell = &self.work.settings.shell;
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
        let path = self.file(&format!("{}.sh", &safe[..safe.len().min(60)]), &script(shell, lines, self.trace))?;
        let argv = vec![shell.path.clone(), path];
        let env = self.environment.pairs();
        Ok(self.program(argv, env, deadline, heed, last).await)
    }

    async fn program(
        &mut self,
        argv: Vec<String>,
        env: Vec<(String, String)>,
        deadline: Instant,
        heed: Level,
        last: bool,
    ) -> Ended {
        self.touched = true;
        let program = Program { argv, cwd: self.work.places.build.clone(), env };
        self.session.run(program, deadline, heed, last).await
    }

    /// Writes a script; an earlier one may have deleted the folders.
    fn file(&self, name: &str, text: &str) -> Result<String, End> {
        let places = self.work.places;
        let mended = if self.touched { places.mend() } else { Ok(()) };
        let written = mended.and_then(|()| places.write_private(name, text.as_bytes()));
        let path = written.map_err(|error| End::System(format!("failed to write the script: {error}")))?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Opens a section of the log, which a page can fold.
    fn section(&self, name: &str, header: &str) {
        if self.talkative {
            let mark = if self.work.job.features.trace_sections {
                format!("\x1b[0Ksection_start:{}:{name}\r\x1b[0K", unix_time())
            } else {
                String::new()
            };
            self.work.log.line(&format!("{mark}\x1b[36;1m{header}\x1b[0;m"));
        }
    }

    fn section_end(&self, name: &str) {
        if self.talkative && self.work.job.features.trace_sections {
            self.work.log.raw(format!("\x1b[0Ksection_end:{}:{name}\r\x1b[0K", unix_time()).as_bytes());
        }
    }
}

fn end_of(ended: Ended, limit: Duration) -> End {
    match ended {
        Ended::Exit(0) => End::Success,
        Ended::Exit(code) => End::Exit(code),
        Ended::Signal(signal) => End::Signal(signal),
        Ended::TimedOut => End::Timeout(limit),
        Ended::Ordered(level) => ordered(level),
        Ended::Failed(error) => End::System(error),
    }
}

fn ordered(level: Level) -> End {
    match level {
        Level::Run | Level::Cancel => End::Canceled,
        Level::Stop => End::Stopped,
        Level::Gone => End::Gone,
    }
}

#[expect(clippy::disallowed_methods, reason = "the only place of this crate that reads the clock: a mark in the log")]
fn unix_time() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
