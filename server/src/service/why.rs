//! The answer to "why?": a chain of reasons from a run to its jobs, and from a job to those it
//! waits for or was skipped for.

use std::collections::HashMap;

use model::view::{RunView, Why};
use model::{Caller, Error, ErrorKind, Job, JobId, JobKind, Reason, RunId, RunnerId, Status};

use super::Weir;
use crate::store::{runners, runs};

/// How far a chain is followed.
const DEPTH: usize = 6;

impl Weir {
    pub(super) async fn explain_run(&self, caller: &Caller, id: RunId) -> Result<Why, Error> {
        let view = self.read_run(caller, id).await?;
        let short = self.short_of_runners(&view).await?;
        let decisive = |job: &&Job| !job.retried && decides(job, view.run.status);
        let mut because: Vec<Why> = Vec::new();
        for job in view.jobs.iter().filter(decisive).take(10) {
            let mut why = of_job(&view, job, &short, DEPTH - 1);
            why.because.extend(self.explain_child(caller, job).await?);
            because.push(why);
        }
        let count = view.jobs.iter().filter(decisive).count();
        let answer = match view.run.status {
            Status::Success if view.run.warnings => "all jobs went well, but for failures that are allowed".to_owned(),
            Status::Success => "all jobs went well".to_owned(),
            Status::Skipped => "no job had to run".to_owned(),
            Status::Manual => "it waits for somebody to play a manual job".to_owned(),
            Status::Failed => format!("{} failed", jobs(count)),
            Status::Canceled | Status::Canceling => format!("{} canceled", jobs(count)),
            Status::Pending => format!("{} for a runner", if count == 1 { "a job waits" } else { "jobs wait" }),
            _ => format!("{} not ended", jobs(count)),
        };
        Ok(Why { subject: format!("run {id}"), status: view.run.status, answer, because })
    }

