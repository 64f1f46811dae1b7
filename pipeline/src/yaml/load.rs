//! Text to tree, within budgets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use model::Span;

use super::mapping::Building;
use super::recover::{Cuts, Stop};
use super::{Entry, Kind, Map, Node, Scalar, Tree, legacy_meaning, legacy_warning, syntax};
use crate::source::{Mark, Problem};

/// Largest text, in bytes (contracts/ci-yaml.md, limits).
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Most nodes, aliases followed.
pub(crate) const MAX_NODES: usize = 500_000;
/// Most bytes of scalars, aliases followed.
pub(crate) const MAX_EXPANDED_BYTES: usize = 32 * 1024 * 1024;
/// Deepest nesting, aliases followed (contracts/ci-yaml.md, limits).
pub(crate) const MAX_DEPTH: usize = 100;

/// What a text holds.
#[derive(Default)]
pub(crate) struct Loaded {
    /// The document with `spec` before the definition, where there is one.
    pub header: Option<Tree>,
    /// The definition. `None` means that there is nothing to work with; the problems say why.
    pub root: Option<Tree>,
    /// Problems that leave a usable tree behind come with it.
    pub problems: Vec<Problem>,
    /// Whether parts of the text could not be read: what is missing may stand there.
    pub is_partial: bool,
    /// Whether files may be included there.
    pub may_include: bool,
}

/// Reads the document of `text`, and the header before it.
pub(crate) fn load(text: &str, file: u32) -> Loaded {
    let start = Mark { file, span: Span { start: 0, end: 0, line: 1, column: 1 } };
    if text.len() > MAX_BYTES {
        let problem = Problem::error(start, format!("the file has {} bytes; at most 2 MiB are read", text.len()))
            .hint("generated parts belong into files that the scripts read");
        return Loaded { problems: vec![problem], ..Loaded::default() };
    }
    let mut cuts = Cuts::default();
    let mut told = Vec::new();
    loop {
        let rest = if cuts.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(cuts.without(text)) };
        let mut loader = Loader { text: &rest, whole: text, cuts: Some(&cuts), file, ..Loader::default() };
        let stop = loader.run().err();
        let Loader { header, mut root, mut problems, frames, .. } = loader;
        if let Some(stop) = stop {
            // What was odd in a line in which YAML ends, or in brackets that were to be closed before, is no other
            // mistake.
            let is_open = |at: &usize| rest[*at..].starts_with(['[', '{']);
            let open = frames.iter().map(|frame| frame.mark().span.start).find(is_open).unwrap_or(rest.len());
            let line = stop.problem().mark.span.line;
            problems.retain(|odd| odd.mark.span.line != line && odd.mark.span.start < open);
            let again = cuts.add(text, &stop);
            told.push(stop.into_problem());
            if again {
                // What is odd elsewhere is found again.
                told.extend(problems.into_iter().filter(|odd| cuts.hold(odd.mark.span.start)));
                continue;
            }
            root = None;
        } else if root.is_none() && header.is_none() && problems.is_empty() && told.is_empty() {
            let problem = Problem::error(start, "the definition is empty");
            problems.push(problem.hint("a job needs at least a name and a `script`"));
        }
        told.extend(problems);
        let mut loaded = Loaded { header, root, problems: told, ..Loaded::default() };
        cuts.put_back(text, file, &mut loaded);
        return loaded;
    }
}

/// Reads a text. Aliases that name nothing are events like others: what is no YAML stands elsewhere.
pub(super) fn parser(text: &str) -> impl Iterator<Item = Result<(Event<'_>, granit_parser::Span), ScanError>> {
    let options = granit_parser::options! { emit_unresolved_aliases: true, emit_comments: false };
    Parser::new_from_str_with_options(text, options)
}

/// What a tag makes of a collection.
#[derive(Clone, Copy)]
enum Meaning {
    Plain,
    Reference,
    Broken,
}

enum Frame {
    List { mark: Mark, anchor: usize, meaning: Meaning, items: Vec<Tree> },
    Map { mark: Mark, anchor: usize, building: Building, key: Option<Key> },
}

impl Frame {
    fn mark(&self) -> Mark {
        let (Self::List { mark, .. } | Self::Map { mark, .. }) = self;
        *mark
    }
}

/// A key whose value has not come yet. `Bad` was reported; its value is read and dropped.
enum Key {
    Text { text: Rc<str>, mark: Mark },
    Merge { mark: Mark },
    Bad,
}

