//! The pipeline language: the text of a definition becomes a [`Plan`], or findings that say why it
//! does not. `docs/language.md` describes the language, `contracts/ci-yaml.md` is what it follows.
//!
//! This crate is pure: no clock, no disk, no network. The same text and context give the same
//! outcome, within fixed budgets for size, depth, repetition and time, whatever the text is.
//!
//! Inside, a text passes through the steps in the order of the contract's part 2: `yaml` (text to tree) and
//! `inputs` → `include` → `extends` → `references` → `document` and `job` (tree to drafts) → `checks` (what jobs
//! say of each other) → `evaluate` (instances and rules) → `link` (needs) → `advice` (warnings); `compose` is
//! the order itself. All findings go into one `source::Report`; nothing stops at the first error.

mod advice;
pub mod bench;
mod checks;
mod child;
mod circles;
mod compose;
mod document;
mod duration;
mod evaluate;
mod expand;
mod expression;
mod extends;
mod files;
mod glob;
mod include;
mod inputs;
mod job;
mod keywords;
mod link;
pub mod lint;
mod part;
mod read;
mod references;
mod rules;
mod scope;
mod source;
mod yaml;

use std::sync::Arc;

use model::plan::{FormInput, Inputs, Plan, PlannedJob, Variable};
use model::{Diagnostic, Severity, Span};

pub use child::{check_children, plan_child};
pub use duration::expiry;
pub use expand::{ExpandError, expand, expand_all};
pub use files::{Files, NoFiles};
pub use include::CHILD;
pub use source::Place;

/// For what a definition is evaluated.
#[derive(Clone)]
#[non_exhaustive]
pub struct Context {
    /// The file's name as findings show it.
    pub file: String,
    /// Variables of the run: from the form, the API, the command line. Conditions see them before
    /// the variables of the file. They do not enter the plan's jobs. The reasons of excluded jobs
    /// show the values of variables that conditions name: no secrets here.
    pub variables: Vec<Variable>,
    /// The variables that the server sets (`CI_COMMIT_BRANCH`, `CI_PIPELINE_SOURCE`, …), as far as
    /// they are known before the run exists. Conditions see them after all others; what is missing
    /// is null. They do not enter the plan's jobs.
    pub predefined: Vec<Variable>,
    /// Values of the definition's inputs: from the form, the API, the command line. Text is read as
    /// the type of its input.
    pub inputs: Inputs,
    /// The files of the commit, for `include`, `exists` and `changes`.
    pub files: Arc<dyn Files>,
    /// Seconds that a job may take which has no `timeout`.
    pub default_timeout: u32,
    /// Whether the whole definition is wanted as one text, too.
    pub merged: bool,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            file: ".gitlab-ci.yml".to_owned(),
            variables: Vec::new(),
            predefined: Vec::new(),
            inputs: Inputs::new(),
            files: Arc::new(NoFiles),
            default_timeout: 3600,
            merged: false,
        }
    }
}

impl std::fmt::Debug for Context {
    /// Names alone: values may be secrets, and files are many.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|variable| &variable.key).collect();
        f.debug_struct("Context").field("file", &self.file).field("variables", &names).finish_non_exhaustive()
    }
}

impl Context {
    /// A context for the file of this name, without variables.
    pub fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), ..Self::default() }
    }
}

/// One job of the file, in the run or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvaluatedJob {
    /// The job. Its needs are jobs of the run; absent optional ones are gone.
    pub job: Arc<PlannedJob>,
    /// Why it is not in the run; `None` means that it is.
    pub excluded: Option<String>,
    /// Which of its rules decided, from 0.
    pub matched_rule: Option<usize>,
    /// Each of its rules that was looked at, with the comparisons and values that decided.
    pub details: Vec<String>,
    /// Its needs as they are written: absent optional ones are there, and names are those of the file.
    pub written_needs: Option<Vec<WrittenNeed>>,
    /// Where the files of its `trigger` are named.
    pub(crate) includes: Vec<child::IncludePlace>,
    /// Where the keywords stand that only who carries the plan out can judge, see [`EvaluatedJob::place_of`].
    pub places: Vec<(&'static str, Place)>,
    /// Whether `allow_failure:exit_codes` is one number rather than a list.
    pub(crate) single_exit_code: bool,
}

