//! What the rules of one definition share: conditions that were read, patterns, and answers about
//! files, each asked for once.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::expression::{self, Expression, Pattern, Patterns, Seen, SyntaxError, Verdict};
use crate::files::Files;
use crate::glob::{Glob, Steps};

/// Patterns times files of one `exists`; beyond it holds (contracts/ci-yaml.md, part 3).
const MAX_EXISTS_CHECKS: usize = 50_000;

/// Different refs and trees that are asked for: each may cost a look into a repository.
const MAX_ASKED: usize = 50;

const TOO_MANY_FILES: &str = "there are too many files to compare with patterns";

type Paths = Result<Rc<Vec<String>>, String>;
/// Paths that changed; `None` when all count as changed.
type Changed = Result<Option<Rc<Vec<String>>>, String>;
/// What a search among files came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// Every file counts: there is nothing to compare with, or too many to look at.
    All,
    /// This path, which fits this pattern.
    Found {
        path: String,
        glob: String,
    },
    None,
}

/// A project and a ref of it; `None` is the commit itself.
type Tree = Option<(String, Option<String>)>;

/// The conditions of a definition: the same text is read once, however many jobs inherit it.
#[derive(Default)]
pub(crate) struct Conditions {
    patterns: Patterns,
    read: HashMap<Rc<str>, Rc<Expression>>,
    changed: RefCell<HashMap<Option<String>, Changed>>,
    trees: RefCell<HashMap<Tree, Paths>>,
    names: RefCell<HashMap<Tree, Rc<HashSet<String>>>>,
    found: RefCell<HashMap<(usize, String), Option<String>>>,
    steps: Steps,
    /// Whether somebody was told that runs have no source of other servers.
    pub(super) told_of_sources: Cell<bool>,
}

impl Conditions {
    /// Reads an expression, or finds it among those that were read.
    pub fn shared(&mut self, text: &Rc<str>) -> Result<Rc<Expression>, SyntaxError> {
        if let Some(known) = self.read.get(text) {
            return Ok(Rc::clone(known));
        }
        let expression = Rc::new(self.parse(text)?);
        self.read.insert(Rc::clone(text), Rc::clone(&expression));
        Ok(expression)
    }

    pub fn parse(&self, text: &str) -> Result<Expression, SyntaxError> {
        expression::parse(text, &self.patterns)
    }

    /// Why an expression can never hold; `absent` are the variables that nothing sets before it is asked.
    pub fn contradiction(&self, expression: &Expression, absent: &dyn Fn(&str) -> bool) -> Option<String> {
        expression.contradiction(&self.patterns, absent)
    }

    /// Whether an expression cannot hold unless the variable is set, and not to nothing.
    pub fn needs(&self, expression: &Expression, variable: &str) -> bool {
        expression.needs(variable, &self.patterns)
    }

