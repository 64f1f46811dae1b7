//! The job as a runner gets it.

use std::collections::HashMap;

use model::plan::{PlannedJob, Variable as Planned, When};
use model::{FailureReason, Job, JobId, Project, Run};
use runner::protocol::{ArtifactsFile, Dependency, Features, GitInfo, JobInfo, JobPayload, RunnerInfo, Variable};

use super::spec;
use crate::service::files::last_commits;
use crate::service::{Weir, variables};
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, jobs, projects, runs};

/// What is read from the store, in the transaction that hands the job out.
pub(super) struct Parts {
    pub(super) job: Job,
    run: Run,
    project: Project,
    planned: PlannedJob,
    variables: Vec<Planned>,
    /// Jobs whose archives are wanted.
    sources: Vec<Job>,
}

impl Parts {
    pub(super) fn read(conn: &Snapshot, id: JobId) -> Result<Self, StoreError> {
        let stored = jobs::require(conn, id)?;
        let run = runs::require(conn, stored.job.run_id)?;
        let project = projects::get(conn, stored.job.project_id)?.ok_or_else(|| model::Error::not_found("project"))?;
        let planned = runs::spec(conn, run.id, stored.position)?;
        let mut variables = planned.variables.clone();
        variables.extend(runs::variables(conn, run.id)?);
        variables.extend(stored.variables);
        let stage = stored.job.stage_index;
        let sources = if stage == 0 && planned.needs.is_none() && planned.dependencies.is_none() {
            Vec::new()
        } else {
            let wanted = |job: &Job| spec::fetches(&planned, stage, &job.name, job.stage_index);
            let archive = |job: &Job| job.artifacts.iter().any(|one| one.kind == "archive");
            jobs::of_run(conn, run.id)?.into_iter().filter(|job| !job.retried && archive(job) && wanted(job)).collect()
        };
        Ok(Self { job: stored.job, run, project, planned, variables, sources })
    }
}

/// Names of the last commits that changed some files.
pub(super) type FileKeys = HashMap<Vec<String>, String>;

/// Asks git for what caches are named after.
pub(super) async fn file_keys(weir: &Weir, parts: &Parts) -> FileKeys {
    let wanted: Vec<Vec<String>> = spec::key_files(&parts.planned).cloned().collect();
    if wanted.is_empty() || parts.run.sha.is_empty() {
        return FileKeys::new();
    }
    let (mirror, sha) = (weir.mirror(parts.project.id), parts.run.sha.clone());
    let ask = move || {
        let named = |files: Vec<String>| Some((last_commits(&mirror, &sha, &files)?, files));
        wanted.into_iter().filter_map(named).map(|(key, files)| (files, key)).collect()
    };
    tokio::task::spawn_blocking(ask).await.unwrap_or_default()
}

/// Builds the payload; `token` is the job's own.
pub(super) fn build(weir: &Weir, parts: Parts, keys: &FileKeys, token: &str) -> JobPayload {
    let Parts { job, run, project, planned, variables, sources } = parts;
    let mut all = predefined(weir, &job, &run, &project, token);
    all.extend(spec::variables(&planned));
    all.extend(variables.into_iter().map(|one| Variable { raw: one.raw, ..Variable::plain(one.key, one.value) }));
    if run.sha.is_empty() {
        // Without a repository there is nothing to fetch, whatever the definition says.
        all.push(Variable::plain("GIT_STRATEGY", "empty"));
    }
    let path = project.path.as_str();
    JobPayload {
        id: job.id.0,
        token: token.into(),
        allow_git_fetch: true,
        job_info: JobInfo {
            id: job.id.0,
            name: job.name.clone(),
            stage: job.stage.clone(),
            pipeline_id: run.id.0,
            project_id: project.id.0,
            project_name: project.path.name().to_owned(),
            project_full_path: path.to_owned(),
            namespace_id: 1,
            root_namespace_id: 1,
            organization_id: 1,
            user_id: Some(1),
            time_in_queue_seconds: job
                .queued_at
                .zip(job.started_at)
                .map_or(0.0, |(queued, started)| started.since(queued) as f64 / 1000.0),
            project_jobs_running_on_instance_runners_count: "0".into(),
        },
        git_info: git(weir, &run, &project),
        runner_info: RunnerInfo { timeout: i64::from(job.timeout), uuid: job.uid.to_string() },
        variables: all,
        steps: spec::steps(&planned, i64::from(job.timeout)),
        hooks: spec::hooks(&planned),
        artifacts: spec::artifacts(&planned),
        cache: spec::caches(&planned, &|files| keys.get(files).cloned()),
        dependencies: sources.iter().map(|source| dependency(source, token)).collect(),
        features: Features {
            trace_sections: true,
            token_mask_prefixes: ["glpat-", "glrt-", "glcbt-"].map(str::to_owned).to_vec(),
            failure_reasons: FailureReason::ALL.iter().map(|one| one.as_str().to_owned()).collect(),
            weir_job_watch: true,
        },
        ..JobPayload::default()
    }
}