impl EvaluatedJob {
    /// Where a keyword of the job stands (in the job, in what it extends, or in `default`): `image`, `services`,
    /// `tags`, `environment`, `resource_group`, `start_in`, `trigger` or `needs`. For findings that only who
    /// carries the plan out can make.
    pub fn place_of(&self, keyword: &str) -> Option<&Place> {
        self.places.iter().find(|(known, _)| *known == keyword).map(|(_, place)| place)
    }
}

/// A need as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenNeed {
    /// The job's name in the file.
    pub job: String,
    /// Whether its artifacts are fetched.
    pub artifacts: bool,
    /// Whether the run may be without it.
    pub optional: bool,
    /// Which instances, with the values of the needing instance put in.
    pub(crate) matrix: Option<Vec<job::Selection>>,
}

/// What a text became.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The plan, when a run can be made. Warnings may come with it.
    pub plan: Option<Plan>,
    /// Everything that was found, in the order of the text. Without a plan there is at least one error.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the definition is valid. A valid one may still make no run (every job left out).
    pub valid: bool,
    /// The stages of the file, `.pre` first and `.post` last.
    pub stages: Vec<String>,
    /// Whether the rules of `workflow` let a run be made; `None` without such rules.
    pub workflow_rules_pass: Option<bool>,
    /// The variables of the file, with those of the workflow's rule over them.
    pub global_variables: Vec<Variable>,
    /// The inputs of the file, with their values.
    pub inputs: Vec<FormInput>,
    /// The files that were included, in the order in which they were read.
    pub includes: Vec<String>,
    /// The whole definition as one text, with what it includes, extends and refers to put in; when it was wanted, could
    /// be put together and is not too long.
    pub merged: Option<String>,
    /// All jobs of the file that are not hidden, instances apart, in its order; empty when it could not be read.
    pub jobs: Vec<EvaluatedJob>,
    /// Without a plan: the jobs that no error touches and that would be in the run. What else is wrong with them, only
    /// who carries a plan out can say.
    pub sound: Vec<EvaluatedJob>,
}

impl Outcome {
    /// The jobs of the run; of a definition with errors those that would be in it as they are.
    pub fn in_run(&self) -> impl Iterator<Item = &EvaluatedJob> {
        let planned = if self.plan.is_some() { &self.jobs[..] } else { &self.sound };
        planned.iter().filter(|one| one.excluded.is_none())
    }

    /// Takes the plan back for what is wrong with it to who would carry it out.
    pub fn refuse(&mut self, mut found: Vec<Diagnostic>) {
        if found.is_empty() {
            return;
        }
        self.diagnostics.append(&mut found);
        self.sound = self.in_run().cloned().collect();
        self.plan = None;
        self.valid = false;
    }
}

/// Evaluates a definition. Never panics, and ends within the budgets for any text.
pub fn plan(text: &str, context: &Context) -> Outcome {
    compose::outcome(text, context)
}

/// A pattern of the language, which is one of RE2 and without its slashes, in the syntax of the `regex` crate.
///
/// # Errors
/// What is wrong with it, where the crate would not see that.
pub fn regex_syntax(pattern: &str) -> Result<String, String> {
    expression::translated(pattern)
}

/// Every keyword of the language: where it stands ("in a job"), its name, and whether it is
/// understood.
pub fn keywords() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let one = |keyword: &keywords::Keyword| {
        (keyword.place.describe(), keyword.name, keyword.support == keywords::Support::Yes)
    };
    keywords::KEYWORDS.iter().map(one)
}

/// The bytes of a file as text, or the finding that says where they are no UTF-8.
pub fn decode<'b>(bytes: &'b [u8], file: &str) -> Result<&'b str, Box<Diagnostic>> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let valid = error.valid_up_to();
    let before = bytes.get(..valid).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let span = Span { end: valid + 1, ..source::span_at(before, valid) };
    Err(Box::new(Diagnostic {
        severity: Severity::Error,
        message: "the file is not UTF-8 text".to_owned(),
        file: file.to_owned(),
        span,
        hint: Some("save it as UTF-8".to_owned()),
        link: Some(format!("{}#yaml", source::LANGUAGE)),
        source_line: String::new(),
    }))
}
