//! Patterns for paths, as `rules:changes`, `rules:exists` and `include:local` have them: Ruby's
//! `fnmatch` with PATHNAME, DOTMATCH and EXTGLOB (contracts/ci-yaml.md, part 3).

use std::cell::Cell;

/// Most patterns that the braces of one become.
const MAX_ALTERNATIVES: usize = 500;
/// Longest pattern whose braces are written out, in bytes; in a longer one they are text.
const MAX_WRITTEN_OUT: usize = 4 * 1024;
/// Most steps of comparing that one budget allows: about a second.
const MAX_STEPS: usize = 200_000_000;

/// How much comparing is left: patterns and paths may both be somebody's who means harm.
#[derive(Debug, Default)]
pub(crate) struct Steps(Cell<usize>);

impl Steps {
    /// Whether the budget is used up; answers are worth nothing then.
    pub fn are_used_up(&self) -> bool {
        self.0.get() > MAX_STEPS
    }

    fn step(&self) {
        self.0.set(self.0.get() + 1);
    }
}

/// A pattern, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    alternatives: Vec<Vec<Segment>>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// `**/`: any number of folders, also none.
    AnyDepth,
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Star,
    AnyChar,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    pub fn new(pattern: &str) -> Self {
        let mut texts = Vec::new();
        braces(pattern, &mut texts);
        Self { alternatives: texts.iter().map(|text| segments(text)).collect() }
    }

    /// Whether the path, relative and without `./`, fits.
    pub fn matches(&self, path: &str, steps: &Steps) -> bool {
        let folders: Vec<Vec<char>> = path.split('/').map(|part| part.chars().collect()).collect();
        self.alternatives.iter().any(|segments| !steps.are_used_up() && path_fits(segments, &folders, steps))
    }

    /// Whether the text is more than a path.
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?', '[', '{'])
    }
}

/// Writes out `{a,b}`, the inner ones first.
fn braces(pattern: &str, all: &mut Vec<String>) {
    if pattern.len() > MAX_WRITTEN_OUT {
        return all.push(pattern.to_owned());
    }
    let mut queue = vec![pattern.to_owned()];
    while let Some(text) = queue.pop() {
        match innermost(&text) {
            Some((open, close)) if queue.len() + all.len() + text.matches(',').count() < MAX_ALTERNATIVES => {
                let inner = &text[open + 1..close];
                let written: Vec<_> =
                    inner.split(',').map(|choice| format!("{}{choice}{}", &text[..open], &text[close + 1..])).collect();
                queue.extend(written.into_iter().rev());
            }
            _ => all.push(text),
        }
    }
}

/// The first pair of braces that holds no other.
fn innermost(text: &str) -> Option<(usize, usize)> {
    let mut open = None;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => open = Some(i),
            '}' => {
                if let Some(open) = open {
                    return Some((open, i));
                }
            }
            _ => {}
        }
    }
    None
}

fn segments(text: &str) -> Vec<Segment> {
    let parts: Vec<&str> = text.split('/').collect();
    let last = parts.len() - 1;
    let one = |(i, part): (usize, &&str)| {
        if *part == "**" && i < last { Segment::AnyDepth } else { Segment::Parts(segment(part)) }
    };
    parts.iter().enumerate().map(one).collect()
}

fn segment(text: &str) -> Vec<Part> {
    let chars: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '*' => {
                if parts.last() != Some(&Part::Star) {
                    parts.push(Part::Star);
                }
            }
            '?' => parts.push(Part::AnyChar),
            '[' => {
                if let Some((class, end)) = class(&chars, i) {
                    parts.push(class);
                    i = end;
                } else {
                    parts.push(Part::Char('['));
                }
            }
            '\\' if i + 1 < chars.len() => {
                i += 1;
                parts.push(Part::Char(chars[i]));
            }
            c => parts.push(Part::Char(c)),
        }
        i += 1;
    }
    parts
}

/// `[a-z_]` or `[^…]` from `start`, and where its bracket closes.
fn class(chars: &[char], start: usize) -> Option<(Part, usize)> {
    let negated = matches!(chars.get(start + 1), Some('^' | '!'));
    let first = start + 1 + usize::from(negated);
    let close = (first..chars.len()).skip(1).find(|i| chars[*i] == ']')?;
    let mut ranges = Vec::new();
    let mut i = first;
    while i < close {
        if chars.get(i + 1) == Some(&'-') && i + 2 < close {
            ranges.push((chars[i], chars[i + 2]));
            i += 3;
        } else {
            ranges.push((chars[i], chars[i]));
            i += 1;
        }
    }
    Some((Part::Class { negated, ranges }, close))
}

