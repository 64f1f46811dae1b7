//! What a running job has been told to do, by whoever: the user, the server, the runner's end.

use tokio::sync::watch;

/// In the order of severity; a job only ever gets a more severe order than before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Go on.
    #[default]
    Run,
    /// End the script, run `after_script`, report.
    Cancel,
    /// End everything at once, report that the runner was stopped.
    Stop,
    /// End everything at once, report nothing.
    Gone,
}

/// Tells one job; clones tell the same job.
#[derive(Clone, Debug, Default)]
pub struct Control(watch::Sender<Level>);

impl Control {
    /// Nothing has been told yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Orders `level`, unless something as severe has been ordered.
    pub fn raise(&self, level: Level) {
        self.0.send_if_modified(|current| {
            let more = level > *current;
            *current = level.max(*current);
            more
        });
    }

    /// What has been ordered.
    pub fn level(&self) -> Level {
        *self.0.borrow()
    }

    /// Waits until something more severe than `level` has been ordered.
    pub async fn above(&self, level: Level) -> Level {
        let mut orders = self.0.subscribe();
        let Ok(order) = orders.wait_for(|current| *current > level).await else {
            // The sender is in `self`.
            return std::future::pending().await;
        };
        *order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn orders_only_become_more_severe() {
        let control = Control::new();
        control.raise(Level::Stop);
        control.raise(Level::Cancel);
        assert_eq!(control.above(Level::Cancel).await, Level::Stop);
    }
}
