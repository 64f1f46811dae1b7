//! What a planned job becomes in the runner's words: the same for a job of a server and for one of
//! `weir exec`.

use model::plan::{ArtifactSpec, CacheKey, CacheSpec, PlannedJob, When};
use runner::protocol::{Artifact, Cache, Hook, Step, Variable};

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
/// key `default`, as on GitLab.
pub fn caches(job: &PlannedJob, of_files: &dyn Fn(&[String]) -> Option<String>) -> Vec<Cache> {
    let key = |key: &CacheKey| match key {
        CacheKey::Text(text) => text.clone(),
        CacheKey::Files { files, prefix } => {
            let commits = of_files(files).unwrap_or_else(|| "default".to_owned());
            prefix.as_ref().map_or_else(|| commits.clone(), |prefix| format!("{prefix}-{commits}"))
        }
    };
    let one = |cache: &CacheSpec| Cache {
        key: key(&cache.key),
        untracked: cache.untracked,
        policy: cache.policy.clone(),
        paths: cache.paths.clone(),
        when: after(cache.when),
        fallback_keys: cache.fallback_keys.clone(),
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
