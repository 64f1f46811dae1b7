//! Warnings about what is legal but surely not meant, seen across the jobs of a run, and about jobs that no run has.

use std::collections::{HashMap, HashSet};

use model::plan::{Access, AllowFailure, PlannedJob, When};

use crate::Context;
use crate::evaluate::{Job, Part};
use crate::job::{self, Draft, Never};
use crate::rules::{self, Conditions};
use crate::source::{Mark, Problem, Report};

/// What is asked whether a run may have a job.
pub(crate) struct Asked<'a> {
    pub context: &'a Context,
    pub conditions: &'a Conditions,
    /// The jobs that others extend.
    pub parents: &'a HashSet<&'a str>,
}

/// Looks at the whole definition.
pub(crate) fn give(parts: &[Part<'_>], jobs: &[Job<'_>], stages: &[String], asked: &Asked<'_>, report: &mut Report) {
    // A job that others extend may be there for them alone.
    for part in parts.iter().filter(|part| !asked.parents.contains(&*part.draft.name)) {
        never_by_rules(part, report);
    }
    never_here(parts, jobs, asked, report);
    dependencies_beside(parts, report);
    let included = parts.iter().zip(jobs).filter(|(_, job)| job.evaluated.excluded.is_none());
    let run: Vec<_> = included.map(|(part, job)| (part, &*job.evaluated.job)).collect();
    let run = Run::new(&run, stages);
    run.never_after_failure(report);
    run.unordered_stages(report);
    run.unwanted_artifacts(report);
}

/// Artifacts that are taken from a job of the same stage without a need: nothing waits for them.
fn dependencies_beside(parts: &[Part<'_>], report: &mut Report) {
    let stages: HashMap<_, _> = parts.iter().map(|part| (&*part.name, &part.draft.planned.stage)).collect();
    for draft in parts.iter().map(|part| part.draft).filter(|draft| draft.needs.is_none()) {
        let beside = |(name, _): &&(String, Mark)| stages.get(name.as_str()) == Some(&&draft.planned.stage);
        for (name, mark) in draft.dependencies.iter().flatten().filter(beside) {
            let message = format!(
                "`{}` takes the artifacts of `{name}`, which is in the same stage: it does not wait for them",
                draft.name
            );
            let problem = Problem::warning(*mark, message).topic("dependencies");
            report.add(problem.hint(format!("`needs: [{name}]`, or another stage")));
        }
    }
}

/// Rules that all say `never`.
fn never_by_rules(part: &Part<'_>, report: &mut Report) {
    let Some(rules) = &part.draft.rules else { return };
    let own = part.draft.planned.when;
    if !rules.is_empty() && rules.iter().all(|rule| rule.when.unwrap_or(own) == When::Never) {
        let message = format!("`{}` can never run: all its rules say `when: never`", part.draft.name);
        let problem = Problem::warning(part.draft.mark, message).topic("rules");
        report.add(problem.hint("a rule without `when: never` lets it run"));
    }
}

/// Jobs that no run has, because of what `only` and `except` say or because there are no runs of their kind here. The
/// latter are told together: files that are used on GitLab, too, have many of them.
fn never_here(parts: &[Part<'_>], jobs: &[Job<'_>], asked: &Asked<'_>, report: &mut Report) {
    let mut elsewhere: Vec<(&Draft, String)> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for (part, job) in parts.iter().zip(jobs).filter(|(part, _)| seen.insert(&part.draft.name)) {
        let draft = part.draft;
        match job::never_by_filter(draft.only.as_ref(), draft.except.as_ref()) {
            Some(Never::Of(mark, why)) => {
                let message = format!("`{}` can never run: {why}", draft.name);
                let problem = Problem::warning(mark, message).topic("only-and-except");
                report.add(problem.hint("a ref that is in `only` and not in `except` lets it run"));
            }
            Some(Never::Elsewhere(why)) => elsewhere.push((draft, why)),
            None => {
                let known = || job.evaluated.job.variables.iter().chain(&asked.context.variables);
                let is_set = |name: &str| known().any(|variable| variable.key == name);
                let rules = draft.rules.as_deref().unwrap_or_default();
                let why = rules::never(rules, draft.planned.when, asked.conditions, &is_set);
                elsewhere.extend(why.map(|why| (draft, why)));
            }
        }
    }
    let Some(((first, why), others)) = elsewhere.split_first() else { return };
    let named: Vec<_> = others.iter().take(5).map(|(draft, _)| format!("`{}`", draft.name)).collect();
    let more = if others.len() > 5 { format!(" and {} others", others.len() - 5) } else { String::new() };
    let hint = match named[..] {
        [] => "a rule for branches lets it run: `- if: $CI_COMMIT_BRANCH`".to_owned(),
        _ => format!("nor any of {}{more}", named.join(", ")),
    };
    let message = format!("no run here has the job `{}`: {why}", first.name);
    report.add(Problem::warning(first.mark, message).topic("rules").hint(hint));
}

struct Run<'r> {
    jobs: &'r [(&'r Part<'r>, &'r PlannedJob)],
    by_name: HashMap<&'r str, &'r PlannedJob>,
    stages: HashMap<&'r str, usize>,
    /// The first stage that has a job.
    first: usize,
}

