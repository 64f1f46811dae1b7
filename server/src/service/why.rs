//! The answer to "why?": a chain of reasons from a run to its jobs, and from a job to those it
//! waits for or was skipped for.

use model::view::{RunView, Why};
use model::{Caller, Error, Job, JobId, JobKind, Reason, RunId, Status};

use super::Weir;
use crate::store::{runners, runs};

/// How far a chain is followed.
const DEPTH: usize = 6;

impl Weir {
    pub(super) async fn explain_run(&self, caller: &Caller, id: RunId) -> Result<Why, Error> {
        let view = self.read_run(caller, id).await?;
        let decisive = |job: &&Job| !job.retried && decides(job, view.run.status);
        let mut because: Vec<Why> = Vec::new();
        for job in view.jobs.iter().filter(decisive).take(10) {
            let mut why = of_job(&view, job, DEPTH - 1);
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
        let mut why = of_job(&view, job, DEPTH);
        let is_build = job.kind == JobKind::Build;
        why.because.extend(self.explain_child(caller, job).await?);
        let (tags, project, run) = (job.tags.clone(), job.project_id, job.run_id);
        if job.status == Status::Pending
            && is_build
            && !self
                .store
                .read(move |conn| runners::any_fits(conn, &tags, project, runs::is_protected(conn, run)?))
                .await?
        {
            why.answer.push_str(if job.tags.is_empty() {
                "; every runner takes only jobs with tags"
            } else {
                "; no runner has them all (`weir serve --runner-tags` gives them to the embedded one)"
            });
        } else if job.status == Status::Pending && is_build && self.heartbeats().runners_online() == 0 {
            why.answer.push_str("; no runner is online (`weir serve` starts its own, unless `--no-runner` is given)");
        }
        if let Some(trouble) = self.logs.trouble(id).filter(|_| job.status.is_running()) {
            why.answer.push_str(&format!("; its log cannot be written ({trouble}), and it waits until it can"));
        }
        Ok(why)
    }
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

fn of_job(view: &RunView, job: &Job, depth: usize) -> Why {
    let latest = |name: &str| view.jobs.iter().find(|one| !one.retried && one.name == name);
    let behind: Vec<&Job> = match &job.reason {
        Reason::WaitsForNeeds { needs } => needs.iter().filter_map(|one| latest(&one.name)).collect(),
        Reason::SkippedAfter { because, .. } => because.iter().filter_map(|one| latest(&one.name)).collect(),
        Reason::WaitsForStage { stage } => {
            view.jobs.iter().filter(|one| !one.retried && &one.stage == stage && !one.status.is_complete()).collect()
        }
        Reason::PredecessorAgain { job } => latest(job).into_iter().collect(),
        _ => Vec::new(),
    };
    let because = if depth == 0 {
        Vec::new()
    } else {
        behind.into_iter().filter(|one| one.id != job.id).take(10).map(|one| of_job(view, one, depth - 1)).collect()
    };
    Why {
        subject: format!("job {} ({})", job.id, job.name),
        status: job.status,
        answer: job.reason.to_string(),
        because,
    }
}
