//! Following a trace to its end, which is the end of its job.

use std::io;
use std::sync::Arc;

use app::service::Service;
use model::event::Change;
use model::{Error, Event, JobId, Status};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::rights::Rights;
use crate::http::Access;
use crate::logs::{Logs, Progress};

/// Knows how far a trace has come and whether more will.
pub(in crate::http) struct Trail {
    access: Access,
    rights: Rights,
    id: JobId,
    status: Status,
    gone: bool,
    progress: watch::Receiver<Progress>,
    changes: broadcast::Receiver<Arc<Event>>,
    stop: CancellationToken,
}

impl Trail {
    pub async fn open(access: Access, id: JobId, stop: CancellationToken) -> Result<Self, Error> {
        // First listen, then look.
        let changes = access.weir.bus().subscribe();
        let rights = Rights::of(&access.weir);
        let status = access.weir.open_trace(&access.caller, id).await?.status;
        let progress = on_disk(access.weir.logs(), move |logs| logs.follow(id)).await?;
        Ok(Self { access, rights, id, status, gone: false, progress, changes, stop })
    }

    /// The status of the job as far as it is known.
    pub fn status(&self) -> Status {
        self.status
    }

    /// How far the trace has come.
    pub fn progress(&mut self) -> Progress {
        *self.progress.borrow_and_update()
    }

    /// Whether nothing comes after what is there now. Asked before [`Trail::progress`], the answer
    /// holds for that.
    pub async fn is_over(&self) -> bool {
        if self.gone {
            return true;
        }
        if !self.status.is_final() {
            return false;
        }
        if self.progress.borrow().complete {
            return true;
        }
        // A job that ended without ever having a trace, or whose end a crash cut.
        let id = self.id;
        !on_disk(self.access.weir.logs(), move |logs| Ok(logs.is_open(id))).await.unwrap_or(false)
    }

    /// Waits until something has changed; `false` when the server ends, or the reader's right to read.
    pub async fn change(&mut self) -> bool {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = self.rights.in_question() => {
                    if !self.access.weir.may_read_trace(&self.access.caller, self.id).await {
                        return false;
                    }
                }
                grown = self.progress.changed(), if !self.gone => {
                    self.gone = grown.is_err();
                    return true;
                }
                event = self.changes.recv() => match event {
                    Ok(event) => {
                        if self.learn(&event.change) {
                            return true;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {
                        match self.access.weir.job(&self.access.caller, self.id).await {
                            Ok(view) => self.status = view.job.status,
                            Err(_) => self.gone = true,
                        }
                        return true;
                    }
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }

    fn learn(&mut self, change: &Change) -> bool {
        match change {
            Change::Job(job) if job.id == self.id => self.status = job.status,
            // Its run may be the deleted one: the trace then is gone, which is seen there.
            Change::RunDeleted(_) => {}
            _ => return false,
        }
        true
    }
}

/// Runs something that reads files on a thread that may block.
pub(super) async fn on_disk<T: Send + 'static>(
    logs: &Arc<Logs>,
    work: impl FnOnce(&Logs) -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let logs = Arc::clone(logs);
    let done = tokio::task::spawn_blocking(move || work(&logs)).await;
    done.map_err(io::Error::other).and_then(|result| result).map_err(|error| {
        tracing::error!(%error, "failed to read a log");
        Error::internal("internal error")
    })
}
