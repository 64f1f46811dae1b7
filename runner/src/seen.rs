//! What of a log is read as one text. Escape sequences stand between two letters and are not seen; and the line ends of
//! a tool that wraps what it encodes (`base64` after 76 digits, `openssl` and PEM after 64) are no part of what it says.

use std::ops::Range;

use memchr::{memchr, memrchr2};

/// Digits of base64 in front of a line end that make it one of such a tool.
const WRAP: usize = 32;
/// Longest escape sequence that is skipped: a colour of the longest kind has 19 bytes.
const LONGEST: usize = 40;
/// In how many times its length a text is looked for at most: each letter of it may have a colour of its own.
pub const SPREAD: usize = 32;

const ESCAPE: u8 = 0x1b;

/// What begins with an escape character.
enum Sequence {
    /// So many bytes that are not seen.
    Whole(usize),
    /// It may become one.
    Open,
    /// It is none.
    Not,
}

/// Colours and other sequences of the form `ESC [ … letter`, and those that `tput sgr0` prints before them: `ESC ( B`.
fn sequence(bytes: &[u8]) -> Sequence {
    let (between, last, from) = match bytes.get(1) {
        None => return Sequence::Open,
        Some(b'[') => (0x20..=0x3f, 0x40..=0x7e, 2),
        Some(0x20..=0x2f) => (0x20..=0x2f, 0x30..=0x7e, 2),
        Some(_) => return Sequence::Not,
    };
    let rest = &bytes[from..bytes.len().min(LONGEST)];
    match rest.iter().position(|byte| !between.contains(byte)) {
        Some(at) if last.contains(&rest[at]) => Sequence::Whole(from + at + 1),
        None if bytes.len() < LONGEST => Sequence::Open,
        _ => Sequence::Not,
    }
}

/// How many bytes at the beginning are an escape sequence.
pub fn escape(bytes: &[u8]) -> Option<usize> {
    match sequence(bytes) {
        Sequence::Whole(length) if bytes[0] == ESCAPE => Some(length),
        _ => None,
    }
}

/// Of either alphabet.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Whether all of a piece is seen as it is; `run` as for [`Text::of`].
pub fn is_plain(piece: &[u8], run: usize) -> bool {
    memchr(ESCAPE, piece).is_none() && !wraps(piece, run)
}

/// Whether a line ends behind as many digits as make that the end of a line that was wrapped. Asked of all that a job
/// writes: of most of it, one byte in so many is looked at.
fn wraps(piece: &[u8], run: usize) -> bool {
    let is_end = |at: usize| matches!(piece.get(at), Some(b'\n' | b'\r'));
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| is_digit(**byte)).count();
    let first = digits(&piece[..piece.len().min(WRAP)]);
    if first < WRAP && first + run >= WRAP && is_end(first) {
        return true;
    }
    // Wherever that many digits stand together, one of them is where it is looked.
    let mut at = WRAP - 1;
    while let Some(byte) = piece.get(at) {
        if !is_digit(*byte) {
            at += WRAP;
            continue;
        }
        let end = at + digits(&piece[at..]);
        let begin = at - piece[..at].iter().rev().take_while(|byte| is_digit(**byte)).count();
        if end - begin >= WRAP && is_end(end) {
            return true;
        }
        at = end + WRAP;
    }
    false
}

/// How many digits stand at the end of a piece without escape sequences, as far as that matters.
fn run_before(piece: &[u8], run: usize) -> usize {
    let count = piece.iter().rev().take(WRAP).take_while(|byte| is_digit(**byte)).count();
    if count == piece.len() { count + run } else { count }
}

/// How many digits of base64 the line has at the end of this piece of a stream, when there were `run` before it: what
/// whoever looks at a stream in pieces carries from one to the next.
pub fn run_after(piece: &[u8], run: usize) -> usize {
    let (line, run) = memrchr2(b'\n', b'\r', piece).map_or((piece, run), |at| (&piece[at + 1..], 0));
    if memchr(ESCAPE, line).is_none() {
        return run_before(line, run).min(WRAP);
    }
    let text = Text::of(line, run, false);
    run_before(&text.bytes, run).min(WRAP)
}

/// What is seen of a piece of a stream, and where it stands there.
#[derive(Debug)]
pub struct Text {
    bytes: Vec<u8>,
    /// Where each part without a gap begins, here and in the piece.
    parts: Vec<(usize, usize)>,
    /// The length of the piece.
    length: usize,
    /// Where an escape sequence begins that is not complete: nothing is seen of it yet.
    open: Option<usize>,
}

