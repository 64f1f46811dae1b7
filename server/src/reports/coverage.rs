//! The keyword `coverage`: a number out of a job's trace, found as GitLab finds it. The last line that the pattern
//! matches and that yields a number decides; on it the last match; of that the last group, or the whole match when
//! the pattern has no groups; of that the first number.
//!
//! GitLab compares raw lines, colours and all. A line that does not match as it is is compared once more without
//! its escape sequences, and a number is never taken from inside one: coloured output needs no special pattern.

use regex::{Captures, Regex, RegexBuilder};

use super::ReportError;

/// How much of a line is looked at, in bytes.
const MAX_LINE: usize = 64 * 1024;
/// Largest compiled pattern, in bytes.
const MAX_COMPILED: usize = 256 * 1024;
/// The times that a runner may put before lines: 27 bytes of time, a space, and which stream it is.
const TIMESTAMP: &str = r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{6}Z [0-9a-f]{2}[EO][+ ]";
const TIMESTAMP_LENGTH: usize = 32;

/// Looks for the coverage in a trace that comes in pieces.
#[derive(Debug)]
pub struct Finder {
    pattern: Regex,
    number: Regex,
    escape: Regex,
    /// The begin of a line that has not ended yet.
    rest: Vec<u8>,
    /// Whether lines begin with a time; the first line tells.
    timestamps: Option<bool>,
    found: Option<f64>,
}

impl Finder {
    /// For a pattern without its slashes, in the syntax of `rules:if`.
    ///
    /// # Errors
    /// When the pattern is not valid or too large.
    pub fn new(pattern: &str) -> Result<Self, ReportError> {
        let build = |pattern: &str| {
            RegexBuilder::new(pattern).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build().map_err(|error| {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                ReportError::Whole(format!("not a valid pattern: {last}"))
            })
        };
        Ok(Self {
            pattern: build(
                &pipeline::regex_syntax(pattern)
                    .map_err(|why| ReportError::Whole(format!("not a valid pattern: {why}")))?,
            )?,
            number: build("[0-9]+(?:[.][0-9]+)?")?,
            escape: build(r"\x1b\[[0-?]*[ -/]*[@-~]")?,
            rest: Vec::new(),
            timestamps: None,
            found: None,
        })
    }

    /// Takes the next bytes of the trace. Lines may be split anywhere.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, after) = (&bytes[..end], &bytes[end + 1..]);
            if self.rest.is_empty() {
                self.look_at(&line[..line.len().min(MAX_LINE)]);
            } else {
                self.keep(line);
                let mut whole = std::mem::take(&mut self.rest);
                self.look_at(&whole);
                whole.clear();
                self.rest = whole;
            }
            bytes = after;
        }
        self.keep(bytes);
    }

    /// The coverage once the trace is complete: usually percent, but any number that the pattern finds, as in
    /// GitLab. `None` when there is none.
    pub fn finish(mut self) -> Option<f64> {
        let last = std::mem::take(&mut self.rest);
        if !last.is_empty() {
            self.look_at(&last);
        }
        self.found
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.rest.len();
        self.rest.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn look_at(&mut self, line: &[u8]) {
        // Bytes that are no text are replaced: to a pattern they are a character like others.
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        let timestamps =
            *self.timestamps.get_or_insert_with(|| Regex::new(TIMESTAMP).is_ok_and(|time| time.is_match(&line)));
        let line = if timestamps { line.get(TIMESTAMP_LENGTH..).unwrap_or_default() } else { &line };
        let found = self.number_in(line).or_else(|| {
            let plain = line.contains('\x1b').then(|| self.escape.replace_all(line, ""))?;
            self.number_in(&plain)
        });
        self.found = found.or(self.found);
    }

    /// The number that the pattern finds in the line.
    fn number_in(&self, line: &str) -> Option<f64> {
        let last: Captures<'_> = self.pattern.captures_iter(line).last()?;
        let text = last.get(last.len() - 1)?.as_str();
        let plain = self.escape.replace_all(text, "");
        self.number.find(&plain)?.as_str().parse().ok().filter(|number: &f64| number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(pattern: &str, trace: &str) -> Option<f64> {
        let mut finder = Finder::new(pattern).unwrap();
        finder.feed(trace.as_bytes());
        finder.finish()
    }

    #[test]
    fn the_last_number_of_the_last_line_counts() {
        assert_eq!(coverage(r"\(\d+\.\d+\%\) covered", "(1.1%) covered\n(98.29%) covered\nend"), Some(98.29));
        assert_eq!(coverage(r"(\d+)%", "1% 2% 3%\n"), Some(3.0));
        assert_eq!(coverage(r"(\d+)% of (\d+)%", "10% of 90%\n"), Some(90.0));
        assert_eq!(coverage(r"\d+% of \d+%", "10% of 90%\n"), Some(10.0));
        assert_eq!(coverage(r"^TOTAL.*\s(\d+%)$", "TOTAL  12  3  75%\r\nlast"), Some(75.0));
        assert_eq!(coverage(r"Lines: .*", "Lines: 80.5%\nLines: none\n"), Some(80.5), "lines without a number");
        assert_eq!(coverage(r"\d+", "score 4200"), Some(4200.0), "no bounds");
        assert_eq!(coverage(r"\d+%", "nothing"), None);
        assert_eq!(coverage("", "1"), None);
        assert_eq!(coverage(r"(a)?\d(x)?", "3"), None, "the last group is not there");
    }

    #[test]
    fn colours_and_sections_do_not_disturb() {
        let line = "section_start:1:x\r\x1b[0Kcoverage: \x1b[32m85.5%\x1b[0;m of statements\n";
        assert_eq!(coverage(r"coverage: \d+.\d+% of statements", line), Some(85.5));
        assert_eq!(coverage(r"coverage: .*%", line), Some(85.5), "not the colour's 32");
        assert_eq!(coverage(r"\x1b\[32m(\d+)", line), Some(85.0), "patterns may name colours");
        let times = "2026-01-02T03:04:05.123456Z 00O start\n2026-01-02T03:04:05.123456Z 00O TOTAL 7%\n";
        assert_eq!(coverage(r"^TOTAL (\d+)%$", times), Some(7.0));
    }

    #[test]
    fn bytes_that_are_no_text_and_long_lines() {
        let mut finder = Finder::new("at (.*)%").unwrap();
        finder.feed(b"at \xff 12%\n");
        for _ in 0..20 {
            finder.feed(&[b'x'; 10_000]);
        }
        finder.feed(b" at 90%\n");
        assert!(finder.rest.capacity() <= 2 * MAX_LINE);
        assert_eq!(finder.finish(), Some(12.0));
    }

    #[test]
    fn patterns_are_checked() {
        assert!(Finder::new("(").unwrap_err().to_string().starts_with("not a valid pattern: "));
        assert!(Finder::new(r"\w{1000}{1000}").is_err());
        assert!(Finder::new("(?=x)").is_err());
    }

    proptest::proptest! {
        #[test]
        fn it_does_not_matter_where_the_trace_is_split(trace in "[0-9%. \\n\\ra\x1b\\[m]{0,300}", at in 0usize..300) {
            let mut finder = Finder::new(r"a.*\d+%?|%").unwrap();
            let at = at.min(trace.len());
            finder.feed(&trace.as_bytes()[..at]);
            finder.feed(&trace.as_bytes()[at..]);
            proptest::prop_assert_eq!(finder.finish(), coverage(r"a.*\d+%?|%", &trace));
        }
    }
}
