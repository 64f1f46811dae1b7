//! Test reports: a small one of everything, and one that must not make a page unusable.

use model::{TestCase, TestReport, TestStatus, TestSuite};

fn case(status: TestStatus, name: &str, output: Option<&str>) -> TestCase {
    TestCase {
        status,
        name: name.into(),
        classname: "shop.cart".into(),
        file: Some("tests/test_cart.py".into()),
        execution_time: 0.25,
        system_output: output.map(Into::into),
        stack_trace: None,
    }
}

fn suite(name: &str, cases: Vec<TestCase>) -> TestSuite {
    let count = |status| cases.iter().filter(|case| case.status == status).count() as u32;
    TestSuite {
        name: name.into(),
        total_time: 4.25,
        total_count: cases.len() as u32,
        success_count: count(TestStatus::Success),
        failed_count: count(TestStatus::Failed),
        skipped_count: count(TestStatus::Skipped),
        error_count: count(TestStatus::Error),
        suite_error: None,
        cases,
    }
}

fn unit() -> TestSuite {
    let output = "AssertionError: <b>scan</b> & <script>alert('t')</script>\n  expected: 12.34\n    actual: 12.35";
    suite(
        "unit 1/3",
        vec![
            case(TestStatus::Success, "adds_up", None),
            case(TestStatus::Failed, "rounds <img src=x onerror=alert(1)> half to even", Some(output)),
            case(TestStatus::Skipped, "talks_to_the_bank", None),
            case(TestStatus::Success, "is_empty_at_first", None),
            case(TestStatus::Success, "forgets", None),
        ],
    )
}

pub fn of_job() -> TestReport {
    TestReport { suites: vec![unit()] }
}

pub fn of_run() -> TestReport {
    let audit =
        suite("license audit", vec![case(TestStatus::Success, "mit", None), case(TestStatus::Success, "apache", None)]);
    let broken = TestSuite {
        name: "browser".into(),
        suite_error: Some("report.xml, line 3: <testsuite> is not closed".into()),
        ..TestSuite::default()
    };
    TestReport { suites: vec![unit(), audit, broken] }
}

/// 10 000 cases: every hundredth failed, with a long output.
pub fn large() -> TestReport {
    let output = "x".repeat(3000);
    let one = |n: u32| {
        let failed = n % 100 == 99;
        let status = if failed { TestStatus::Failed } else { TestStatus::Success };
        case(status, &format!("case_{n}"), failed.then_some(output.as_str()))
    };
    TestReport { suites: vec![suite("large", (0..10_000).map(one).collect())] }
}
