//! The words of the language as data: where each one stands, whether it is understood yet, and
//! what to use instead.

mod foreign;
mod table;

pub(crate) use table::KEYWORDS;

use crate::source::{Mark, Problem};
use crate::yaml::Map;

/// Most keywords of a place that are listed where none is near.
const MAX_LISTED: usize = 10;

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

impl Place {
    /// Where that is, for who looks for it.
    const fn whereabouts(self) -> &'static str {
        match self {
            Self::Rule => "in a rule, under `rules`",
            _ => self.describe(),
        }
    }

    /// The place in which it is.
    const fn around(self) -> Option<Self> {
        Some(match self {
            Self::Global => return None,
            Self::Spec | Self::Include | Self::Job | Self::Default | Self::Workflow => Self::Global,
            Self::Input => Self::Spec,
            Self::InputRule => Self::Input,
            Self::IncludeRule => Self::Include,
            Self::Reports => Self::Artifacts,
            Self::CoverageReport => Self::Reports,
            Self::CacheKey => Self::Cache,
            Self::ImageDocker => Self::Image,
            Self::NeedParallel => Self::Need,
            Self::Changes | Self::Exists => Self::Rule,
            Self::TriggerInclude | Self::Forward => Self::Trigger,
            Self::WorkflowRule | Self::AutoCancel => Self::Workflow,
            Self::Artifacts
            | Self::Cache
            | Self::Image
            | Self::Service
            | Self::Hooks
            | Self::Need
            | Self::Parallel
            | Self::Rule
            | Self::Environment
            | Self::Inherit
            | Self::Trigger
            | Self::Refs => Self::Job,
        })
    }

    /// How unlikely it is that a keyword of `other` was meant to stand here: least where it is one step in or out.
    fn distance(self, other: Self) -> u8 {
        match other {
            _ if other.around() == Some(self) => 0,
            _ if self.around() == Some(other) => 1,
            Self::Job => 2,
            Self::Default | Self::Global => 3,
            _ if other.around().and_then(Self::around) == Some(self) => 4,
            _ => 5,
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
    /// It goes with a keyword that is not: beside that one nothing more is to be said.
    With(&'static str, &'static str),
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

/// Whether what is wrong with a word is told by another one beside it.
pub(crate) fn is_told(map: &Map, place: Place, name: &str) -> bool {
    let first = find(place, name).map(|keyword| keyword.support);
    matches!(first, Some(Support::With(first, _)) if map.get(first).is_some())
}

/// Whether a word that is no keyword at this place is one of another language.
pub(crate) fn is_foreign(place: Place, word: &str) -> bool {
    [foreign::INSTEAD, foreign::MEANT].iter().any(|table| foreign::find(table, place, word).is_some())
}

/// The keyword that a word which is not understood was meant to be.
fn meant(place: Place, word: &str) -> Option<&'static str> {
    let with_space = understood(place).find(|one| *one == word.trim());
    with_space.or_else(|| foreign::find(foreign::MEANT, place, word)).or_else(|| closest(word, understood(place)))
}

/// What to say of a name before which stands what only looks like a space: to YAML it is part of the name.
pub(crate) fn odd_space(name: &str) -> Option<String> {
    let odd = name.chars().find(|c| c.is_whitespace() && !c.is_ascii() && name.trim() != name)?;
    Some(format!("there is a character U+{:04X} before `{}` that only looks like a space", u32::from(odd), name.trim()))
}

/// What to say of a word that is not understood at this place.
pub(crate) fn unsupported(place: Place, name: &str, mark: Mark) -> Problem {
    match find(place, name).map(|keyword| keyword.support) {
        Some(Support::Never(instead) | Support::With(_, instead)) => {
            return Problem::error(mark, format!("`{name}` is not supported by this server")).hint(instead);
        }
        Some(Support::Moved(to)) => {
            return Problem::error(mark, format!("`{name}` does not stand {} any more", place.describe())).hint(to);
        }
        Some(Support::Yes) | None => {}
    }
    let problem = Problem::error(mark, format!("`{name}` is not a keyword {}", place.describe()));
    if let Some(hint) = odd_space(name) {
        return problem.hint(hint);
    }
    if let Some(instead) = foreign::find(foreign::INSTEAD, place, name) {
        return problem.hint(instead);
    }
    if let Some(meant) = foreign::find(foreign::MEANT, place, name) {
        return problem.hint(format!("did you mean `{meant}`?"));
    }
    let close = closest(name, understood(place)).map(|close| format!("did you mean `{close}`?"));
    let elsewhere = KEYWORDS.iter().filter(|keyword| keyword.name == name).min_by_key(|one| place.distance(one.place));
    let common = |keyword: &&Keyword| {
        matches!(keyword.place, Place::Global | Place::Job | Place::Default) || keyword.place.around() == Some(place)
    };
    // A keyword that everybody knows is misplaced; a rare one is more likely mistyped.
    match elsewhere.filter(|keyword| common(keyword) || close.is_none()) {
        Some(elsewhere) => problem.hint(format!("it stands {}", elsewhere.place.whereabouts())),
        None => problem.maybe_hint(close.or_else(|| listed(place))),
    }
}

fn understood(place: Place) -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().filter(move |one| one.place == place && one.support == Support::Yes).map(|one| one.name)
}

