//! The course of one job.

mod boxes;
mod scripts;
mod stages;
mod watch;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    Settings, artifacts,
    cache::{JobCache, caches},
    containers::{JobContainers, Where, place},
    environment::{Environment, mark, secrets},
    exchange::Exchange,
    hands::Hands,
    leaders::Leaders,
    outcome::End,
    places::Places,
    session::{Ended, Program, Session},
    sources::{Fetch, Plan, Sources},
};
use crate::{
    control::{Control, Level},
    protocol::{JobPayload, Step},
    trace::Log,
};

pub(super) use watch::Watch;

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

impl Work<'_> {
    /// Who works on the job's files.
    pub(super) fn hands(&self) -> Hands<'_> {
        match self.places.user() {
            None => Hands::Own,
            Some(user) => Hands::Of { user, program: self.leaders.program(), mark: mark(self.settings, self.job.id) },
        }
    }
}

/// Runs the job from its empty folders to its last line in the log. When this returns no process of
/// the job is left, or the log says otherwise.
pub(crate) async fn execute(work: &Work<'_>) -> End {
    // On the heap: what a whole job waits for is large, and whoever waits for the job shall not be.
    Box::pin(run(work)).await
}

async fn run(work: &Work<'_>) -> End {
    let (secrets, too_short) = secrets(work.job);
    work.log.mask(&secrets);
    for name in too_short {
        work.log.warning(&format!("the value of {name} is too short or too plain to be masked"));
    }
    let end = match Course::begin(work) {
        Ok(mut course) => {
            let end = course.run().await;
            if let Some(containers) = course.containers.clone() {
                course.remove_containers(&containers).await;
            }
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
    containers: Option<Arc<JobContainers>>,
    /// Names of services with their addresses.
    hosts: Vec<(String, String)>,
    /// How many containers have run scripts.
    steps_run: usize,
    /// Whether a container's user may own what is in the workspace.
    lent: bool,
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
        let session = Session::start(
            work.leaders,
            work.log,
            work.control,
            work.settings.grace,
            mark(work.settings, work.job.id),
            work.places.user(),
        )
        .map_err(|error| format!("failed to start the job's leader process: {error}"))?;
        let environment = Environment::new(work.job, work.places, work.settings, limit, session.number())
            .map_err(|error| format!("failed to write a file variable: {error}"))?;
        let deadline = Instant::now() + limit;
        let caches = caches(work.job, &environment, work.log);
        let trace = environment.flag("CI_DEBUG_TRACE", false);
        Ok(Self {
            work,
            session,
            environment,
            limit,
            deadline,
            caches,
            containers: None,
            hosts: Vec::new(),
            steps_run: 0,
            lent: false,
            trace,
            touched: false,
            talkative: false,
        })
    }

    async fn run(&mut self) -> End {
        let job = self.work.job;
        let sources = match (&self.work.sources, Fetch::plan(job, &self.environment)) {
            (Sources::Folder(_), _) => Plan::Nothing,
            (Sources::Payload, Ok(plan)) => plan,
            (Sources::Payload, Err(error)) => return End::System(format!("failed to get the sources: {error}")),
        };
        match place(job, self.work.settings, &self.environment) {
            Ok(Where::Here) => {}
            Ok(Where::Regardless) => {
                self.work.log.warning("the job asks for an image: it runs on this machine regardless");
            }
            Ok(Where::In(containers)) => {
                self.environment.in_container(&containers.image.name);
                self.containers = Some(Arc::new(containers));
            }
            Err(why) => return End::Unsupported(why),
        }
        if self.trace {
            self.work.log.warning(
                "CI_DEBUG_TRACE is on: this log shows every command with the values of its variables, \
                 of which only masked ones are replaced",
            );
        }
        let after = job.step("after_script");
        let downloads = artifacts::wanted(job).next().is_some();
        self.talkative = !matches!(sources, Plan::Nothing) || downloads || after.is_some() || !job.artifacts.is_empty();
        self.talkative |= !self.caches.is_empty() || self.containers.is_some();
        let containers = self.containers.clone();
        if let Some(containers) = &containers
            && let Err(end) = self.start_containers(containers).await
        {
            return end;
        }
        if let Err(end) = self.prepare(sources, downloads).await {
            return end;
        }
        if containers.is_some()
            && let Err(end) = self.hand_over().await
        {
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
        if let Some(containers) = &containers {
            self.take_back(containers).await;
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
            Ok(Err(unkept)) => {
                if let End::Unkept(error) | End::System(error) = &unkept {
                    self.work.log.error(error);
                }
                if end == End::Success { unkept } else { end }
            }
            Err(ended) => ended,
        }
    }

    async fn program(
        &mut self,
        argv: Vec<String>,
        env: Vec<(String, String)>,
        deadline: Instant,
        heed: Level,
        last: bool,
    ) -> Ended {
        let cwd = self.work.places.build.clone();
        let program = Program { argv, cwd, env, alone: self.containers.is_some(), is_jobs: true };
        self.touched = true;
        self.session.run(program, deadline, heed, last).await
    }

    /// Runs a program of the runner's own, with the runner's rights. Nothing of what it is or reads is the job's to change.
    async fn own_program(
        &mut self,
        argv: Vec<String>,
        env: Vec<(String, String)>,
        deadline: Instant,
        heed: Level,
    ) -> Ended {
        // It starts where no link of the job can lead it.
        let cwd = match self.work.places.user() {
            Some(_) => self.work.places.private.clone(),
            None => self.work.places.build.clone(),
        };
        let program = Program { argv, cwd, env, alone: self.containers.is_some(), is_jobs: false };
        self.touched = true;
        self.session.run(program, deadline, heed, false).await
    }

    /// Writes a script; an earlier one may have deleted the folders.
    fn file(&self, name: &str, text: &str) -> Result<String, End> {
        let places = self.work.places;
        let mended = if self.touched { places.mend() } else { Ok(()) };
        let written = mended.and_then(|()| places.write_hand(name, text.as_bytes()));
        let path = written.map_err(|error| End::System(format!("failed to write the script: {error}")))?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Writes a file of the runner's own, which the job cannot change.
    fn own_file(&self, name: &str, text: &str) -> Result<String, End> {
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
