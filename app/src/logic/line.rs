//! One line of a trace as it is shown: time stamp and section markers taken out, the rest painted.

use super::ansi::{Painter, Span};

/// A section marker found in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// `section_start:<unix>:<name>[options]`.
    Start {
        /// Seconds since the epoch.
        at: i64,
        /// The name that the end repeats.
        name: String,
        /// Whether it is folded until somebody opens it.
        collapsed: bool,
        /// Whether its duration is not shown.
        hide_duration: bool,
    },
    /// `section_end:<unix>:<name>`.
    End {
        /// Seconds since the epoch.
        at: i64,
        /// The name of the section that ends.
        name: String,
    },
}

/// A line, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// When it was written, where the runner said so: `2026-03-05T09:15:02.417123Z`.
    pub at: Option<String>,
    /// Whether it came from the standard error stream, where the runner said so.
    pub stderr: bool,
    /// The text.
    pub spans: Vec<Span>,
    /// Sections that begin or end here.
    pub markers: Vec<Marker>,
}

impl Shown {
    /// A line that holds nothing but markers is not shown at all.
    pub fn is_only_marker(&self) -> bool {
        self.spans.is_empty() && matches!(self.markers.last(), Some(Marker::End { .. }))
    }
}

/// Reads a raw line.
pub fn show(raw: &str, painter: &mut Painter) -> Shown {
    let (at, stderr, rest) = stamp(raw);
    let mut markers = Vec::new();
    let spans = if rest.contains("section_") {
        let text = take_markers(rest, &mut markers);
        painter.paint(&text)
    } else {
        painter.paint(rest)
    };
    Shown { at: at.map(str::to_owned), stderr, spans, markers }
}

/// The markers of a raw line, without painting it.
pub fn markers(raw: &str) -> Vec<Marker> {
    let mut found = Vec::new();
    if raw.contains("section_") {
        take_markers(stamp(raw).2, &mut found);
    }
    found
}

/// Takes off the prefix of runners with FF_TIMESTAMPS: an RFC 3339 time with six decimals, a blank,
/// two hexadecimal digits of the stream, `O` or `E`, and `+` (goes on) or a blank.
fn stamp(raw: &str) -> (Option<&str>, bool, &str) {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd.ddddddZ xxs+";
    let bytes = raw.as_bytes();
    let fits = bytes.len() >= SHAPE.len() - 1
        && SHAPE.iter().zip(bytes).all(|(shape, byte)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'x' => byte.is_ascii_hexdigit(),
            b's' => matches!(byte, b'O' | b'E'),
            b'+' => matches!(byte, b'+' | b' '),
            exact => byte == exact,
        });
    if !fits {
        return (None, false, raw);
    }
    (Some(&raw[..27]), bytes[30] == b'E', raw.get(SHAPE.len()..).unwrap_or(""))
}

/// Removes each `ESC[0Ksection_…` marker with the carriage return and the erase behind it.
fn take_markers(text: &str, found: &mut Vec<Marker>) -> String {
    const ERASE: &str = "\x1b[0K";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("section_") {
        let (before, marker) = rest.split_at(at);
        let lead = before.strip_suffix(ERASE);
        let Some((read, after)) =
            (lead.is_some() || before.is_empty() || before.ends_with('\r')).then(|| read_marker(marker)).flatten()
        else {
            out.push_str(&rest[..at + 8]);
            rest = &rest[at + 8..];
            continue;
        };
        out.push_str(lead.unwrap_or(before));
        found.push(read);
        rest = after.strip_prefix('\r').unwrap_or(after);
        rest = rest.strip_prefix(ERASE).unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

fn read_marker(text: &str) -> Option<(Marker, &str)> {
    let (start, rest) = match text.strip_prefix("section_start:") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("section_end:")?),
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let at = rest[..digits].parse().ok()?;
    let rest = rest[digits..].strip_prefix(':')?;
    let length =
        rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count().min(255);
    if length == 0 {
        return None;
    }
    let (name, mut rest) = rest.split_at(length);
    let mut options = "";
    if start
        && let Some(open) = rest.strip_prefix('[')
        && let Some((inside, after)) = open.split_once(']')
    {
        (options, rest) = (inside, after);
    }
    let has = |option: &str| options.split(',').any(|o| o.trim() == option);
    let name = name.to_owned();
    let marker = if start {
        Marker::Start { at, name, collapsed: has("collapsed=true"), hide_duration: has("hide_duration=true") }
    } else {
        Marker::End { at, name }
    };
    Some((marker, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(raw: &str) -> Shown {
        show(raw, &mut Painter::default())
    }

    fn text(shown: &Shown) -> String {
        shown.spans.iter().map(|s| s.text.as_str()).collect()
    }

    #[test]
    fn sections_are_read_as_gitlab_writes_them() {
        let line = shown("\x1b[0Ksection_start:1560896352:build_1[collapsed=true,hide_duration=true]\r\x1b[0KBuilding");
        assert_eq!(text(&line), "Building");
        let start = Marker::Start { at: 1_560_896_352, name: "build_1".into(), collapsed: true, hide_duration: true };
        assert_eq!(line.markers, [start]);
        let end = shown("\x1b[0Ksection_end:1560896353:build_1\r\x1b[0K");
        assert!(end.is_only_marker());
        let both = shown("\x1b[0Ksection_end:1:a\r\x1b[0K\x1b[0Ksection_start:2:b\r\x1b[0K\x1b[36;1mNext\x1b[0m");
        assert_eq!(both.markers.len(), 2);
        assert_eq!(text(&both), "Next");
        assert_eq!(both.spans[0].style.classes(), "bold f6");
    }

    #[test]
    fn words_that_look_like_markers_stay() {
        for plain in ["my section_start: here", "section_end:x:y", "a section_ b section_start:1:", "section_start:9:"]
        {
            let line = shown(plain);
            assert_eq!((text(&line).as_str(), line.markers.len()), (plain, 0));
        }
    }

    #[test]
    fn time_stamps_are_taken_off() {
        let line = shown("2024-05-22T12:43:46.962646Z 00O hello");
        assert_eq!(
            (line.at.as_deref(), line.stderr, text(&line).as_str()),
            (Some("2024-05-22T12:43:46.962646Z"), false, "hello")
        );
        let line = shown("2024-05-22T12:43:46.962646Z 01E+more");
        assert_eq!((line.stderr, text(&line).as_str()), (true, "more"));
        let section = "2024-05-22T12:43:46.962646Z 00O \x1b[0Ksection_start:5:x\r\x1b[0KHead";
        assert_eq!(shown(section).markers.len(), 1);
        assert_eq!(text(&shown("2024-05-22T12:43:46.962646Z 00O")), "");
        assert_eq!(text(&shown("2024-05-22T12:43:46Z 00O no")), "2024-05-22T12:43:46Z 00O no");
    }

    proptest! {
        #[test]
        fn any_line_is_readable(raw in "(section_|start:|end:|[0-9]{1,3}|:|\\[|\\]|a|\\x1b\\[0K|\\r|é){0,30}") {
            let line = shown(&raw);
            prop_assert_eq!(line.markers, markers(&raw));
        }
    }
}
