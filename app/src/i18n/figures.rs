//! Texts with numbers: tests, coverage, expected lengths of time.

use model::{EnvironmentState, JobId, TestCounts, Tier};

use super::{Lang, Phrases, T};
use crate::logic::estimate::Estimate;

/// Sentences about what was counted or measured.
pub trait Figures {
    /// "12 tests, 1 failed".
    fn tests(self, counts: &TestCounts) -> String;
    /// The same of reports that jobs are known to have left: those without a test may be broken, of
    /// which only the reports themselves tell. `unread` says that there is such a one.
    fn reported_tests(self, counts: &TestCounts, unread: bool) -> String;
    /// "203 of 10000 tests are shown".
    fn cases_shown(self, shown: usize, of: usize) -> String;
    /// "3 others".
    fn other_tests(self, count: usize) -> String;
    /// "the whole output, 40 lines".
    fn whole_output(self, lines: u64) -> String;
    /// The word for the state of an environment.
    fn environment_state(self, state: EnvironmentState) -> &'static str;
    /// The word for what an environment is for.
    fn tier(self, tier: Tier) -> &'static str;
    /// What stopping an environment will do.
    fn ask_stop(self, name: &str, job: Option<JobId>) -> String;
    /// "last time 1 m 12 s".
    fn last_time(self, milliseconds: i64) -> String;
    /// "longest 1 m 12 s".
    fn longest(self, milliseconds: i64) -> String;
    /// "takes about 4 m 17 s".
    fn estimate(self, estimate: &Estimate) -> String;
    /// "87.5 %".
    fn percent(self, value: f64) -> String;
}

impl Figures for Lang {
    fn tests(self, counts: &TestCounts) -> String {
        let TestCounts { total, failed, error, skipped, .. } = *counts;
        let mut out = match (self, total) {
            (Self::En, 1) => "1 test".to_owned(),
            (Self::En, _) => format!("{total} tests"),
            (Self::Zh, _) => format!("{total} 个测试"),
        };
        let parts = [
            (failed, "failed", "失败"),
            (error, if error == 1 { "error" } else { "errors" }, "出错"),
            (skipped, "skipped", "跳过"),
        ];
        for (count, en, zh) in parts.into_iter().filter(|(count, ..)| *count > 0) {
            out.push_str(&match self {
                Self::En => format!(", {count} {en}"),
                Self::Zh => format!("，{count} 个{zh}"),
            });
        }
        out
    }

    fn reported_tests(self, counts: &TestCounts, unread: bool) -> String {
        match (self, counts.total, unread) {
            (_, 0, _) => self.t(T::TestsUnread).to_owned(),
            (_, _, false) => self.tests(counts),
            (Self::En, _, true) => format!("{}; {}", self.tests(counts), self.t(T::TestsPartlyUnread)),
            (Self::Zh, _, true) => format!("{}；{}", self.tests(counts), self.t(T::TestsPartlyUnread)),
        }
    }

    fn cases_shown(self, shown: usize, of: usize) -> String {
        match self {
            Self::En => format!("{shown} of {of} tests are shown."),
            Self::Zh => format!("显示 {of} 个测试中的 {shown} 个。"),
        }
    }

    fn other_tests(self, count: usize) -> String {
        match self {
            Self::En if count == 1 => "1 other test, not failed".into(),
            Self::En => format!("{count} other tests, not failed"),
            Self::Zh => format!("其他 {count} 个未失败的测试"),
        }
    }

    fn whole_output(self, lines: u64) -> String {
        match self {
            Self::En => format!("The whole output, {}", self.line_count(lines)),
            Self::Zh => format!("完整输出，{}", self.line_count(lines)),
        }
    }

    fn environment_state(self, state: EnvironmentState) -> &'static str {
        self.t(match state {
            EnvironmentState::Available => T::EnvironmentAvailable,
            EnvironmentState::Stopping => T::EnvironmentStopping,
            EnvironmentState::Stopped => T::EnvironmentStopped,
        })
    }

    fn tier(self, tier: Tier) -> &'static str {
        self.t(match tier {
            Tier::Production => T::TierProduction,
            Tier::Staging => T::TierStaging,
            Tier::Testing => T::TierTesting,
            Tier::Development => T::TierDevelopment,
            Tier::Other => T::TierOther,
        })
    }

    fn ask_stop(self, name: &str, job: Option<JobId>) -> String {
        match (self, job) {
            (Self::En, Some(job)) => format!("{} is played, which takes {name} down.", capital(&self.job_id(job))),
            (Self::En, None) => format!(
                "Its definition names no job that takes {name} down: it is only marked as stopped, and what runs there runs on."
            ),
            (Self::Zh, Some(job)) => format!("将启动{}以停止 {name}。", self.job_id(job)),
            (Self::Zh, None) => format!("定义中没有停止 {name} 的作业：仅将其标记为已停止，其中运行的内容不受影响。"),
        }
    }

    fn last_time(self, milliseconds: i64) -> String {
        let time = self.duration(milliseconds);
        match self {
            Self::En => format!("last time {time}"),
            Self::Zh => format!("上次 {time}"),
        }
    }

    fn longest(self, milliseconds: i64) -> String {
        let time = self.duration(milliseconds);
        match self {
            Self::En => format!("longest {time}"),
            Self::Zh => format!("最长 {time}"),
        }
    }

    fn estimate(self, estimate: &Estimate) -> String {
        let time = self.duration(estimate.time);
        let mut out = match (self, estimate.unknown) {
            (Self::En, 0) => format!("takes about {time}"),
            (Self::En, 1) => format!("takes at least {time}: of 1 job nobody knows how long it takes"),
            (Self::En, n) => format!("takes at least {time}: of {n} jobs nobody knows how long they take"),
            (Self::Zh, 0) => format!("预计约 {time}"),
            (Self::Zh, n) => format!("预计至少 {time}：有 {n} 个作业的用时未知"),
        };
        if estimate.waits {
            out.push_str(match self {
                Self::En => "; the rest waits for somebody",
                Self::Zh => "；其余作业等待人工操作",
            });
        }
        out
    }

    fn percent(self, value: f64) -> String {
        let text = format!("{value:.2}");
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted() {
        let counts =
            |total, failed, error, skipped| TestCounts { total, failed, error, skipped, ..TestCounts::default() };
        assert_eq!(Lang::En.tests(&counts(12, 1, 0, 0)), "12 tests, 1 failed");
        assert_eq!(Lang::En.tests(&counts(1, 0, 1, 0)), "1 test, 1 error");
        assert_eq!(Lang::Zh.tests(&counts(12, 1, 2, 3)), "12 个测试，1 个失败，2 个出错，3 个跳过");
        let unread = |total| Lang::En.reported_tests(&counts(total, 0, 0, 0), true);
        assert_eq!(unread(0), "no tests: the report is empty, or it cannot be read");
        assert_eq!(unread(2), "2 tests; a report is empty, or cannot be read");
    }

    #[test]
    fn estimates_say_what_they_do_not_know() {
        let estimate = |unknown, waits| Lang::En.estimate(&Estimate { time: 185_000, unknown, waits });
        assert_eq!(estimate(0, false), "takes about 3 m 05 s");
        assert_eq!(
            estimate(1, true),
            "takes at least 3 m 05 s: of 1 job nobody knows how long it takes; the rest waits for somebody"
        );
    }

    #[test]
    fn percents_have_no_useless_digits() {
        let text = |value| Lang::En.percent(value);
        assert_eq!([text(87.5), text(100.0), text(0.0), text(66.666_6)], ["87.5 %", "100 %", "0 %", "66.67 %"]);
    }
}
