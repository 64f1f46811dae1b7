//! A planned job as the runner gets it, without a server that knows it.

use std::collections::HashSet;

use model::plan::{PlannedJob, Variable as Planned, When};
use runner::protocol::{ArtifactsFile, Dependency, Features, JobInfo, JobPayload, RunnerInfo, Variable};

use super::Bench;
use crate::clock;
use crate::dispatch::spec;
use crate::service::{DEFAULT_TIMEOUT, reports};

/// Builds the payload; `sources` are the jobs whose archives are wanted.
pub(super) fn build(job: &PlannedJob, id: i64, sources: &[(i64, &str)], bench: &Bench) -> JobPayload {
    let timeout = i64::from(job.timeout.unwrap_or(DEFAULT_TIMEOUT));
    let mut variables = predefined(job, id, timeout, bench);
    variables.extend(spec::variables(job));
    let handed_on: Vec<Planned> = sources.iter().flat_map(|(source, _)| dotenv(*source, bench)).collect();
    let given: Vec<_> = job.variables.iter().chain(&handed_on).chain(&bench.variables).cloned().collect();
    if let Some(url) = spec::environment_url(job, &given, &variables) {
        variables.push(Variable { raw: true, ..Variable::plain("CI_ENVIRONMENT_URL", url) });
    }
    let names: HashSet<String> = given.iter().map(|one| one.key.clone()).collect();
    let own = variables.iter().map(|one| Planned { raw: true, ..Planned::new(one.key.clone(), one.value.reveal()) });
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
            project_name: bench.origin.names_of_project().1.to_owned(),
            project_full_path: bench.origin.project_path().to_owned(),
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

/// The variables that a job handed on. What is no valid report has failed the job.
fn dotenv(id: i64, bench: &Bench) -> Vec<Planned> {
    let reports = bench.runner.reports(id).into_iter().filter(|(kind, _)| kind == "dotenv");
    let told =
        reports.filter_map(|(kind, file)| reports::read(&kind, std::fs::File::open(file.path).ok()?).ok()?.dotenv);
    told.flatten().map(|(key, value)| Planned { raw: true, ..Planned::new(key, value) }).collect()
}

/// What the folder and its conditions know already, and what only a job is told.
fn predefined(job: &PlannedJob, id: i64, timeout: i64, bench: &Bench) -> Vec<Variable> {
    let mut list = vec![
        ("WEIR_EXEC", "true".to_owned()),
        ("CI_PIPELINE_ID", "1".to_owned()),
        ("CI_JOB_ID", id.to_string()),
        ("CI_JOB_STARTED_AT", clock::now().rfc3339()),
        ("CI_JOB_TIMEOUT", timeout.to_string()),
    ];
    list.extend(bench.run_name.clone().map(|name| ("CI_PIPELINE_NAME", name)));
    if job.when == When::Manual || bench.played.contains(&job.name) {
        list.push(("CI_JOB_MANUAL", "true".to_owned()));
    }
    let own = list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::plain(key, value) });
    let known = bench.origin.predefined().into_iter();
    known.map(|one| Variable { raw: true, ..Variable::plain(one.key, one.value) }).chain(own).collect()
}
