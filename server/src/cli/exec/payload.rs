//! A planned job as the runner gets it, without a server that knows it.

use std::collections::HashSet;

use model::plan::PlannedJob;
use runner::protocol::{ArtifactsFile, Dependency, Features, JobInfo, JobPayload, RunnerInfo, Variable};

use super::Bench;
use crate::cli::folder::Folder;
use crate::dispatch::spec;
use crate::service::{DEFAULT_TIMEOUT, reports};

/// Builds the payload; `sources` are the jobs whose archives are wanted.
pub(super) fn build(job: &PlannedJob, id: i64, sources: &[(i64, &str)], bench: &Bench) -> JobPayload {
    let timeout = i64::from(job.timeout.unwrap_or(DEFAULT_TIMEOUT));
    let mut variables = predefined(id, timeout, &bench.origin);
    variables.extend(spec::variables(job));
    let handed_on: Vec<model::plan::Variable> = sources.iter().flat_map(|(source, _)| dotenv(*source, bench)).collect();
    let given: Vec<_> = job.variables.iter().chain(&handed_on).chain(&bench.variables).cloned().collect();
    let names: HashSet<String> = given.iter().map(|one| one.key.clone()).collect();
    let own = variables.iter().map(|one| model::plan::Variable {
        raw: true,
        ..model::plan::Variable::new(one.key.clone(), one.value.reveal())
    });
    let mut expanded = pipeline::expand_all(&own.chain(given).collect::<Vec<_>>());
    expanded.retain(|one| names.contains(&one.key));
    variables.extend(expanded.into_iter().map(|one| Variable { raw: one.raw, ..Variable::plain(one.key, one.value) }));
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
            project_id: bench.origin.number(),
            project_name: bench.origin.name(),
            project_full_path: format!("local/{}", bench.origin.name()),
            ..JobInfo::default()
        },
        runner_info: RunnerInfo { timeout, ..RunnerInfo::default() },
        variables,
        steps: spec::steps(job, timeout),
        hooks: spec::hooks(job),
        artifacts: spec::artifacts(job),
        image: spec::image(job),
        services: spec::services(job),
        cache: spec::caches(job, &|files| bench.origin.last_commits(files), ""),
        dependencies,
        features: Features { trace_sections: true, ..Features::default() },
        ..JobPayload::default()
    }
}

/// The variables that a job handed on; what is no valid report hands on nothing.
fn dotenv(id: i64, bench: &Bench) -> Vec<model::plan::Variable> {
    let reports = bench.runner.reports(id).into_iter().filter(|(kind, _)| kind == "dotenv");
    let told =
        reports.filter_map(|(kind, file)| reports::read(&kind, std::fs::File::open(file.path).ok()?).ok()?.dotenv);
    told.flatten()
        .map(|(key, value)| model::plan::Variable { raw: true, ..model::plan::Variable::new(key, value) })
        .collect()
}

fn predefined(id: i64, timeout: i64, folder: &Folder) -> Vec<Variable> {
    let user = std::env::var("USER").unwrap_or_else(|_| "owner".into());
    let list = [
        ("WEIR_EXEC", "true".to_owned()),
        ("CI_PIPELINE_ID", "1".to_owned()),
        ("CI_PIPELINE_IID", "1".to_owned()),
        ("CI_JOB_ID", id.to_string()),
        ("CI_JOB_TIMEOUT", timeout.to_string()),
        ("GITLAB_USER_LOGIN", user.clone()),
        ("GITLAB_USER_NAME", user),
    ];
    let own = list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::plain(key, value) });
    let known = folder.predefined().into_iter();
    known.map(|one| Variable { raw: true, ..Variable::plain(one.key, one.value) }).chain(own).collect()
}
