//! The first rule that applies, and why the ones before it do not.

use model::plan::Variable;

use super::{Conditions, Rule, Search};
use crate::expand::expand;
use crate::expression::Seen;
use crate::files::Files;
use crate::scope::Scope;
use crate::source::{Problem, Report};

/// What the rules came to.
pub(crate) struct Decision<'r> {
    /// The first rule that applies, and which one it is, from 0.
    pub rule: Option<(usize, &'r Rule)>,
    /// Each rule that was looked at, with the parts that decided.
    pub details: Vec<String>,
}

/// Finds the first rule that applies. `own` are the variables of the job.
pub(crate) fn decide<'r>(
    rules: &'r [Rule],
    scope: &Scope<'_>,
    own: &[Variable],
    files: &dyn Files,
    conditions: &Conditions,
    report: &mut Report,
) -> Decision<'r> {
    let mut details = Vec::new();
    let asked = Asked { scope, own, files, conditions };
    for (i, rule) in rules.iter().enumerate() {
        let line = rule.mark.span.line;
        let mut because = Vec::new();
        let holds = match asked.holds(rule, &mut because) {
            Ok(holds) => holds,
            Err((mark, message)) => {
                let job = report.job();
                report.add(Problem::error(mark, message).of_job(job.as_ref()));
                break;
            }
        };
        let detail = if because.is_empty() {
            format!("rule {} in line {line} always applies", i + 1)
        } else {
            format!("rule {} in line {line}: {}", i + 1, because.join("; "))
        };
        let within = report.charge(1, detail.len(), rule.mark);
        details.push(detail);
        if holds && within {
            return Decision { rule: Some((i, rule)), details };
        }
        if !within {
            break;
        }
    }
    Decision { rule: None, details }
}

struct Asked<'a> {
    scope: &'a Scope<'a>,
    own: &'a [Variable],
    files: &'a dyn Files,
    conditions: &'a Conditions,
}

type Refused = (crate::source::Mark, String);

impl Asked<'_> {
    fn variable(&self, name: &str) -> Option<&Variable> {
        self.scope.get(name, self.own)
    }

    fn holds(&self, rule: &Rule, because: &mut Vec<String>) -> Result<bool, Refused> {
        if let Some(condition) = &rule.condition {
            let lookup = |name: &str| self.variable(name).map(Seen::from);
            let verdict = self
                .conditions
                .evaluate(&condition.expression, &lookup)
                .map_err(|message| (condition.mark, message))?;
            because.extend(verdict.because);
            if !verdict.holds {
                return Ok(false);
            }
        }
        if let Some(changes) = &rule.changes {
            let globs = self.patterns(&changes.paths, rule)?;
            let compare_to = changes.compare_to.as_deref().map(|text| self.text(text, rule)).transpose()?;
            let found = self
                .conditions
                .first_changed(self.files, compare_to.as_deref(), &globs)
                .map_err(|why| (rule.mark, format!("`changes` cannot be told: {why}")))?;
            because.push(match &found {
                Search::All => "`changes` is true: there is nothing to compare with".to_owned(),
                Search::Found { path, glob } => format!("`changes` is true: `{path}` fits `{glob}`"),
                Search::None => format!("`changes` is false: no changed file fits {}", listed(&globs)),
            });
            if found == Search::None {
                return Ok(false);
            }
        }
        if let Some(exists) = &rule.exists {
            let globs = self.patterns(&exists.paths, rule)?;
            let project = exists.project.as_deref().map(|text| self.text(text, rule)).transpose()?;
            let at = exists.at.as_deref().map(|text| self.text(text, rule)).transpose()?;
            let found = self
                .conditions
                .first_existing(self.files, project.as_deref(), at.as_deref(), &globs)
                .map_err(|why| (rule.mark, format!("`exists` cannot be told: {why}")))?;
            because.push(match &found {
                Search::All => "`exists` is true: there are too many files to compare".to_owned(),
                Search::Found { path, glob } => format!("`exists` is true: `{path}` fits `{glob}`"),
                Search::None => format!("`exists` is false: no file fits {}", listed(&globs)),
            });
            if found == Search::None {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn patterns(&self, texts: &[String], rule: &Rule) -> Result<Vec<String>, Refused> {
        texts.iter().map(|text| self.text(text, rule)).collect()
    }

    fn text(&self, text: &str, rule: &Rule) -> Result<String, Refused> {
        expand(text, &|name| self.variable(name)).map_err(|error| (rule.mark, error.to_string()))
    }
}

fn listed(globs: &[String]) -> String {
    let shown: Vec<_> = globs.iter().take(5).map(|glob| format!("`{glob}`")).collect();
    let more = if globs.len() > 5 { " and others" } else { "" };
    format!("{}{more}", shown.join(", "))
}
