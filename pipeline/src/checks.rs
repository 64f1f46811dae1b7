//! What jobs say of each other: stages and needs (contracts/ci-yaml.md, part 2, step 10).

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use model::plan::{EnvironmentAction, TriggerInclude};

use crate::document::Globals;
use crate::evaluate::Part;
use crate::job::Draft;
use crate::keywords::closest;
use crate::link::Names;
use crate::source::{Mark, Problem, Report};

/// Checks that hold whichever jobs are in the run. `hidden` and `broken` are names that exist in
/// the file although there is no draft of them. Returns whether jobs need each other in a circle.
pub(crate) fn whole_file(
    drafts: &[Draft],
    parts: &[Part<'_>],
    globals: &Globals,
    hidden: &[&str],
    broken: &[&str],
    report: &mut Report,
) -> bool {
    let stages = &globals.stages;
    let stage_index: HashMap<_, _> = stages.iter().enumerate().map(|(i, stage)| (stage.as_str(), i)).collect();
    let partial = drafts.iter().filter(|draft| !draft.knows_instances).map(|draft| &*draft.name).collect();
    let names = Names::new(parts);
    let others = Others { drafts, parts, names, hidden, broken, partial, told: RefCell::default() };
    for draft in drafts {
        let own = draft.planned.stage.as_str();
        let stage = stage_index.get(own);
        report.about("stage");
        // An empty stage is one that could not be read.
        let is_unknown = stage.is_none() && !own.is_empty() && globals.has_all_stages;
        if is_unknown && others.is_new(draft.stage_mark, own) {
            report.add_error(|| unknown_stage(draft, stages));
        }
        report.about("needs");
        let needs = draft.needs.as_ref().map(|needs| &needs.jobs);
        let rules = draft.rules.iter().flatten().filter_map(|rule| rule.needs.as_ref());
        for need in needs.into_iter().chain(rules).flatten() {
            let Some(other) = others.find(&need.job) else {
                if broken.contains(&need.job.as_str()) || others.may_be_instance(&need.job) || report.is_partial() {
                    continue;
                }
                if !others.is_new(need.mark, &need.job) {
                    continue;
                }
                if need.optional {
                    let message =
                        format!("`{}` needs `{}`, but there is no such job in this file", draft.name, need.job);
                    report.add(Problem::warning(need.mark, message));
                } else {
                    report.add_error(|| others.unknown(draft, "needs", &need.job, need.mark));
                }
                continue;
            };
            let later = stage_index.get(other.planned.stage.as_str());
            if stage.zip(later).is_some_and(|(own, theirs)| theirs > own) {
                let message = format!(
                    "`{}` in stage `{own}` needs `{}`, which is in the later stage `{}`",
                    draft.name, need.job, other.planned.stage
                );
                report.add(Problem::error(need.mark, message).hint("a need is in the same stage or in an earlier one"));
            }
        }
        dependencies(draft, &others, &stage_index, report);
        on_stop(draft, &others, report);
        child(draft, &others, &stage_index, report);
    }
    report.about("needs");
    let index: HashMap<_, _> = drafts.iter().enumerate().map(|(i, draft)| (&*draft.name, i)).collect();
    let targets = drafts.iter().map(|draft| {
        let whole = draft.needs.iter().flat_map(|needs| &needs.jobs).filter(|need| need.selections.is_none());
        whole.filter_map(|need| index.get(need.job.as_str()).map(|target| (*target, need.mark))).collect()
    });
    let names: Vec<_> = drafts.iter().map(|draft| &*draft.name).collect();
    circles(&names, &targets.collect::<Vec<_>>(), report)
}

/// The jobs that a job may name.
struct Others<'o> {
    drafts: &'o [Draft],
    parts: &'o [Part<'o>],
    names: Names<'o>,
    hidden: &'o [&'o str],
    broken: &'o [&'o str],
    /// The jobs that may have more instances than are known.
    partial: HashSet<&'o str>,
    /// The names that are nowhere, and where they are written.
    told: RefCell<HashSet<(Mark, String)>>,
}

