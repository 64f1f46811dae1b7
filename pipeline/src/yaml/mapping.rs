//! Mappings while they are read: keys given twice, and merge keys.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Entry, Kind, Map, Node, Tree};
use crate::source::{Mark, Problem};

/// Up to so many keys are compared one by one, which is less work than to hash them. Most mappings have fewer.
const FEW: usize = 16;
/// The same for mappings that are asked only a few times: keys times questions.
const FEW_COMPARED: usize = 2_000;

/// Where the keys of a mapping are.
#[derive(Default)]
pub(crate) struct Index {
    /// `None` as long as keys are compared one by one.
    places: Option<HashMap<Rc<str>, usize>>,
    /// How many keys may be compared one by one.
    compared: usize,
}

impl Index {
    /// Of a mapping that has keys already, to which up to `asked` others are compared.
    pub fn of(entries: &[Entry], asked: usize) -> Self {
        let compared = if (entries.len() + asked).saturating_mul(asked) <= FEW_COMPARED { usize::MAX } else { FEW };
        let mut index = Self { places: None, compared };
        index.fill(entries);
        index
    }

    /// The place of a key; `entries` are all that were pushed.
    pub fn get(&self, entries: &[Entry], key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => entries.iter().position(|entry| &*entry.key == key),
        }
    }

    /// Adds an entry with a new key.
    pub fn push(&mut self, entries: &mut Vec<Entry>, entry: Entry) {
        if let Some(places) = &mut self.places {
            places.insert(Rc::clone(&entry.key), entries.len());
        }
        entries.push(entry);
        self.fill(entries);
    }

    fn fill(&mut self, entries: &[Entry]) {
        if self.places.is_none() && entries.len() > self.compared.max(FEW) {
            let places = entries.iter().enumerate().map(|(at, entry)| (Rc::clone(&entry.key), at));
            self.places = Some(places.collect());
        }
    }
}

/// A mapping while its entries come in.
#[derive(Default)]
pub(super) struct Building {
    map: Map,
    index: Index,
    /// For each entry, whether it was written here (rather than merged in).
    own: Vec<bool>,
    /// Whether something that was to be merged is not known.
    lacks: bool,
}

impl Building {
    /// The mapping, when its last entry has come in.
    pub fn finish(self, mark: Mark) -> Node {
        let node = Node::new(mark, Kind::Map(self.map));
        if self.lacks { node.lacking() } else { node }
    }

    pub fn insert(&mut self, key: Rc<str>, mark: Mark, value: Tree, problems: &mut Vec<Problem>) {
        let Some(at) = self.index.get(&self.map.entries, &key) else { return self.push(key, mark, value, true) };
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
        self.own.push(own);
        self.index.push(&mut self.map.entries, Entry { key, mark, value });
    }

    /// `<<`: takes over what the mapping does not say after it. What it says before it is replaced, as on GitLab, where
    /// YAML says otherwise. In a list the earlier mappings win, of several `<<` the later ones.
    pub fn merge(&mut self, mark: Mark, value: &Node, problems: &mut Vec<Problem>) {
        self.lacks |= value.lacks;
        match &value.kind {
            Kind::Map(map) => self.merge_map(mark, map, problems),
            // What an alias brings is no list of mappings by mistake: it is another value, wrong as a whole.
            Kind::List(items) if value.mark.span.start < mark.span.start => {
                let is_mergeable = items.iter().all(|item| matches!(item.kind, Kind::Map(_) | Kind::Broken));
                if is_mergeable {
                    return self.merge_all(mark, items, problems);
                }
                let problem = Problem::error(mark, "`<<` merges mappings, not a list");
                problems.push(problem.hint("a list stands under a key of its own: `script: *name`"));
                self.lacks = true;
            }
            Kind::List(items) => self.merge_all(mark, items, problems),
            Kind::Broken => self.lacks = true,
            _ => {
                problems.push(not_mergeable(mark, value));
                self.lacks = true;
            }
        }
    }

    fn merge_all(&mut self, mark: Mark, items: &[Tree], problems: &mut Vec<Problem>) {
        for item in items.iter().rev() {
            self.lacks |= item.lacks || !matches!(item.kind, Kind::Map(_));
            match &item.kind {
                Kind::Map(map) => self.merge_map(mark, map, problems),
                Kind::Broken => {}
                _ => problems.push(not_mergeable(mark, item)),
            }
        }
    }

    fn merge_map(&mut self, mark: Mark, map: &Map, problems: &mut Vec<Problem>) {
        for entry in &map.entries {
            match self.index.get(&self.map.entries, &entry.key) {
                None => self.push(Rc::clone(&entry.key), entry.mark, Rc::clone(&entry.value), false),
                Some(at) => {
                    if std::mem::replace(&mut self.own[at], false) {
                        let message = format!("`{}` stands before `<<`, which replaces it", entry.key);
                        let hint = "the merged value counts, as on GitLab; write `<<` first to keep the other";
                        problems.push(Problem::warning(mark, message).hint(hint));
                    }
                    self.map.entries[at] = entry.clone();
                }
            }
        }
    }
}

/// What an alias brings is not wrong where it stands, but here.
fn not_mergeable(key: Mark, node: &Node) -> Problem {
    let mark = if node.mark.span.start < key.span.start { key } else { node.mark };
    Problem::error(mark, format!("`<<` merges mappings, not {}", node.describe())).hint("`<<: *name`")
}
