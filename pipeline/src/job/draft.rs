//! A job as the file has it, before it is seen together with the others.

use std::rc::Rc;

use model::plan::{AllowFailure, PlannedJob, When};

use super::inherit::{self, Inherited};
use super::needs::{self, Needs};
use super::only::{self, Filter};
use super::parallel::{self, Parallel};
use super::shared::Shared;
use super::trigger::IncludePlace;
use super::variables::Own;
use super::{artifacts, cache, container, environment, policy, simple, trigger};
use crate::extends;
use crate::keywords::{self, Place};
use crate::read;
use crate::rules::{self, Conditions, Rule};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, Map};

/// Longest name of a job or a stage, in characters (contracts/ci-yaml.md, limits).
pub(crate) const MAX_NAME: usize = 255;
/// The stage of a job that names none.
const DEFAULT_STAGE: &str = "test";

/// A job before it is seen together with the others.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub name: Rc<str>,
    pub mark: Mark,
    pub stage_mark: Mark,
    pub when_mark: Mark,
    /// What the plan will have of it; rules, needs and variables come later.
    pub planned: PlannedJob,
    /// Whether the one exit code was written as a number rather than as a list.
    pub single_exit_code: bool,
    pub needs: Option<Needs>,
    pub dependencies: Option<Vec<(String, Mark)>>,
    /// `None` means that the job has no rules.
    pub rules: Option<Vec<Rule>>,
    pub only: Option<Filter>,
    pub except: Option<Filter>,
    /// Its own variables.
    pub variables: Rc<Own>,
    /// Whether it lacks a parent, which may say what it does not say itself.
    pub lacks_parent: bool,
    /// Whether what decides if it is in the run could be read.
    pub has_sound_rules: bool,
    /// Whether nothing in it is wrong.
    pub is_sound: bool,
    /// Which variables of the file it takes over.
    pub inherits: Inherited,
    pub parallel: Option<Parallel>,
    /// Whether that are all its instances.
    pub knows_instances: bool,
    /// Whether it is known what it does with its environment, or that it has none.
    pub knows_action: bool,
    /// Whether it is known which artifacts it has.
    pub knows_artifacts: bool,
    /// Where the files of its `trigger` are named.
    pub includes: Vec<IncludePlace>,
    /// Where its `environment` stands, and the `on_stop` in it.
    pub environment_mark: Mark,
    pub on_stop_mark: Mark,
    /// Where the keywords stand that a host may be unable to serve or to name.
    pub hosted: Vec<(&'static str, Mark)>,
}

/// The keywords whose values are checked again by who carries the plan out.
const HOSTED: [&str; 8] =
    ["image", "services", "tags", "environment", "resource_group", "start_in", "trigger", "needs"];

impl Draft {
    /// Whether what it is in the run for is said at all, and is not plainly nothing.
    pub fn may_be_for_others(&self) -> bool {
        let own = self.planned.when;
        match &self.rules {
            Some(rules) => rules.iter().any(|rule| rule.when.unwrap_or(own) != When::Never),
            None => own != When::Never && (self.only.is_some() || self.except.is_some()),
        }
    }

    /// How many jobs of the run it may become.
    pub fn instances(&self) -> usize {
        match &self.parallel {
            None => 1,
            Some(Parallel::Number(n)) => *n as usize,
            Some(Parallel::Matrix(instances)) => instances.len(),
        }
    }
}

/// Where the values of a job's keywords come from.
struct Sources<'m> {
    entry: &'m Entry,
    body: &'m Map,
    default: &'m Map,
    inherits: Inherited,
    /// The keywords that it seems to have with a typing error.
    mistyped: Vec<&'static str>,
}

impl<'m> Sources<'m> {
    /// What the job says itself. `null` means that it says nothing.
    fn own(&self, key: &str) -> Option<&'m Entry> {
        self.body.get(key)
    }

    /// Whether more of it than is known may be given.
    fn lacks_parent(&self) -> bool {
        extends::lacks_parent(self.body) || self.mistyped.contains(&"extends")
    }

    /// Whether it may say something under a key under which nothing stands: in a parent that is missing, or with a
    /// typing error.
    fn may_say(&self, key: &str) -> bool {
        self.lacks_parent() || self.mistyped.contains(&key)
    }

    /// The job, when a keyword of it stands somewhere else, where it may be as it should be.
    fn brought(&self, keyword: &Entry) -> Option<&'m Rc<str>> {
        let (job, keyword) = (self.entry.value.mark, keyword.mark);
        let is_own = job.file == keyword.file && (job.span.start..job.span.end).contains(&keyword.span.start);
        (!is_own).then_some(&self.entry.key)
    }

    /// What the job says, or else `default`.
    fn given(&self, key: &str) -> Option<&'m Entry> {
        self.own(key).or_else(|| self.default.get(key).filter(|_| self.inherits.has(key)))
    }
}

