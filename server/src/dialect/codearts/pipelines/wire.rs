//! What several answers are made of.

use std::collections::HashMap;

use model::{Job, Project, Run, Stage, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::{derived, state};
use crate::clock;
use crate::service::codearts::{Part, Span};

/// A run without its jobs, as lists of version 5 have it.
#[derive(Debug, Serialize)]
pub struct LatestRun {
    pub pipeline_id: String,
    pub pipeline_run_id: String,
    pub executor_id: Option<String>,
    pub executor_name: String,
    pub stage_status_list: Vec<StageStatus>,
    pub status: &'static str,
    pub run_number: i64,
    pub trigger_type: &'static str,
    pub build_params: BuildParams,
    pub artifact_params: ArtifactParams,
    pub start_time: i64,
    pub end_time: Option<i64>,
    pub modify_url: String,
    pub detail_url: String,
}

impl LatestRun {
    pub fn new(
        pipeline_id: &str,
        run: &Run,
        parts: &[Part],
        project: Option<&Project>,
        people: &HashMap<String, String>,
        base: &str,
    ) -> Self {
        Self {
            pipeline_id: pipeline_id.to_owned(),
            pipeline_run_id: run.uid.to_string(),
            executor_id: people.get(&run.user).cloned(),
            executor_name: run.user.clone(),
            stage_status_list: stages(run, parts),
            status: state::of_run_5(run.status),
            run_number: run.number,
            trigger_type: trigger(run),
            build_params: BuildParams::new(run, project),
            artifact_params: ArtifactParams::default(),
            start_time: run.created_at.0,
            end_time: end_of(run).map(|end| end.0),
            modify_url: modify_url(base, run.pipeline_key.as_str()),
            detail_url: detail_url(base, run),
        }
    }
}

impl LatestRun {
    /// Without the ids of the stages, which the status of many pipelines does not have.
    pub fn without_ids(mut self) -> Self {
        for stage in &mut self.stage_status_list {
            stage.id = None;
        }
        self
    }
}

/// A stage in [`LatestRun`]: its times are texts, unlike those of its run.
#[derive(Debug, Serialize)]
pub struct StageStatus {
    /// Not in the status of many pipelines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
    pub sequence: usize,
    pub status: &'static str,
    pub start_time: Option<String>,
    pub end_time: Option<String>,
}

fn stages(run: &Run, parts: &[Part]) -> Vec<StageStatus> {
    let of = |(sequence, part): (usize, &Part)| {
        let stage = stage_of(run, part);
        let (start, end) = span_of(run, part);
        StageStatus {
            id: Some(stage_id(run, sequence)),
            name: part.name.clone(),
            sequence,
            status: stage.map_or(state::UNSELECTED, state::of_stage_5),
            start_time: start.map(text),
            end_time: end.map(text),
        }
    };
    parts.iter().enumerate().map(of).collect()
}

/// The stage that a part is; `None`: the run was started without it.
pub fn stage_of<'r>(run: &'r Run, part: &Part) -> Option<&'r Stage> {
    run.stages.get(part.stage?)
}

