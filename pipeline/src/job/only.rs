//! `only` and `except`, the way before `rules`: read, and decided by the same variables.

use std::rc::Rc;

use model::Source;
use model::plan::Variable;

use crate::expand::expand;
use crate::expression::{Expression, Seen};
use crate::files::Files;
use crate::keywords::Place;
use crate::read;
use crate::rules::{self, Conditions, Search};
use crate::scope::Scope;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map};

/// What one of the two says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub mark: Mark,
    refs: Option<Vec<String>>,
    variables: Option<Vec<(Rc<Expression>, Mark)>>,
    changes: Option<Vec<String>>,
}

/// How many refs and conditions a reason shows.
const MAX_SHOWN: usize = 5;

/// Whether a word names a source: `schedule` and `schedules`, and without the `_event` that requests have.
fn names_source(word: &str, source: &str) -> bool {
    let source = source.strip_suffix("_event").unwrap_or(source);
    let plural = if source.ends_with("sh") { "es" } else { "s" };
    word.strip_prefix(source).is_some_and(|rest| rest.is_empty() || rest == plural)
}

pub(crate) fn read(entry: &Entry, what: &str, conditions: &mut Conditions, report: &mut Report) -> Option<Filter> {
    let mut filter = Filter { mark: entry.mark, ..Filter::default() };
    match &entry.value.kind {
        Kind::Null | Kind::Broken => return None,
        Kind::Map(map) => of_map(map, &mut filter, conditions, report),
        _ => filter.refs = refs(entry, what, conditions, report),
    }
    Some(filter)
}

fn of_map(map: &Map, filter: &mut Filter, conditions: &mut Conditions, report: &mut Report) {
    read::only_known(map, Place::Refs, report);
    if map.entries.iter().all(|entry| matches!(entry.value.kind, Kind::Null)) {
        report.error(filter.mark, "this filter is empty: it needs `refs`, `variables` or `changes`");
    }
    for entry in map.entries.iter().filter(|entry| !matches!(entry.value.kind, Kind::Null)) {
        match &*entry.key {
            // Only by itself a ref may stand without a list.
            "refs" if matches!(entry.value.kind, Kind::Scalar(_)) => drop(read::strings(entry, "refs", report)),
            "refs" => filter.refs = refs(entry, "refs", conditions, report),
            "changes" => {
                filter.changes =
                    read::strings(entry, "changes", report).map(|all| all.into_iter().map(|(path, _)| path).collect());
            }
            "variables" => {
                let mut all = Vec::new();
                for (text, mark) in read::strings(entry, "variables", report).unwrap_or_default() {
                    let text: Rc<str> = text.into();
                    match conditions.shared(&text) {
                        Ok(expression) => all.push((expression, mark)),
                        Err(error) => {
                            let (job, error) = (report.job(), error.within(report.written(mark)));
                            let problem = |part| error.clone().problem(part).of_job(job.as_ref());
                            report.add_part(mark, &text, error.start..error.end, problem);
                        }
                    }
                }
                filter.variables = Some(all);
            }
            _ => {}
        }
    }
}

fn refs(entry: &Entry, what: &str, conditions: &Conditions, report: &mut Report) -> Option<Vec<String>> {
    let found = if matches!(entry.value.kind, Kind::Scalar(_)) {
        vec![(read::text(entry, what, report)?, entry.value_mark())]
    } else {
        read::strings(entry, what, report)?
    };
    for (text, mark) in found.iter().filter(|(text, _)| text.starts_with('/')) {
        let (pattern, project) = split_project(text);
        match conditions.found_between_slashes(pattern, "") {
            None => {
                let message = format!("`{text}` is taken as the name of a ref, and none begins with a slash");
                report.add(Problem::warning(*mark, message).hint(match project {
                    Some(_) => "what follows the first `@` is the project that it is for",
                    None => "a pattern stands between slashes: `/text/`",
                }));
            }
            Some(Err(message)) => report.error(*mark, message),
            Some(Ok(_)) => {}
        }
    }
    Some(found.into_iter().map(|(text, _)| text).collect())
}

/// A ref or a pattern may name the project that it is for: `main@group/project`.
fn split_project(text: &str) -> (&str, Option<&str>) {
    text.split_once('@').map_or((text, None), |(wanted, project)| (wanted, Some(project)))
}

/// Why the filters let a job into no run at all.
pub(crate) enum Never {
    /// What one of them says, and where.
    Of(Mark, &'static str),
    /// What no run here is for, and runs of other servers are.
    Elsewhere(String),
}

/// Why the filters let a job into no run, when that is plain to see.
pub(crate) fn never(only: Option<&Filter>, except: Option<&Filter>) -> Option<Never> {
    let refs = only?.refs.as_ref()?;
    if refs.is_empty() {
        return Some(Never::Of(only?.mark, "`only` lists no ref"));
    }
    let left_out = except.and_then(|except| Some((except.mark, except.refs.as_ref()?)));
    if let Some((mark, _)) = left_out.filter(|(_, left_out)| refs.iter().all(|name| left_out.contains(name))) {
        return Some(Never::Of(mark, "`except` names whatever `only` does"));
    }
    let is_elsewhere = |name: &String| {
        let mut others = Source::OF_GITLAB.iter().filter(|source| !rules::is_source(source));
        others.any(|source| names_source(name, source))
    };
    refs.iter().all(is_elsewhere).then(|| Never::Elsewhere(format!("none is for `{}`", refs[0])))
}

/// What the filters of a job are asked with.
pub(crate) struct Run<'a> {
    pub scope: &'a Scope<'a>,
    pub own: &'a [Variable],
    pub files: &'a dyn Files,
    pub conditions: &'a Conditions,
}

