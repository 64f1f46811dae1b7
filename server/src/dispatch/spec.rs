//! What a planned job becomes in the runner's words: the same for a job of a server and for one of
//! `weir exec`.

use model::plan::{
    ArtifactSpec, CacheKey, CacheSpec, Image as PlannedImage, PlannedJob, Report, Service as PlannedService,
    Variable as Planned, When, report_format,
};
use runner::protocol::{Artifact, Cache, DockerOpts, ExecutorOpts, Hook, Image, Service, Step, Variable};

use crate::service::variables;

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

/// What is kept after the job: the archive, and each report apart.
pub fn artifacts(job: &PlannedJob) -> Vec<Artifact> {
    let Some(spec) = &job.artifacts else { return Vec::new() };
    let keeps = !spec.paths.is_empty() || spec.untracked;
    keeps.then(|| archive(spec)).into_iter().chain(spec.reports.iter().map(report)).collect()
}

fn report(report: &Report) -> Artifact {
    // A coverage report goes by its format, as on GitLab.
    let kind = report.format.as_ref().unwrap_or(&report.kind);
    Artifact {
        name: match kind.as_str() {
            "junit" => "junit.xml".into(),
            "dotenv" => ".env".into(),
            "cobertura" => "cobertura-coverage.xml".into(),
            other => other.to_owned(),
        },
        paths: report.paths.clone(),
        // A test job that fails has the most to tell.
        when: "always".into(),
        artifact_format: report_format(kind).into(),
        artifact_type: kind.clone(),
        ..Artifact::default()
    }
}

fn archive(spec: &ArtifactSpec) -> Artifact {
    Artifact {
        name: spec.name.clone().unwrap_or_else(|| "artifacts".into()),
        untracked: spec.untracked,
        paths: spec.paths.clone(),
        exclude: spec.exclude.clone(),
        when: after(spec.when),
        artifact_type: "archive".into(),
        artifact_format: "zip".into(),
        ..Artifact::default()
    }
}

/// The caches. `of_files` names the last commits of files; a cache of files that nobody knows has the
/// key `default`, as on GitLab. `suffix` ends every key: runs of protected refs have caches of their own.
pub fn caches(job: &PlannedJob, of_files: &dyn Fn(&[String]) -> Option<String>, suffix: &str) -> Vec<Cache> {
    let key = |key: &CacheKey| match key {
        CacheKey::Text(text) => text.clone(),
        CacheKey::Files { files, prefix } => {
            let commits = of_files(files).unwrap_or_else(|| "default".to_owned());
            prefix.as_ref().map_or_else(|| commits.clone(), |prefix| format!("{prefix}-{commits}"))
        }
    };
    let one = |cache: &CacheSpec| Cache {
        key: key(&cache.key) + suffix,
        untracked: cache.untracked,
        policy: cache.policy.clone(),
        paths: cache.paths.clone(),
        when: after(cache.when),
        fallback_keys: cache.fallback_keys.iter().map(|key| format!("{key}{suffix}")).collect(),
    };
    job.cache.iter().map(one).collect()
}

/// The lists of files whose last commits name a cache.
pub fn key_files(job: &PlannedJob) -> impl Iterator<Item = &Vec<String>> {
    job.cache.iter().filter_map(|cache| match &cache.key {
        CacheKey::Files { files, .. } => Some(files),
        CacheKey::Text(_) => None,
    })
}

/// The image that the job runs in.
pub fn image(job: &PlannedJob) -> Option<Image> {
    job.image.as_ref().map(|image| Image {
        name: image.name.clone(),
        entrypoint: image.entrypoint.clone().unwrap_or_default(),
        pull_policy: image.pull_policy.clone(),
        executor_opts: options(image),
    })
}

/// What runs beside the job.
pub fn services(job: &PlannedJob) -> Vec<Service> {
    let one = |service: &PlannedService| Service {
        name: service.image.name.clone(),
        alias: service.aliases.join(" "),
        entrypoint: service.image.entrypoint.clone().unwrap_or_default(),
        command: service.command.clone().unwrap_or_default(),
        variables: service
            .variables
            .iter()
            .map(|one| Variable { raw: one.raw, ..Variable::plain(one.key.as_str(), one.value.as_str()) })
            .collect(),
        pull_policy: service.image.pull_policy.clone(),
        executor_opts: options(&service.image),
    };
    job.services.iter().map(one).collect()
}

/// Only what is asked for: clients fail a job that names options that they do not know.
fn options(image: &PlannedImage) -> Option<ExecutorOpts> {
    if image.platform.is_none() && image.user.is_none() {
        return None;
    }
    let docker = DockerOpts {
        platform: image.platform.clone().unwrap_or_default(),
        user: image.user.clone().unwrap_or_default(),
    };
    Some(ExecutorOpts { docker: Some(docker) })
}

/// What runs before the sources are fetched.
pub fn hooks(job: &PlannedJob) -> Vec<Hook> {
    if job.pre_get_sources_script.is_empty() {
        return Vec::new();
    }
    vec![Hook { name: "pre_get_sources_script".into(), script: job.pre_get_sources_script.clone() }]
}

/// After which end something is kept.
fn after(when: When) -> String {
    match when {
        When::OnFailure | When::Always => when.as_str().into(),
        _ => "on_success".into(),
    }
}

/// The address of the job's environment as far as it is known before the job ends: its definition may name variables
/// that the job itself hands on. `given` beat `own`, of each the last one wins.
pub fn environment_url(job: &PlannedJob, given: &[Planned], own: &[Variable]) -> Option<String> {
    let url = job.environment.as_ref()?.url.as_ref()?;
    let own: Vec<Planned> =
        own.iter().map(|one| Planned { raw: true, ..Planned::new(one.key.clone(), one.value.reveal()) }).collect();
    let find = |key: &str| [given, &own].into_iter().find_map(|list| list.iter().rfind(|one| one.key == key));
    Some(pipeline::expand(url, &find).unwrap_or_else(|_| url.clone()))
}

/// The variables that the definition gives a job by what it is.
pub fn variables(job: &PlannedJob) -> Vec<Variable> {
    let told = variables::of_planned(job).into_iter();
    told.map(|one| Variable { raw: true, ..Variable::plain(one.key, one.value) }).collect()
}