impl<'r> Run<'r> {
    fn new(jobs: &'r [(&'r Part<'r>, &'r PlannedJob)], stages: &'r [String]) -> Self {
        let stages: HashMap<_, _> = stages.iter().enumerate().map(|(i, stage)| (stage.as_str(), i)).collect();
        let first = jobs.iter().filter_map(|(_, job)| stages.get(job.stage.as_str()).copied()).min().unwrap_or(0);
        let by_name = jobs.iter().map(|(_, job)| (job.name.as_str(), *job)).collect();
        Self { jobs, by_name, stages, first }
    }

    fn stage(&self, job: &PlannedJob) -> usize {
        self.stages.get(job.stage.as_str()).copied().unwrap_or(0)
    }

    /// `when: on_failure` where nothing comes before, or nothing whose failure counts.
    fn never_after_failure(&self, report: &mut Report) {
        for (part, job) in self.jobs.iter().filter(|(_, job)| job.when == When::OnFailure) {
            let may_fail = |need: &model::plan::Need| {
                self.by_name.get(need.job.as_str()).is_some_and(|job| job.allow_failure == AllowFailure::Bool(true))
            };
            let nothing_before = match &job.needs {
                Some(needs) => needs.is_empty(),
                None => self.stage(job) == self.first,
            };
            if nothing_before {
                let message = format!("`{}` can never run: nothing before it could fail", part.draft.name);
                let problem = Problem::warning(part.draft.when_mark, message).topic("when");
                report.add(problem.hint("put it into a later stage, or give it `needs`"));
            } else if job.needs.as_ref().is_some_and(|needs| needs.iter().all(may_fail)) {
                let message = format!(
                    "`{}` can never run: what it needs may fail, which never counts as a failure",
                    part.draft.name
                );
                let problem = Problem::warning(part.draft.when_mark, message).topic("when");
                report.add(problem.hint("`when: always` runs it after a failure, too"));
            }
        }
    }

    /// A stage none of whose jobs waits for an earlier one.
    fn unordered_stages(&self, report: &mut Report) {
        let mut waits: HashMap<usize, (bool, Mark)> = HashMap::new();
        for (part, job) in self.jobs {
            let stage = self.stage(job);
            let earlier = |need: &model::plan::Need| {
                self.by_name.get(need.job.as_str()).is_some_and(|other| self.stage(other) < stage)
            };
            let waiting = job.needs.as_ref().is_none_or(|needs| needs.iter().any(earlier));
            let entry = waits.entry(stage).or_insert((false, part.draft.stage_mark));
            entry.0 |= waiting || stage == self.first;
        }
        for (stage, (waiting, mark)) in waits {
            if waiting {
                continue;
            }
            let name = self.stages.iter().find(|(_, place)| **place == stage).map_or("", |(name, _)| name);
            let message = format!("the stage `{name}` orders nothing: none of its jobs waits for an earlier stage");
            let problem = Problem::warning(mark, message).topic("needs");
            report.add(problem.hint("leave `needs` out where the stages' order is meant"));
        }
    }

    /// Artifacts that later jobs could fetch, and all leave.
    fn unwanted_artifacts(&self, report: &mut Report) {
        let mut fetched: HashSet<&str> = HashSet::new();
        let mut named: HashSet<&str> = HashSet::new();
        let mut from_stages = None;
        // The last stage of a job that would fetch everything before it, and says that it takes nothing.
        let mut chosen = None;
        let has_children = self.jobs.iter().any(|(_, job)| job.trigger.is_some());
        for (_, job) in self.jobs.iter().filter(|(_, job)| job.trigger.is_none()) {
            named.extend(job.needs.iter().flatten().map(|need| need.job.as_str()));
            match (&job.dependencies, &job.needs) {
                (Some(dependencies), needs) => {
                    fetched.extend(dependencies.iter().map(String::as_str));
                    if dependencies.is_empty() && needs.as_ref().is_none_or(Vec::is_empty) {
                        chosen = chosen.max(Some(self.stage(job)));
                    }
                }
                (None, Some(needs)) => {
                    fetched.extend(needs.iter().filter(|need| need.artifacts).map(|need| need.job.as_str()));
                }
                // It fetches from all earlier stages.
                (None, None) => from_stages = from_stages.max(Some(self.stage(job))),
            }
        }
        for (part, job) in self.jobs {
            let Some(artifacts) = &job.artifacts else { continue };
            let for_people =
                artifacts.expose_as.is_some() || !artifacts.reports.is_empty() || artifacts.when != When::OnSuccess;
            let taken = fetched.contains(job.name.as_str()) || from_stages.is_some_and(|stage| stage > self.stage(job));
            if taken || (for_people && artifacts.access != Access::None) || !artifacts.reports.is_empty() {
                continue;
            }
            // Who needs a job and leaves its files says so, and so does who takes nothing; otherwise they may be for
            // people, unless people may not have them.
            let where_wanted = "drop `artifacts: false` and `dependencies` where they are wanted";
            let (why, hint) = if named.contains(job.name.as_str()) {
                ("those that need it leave them out", where_wanted)
            } else if has_children {
                // Jobs of a child may fetch them.
                continue;
            } else if chosen.is_some_and(|stage| stage > self.stage(job)) {
                ("those after it have empty `dependencies`", where_wanted)
            } else if artifacts.access == Access::None {
                ("no job does, and `access: none` keeps people from it", "leave `artifacts` or `access` out")
            } else {
                continue;
            };
            let message = format!("nobody fetches the artifacts of `{}`: {why}", part.draft.name);
            report.add(Problem::warning(part.draft.mark, message).topic("artifacts").hint(hint));
        }
    }
}
