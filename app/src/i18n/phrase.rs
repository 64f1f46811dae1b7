//! Texts with something in them.

use model::plan::When;
use model::time::human_duration;
use model::{Diagnostic, ErrorKind, JobId, Reason, RunId, Severity};

use super::{Lang, T, reason};

/// Sentences that are put together.
pub trait Phrases {
    /// "3 min ago".
    fn ago(self, milliseconds: i64) -> String;
    /// "4.2 s".
    fn duration(self, milliseconds: i64) -> String;
    /// "12 kB".
    fn bytes(self, bytes: u64) -> String;
    /// "failed at #12, last good #9, 3 runs".
    fn broken(self, failed: i64, last_good: Option<i64>, streak: usize) -> String;
    /// "3 of 5 stages".
    fn stages_done(self, done: usize, of: usize) -> String;
    /// Why a job stands where it stands.
    fn reason(self, reason: &Reason) -> String;
    /// "until 2026-11-20".
    fn until(self, day: &str) -> String;
    /// "<1 s", "12 s": of what only knows whole seconds.
    fn whole_seconds(self, seconds: i64) -> String;
    /// "lines 1 to 2000 of 5000".
    fn lines(self, first: u64, last: u64, total: u64) -> String;
    /// "5000 lines".
    fn line_count(self, total: u64) -> String;
    /// "Run 12 failed".
    fn run_is(self, number: i64, status: &str) -> String;
    /// "2 errors, 1 warning".
    fn findings(self, diagnostics: &[Diagnostic]) -> String;
    /// The heading for a kind of error.
    fn error(self, kind: ErrorKind) -> &'static str;
    /// What a job's `when` means.
    fn when(self, when: When) -> &'static str;
    /// "80 % of the runs with a verdict passed".
    fn score(self, percent: u32) -> String;
    /// "waits for 2 jobs: a, b".
    fn needs(self, needs: &[String]) -> String;
    /// "2 runs run, 1 waits, 1 pipeline is broken".
    fn summary(self, active: usize, blocked: usize, broken: usize) -> String;
    /// "Attempt 2".
    fn attempt(self, attempt: u32) -> String;
    /// "Run #12 of Shop".
    fn run_title(self, number: i64, pipeline: &str) -> String;
    /// "run 12", by the number in its address.
    fn run_id(self, id: RunId) -> String;
    /// "job 40", by the number in its address.
    fn job_id(self, id: JobId) -> String;
}

impl Phrases for Lang {
    fn ago(self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1000;
        let (count, en, zh) = match seconds {
            0..5 => return if self == Self::En { "just now".into() } else { "刚刚".into() },
            5..60 => (seconds, "s", "秒"),
            60..3600 => (seconds / 60, "min", "分钟"),
            3600..86_400 => (seconds / 3600, "h", "小时"),
            _ => (seconds / 86_400, "d", "天"),
        };
        match self {
            Self::En => format!("{count} {en} ago"),
            Self::Zh => format!("{count} {zh}前"),
        }
    }

    fn duration(self, milliseconds: i64) -> String {
        let text = human_duration(milliseconds);
        match self {
            Self::En => text,
            Self::Zh => {
                let word = |unit: &str| match unit {
                    "ms" => "毫秒",
                    "s" => "秒",
                    "m" => "分",
                    "h" => "小时",
                    _ => "",
                };
                let mut out = String::new();
                for part in text.split(' ') {
                    let unit = word(part);
                    out.push_str(if unit.is_empty() { part } else { unit });
                }
                out
            }
        }
    }

    fn bytes(self, bytes: u64) -> String {
        match bytes {
            0..1000 => format!("{bytes} B"),
            1000..1_000_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
            1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
            _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
        }
    }

    fn broken(self, failed: i64, last_good: Option<i64>, streak: usize) -> String {
        match (self, last_good) {
            (Self::En, Some(good)) => format!("failed at #{failed}, last good #{good}, {streak} in a row"),
            (Self::En, None) => format!("failed at #{failed}, never good"),
            (Self::Zh, Some(good)) => format!("#{failed} 失败，最近通过 #{good}，连续 {streak} 次"),
            (Self::Zh, None) => format!("#{failed} 失败，从未通过"),
        }
    }

    fn stages_done(self, done: usize, of: usize) -> String {
        match self {
            Self::En => format!("{done} of {of} stages"),
            Self::Zh => format!("{of} 个阶段已完成 {done} 个"),
        }
    }

    fn reason(self, reason: &Reason) -> String {
        match self {
            Self::En => reason.to_string(),
            Self::Zh => reason::zh(reason),
        }
    }

    fn until(self, day: &str) -> String {
        match self {
            Self::En => format!("until {day}"),
            Self::Zh => format!("保留至 {day}"),
        }
    }

    fn whole_seconds(self, seconds: i64) -> String {
        match (self, seconds) {
            (Self::En, ..1) => "<1 s".into(),
            (Self::Zh, ..1) => "<1秒".into(),
            (Self::En, 1..60) => format!("{seconds} s"),
            (Self::Zh, 1..60) => format!("{seconds}秒"),
            _ => self.duration(seconds * 1000),
        }
    }

