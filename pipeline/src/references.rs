//! `!reference [path]`: replaced by the value at that path of the merged file, after `extends`
//! (contracts/ci-yaml.md, part 2, step 4). Lists inside lists are flattened by whoever reads them.

use std::collections::HashMap;
use std::rc::Rc;

use crate::extends;
use crate::keywords::{self, Place, closest};
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, MAX_DEPTH, Map, Node, Tree};

/// Longest chain of references (contracts/ci-yaml.md, limits).
const MAX_CHAIN: usize = 10;

/// Keywords of a job that no mapping can stand under, not even in a list.
const NO_MAPPING: &[&str] = &[
    "script",
    "before_script",
    "after_script",
    "stage",
    "tags",
    "dependencies",
    "when",
    "timeout",
    "coverage",
    "interruptible",
    "resource_group",
];

/// The top level of the file with its references replaced. Hidden entries stay as they are: what
/// nobody uses may be anything.
pub(crate) fn resolve(top: &Map, report: &mut Report) -> Map {
    report.about("reference");
    let index = top.entries.iter().enumerate().map(|(i, entry)| (&*entry.key, i)).collect();
    let mut resolver = Resolver { top, index, done: HashMap::new(), chain: Vec::new(), keys: Vec::new(), report };
    let entries = top.entries.iter().map(|entry| {
        let value = if entry.key.starts_with('.') { Rc::clone(&entry.value) } else { resolver.tree(&entry.value) };
        Entry { value, ..entry.clone() }
    });
    Map { entries: entries.collect() }
}

struct Resolver<'t, 'r> {
    top: &'t Map,
    index: HashMap<&'t str, usize>,
    /// What a node became, by its address: all nodes live as long as `top`.
    done: HashMap<*const Node, Tree>,
    /// The references that are being followed.
    chain: Vec<*const Node>,
    /// The keys, from that of a job on, under which the node stands that is looked at.
    keys: Vec<Rc<str>>,
    report: &'r mut Report,
}

impl Resolver<'_, '_> {
    fn tree(&mut self, node: &Tree) -> Tree {
        if !node.refers {
            return Rc::clone(node);
        }
        let address = Rc::as_ptr(node);
        if let Some(done) = self.done.get(&address) {
            return Rc::clone(done);
        }
        let resolved = match &node.kind {
            Kind::List(items) => {
                let items = items.iter().map(|item| self.tree(item)).collect();
                self.rebuilt(node, Kind::List(items))
            }
            Kind::Map(map) => {
                let entry = |entry: &Entry| {
                    self.keys.push(Rc::clone(&entry.key));
                    let value = self.tree(&entry.value);
                    self.keys.pop();
                    Entry { value, ..entry.clone() }
                };
                let entries = map.entries.iter().map(entry).collect();
                self.rebuilt(node, Kind::Map(Map { entries }))
            }
            Kind::Reference(path) => self.target(node, path).unwrap_or_else(|| broken(node.mark)),
            Kind::Null | Kind::Scalar(_) | Kind::Broken => Rc::clone(node),
        };
        // Inside a circle the outcome depends on where it was entered; such a node is broken anyway.
        self.done.insert(address, Rc::clone(&resolved));
        resolved
    }

    /// A collection of resolved parts, which may have become too much.
    fn rebuilt(&mut self, node: &Node, kind: Kind) -> Tree {
        let rebuilt = node.rebuilt(kind);
        if rebuilt.depth > MAX_DEPTH {
            self.report
                .error(node.mark, format!("values are nested deeper than {MAX_DEPTH} levels, references followed"));
            return broken(node.mark);
        }
        Rc::new(rebuilt)
    }

