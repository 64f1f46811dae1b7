//! The words of the language as data: where each one stands, whether it is understood yet, and
//! what to use instead.

use crate::source::{Mark, Problem};

/// Where a keyword may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the top of the file.
    Global,
    /// In a job.
    Job,
    /// Under `default`.
    Default,
    /// Under `artifacts`.
    Artifacts,
    /// In one entry of `needs`.
    Need,
    /// In one entry of a job's `rules`.
    Rule,
    /// Under `workflow`.
    Workflow,
    /// In one entry of the workflow's `rules`.
    WorkflowRule,
}

impl Place {
    /// Where that is, as it ends a sentence.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Global => "at the top of the file",
            Self::Job => "in a job",
            Self::Default => "under `default`",
            Self::Artifacts => "under `artifacts`",
            Self::Need => "in an entry of `needs`",
            Self::Rule => "in a rule",
            Self::Workflow => "under `workflow`",
            Self::WorkflowRule => "in a rule of `workflow`",
        }
    }
}

/// How far a keyword is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// It is.
    Yes,
    /// Not yet; the text says what to do meanwhile.
    Later(&'static str),
    /// It will not be; the text says what to use instead.
    Never(&'static str),
    /// An old place or an old name; the text says where it went.
    Moved(&'static str),
}

/// One keyword at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyword {
    pub place: Place,
    pub name: &'static str,
    pub support: Support,
}

const fn yes(place: Place, name: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Yes }
}

const fn later(place: Place, name: &'static str, instead: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Later(instead) }
}

const fn never(place: Place, name: &'static str, instead: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Never(instead) }
}

const fn moved(place: Place, name: &'static str, to: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Moved(to) }
}

const UNDER_DEFAULT: &str = "put it under `default`";
const RULES: &str = "use `rules` with `if`";
const FILES: &str = "compare in `script`, for example with `git diff --quiet`";
const IMAGE: &str = "the runner's own shell runs the scripts; call `docker run` or `podman run` in `script`";
const SECRETS: &str = "give the job a variable of the project or of the run";
const CACHE: &str = "keep a folder outside the workspace, or hand files on with `artifacts`";
const GENERATE: &str = "write each job out; `extends` keeps them short";

/// Every keyword of the language, by place. What is missing here is unknown.
#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword] = &[
    yes(Place::Global, "stages"),
    yes(Place::Global, "variables"),
    yes(Place::Global, "default"),
    yes(Place::Global, "workflow"),
    later(Place::Global, "include", "copy the included text into this file"),
    later(Place::Global, "spec", "use `variables` with `description` and `options`"),
    later(Place::Global, "image", IMAGE),
    later(Place::Global, "services", IMAGE),
    later(Place::Global, "cache", CACHE),
    moved(Place::Global, "before_script", UNDER_DEFAULT),
    moved(Place::Global, "after_script", UNDER_DEFAULT),
    moved(Place::Global, "types", "it is called `stages` now"),
    never(Place::Global, "dast_configuration", "run the scanner in a job"),

    yes(Place::Job, "script"),
    yes(Place::Job, "before_script"),
    yes(Place::Job, "after_script"),
    yes(Place::Job, "stage"),
    yes(Place::Job, "extends"),
    yes(Place::Job, "variables"),
    yes(Place::Job, "needs"),
    yes(Place::Job, "when"),
    yes(Place::Job, "rules"),
    yes(Place::Job, "allow_failure"),
    yes(Place::Job, "artifacts"),
    yes(Place::Job, "timeout"),
    yes(Place::Job, "retry"),
    later(Place::Job, "start_in", "use `when: manual`"),
    later(Place::Job, "dependencies", "list the jobs under `needs`; `artifacts: false` leaves their files out"),
    later(Place::Job, "cache", CACHE),
    later(Place::Job, "parallel", GENERATE),
    later(Place::Job, "tags", "leave it out: the embedded runner takes every job"),
    later(Place::Job, "interruptible", "leave it out: a run is only canceled by somebody"),
    later(Place::Job, "resource_group", "hold a lock in `script`, for example with `flock`"),
    later(Place::Job, "environment", "leave it out, and hand its address on in `variables`"),
    later(Place::Job, "inherit", "overwrite the keyword in the job"),
    later(Place::Job, "image", IMAGE),
    later(Place::Job, "services", IMAGE),
    later(Place::Job, "coverage", "print the number; the log keeps it"),
    later(Place::Job, "trigger", "start the other pipeline with `weir run` in `script`"),
    later(Place::Job, "manual_confirmation", "use `when: manual`"),
    later(Place::Job, "hooks", "use `before_script`"),
    later(Place::Job, "only", RULES),
    later(Place::Job, "except", RULES),
    never(Place::Job, "release", "call the tool that makes the release in `script`"),
    never(Place::Job, "pages", "keep the files with `artifacts`"),
    never(Place::Job, "publish", "keep the files with `artifacts`"),
    never(Place::Job, "secrets", SECRETS),
    never(Place::Job, "id_tokens", SECRETS),
    never(Place::Job, "identity", SECRETS),
    never(Place::Job, "run", "use `script`"),
    never(Place::Job, "inputs", "use `variables`"),
    never(Place::Job, "dast_configuration", "run the scanner in a job"),
    moved(Place::Job, "type", "it is called `stage` now"),

    yes(Place::Default, "before_script"),
    yes(Place::Default, "after_script"),
    yes(Place::Default, "artifacts"),
    yes(Place::Default, "timeout"),
    yes(Place::Default, "retry"),
    later(Place::Default, "cache", CACHE),
    later(Place::Default, "hooks", "use `before_script`"),
    later(Place::Default, "image", IMAGE),
    later(Place::Default, "services", IMAGE),
    later(Place::Default, "interruptible", "leave it out: a run is only canceled by somebody"),
    later(Place::Default, "tags", "leave it out: the embedded runner takes every job"),
    never(Place::Default, "id_tokens", SECRETS),
    never(Place::Default, "identity", SECRETS),

    yes(Place::Artifacts, "paths"),
    yes(Place::Artifacts, "when"),
    later(Place::Artifacts, "exclude", "list what is wanted under `paths`"),
    later(Place::Artifacts, "expire_in", "leave it out: artifacts are kept with their run"),
    later(Place::Artifacts, "expose_as", "leave it out: the job's page lists the files"),
    later(Place::Artifacts, "name", "leave it out: the archive is called `artifacts.zip`"),
    later(Place::Artifacts, "untracked", "list what is wanted under `paths`"),
    later(Place::Artifacts, "reports", "keep the report with `paths`"),
    later(Place::Artifacts, "public", "leave it out: who sees the run sees its files"),
    later(Place::Artifacts, "access", "leave it out: who sees the run sees its files"),

    yes(Place::Need, "job"),
    yes(Place::Need, "artifacts"),
    yes(Place::Need, "optional"),
    later(Place::Need, "parallel", "need the whole job"),
    later(Place::Need, "pipeline", "need a job of this pipeline"),
    never(Place::Need, "project", "need a job of this pipeline"),
    never(Place::Need, "ref", "need a job of this pipeline"),

    yes(Place::Rule, "if"),
    yes(Place::Rule, "when"),
    yes(Place::Rule, "allow_failure"),
    yes(Place::Rule, "variables"),
    yes(Place::Rule, "needs"),
    later(Place::Rule, "changes", FILES),
    later(Place::Rule, "exists", FILES),
    later(Place::Rule, "start_in", "use `when: manual`"),
    later(Place::Rule, "interruptible", "leave it out: a run is only canceled by somebody"),

    yes(Place::Workflow, "rules"),
    later(Place::Workflow, "name", "give the pipeline its name on the server"),
    later(Place::Workflow, "auto_cancel", "leave it out: a run is only canceled by somebody"),

    yes(Place::WorkflowRule, "if"),
    yes(Place::WorkflowRule, "when"),
    yes(Place::WorkflowRule, "variables"),
    later(Place::WorkflowRule, "changes", FILES),
    later(Place::WorkflowRule, "exists", FILES),
    later(Place::WorkflowRule, "auto_cancel", "leave it out: a run is only canceled by somebody"),
];

