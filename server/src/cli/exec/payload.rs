//! A planned job as the runner gets it, without a server that knows it.

use std::path::Path;

use model::plan::{ArtifactSpec, PlannedJob, When};
use runner::protocol::{
    Artifact, ArtifactsFile, Dependency, Features, JobInfo, JobPayload, RunnerInfo, Step, Variable,
};
use tokio::process::Command;

use super::Bench;
use crate::service::DEFAULT_TIMEOUT;

/// What the folder says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    name: String,
    sha: String,
    branch: String,
    title: String,
    user: String,
}

impl Origin {
    /// Asks git; a folder without a repository has no commit.
    pub(super) async fn of(folder: &Path) -> Self {
        let name = folder.file_name().map_or_else(|| "project".into(), |name| name.to_string_lossy().into_owned());
        let sha = git(folder, &["rev-parse", "HEAD"]).await;
        let head = git(folder, &["rev-parse", "--abbrev-ref", "HEAD"]).await;
        let title = git(folder, &["log", "-1", "--format=%s"]).await;
        let user = std::env::var("USER").unwrap_or_else(|_| "owner".into());
        let branch = if head == "HEAD" { String::new() } else { head };
        Self { name, branch: if sha.is_empty() { String::new() } else { branch }, sha, title, user }
    }
}

async fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().await;
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => String::new(),
    }
}

/// Builds the payload; `sources` are the jobs whose archives are wanted.
pub(super) fn build(job: &PlannedJob, id: i64, sources: &[(i64, &str)], bench: &Bench) -> JobPayload {
    let timeout = i64::from(job.timeout.unwrap_or(DEFAULT_TIMEOUT));
    let mut variables = predefined(job, id, timeout, &bench.origin);
    let given = job.variables.iter().chain(&bench.variables);
    variables
        .extend(given.map(|one| Variable { raw: one.raw, ..Variable::plain(one.key.as_str(), one.value.as_str()) }));
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
    let dependencies = sources
        .iter()
        .flat_map(|(source, name)| {
            bench.runner.files(*source).into_iter().map(|file| Dependency {
                id: *source,
                name: (*name).to_owned(),
                artifacts_file: ArtifactsFile { filename: file.name, size: file.size },
                ..Dependency::default()
            })
        })
        .collect();
    JobPayload {
        id,
        job_info: JobInfo {
            id,
            name: job.name.clone(),
            stage: job.stage.clone(),
            pipeline_id: 1,
            project_id: 1,
            project_name: bench.origin.name.clone(),
            project_full_path: format!("local/{}", bench.origin.name),
            ..JobInfo::default()
        },
        runner_info: RunnerInfo { timeout, ..RunnerInfo::default() },
        variables,
        steps,
        artifacts: job.artifacts.iter().map(artifact).collect(),
        dependencies,
        features: Features { trace_sections: true, ..Features::default() },
        ..JobPayload::default()
    }
}

fn artifact(spec: &ArtifactSpec) -> Artifact {
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

fn predefined(job: &PlannedJob, id: i64, timeout: i64, origin: &Origin) -> Vec<Variable> {
    let text = |text: &str| text.to_owned();
    let mut list = vec![
        ("CI", text("true")),
        ("GITLAB_CI", text("true")),
        ("WEIR", text("true")),
        ("WEIR_EXEC", text("true")),
        ("CI_SERVER_NAME", text("Weir")),
        ("CI_SERVER_VERSION", text(env!("CARGO_PKG_VERSION"))),
        ("CI_PIPELINE_ID", text("1")),
        ("CI_PIPELINE_IID", text("1")),
        ("CI_PIPELINE_SOURCE", text("api")),
        ("CI_JOB_ID", id.to_string()),
        ("CI_JOB_NAME", job.name.clone()),
        ("CI_JOB_STAGE", job.stage.clone()),
        ("CI_JOB_TIMEOUT", timeout.to_string()),
        ("CI_PROJECT_NAME", origin.name.clone()),
        ("CI_PROJECT_PATH", format!("local/{}", origin.name)),
        ("CI_PROJECT_NAMESPACE", text("local")),
        ("CI_CONFIG_PATH", text(".gitlab-ci.yml")),
        ("GITLAB_USER_LOGIN", origin.user.clone()),
        ("GITLAB_USER_NAME", origin.user.clone()),
    ];
    if !origin.sha.is_empty() {
        list.push(("CI_COMMIT_SHA", origin.sha.clone()));
        list.push(("CI_COMMIT_SHORT_SHA", origin.sha.chars().take(8).collect()));
        list.push(("CI_COMMIT_BEFORE_SHA", "0".repeat(40)));
        list.push(("CI_COMMIT_TITLE", origin.title.clone()));
        if !origin.branch.is_empty() {
            list.push(("CI_COMMIT_REF_NAME", origin.branch.clone()));
            list.push(("CI_COMMIT_BRANCH", origin.branch.clone()));
        }
    }
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::plain(key, value) }).collect()
}
