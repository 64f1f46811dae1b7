//! `inherit`: what a job takes over from `default` and from the variables of the file.

use crate::keywords::{self, Place};
use crate::read;
use crate::source::{Problem, Report};
use crate::yaml::{Entry, Kind};

/// Which names are taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Inherited {
    #[default]
    All,
    None,
    Only(Vec<String>),
}

impl Inherited {
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Only(names) => names.iter().any(|known| known == name),
        }
    }
}

/// Returns what is taken over from `default`, and of the variables.
pub(super) fn read(entry: &Entry, report: &mut Report) -> (Inherited, Inherited) {
    let Some(map) = read::map(entry, "inherit", report) else { return Default::default() };
    read::only_known(map, Place::Inherit, report);
    let mut one =
        |key: &str, check: bool| map.get(key).map(|entry| names(entry, key, check, report)).unwrap_or_default();
    (one("default", true), one("variables", false))
}

fn names(entry: &Entry, what: &str, keywords_only: bool, report: &mut Report) -> Inherited {
    match &entry.value.kind {
        Kind::Null | Kind::Broken => Inherited::All,
        Kind::Scalar(scalar) if let Some(all) = scalar.as_boolean() => {
            read::warn_of_boolean(scalar, entry.value_mark(), report);
            if all { Inherited::All } else { Inherited::None }
        }
        Kind::List(_) => {
            let found = read::strings(entry, what, report).unwrap_or_default();
            for (name, mark) in found.iter().filter(|_| keywords_only) {
                if !keywords::is_known(Place::Default, name) {
                    let problem = Problem::error(*mark, format!("`{name}` is not a keyword under `default`"));
                    let here = keywords::KEYWORDS.iter().filter(|k| k.place == Place::Default).map(|k| k.name);
                    let close = keywords::closest(name, here);
                    report.add(problem.maybe_hint(close.map(|close| format!("did you mean `{close}`?"))));
                }
            }
            Inherited::Only(found.into_iter().map(|(name, _)| name).collect())
        }
        _ => {
            read::mismatch(report, entry.value_mark(), what, "`true`, `false` or a list of names", &entry.value);
            Inherited::All
        }
    }
}
