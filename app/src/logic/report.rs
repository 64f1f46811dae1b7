//! How much of a test report a page shows: what failed comes first, and ten thousand tests that passed
//! do not make it unusable.

use model::{TestCase, TestReport, TestStatus, TestSuite};

/// Lines of an output that are in sight before somebody wants all of it.
const HEAD_LINES: usize = 12;
/// Characters of them.
const HEAD: usize = 1200;

/// Which cases somebody wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Every case, with the whole of its output.
    pub all: bool,
    /// Only those that failed.
    pub failed_only: bool,
}

impl Extent {
    /// Reads it from a query.
    pub fn read(query: impl Fn(&str) -> Option<String>) -> Self {
        Self { all: query("all").as_deref() == Some("1"), failed_only: query("only").as_deref() == Some("failed") }
    }

    /// Writes it behind a query that is there already.
    pub fn write(self) -> String {
        let all = if self.all { "&all=1" } else { "" };
        format!("{}{all}", if self.failed_only { "&only=failed" } else { "" })
    }
}

/// Whether a case is one to look at.
pub fn is_bad(case: &TestCase) -> bool {
    matches!(case.status, TestStatus::Failed | TestStatus::Error)
}

/// The cases that failed before the others, and no more of them than a page should have. The counts of
/// the suites stay what they are.
#[cfg_attr(not(feature = "ssr"), allow(dead_code, reason = "only the server cuts"))]
pub fn cut(mut report: TestReport, extent: Extent) -> TestReport {
    // As many cases that failed, as many others, as many characters of the output of one case.
    const FAILURES: usize = 500;
    const OTHERS: usize = 200;
    const OUTPUT: usize = 16_000;
    let most = |limit| if extent.all { usize::MAX } else { limit };
    let (mut failures, mut others) = (most(FAILURES), if extent.failed_only { 0 } else { most(OTHERS) });
    for suite in &mut report.suites {
        let (mut bad, mut good): (Vec<_>, Vec<_>) = std::mem::take(&mut suite.cases).into_iter().partition(is_bad);
        bad.truncate(failures);
        good.truncate(others);
        failures -= bad.len().min(failures);
        others -= good.len().min(others);
        bad.append(&mut good);
        if !extent.all {
            for text in bad.iter_mut().flat_map(|case| [&mut case.system_output, &mut case.stack_trace]).flatten() {
                if let Some((end, _)) = text.char_indices().nth(OUTPUT) {
                    text.truncate(end);
                    text.push_str("\n…");
                }
            }
        }
        suite.cases = bad;
    }
    report
}

/// How many cases of a suite are not shown: of those that failed, and of the others.
pub fn left_out(suite: &TestSuite) -> (usize, usize) {
    let bad = suite.cases.iter().filter(|case| is_bad(case)).count();
    let failed = (suite.failed_count + suite.error_count) as usize;
    let others = (suite.total_count as usize).saturating_sub(failed);
    (failed.saturating_sub(bad), others.saturating_sub(suite.cases.len() - bad))
}

/// What a case says, in one piece.
pub fn output(case: &TestCase) -> String {
    let parts = [&case.system_output, &case.stack_trace];
    let parts: Vec<&str> = parts.into_iter().flatten().map(|part| part.trim_end()).collect();
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// The beginning of a text, when it is too long to be shown at once.
pub fn head(text: &str) -> Option<&str> {
    let by_lines = text.match_indices('\n').nth(HEAD_LINES - 1).map(|(at, _)| at);
    let by_length = text.char_indices().nth(HEAD).map(|(at, _)| at);
    let end = [by_lines, by_length].into_iter().flatten().min()?;
    Some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(failed: usize, passed: usize) -> TestSuite {
        let case = |status, n| TestCase { status, name: format!("{n}"), ..TestCase::default() };
        let passing = (0..passed).map(|n| case(TestStatus::Success, n));
        let cases = passing.chain((0..failed).map(|n| case(TestStatus::Failed, n))).collect();
        let (total, failed, success) = ((failed + passed) as u32, failed as u32, passed as u32);
        TestSuite { total_count: total, failed_count: failed, success_count: success, cases, ..TestSuite::default() }
    }

    #[test]
    fn what_failed_comes_first_and_not_everything_is_shown() {
        let report = TestReport { suites: vec![suite(2, 150), suite(1, 150)] };
        let shown = cut(report.clone(), Extent::default());
        let counts: Vec<_> = shown.suites.iter().map(|s| (s.cases.len(), s.total_count, left_out(s))).collect();
        assert_eq!(counts, [(152, 152, (0, 0)), (51, 151, (0, 100))]);
        assert!(is_bad(&shown.suites[0].cases[1]) && !is_bad(&shown.suites[0].cases[2]));
        let failed = cut(report.clone(), Extent { failed_only: true, all: false });
        assert_eq!(failed.suites.iter().map(|s| s.cases.len()).collect::<Vec<_>>(), [2, 1]);
        let all = cut(report, Extent { all: true, failed_only: false });
        assert_eq!(all.suites[1].cases.len(), 151);
        let storm = cut(TestReport { suites: vec![suite(9000, 0)] }, Extent::default());
        assert_eq!(left_out(&storm.suites[0]), (8500, 0));
    }

    #[test]
    fn long_outputs_are_cut_where_a_character_ends() {
        let mut report = TestReport { suites: vec![suite(1, 0)] };
        report.suites[0].cases[0].system_output = Some("文".repeat(20_000));
        let shown = cut(report.clone(), Extent::default());
        let text = output(&shown.suites[0].cases[0]);
        assert!(text.ends_with("文\n…") && text.chars().count() == 16_002);
        assert_eq!(
            output(&cut(report, Extent { all: true, failed_only: false }).suites[0].cases[0]).chars().count(),
            20_000
        );
    }

    #[test]
    fn the_beginning_of_what_is_long() {
        assert_eq!(head("short\ntext"), None);
        assert_eq!(head(&"line\n".repeat(40)).map(|h| h.lines().count()), Some(12));
        assert_eq!(head(&"字".repeat(5000)).map(|h| h.chars().count()), Some(HEAD));
    }

    #[test]
    fn the_extent_is_in_the_address() {
        let extent = Extent { all: true, failed_only: true };
        let read = |text: String| {
            let pairs = crate::logic::query::read(&text);
            Extent::read(|name| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(read(format!("view=tests{}", extent.write())), extent);
        assert_eq!(read("view=tests".into()), Extent::default());
    }
}