impl Run<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.scope.get(name, self.own).map(|variable| variable.value.as_str())
    }

    fn ref_fits(&self, wanted: &str) -> bool {
        let (wanted, project) = split_project(wanted);
        if project.is_some_and(|project| self.value("CI_PROJECT_PATH") != Some(project)) {
            return false;
        }
        // The request of a merge is neither a branch nor a tag, whatever its ref is called.
        let is_of_ref = !self.is_for_request();
        let is_kind = match wanted {
            "branches" => is_of_ref && self.value("CI_COMMIT_BRANCH").is_some(),
            "tags" => is_of_ref && self.value("CI_COMMIT_TAG").is_some(),
            _ => self.value("CI_PIPELINE_SOURCE").is_some_and(|source| names_source(wanted, source)),
        };
        let name = self.value("CI_COMMIT_REF_NAME").or_else(|| self.value("CI_COMMIT_BRANCH"));
        let is_called = |name| match self.conditions.found_between_slashes(wanted, name) {
            Some(found) => found == Ok(true),
            None => name == wanted,
        };
        is_kind || (is_of_ref && name.is_some_and(is_called))
    }

    fn is_for_request(&self) -> bool {
        self.value("CI_PIPELINE_SOURCE") == Some("merge_request_event")
    }

    /// For each part that the filter has, whether it holds.
    fn parts(&self, filter: &Filter) -> Result<Vec<(bool, String)>, (Mark, String)> {
        let mut parts = Vec::new();
        if let Some(refs) = &filter.refs {
            let name = self.value("CI_COMMIT_REF_NAME").unwrap_or("not set");
            let shown = refs.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let is_for_project = refs.iter().any(|wanted| split_project(wanted).1.is_some());
            let project = self.value("CI_PROJECT_PATH").filter(|_| is_for_project);
            let of = project.map(|project| format!(" of {project}")).unwrap_or_default();
            parts.push((refs.iter().any(|wanted| self.ref_fits(wanted)), format!("the ref ({name}{of}) in {shown}")));
        }
        if let Some(variables) = &filter.variables {
            let lookup = |name: &str| self.scope.get(name, self.own).map(Seen::from);
            let (mut any, mut because) = (false, Vec::new());
            for (expression, mark) in variables {
                let verdict = self.conditions.evaluate(expression, &lookup).map_err(|message| (*mark, message))?;
                any |= verdict.holds;
                because.extend(verdict.because);
            }
            because.truncate(MAX_SHOWN);
            let because = if because.is_empty() { String::new() } else { format!(" ({})", because.join("; ")) };
            parts.push((any, format!("`variables`{because}")));
        }
        if let Some(changes) = &filter.changes {
            let globs: Result<Vec<_>, _> =
                changes.iter().map(|text| expand(text, &|name| self.scope.get(name, self.own))).collect();
            let globs = globs.map_err(|error| (filter.mark, error.to_string()))?;
            let found = self
                .conditions
                .first_changed(self.files, None, &globs)
                .map_err(|why| (filter.mark, format!("`changes` cannot be told: {why}")))?;
            parts.push((found != Search::None, "`changes`".to_owned()));
        }
        Ok(parts)
    }
}

/// Why the filters leave a job out; `None` means that they do not.
pub(crate) fn excluded(
    only: Option<&Filter>,
    except: Option<&Filter>,
    has_workflow_rules: bool,
    run: &Run<'_>,
) -> Result<Option<String>, (Mark, String)> {
    // Without refs it is for branches and tags, which leaves no other than requests out.
    if only.map_or(!has_workflow_rules, |only| only.refs.is_none()) && run.is_for_request() {
        return Ok(Some(match only {
            Some(only) => format!("`only` in line {} names no `merge_requests`", only.mark.span.line),
            None => "without `rules` a job is not for merge requests".to_owned(),
        }));
    }
    // All parts must hold.
    if let Some(only) = only
        && let Some((_, part)) = run.parts(only)?.into_iter().find(|(holds, _)| !holds)
    {
        return Ok(Some(format!("`only` in line {} does not hold: {part}", only.mark.span.line)));
    }
    if let Some(except) = except {
        // One part is enough.
        if let Some((_, part)) = run.parts(except)?.into_iter().find(|(holds, _)| *holds) {
            return Ok(Some(format!("`except` in line {} holds: {part}", except.mark.span.line)));
        }
    }
    Ok(None)
}
