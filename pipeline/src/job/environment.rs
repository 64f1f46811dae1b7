//! `environment`.

use model::plan::{Environment, EnvironmentAction};

use crate::keywords::{Place, is_mistyped};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind};

const ACTIONS: &[(&str, EnvironmentAction)] = &[
    ("start", EnvironmentAction::Start),
    ("prepare", EnvironmentAction::Prepare),
    ("stop", EnvironmentAction::Stop),
    ("verify", EnvironmentAction::Verify),
    ("access", EnvironmentAction::Access),
];

const TIERS: &[(&str, &str)] = &[
    ("production", "production"),
    ("staging", "staging"),
    ("testing", "testing"),
    ("development", "development"),
    ("other", "other"),
];

/// Longest name, in characters.
const MAX_NAME: usize = 255;

/// Returns also whether it is known what its `action` is.
pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<(Environment, bool)> {
    let map = match &entry.value.kind {
        Kind::Null | Kind::Broken => return None,
        Kind::Scalar(_) => {
            let name = read::text(entry, "environment", report)?;
            check_name(&name, entry.value_mark(), report);
            return Some((Environment { name, ..Environment::default() }, true));
        }
        Kind::Map(map) => map,
        _ => {
            let wanted = "a name (a string) or a mapping with `name`";
            read::mismatch(report, entry.value_mark(), "environment", wanted, &entry.value);
            return None;
        }
    };
    read::only_known(map, Place::Environment, report);
    let mut environment = Environment::default();
    match map.get("name") {
        Some(name) => {
            environment.name = read::text(name, "name", report).unwrap_or_default();
            check_name(&environment.name, name.value_mark(), report);
        }
        None if entry.value.broken || is_mistyped(map, Place::Environment, &["name"]) => {}
        None => report.add(Problem::error(entry.mark, "`environment` needs `name`").hint("`name: production`")),
    }
    environment.url = map.get("url").and_then(|entry| read::text_if_any(entry, "url", report));
    environment.on_stop = map.get("on_stop").and_then(|entry| read::text(entry, "on_stop", report));
    let action = map.get("action");
    let found = action.and_then(|action| read::word(&action.value, action.value_mark(), "action", ACTIONS, report));
    let may_be_another = || entry.value.broken || is_mistyped(map, Place::Environment, &["action"]);
    let knows_action = found.is_some() || (action.is_none() && !may_be_another());
    environment.action = found.unwrap_or_default();
    environment.deployment_tier = map
        .get("deployment_tier")
        .and_then(|entry| read::word(&entry.value, entry.value_mark(), "deployment_tier", TIERS, report))
        .map(ToOwned::to_owned);
    Some((environment, knows_action))
}

fn check_name(name: &str, mark: Mark, report: &mut Report) {
    let usable = |c: char| c.is_alphanumeric() || " -_/.${}".contains(c);
    if !name.chars().all(usable) || name.starts_with('/') || name.ends_with('/') {
        report.error(
            mark,
            "the name of an environment is made of letters, digits, spaces and `-_/.${}`, without `/` at its ends",
        );
    } else if name.chars().count() > MAX_NAME {
        report.error(mark, format!("the name of an environment has at most {MAX_NAME} characters"));
    }
}
