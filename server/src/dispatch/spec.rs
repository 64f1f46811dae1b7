//! What a planned job becomes in the runner's words: the same for a job of a server and for one of
//! `weir exec`.

use model::plan::{ArtifactSpec, PlannedJob, When};
use runner::protocol::{Artifact, Step, Variable};

/// The scripts; `timeout` in seconds.
pub fn steps(job: &PlannedJob, timeout: i64) -> Vec<Step> {
    let mut steps = vec![Step {
        name: "script".into(),
        script: job.before_script.iter().chain(&job.script).cloned().collect(),
        timeout,
        when: "on_success".into(),
        allow_failure: false,
    }];
    if !job.after_script.is_empty() {
        steps.push(Step {
            name: "after_script".into(),
            script: job.after_script.clone(),
            timeout,
            when: "always".into(),
            allow_failure: true,
        });
    }
    steps
}

/// What is kept after the job.
pub fn artifacts(job: &PlannedJob) -> Vec<Artifact> {
    job.artifacts.iter().map(archive).collect()
}

fn archive(spec: &ArtifactSpec) -> Artifact {
    Artifact {
        name: "artifacts".into(),
        paths: spec.paths.clone(),
        when: match spec.when {
            When::OnFailure | When::Always => spec.when.as_str().into(),
            _ => "on_success".into(),
        },
        artifact_type: "archive".into(),
        artifact_format: "zip".into(),
        ..Artifact::default()
    }
}

/// The variables that the definition gives a job by what it is.
pub fn variables(job: &PlannedJob) -> Vec<Variable> {
    let mut list = vec![("CI_JOB_NAME", job.name.clone()), ("CI_JOB_STAGE", job.stage.clone())];
    let (index, total) = job.instance.as_ref().map_or((None, 1), |one| (Some(one.index), one.total));
    list.extend(index.map(|index| ("CI_NODE_INDEX", index.to_string())));
    list.push(("CI_NODE_TOTAL", total.to_string()));
    list.push(("CI_JOB_NAME_SLUG", crate::service::variables::slug(&job.name)));
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::plain(key, value) }).collect()
}

/// Whether this job fetches the archive of the one called `name`, which stands in the stage `theirs`
/// where its own is `own`.
pub fn fetches(job: &PlannedJob, own: u32, name: &str, theirs: u32) -> bool {
    if let Some(named) = &job.dependencies {
        let left_out = job.needs.iter().flatten().any(|need| need.job == name && !need.artifacts);
        return !left_out && named.iter().any(|one| one == name);
    }
    match &job.needs {
        Some(needs) => needs.iter().any(|need| need.artifacts && need.job == name),
        None => theirs < own,
    }
}
