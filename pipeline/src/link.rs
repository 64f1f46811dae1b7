//! Step 10: the needs and dependencies of the jobs that are in the run, as names of jobs of the run.

use std::borrow::Cow;
use std::collections::HashMap;

use model::plan::Need;

use crate::evaluate::{Job, Part};
use crate::job::{Choice, MAX_NEEDS, NeedDraft, Selection};
use crate::source::{Mark, Problem, Report};
use crate::{WrittenNeed, checks};

/// Longest name of an instance that a need chooses by its values, in characters (contracts/ci-yaml.md, part 4).
const MAX_CHOSEN_NAME: usize = 128;

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

/// Whether a job is in the run.
enum Verdict {
    In,
    /// And why.
    Out(String),
    /// What is wrong with the job, or with what all depend on, has been told; what follows from it is not.
    Unknown,
}

impl Verdict {
    fn of(job: &Job<'_>) -> Self {
        match &job.evaluated.excluded {
            _ if !job.is_decided => Self::Unknown,
            Some(reason) => Self::Out(reason.clone()),
            None => Self::In,
        }
    }
}

/// Links every job. `has_circle` says that a circle of whole jobs was told: then nobody looks for one of instances.
pub(crate) fn jobs(parts: &[Part<'_>], jobs: &mut [Job<'_>], has_circle: bool, report: &mut Report) {
    let names = Names::new(parts);
    let verdicts: Vec<_> = jobs.iter().map(Verdict::of).collect();
    let mut targets: Vec<Vec<(usize, Mark)>> = Vec::with_capacity(jobs.len());
    for (part, job) in parts.iter().zip(jobs.iter_mut()) {
        report.about("needs");
        targets.push(needs(part, job, parts, &names, &verdicts, report));
        if !job.is_decided || job.evaluated.excluded.is_some() {
            targets.last_mut().map(Vec::clear);
        }
        let Some(dependencies) = &part.draft.dependencies else { continue };
        let present =
            dependencies.iter().flat_map(|(name, _)| names.get(name)).filter(|i| matches!(verdicts[**i], Verdict::In));
        job.planned().dependencies = Some(present.map(|i| parts[*i].name.clone()).collect());
    }
    let all: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
    report.about("needs");
    if !has_circle {
        checks::circles(&all, &targets, report);
    }
}

