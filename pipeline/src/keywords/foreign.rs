//! Words of other languages, and of none, that are written for ours.

use super::Place;

/// What a word that is no keyword where it stands was meant to be.
#[rustfmt::skip]
pub(super) const MEANT: &[(Place, &str, &str)] = &[
    (Place::Global, "env", "variables"),
    (Place::Global, "environment", "variables"),
    (Place::Global, "vars", "variables"),
    (Place::Job, "env", "variables"),
    (Place::Job, "environment_variables", "variables"),
    (Place::Job, "vars", "variables"),
    (Place::Job, "depends", "needs"),
    (Place::Job, "depends_on", "needs"),
    (Place::Job, "requires", "needs"),
    (Place::Job, "run", "script"),
    (Place::Job, "steps", "script"),
    (Place::Job, "command", "script"),
    (Place::Job, "commands", "script"),
    (Place::Job, "cmd", "script"),
    (Place::Job, "start", "start_in"),
    (Place::Job, "runs-on", "tags"),
    (Place::Job, "runs_on", "tags"),
    (Place::Job, "runner", "tags"),
    (Place::Job, "runners", "tags"),
    (Place::Job, "container", "image"),
    (Place::Job, "continue-on-error", "allow_failure"),
    (Place::Job, "timeout-minutes", "timeout"),
    (Place::Job, "on", "rules"),
    (Place::Job, "condition", "rules"),
    (Place::Job, "conditions", "rules"),
    (Place::Artifacts, "expire", "expire_in"),
    (Place::Artifacts, "expires", "expire_in"),
    (Place::Artifacts, "expires_in", "expire_in"),
    (Place::Artifacts, "files", "paths"),
    (Place::Cache, "files", "paths"),
    (Place::Cache, "keys", "key"),
    (Place::Need, "name", "job"),
    (Place::Include, "path", "local"),
    (Place::Include, "url", "remote"),
    (Place::Include, "branch", "ref"),
    (Place::TriggerInclude, "path", "local"),
    (Place::Service, "image", "name"),
    (Place::Image, "image", "name"),
    (Place::Rule, "only", "if"),
    (Place::Rule, "except", "if"),
    (Place::Refs, "branches", "refs"),
    (Place::Refs, "branch", "refs"),
    (Place::Refs, "tags", "refs"),
    (Place::Refs, "ref", "refs"),
];

/// What to do instead of a word that has no counterpart there.
pub(super) const INSTEAD: &[(Place, &str, &str)] = &[
    (Place::Global, "jobs", "jobs stand at the top of the file"),
    (Place::Global, "on", "`workflow` with `rules` says what runs are made for"),
    (Place::Global, "name", "`workflow` with `name` gives runs a name"),
    (Place::Job, "name", "the name of a job is the key that it stands under"),
    (Place::Job, "description", "say it in a comment, after `#`"),
    (Place::Default, "variables", "variables of all jobs stand at the top of the file"),
    (Place::Refs, "rules", "`rules` stands in the job itself, instead of `only` and `except`"),
    (Place::Rule, "only", "`only` stands in the job itself, instead of `rules`; here say it with an `if`"),
    (
        Place::Rule,
        "except",
        "`except` stands in the job itself, instead of `rules`; here say it with an `if` and `when: never`",
    ),
    (Place::WorkflowRule, "start_in", "a whole run does not wait; a job does, with `when: delayed`"),
];

/// The second of the words that stand beside the first at a place.
pub(super) fn find(table: &[(Place, &str, &'static str)], place: Place, word: &str) -> Option<&'static str> {
    table.iter().find(|(at, name, _)| *at == place && *name == word).map(|(_, _, told)| *told)
}