/// The keywords of a place that has not many.
fn listed(place: Place) -> Option<String> {
    let all: Vec<_> = understood(place).map(|name| format!("`{name}`")).collect();
    let are = if all.len() == 1 { "keyword {} is" } else { "keywords {} are" }.replace("{}", place.describe());
    (all.len() <= MAX_LISTED).then(|| format!("the {are} {}", all.join(", ")))
}

/// Whether a keyword that is missing seems to be there with a typing error, which is told as such: one of its keys is
/// nearly one of `names`.
pub(crate) fn is_mistyped(map: &Map, place: Place, names: &[&str]) -> bool {
    let strange = map.entries.iter().filter(|entry| !is_supported(place, &entry.key));
    strange.filter_map(|entry| mistyped(place, &entry.key)).any(|one| names.contains(&one))
}

/// The keyword that a key which is not understood seems to stand for.
pub(crate) fn mistyped(place: Place, key: &str) -> Option<&'static str> {
    // A keyword that is known stands for itself, unless it is another language's word for one of ours.
    if is_known(place, key) { foreign::find(foreign::MEANT, place, key) } else { meant(place, key) }
}

/// The candidate that a typing error would have turned into `word`, if one is close enough.
pub(crate) fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Longer words than any keyword or sensible job name are not typing errors, and cost time.
    let length = word.chars().count();
    if length > 64 {
        return None;
    }
    let allowed = match length {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    // Of two letters one may be missing: of two that differ in one nobody knows which was meant.
    let is_near = |candidate: &str| match length {
        2 => candidate.len() == word.len() + 1,
        _ => candidate.len().abs_diff(word.len()) <= allowed,
    };
    // Enough for any real file; a suggestion must not cost more than the finding.
    const MAX_CANDIDATES: usize = 1_000;
    let folded: Vec<char> = folded(word).collect();
    let mut rows = Rows::default();
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| *candidate != word)
        .filter_map(|candidate| {
            let distance = match is_plural(word, candidate) {
                true => 1,
                false if is_near(candidate) => rows.distance(&folded, candidate, allowed)?,
                false => return None,
            };
            Some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether one of the words is the other for many: `retries` and `retry`.
fn is_plural(a: &str, b: &str) -> bool {
    let is_of = |many: &str, one: &str| {
        many.strip_suffix("ies").zip(one.strip_suffix('y')).is_some_and(|(many, one)| many == one)
    };
    is_of(a, b) || is_of(b, a)
}

/// Without case, and `-` as `_`.
fn folded(word: &str) -> impl Iterator<Item = char> {
    word.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c })
}

