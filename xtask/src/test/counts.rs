//! How many tests passed and failed, read from what each kind of suite prints.

/// Passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, whatever the way.
    pub failed: u64,
}

/// Reads the output of one command of a suite.
pub type Counter = fn(&str) -> Counts;

/// `test result: ok. 5 passed; 0 failed; …`, once for each test executable.
pub fn cargo_test(output: &str) -> Counts {
    sum(output.lines().filter(|line| line.starts_with("test result:")), |unit| match unit {
        "passed;" => Some(true),
        "failed;" => Some(false),
        _ => None,
    })
}

/// `Summary [ 1.2s] 10 tests run: 7 passed (1 slow), 2 failed, 1 timed out, 0 skipped`.
pub fn nextest(output: &str) -> Counts {
    let summary = output.lines().filter(|line| line.trim_start().starts_with("Summary ["));
    sum(summary, |unit| match unit.trim_end_matches(',') {
        "passed" => Some(true),
        "failed" | "timed" | "exec" => Some(false),
        _ => None,
    })
}

/// `ℹ pass 5`, `ℹ fail 1`, `ℹ cancelled 0`: node's "spec" reporter.
pub fn node(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        let mut words = line.split_whitespace();
        let (Some("ℹ"), Some(word), Some(number)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let number = number.parse().unwrap_or(0);
        match word {
            "pass" => counts.passed += number,
            "fail" | "cancelled" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

/// `ok …` and `not ok …`, one line a test: what the scripts in `end2end/contract` print.
pub fn tap(output: &str) -> Counts {
    let count = |start: &str| output.lines().filter(|line| line.starts_with(start)).count() as u64;
    Counts { passed: count("ok "), failed: count("not ok ") }
}

/// Adds up the numbers in front of the words that `passed` knows: true for a pass, false for a failure.
fn sum<'a>(lines: impl Iterator<Item = &'a str>, passed: fn(&str) -> Option<bool>) -> Counts {
    let mut counts = Counts::default();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else {
                continue;
            };
            match passed(pair[1]) {
                Some(true) => counts.passed += number,
                Some(false) => counts.failed += number,
                None => {}
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_runner() {
        let cargo = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured\n\
                     test result: FAILED. 2 passed; 3 failed; 0 ignored; finished in 0.1s\n";
        assert_eq!(cargo_test(cargo), Counts { passed: 7, failed: 3 });
        let summary = "     Summary [   0.005s] 10 tests run: 7 passed (1 slow), 2 failed, 1 timed out, 4 skipped\n";
        assert_eq!(nextest(summary), Counts { passed: 7, failed: 3 });
        let spec = "ℹ tests 6\nℹ pass 5\nℹ fail 1\nℹ cancelled 0\nℹ duration_ms 12.5\n";
        assert_eq!(node(spec), Counts { passed: 5, failed: 1 });
        let script = "ok - lists\nnot ok - deletes\nok - gets\nokay\n";
        assert_eq!(tap(script), Counts { passed: 2, failed: 1 });
    }
}
