//! `$[[ inputs.name | function(…) ]]` in the keys and values of a file.

use std::collections::HashMap;
use std::rc::Rc;

use model::plan::Inputs;
use serde_json::Value as Json;

use super::value::{shown, to_tree};
use crate::expand::expand;
use crate::keywords::closest;
use crate::scope::Scope;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{Entry, Kind, MAX_DEPTH, Map, Node, Scalar, Tree};

pub(super) const OPEN: &str = "$[[";
const CLOSE: &str = "]]";
/// Most functions in one block (contracts/ci-yaml.md, part 5).
const MAX_FUNCTIONS: usize = 3;
/// Longest text that one value becomes.
const MAX_LENGTH: usize = 1024 * 1024;

/// What a file knows of its inputs.
pub(super) struct Known<'i> {
    /// Their values; `null` where there is none, which has been told.
    pub inputs: &'i Inputs,
    /// Whether these are all: of a header that is wrong nobody knows what it was to say.
    pub complete: bool,
}

/// The tree with its blocks replaced. What stands where a value is not known is broken, and told no more.
pub(super) fn interpolate(root: &Tree, known: &Known<'_>, scope: &Scope<'_>, report: &mut Report) -> Tree {
    let mut work = Interpolation { known, root: Rc::as_ptr(root), scope, report, done: HashMap::new() };
    work.tree(root).unwrap_or_else(|| Rc::clone(root))
}

struct Interpolation<'i, 'c, 'r> {
    known: &'i Known<'i>,
    /// The top of the file: what cannot be named there is left out, the rest stays.
    root: *const Node,
    scope: &'i Scope<'c>,
    report: &'r mut Report,
    /// What shared nodes became, by their address.
    done: HashMap<*const Node, Option<Tree>>,
}

