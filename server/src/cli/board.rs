//! The states of several jobs: a live board on a terminal, one line for each change elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Status;

use super::output::{self, Paint};

/// The states of jobs as a person watches them.
pub struct Board {
    live: Option<MultiProgress>,
    head: Option<ProgressBar>,
    bars: HashMap<i64, ProgressBar>,
    known: HashMap<i64, Status>,
    quiet: bool,
}

impl Board {
    /// A board; a quiet one shows nothing.
    pub fn new(quiet: bool) -> Self {
        let live = (output::is_terminal() && !quiet).then(MultiProgress::new);
        Self { live, head: None, bars: HashMap::new(), known: HashMap::new(), quiet }
    }

    /// What stands above the jobs.
    pub fn headline(&mut self, title: &str, status: Status) {
        if self.quiet {
            return;
        }
        let paint = Paint::stdout();
        let title = output::harmless(title, false);
        let text =
            format!("{} {}  {}", paint.word(status, output::mark(status)), paint.bold(&title), paint.status(status));
        match &self.live {
            Some(live) => {
                let head = self.head.get_or_insert_with(|| {
                    let bar = live.insert(0, ProgressBar::new_spinner());
                    bar.set_style(plain());
                    bar
                });
                head.set_message(text);
            }
            None => output::line(format!("{title} {status}")),
        }
    }

    /// A job stands at `status`.
    pub fn set(&mut self, id: i64, name: &str, status: Status, allowed: bool, time: Option<i64>, note: &str) {
        if self.quiet {
            return;
        }
        let changed = self.known.insert(id, status) != Some(status);
        let name = output::harmless(name, false);
        let note = output::harmless(note, false);
        let paint = Paint::stdout();
        let word = if allowed { "failed (allowed)" } else { status.as_str() };
        let time = time.filter(|_| status.is_final()).map(|ms| output::duration(Some(ms))).unwrap_or_default();
        let Some(live) = &self.live else {
            if changed {
                let parts = [format!("{} {name} {word}", output::mark(status)), time, note];
                let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                output::line(parts.join("  "));
            }
            return;
        };
        let bar = self.bars.entry(id).or_insert_with(|| live.add(ProgressBar::new_spinner()));
        if changed {
            bar.set_style(if status.is_running() { spinning() } else { plain() });
            if status.is_running() {
                bar.reset_elapsed();
                bar.enable_steady_tick(Duration::from_millis(120));
            } else {
                bar.disable_steady_tick();
            }
        }
        let mark =
            if status.is_running() { String::new() } else { format!("{} ", paint.word(status, output::mark(status))) };
        bar.set_message(format!("{mark}{name:<24} {}  {time}  {}", paint.word(status, word), paint.dim(&note)));
    }

    /// A job is no longer shown.
    pub fn remove(&mut self, id: i64) {
        self.known.remove(&id);
        if let (Some(bar), Some(live)) = (self.bars.remove(&id), &self.live) {
            live.remove(&bar);
        }
    }

    /// Writes a line above the board.
    pub fn line(&self, text: &str) {
        match &self.live {
            // Nobody to read it any more is found out at the next plain line.
            Some(live) => drop(live.println(text)),
            None => output::line(text),
        }
    }

    /// Leaves the last state standing.
    pub fn finish(&mut self) {
        for bar in self.bars.values().chain(self.head.as_ref()) {
            bar.abandon();
        }
    }

    /// Takes the board away.
    pub fn clear(&mut self) {
        if let Some(live) = &self.live {
            drop(live.clear());
            live.set_draw_target(ProgressDrawTarget::hidden());
        }
    }
}

fn plain() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn spinning() -> ProgressStyle {
    let style = ProgressStyle::with_template("{spinner:.blue} {wide_msg} {elapsed}");
    style
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "●"])
}