#[derive(Default)]
struct Loader<'t> {
    text: &'t str,
    /// The text before anything was cut out of it.
    whole: &'t str,
    cuts: Option<&'t Cuts>,
    file: u32,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Tree>,
    header: Option<Tree>,
    root: Option<Tree>,
    documents: usize,
    nodes: usize,
    bytes: usize,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        for event in parser(self.text) {
            let (event, span) =
                event.map_err(|error| syntax::problem(self.text, self.file, &error)).map_err(Stop::Syntax)?;
            let mark = self.mark(span);
            let tag_mark = span.tag_span().map_or(mark, |tag| self.mark(tag));
            match event {
                Event::DocumentStart(..) => {
                    self.documents += 1;
                    if self.documents > 1 {
                        self.next_document(mark).map_err(Stop::Document)?;
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let kind = self.scalar(&text, style, tag.as_deref(), mark, tag_mark);
                    match self.frames.last_mut() {
                        // Most keys are only that: no node is made of them.
                        Some(Frame::Map { key: slot @ None, .. }) if anchor == 0 => {
                            *slot = Some(read_key(&kind, mark, &mut self.problems));
                            self.charge(1, text.len(), mark)?;
                        }
                        _ => self.complete(Rc::new(Node::new(mark, kind)), anchor)?,
                    }
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.deeper(mark)?;
                    let meaning = self.collection_tag(tag.as_deref(), "seq", tag_mark);
                    let mark = if matches!(meaning, Meaning::Reference) { tag_mark } else { mark };
                    self.frames.push(Frame::List { mark, anchor, meaning, items: Vec::new() });
                }
                Event::MappingStart(_, anchor, tag) => {
                    self.deeper(mark)?;
                    self.collection_tag(tag.as_deref(), "map", tag_mark);
                    self.frames.push(Frame::Map { mark, anchor, building: Building::default(), key: None });
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(mark)?,
                Event::Alias(id) => self.alias(id, mark)?,
                Event::UnresolvedAlias(name) => {
                    if !self.cuts.is_some_and(|cuts| cuts.say(self.whole, &format!("&{name}"))) {
                        self.problems.push(no_anchor(&name, mark));
                    }
                    self.complete(Rc::new(Node::new(mark, Kind::Broken)), 0)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn mark(&self, span: granit_parser::Span) -> Mark {
        let start = span.start.byte_offset().unwrap_or(0);
        let end = span.end.byte_offset().unwrap_or(start).max(start);
        Mark {
            file: self.file,
            span: Span { start, end, line: span.start.line() as u32, column: span.start.col() as u32 + 1 },
        }
    }

    /// Only a header may stand before the definition.
    fn next_document(&mut self, mark: Mark) -> Result<(), Problem> {
        let is_header = |root: &Tree| root.as_map().is_some_and(|map| map.written("spec").is_some());
        if self.header.is_none() && self.root.as_ref().is_some_and(is_header) {
            self.header = self.root.take();
            // An alias does not reach into another document.
            self.anchors.clear();
            return Ok(());
        }
        if self.header.is_none()
            && let Some(header) = self.mistyped_header()
        {
            (self.header, self.root) = (Some(header), None);
            self.anchors.clear();
            return Ok(());
        }
        let line = if self.text[mark.span.start..].starts_with("---") { "---" } else { "..." };
        let problem = Problem::error(mark, "a second document begins here; a definition is one document");
        Err(problem.hint(format!("remove the line `{line}`; only a header with `spec` may stand before a definition")))
    }

    /// A document that was surely meant to be a header: one that cannot be read.
    fn mistyped_header(&mut self) -> Option<Tree> {
        let root = self.root.as_ref()?;
        let [entry] = &root.as_map()?.entries[..] else { return None };
        crate::keywords::closest(&entry.key, ["spec"])?;
        let problem = Problem::error(entry.mark, format!("`{}` is not a keyword in a header", entry.key));
        let broken = Rc::new(Node::new(entry.value.mark, Kind::Broken));
        let entries = vec![Entry { key: "spec".into(), mark: entry.mark, value: broken }];
        let header = Node::new(root.mark, Kind::Map(Map { entries }));
        self.problems.push(problem.hint("did you mean `spec`?"));
        Some(Rc::new(header))
    }

    fn deeper(&self, mark: Mark) -> Result<(), Problem> {
        if self.frames.len() >= MAX_DEPTH { Err(too_deep(mark)) } else { Ok(()) }
    }

    fn charge(&mut self, nodes: usize, bytes: usize, mark: Mark) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.nodes > MAX_NODES || self.bytes > MAX_EXPANDED_BYTES {
            let message = format!("the file grows past {MAX_NODES} values or 32 MiB here, aliases followed");
            return Err(Problem::error(mark, message).hint("split it, or repeat fewer anchors"));
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: Mark, tag_mark: Mark) -> Kind {
        let plain = style == ScalarStyle::Plain;
        let kind = match tag {
            None if plain => Scalar::plain(text).map_or(Kind::Null, Kind::Scalar),
            None => Kind::Scalar(Scalar::quoted(text)),
            Some(tag) => match (tag.core_suffix(), tag.original().as_str()) {
                (Some("str"), _) | (None, "!") => Kind::Scalar(Scalar::quoted(text)),
                (Some("bool" | "int" | "float" | "null"), _) => Scalar::plain(text).map_or(Kind::Null, Kind::Scalar),
                (_, "!reference") => {
                    self.problems.push(
                        Problem::error(tag_mark, "`!reference` takes a list: the path to a value")
                            .hint("`!reference [.setup, script]`"),
                    );
                    Kind::Broken
                }
                (_, name) => self.unknown_tag(name, tag_mark),
            },
        };
        if let Kind::Scalar(scalar) = &kind
            && tag.is_none()
            && let Some(other) = legacy_meaning(scalar)
        {
            self.problems.push(legacy_warning(text, &other, mark));
        }
        kind
    }

    fn unknown_tag(&mut self, name: &str, mark: Mark) -> Kind {
        let problem = Problem::error(mark, format!("the tag `{name}` is not part of the language"));
        let close = crate::keywords::closest(name, ["!reference"]);
        self.problems.push(match close {
            Some(close) => problem.hint(format!("did you mean `{close}`?")),
            None => problem.hint("put text that begins with `!` in quotes"),
        });
        Kind::Broken
    }

    /// Checks the tag of a list or a mapping.
    fn collection_tag(&mut self, tag: Option<&Tag>, core: &str, mark: Mark) -> Meaning {
        let Some(tag) = tag else { return Meaning::Plain };
        if tag.core_suffix() == Some(core) || tag.original() == "!" {
            return Meaning::Plain;
        }
        if core == "seq" && tag.original() == "!reference" {
            return Meaning::Reference;
        }
        self.unknown_tag(&tag.original(), mark);
        Meaning::Broken
    }

    fn alias(&mut self, id: usize, mark: Mark) -> Result<(), Problem> {
        let Some(target) = self.anchors.get(&id).cloned() else {
            self.problems.push(Problem::error(mark, "this alias stands inside the value that it repeats"));
            return self.complete(Rc::new(Node::new(mark, Kind::Broken)), 0);
        };
        if self.frames.len() + target.depth > MAX_DEPTH {
            return Err(too_deep(mark));
        }
        self.charge(target.nodes, target.bytes, mark)?;
        self.attach(target);
        Ok(())
    }

    fn close(&mut self, end: Mark) -> Result<(), Problem> {
        let (mut node, anchor) = match self.frames.pop() {
            Some(Frame::List { mark, anchor, meaning, items }) => {
                let kind = match meaning {
                    Meaning::Plain => Kind::List(items),
                    Meaning::Reference => Kind::Reference(items),
                    Meaning::Broken => Kind::Broken,
                };
                (Node::new(mark, kind), anchor)
            }
            Some(Frame::Map { mark, anchor, building, .. }) => (building.finish(mark), anchor),
            None => return Ok(()),
        };
        node.mark.span.end = end.span.end.max(node.mark.span.end);
        self.complete(Rc::new(node), anchor)
    }

    /// A node of the text is complete.
    fn complete(&mut self, node: Tree, anchor: usize) -> Result<(), Problem> {
        let bytes = if let Kind::Scalar(scalar) = &node.kind { scalar.text.len() } else { 0 };
        self.charge(1, bytes, node.mark)?;
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.attach(node);
        Ok(())
    }

    fn attach(&mut self, node: Tree) {
        let problems = &mut self.problems;
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { key: slot @ None, .. }) => *slot = Some(read_key(&node.kind, node.mark, problems)),
            Some(Frame::Map { key: slot, building, .. }) => match slot.take() {
                Some(Key::Text { text, mark }) => building.insert(text, mark, node, problems),
                Some(Key::Merge { mark }) => building.merge(mark, &node, problems),
                Some(Key::Bad) | None => {}
            },
        }
    }
}

/// An alias that names nothing; a pattern for files looks like one.
fn no_anchor(name: &str, mark: Mark) -> Problem {
    if name.contains(['.', '/', '*']) {
        return Problem::error(mark, format!("`*{name}` is an alias to YAML, and there is no anchor `&{name}`"))
            .hint(format!("put text that begins with `*` in quotes: `\"*{name}\"`"));
    }
    Problem::error(mark, format!("there is no anchor `&{name}` before this place"))
        .hint("an alias names an anchor above it in the same file; `extends` and `!reference` reach into other files")
}

pub(super) fn too_deep(mark: Mark) -> Problem {
    Problem::error(mark, format!("values are nested deeper than {MAX_DEPTH} levels, aliases followed"))
}

fn read_key(kind: &Kind, mark: Mark, problems: &mut Vec<Problem>) -> Key {
    match kind {
        // In quotes too, as on GitLab.
        Kind::Scalar(scalar) if &*scalar.text == "<<" => Key::Merge { mark },
        Kind::Scalar(scalar) => Key::Text { text: Rc::clone(&scalar.text), mark },
        Kind::Broken => Key::Bad,
        _ => {
            problems.push(Problem::error(mark, format!("a key must be a string, not {}", kind.describe())));
            Key::Bad
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(node: &Node) -> String {
        match &node.kind {
            Kind::Null => "~".into(),
            Kind::Scalar(scalar) => scalar.text.to_string(),
            Kind::List(items) => {
                format!("[{}]", items.iter().map(|item| outline(item)).collect::<Vec<_>>().join(","))
            }
            Kind::Reference(items) => {
                format!("![{}]", items.iter().map(|item| outline(item)).collect::<Vec<_>>().join(","))
            }
            Kind::Map(map) => {
                let entries = map.entries.iter().map(|e| format!("{}:{}", e.key, outline(&e.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
            Kind::Broken => "?".into(),
        }
    }

    fn read(text: &str) -> (String, Vec<String>) {
        let Loaded { root, problems, .. } = load(text, 0);
        let problems = problems.iter().map(|p| format!("{}: {}", p.mark.span.line, p.message)).collect();
        (root.map_or_else(|| "-".into(), |root| outline(&root)), problems)
    }

    #[test]
    fn merges_by_the_rules() {
        let (tree, problems) = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], z: 5}\n");
        assert_eq!(tree, "{a:{x:1,y:2},b:{y:3,z:4},c:{y:2,z:5,x:1}}");
        assert!(problems.is_empty());
        let (tree, problems) = read("a: &a {x: 1}\nc: {x: 2, <<: *a}\n");
        assert_eq!(tree, "{a:{x:1},c:{x:1}}");
        assert_eq!(problems, ["2: `x` stands before `<<`, which replaces it"]);
        let (tree, problems) = read("a: &a {x: 1, y: 1}\nb: &b {x: 2}\nc: {x: 0, z: 0, <<: *a, <<: *b, y: 3}\n");
        assert_eq!(tree, "{a:{x:1,y:1},b:{x:2},c:{x:2,z:0,y:3}}");
        assert_eq!(problems, ["3: `x` stands before `<<`, which replaces it"]);
    }

    #[test]
    fn a_merge_key_may_stand_in_quotes() {
        let (tree, problems) = read("a: &a {x: 1}\nb: {\"<<\": *a, y: 2}\nc: {'<<': [*a], y: 2}\n");
        assert_eq!(tree, "{a:{x:1},b:{x:1,y:2},c:{x:1,y:2}}");
        assert!(problems.is_empty());
    }

    #[test]
    fn the_last_of_two_keys_counts() {
        let (tree, problems) = read("a: 1\nb: 2\na: 3\n");
        assert_eq!(tree, "{a:3,b:2}");
        assert_eq!(problems, ["3: `a` is given twice in this mapping; the last one counts"]);
    }

    #[test]
    fn keeps_references_and_refuses_other_tags() {
        assert_eq!(read("a: !reference [b, c]").0, "{a:![b,c]}");
        assert_eq!(read("a: !!str 12").0, "{a:12}");
        assert_eq!(
            read("a: !refrence [b]"),
            ("{a:?}".into(), vec!["1: the tag `!refrence` is not part of the language".into()])
        );
    }

    #[test]
    fn bombs_are_defused() {
        let mut bomb = "a0: &a0 [x, x]\n".to_owned();
        for i in 1..60 {
            bomb.push_str(&format!("a{i}: &a{i} [*a{p}, *a{p}]\n", p = i - 1));
        }
        let (tree, problems) = read(&bomb);
        assert_eq!(tree, "-");
        assert!(problems[0].contains("grows past"), "{problems:?}");
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(read(&deep).1[0].contains("deeper than 100"));
        let mut chain = "a0: &a0 [x]\n".to_owned();
        for i in 1..120 {
            chain.push_str(&format!("a{i}: &a{i} [*a{p}]\n", p = i - 1));
        }
        assert!(read(&chain).1[0].contains("deeper than 100"));
        assert!(read("a: &a [*a]").1[0].contains("inside the value"));
        assert!(read(&"- x\n".repeat(3_000_000)).1[0].contains("at most 2 MiB"));
    }
}