impl Interpolation<'_, '_, '_> {
    /// What the node becomes; `None` when nothing changes.
    fn tree(&mut self, node: &Tree) -> Option<Tree> {
        let address = Rc::as_ptr(node);
        if let Some(done) = self.done.get(&address) {
            return done.clone();
        }
        let changed = match &node.kind {
            Kind::Scalar(scalar) if scalar.text.contains(OPEN) => Some(self.scalar(node, scalar)),
            Kind::List(items) => self.items(items).map(|items| self.built(node, Kind::List(items))),
            Kind::Reference(items) => self.items(items).map(|items| self.built(node, Kind::Reference(items))),
            Kind::Map(map) => self.map(node, map),
            _ => None,
        };
        // Only what may be shared is worth remembering.
        if Rc::strong_count(node) > 1 {
            self.done.insert(address, changed.clone());
        }
        changed
    }

    /// A collection with inputs in it, which may have become too deep.
    fn built(&mut self, from: &Node, kind: Kind) -> Tree {
        let (mark, node) = (from.mark, from.rebuilt(kind));
        if node.depth > MAX_DEPTH {
            self.report.error(mark, format!("values are nested deeper than {MAX_DEPTH} levels, inputs put in"));
            return Rc::new(Node::new(mark, Kind::Broken));
        }
        Rc::new(node)
    }

    fn items(&mut self, items: &[Tree]) -> Option<Vec<Tree>> {
        let changed: Vec<_> = items.iter().map(|item| self.tree(item)).collect();
        changed
            .iter()
            .any(Option::is_some)
            .then(|| items.iter().zip(changed).map(|(item, new)| new.unwrap_or_else(|| Rc::clone(item))).collect())
    }

    fn map(&mut self, node: &Tree, map: &Map) -> Option<Tree> {
        let mut any = false;
        let mut is_whole = true;
        let mut entries: Vec<Entry> = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let value = self.tree(&entry.value);
            let key = if entry.key.contains(OPEN) {
                any = true;
                match self.text(&entry.key, entry.mark) {
                    Some(key) => key.into(),
                    // A job is looked at under the name that is written; what has only an input for a name may be
                    // anything.
                    None if Rc::as_ptr(node) == self.root && !entry.key.starts_with(OPEN) => Rc::clone(&entry.key),
                    None => {
                        is_whole = false;
                        continue;
                    }
                }
            } else {
                Rc::clone(&entry.key)
            };
            any |= value.is_some();
            if any && entries.iter().any(|other| other.key == key) {
                self.report.error(entry.mark, format!("`{key}` is given twice, inputs put in"));
            }
            entries.push(Entry { key, mark: entry.mark, value: value.unwrap_or_else(|| Rc::clone(&entry.value)) });
        }
        if !any {
            return None;
        }
        let is_usable = is_whole || Rc::as_ptr(node) == self.root;
        Some(self.built(node, if is_usable { Kind::Map(Map { entries }) } else { Kind::Broken }))
    }

    fn scalar(&mut self, node: &Node, scalar: &Scalar) -> Tree {
        // A block that is the whole value keeps its type.
        let whole = scalar.text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
        if let Some(block) = whole.filter(|block| !block.contains(CLOSE) && is_ours(block)) {
            return match self.block(block).map_err(|why| self.refuse(why, &scalar.text, 0, node.mark)) {
                Ok(value) if self.report.charge(1, shown(&value).len(), node.mark) => to_tree(&value, node.mark),
                _ => Rc::new(Node::new(node.mark, Kind::Broken)),
            };
        }
        // What stands inside of a longer text is text, and so is the whole, whatever it looks like then.
        let text = self.text(&scalar.text, node.mark);
        Rc::new(Node::new(node.mark, text.map_or(Kind::Broken, |text| Kind::Scalar(Scalar::quoted(&text)))))
    }

    /// A text with its blocks put in.
    fn text(&mut self, text: &str, mark: Mark) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        let mut fine = true;
        while let Some(at) = rest.find(OPEN) {
            let start = text.len() - rest.len() + at;
            out.push_str(&rest[..at]);
            let inside = &rest[at + OPEN.len()..];
            let Some(end) = inside.find(CLOSE) else {
                rest = &rest[at..];
                if is_input(inside) {
                    let problem = Problem::warning(mark, format!("`{}` stays as it is: `]]` is missing", brief(rest)));
                    self.report.add(problem.hint("`$[[ inputs.name ]]` stands for an input"));
                }
                break;
            };
            if is_ours(&inside[..end]) {
                match self.block(&inside[..end]) {
                    Ok(value) => out.push_str(&shown(&value)),
                    Err(why) => {
                        self.refuse(why, text, start, mark);
                        fine = false;
                    }
                }
            } else {
                // What the matrix puts in comes later.
                out.push_str(&rest[at..at + OPEN.len() + end + CLOSE.len()]);
            }
            rest = &inside[end + CLOSE.len()..];
            if out.len() > MAX_LENGTH {
                self.report.error(mark, "this value grows past 1 MiB, inputs put in");
                return None;
            }
        }
        out.push_str(rest);
        (fine && self.report.charge(0, out.len(), mark)).then_some(out)
    }

    /// Says what is wrong with the block that begins at `start` of a text: at the block, where it can be seen.
    fn refuse(&mut self, why: Why, text: &str, start: usize, mark: Mark) {
        self.report.leave_out();
        let Why::Refused(refused) = why else { return };
        let length = text[start..].find(CLOSE).map_or(text.len() - start, |end| end + CLOSE.len());
        let problem = |part| Problem::error(part, refused.message).maybe_hint(refused.hint);
        self.report.add_part(mark, text, start..start + length, problem);
    }

    fn block(&self, block: &str) -> Result<Json, Why> {
        let mut parts = block.split('|').map(str::trim);
        let access = parts.next().unwrap_or_default();
        let Some(name) = access.strip_prefix("inputs.") else {
            let refused = Refused::new(format!("`$[[ {access} ]]` means nothing here"));
            return Err(refused.hint("`$[[ inputs.name ]]` stands for an input").into());
        };
        let value = match self.known.inputs.get(name) {
            Some(value) => value,
            None if !self.known.complete => &Json::Null,
            None => {
                let close = closest(name, self.known.inputs.keys().map(String::as_str));
                let message = format!("there is no input `{name}` in the header of this file");
                return Err(Refused { message, hint: close.map(|close| format!("did you mean `{close}`?")) }.into());
            }
        };
        let functions: Vec<_> = parts.collect();
        if functions.len() > MAX_FUNCTIONS {
            return Err(Refused::new(format!("a block has at most {MAX_FUNCTIONS} functions")).into());
        }
        functions.iter().try_for_each(|function| check_function(function))?;
        if value.is_null() {
            return Err(Why::Unknown);
        }
        let call = |value: Json, function| self.call(function, &value).map(Json::String);
        Ok(functions.into_iter().try_fold(value.clone(), call)?)
    }

    fn call(&self, function: &str, value: &Json) -> Result<String, Refused> {
        let Json::String(text) = value else {
            return Err(Refused::new(format!("`{function}` takes a string, and this input is none")));
        };
        if let Some((offset, length)) = truncate_arguments(function) {
            return Ok(text.chars().skip(offset).take(length).collect());
        }
        if function == "expand_vars" {
            let secret = std::cell::Cell::new(None);
            let lookup = |name: &str| {
                let found = self.scope.get(name, &[]);
                if let Some(found) = found.filter(|found| found.masked) {
                    secret.set(Some(found.key.as_str()));
                }
                found
            };
            let expanded = expand(text, &lookup);
            if let Some(name) = secret.get() {
                let text = format!("`expand_vars` does not put the masked variable `{name}` into a definition");
                return Err(Refused::new(text));
            }
            return expanded.map_err(|error| Refused::new(error.to_string()));
        }
        Ok(posix_escape(text))
    }
}

