//! The job as a runner gets it.

use std::collections::{HashMap, HashSet};

use model::plan::{Expiry, PlannedJob, Variable as Planned, When};
use model::{EnvironmentId, FailureReason, Job, JobId, Project, Run, RunId, Status};
use runner::protocol::{ArtifactsFile, Dependency, Features, GitInfo, JobInfo, JobPayload, RunnerInfo, Variable};

use super::spec;
use crate::artifacts::ARCHIVE;
use crate::secrets::keys::KeyRing;
use crate::service::files::last_commits;
use crate::service::masked::{self, TOKENS};
use crate::service::without_secret;
use crate::service::{Weir, ci_variables, variables};
use crate::store::runners::Runner;
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, environments, jobs, projects, runs, schedules};

/// What is read from the store, in the transaction that hands the job out.
pub(super) struct Parts {
    pub(super) job: Job,
    run: Run,
    project: Project,
    planned: PlannedJob,
    commit: Commit,
    variables: Vec<Planned>,
    /// Jobs whose archives are wanted.
    sources: Vec<Job>,
    environment: Option<EnvironmentId>,
    /// Who started the job.
    person: variables::Person,
    /// The description of the schedule that started the run.
    schedule: Option<String>,
    runner: Runner,
    /// Jobs whose artifacts it needs, and which are gone.
    pub(super) gone: Vec<String>,
}

impl Parts {
    /// `usual` is when artifacts go whose job does not say it.
    pub(super) fn read(
        conn: &Snapshot,
        id: JobId,
        runner: Runner,
        keys: &KeyRing,
        usual: Expiry,
    ) -> Result<Self, StoreError> {
        let stored = jobs::require(conn, id)?;
        let run = runs::require(conn, stored.job.run_id)?;
        let project = projects::get(conn, stored.job.project_id)?.ok_or_else(|| model::Error::not_found("project"))?;
        let planned = runs::spec(conn, run.id, stored.position)?;
        let stage = stored.job.stage_index;
        let has = |job: &Job, kind: &str| job.artifacts.iter().any(|one| one.kind == kind);
        let mut sources = Vec::new();
        if stage > 0 || planned.needs.is_some() || planned.dependencies.is_some() {
            let wanted = |job: &Job| !job.retried && planned.fetches(stage, &job.name, job.stage_index);
            sources = jobs::of_run(conn, run.id)?;
            sources.retain(|job| wanted(job));
        }
        // Variables that other jobs hand on beat those of the definition, and those of the run them.
        let mut variables = planned.variables.clone();
        for source in sources.iter().filter(|source| has(source, "dotenv")) {
            let handed_on = jobs::dotenv(conn, source.id)?;
            variables
                .extend(handed_on.into_iter().map(|(key, value)| Planned { raw: true, ..Planned::new(key, value) }));
        }
        let commit = runs::commit(conn, &run)?;
        variables.extend(masked::kept_and_given(conn, keys, &project, &commit, &planned, &stored)?);
        let above = of_parents(conn, &planned, &run, &variables)?;
        for source in above.iter().filter(|source| has(source, "dotenv")) {
            let handed_on = jobs::dotenv(conn, source.id)?;
            let own = planned.variables.len();
            let told = handed_on.into_iter().map(|(key, value)| Planned { raw: true, ..Planned::new(key, value) });
            variables.splice(own..own, told);
        }
        sources.extend(above);
        let mut gone = Vec::new();
        for source in sources.iter().filter(|source| !has(source, ARCHIVE)) {
            if were_there(conn, source, usual)? {
                gone.push(source.name.clone());
            }
        }
        sources.retain(|source| has(source, ARCHIVE));
        let environment = match &planned.environment {
            Some(environment) => environments::called(conn, project.id, &environment.name)?,
            None => None,
        };
        let person = variables::person(conn, &stored.job.user)?;
        let job = stored.job;
        let schedule = schedules::description_for(conn, run.id)?;
        Ok(Self { job, run, project, planned, commit, variables, sources, environment, person, schedule, runner, gone })
    }

    /// The address of the job's environment as far as it is known before the job ends: its definition
    /// may name variables that the job itself hands on.
    fn environment_url(&self, external_url: &str) -> Option<String> {
        let mut own = spec::variables(&self.planned);
        own.extend(predefined(external_url, self));
        spec::environment_url(&self.planned, &self.variables, &own)
    }