/// Reads a job. `body` is its mapping after `extends`; keys that it lacks come from `default`.
/// There is always a draft, so that other jobs may need it; what is wrong is in the report.
pub(crate) fn read_job(
    entry: &Entry,
    body: &Map,
    default: &Map,
    shared: &mut Shared,
    conditions: &mut Conditions,
    report: &mut Report,
) -> Draft {
    let errors = report.errors();
    report.about("jobs");
    check_name(&entry.key, "a job", entry.mark, report);
    report.about("keywords-of-a-job");
    let before = report.errors();
    read::only_known(body, Place::Job, report);
    let mistyped = if before < report.errors() { shared.mistyped(body) } else { Vec::new() };
    let mut from = Sources { entry, body, default, inherits: Inherited::All, mistyped };
    let mut inherits_variables = Inherited::All;
    if let Some(inherit) = from.own("inherit") {
        report.about("inherit");
        (from.inherits, inherits_variables) = inherit::read(inherit, report);
    }
    let planned = PlannedJob {
        name: String::from(&*entry.key),
        base_name: String::from(&*entry.key),
        stage: if from.may_say("stage") { String::new() } else { DEFAULT_STAGE.to_owned() },
        line: entry.mark.span.line,
        file: if entry.mark.file == 0 { String::new() } else { report.file_name(entry.mark.file).to_owned() },
        ..PlannedJob::default()
    };
    let mut draft = Draft {
        name: Rc::clone(&entry.key),
        mark: entry.mark,
        stage_mark: entry.mark,
        when_mark: entry.mark,
        planned,
        single_exit_code: false,
        needs: None,
        dependencies: None,
        rules: None,
        only: None,
        except: None,
        variables: Rc::default(),
        lacks_parent: from.lacks_parent(),
        has_sound_rules: true,
        is_sound: false,
        inherits: inherits_variables,
        parallel: None,
        knows_instances: true,
        knows_action: true,
        knows_artifacts: true,
        includes: Vec::new(),
        environment_mark: entry.mark,
        on_stop_mark: entry.mark,
        hosted: HOSTED.iter().filter_map(|key| Some((*key, from.given(key)?.mark))).collect(),
    };
    report.in_job(Some(&entry.key));
    order(&from, &mut draft, shared, conditions, report);
    report.in_job(None);
    if from.own("trigger").is_some() {
        child(&from, entry, &mut draft, report);
    } else {
        work(&from, entry, &mut draft, conditions, report);
    }
    draft.is_sound = errors == report.errors() && !entry.value.broken;
    draft
}

