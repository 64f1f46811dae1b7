//! What the rules of one definition share: conditions that were read, patterns, and answers about
//! files, each asked for once.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::expression::{self, Expression, Pattern, Patterns, SyntaxError, Verdict};
use crate::files::Files;
use crate::glob::Glob;

/// Patterns times files of one `exists`; beyond it holds (contracts/ci-yaml.md, part 3).
const MAX_EXISTS_CHECKS: usize = 50_000;
/// Paths that are compared with patterns in all.
const MAX_COMPARED: usize = 2_000_000;

type Paths = Result<Rc<Vec<String>>, String>;
/// Paths that changed; `None` when all count as changed.
type Changed = Result<Option<Rc<Vec<String>>>, String>;
/// What a search among the changed files came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// There is nothing to compare with, so all count as changed.
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
    compared: Cell<usize>,
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

    pub fn evaluate<'v>(
        &self,
        expression: &Expression,
        lookup: &dyn Fn(&str) -> Option<&'v str>,
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
    ) -> Result<Change, String> {
        let key = compare_to.map(ToOwned::to_owned);
        let changed = self
            .changed
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| files.changed(compare_to).map(|paths| paths.map(Rc::new)))
            .clone()?;
        let Some(paths) = changed else { return Ok(Change::All) };
        Ok(self.first(&paths, globs)?.map_or(Change::None, |(path, glob)| Change::Found { path, glob }))
    }

    /// The first file that fits one of the patterns. `Err` holds why it cannot be told.
    pub fn first_existing(
        &self,
        files: &dyn Files,
        project: Option<&str>,
        at: Option<&str>,
        globs: &[String],
    ) -> Result<Option<(String, String)>, String> {
        let key: Tree = project.map(|project| (project.to_owned(), at.map(ToOwned::to_owned)));
        let paths = self
            .trees
            .borrow_mut()
            .entry(key.clone())
            .or_insert_with(|| {
                let paths = match project {
                    None => files.paths(),
                    Some(project) => files.paths_of_project(project, at),
                };
                paths.map(Rc::new)
            })
            .clone()?;
        let names =
            Rc::clone(self.names.borrow_mut().entry(key).or_insert_with(|| Rc::new(paths.iter().cloned().collect())));
        if let Some(path) = globs.iter().find(|glob| !Glob::is_pattern(glob) && names.contains(*glob)) {
            return Ok(Some((path.clone(), path.clone())));
        }
        let patterns: Vec<String> = globs.iter().filter(|glob| Glob::is_pattern(glob)).cloned().collect();
        if patterns.len().saturating_mul(paths.len()) > MAX_EXISTS_CHECKS {
            return Ok(patterns.first().map(|glob| ("too many files to compare".to_owned(), glob.clone())));
        }
        self.first(&paths, &patterns)
    }

    fn first(&self, paths: &Rc<Vec<String>>, globs: &[String]) -> Result<Option<(String, String)>, String> {
        for text in globs {
            let key = (Rc::as_ptr(paths) as usize, text.clone());
            if let Some(known) = self.found.borrow().get(&key) {
                match known {
                    Some(path) => return Ok(Some((path.clone(), text.clone()))),
                    None => continue,
                }
            }
            let compared = self.compared.get().saturating_add(paths.len());
            self.compared.set(compared);
            if compared > MAX_COMPARED {
                return Err("there are too many files to compare with patterns".to_owned());
            }
            let glob = Glob::new(text);
            let path = paths.iter().find(|path| glob.matches(path)).cloned();
            self.found.borrow_mut().insert(key, path.clone());
            if let Some(path) = path {
                return Ok(Some((path, text.clone())));
            }
        }
        Ok(None)
    }
}

fn pattern(source: &str, flags: &str) -> Pattern {
    Pattern { source: source.to_owned(), flags: flags.to_owned() }
}