    /// The same as anybody may see it.
    pub(super) fn shown_environment_url(&self, external_url: &str, token: &str) -> Option<String> {
        let url = self.environment_url(external_url)?;
        Some(masked::secrets(&self.variables, token).mask(&url))
    }
}

/// Whether a job left artifacts that were erased or have expired since.
fn were_there(conn: &Snapshot, source: &Job, usual: Expiry) -> Result<bool, StoreError> {
    if source.status != Status::Success {
        return Ok(false);
    }
    let position = jobs::require(conn, source.id)?.position;
    let Some(spec) = runs::spec(conn, source.run_id, position)?.artifacts else { return Ok(false) };
    let end = source.finished_at.and_then(|at| spec.expire_in.unwrap_or(usual).of(at));
    let expired = end.is_some_and(|end| end <= crate::clock::now());
    Ok((!spec.paths.is_empty() || spec.untracked) && (expired || source.erased_at.is_some()))
}

/// The jobs of runs above this one whose artifacts are fetched (`needs:pipeline`).
fn of_parents(conn: &Snapshot, planned: &PlannedJob, run: &Run, variables: &[Planned]) -> Result<Vec<Job>, StoreError> {
    if planned.parent_needs.is_empty() {
        return Ok(Vec::new());
    }
    let above = runs::ancestors(conn, run.id)?;
    let mut found = Vec::new();
    for need in planned.parent_needs.iter().filter(|need| need.artifacts) {
        let find = |key: &str| variables.iter().rfind(|one| one.key == key);
        let number = pipeline::expand(&need.pipeline, &find).unwrap_or_default();
        let wanted = number.parse::<RunId>().ok().filter(|id| above.contains(id));
        let Some(wanted) = wanted else { continue };
        for job in jobs::instances_called(conn, wanted, &need.job)? {
            found.push(jobs::require(conn, job)?.job);
        }
    }
    Ok(found)
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

/// How a runner's jobs get at repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They read the mirror where it lies.
    Folder,
    /// Over HTTP, from the server at this address.
    Http(String),
}

/// Builds the payload; `token` is the job's own.
pub(super) fn build(weir: &Weir, parts: Parts, keys: &FileKeys, token: &str, way: &Way) -> JobPayload {
    let external_url = weir.external_url();
    let mut all = predefined(external_url, &parts);
    all.push(Variable { masked: true, public: false, raw: true, ..Variable::plain("CI_JOB_TOKEN", token) });
    all.extend(spec::variables(&parts.planned));
    let url = match way {
        Way::Folder => format!("file://{}", weir.mirror(parts.project.id).display()),
        Way::Http(base) => repository(base, &parts.project, token),
    };
    let mut git = git(&url, &parts.run, &parts.project, &parts.variables);
    if !parts.run.sha.is_empty() {
        // No password: those of before they were refused stay here.
        git.weir_origin = parts.project.source.as_deref().map(without_secret).unwrap_or_default();
    }
    if !parts.run.sha.is_empty() {
        all.push(Variable { raw: true, public: false, ..Variable::plain("CI_REPOSITORY_URL", git.repo_url.reveal()) });
    }
    if let Some(url) = parts.environment_url(external_url) {
        all.push(Variable { raw: true, ..Variable::plain("CI_ENVIRONMENT_URL", url) });
    }
    // What other refs put into a cache must not reach runs that get protected variables.
    let suffix =
        if ci_variables::is_protected(&parts.project, &parts.commit) { "-protected" } else { "-non_protected" };
    let Parts { job, run, project, planned, variables, sources, .. } = parts;
    // Values lead to values, the server's own included; the runner puts in what only it knows.
    let own = all.iter().map(|one| Planned { raw: true, ..Planned::new(one.key.clone(), one.value.reveal()) });
    let given: HashSet<String> = variables.iter().map(|one| one.key.clone()).collect();
    let mut expanded = pipeline::expand_all(&own.chain(variables).collect::<Vec<_>>());
    expanded.retain(|one| given.contains(&one.key));
    all.extend(expanded.into_iter().map(|one| Variable {
        raw: one.raw,
        masked: one.masked,
        file: one.file,
        public: !one.masked && !one.file,
        ..Variable::plain(one.key, one.value)
    }));
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
        git_info: git,
        runner_info: RunnerInfo { timeout: i64::from(job.timeout), uuid: job.uid.to_string() },
        variables: all,
        steps: spec::steps(&planned, i64::from(job.timeout)),
        hooks: spec::hooks(&planned),
        artifacts: spec::artifacts(&planned),
        image: spec::image(&planned),
        services: spec::services(&planned),
        cache: spec::caches(&planned, &|files| keys.get(files).cloned(), suffix),
        dependencies: sources.iter().map(|source| dependency(source, token)).collect(),
        features: Features {
            trace_sections: true,
            token_mask_prefixes: TOKENS.map(str::to_owned).to_vec(),
            failure_reasons: FailureReason::ALL.iter().map(|one| one.as_str().to_owned()).collect(),
            weir_job_watch: true,
        },
        ..JobPayload::default()
    }
}