fn find(place: Place, name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.place == place && keyword.name == name)
}

/// Whether the word means something at this place, understood or not.
pub(crate) fn is_known(place: Place, name: &str) -> bool {
    find(place, name).is_some()
}

/// Whether the word is understood at this place.
pub(crate) fn is_supported(place: Place, name: &str) -> bool {
    find(place, name).is_some_and(|keyword| keyword.support == Support::Yes)
}

/// What to say of a word that is not understood at this place.
pub(crate) fn unsupported(place: Place, name: &str, mark: Mark) -> Problem {
    match find(place, name).map(|keyword| keyword.support) {
        Some(Support::Later(instead)) => {
            return Problem::error(mark, format!("`{name}` is not supported yet")).hint(instead);
        }
        Some(Support::Never(instead)) => {
            return Problem::error(mark, format!("`{name}` is not supported by this server")).hint(instead);
        }
        Some(Support::Moved(to)) => {
            return Problem::error(mark, format!("`{name}` does not stand {} any more", place.describe())).hint(to);
        }
        Some(Support::Yes) | None => {}
    }
    let problem = Problem::error(mark, format!("`{name}` is not a keyword {}", place.describe()));
    if let Some(elsewhere) = KEYWORDS.iter().find(|keyword| keyword.name == name) {
        return problem.hint(format!("it stands {}", elsewhere.place.describe()));
    }
    let here = KEYWORDS.iter().filter(|keyword| keyword.place == place).map(|keyword| keyword.name);
    problem.maybe_hint(closest(name, here).map(|close| format!("did you mean `{close}`?")))
}

/// The candidate that a typing error would have turned into `word`, if one is close enough.
pub(crate) fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Longer words than any keyword or sensible job name are not typing errors, and cost time.
    let length = word.chars().count();
    if length > 64 {
        return None;
    }
    let allowed = match length {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    // Enough for any real file; a suggestion must not cost more than the finding.
    const MAX_CANDIDATES: usize = 1_000;
    let folded = word.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= allowed && *candidate != word)
        .map(|candidate| (distance(&folded, &candidate.to_lowercase().replace('-', "_")), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance in which two swapped neighbours count as one edit.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j - 1] + same).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let job = || KEYWORDS.iter().filter(|k| k.place == Place::Job).map(|k| k.name);
        assert_eq!(closest("scirpt", job()), Some("script"));
        assert_eq!(closest("before-script", job()), Some("before_script"));
        assert_eq!(closest("Stage", job()), Some("stage"));
        assert_eq!(closest("need", job()), Some("needs"));
        assert_eq!(closest("allowed_failure", job()), Some("allow_failure"));
        assert_eq!(closest("flavour", job()), None);
        assert_eq!(closest(&"x".repeat(1_000), job()), None);
    }

    #[test]
    fn the_table_is_well_formed() {
        for (i, one) in KEYWORDS.iter().enumerate() {
            let again = KEYWORDS[i + 1..].iter().any(|other| other.place == one.place && other.name == one.name);
            assert!(!again, "{} stands twice in the table", one.name);
            if let Support::Later(instead) | Support::Never(instead) | Support::Moved(instead) = one.support {
                assert!(!instead.is_empty() && !instead.ends_with('.'), "{}", one.name);
            }
        }
    }
}
