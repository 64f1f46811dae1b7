//! What is read once for all jobs of a file, however many of them have it.

use std::collections::HashMap;
use std::rc::Rc;

use super::variables::{Own, Variables, places, read};
use crate::keywords::{self, Place};
use crate::source::Report;
use crate::yaml::{Entry, Map, Node, Tree};

/// What jobs share.
#[derive(Default)]
pub(crate) struct Shared {
    /// Variables by the mapping that gives them: jobs that take it over from the same parent have the same one.
    variables: HashMap<*const Node, (Tree, Rc<Own>)>,
    /// What keys that are not understood were meant to be.
    meant: HashMap<Rc<str>, Option<&'static str>>,
}

impl Shared {
    /// What a mapping of variables of a job says. Only what nothing is wrong with is kept, as an error counts in every
    /// job that has it.
    pub fn variables(&mut self, entry: &Entry, report: &mut Report) -> Rc<Own> {
        let mapping = Rc::as_ptr(&entry.value);
        if let Some((_, own)) = self.variables.get(&mapping) {
            return Rc::clone(own);
        }
        let errors = report.errors();
        let own = Rc::new(Own { values: read(entry, Variables::Job, report).0, places: places(entry) });
        if errors == report.errors() {
            self.variables.insert(mapping, (Rc::clone(&entry.value), Rc::clone(&own)));
        }
        own
    }

    /// The keywords that a job seems to have with a typing error.
    pub fn mistyped(&mut self, body: &Map) -> Vec<&'static str> {
        let strange = body.entries.iter().filter(|entry| !keywords::is_supported(Place::Job, &entry.key));
        let meant = |entry: &Entry| {
            let key = Rc::clone(&entry.key);
            *self.meant.entry(key).or_insert_with_key(|key| keywords::mistyped(Place::Job, key))
        };
        strange.filter_map(meant).collect()
    }
}
