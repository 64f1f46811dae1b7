//! The tree.

use std::rc::Rc;

use super::Scalar;
use crate::source::Mark;

/// A shared node: an alias is the node it names, so a file that repeats an anchor a thousand times
/// holds it once.
pub(crate) type Tree = Rc<Node>;

/// A value of the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it stands.
    pub mark: Mark,
    /// What it is.
    pub kind: Kind,
    /// How many nodes it is, aliases followed.
    pub nodes: usize,
    /// How many bytes its scalars have, aliases followed.
    pub bytes: usize,
    /// How deep it is: 1 for a scalar.
    pub depth: usize,
    /// Whether it is a reference or holds one.
    pub refers: bool,
    /// Whether it is broken or holds something broken.
    pub broken: bool,
    /// Whether it is a mapping that may have been meant to have more keys: what it merges is broken, say.
    pub lacks: bool,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Nothing, or `null`, or `~`.
    Null,
    /// One value.
    Scalar(Scalar),
    /// A list.
    List(Vec<Tree>),
    /// A mapping.
    Map(Map),
    /// `!reference [...]`: the path.
    Reference(Vec<Tree>),
    /// Something that was reported already; readers pass over it in silence.
    Broken,
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key's text.
    pub key: Rc<str>,
    /// Where the key stands.
    pub mark: Mark,
    /// The value.
    pub value: Tree,
}

impl Entry {
    /// Where a finding about the value is shown: a missing value has no text of its own.
    pub fn value_mark(&self) -> Mark {
        if matches!(self.value.kind, Kind::Null) { self.mark } else { self.value.mark }
    }
}

/// A mapping in the order of the text; keys are unique.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    pub entries: Vec<Entry>,
}

impl Map {
    /// What is given under a key; for the small mappings of a job, so a plain search. `null` gives nothing: a key
    /// that has to be there is missing then, and one that may be there takes nothing.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.written(key).filter(|entry| !matches!(entry.value.kind, Kind::Null))
    }

    /// The entry of a key as the text has it, for those who tell `null` from a key that is not there.
    pub fn written(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key == key)
    }
}

impl Node {
    pub fn new(mark: Mark, kind: Kind) -> Self {
        let mut node = Self { mark, kind, nodes: 1, bytes: 0, depth: 1, refers: false, broken: false, lacks: false };
        let mut add = |child: &Node| {
            node.nodes = node.nodes.saturating_add(child.nodes);
            node.bytes = node.bytes.saturating_add(child.bytes);
            node.depth = node.depth.max(child.depth + 1);
            node.refers |= child.refers;
            node.broken |= child.broken;
        };
        match &node.kind {
            Kind::Null | Kind::Broken => {}
            Kind::Scalar(scalar) => node.bytes = scalar.text.len(),
            Kind::List(items) | Kind::Reference(items) => items.iter().for_each(|item| add(item)),
            Kind::Map(map) => map.entries.iter().for_each(|entry| add(&entry.value)),
        }
        node.refers |= matches!(node.kind, Kind::Reference(_));
        node.broken |= matches!(node.kind, Kind::Broken);
        if let Kind::Map(map) = &node.kind {
            let keys: usize = map.entries.iter().map(|entry| entry.key.len()).sum();
            node.bytes = node.bytes.saturating_add(keys);
        }
        node
    }

    /// Something else in its place, made of its parts. As broken as it was.
    pub fn rebuilt(&self, kind: Kind) -> Self {
        let node = Self::new(self.mark, kind);
        Self { broken: node.broken || self.broken, lacks: self.lacks, ..node }
    }

    /// The same mapping, which may have been meant to have more keys.
    pub fn lacking(self) -> Self {
        Self { broken: true, lacks: true, ..self }
    }

    /// The entries, when it is a mapping.
    pub fn as_map(&self) -> Option<&Map> {
        if let Kind::Map(map) = &self.kind { Some(map) } else { None }
    }

    /// What it is, in the words of a message: "a list", "the number 3".
    pub fn describe(&self) -> String {
        self.kind.describe()
    }
}

impl Kind {
    /// What it is, in the words of a message.
    pub fn describe(&self) -> String {
        match self {
            Kind::Null => "nothing".into(),
            Kind::Scalar(scalar) => scalar.describe(),
            Kind::List(_) => "a list".into(),
            Kind::Map(_) => "a mapping".into(),
            Kind::Reference(_) => "a reference".into(),
            Kind::Broken => "something that could not be read".into(),
        }
    }
}
