//! The scripts of a job, one after another, each in a shell of its own.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{
    super::{
        duration::parse,
        outcome::End,
        script::{Shell, script},
        session::Ended,
    },
    Course, end_of,
};
use crate::{control::Level, protocol::Step};

/// How long `after_script` may take when it does not say.
const AFTER_SCRIPT_LIMIT: Duration = Duration::from_mins(5);

/// How long it may take when `RUNNER_AFTER_SCRIPT_TIMEOUT` says this; what is no length of time says nothing.
fn after_limit(asked: Option<&str>) -> Duration {
    asked.and_then(parse).filter(|limit| !limit.is_zero()).unwrap_or(AFTER_SCRIPT_LIMIT)
}

impl Course<'_> {
    /// The script, and whatever steps a server put beside it.
    pub(super) async fn steps(&mut self, mut steps: VecDeque<&Step>, last: bool) -> End {
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
    pub(super) async fn after(&mut self, step: &Step, end: &End) -> Result<(), End> {
        self.environment.set("CI_JOB_STATUS", end.job_status());
        let limit = after_limit(self.environment.get("RUNNER_AFTER_SCRIPT_TIMEOUT"));
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
            End::Unkept(error) | End::System(error) | End::Unsupported(error) | End::NoImage(error) => {
                Some(error.clone())
            }
        };
        if let Some(problem) = problem.as_ref().filter(|_| !counts) {
            self.work.log.warning(&format!("after_script failed, which does not change the job's result: {problem}"));
        }
        self.section_end("after_script");
        if counts && problem.is_some() { Err(ended) } else { Ok(()) }
    }

    /// Runs commands in a shell of their own, in the job's container if it has one.
    pub(super) async fn shell(
        &mut self,
        name: &str,
        lines: &[String],
        deadline: Instant,
        heed: Level,
        last: bool,
    ) -> Result<Ended, End> {
        let Some(containers) = self.containers.clone() else {
            return self.shell_here(name, lines, deadline, heed, last).await;
        };
        let text = script(&Shell { path: String::new(), bash: false }, lines, self.trace);
        self.shell_contained(&containers, &script_name(name), &text, deadline, heed).await
    }

    /// Runs commands in a shell of their own, on this machine.
    pub(super) async fn shell_here(
        &mut self,
        name: &str,
        lines: &[String],
        deadline: Instant,
        heed: Level,
        last: bool,
    ) -> Result<Ended, End> {
        let shell = &self.work.settings.shell;
        let path = self.file(&script_name(name), &script(shell, lines, self.trace))?;
        let argv = vec![shell.path.clone(), path];
        let env = self.environment.pairs();
        Ok(self.program(argv, env, deadline, heed, last).await)
    }
}

/// The file of a step's script.
fn script_name(step: &str) -> String {
    let safe: String = step.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    format!("{}.sh", &safe[..safe.len().min(60)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_script_has_five_minutes_or_what_the_job_says() {
        for none in [None, Some(""), Some("0"), Some("soon")] {
            assert_eq!(after_limit(none), Duration::from_mins(5), "{none:?}");
        }
        assert_eq!(after_limit(Some("90")), Duration::from_secs(90));
        assert_eq!(after_limit(Some("1h 30m")), Duration::from_mins(90));
    }
}
