//! Sections of a trace: markers matched to ranges of lines.

use std::collections::BTreeMap;

use super::line::Marker;

/// A section: a header line and the lines below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The line of the start marker.
    pub line: u64,
    /// The line of the end marker; `None` while it is open.
    pub end: Option<u64>,
    /// Seconds it took, once it ended and unless it hides them.
    pub seconds: Option<i64>,
    /// Whether the runner wants it folded at first.
    pub collapsed: bool,
}

/// Matches markers, which come by line. A start without an end stays open; an end without a start
/// is nothing; sections may lie within each other.
pub fn sections(markers: &BTreeMap<u64, Vec<Marker>>) -> Vec<Section> {
    let mut done: Vec<Section> = Vec::new();
    let mut open: Vec<(String, i64, bool, usize)> = Vec::new();
    for (&line, here) in markers {
        for marker in here {
            match marker {
                Marker::Start { at, name, collapsed, hide_duration } => {
                    open.push((name.clone(), *at, *hide_duration, done.len()));
                    done.push(Section { line, end: None, seconds: None, collapsed: *collapsed });
                }
                Marker::End { at, name } => {
                    if let Some(place) = open.iter().rposition(|(known, ..)| known == name) {
                        let (_, start, hide, index) = open.remove(place);
                        done[index].end = Some(line);
                        done[index].seconds = (!hide).then(|| (at - start).max(0));
                    }
                }
            }
        }
    }
    done
}

/// The lines that are hidden when these sections are folded, as sorted ranges (first, last) that do
/// not touch. A line on which another section begins stays, for it is a header of its own.
pub fn hidden(sections: &[Section], folded: impl Fn(&Section) -> bool) -> Vec<(u64, u64)> {
    let headers: std::collections::BTreeSet<u64> = sections.iter().map(|s| s.line).collect();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for section in sections.iter().filter(|s| folded(s)) {
        let Some(end) = section.end else { continue };
        let last = if headers.contains(&end) { end - 1 } else { end };
        if last > section.line {
            ranges.push((section.line + 1, last));
        }
    }
    merge(ranges)
}

/// Sorts ranges and joins those that touch.
pub fn merge(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(at: i64, name: &str) -> Marker {
        Marker::Start { at, name: name.into(), collapsed: false, hide_duration: false }
    }

    fn end(at: i64, name: &str) -> Marker {
        Marker::End { at, name: name.into() }
    }

    #[test]
    fn nested_and_following_sections() {
        let markers = BTreeMap::from([
            (1, vec![start(10, "a")]),
            (3, vec![start(11, "b")]),
            (5, vec![end(13, "b")]),
            (9, vec![end(20, "a"), start(20, "c")]),
            (12, vec![end(21, "nobody")]),
        ]);
        let found = sections(&markers);
        let told: Vec<_> = found.iter().map(|s| (s.line, s.end, s.seconds)).collect();
        assert_eq!(told, [(1, Some(9), Some(10)), (3, Some(5), Some(2)), (9, None, None)]);
        assert_eq!(hidden(&found, |s| s.line == 3), [(4, 5)]);
        // The header of the section that follows stays visible.
        assert_eq!(hidden(&found, |_| true), [(2, 8)]);
    }

    #[test]
    fn the_same_name_twice() {
        let markers = BTreeMap::from([
            (1, vec![start(1, "x")]),
            (2, vec![start(2, "x")]),
            (3, vec![end(5, "x")]),
            (4, vec![end(9, "x")]),
        ]);
        let told: Vec<_> = sections(&markers).iter().map(|s| (s.end, s.seconds)).collect();
        assert_eq!(told, [(Some(4), Some(8)), (Some(3), Some(3))]);
    }
}
