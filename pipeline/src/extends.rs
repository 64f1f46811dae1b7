//! `extends`: deep merge of jobs, after includes and before references (contracts/ci-yaml.md,
//! part 2, step 3).

use std::collections::HashMap;
use std::rc::Rc;

use crate::keywords::closest;
use crate::read;
use crate::source::{Problem, Report};
use crate::yaml::{Entry, Index, Kind, Map, Node, Scalar, Tree, Value};

/// Longest chain of parents (contracts/ci-yaml.md, limits).
const MAX_LEVELS: usize = 11;

/// The top level of the file with every `extends` carried out and taken away. What cannot be
/// merged is reported and becomes broken.
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

struct Resolver<'t, 'r> {
    top: &'t Map,
    index: HashMap<&'t str, usize>,
    /// The merged value and how many levels of parents it has.
    done: Vec<Option<(Tree, usize)>>,
    /// The same of lists of parents, which often several jobs share.
    bases: HashMap<Vec<usize>, (Map, usize)>,
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
                merged.unwrap_or_else(|| (Rc::new(Node::new(entry.value.mark, Kind::Broken)), 0))
            }
            _ => (Rc::clone(&entry.value), 0),
        };
        self.done[i] = Some(result.clone());
        result
    }

    fn merged(&mut self, entry: &Entry, own: &Map, extends: &Entry) -> Option<(Tree, usize)> {
        if matches!(&extends.value.kind, Kind::List(items) if items.is_empty()) {
            self.report.error(extends.mark, "`extends` must not be an empty list");
        }
        let (base, levels) = self.base(entry, extends)?;
        if levels > MAX_LEVELS {
            self.too_deep(extends);
            return None;
        }
        let mut merged = deep_merge(base, own);
        merged.entries.retain(|entry| &*entry.key != "extends");
        if !self.report.charge(merged.entries.len(), 0, extends.mark) {
            return None;
        }
        Some((Rc::new(Node::new(entry.value.mark, Kind::Map(merged))), levels))
    }

    /// What the parents are together, and how many levels of parents that is. `None` if one of them cannot be used.
    fn base(&mut self, entry: &Entry, extends: &Entry) -> Option<(Map, usize)> {
        let names = read::one_or_many(extends);
        let places: Vec<usize> = names.iter().filter_map(|name| self.place(name)).collect();
        let known = places.len() == names.len() && names.len() > 1;
        if known && let Some(base) = self.bases.get(&places) {
            return Some(base.clone());
        }
        let mut base = Map::default();
        let mut levels = 0;
        let mut usable = !matches!(extends.value.kind, Kind::Broken);
        for name in names {
            let Some((parent, level)) = self.parent(entry, name) else {
                usable = false;
                continue;
            };
            levels = levels.max(level + 1);
            match &parent.kind {
                Kind::Map(map) => base = deep_merge(base, map),
                Kind::Null => {}
                _ => usable = false,
            }
        }
        if known && usable {
            self.bases.insert(places, (base.clone(), levels));
        }
        usable.then_some((base, levels))
    }

    /// Where the job of a name stands.
    fn place(&self, name: &Node) -> Option<usize> {
        match &name.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) => self.index.get(&**text).copied(),
            _ => None,
        }
    }

    fn too_deep(&mut self, extends: &Entry) {
        let message = format!("`extends` goes through more than {MAX_LEVELS} levels of parents");
        self.report.error(extends.mark, message);
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
            let message = format!("`extends` goes through more than {MAX_LEVELS} levels of parents");
            self.report.error(name.mark, message);
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
                let merged = Kind::Map(deep_merge(below.clone(), above));
                Entry { value: Rc::new(Node::new(entry.value.mark, merged)), ..entry.clone() }
            }
            _ => entry.clone(),
        };
    }
    Map { entries }
}