/// The address of a project's repository for a job, with what opens it.
fn repository(base: &str, project: &Project, token: &str) -> String {
    let (scheme, host) = base.split_once("://").unwrap_or(("http", base));
    format!("{scheme}://gitlab-ci-token:{token}@{host}/{}.git", project.path)
}

fn git(url: &str, run: &Run, project: &Project, variables: &[Planned]) -> GitInfo {
    let depth = variables.iter().rfind(|one| one.key == "GIT_DEPTH");
    GitInfo {
        repo_url: if run.sha.is_empty() { "" } else { url }.into(),
        repo_object_format: "sha1".into(),
        git_ref: run.git_ref.clone(),
        sha: run.sha.clone(),
        before_sha: "0".repeat(40),
        ref_type: if run.is_tag { "tag" } else { "branch" }.into(),
        refspecs: if run.sha.is_empty() {
            Vec::new()
        } else {
            vec![format!("+refs/keep/{}:{}", run.sha, known_as(run))]
        },
        depth: depth.and_then(|one| one.value.trim().parse().ok()).unwrap_or(project.options.git_depth),
        protected: None,
        weir_origin: String::new(),
    }
}

/// The name of the run's commit in the job's repository: that of the branch which the run was made for, so that scripts
/// find it there. A tag comes with its commit.
fn known_as(run: &Run) -> String {
    let is_branch = !run.is_tag && !run.git_ref.is_empty() && !run.sha.starts_with(&run.git_ref);
    format!("refs/remotes/origin/{}", if is_branch { &run.git_ref } else { "keep" })
}

fn dependency(source: &Job, token: &str) -> Dependency {
    let file = source.artifacts.iter().find(|one| one.kind == ARCHIVE);
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
fn predefined(base: &str, parts: &Parts) -> Vec<Variable> {
    let Parts { job, run, project, planned, commit, environment, runner, person, schedule, .. } = parts;
    let trigger = variables::Trigger {
        external_url: base,
        project,
        commit,
        source: run.source,
        user: person,
        parent: run.parent,
        schedule: schedule.as_deref(),
    };
    let known = variables::of_run(&trigger, run);
    let mut list: Vec<(String, String)> = known.into_iter().map(|one| (one.key, one.value)).collect();
    let mut push = |key: &str, value: String| list.push((key.to_owned(), value));
    push("CI_JOB_ID", job.id.to_string());
    push("CI_JOB_URL", format!("{base}/jobs/{}", job.id));
    push("CI_JOB_STARTED_AT", job.started_at.unwrap_or(job.created_at).rfc3339());
    push("CI_JOB_TIMEOUT", job.timeout.to_string());
    if planned.when == When::Manual {
        push("CI_JOB_MANUAL", "true".to_owned());
    }
    if let Some(environment) = environment {
        push("CI_ENVIRONMENT_ID", environment.to_string());
    }
    push("CI_RUNNER_ID", runner.id.to_string());
    push("CI_RUNNER_DESCRIPTION", runner.name.clone());
    push("CI_RUNNER_TAGS", serde_json::to_string(&runner.tags).unwrap_or_default());
    if let Some(input) = &run.input_path {
        push("INPUT_PATH", input.clone());
    }
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::plain(key, value) }).collect()
}
