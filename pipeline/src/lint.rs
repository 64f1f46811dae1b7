//! The document that `weir lint --json` prints (design/interface.md), as data.

use std::collections::BTreeMap;

use model::plan::{AllowFailure, Variable};
use model::{Diagnostic, Severity};
use serde::Serialize;

use crate::job::{Choice, Selection};
use crate::{EvaluatedJob, Outcome, WrittenNeed};

/// Whether the definition can be used at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is valid, even if no run would be made of it now.
    Ok,
    /// It has errors.
    Invalid,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub message: String,
    /// In which file, as the user names it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where the documentation explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// `allow_failure` as it is written: a boolean, one exit code or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Allow {
    /// `true` or `false`.
    Bool(bool),
    /// `{exit_codes: …}`.
    Codes {
        /// The codes.
        exit_codes: ExitCodes,
    },
}

/// One exit code or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ExitCodes {
    /// `1`
    One(i32),
    /// `[1, 2]`
    Many(Vec<i32>),
}

/// One need, as the job has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LintNeed {
    /// The needed job.
    pub job: String,
    /// Whether its artifacts are fetched.
    pub artifacts: bool,
    /// Whether the run may be without it.
    pub optional: bool,
    /// Which instances of it; missing means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<LintParallel>,
}

/// `needs:parallel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LintParallel {
    /// The wanted values, one mapping for each entry.
    pub matrix: Vec<BTreeMap<String, LintChoice>>,
}

/// One value or several, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LintChoice {
    /// `linux`
    One(String),
    /// `[linux, mac]`
    Many(Vec<String>),
}

impl LintNeed {
    fn new(need: &WrittenNeed) -> Self {
        let row = |row: &Selection| {
            let one = |choice: &Choice| match choice {
                Choice::One(value) => LintChoice::One(value.clone()),
                Choice::Many(values) => LintChoice::Many(values.clone()),
            };
            row.iter().map(|(key, choice)| (key.clone(), one(choice))).collect()
        };
        let parallel = need.matrix.as_ref().map(|rows| LintParallel { matrix: rows.iter().map(row).collect() });
        Self { job: need.job.clone(), artifacts: need.artifacts, optional: need.optional, parallel }
    }
}

/// One job of the file, whether it is in the run or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// The name in the run.
    pub name: String,
    /// The name in the file.
    pub base_name: String,
    /// Its stage.
    pub stage: String,
    /// When it runs; `never` when it is not in the run.
    pub when: &'static str,
    /// Whether its failure counts.
    pub allow_failure: Allow,
    /// Whether it is in the run.
    pub in_pipeline: bool,
    /// What it needs, absent optional ones included; `None` means stage order.
    pub needs: Option<Vec<LintNeed>>,
    /// Commands before `script`.
    pub before_script: Vec<String>,
    /// The commands.
    pub script: Vec<String>,
    /// Commands after them.
    pub after_script: Vec<String>,
    /// Global, then job variables, not expanded.
    pub variables: BTreeMap<String, String>,
    /// The values of this instance of a matrix.
    pub matrix: Option<BTreeMap<String, String>>,
    /// Which of several instances it is, from 1.
    pub node_index: Option<u32>,
    /// How many instances there are.
    pub node_total: Option<u32>,
    /// Which rule decided, from 0.
    pub matched_rule: Option<usize>,
}

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Whether the definition can be used.
    pub status: Status,
    /// Why it cannot.
    pub errors: Vec<Finding>,
    /// What is legal but surely not meant; also why a valid definition makes no run.
    pub warnings: Vec<Finding>,
    /// Whether a run would be made.
    pub pipeline_created: bool,
    /// What the workflow rules say; `None` without such rules.
    pub workflow_rules_pass: Option<bool>,
    /// The stages of the file, with `.pre` and `.post`.
    pub stages: Vec<String>,
    /// The variables of the file.
    pub global_variables: BTreeMap<String, String>,
    /// All jobs of the file that are not hidden; empty when the definition is invalid.
    pub jobs: Vec<Job>,
}

impl Document {
    /// Tells what `outcome` holds.
    pub fn new(outcome: &Outcome) -> Self {
        // A valid definition that makes no run is no error of the definition.
        let fatal = |d: &&Diagnostic| d.severity == Severity::Error && !outcome.valid;
        let findings = |wanted: bool| {
            outcome.diagnostics.iter().filter(|d| fatal(d) == wanted).map(Finding::new).collect::<Vec<_>>()
        };
        Self {
            status: if outcome.valid { Status::Ok } else { Status::Invalid },
            errors: findings(true),
            warnings: findings(false),
            pipeline_created: outcome.plan.is_some(),
            workflow_rules_pass: outcome.workflow_rules_pass,
            stages: outcome.stages.clone(),
            global_variables: strings(&outcome.global_variables),
            jobs: outcome.jobs.iter().map(Job::new).collect(),
        }
    }
}

impl Finding {
    fn new(diagnostic: &Diagnostic) -> Self {
        Self {
            message: diagnostic.message.clone(),
            file: diagnostic.file.clone(),
            line: diagnostic.span.line,
            column: diagnostic.span.column,
            hint: diagnostic.hint.clone(),
            link: diagnostic.link.clone(),
        }
    }
}

impl Job {
    fn new(evaluated: &EvaluatedJob) -> Self {
        let job = &evaluated.job;
        let instance = job.instance.as_ref();
        let matrix = instance.map(|instance| &instance.matrix[..]).filter(|matrix| !matrix.is_empty());
        Self {
            name: job.name.clone(),
            base_name: job.base_name.clone(),
            stage: job.stage.clone(),
            when: job.when.as_str(),
            allow_failure: match &job.allow_failure {
                AllowFailure::Bool(allowed) => Allow::Bool(*allowed),
                AllowFailure::ExitCodes(codes) => Allow::Codes {
                    exit_codes: match codes[..] {
                        [code] if evaluated.single_exit_code => ExitCodes::One(code),
                        _ => ExitCodes::Many(codes.clone()),
                    },
                },
            },
            in_pipeline: evaluated.excluded.is_none(),
            needs: evaluated.written_needs.as_ref().map(|needs| needs.iter().map(LintNeed::new).collect()),
            before_script: job.before_script.clone(),
            script: job.script.clone(),
            after_script: job.after_script.clone(),
            variables: strings(&job.variables),
            matrix: matrix.map(strings),
            node_index: instance.map(|instance| instance.index),
            node_total: instance.map(|instance| instance.total),
            matched_rule: evaluated.matched_rule,
        }
    }
}

fn strings(variables: &[Variable]) -> BTreeMap<String, String> {
    variables.iter().map(|variable| (variable.key.clone(), variable.value.clone())).collect()
}