/// What the scheduler asks: when the job runs, and after what.
fn order(from: &Sources<'_>, draft: &mut Draft, shared: &mut Shared, conditions: &mut Conditions, report: &mut Report) {
    let planned = &mut draft.planned;
    report.about("stage");
    if let Some(stage) = from.own("stage") {
        draft.stage_mark = stage.value_mark();
        planned.stage = read::text(stage, "stage", report).unwrap_or_default();
    }
    report.about("variables-of-a-job");
    if let Some(variables) = from.own("variables") {
        draft.variables = shared.variables(variables, report);
    }
    report.about("needs");
    draft.needs = from.own("needs").and_then(|needs| needs::read(needs, report));
    planned.parent_needs = draft.needs.as_ref().map(|needs| needs.parents.clone()).unwrap_or_default();
    report.about("when");
    let mut has_when = false;
    if let Some(when) = from.own("when") {
        draft.when_mark = when.value_mark();
        let when = policy::when(when, report);
        has_when = when.is_some();
        planned.when = when.unwrap_or_default();
    }
    start_in(from, draft, has_when, report);
    let planned = &mut draft.planned;
    report.about("when");
    planned.manual_confirmation =
        from.own("manual_confirmation").and_then(|entry| read::text(entry, "manual_confirmation", report));
    report.about("rules");
    let errors = report.errors();
    draft.rules = from.own("rules").and_then(|rules| rules::read(rules, Place::Rule, conditions, report));
    report.about("only-and-except");
    for (key, slot) in [("only", &mut draft.only), ("except", &mut draft.except)] {
        let Some(entry) = from.own(key) else { continue };
        if draft.rules.is_some() {
            let problem = Problem::error(entry.mark, format!("`{key}` does not stand beside `rules`"));
            report.add(problem.hint("say it with an `if`").of_job(from.brought(entry)));
        }
        *slot = only::read(entry, key, conditions, report);
    }
    let is_broken = |key: &str| from.own(key).is_some_and(|entry| entry.value.broken);
    draft.has_sound_rules = errors == report.errors() && !["rules", "only", "except"].into_iter().any(is_broken);
    report.about("allow_failure");
    match from.own("allow_failure").and_then(|entry| policy::allow_failure(entry, report)) {
        Some((allowed, single)) => (planned.allow_failure, draft.single_exit_code) = (allowed, single),
        // A manual job that says nothing blocks nobody, unless rules decide.
        None => planned.allow_failure = AllowFailure::Bool(planned.when == When::Manual && draft.rules.is_none()),
    }
    report.about("parallel");
    let parallel = from.own("parallel");
    draft.parallel = parallel.and_then(|parallel| parallel::read(parallel, report));
    draft.knows_instances = match parallel {
        // A parent that is missing may add a key beside the `matrix`, but nothing to the list.
        Some(entry) => {
            let matrix = entry.value.as_map().and_then(|map| map.get("matrix"));
            draft.parallel.is_some() && matrix.is_none_or(|matrix| !matrix.value.broken)
        }
        None => !from.may_say("parallel"),
    };
    report.about("interruptible");
    let interruptible = from.given("interruptible").and_then(|entry| read::boolean(entry, "interruptible", report));
    planned.interruptible = interruptible.unwrap_or(false);
    report.about("resource_group");
    planned.resource_group =
        from.own("resource_group").and_then(|entry| read::text_if_any(entry, "resource_group", report));
    report.about("environment");
    draft.knows_action = !from.may_say("environment");
    if let Some(entry) = from.own("environment") {
        let (environment, knows_action) = environment::read(entry, report).unzip();
        planned.environment = environment;
        draft.knows_action = knows_action.unwrap_or(false);
        draft.environment_mark = entry.mark;
        let on_stop = entry.value.as_map().and_then(|map| map.get("on_stop"));
        draft.on_stop_mark = on_stop.map_or(entry.mark, Entry::value_mark);
    }
}

fn start_in(from: &Sources<'_>, draft: &mut Draft, has_when: bool, report: &mut Report) {
    report.about("start_in");
    if !has_when && (from.own("when").is_some() || from.may_say("when")) {
        // What it was to say is not known.
        draft.planned.start_in = from.own("start_in").and_then(|entry| policy::start_in(entry, report));
        return;
    }
    let delayed = draft.planned.when == When::Delayed;
    match from.own("start_in") {
        Some(entry) if delayed => draft.planned.start_in = policy::start_in(entry, report),
        Some(entry) if from.own("rules").is_none() => {
            let problem = Problem::error(entry.mark, "`start_in` is for jobs with `when: delayed`");
            report.add(problem.hint("add `when: delayed`"));
        }
        Some(entry) => {
            let problem = Problem::error(entry.mark, "`start_in` is for jobs with `when: delayed`");
            report.add(problem.hint("write it in the rule that says `when: delayed`"));
        }
        None if delayed && !from.may_say("start_in") => {
            let problem = Problem::error(draft.when_mark, "`when: delayed` needs `start_in`");
            report.add(problem.hint("`start_in: 10 minutes`"));
        }
        None => {}
    }
}

/// What the runner asks: what is run, where and with what.
fn work(from: &Sources<'_>, entry: &Entry, draft: &mut Draft, conditions: &Conditions, report: &mut Report) {
    let planned = &mut draft.planned;
    if &*entry.key == "pages" {
        report.about("not-supported");
        let problem =
            Problem::warning(entry.mark, "a job called `pages` is a job like any other: it publishes nothing");
        report.add(problem.hint("keep the files with `artifacts`, or give the job another name"));
    }
    report.about("script");
    script(from, entry, &mut planned.script, report);
    let commands =
        |key: &str, report: &mut Report| from.given(key).and_then(|entry| read::commands(entry, key, report));
    planned.before_script = commands("before_script", report).unwrap_or_default();
    planned.after_script = commands("after_script", report).unwrap_or_default();
    report.about("dependencies");
    draft.dependencies = from.own("dependencies").and_then(|entry| needs::dependencies(entry, report));
    report.about("artifacts");
    let errors = report.errors();
    planned.artifacts = from.given("artifacts").and_then(|artifacts| artifacts::read(artifacts, report));
    draft.knows_artifacts = errors == report.errors() && !from.may_say("artifacts");
    report.about("cache");
    planned.cache = from.given("cache").map(|entry| cache::read(entry, report)).unwrap_or_default();
    report.about("timeout");
    planned.timeout = from.given("timeout").and_then(|timeout| policy::timeout(timeout, report));
    report.about("retry");
    planned.retry = from.given("retry").and_then(|retry| policy::retry(retry, report)).unwrap_or_default();
    report.about("tags");
    planned.tags = from.given("tags").map(|entry| simple::tags(entry, report)).unwrap_or_default();
    report.about("image");
    planned.image = from.given("image").and_then(|entry| container::image(entry, report));
    report.about("services");
    planned.services = from.given("services").map(|entry| container::services(entry, report)).unwrap_or_default();
    report.about("coverage");
    planned.coverage = from.own("coverage").and_then(|entry| simple::coverage(entry, conditions, report));
    report.about("hooks");
    planned.pre_get_sources_script = from.given("hooks").map(|entry| simple::hooks(entry, report)).unwrap_or_default();
}