    pub fn evaluate<'v>(
        &self,
        expression: &Expression,
        lookup: &dyn Fn(&str) -> Option<Seen<'v>>,
    ) -> Result<Verdict, String> {
        expression.evaluate(lookup, &self.patterns).map_err(|failure| failure.0)
    }

    /// Whether a pattern, without slashes, can be used.
    pub fn check_pattern(&self, source: &str) -> Result<(), String> {
        self.patterns.check(&pattern(source, ""))
    }

    /// Whether a pattern, without slashes, is found in a text.
    pub fn found(&self, source: &str, text: &str) -> Result<bool, String> {
        self.patterns.found(&pattern(source, ""), text)
    }

    /// The paths of a tree that fit a pattern, sorted.
    pub fn fitting(
        &self,
        files: &dyn Files,
        project: Option<&str>,
        at: Option<&str>,
        pattern: &str,
    ) -> Result<Vec<String>, String> {
        let glob = Glob::new(pattern);
        let paths = self.tree(files, project, at)?;
        let mut found: Vec<_> = paths.iter().filter(|path| glob.matches(path, &self.steps)).cloned().collect();
        found.sort();
        if self.steps.are_used_up() { Err(TOO_MANY_FILES.to_owned()) } else { Ok(found) }
    }

    /// All paths of the commit, or of another project.
    fn tree(&self, files: &dyn Files, project: Option<&str>, at: Option<&str>) -> Paths {
        let key: Tree = project.map(|project| (project.to_owned(), at.map(ToOwned::to_owned)));
        let mut trees = self.trees.borrow_mut();
        if trees.len() >= MAX_ASKED && !trees.contains_key(&key) {
            return Err(format!("the files of more than {MAX_ASKED} projects are asked for"));
        }
        let paths = || match project {
            None => files.paths(),
            Some(project) => files.paths_of_project(project, at),
        };
        trees.entry(key).or_insert_with(|| paths().map(Rc::new)).clone()
    }

    /// As [`found`](Self::found), with `/…/flags` around it.
    pub fn found_between_slashes(&self, text: &str, value: &str) -> Option<Result<bool, String>> {
        expression::whole_pattern(text).map(|pattern| self.patterns.found(&pattern, value))
    }

    /// The first changed path that fits one of the patterns.
    pub fn first_changed(
        &self,
        files: &dyn Files,
        compare_to: Option<&str>,
        globs: &[String],
    ) -> Result<Search, String> {
        let key = compare_to.map(ToOwned::to_owned);
        let mut known = self.changed.borrow_mut();
        if known.len() >= MAX_ASKED && !known.contains_key(&key) {
            return Err(format!("more than {MAX_ASKED} refs are compared with"));
        }
        let changed =
            known.entry(key).or_insert_with(|| files.changed(compare_to).map(|paths| paths.map(Rc::new))).clone()?;
        drop(known);
        let Some(paths) = changed else { return Ok(Search::All) };
        self.first(&paths, globs)
    }

    /// The first file that fits one of the patterns. `Err` holds why it cannot be told.
    pub fn first_existing(
        &self,
        files: &dyn Files,
        project: Option<&str>,
        at: Option<&str>,
        globs: &[String],
    ) -> Result<Search, String> {
        let key: Tree = project.map(|project| (project.to_owned(), at.map(ToOwned::to_owned)));
        let paths = self.tree(files, project, at)?;
        let names =
            Rc::clone(self.names.borrow_mut().entry(key).or_insert_with(|| Rc::new(paths.iter().cloned().collect())));
        if let Some(path) = globs.iter().find(|glob| !Glob::is_pattern(glob) && names.contains(*glob)) {
            return Ok(Search::Found { path: path.clone(), glob: path.clone() });
        }
        let patterns: Vec<String> = globs.iter().filter(|glob| Glob::is_pattern(glob)).cloned().collect();
        if patterns.len().saturating_mul(paths.len()) > MAX_EXISTS_CHECKS {
            return Ok(Search::All);
        }
        self.first(&paths, &patterns)
    }

    fn first(&self, paths: &Rc<Vec<String>>, globs: &[String]) -> Result<Search, String> {
        for text in globs {
            let key = (Rc::as_ptr(paths) as usize, text.clone());
            if let Some(known) = self.found.borrow().get(&key) {
                match known {
                    Some(path) => return Ok(Search::Found { path: path.clone(), glob: text.clone() }),
                    None => continue,
                }
            }
            let glob = Glob::new(text);
            let path = paths.iter().find(|path| glob.matches(path, &self.steps)).cloned();
            if self.steps.are_used_up() {
                return Err(TOO_MANY_FILES.to_owned());
            }
            self.found.borrow_mut().insert(key, path.clone());
            if let Some(path) = path {
                return Ok(Search::Found { path, glob: text.clone() });
            }
        }
        Ok(Search::None)
    }
}

fn pattern(source: &str, flags: &str) -> Pattern {
    Pattern { source: source.to_owned(), flags: flags.to_owned() }
}