/// What comparing two words takes, kept from one to the next: there may be a thousand.
#[derive(Default)]
struct Rows {
    other: Vec<char>,
    before_last: Vec<usize>,
    last: Vec<usize>,
    row: Vec<usize>,
}

impl Rows {
    /// Edit distance in which two swapped neighbours count as one edit, when it is not over `most`.
    fn distance(&mut self, a: &[char], b: &str, most: usize) -> Option<usize> {
        let Self { other: b_chars, before_last, last, row } = self;
        b_chars.clear();
        b_chars.extend(folded(b));
        let b = &b_chars[..];
        last.clear();
        last.extend(0..=b.len());
        for i in 1..=a.len() {
            row.clear();
            row.push(i);
            for j in 1..=b.len() {
                let same = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (last[j - 1] + same).min(last[j] + 1).min(row[j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(before_last[j - 2] + 1);
                }
                row.push(best);
            }
            // A swap goes back over one row.
            if row.iter().chain(&*last).min().is_some_and(|least| *least > most) {
                return None;
            }
            std::mem::swap(before_last, last);
            std::mem::swap(last, row);
        }
        last.last().copied().filter(|distance| *distance <= most)
    }
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
        assert_eq!(closest("retries", job()), Some("retry"));
        assert_eq!(closest("jb", ["job", "jc"]), Some("job"));
        assert_eq!(closest("ab", ["ac", "abcd", "a", "b"]), None);
        assert_eq!(closest("flavour", job()), None);
        assert_eq!(closest(&"x".repeat(1_000), job()), None);
    }

    #[test]
    fn says_where_a_keyword_belongs() {
        let hint = |place, name| unsupported(place, name, Mark::default()).hint.unwrap_or_default();
        let cases = [
            (Place::Job, "if", "it stands in a rule, under `rules`"),
            (Place::Job, "changes", "it stands in a rule, under `rules`"),
            (Place::Job, "exists", "it stands in a rule, under `rules`"),
            (Place::Job, "matrix", "it stands under `parallel`"),
            (Place::Job, "paths", "it stands under `artifacts`"),
            (Place::Job, "junit", "it stands under `reports`"),
            (Place::Job, "url", "it stands under `environment`"),
            (Place::Default, "rules", "it stands in a job"),
            (Place::Default, "when", "it stands in a job"),
            (Place::Default, "script", "it stands in a job"),
            (Place::Rule, "script", "it stands in a job"),
            (Place::Rule, "paths", "it stands under `changes`"),
            (Place::Workflow, "if", "it stands in a rule of `workflow`"),
            (Place::Include, "if", "it stands in a rule of `include`"),
            (Place::Artifacts, "junit", "it stands under `reports`"),
            (Place::Artifacts, "cache", "it stands in a job"),
        ];
        for (place, name, wanted) in cases {
            assert_eq!(hint(place, name), wanted, "{name} {}", place.describe());
        }
    }

    #[test]
    fn knows_what_words_of_other_languages_mean() {
        for (place, word, meant) in foreign::MEANT {
            assert!(!is_supported(*place, word) && is_supported(*place, meant), "{word}");
        }
        for (place, word, instead) in foreign::INSTEAD {
            assert!(!is_known(*place, word) && !instead.ends_with('.'), "{word}");
        }
    }

    #[test]
    fn the_table_is_well_formed() {
        for (i, one) in KEYWORDS.iter().enumerate() {
            let again = KEYWORDS[i + 1..].iter().any(|other| other.place == one.place && other.name == one.name);
            assert!(!again, "{} stands twice in the table", one.name);
            if let Support::Never(instead) | Support::With(_, instead) | Support::Moved(instead) = one.support {
                assert!(!instead.is_empty() && !instead.ends_with('.'), "{}", one.name);
            }
        }
    }
}