impl Others<'_> {
    /// Whether nobody was told yet that this name is nowhere: what a template says is told once, whoever extends it.
    fn is_new(&self, mark: Mark, name: &str) -> bool {
        self.told.borrow_mut().insert((mark, name.to_owned()))
    }

    /// Whether it is called like an instance of a job of which not all instances are known.
    fn may_be_instance(&self, name: &str) -> bool {
        let ends = || name.match_indices([' ', ':']).map(|(end, _)| &name[..end]);
        !self.partial.is_empty() && ends().any(|job| self.partial.contains(job))
    }

    fn find(&self, name: &str) -> Option<&Draft> {
        self.names.get(name).first().map(|i| self.parts[*i].draft)
    }

    fn unknown(&self, draft: &Draft, verb: &str, name: &str, mark: Mark) -> Problem {
        let shown: String = name.chars().take(60).collect();
        let message = format!("`{}` {verb} `{shown}`, but there is no such job in this file", draft.name);
        let problem = Problem::error(mark, message);
        if self.hidden.contains(&name) {
            return problem.hint("a name that begins with a dot is a template, which never runs");
        }
        let instances = self.parts.iter().filter(|part| part.instance.is_some()).map(|part| &*part.name);
        let names = self.drafts.iter().map(|other| &*other.name).chain(instances);
        let names = names.filter(|other| *other != &*draft.name);
        problem.maybe_hint(closest(name, names).map(|close| format!("did you mean `{close}`?")))
    }
}

/// `dependencies` are jobs that have run before: of earlier stages, or needed ones.
fn dependencies(draft: &Draft, others: &Others<'_>, stages: &HashMap<&str, usize>, report: &mut Report) {
    report.about("dependencies");
    for (name, mark) in draft.dependencies.iter().flatten() {
        let Some(other) = others.find(name) else {
            let is_told = others.broken.contains(&name.as_str()) || report.is_partial();
            if !is_told && others.is_new(*mark, name) {
                report.add_error(|| others.unknown(draft, "depends on", name, *mark));
            }
            continue;
        };
        let place = |draft: &Draft| stages.get(draft.planned.stage.as_str()).copied();
        // As on GitLab, an empty list of needs leaves `dependencies` alone.
        if let Some(needs) = draft.needs.as_ref().filter(|needs| !needs.jobs.is_empty()) {
            let needed = needs
                .jobs
                .iter()
                .any(|need| need.job == *name || others.find(&need.job).is_some_and(|one| one.name == other.name));
            if !needed {
                let message = format!("`{}` depends on `{name}`, which it does not need", draft.name);
                report.add(Problem::error(*mark, message).hint("add it to `needs`, or leave `dependencies` out"));
            }
        } else if place(other).zip(place(draft)).is_some_and(|(theirs, own)| theirs > own) {
            let message = format!(
                "`{}` in stage `{}` depends on `{name}`, which is in the later stage `{}`",
                draft.name, draft.planned.stage, other.planned.stage
            );
            report.error(*mark, message);
        }
    }
}

/// The job of `on_stop` takes the same environment down.
fn on_stop(draft: &Draft, others: &Others<'_>, report: &mut Report) {
    report.about("environment");
    if report.is_partial() {
        return;
    }
    let Some(environment) = &draft.planned.environment else { return };
    let Some(name) = &environment.on_stop else { return };
    let Some(other) = others.find(name) else {
        if !others.broken.contains(&name.as_str()) && others.is_new(draft.on_stop_mark, name) {
            report.add_error(|| others.unknown(draft, "is stopped by", name, draft.on_stop_mark));
        }
        return;
    };
    let problem = match &other.planned.environment {
        None if !other.knows_action => None,
        None => Some(format!("`{name}` stops the environment of `{}`, but has no `environment`", draft.name)),
        Some(theirs) if theirs.action != EnvironmentAction::Stop && other.knows_action => {
            Some(format!("`{name}` stops the environment of `{}`, but its `action` is not `stop`", draft.name))
        }
        // An empty name is one that could not be read.
        Some(theirs) if theirs.name.is_empty() || environment.name.is_empty() => None,
        Some(theirs) if theirs.name != environment.name => Some(format!(
            "`{name}` stops the environment `{}`, not `{}` of `{}`",
            theirs.name, environment.name, draft.name
        )),
        Some(_) => None,
    };
    if let Some(message) = problem {
        report.error(other.environment_mark, message);
    }
}

