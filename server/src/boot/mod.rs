//! From a data folder to a service that works: lock, store, embedded runner, sweeps, demo.

mod data;
mod demo;
mod embedded;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::Error;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use data::{DataError, DataFolder, Remedy};
pub use demo::fill as fill_demo;
pub use embedded::{Embedded, EmbeddedError, SOCKET};

use crate::clock::Woken;
use crate::service::Weir;

/// How many runs of schedules are started at a time: each may fetch a repository.
const AT_A_TIME: usize = 8;
/// How often lost jobs are looked for, while any job runs.
const SWEEP: Duration = Duration::from_secs(15);

/// Opens the folder, which must not be in use, and the service over it.
pub fn open(path: &Path) -> Result<(DataFolder, Arc<Weir>), DataError> {
    let folder = DataFolder::lock(path)?;
    let weir = Weir::open(folder.path()).map_err(|error| DataError::Open {
        path: path.to_owned(),
        error,
        remedy: Remedy::of(folder.path()),
    })?;
    Ok((folder, Arc::new(weir)))
}

/// As [`open`], of a folder that a server has been started on before, or that was made for one.
pub fn open_known(path: &Path) -> Result<(DataFolder, Arc<Weir>), DataError> {
    DataFolder::expect(path)?;
    open(path)
}

/// Lets embedded runners that earlier servers left finish their jobs and end: a server without one of its own wants
/// none of them either.
pub fn drain_runners(data: &Path) {
    embedded::drain(data);
}

/// Finishes what an earlier server was killed in: before anybody is answered, who would see it half done.
pub async fn finish(weir: &Weir) {
    if let Err(error) = weir.finish_redactions().await {
        tracing::error!(%error, "failed to finish the blanking of logs");
    }
}

/// Makes the embedded runner known to the service and starts its process, unless the one of an
/// earlier server is still there and of the same build. The service must already answer on the
/// socket, or do so soon.
pub async fn start_runner(weir: &Arc<Weir>, runner: &Embedded) -> Result<(), EmbeddedError> {
    embedded::start(weir, runner).await
}

/// Makes the child runs of jobs whose turn has come, until `stop`.
pub async fn keep_children(weir: Arc<Weir>, stop: CancellationToken) {
    let mut changed = weir.store().timer();
    loop {
        changed.borrow_and_update();
        let mut again = None;
        if let Err(error) = weir.start_children().await {
            tracing::warn!(%error, "failed to start child pipelines");
            again = Some(SWEEP);
        }
        let wait = async {
            match again {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _ = changed.changed() => {}
            () = wait => {}
        }
    }
}

/// Does what has its time, delayed jobs and artifacts that expire, until `stop`.
pub async fn keep_time(weir: Arc<Weir>, stop: CancellationToken) {
    let mut changed = weir.store().timer();
    loop {
        changed.borrow_and_update();
        let next = weir.do_due().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "failed to do what is due");
            Some(model::Timestamp(crate::clock::now().0 + SWEEP.as_millis() as i64))
        });
        tokio::select! {
            () = stop.cancelled() => return,
            _ = changed.changed() => {}
            _ = until(next) => {}
        }
    }
}

/// Starts the runs of schedules when they are due, until `stop`. There is one alarm, for the next of them; what is
/// committed may set it anew. One whose repository does not answer keeps nobody else waiting, nor the end.
pub async fn keep_schedules(weir: Arc<Weir>, stop: CancellationToken) {
    let mut changed = weir.store().timer();
    let at_a_time = Arc::new(Semaphore::new(AT_A_TIME));
    // What is being started, and what waits to be tried again.
    let mut tasks = JoinSet::new();
    let mut taken = HashSet::new();
    // The clock may have been set while no server ran.
    let mut woken = Woken::ClockSet;
    loop {
        changed.borrow_and_update();
        if woken == Woken::ClockSet
            && let Err(error) = weir.right_schedules().await
        {
            tracing::warn!(%error, "failed to plan schedules anew");
        }
        let (due, next) = weir.due_schedules().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "failed to see which schedules are due");
            (Vec::new(), Some(model::Timestamp(crate::clock::now().0 + SWEEP.as_millis() as i64)))
        });
        for id in due.into_iter().filter(|id| taken.insert(*id)) {
            let (weir, at_a_time) = (Arc::clone(&weir), Arc::clone(&at_a_time));
            tasks.spawn(async move {
                let permit = at_a_time.acquire_owned().await;
                if let Err(error) = weir.fire_schedule(id).await {
                    tracing::warn!(schedule = id.0, %error, "failed to start what is due");
                    drop(permit);
                    tokio::time::sleep(SWEEP).await;
                }
                id
            });
        }
        woken = tokio::select! {
            () = stop.cancelled() => return,
            _ = changed.changed() => Woken::Due,
            woken = until(next) => woken,
            Some(done) = tasks.join_next() => {
                match done {
                    Ok(id) => drop(taken.remove(&id)),
                    // A fault of ours: that schedule is left alone until the next start.
                    Err(error) => tracing::error!(%error, "failed to start what is due"),
                }
                Woken::Due
            }
        };
    }
}

/// Waits for a time; for ever without one.
async fn until(at: Option<model::Timestamp>) -> Woken {
    match at {
        Some(at) => crate::clock::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Looks after jobs whose runner is gone, until `stop`.
pub async fn keep_swept(weir: Arc<Weir>, stop: CancellationToken) -> Result<(), Error> {
    weir.expect_running().await?;
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = tick.tick() => {
                if let Err(error) = weir.sweep_lost().await {
                    tracing::warn!(%error, "failed to look for lost jobs");
                }
            }
        }
    }
}