fn script(from: &Sources<'_>, entry: &Entry, commands: &mut Vec<String>, report: &mut Report) {
    match from.own("script") {
        None if from.may_say("script") || from.may_say("trigger") => {}
        None => report.add(
            Problem::error(entry.mark, format!("the job `{}` has no `script`", entry.key))
                .hint("a name that begins with a dot makes it a template that never runs"),
        ),
        Some(script) => {
            let errors = report.errors();
            let Some(found) = read::commands(script, "script", report) else { return };
            if found.is_empty() && errors == report.errors() && !script.value.broken {
                report.error(script.mark, format!("the `script` of `{}` is empty", entry.key));
            }
            *commands = found;
        }
    }
}

/// A job that starts a child pipeline has nothing for a runner.
fn child(from: &Sources<'_>, entry: &Entry, draft: &mut Draft, report: &mut Report) {
    report.about("trigger");
    if let Some((trigger, marks)) = from.own("trigger").and_then(|trigger| trigger::read(trigger, report)) {
        (draft.planned.trigger, draft.includes) = (Some(trigger), marks);
    }
    let delayed_rule = draft.rules.iter().flatten().any(|rule| rule.when == Some(When::Delayed));
    let is_delayed = draft.planned.when == When::Delayed || delayed_rule;
    // What goes with a wrong `when` goes when that does.
    for other in from.body.entries.iter().filter(|other| !is_delayed || &*other.key != "start_in") {
        let taken_away = matches!(other.value.kind, Kind::Null);
        if keywords::is_supported(Place::Job, &other.key) && !trigger::ALLOWED.contains(&&*other.key) && !taken_away {
            let message = format!("a job with `trigger` has no `{}`", other.key);
            let problem = Problem::error(other.mark, message);
            let problem = problem.hint("put it into another job, or into the child's definition");
            report.add(problem.of_job(from.brought(other)));
        }
    }
    if matches!(draft.parallel, Some(Parallel::Number(_))) {
        let problem = Problem::error(entry.mark, "a job with `trigger` takes `parallel` only with `matrix`");
        report.add(problem.hint("the children of a number would be all the same"));
    }
    if is_delayed {
        report.error(draft.when_mark, "a job with `trigger` cannot be delayed");
    }
}

/// Checks the values of `default` by themselves, also when no job takes them.
pub(crate) fn check_default(default: &Map, report: &mut Report) {
    read::only_known(default, Place::Default, report);
    for entry in &default.entries {
        match &*entry.key {
            "before_script" | "after_script" => drop(read::commands(entry, &entry.key, report)),
            "artifacts" => drop(artifacts::read(entry, report)),
            "cache" => drop(cache::read(entry, report)),
            "hooks" => drop(simple::hooks(entry, report)),
            "image" => drop(container::image(entry, report)),
            "interruptible" => drop(read::boolean(entry, "interruptible", report)),
            "retry" => drop(policy::retry(entry, report)),
            "services" => drop(container::services(entry, report)),
            "tags" => drop(simple::tags(entry, report)),
            "timeout" => drop(policy::timeout(entry, report)),
            _ => {}
        }
    }
}

/// Checks the name of a job or a stage.
pub(crate) fn check_name(name: &str, what: &str, mark: Mark, report: &mut Report) {
    let length = name.chars().count();
    if name.trim().is_empty() {
        report.error(mark, format!("the name of {what} must not be empty"));
    } else if length > MAX_NAME {
        report.error(mark, format!("the name of {what} has {length} characters; {MAX_NAME} are allowed"));
    } else if name.chars().any(char::is_control) {
        report.error(mark, format!("the name of {what} must not contain control characters"));
    } else if matches!(name, "true" | "false" | "nil") {
        report.error(mark, format!("`{name}` cannot be the name of {what}"));
    }
}
