//! What jobs say of each other: stages and needs (contracts/ci-yaml.md, part 2, step 10).

use std::collections::HashMap;

use crate::job::{Draft, NeedDraft};
use crate::keywords::closest;
use crate::source::{Mark, Problem, Report};

/// Checks that hold whichever jobs are in the run. `hidden` and `broken` are names that exist in
/// the file although there is no draft of them.
pub(crate) fn whole_file(drafts: &[Draft], stages: &[String], hidden: &[&str], broken: &[&str], report: &mut Report) {
    let stage_index: HashMap<_, _> = stages.iter().enumerate().map(|(i, stage)| (stage.as_str(), i)).collect();
    let jobs: HashMap<_, _> = drafts.iter().enumerate().map(|(i, draft)| (&*draft.name, i)).collect();
    for draft in drafts {
        let stage = stage_index.get(draft.stage.as_str());
        // An empty stage is one that could not be read.
        if stage.is_none() && !draft.stage.is_empty() {
            report.add_error(|| unknown_stage(draft, stages));
        }
        let rules = draft.rules.iter().flatten().filter_map(|rule| rule.needs.as_ref());
        for need in draft.needs.iter().chain(rules).flatten() {
            let name = need.need.job.as_str();
            let Some(&target) = jobs.get(name) else {
                if broken.contains(&name) {
                    continue;
                }
                if need.need.optional {
                    let message = format!("`{}` needs `{name}`, but there is no such job in this file", draft.name);
                    report.add(Problem::warning(need.mark, message));
                } else {
                    report.add_error(|| unknown_need(draft, name, need.mark, drafts, hidden));
                }
                continue;
            };
            let other = &drafts[target];
            if let (Some(own), Some(theirs)) = (stage, stage_index.get(other.stage.as_str()))
                && theirs > own
            {
                let message = format!(
                    "`{}` in stage `{}` needs `{name}`, which is in the later stage `{}`",
                    draft.name, draft.stage, other.stage
                );
                report.add(Problem::error(need.mark, message).hint("a need is in the same stage or in an earlier one"));
            }
        }
    }
    let needs: Vec<_> = drafts.iter().map(|draft| (&*draft.name, draft.needs.as_deref())).collect();
    circles(&needs, report);
}

fn unknown_stage(draft: &Draft, stages: &[String]) -> Problem {
    let shown: String = draft.stage.chars().take(60).collect();
    let problem = Problem::error(draft.stage_mark, format!("there is no stage `{shown}` for the job `{}`", draft.name));
    let hint = match closest(&draft.stage, stages.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None if stages.len() <= 12 => format!("the stages are {}", stages.join(", ")),
        None => "add it to `stages`".to_owned(),
    };
    problem.hint(hint)
}

fn unknown_need(draft: &Draft, name: &str, mark: Mark, drafts: &[Draft], hidden: &[&str]) -> Problem {
    let shown: String = name.chars().take(60).collect();
    let message = format!("`{}` needs `{shown}`, but there is no such job in this file", draft.name);
    let problem = Problem::error(mark, message);
    if hidden.contains(&name) {
        return problem.hint("a name that begins with a dot is a template, which never runs");
    }
    let close = closest(name, drafts.iter().map(|other| &*other.name).filter(|other| *other != &*draft.name));
    problem.maybe_hint(close.map(|close| format!("did you mean `{close}`?")))
}

/// Reports every circle of needs once, at the need that closes it.
pub(crate) fn circles(nodes: &[(&str, Option<&[NeedDraft]>)], report: &mut Report) {
    #[derive(Clone, Copy, PartialEq)]
    enum Color {
        White,
        Grey,
        Black,
    }
    let jobs: HashMap<_, _> = nodes.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
    let targets: Vec<Vec<(usize, Mark)>> = nodes
        .iter()
        .map(|(_, needs)| {
            let needs = needs.iter().flat_map(|needs| needs.iter());
            needs.filter_map(|need| jobs.get(need.need.job.as_str()).map(|target| (*target, need.mark))).collect()
        })
        .collect();
    let mut colors = vec![Color::White; nodes.len()];
    for start in 0..nodes.len() {
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
                    let mut names: Vec<_> = path[from..].iter().map(|(job, _)| nodes[*job].0).collect();
                    names.push(nodes[target].0);
                    let message = if names.len() == 2 {
                        format!("`{}` needs itself", names[0])
                    } else {
                        format!("the needs go in a circle: {}", shorten(&names))
                    };
                    report.error(mark, message);
                }
                Color::Black => {}
            }
        }
    }
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