fn git(weir: &Weir, run: &Run, project: &Project) -> GitInfo {
    let mirror = weir.mirror(project.id);
    GitInfo {
        repo_url: if run.sha.is_empty() { "".into() } else { format!("file://{}", mirror.display()).into() },
        repo_object_format: "sha1".into(),
        git_ref: run.git_ref.clone(),
        sha: run.sha.clone(),
        before_sha: "0".repeat(40),
        ref_type: if run.is_tag { "tag" } else { "branch" }.into(),
        refspecs: if run.sha.is_empty() {
            Vec::new()
        } else {
            vec![format!("+refs/keep/{sha}:refs/remotes/origin/keep", sha = run.sha)]
        },
        depth: 20,
        protected: None,
    }
}

fn dependency(source: &Job, token: &str) -> Dependency {
    let file = source.artifacts.iter().find(|one| one.kind == "archive");
    Dependency {
        id: source.id.0,
        name: source.name.clone(),
        token: token.into(),
        artifacts_file: file
            .map(|one| ArtifactsFile { filename: one.filename.clone(), size: one.size })
            .unwrap_or_default(),
    }
}

/// What every job gets from the server; the runner adds its own.
fn predefined(weir: &Weir, job: &Job, run: &Run, project: &Project, token: &str) -> Vec<Variable> {
    let base = weir.external_url();
    let commit = Commit {
        git_ref: run.git_ref.clone(),
        sha: run.sha.clone(),
        title: run.commit_title.clone(),
        is_tag: run.is_tag,
    };
    let known = variables::of_trigger(base, project, &commit, run.source);
    let mut list: Vec<(String, String)> = known.into_iter().map(|one| (one.key, one.value)).collect();
    let mut push = |key: &str, value: String| list.push((key.to_owned(), value));
    push("CI_PIPELINE_ID", run.id.to_string());
    push("CI_PIPELINE_IID", run.number.to_string());
    push("CI_PIPELINE_URL", format!("{base}/runs/{}", run.id));
    push("CI_PIPELINE_CREATED_AT", run.created_at.rfc3339());
    push("CI_PIPELINE_NAME", run.pipeline_name.clone());
    push("CI_JOB_ID", job.id.to_string());
    push("CI_JOB_URL", format!("{base}/jobs/{}", job.id));
    push("CI_JOB_STARTED_AT", job.started_at.unwrap_or(job.created_at).rfc3339());
    push("CI_JOB_TIMEOUT", job.timeout.to_string());
    push("GITLAB_USER_LOGIN", job.user.clone());
    push("GITLAB_USER_NAME", job.user.clone());
    if job.when == When::Manual {
        push("CI_JOB_MANUAL", "true".to_owned());
    }
    if let Some(input) = &run.input_path {
        push("INPUT_PATH", input.clone());
    }
    let mut variables: Vec<Variable> =
        list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::plain(key, value) }).collect();
    variables.push(Variable { masked: true, public: false, raw: true, ..Variable::plain("CI_JOB_TOKEN", token) });
    variables
}
