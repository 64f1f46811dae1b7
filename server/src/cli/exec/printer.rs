//! What `weir exec` shows: the jobs' lines, a live board below them on a terminal, a table at the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::plan::Plan;
use model::time::human_duration;
use model::{Aggregate, Reason, Status};
use serde_json::{Value, json};

use crate::cli::board::Board;
use crate::cli::output::{self, Paint};

/// Shows what happens; shared by the jobs, one line at a time.
pub(super) struct Printer {
    board: Arc<Mutex<Board>>,
    names: Vec<String>,
    width: usize,
    json: bool,
}

/// A job as the last table shows it.
pub(super) struct Summary {
    pub(super) name: String,
    pub(super) stage: String,
    pub(super) status: Status,
    pub(super) allow_failure: bool,
    pub(super) duration: Option<i64>,
    pub(super) exit_code: Option<i32>,
    pub(super) attempts: u32,
    pub(super) reason: Option<Reason>,
}

impl Printer {
    /// With `json` nothing but one document goes to stdout; the lines go to stderr.
    pub(super) fn new(plan: &Plan, json: bool) -> Self {
        let names: Vec<String> = plan.jobs.iter().map(|job| output::harmless(&job.name, false)).collect();
        let width = names.iter().map(|name| name.chars().count().min(20)).max().unwrap_or(0);
        Self { board: Arc::new(Mutex::new(Board::new(json))), names, width, json }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the log of a job goes: whole lines, with the job's name where there are several.
    pub(super) fn sink(&self, job: usize) -> impl FnMut(&[u8]) + Send + use<> {
        let paint = if self.json { Paint::stderr() } else { Paint::stdout() };
        let prefix = if self.names.len() > 1 { paint.prefix(&self.names[job], self.width) } else { String::new() };
        let (board, json) = (Arc::clone(&self.board), self.json);
        let mut open: Vec<u8> = Vec::new();
        move |bytes| {
            open.extend_from_slice(bytes);
            let Some(end) = open.iter().rposition(|byte| *byte == b'\n') else {
                // A line that has no end is shown in pieces.
                if open.len() < 1 << 16 {
                    return;
                }
                open.push(b'\n');
                return show(&board, &prefix, &std::mem::take(&mut open), paint, json);
            };
            let rest = open.split_off(end + 1);
            show(&board, &prefix, &std::mem::replace(&mut open, rest), paint, json);
        }
    }

    /// A job stands at `status`.
    pub(super) fn state(&self, job: usize, status: Status, allowed: bool, duration: Option<i64>, note: &str) {
        self.board().set(job as i64, &self.names[job], status, allowed, duration, note);
    }

    /// The table of all jobs and the last line.
    pub(super) fn close(&self, jobs: &[Summary], run: Aggregate, milliseconds: i64) {
        if self.json {
            output::json(&document(jobs, run, milliseconds));
            return;
        }
        self.board().clear();
        let paint = Paint::stdout();
        let word = |job: &Summary| {
            let allowed = job.status == Status::Failed && job.allow_failure;
            format!("{} {}{}", output::mark(job.status), job.status, if allowed { " (allowed)" } else { "" })
        };
        let rows = jobs
            .iter()
            .map(|job| {
                let reason = job.reason.as_ref().filter(|_| job.status != Status::Success);
                vec![
                    word(job),
                    output::harmless(&job.name, false),
                    output::harmless(&job.stage, false),
                    output::duration(job.duration),
                    output::harmless(&reason.map(ToString::to_string).unwrap_or_default(), false),
                ]
            })
            .collect();
        let table = output::table(&["status", "job", "stage", "duration", ""], rows, &[]);
        output::line("");
        let mut lines = table.lines();
        if let Some(head) = lines.next() {
            output::line(paint.dim(head));
        }
        for (line, job) in lines.zip(jobs) {
            let word = word(job);
            output::line(line.replacen(&word, &paint.word(job.status, &word), 1));
        }
        let time = human_duration(milliseconds);
        let status = if run.warnings { format!("{} with warnings", run.status) } else { run.status.to_string() };
        let mark = paint.word(run.status, output::mark(run.status));
        output::line(format!("\n{mark} {} in {time}", paint.word(run.status, &status)));
        if run.status == Status::Manual {
            let blocked: Vec<&str> = jobs
                .iter()
                .filter(|job| job.status == Status::Manual && !job.allow_failure)
                .map(|job| job.name.as_str())
                .collect();
            output::note(format!("waits for a person; name the job to run it: weir exec {}", blocked.join(" ")));
        }
    }
}

fn show(board: &Mutex<Board>, prefix: &str, bytes: &[u8], paint: Paint, json: bool) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = String::new();
    for line in text.split_terminator('\n') {
        let shown = model::text::shown(line, paint.is_on());
        // A line that was only a marker is no line.
        if shown.is_empty() && !line.trim_end_matches('\r').is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(prefix);
        lines.push_str(&shown);
    }
    if lines.is_empty() {
        return;
    }
    if json {
        output::note(lines);
    } else {
        board.lock().unwrap_or_else(PoisonError::into_inner).line(&lines);
    }
}

fn document(jobs: &[Summary], run: Aggregate, milliseconds: i64) -> Value {
    let jobs: Vec<Value> = jobs
        .iter()
        .map(|job| {
            json!({
                "name": job.name,
                "stage": job.stage,
                "status": job.status,
                "allow_failure": job.allow_failure,
                "duration": job.duration.map(|ms| ms as f64 / 1000.0),
                "exit_code": job.exit_code,
                "attempts": job.attempts,
                "reason": job.reason,
            })
        })
        .collect();
    json!({"status": run.status, "warnings": run.warnings, "duration": milliseconds as f64 / 1000.0, "jobs": jobs})
}