    fn target(&mut self, node: &Tree, path: &[Tree]) -> Option<Tree> {
        let names = self.names(node, path)?;
        let shown = || format!("!reference [{}]", names.join(", "));
        let address = Rc::as_ptr(node);
        if self.chain.contains(&address) {
            self.report.error(node.mark, format!("`{}` leads back to itself", shown()));
            return None;
        }
        if self.chain.len() >= MAX_CHAIN {
            let message = format!("`{}` goes through more than {MAX_CHAIN} references", shown());
            self.report.error(node.mark, message);
            return None;
        }
        self.chain.push(address);
        let found = self.follow(path, &names);
        self.chain.pop();
        let found = found?;
        if let ([key], Kind::Map(map)) = (&self.keys[..], &found.kind)
            && let Some(hint) = too_much(map, key, &names)
        {
            let message = match map.get(key) {
                Some(_) => format!("`{}` brings all of it, not its `{key}` alone", shown()),
                None => format!("`{}` brings a mapping, which `{key}` does not take", shown()),
            };
            self.report.add(Problem::error(node.mark, message).hint(hint));
            return None;
        }
        self.report.charge(found.nodes, found.bytes, node.mark).then_some(found)
    }

    fn names(&mut self, node: &Node, path: &[Tree]) -> Option<Vec<String>> {
        if path.is_empty() {
            let problem = Problem::error(node.mark, "`!reference` needs the path to a value");
            self.report.add(problem.hint("`!reference [.setup, script]`"));
            return None;
        }
        let name = |part: &Tree| match &part.kind {
            Kind::Scalar(scalar) => Some(scalar.text.to_string()),
            _ => None,
        };
        let names: Option<Vec<_>> = path.iter().map(name).collect();
        if names.is_none() {
            self.report.error(node.mark, "the path of `!reference` is made of strings");
        }
        names
    }

    fn follow(&mut self, path: &[Tree], names: &[String]) -> Option<Tree> {
        let Some(&first) = self.index.get(names[0].as_str()) else {
            if self.report.is_partial() {
                return None;
            }
            let top = self.top;
            self.report.add_error(|| {
                let hint = closest(&names[0], top.entries.iter().map(|entry| &*entry.key));
                let message = format!("`!reference` leads nowhere: the file has no `{}`", names[0]);
                Problem::error(path[0].mark, message).maybe_hint(hint.map(|close| format!("did you mean `{close}`?")))
            });
            return None;
        };
        let mut value = Rc::clone(&self.top.entries[first].value);
        for (i, name) in names.iter().enumerate().skip(1) {
            if matches!(value.kind, Kind::Reference(_)) {
                value = self.tree(&value);
            }
            if matches!(value.kind, Kind::Broken) {
                return None;
            }
            let next = value.as_map().and_then(|map| map.written(name)).map(|entry| Rc::clone(&entry.value));
            let Some(next) = next else {
                let may_have =
                    |map: &Map| extends::lacks_parent(map) || keywords::is_mistyped(map, Place::Job, &[name]);
                if self.report.is_partial() || value.as_map().is_some_and(may_have) {
                    return None;
                }
                let message = format!("`!reference` leads nowhere: `{}` has no `{name}`", names[..i].join(", "));
                let keys = value.as_map().map(|map| map.entries.iter().map(|e| &*e.key)).into_iter().flatten();
                let hint = closest(name, keys).map(|close| format!("did you mean `{close}`?"));
                self.report.add(Problem::error(path[i].mark, message).maybe_hint(hint));
                return None;
            };
            value = next;
        }
        Some(self.tree(&value))
    }
}

/// What to write instead when a reference under a keyword of a job brings a whole job: it has the keyword itself, or the
/// keyword takes no mapping at all.
fn too_much(brought: &Map, key: &str, names: &[String]) -> Option<String> {
    let path = names.join(", ");
    match brought.get(key) {
        // A variable may be called so.
        Some(own) if key == "variables" && own.value.as_map().is_none() => None,
        Some(_) => Some(format!("did you mean `!reference [{path}, {key}]`?")),
        None if !NO_MAPPING.contains(&key) => None,
        None => Some(match brought.entries.first() {
            Some(first) => format!("name a key of it, as in `!reference [{path}, {}]`", first.key),
            None => "name a list or a text".to_owned(),
        }),
    }
}

fn broken(mark: Mark) -> Tree {
    Rc::new(Node::new(mark, Kind::Broken))
}