    /// Why the job stands as it does that has a resource group, or gets it first, in whichever run of the project; nothing
    /// when it was deleted since.
    async fn explain_first_in_line(&self, caller: &Caller, id: JobId) -> Result<Option<Why>, Error> {
        let found = async {
            let run = self.read_job_only(caller, id).await?.run_id;
            self.read_run(caller, run).await
        };
        match found.await {
            Ok(view) => {
                let short = self.short_of_runners(&view).await?;
                Ok(view.jobs.iter().find(|one| one.id == id).map(|job| of_job(&view, job, &short, DEPTH - 1)))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is missing for the jobs of a run that wait for a runner, unless one can take them.
    async fn short_of_runners(&self, view: &RunView) -> Result<HashMap<JobId, &'static str>, Error> {
        let waits = |job: &&Job| job.status == Status::Pending && job.kind == JobKind::Build && !job.retried;
        let waiting: Vec<(JobId, Vec<String>)> =
            view.jobs.iter().filter(waits).map(|job| (job.id, job.tags.clone())).collect();
        if waiting.is_empty() {
            return Ok(HashMap::new());
        }
        let (project, run) = (view.run.project_id, view.run.id);
        let online = self.heartbeats().online();
        let found = self.store.read(move |conn| {
            let protected = runs::is_protected(conn, run)?;
            // Many jobs ask for the same.
            let mut known: HashMap<Vec<String>, Option<&'static str>> = HashMap::new();
            let mut short = HashMap::new();
            for (job, tags) in waiting {
                let told = if let Some(told) = known.get(&tags) {
                    *told
                } else {
                    let fitting = runners::fitting(conn, &tags, project, protected)?;
                    let told = missing(&tags, &fitting, &online);
                    known.insert(tags, told);
                    told
                };
                short.extend(told.map(|told| (job, told)));
            }
            Ok(short)
        });
        Ok(found.await?)
    }

    /// Why the run that a job started stands as it does, unless all is well there. Children stand two
    /// deep at most, and so do these answers.
    async fn explain_child(&self, caller: &Caller, job: &Job) -> Result<Option<Why>, Error> {
        match job.child {
            Some(child) if job.status != Status::Success => Ok(Some(Box::pin(self.explain_run(caller, child)).await?)),
            _ => Ok(None),
        }
    }

    pub(super) async fn explain_job(&self, caller: &Caller, id: JobId) -> Result<Why, Error> {
        let job = self.read_job_only(caller, id).await?;
        let view = self.read_run(caller, job.run_id).await?;
        // The view's copy says what a waiting job waits for now.
        let job = view.jobs.iter().find(|one| one.id == id).unwrap_or(&job);
        let short = self.short_of_runners(&view).await?;
        let mut why = of_job(&view, job, &short, DEPTH);
        why.because.extend(self.explain_child(caller, job).await?);
        if let Reason::WaitsForResource { job: Some(first), .. } = &job.reason {
            why.because.extend(self.explain_first_in_line(caller, *first).await?);
        }
        if let Some(trouble) = self.logs.trouble(id).filter(|_| job.status.is_running()) {
            why.answer.push_str(&format!("; its log cannot be written ({trouble}), and it waits until it can"));
        }
        Ok(why)
    }
}

/// What keeps a job with these tags from being taken, when these runners may take it and those are online.
fn missing(tags: &[String], fitting: &[RunnerId], online: &[RunnerId]) -> Option<&'static str> {
    if fitting.is_empty() {
        return Some(if tags.is_empty() {
            "; every runner takes only jobs with tags"
        } else {
            "; no runner has them all (`weir serve --runner-tags` gives them to the embedded one)"
        });
    }
    if online.is_empty() {
        return Some("; no runner is online (`weir serve` starts its own, unless `--no-runner` is given)");
    }
    (!fitting.iter().any(|id| online.contains(id))).then_some("; no runner that may take it is online")
}

fn jobs(count: usize) -> String {
    if count == 1 { "1 job is".to_owned() } else { format!("{count} jobs are") }
}

/// Whether the job is one of those that give the run this status.
fn decides(job: &Job, run: Status) -> bool {
    match run {
        Status::Success => job.status == Status::Failed,
        Status::Failed => job.status == Status::Failed && !job.allow_failure,
        Status::Canceled => job.status == Status::Canceled,
        Status::Manual => job.status == Status::Manual && !job.allow_failure,
        Status::Skipped => job.status == Status::Skipped,
        _ => {
            !job.status.is_complete()
                && job.status != Status::Created
                && !(job.status == Status::Manual && job.allow_failure)
        }
    }
}

fn of_job(view: &RunView, job: &Job, short: &HashMap<JobId, &'static str>, depth: usize) -> Why {
    let latest = |name: &str| view.jobs.iter().find(|one| !one.retried && one.name == name);
    let behind: Vec<&Job> = match &job.reason {
        Reason::WaitsForNeeds { needs } => needs.iter().filter_map(|one| latest(&one.name)).collect(),
        Reason::SkippedAfter { because, .. } => because.iter().filter_map(|one| latest(&one.name)).collect(),
        Reason::WaitsForStage { stage } => {
            // Nothing waits for a person who may.
            let is_optional = |one: &Job| one.status == Status::Manual && one.allow_failure;
            let of_stage = |one: &&Job| !one.retried && &one.stage == stage && !one.status.is_complete();
            view.jobs.iter().filter(of_stage).filter(|one| !is_optional(one)).collect()
        }
        Reason::PredecessorAgain { job } => latest(job).into_iter().collect(),
        _ => Vec::new(),
    };
    let because = if depth == 0 {
        Vec::new()
    } else {
        behind
            .into_iter()
            .filter(|one| one.id != job.id)
            .take(10)
            .map(|one| of_job(view, one, short, depth - 1))
            .collect()
    };
    Why {
        subject: format!("job {} ({})", job.id, job.name),
        status: job.status,
        answer: format!("{}{}", job.reason, short.get(&job.id).copied().unwrap_or_default()),
        because,
    }
}
