//! `extends`: deep merge of jobs, after includes and before references (contracts/ci-yaml.md,
//! part 2, step 3).

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::keywords::{self, Place, closest};
use crate::read;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Index, Kind, Map, Node, Scalar, Tree, Value};

/// Longest chain of parents (contracts/ci-yaml.md, limits).
const MAX_LEVELS: usize = 11;

/// The top level of the file with every `extends` carried out and taken away. A parent that cannot be used is
/// reported and left out; what lacks one, and all that extend it, are left with an `extends` that is broken. So is
/// everything when a file is missing, which may say more of each job.
pub(crate) fn resolve(top: &Map, report: &mut Report) -> Map {
    report.about("extends");
    let index = top.entries.iter().enumerate().map(|(i, entry)| (&*entry.key, i)).collect();
    let done = vec![None; top.entries.len()];
    let mut resolver = Resolver { top, index, done, bases: HashMap::new(), path: Vec::new(), report };
    let entries = (0..top.entries.len())
        .map(|i| {
            let (value, _) = resolver.entry(i);
            Entry { value, ..top.entries[i].clone() }
        })
        .collect();
    Map { entries }
}

/// The names of all parents; `top` is the file before `extends`.
pub(crate) fn parents(top: &Map) -> HashSet<&str> {
    let extends = top.entries.iter().filter_map(|entry| entry.value.as_map()?.get("extends"));
    let names = extends.flat_map(read::one_or_many);
    names.filter_map(|name| if let Kind::Scalar(scalar) = &name.kind { Some(&*scalar.text) } else { None }).collect()
}

/// Whether a parent could not be used: what is not there may stand in it.
pub(crate) fn lacks_parent(resolved: &Map) -> bool {
    resolved.get("extends").is_some()
}

/// Parents together.
#[derive(Clone, Default)]
struct Base {
    map: Map,
    /// How many levels of parents that is.
    levels: usize,
    /// Whether one of them could not be used.
    lacks_parent: bool,
}

struct Resolver<'t, 'r> {
    top: &'t Map,
    index: HashMap<&'t str, usize>,
    /// The merged value and how many levels of parents it has.
    done: Vec<Option<(Tree, usize)>>,
    /// The same of lists of parents, which often several jobs share.
    bases: HashMap<Vec<usize>, Base>,
    path: Vec<usize>,
    report: &'r mut Report,
}

impl Resolver<'_, '_> {
    fn entry(&mut self, i: usize) -> (Tree, usize) {
        if let Some(done) = &self.done[i] {
            return done.clone();
        }
        let entry = &self.top.entries[i];
        let extends = entry.value.as_map().and_then(|map| map.get("extends"));
        let result = match (entry.value.as_map(), extends) {
            (Some(map), Some(extends)) => {
                self.path.push(i);
                let merged = self.merged(entry, map, extends);
                self.path.pop();
                merged.unwrap_or_else(|| (broken(entry.value.mark), 0))
            }
            (Some(map), None) if self.report.lacks_file() || entry.value.lacks => {
                let map = lacking(map.clone(), &entry.key, entry.mark);
                (Rc::new(Node::new(entry.value.mark, Kind::Map(map))), 0)
            }
            _ => (Rc::clone(&entry.value), 0),
        };
        self.done[i] = Some(result.clone());
        result
    }

    fn merged(&mut self, entry: &Entry, own: &Map, extends: &Entry) -> Option<(Tree, usize)> {
        let mut base = self.base(entry, extends);
        if base.levels > MAX_LEVELS {
            // Why a parent could not be used has been told.
            if !base.lacks_parent {
                self.too_deep(extends.mark);
            }
            base = Base { lacks_parent: true, ..Base::default() };
        }
        let Base { map, levels, lacks_parent } = base;
        let lacks_parent = lacks_parent || entry.value.lacks || self.report.lacks_file();
        let mut merged = deep_merge(map, own);
        merged.entries.retain(|entry| &*entry.key != "extends");
        if lacks_parent {
            merged = lacking(merged, &entry.key, extends.mark);
        }
        let entries = merged.entries.len();
        let merged = Node::new(entry.value.mark, Kind::Map(merged));
        // Values are shared with the parents, unless they had to be marked.
        let values = if lacks_parent { merged.nodes } else { entries };
        self.report.charge(values, 0, extends.mark).then(|| (Rc::new(merged), levels))
    }