/// The needs of one job. Returns their places.
fn needs(
    part: &Part<'_>,
    job: &mut Job<'_>,
    parts: &[Part<'_>],
    names: &Names<'_>,
    verdicts: &[Verdict],
    report: &mut Report,
) -> Vec<(usize, Mark)> {
    if job.may_run && job.evaluated.excluded.is_some() {
        // Its rules cannot be evaluated: each of them may be the one.
        for draft in part.draft.rules.iter().flatten().filter_map(|rule| rule.needs.as_ref()).flatten() {
            let errors = report.errors();
            let selections = draft.selections.as_ref().map(|rows| resolved(rows, draft, part, report));
            if errors == report.errors() {
                chosen(draft, selections.as_deref(), part, parts, names, report);
            }
        }
    }
    let Some(drafts) = job.needs else { return Vec::new() };
    let included = job.may_run;
    let (mut written, mut needs, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for draft in drafts {
        let errors = report.errors();
        let selections = draft.selections.as_ref().map(|rows| resolved(rows, draft, part, report));
        let is_resolved = errors == report.errors();
        written.push(WrittenNeed {
            job: draft.job.clone(),
            artifacts: draft.artifacts,
            optional: draft.optional,
            matrix: selections.clone(),
        });
        if !included || !is_resolved {
            continue;
        }
        for i in chosen(draft, selections.as_deref(), part, parts, names, report).iter().copied() {
            match &verdicts[i] {
                Verdict::Unknown => {}
                Verdict::Out(_) if draft.optional || !job.is_decided => {}
                Verdict::Out(reason) => {
                    let message =
                        format!("`{}` needs `{}`, which is not in the run: {reason}", part.name, parts[i].name);
                    report.add(Problem::error(draft.mark, message).hint("`optional: true` lets the run be without it"));
                }
                Verdict::In if places.iter().any(|(place, _)| *place == i) => {}
                Verdict::In => {
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
    // A list that is too long by itself has been told.
    if drafts.len() <= MAX_NEEDS && needs.len() > MAX_NEEDS {
        let mark = drafts.first().map_or(part.draft.mark, |draft| draft.mark);
        let message = format!("`{}` needs {} jobs, instances counted; {MAX_NEEDS} are allowed", part.name, needs.len());
        report.add(Problem::error(mark, message).hint("put the needed jobs into an earlier stage instead"));
    }
    job.planned().needs = Some(needs);
    job.evaluated.written_needs = Some(written);
    places
}

/// The places of the instances that a need means. Each combination of values that it lists has to be there, unless
/// the need is optional.
fn chosen<'n>(
    draft: &NeedDraft,
    selections: Option<&[Selection]>,
    part: &Part<'_>,
    parts: &[Part<'_>],
    names: &'n Names<'_>,
    report: &mut Report,
) -> Cow<'n, [usize]> {
    let all = names.get(&draft.job);
    let Some(rows) = selections else { return Cow::Borrowed(all) };
    // The keys are those of the matrix in their order; some of them may be left out.
    let has_all = |i: usize, wanted: &[(&str, &str)]| {
        let mut own = parts[i].matrix().iter();
        wanted.iter().all(|(key, value)| own.any(|variable| variable.key == *key && variable.value == *value))
    };
    let fits = |i: &&usize| {
        let has = |row: &Selection| {
            let mut own = parts[**i].matrix().iter();
            row.iter().all(|(key, choice)| {
                own.any(|variable| variable.key == *key && choice.values().contains(&variable.value))
            })
        };
        rows.iter().any(has)
    };
    let written = draft.selections.iter().flatten().flatten().flat_map(|(_, choice)| choice.values());
    let is_plain = || written.clone().all(|value| !value.contains("$[["));
    let knows_instances =
        (part.draft.knows_instances || is_plain()) && all.iter().all(|i| parts[*i].draft.knows_instances);
    if !draft.optional && !all.is_empty() && knows_instances {
        // Instances have all the values of a combination: more combinations than instances cannot all be there.
        let is_missing = |wanted: &Vec<(&str, &str)>| !all.iter().any(|i| has_all(*i, wanted));
        let missing = rows.iter().find_map(|row| Combinations::new(row).take(all.len() + 1).find(is_missing));
        if let Some(missing) = missing {
            report.add_error(|| absent(draft, &missing, part, all, parts));
        }
    }
    let chosen: Vec<_> = all.iter().filter(fits).copied().collect();
    let too_long = |i: &&usize| parts[**i].name.chars().count() > MAX_CHOSEN_NAME;
    if let Some(long) = chosen.iter().find(too_long) {
        let length = parts[*long].name.chars().count();
        let message = format!(
            "`{}` needs an instance of `{}` whose name has {length} characters; {MAX_CHOSEN_NAME} are allowed where \
             instances are chosen",
            part.name, draft.job
        );
        report.add(Problem::error(draft.mark, message).hint("leave `parallel` out of the need: then all are meant"));
    }
    Cow::Owned(chosen)
}

/// What a need asks of a matrix and no instance has.
fn absent(draft: &NeedDraft, missing: &[(&str, &str)], part: &Part<'_>, all: &[usize], parts: &[Part<'_>]) -> Problem {
    if all.iter().all(|i| parts[*i].matrix().is_empty()) {
        let message = format!("`{}` needs instances of `{}`, which has no `matrix`", part.name, draft.job);
        return Problem::error(draft.mark, message)
            .hint("leave `parallel` out of the need: then the whole job is meant");
    }
    let values: Vec<_> = missing.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    let message =
        format!("`{}` needs the `{}` of {}, but it has no such instance", part.name, draft.job, values.join(", "));
    let keys = |i: &usize| parts[*i].matrix().iter().map(|variable| variable.key.as_str()).collect::<Vec<_>>();
    let has_keys = |i: &usize| {
        let own = keys(i);
        let mut own = own.iter();
        missing.iter().all(|(key, _)| own.any(|known| known == key))
    };
    if !all.iter().any(has_keys) {
        let own = all.first().map(keys).unwrap_or_default();
        return Problem::error(draft.mark, message)
            .hint(format!("its instances have the keys {}, in this order", own.join(", ")));
    }
    let known: Vec<_> = all.iter().take(5).map(|i| format!("`{}`", parts[*i].name)).collect();
    let more = if all.len() > known.len() { " and others" } else { "" };
    Problem::error(draft.mark, message).hint(format!("there are {}{more}", known.join(", ")))
}

/// The combinations of the values of a row, each once; the last key changes fastest.
struct Combinations<'r> {
    keys: Vec<(&'r str, Vec<&'r str>)>,
    /// Which value of each key is next; `None` at the end.
    next: Option<Vec<usize>>,
}

impl<'r> Combinations<'r> {
    fn new(row: &'r Selection) -> Self {
        let distinct = |choice: &'r Choice| {
            let mut seen = std::collections::HashSet::new();
            choice.values().iter().map(String::as_str).filter(|value| seen.insert(*value)).collect::<Vec<_>>()
        };
        let keys: Vec<_> = row.iter().map(|(key, choice)| (key.as_str(), distinct(choice))).collect();
        let some = keys.iter().all(|(_, values)| !values.is_empty());
        Self { next: some.then(|| vec![0; keys.len()]), keys }
    }
}

impl<'r> Iterator for Combinations<'r> {
    type Item = Vec<(&'r str, &'r str)>;

    fn next(&mut self) -> Option<Self::Item> {
        let places = self.next.as_mut()?;
        let found = self.keys.iter().zip(&*places).map(|((key, values), place)| (*key, values[*place])).collect();
        let turned = (0..places.len()).rev().find(|i| {
            places[*i] = (places[*i] + 1) % self.keys[*i].1.len();
            places[*i] != 0
        });
        if turned.is_none() {
            self.next = None;
        }
        Some(found)
    }
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
        } else if part.draft.knows_instances {
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
