//! What test jobs report, in the words of GitLab's `test_report`. The names of the serialized fields are
//! those of GitLab's API, so that a report is answered as it is kept.

use serde::{Deserialize, Serialize};

use crate::TestCounts;

/// The tests of a run: the suites of all its jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// In the order of the jobs, then of the files.
    #[serde(rename = "test_suites")]
    pub suites: Vec<TestSuite>,
}

/// A named group of test cases, with their counts. [`TestSuite::push`] keeps the counts right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestSuite {
    /// The name; empty when the file gives none.
    pub name: String,
    /// The sum of the cases' times, in seconds.
    pub total_time: f64,
    /// How many cases there are.
    pub total_count: u32,
    /// How many of them went well.
    pub success_count: u32,
    /// How many of them failed.
    pub failed_count: u32,
    /// How many of them did not run.
    pub skipped_count: u32,
    /// How many of them could not be judged.
    pub error_count: u32,
    /// Why the report could not be read; the cases are then incomplete. `None` when it could.
    pub suite_error: Option<String>,
    /// In the order of the file. Cases of the same name are all kept.
    #[serde(rename = "test_cases")]
    pub cases: Vec<TestCase>,
}

/// One test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestCase {
    /// How it ended.
    pub status: TestStatus,
    /// The name; empty when the file gives none.
    pub name: String,
    /// The class or module that it belongs to; empty when the file gives none.
    pub classname: String,
    /// The source file, as the report names it.
    pub file: Option<String>,
    /// How long it took, in seconds, never negative.
    pub execution_time: f64,
    /// For a failure or an error its message, its text and what the test printed; for a skipped test why.
    /// Long ones are cut, and say so at their end.
    pub system_output: Option<String>,
    /// Where it failed, for formats that keep this apart. JUnit's do not: there it is part of `system_output`.
    pub stack_trace: Option<String>,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// What it checks holds.
    #[default]
    Success,
    /// What it checks does not hold.
    Failed,
    /// It did not run.
    Skipped,
    /// Something else went wrong before it could tell.
    Error,
}

impl TestStatus {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }
}

impl TestSuite {
    /// Its counts alone: what is kept with the job.
    pub fn counts(&self) -> TestCounts {
        TestCounts {
            total: self.total_count,
            success: self.success_count,
            failed: self.failed_count,
            error: self.error_count,
            skipped: self.skipped_count,
            time: self.total_time,
        }
    }

    /// A suite without cases.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a case and counts it.
    pub fn push(&mut self, case: TestCase) {
        self.total_time += case.execution_time;
        self.total_count += 1;
        *match case.status {
            TestStatus::Success => &mut self.success_count,
            TestStatus::Failed => &mut self.failed_count,
            TestStatus::Skipped => &mut self.skipped_count,
            TestStatus::Error => &mut self.error_count,
        } += 1;
        self.cases.push(case);
    }

    /// Adds the cases of another suite behind those of this one. GitLab has one suite per job, whatever the
    /// files name. The first error stays.
    pub fn absorb(&mut self, other: Self) {
        for case in other.cases {
            self.push(case);
        }
        self.suite_error = self.suite_error.take().or(other.suite_error);
    }
}

impl TestReport {
    /// The sums over all suites, as a suite without a name and without cases.
    pub fn totals(&self) -> TestSuite {
        let mut sum = TestSuite::default();
        for suite in &self.suites {
            sum.total_time += suite.total_time;
            sum.total_count += suite.total_count;
            sum.success_count += suite.success_count;
            sum.failed_count += suite.failed_count;
            sum.skipped_count += suite.skipped_count;
            sum.error_count += suite.error_count;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_the_cases_and_the_fields_are_gitlabs() {
        let case = |status| TestCase { status, execution_time: 0.5, ..TestCase::default() };
        let mut suite = TestSuite::new("unit");
        suite.push(case(TestStatus::Success));
        suite.push(case(TestStatus::Failed));
        let mut other = TestSuite::new("more");
        other.push(case(TestStatus::Error));
        other.push(case(TestStatus::Skipped));
        other.suite_error = Some("broken".to_owned());
        suite.absorb(other);
        let counts =
            (suite.total_count, suite.success_count, suite.failed_count, suite.skipped_count, suite.error_count);
        assert_eq!(counts, (4, 1, 1, 1, 1));
        assert!((suite.total_time - 2.0).abs() < f64::EPSILON);
        let report = TestReport { suites: vec![suite.clone(), suite] };
        assert_eq!(report.totals().total_count, 8);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["test_suites"][0]["suite_error"], "broken");
        assert_eq!(json["test_suites"][0]["test_cases"][1]["status"], "failed");
        assert_eq!(serde_json::from_value::<TestReport>(json).unwrap(), report);
    }
}