/// Compares folder by folder.
fn path_fits(pattern: &[Segment], path: &[Vec<char>], steps: &Steps) -> bool {
    let one = |segment: &Segment, name: &Vec<char>| match segment {
        Segment::Parts(parts) => name_fits(parts, name, steps),
        Segment::AnyDepth => false,
    };
    fits(pattern, path, &|segment| matches!(segment, Segment::AnyDepth), &one, steps)
}

fn name_fits(pattern: &[Part], name: &[char], steps: &Steps) -> bool {
    fits(pattern, name, &|part| matches!(part, Part::Star), &|part, c| char_fits(part, *c), steps)
}

/// Compares piece by piece; what `any` says yes to swallows any number of pieces. Going back to the last
/// such alone is enough: an earlier one could only swallow more of what the later one swallows too.
fn fits<P, T>(
    pattern: &[P],
    pieces: &[T],
    any: &dyn Fn(&P) -> bool,
    one: &dyn Fn(&P, &T) -> bool,
    steps: &Steps,
) -> bool {
    let (mut p, mut at) = (0, 0);
    let mut retry = None;
    loop {
        steps.step();
        match pattern.get(p) {
            Some(wild) if any(wild) => {
                retry = Some((p + 1, at));
                p += 1;
                continue;
            }
            Some(plain) if pieces.get(at).is_some_and(|piece| one(plain, piece)) => {
                (p, at) = (p + 1, at + 1);
                continue;
            }
            None if at == pieces.len() => return true,
            _ => {}
        }
        match retry {
            Some((after, from)) if from < pieces.len() => {
                retry = Some((after, from + 1));
                (p, at) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

fn char_fits(part: &Part, c: char) -> bool {
    match part {
        Part::Star => false,
        Part::AnyChar => true,
        Part::Char(wanted) => *wanted == c,
        Part::Class { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_as_ruby_does() {
        let cases = [
            ("a", "a", true),
            ("a", "a/b", false),
            ("*.md", "README.md", true),
            ("*.md", "docs/README.md", false),
            ("**/*.md", "README.md", true),
            ("**/*.md", "a/b/c.md", true),
            ("a/**", "a/b", true),
            ("a/**", "a/b/c", false),
            ("a/**/*", "a/b/c/d", true),
            ("a/**/*", "a", false),
            ("a/**/d", "a/d", true),
            ("**/a/**/b", "x/a/y/a/z/b", true),
            ("**", "a", true),
            ("**", "a/b", false),
            ("*", ".hidden", true),
            ("**/*", ".git/x", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("{a,b}.txt", "b.txt", true),
            ("{a,b}.txt", "c.txt", false),
            ("x/{a,{b,c}d}/y", "x/cd/y", true),
            ("{a,b", "{a,b", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[a-c", "[a-c", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("src/**/*.{rs,toml}", "src/a/b/Cargo.toml", true),
            ("", "a", false),
        ];
        for (pattern, path, wanted) in cases {
            assert_eq!(Glob::new(pattern).matches(path, &Steps::default()), wanted, "{pattern} {path}");
        }
    }

    #[test]
    fn greedy_patterns_end() {
        let steps = Steps::default();
        let fits = |pattern: &str, path: &str| Glob::new(pattern).matches(path, &steps);
        assert!(!fits(&"*a".repeat(500), &"a".repeat(400)));
        assert!(!fits(&"**/a/".repeat(200), &"a/".repeat(150)));
        assert!(!fits(&"{a,b}".repeat(60), "a"));
        assert!(!fits(&"{".repeat(1_000), "a"));
        assert!(!fits(&format!("{{{}}}{}", ",".repeat(500_000), "x".repeat(500_000)), "a"));
        assert!(!fits(&format!("{{{}}}{}", ",".repeat(2_000), "x".repeat(2_000)), "a"));
        assert!(!steps.are_used_up());
        // One that would take hours says that it has had enough.
        let (pattern, path) = (format!("*{}b", "a".repeat(4_000)), "a".repeat(8_000));
        let glob = Glob::new(&pattern);
        assert!((0..1_000).any(|_| !glob.matches(&path, &steps) && steps.are_used_up()));
    }
}
