//! Mappings while they are read: keys given twice, and merge keys.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Entry, Kind, Map, Node, Tree};
use crate::source::{Mark, Problem};

/// A mapping while its entries come in.
#[derive(Default)]
pub(super) struct Building {
    map: Map,
    index: HashMap<Rc<str>, usize>,
    /// For each entry, whether it was written here (rather than merged in).
    own: Vec<bool>,
}

impl Building {
    /// The mapping, when its last entry has come in.
    pub fn finish(self) -> Map {
        self.map
    }

    pub fn insert(&mut self, key: Rc<str>, mark: Mark, value: Tree, problems: &mut Vec<Problem>) {
        let Some(&at) = self.index.get(&key) else { return self.push(key, mark, value, true) };
        let first = self.map.entries[at].mark.span.line;
        if self.own[at] {
            problems.push(
                Problem::warning(mark, format!("`{key}` is given twice in this mapping; the last one counts"))
                    .hint(format!("the first one is in line {first}")),
            );
        }
        self.own[at] = true;
        self.map.entries[at] = Entry { key, mark, value };
    }

    fn push(&mut self, key: Rc<str>, mark: Mark, value: Tree, own: bool) {
        self.index.insert(Rc::clone(&key), self.map.entries.len());
        self.own.push(own);
        self.map.entries.push(Entry { key, mark, value });
    }

    /// `<<`: takes over what the mapping does not say itself. In a list the earlier mappings win,
    /// of several `<<` the later ones.
    pub fn merge(&mut self, mark: Mark, value: &Node, problems: &mut Vec<Problem>) {
        match &value.kind {
            Kind::Map(map) => self.merge_map(mark, map, problems),
            Kind::List(items) => {
                for item in items.iter().rev() {
                    match &item.kind {
                        Kind::Map(map) => self.merge_map(mark, map, problems),
                        Kind::Broken => {}
                        _ => problems.push(not_mergeable(item)),
                    }
                }
            }
            Kind::Broken => {}
            _ => problems.push(not_mergeable(value)),
        }
    }

    fn merge_map(&mut self, mark: Mark, map: &Map, problems: &mut Vec<Problem>) {
        for entry in &map.entries {
            match self.index.get(&entry.key) {
                None => self.push(Rc::clone(&entry.key), entry.mark, Rc::clone(&entry.value), false),
                Some(&at) if !self.own[at] => self.map.entries[at] = entry.clone(),
                Some(_) => problems.push(
                    Problem::warning(mark, format!("`{}` stands before `<<`, which brings it too", entry.key))
                        .hint("here the mapping's own value counts, on GitLab the merged one; write `<<` first"),
                ),
            }
        }
    }
}

fn not_mergeable(node: &Node) -> Problem {
    Problem::error(node.mark, format!("`<<` merges mappings, not {}", node.describe())).hint("`<<: *name`")
}
