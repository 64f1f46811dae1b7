//! Step 10: the needs and dependencies of the jobs that are in the run, as names of jobs of the run.

use std::collections::HashMap;

use model::plan::{Need, Variable};

use crate::evaluate::{Job, Part};
use crate::job::{Choice, MAX_NEEDS, NeedDraft, Selection};
use crate::source::{Mark, Problem, Report};
use crate::{WrittenNeed, checks};

/// Jobs by their name in the file and by their own, as places in the list of parts.
pub(crate) struct Names<'p> {
    by_name: HashMap<&'p str, Vec<usize>>,
}

impl<'p> Names<'p> {
    pub fn new(parts: &'p [Part<'_>]) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            by_name.entry(&part.draft.name).or_default().push(i);
            if part.instance.is_some() {
                by_name.entry(&part.name).or_default().push(i);
            }
        }
        Self { by_name }
    }

    /// All instances of the job, or the one of this name.
    pub fn get(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Links every job.
pub(crate) fn jobs(parts: &[Part<'_>], jobs: &mut [Job<'_>], report: &mut Report) {
    let names = Names::new(parts);
    let reasons: Vec<Option<String>> = jobs.iter().map(|job| job.evaluated.excluded.clone()).collect();
    let mut targets: Vec<Vec<(usize, Mark)>> = Vec::with_capacity(jobs.len());
    for (part, job) in parts.iter().zip(jobs.iter_mut()) {
        report.about("needs");
        let included = job.evaluated.excluded.is_none();
        targets.push(needs(part, job, parts, &names, &reasons, report));
        if !included {
            targets.last_mut().map(Vec::clear);
        }
        let Some(dependencies) = &part.draft.dependencies else { continue };
        let present = dependencies.iter().flat_map(|(name, _)| names.get(name)).filter(|i| reasons[**i].is_none());
        job.evaluated.job.dependencies = Some(present.map(|i| parts[*i].name.clone()).collect());
    }
    let all: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
    report.about("needs");
    checks::circles(&all, &targets, report);
}

/// The needs of one job. Returns their places.
fn needs(
    part: &Part<'_>,
    job: &mut Job<'_>,
    parts: &[Part<'_>],
    names: &Names<'_>,
    reasons: &[Option<String>],
    report: &mut Report,
) -> Vec<(usize, Mark)> {
    let Some(drafts) = job.needs else { return Vec::new() };
    let included = job.evaluated.excluded.is_none();
    let (mut written, mut needs, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for draft in drafts {
        let selections = draft.selections.as_ref().map(|rows| resolved(rows, draft, part, report));
        written.push(WrittenNeed {
            job: draft.job.clone(),
            artifacts: draft.artifacts,
            optional: draft.optional,
            matrix: selections.clone(),
        });
        if !included {
            continue;
        }
        for i in chosen(draft, selections.as_deref(), parts, names, report) {
            match &reasons[i] {
                Some(_) if draft.optional => {}
                Some(reason) => {
                    let message =
                        format!("`{}` needs `{}`, which is not in the run: {reason}", part.name, parts[i].name);
                    report.add(Problem::error(draft.mark, message).hint("`optional: true` lets the run be without it"));
                }
                None if places.iter().any(|(place, _)| *place == i) => {}
                None => {
                    places.push((i, draft.mark));
                    needs.push(Need {
                        job: parts[i].name.clone(),
                        artifacts: draft.artifacts,
                        optional: draft.optional,
                    });
                }
            }
        }
    }
    if needs.len() > MAX_NEEDS {
        let mark = drafts.first().map_or(part.draft.mark, |draft| draft.mark);
        let message = format!("`{}` needs {} jobs, instances counted; {MAX_NEEDS} are allowed", part.name, needs.len());
        report.add(Problem::error(mark, message).hint("put the needed jobs into an earlier stage instead"));
    }
    job.evaluated.job.needs = Some(needs);
    job.evaluated.written_needs = Some(written);
    places
}

/// The places of the instances that a need means.
fn chosen(
    draft: &NeedDraft,
    selections: Option<&[Selection]>,
    parts: &[Part<'_>],
    names: &Names<'_>,
    report: &mut Report,
) -> Vec<usize> {
    let all = names.get(&draft.job);
    let Some(rows) = selections else { return all.to_vec() };
    if all.iter().all(|i| parts[*i].matrix().is_empty()) {
        if !all.is_empty() {
            let message = format!("`{}` has no matrix, so the whole job is needed", draft.job);
            report.add(Problem::warning(draft.mark, message).hint("leave `parallel` out"));
        }
        return all.to_vec();
    }
    let fits =
        |i: &&usize| rows.iter().any(|row| row.iter().all(|(key, choice)| has(parts[**i].matrix(), key, choice)));
    let found: Vec<_> = all.iter().filter(fits).copied().collect();
    if found.is_empty() && !draft.optional {
        let message = format!("no instance of `{}` has these values, so none is needed", draft.job);
        report.add(Problem::warning(draft.mark, message).hint("compare them with the `matrix` of that job"));
    }
    found
}

fn has(matrix: &[Variable], key: &str, choice: &Choice) -> bool {
    matrix.iter().any(|variable| variable.key == key && choice.values().contains(&variable.value))
}

/// The wanted values with `$[[ matrix.KEY ]]` replaced by those of the needing instance.
fn resolved(rows: &[Selection], draft: &NeedDraft, part: &Part<'_>, report: &mut Report) -> Vec<Selection> {
    let mut value = |text: &String| put_in(text, draft, part, report);
    let mut choice = |choice: &Choice| match choice {
        Choice::One(text) => Choice::One(value(text)),
        Choice::Many(texts) => Choice::Many(texts.iter().map(&mut value).collect()),
    };
    rows.iter().map(|row| row.iter().map(|(key, one)| (key.clone(), choice(one))).collect()).collect()
}

fn put_in(text: &str, draft: &NeedDraft, part: &Part<'_>, report: &mut Report) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("$[[") {
        out.push_str(before);
        let Some((block, after)) = inside.split_once("]]") else {
            rest = &rest[before.len()..];
            break;
        };
        let key = block.trim().strip_prefix("matrix.");
        if let Some(variable) = key.and_then(|key| part.matrix().iter().find(|variable| variable.key == key)) {
            out.push_str(&variable.value);
        } else {
            report.add(stands_for_nothing(block, draft, part));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn stands_for_nothing(block: &str, draft: &NeedDraft, part: &Part<'_>) -> Problem {
    if part.matrix().is_empty() {
        let message = format!("`$[[{block}]]` stands for nothing: `{}` has no matrix", part.draft.name);
        return Problem::error(draft.mark, message);
    }
    let message = format!("`$[[{block}]]` is not in the matrix of `{}`", part.draft.name);
    let keys: Vec<_> = part.matrix().iter().map(|variable| format!("`{}`", variable.key)).collect();
    Problem::error(draft.mark, message).hint(format!("its keys are {}", keys.join(", ")))
}