impl Text {
    /// Leaves the escape sequences out and, if it `joins`, the line ends of tools that wrap. `run` digits of base64 stood
    /// before the piece on its first line.
    pub fn of(piece: &[u8], run: usize, joins: bool) -> Self {
        let mut text =
            Self { bytes: Vec::with_capacity(piece.len()), parts: vec![(0, 0)], length: piece.len(), open: None };
        let (mut at, mut run, mut is_between) = (0, run, false);
        while let Some(byte) = piece.get(at).copied() {
            let skipped = match byte {
                ESCAPE => match sequence(&piece[at..]) {
                    Sequence::Whole(length) => length,
                    Sequence::Open => {
                        text.open = Some(at);
                        break;
                    }
                    Sequence::Not => 0,
                },
                b'\n' | b'\r' if joins && (run >= WRAP || is_between) => {
                    (run, is_between) = (0, true);
                    1
                }
                _ => 0,
            };
            if skipped > 0 {
                at += skipped;
                // Two gaps that touch are one.
                let here = text.bytes.len();
                text.parts.pop_if(|(start, _)| *start == here);
                text.parts.push((here, at));
                continue;
            }
            run = if is_digit(byte) { (run + 1).min(WRAP) } else { 0 };
            is_between = false;
            text.bytes.push(byte);
            at += 1;
        }
        text
    }

    /// The text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the bytes of the text stand in the piece, from the first to the last.
    pub fn range(&self, seen: Range<usize>) -> Range<usize> {
        self.place(seen.start)..seen.end.checked_sub(1).map_or(0, |last| self.place(last) + 1)
    }

    /// Where a byte of the text stands in the piece; behind the last one, where the piece ends.
    pub fn place(&self, at: usize) -> usize {
        if at >= self.bytes.len() {
            return self.length;
        }
        let part = self.parts.partition_point(|(start, _)| *start <= at);
        let (start, place) = self.parts[part.saturating_sub(1)];
        place + (at - start)
    }

    /// Where an escape sequence begins that the next piece of the stream may complete.
    pub fn open(&self) -> Option<usize> {
        self.open
    }
}

/// All that a piece is read as, besides what it is: nothing when it is plain.
pub fn texts(piece: &[u8], run: usize) -> Vec<Text> {
    if is_plain(piece, run) {
        return Vec::new();
    }
    let mut texts = vec![Text::of(piece, run, false)];
    let joined = Text::of(piece, run, true);
    if joined.bytes.len() < texts[0].bytes.len() {
        texts.push(joined);
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(piece: &str, joins: bool) -> String {
        String::from_utf8(Text::of(piece.as_bytes(), 0, joins).bytes).unwrap()
    }

    #[test]
    fn escapes_are_left_out_and_the_rest_is_where_it_was() {
        let piece = "a\x1b[31mbc\x1b[0m\x1b(B\x1b[md\x1b[K\r\ne\x1b";
        let text = Text::of(piece.as_bytes(), 0, true);
        assert_eq!(std::str::from_utf8(text.bytes()).unwrap(), "abcd\r\ne");
        let whole: Vec<u8> = (0..text.bytes().len()).map(|at| piece.as_bytes()[text.place(at)]).collect();
        assert_eq!(whole, text.bytes());
        assert_eq!((&piece[text.range(1..3)], &piece[text.range(2..4)]), ("bc", "c\x1b[0m\x1b(B\x1b[md"));
        assert_eq!((text.open(), text.place(7)), (Some(piece.len() - 1), piece.len()));
        for odd in ["\x1b[\x07m", "\x1bc", &format!("\x1b[{}m", "1;".repeat(40))] {
            assert_eq!(seen(odd, true), *odd, "no sequence is left out that is none");
        }
    }

    #[test]
    fn line_ends_of_wrapped_base64_are_left_out_and_no_others() {
        let line = "QUJD".repeat(19);
        assert_eq!(seen(&format!("{line}\n{line}\r\nQQ==\nend\n"), true), format!("{line}{line}QQ==\nend\n"));
        assert_eq!(seen(&format!("{line}\nQQ"), false), format!("{line}\nQQ"));
        assert_eq!(seen("one\ntwo\n", true), "one\ntwo\n");
        assert!(is_plain(b"one\ntwo\r\n", 0) && is_plain(line.as_bytes(), 0));
        assert!(!is_plain(b"QUJD\n", WRAP) && is_plain(b" QUJD\n", WRAP));
    }

    #[test]
    fn a_wrapped_line_is_seen_wherever_it_stands() {
        for before in 0..100 {
            for length in [WRAP - 1, WRAP, 76, 200] {
                let other = "x y\n".repeat(25);
                for end in ["\n", "\r\n"] {
                    let piece = format!("{} {}{end}rest", &other[..before], "A".repeat(length));
                    assert_eq!(is_plain(piece.as_bytes(), 0), length < WRAP, "{before} {length}");
                }
                let open = format!("{} {} rest\n", &other[..before], "A".repeat(length));
                assert!(is_plain(open.as_bytes(), 0), "{before} {length}");
            }
        }
    }

    #[test]
    fn what_stood_before_is_carried_along() {
        assert_eq!(run_after(b"abc d", 7), 1);
        assert_eq!((run_after(b"abc", 7), run_after(b"", 7), run_after(b"x\nab\x1b[1mc", 7)), (10, 7, 3));
        assert_eq!(run_after(&[b'A'; 100], 0), WRAP);
    }
}