/// A definition that is an artifact is made by a job of the same run, whose artifacts are there when
/// the child starts.
fn child(draft: &Draft, others: &Others<'_>, stages: &HashMap<&str, usize>, report: &mut Report) {
    report.about("trigger");
    let needs = draft.needs.iter().map(|needs| &needs.jobs);
    let of_rules = draft.rules.iter().flatten().filter_map(|rule| rule.needs.as_ref());
    let needed: Vec<_> = needs.chain(of_rules).flatten().filter_map(|need| others.find(&need.job)).collect();
    let includes = draft.planned.trigger.iter().flat_map(|trigger| &trigger.include);
    for (i, include) in includes.enumerate() {
        let TriggerInclude::Artifact { job, .. } = include else { continue };
        let mark = draft.includes.get(i).map_or(draft.mark, |place| place.mark);
        let Some(other) = others.find(job) else {
            let is_told = others.broken.contains(&job.as_str()) || report.is_partial();
            if !is_told && others.is_new(mark, job) {
                report.add_error(|| others.unknown(draft, "takes its definition from", job, mark));
            }
            continue;
        };
        let place = |draft: &Draft| stages.get(draft.planned.stage.as_str()).copied();
        let is_earlier = draft.lacks_parent || place(other).zip(place(draft)).is_none_or(|(theirs, own)| theirs < own);
        if !is_earlier && !needed.iter().any(|one| one.name == other.name) {
            let message = format!(
                "`{}` takes its definition from `{job}`, which is neither in an earlier stage nor among its `needs`",
                draft.name
            );
            report.add(Problem::error(mark, message).hint(format!("`needs: [{job}]`")));
        }
        let has_files = |draft: &Draft| {
            draft.planned.artifacts.as_ref().is_some_and(|artifacts| artifacts.untracked || !artifacts.paths.is_empty())
        };
        if !has_files(other) && other.knows_artifacts && !report.is_partial() {
            let message =
                format!("`{}` takes its definition from `{job}`, which has no `artifacts` with `paths`", draft.name);
            report.add(Problem::error(mark, message).hint("list the file among the `paths` of that job's `artifacts`"));
        }
    }
}

fn unknown_stage(draft: &Draft, stages: &[String]) -> Problem {
    let shown: String = draft.planned.stage.chars().take(60).collect();
    let problem = Problem::error(draft.stage_mark, format!("there is no stage `{shown}` for the job `{}`", draft.name));
    let hint = match closest(&draft.planned.stage, stages.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None if stages.len() <= 12 => format!("the stages are {}", stages.join(", ")),
        None => "add it to `stages`".to_owned(),
    };
    problem.hint(hint)
}

/// Reports every circle of needs once, at the need that closes it. Returns whether there is one.
pub(crate) fn circles(names: &[&str], targets: &[Vec<(usize, Mark)>], report: &mut Report) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum Color {
        White,
        Grey,
        Black,
    }
    let errors = report.errors();
    let mut colors = vec![Color::White; names.len()];
    for start in 0..names.len() {
        if colors[start] != Color::White {
            continue;
        }
        // Depth first with a stack of our own: a chain of needs may be as long as the file.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        colors[start] = Color::Grey;
        while let Some((job, next)) = path.last_mut() {
            let Some(&(target, mark)) = targets[*job].get(*next) else {
                colors[*job] = Color::Black;
                path.pop();
                continue;
            };
            *next += 1;
            match colors[target] {
                Color::White => {
                    colors[target] = Color::Grey;
                    path.push((target, 0));
                }
                Color::Grey => {
                    let from = path.iter().position(|(job, _)| *job == target).unwrap_or(0);
                    let mut circle: Vec<_> = path[from..].iter().map(|(job, _)| names[*job]).collect();
                    circle.push(names[target]);
                    let message = if circle.len() == 2 {
                        format!("`{}` needs itself", circle[0])
                    } else {
                        format!("the needs go in a circle: {}", shorten(&circle))
                    };
                    report.error(mark, message);
                }
                Color::Black => {}
            }
        }
    }
    errors < report.errors()
}

fn shorten(names: &[&str]) -> String {
    if names.len() <= 12 {
        return names.join(" -> ");
    }
    format!(
        "{} -> … ({} jobs) … -> {}",
        names[..5].join(" -> "),
        names.len() - 1,
        names[names.len() - 5..].join(" -> ")
    )
}