    fn lines(self, first: u64, last: u64, total: u64) -> String {
        match self {
            Self::En => format!("lines {first} to {last} of {total}"),
            Self::Zh => format!("第 {first} 至 {last} 行，共 {total} 行"),
        }
    }

    fn line_count(self, total: u64) -> String {
        match self {
            Self::En if total == 1 => "1 line".into(),
            Self::En => format!("{total} lines"),
            Self::Zh => format!("{total} 行"),
        }
    }

    fn run_is(self, number: i64, status: &str) -> String {
        match self {
            Self::En => format!("Run {number}: {status}"),
            Self::Zh => format!("运行 {number}：{status}"),
        }
    }

    fn findings(self, diagnostics: &[Diagnostic]) -> String {
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if errors + warnings == 0 {
            return self.t(T::Valid).to_owned();
        }
        let part = |n: usize, en: &str, zh: &str| match self {
            _ if n == 0 => None,
            Self::En => Some(format!("{n} {en}{}", if n == 1 { "" } else { "s" })),
            Self::Zh => Some(format!("{n} 个{zh}")),
        };
        let parts = [part(errors, "error", "错误"), part(warnings, "warning", "警告")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(if self == Self::En { ", " } else { "，" })
    }

    fn error(self, kind: ErrorKind) -> &'static str {
        self.t(match kind {
            ErrorKind::Invalid => T::Invalid,
            ErrorKind::NotFound => T::NotFound,
            ErrorKind::Conflict => T::Conflict,
            ErrorKind::Unauthorized => T::Unauthorized,
            ErrorKind::Scope | ErrorKind::Forbidden => T::Forbidden,
            ErrorKind::TooLarge => T::TooLarge,
            ErrorKind::TooMany | ErrorKind::Unavailable => T::Unavailable,
            ErrorKind::Internal => T::Internal,
        })
    }

    fn when(self, when: When) -> &'static str {
        match (self, when) {
            (Self::En, When::OnSuccess) => "when all before it passed",
            (Self::En, When::OnFailure) => "when something before it failed",
            (Self::En, When::Always) => "always",
            (Self::En, When::Manual) => "when somebody plays it",
            (Self::En, When::Delayed) => "some time after all before it passed",
            (Self::En, When::Never) => "never",
            (Self::Zh, When::OnSuccess) => "前面全部通过时",
            (Self::Zh, When::OnFailure) => "前面有失败时",
            (Self::Zh, When::Always) => "总是",
            (Self::Zh, When::Manual) => "手动启动时",
            (Self::Zh, When::Delayed) => "前面全部通过后延时",
            (Self::Zh, When::Never) => "从不",
        }
    }

    fn score(self, percent: u32) -> String {
        match self {
            Self::En => format!("{percent} % passed"),
            Self::Zh => format!("{percent} % 通过"),
        }
    }

    fn needs(self, needs: &[String]) -> String {
        match (self, needs.is_empty()) {
            (Self::En, true) => "needs nothing".into(),
            (Self::Zh, true) => "无依赖".into(),
            (Self::En, false) => format!("needs {}", needs.join(", ")),
            (Self::Zh, false) => format!("依赖 {}", needs.join("、")),
        }
    }

    fn summary(self, active: usize, blocked: usize, broken: usize) -> String {
        match self {
            Self::En => format!("{active} running · {blocked} waiting for somebody · {broken} broken"),
            Self::Zh => format!("{active} 个运行中 · {blocked} 个等待人工 · {broken} 条流水线失败"),
        }
    }

    fn attempt(self, attempt: u32) -> String {
        match self {
            Self::En => format!("attempt {attempt}"),
            Self::Zh => format!("第 {attempt} 次尝试"),
        }
    }

    fn run_title(self, number: i64, pipeline: &str) -> String {
        format!("{pipeline} #{number}")
    }

    fn run_id(self, id: RunId) -> String {
        match self {
            Self::En => format!("run {id}"),
            Self::Zh => format!("运行 {id}"),
        }
    }

    fn job_id(self, id: JobId) -> String {
        match self {
            Self::En => format!("job {id}"),
            Self::Zh => format!("作业 {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_and_of_files() {
        assert_eq!(Lang::En.ago(3_000), "just now");
        assert_eq!(Lang::En.ago(200_000), "3 min ago");
        assert_eq!(Lang::Zh.ago(7_300_000), "2 小时前");
        assert_eq!(Lang::Zh.duration(185_000), "3分05秒");
        assert_eq!(Lang::Zh.duration(4_240), "4.2秒");
        assert_eq!(Lang::Zh.duration(7_620_000), "2小时07分");
        assert_eq!(Lang::En.bytes(1_234_567), "1.2 MB");
        assert_eq!(Lang::En.broken(12, Some(9), 3), "failed at #12, last good #9, 3 in a row");
    }
}