/// A job of a stage, or the name of one that the run was started without.
#[derive(Debug)]
pub enum JobAt<'j> {
    /// It is there.
    There(&'j Job),
    /// It was left out.
    LeftOut(&'j str),
}

/// The jobs of a part in their order, those that were left out among them.
pub fn jobs_of<'j>(part: &'j Part, jobs: &[&'j Job]) -> Vec<JobAt<'j>> {
    let there = jobs.iter().copied().filter(|job| Some(job.stage_index as usize) == part.stage);
    let mut list: Vec<JobAt<'j>> = there.map(JobAt::There).collect();
    for (place, name) in &part.left_out {
        list.insert((*place).min(list.len()), JobAt::LeftOut(name));
    }
    list
}

/// What a run was made from. Without a repository there is nothing of it.
#[derive(Debug, Serialize)]
pub struct BuildParams {
    pub action: Option<&'static str>,
    pub build_type: Option<&'static str>,
    pub commit_id: Option<String>,
    pub event_type: &'static str,
    pub merge_id: Option<&'static str>,
    pub message: Option<String>,
    pub source_branch: Option<&'static str>,
    pub tag: Option<String>,
    pub target_branch: Option<String>,
    pub codehub_id: Option<&'static str>,
    pub git_url: Option<String>,
    pub source_codehub_id: Option<&'static str>,
    pub source_codehub_url: Option<&'static str>,
    pub source_codehub_http_url: Option<&'static str>,
}

impl BuildParams {
    pub fn new(run: &Run, project: Option<&Project>) -> Self {
        let has_commit = !run.sha.is_empty();
        let of_commit = |text: &str| has_commit.then(|| text.to_owned());
        let git_ref = of_commit(&run.git_ref);
        let kind = state::build_type(run);
        let tag = git_ref.clone().filter(|_| kind == Some("tag"));
        let branch = git_ref.filter(|_| kind == Some("branch"));
        Self {
            action: None,
            build_type: kind,
            commit_id: of_commit(&run.sha),
            event_type: trigger(run),
            merge_id: None,
            message: of_commit(&run.commit_title),
            source_branch: None,
            tag,
            target_branch: branch,
            codehub_id: None,
            git_url: project.and_then(|project| project.source.clone()),
            source_codehub_id: None,
            source_codehub_url: None,
            source_codehub_http_url: None,
        }
    }
}

/// Runs here start from no package.
#[derive(Debug, Default, Serialize)]
pub struct ArtifactParams {
    pub version: Option<&'static str>,
    pub branch_filter: Option<&'static str>,
    pub package_name: Option<&'static str>,
    pub organization: Option<&'static str>,
}

/// When a stage began and, if it has ended, when that was.
pub fn span_of(run: &Run, part: &Part) -> Span {
    let (start, end) = part.span;
    (start, end.filter(|_| stage_of(run, part).is_some_and(|stage| stage.status.is_complete())))
}

/// When a job ended, if it ever began.
pub fn job_end(job: &Job) -> Option<Timestamp> {
    job.finished_at.filter(|_| job.started_at.is_some() && job.status.is_complete())
}

/// When a run ended, if it has.
pub fn end_of(run: &Run) -> Option<Timestamp> {
    run.finished_at.filter(|_| run.status.is_complete())
}

/// A time as the wall clock shows it.
pub fn text(at: Timestamp) -> String {
    clock::zone().wall_clock(at)
}

/// What started a run, in the vendor's words. Tokens and jobs of other runs start it as somebody does.
pub fn trigger(run: &Run) -> &'static str {
    match run.source.as_str() {
        "schedule" => "Scheduler",
        "push" => "Push",
        _ => "Manual",
    }
}

/// The sources of [`trigger`]'s word, in the database's words; none for what starts no run here.
pub fn sources(word: &str) -> Vec<&'static str> {
    match word {
        "Scheduler" => vec!["schedule"],
        "Push" => vec!["push"],
        "Manual" => vec!["web", "api", "trigger", "pipeline", "parent_pipeline"],
        _ => Vec::new(),
    }
}

/// The id of a run's stage.
pub fn stage_id(run: &Run, place: usize) -> String {
    derived("stage", run.uid.as_str(), place)
}

/// The name of a stage as one word; the text itself is its title.
pub fn slug(name: &str, place: usize) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { format!("state_{}", place + 1) } else { slug.to_owned() }
}

/// The page of a run.
pub fn detail_url(base: &str, run: &Run) -> String {
    format!("{base}/runs/{}", run.id)
}

/// The page on which a pipeline is changed.
pub fn modify_url(base: &str, key: &str) -> String {
    format!("{base}/pipelines/{}", super::super::super::encoded(key))
}

/// The answer of what worked.
pub fn success() -> axum::Json<Value> {
    axum::Json(json!({"success": true}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_names_of_one_word() {
        let names = ["build", "Unit Tests", "  deploy (eu) ", "构建和检查", "构建-1"];
        let slugs: Vec<String> = names.iter().enumerate().map(|(place, name)| slug(name, place)).collect();
        assert_eq!(slugs, ["build", "unit-tests", "deploy-eu", "state_4", "1"]);
    }
}