/// Warns of blocks that nothing stands for: the file has no header.
pub(super) fn leftovers(node: &Tree, report: &mut Report) {
    let look_at = |text: &str, mark: Mark, report: &mut Report| {
        let Some((at, _)) = text.match_indices(OPEN).find(|(at, _)| is_input(&text[at + OPEN.len()..])) else { return };
        let block = &text[at..];
        let block = block.find(CLOSE).map_or(block, |end| &block[..end + CLOSE.len()]);
        let problem = Problem::warning(mark, format!("`{}` stays as it is: this file has no header", brief(block)));
        report.add(problem.hint("declare the input in a header with `spec`, before a line `---`").minor());
    };
    match &node.kind {
        Kind::Scalar(scalar) => look_at(&scalar.text, node.mark, report),
        Kind::List(items) | Kind::Reference(items) => items.iter().for_each(|item| leftovers(item, report)),
        Kind::Map(map) => {
            for entry in &map.entries {
                look_at(&entry.key, entry.mark, report);
                leftovers(&entry.value, report);
            }
        }
        Kind::Null | Kind::Broken => {}
    }
}

/// Whether what follows `$[[` names an input.
fn is_input(inside: &str) -> bool {
    inside.trim_start().starts_with("inputs.")
}

fn brief(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Refuses what is no function, whatever it is to be called with.
fn check_function(function: &str) -> Result<(), Refused> {
    if ["expand_vars", "posix_escape"].contains(&function) || truncate_arguments(function).is_some() {
        return Ok(());
    }
    if function.split('(').next().is_some_and(|name| name.trim_end() == "truncate") {
        let refused = Refused::new(format!("`truncate` takes an offset and a length, not `{function}`"));
        return Err(refused.hint("`truncate(0, 8)`"));
    }
    let refused = Refused::new(format!("there is no function `{function}`"));
    Err(refused.hint("the functions are `expand_vars`, `posix_escape` and `truncate(offset, length)`"))
}

/// Why a block becomes nothing.
enum Why {
    Refused(Refused),
    /// Its input has no value, which has been told where it should have got one.
    Unknown,
}

impl From<Refused> for Why {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What is wrong with a block.
struct Refused {
    message: String,
    hint: Option<String>,
}

impl Refused {
    fn new(message: String) -> Self {
        Self { message, hint: None }
    }

    fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

/// Blocks of the matrix are resolved when the matrix is.
fn is_ours(block: &str) -> bool {
    !block.trim_start().starts_with("matrix.")
}

fn truncate_arguments(function: &str) -> Option<(usize, usize)> {
    let arguments = function.strip_prefix("truncate")?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    let (offset, length) = arguments.split_once(',')?;
    Some((offset.trim().parse().ok()?, length.trim().parse().ok()?))
}

/// The text as one word of a shell.
fn posix_escape(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("'\n'"),
            c if c.is_ascii_alphanumeric() || "_-.,:+/@".contains(c) => out.push(c),
            c => out.extend(['\\', c]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions() {
        assert_eq!(truncate_arguments("truncate(1, 2)"), Some((1, 2)));
        assert_eq!(truncate_arguments("truncate(1)"), None);
        assert_eq!(posix_escape("a b'$(c)\n"), "a\\ b\\'\\$\\(c\\)'\n'");
        assert_eq!(posix_escape(""), "''");
    }
}
