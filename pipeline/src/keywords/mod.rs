//! The words of the language as data: where each one stands, whether it is understood yet, and
//! what to use instead.

mod table;

pub(crate) use table::KEYWORDS;

use crate::source::{Mark, Problem};

/// Where a keyword may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Global,
    Spec,
    Input,
    InputRule,
    Include,
    IncludeRule,
    Job,
    Default,
    Artifacts,
    Reports,
    CoverageReport,
    Cache,
    CacheKey,
    Image,
    ImageDocker,
    Service,
    Hooks,
    Need,
    NeedParallel,
    Parallel,
    Rule,
    Changes,
    Exists,
    Environment,
    Inherit,
    Trigger,
    TriggerInclude,
    Forward,
    Refs,
    Workflow,
    WorkflowRule,
    AutoCancel,
}

impl Place {
    /// Where that is, as it ends a sentence.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Global => "at the top of the file",
            Self::Spec => "under `spec`",
            Self::Input => "in an input",
            Self::InputRule => "in a rule of an input",
            Self::Include => "in an entry of `include`",
            Self::IncludeRule => "in a rule of `include`",
            Self::Job => "in a job",
            Self::Default => "under `default`",
            Self::Artifacts => "under `artifacts`",
            Self::Reports => "under `reports`",
            Self::CoverageReport => "under `coverage_report`",
            Self::Cache => "under `cache`",
            Self::CacheKey => "under `cache:key`",
            Self::Image => "under `image`",
            Self::ImageDocker => "under `docker`",
            Self::Service => "in an entry of `services`",
            Self::Hooks => "under `hooks`",
            Self::Need => "in an entry of `needs`",
            Self::NeedParallel => "under `needs:parallel`",
            Self::Parallel => "under `parallel`",
            Self::Rule => "in a rule",
            Self::Changes => "under `changes`",
            Self::Exists => "under `exists`",
            Self::Environment => "under `environment`",
            Self::Inherit => "under `inherit`",
            Self::Trigger => "under `trigger`",
            Self::TriggerInclude => "in an entry of `trigger:include`",
            Self::Forward => "under `forward`",
            Self::Refs => "under `only` and `except`",
            Self::Workflow => "under `workflow`",
            Self::WorkflowRule => "in a rule of `workflow`",
            Self::AutoCancel => "under `auto_cancel`",
        }
    }
}

/// How far a keyword is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// It is.
    Yes,
    /// It is not; the text says what to use instead.
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
        Some(Support::Never(instead)) => {
            return Problem::error(mark, format!("`{name}` is not supported by this server")).hint(instead);
        }
        Some(Support::Moved(to)) => {
            return Problem::error(mark, format!("`{name}` does not stand {} any more", place.describe())).hint(to);
        }
        Some(Support::Yes) | None => {}
    }
    let problem = Problem::error(mark, format!("`{name}` is not a keyword {}", place.describe()));
    let here = KEYWORDS.iter().filter(|keyword| keyword.place == place && keyword.support == Support::Yes);
    let here = here.map(|keyword| keyword.name);
    let close = closest(name, here).map(|close| format!("did you mean `{close}`?"));
    let elsewhere = KEYWORDS.iter().find(|keyword| keyword.name == name);
    let common = |keyword: &&Keyword| matches!(keyword.place, Place::Global | Place::Job | Place::Default);
    // A keyword that everybody knows is misplaced; a rare one is more likely mistyped.
    match elsewhere.filter(|keyword| common(keyword) || close.is_none()) {
        Some(elsewhere) => problem.hint(format!("it stands {}", elsewhere.place.describe())),
        None => problem.maybe_hint(close),
    }
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
            if let Support::Never(instead) | Support::Moved(instead) = one.support {
                assert!(!instead.is_empty() && !instead.ends_with('.'), "{}", one.name);
            }
        }
    }
}