    /// What the parents that can be used are together.
    fn base(&mut self, entry: &Entry, extends: &Entry) -> Base {
        let names = read::one_or_many(extends);
        let places: Vec<usize> = names.iter().filter_map(|name| self.place(name)).collect();
        let known = places.len() == names.len() && names.len() > 1;
        if known && let Some(base) = self.bases.get(&places) {
            return base.clone();
        }
        let is_broken = matches!(extends.value.kind, Kind::Broken);
        let mut base = Base { lacks_parent: is_broken, ..Base::default() };
        for name in names {
            let Some((parent, level)) = self.parent(entry, name) else {
                base.lacks_parent = true;
                continue;
            };
            base.levels = base.levels.max(level + 1);
            match &parent.kind {
                Kind::Map(map) => {
                    base.lacks_parent |= lacks_parent(map);
                    base.map = deep_merge(base.map, map);
                }
                Kind::Null => {}
                _ => base.lacks_parent = true,
            }
        }
        if known && !base.lacks_parent {
            self.bases.insert(places, base.clone());
        }
        base
    }

    /// Where the job of a name stands.
    fn place(&self, name: &Node) -> Option<usize> {
        match &name.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) => self.index.get(&**text).copied(),
            _ => None,
        }
    }

    fn too_deep(&mut self, mark: Mark) {
        let message = format!("`extends` goes through more than {MAX_LEVELS} levels of parents");
        self.report.error(mark, message);
    }

    fn parent(&mut self, child: &Entry, name: &Node) -> Option<(Tree, usize)> {
        let Kind::Scalar(Scalar { text, value: Value::Text, .. }) = &name.kind else {
            read::mismatch(self.report, name.mark, "extends", "the name of a job or a list of names (a string)", name);
            return None;
        };
        let Some(i) = self.place(name) else {
            if self.report.is_partial() {
                return None;
            }
            let top = self.top;
            self.report.add_error(|| {
                let names = top.entries.iter().filter(|e| e.value.as_map().is_some()).map(|e| &*e.key);
                let hint = closest(text, names).map(|close| format!("did you mean `{close}`?"));
                let message = format!("`{}` extends `{text}`, but there is no such job", child.key);
                Problem::error(name.mark, message).maybe_hint(hint)
            });
            return None;
        };
        if let Some(at) = self.path.iter().position(|on_path| *on_path == i) {
            let mut names: Vec<_> = self.path[at..].iter().map(|i| &*self.top.entries[*i].key).collect();
            names.push(text);
            self.report.error(name.mark, format!("`extends` goes in a circle: {}", names.join(" -> ")));
            return None;
        }
        // The recursion ends here, not where the stack does.
        if self.path.len() > MAX_LEVELS {
            self.too_deep(name.mark);
            return None;
        }
        let parent = &self.top.entries[i];
        if !matches!(parent.value.kind, Kind::Map(_) | Kind::Null | Kind::Broken) {
            let message = format!("`{text}` is {}, which cannot be extended", parent.value.describe());
            self.report.error(name.mark, message);
            return None;
        }
        Some(self.entry(i))
    }
}

/// The mapping of an entry of the file, marked as one that lacks a parent.
fn lacking(map: Map, name: &str, mark: Mark) -> Map {
    let mut map = incomplete(map);
    // Keywords of the file extend nothing, so that they know no `extends`.
    if !keywords::is_known(Place::Global, name) {
        map.entries.push(Entry { key: "extends".into(), mark, value: broken(mark) });
    }
    map
}

fn broken(mark: Mark) -> Tree {
    Rc::new(Node::new(mark, Kind::Broken))
}

/// The mapping with all mappings in it marked as broken: a parent that is not known may have given them more.
fn incomplete(map: Map) -> Map {
    let entry = |entry: Entry| match &entry.value.kind {
        Kind::Map(inner) if !entry.value.broken => {
            let kind = Kind::Map(incomplete(inner.clone()));
            let value = Rc::new(entry.value.rebuilt(kind).lacking());
            Entry { value, ..entry }
        }
        _ => entry,
    };
    Map { entries: map.entries.into_iter().map(entry).collect() }
}

/// Maps are merged key by key, everything else is replaced. Keys keep the order in which they came
/// up, the values' places are those of the text that gave them.
pub(crate) fn deep_merge(base: Map, over: &Map) -> Map {
    let mut entries = base.entries;
    if entries.is_empty() {
        return over.clone();
    }
    let mut index = Index::of(&entries, over.entries.len());
    for entry in &over.entries {
        let Some(at) = index.get(&entries, &entry.key) else {
            index.push(&mut entries, entry.clone());
            continue;
        };
        entries[at] = match (&entries[at].value.kind, &entry.value.kind) {
            (Kind::Map(below), Kind::Map(above)) => {
                let merged = entry.value.rebuilt(Kind::Map(deep_merge(below.clone(), above)));
                let merged = if entries[at].value.lacks { merged.lacking() } else { merged };
                Entry { value: Rc::new(merged), ..entry.clone() }
            }
            _ => entry.clone(),
        };
    }
    Map { entries }
}
