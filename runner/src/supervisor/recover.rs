//! What an earlier runner process in this folder left behind: processes are ended, jobs are reported.

use std::{fs, path::Path, sync::Arc, time::Duration};

use tokio_util::task::TaskTracker;

use super::{
    Shared,
    report::{Kept, Record, say},
};
use crate::{
    client::JobKey,
    control::Control,
    engine::{End, Places, remove_left},
    processes::end_marked,
    trace::{Log, Pace, Sent, send_trace},
};

/// How long processes may resist KILL before the runner starts regardless.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Ends the processes and starts to report the jobs; the reports may outlast this call, the processes
/// do not.
pub(super) async fn recover(shared: &Arc<Shared>, tasks: &TaskTracker) {
    let dir = shared.settings.dir.clone();
    let left: Vec<i64> = numbers(&dir.join("jobs"));
    let apart = shared.settings.apart.clone();
    let theirs = apart.as_deref().map(numbers).unwrap_or_default();
    if left.is_empty() && numbers(&dir.join("builds")).is_empty() && theirs.is_empty() {
        // Every process with a mark belongs to a job with a folder.
        return;
    }
    // Before all else: their users may be those of the next jobs.
    for id in left.iter().chain(&theirs) {
        shared.settings.places(*id, None).close();
    }
    let mark = format!("{}:", shared.settings.instance);
    match tokio::task::spawn_blocking(move || end_marked(&mark, KILL_LIMIT)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(count)) => tracing::warn!(count, "ended processes that an earlier runner left behind"),
        Ok(Err(pids)) => tracing::error!(?pids, "processes of an earlier runner could not be ended"),
        Err(error) => tracing::error!(%error, "failed to look for processes of an earlier runner"),
    }
    if let Err(error) = remove_left(&shared.settings).await {
        tracing::error!(%error, "failed to remove containers of an earlier runner");
    }
    for id in left.iter().copied() {
        let control = Control::new();
        shared.jobs().insert(id, control.clone());
        let shared = Arc::clone(shared);
        tasks.spawn(async move {
            let places = shared.settings.places(id, None);
            close(&shared, id, &places, &control).await;
            places.remove().await;
            shared.jobs().remove(&id);
        });
    }
    for id in numbers(&dir.join("builds")).into_iter().filter(|id| !left.contains(id)) {
        Places::new(&dir, id).remove().await;
    }
    for id in theirs.into_iter().filter(|id| !left.contains(id)) {
        shared.settings.places(id, None).remove().await;
    }
}

/// Hands over the rest of the job's log, and how it ended if that is known.
async fn close(shared: &Shared, id: i64, places: &Places, control: &Control) {
    let record = match Record::read(places) {
        Ok(record) if record.id == id => record,
        _ => {
            tracing::warn!(job.id = id, "a job's folder has no record: it is removed");
            return;
        }
    };
    let key = JobKey { id, token: record.token.clone(), debug: record.debug };
    let kept = Kept::read(places);
    let spool = places.open_spool();
    let resumed = tokio::task::spawn_blocking(move || spool.and_then(Log::resumed)).await;
    let log = match resumed {
        Ok(Ok(log)) => log,
        other => {
            tracing::error!(job.id = id, error = ?other.err(), "failed to read the log of an earlier job");
            Log::spooled(None, u64::MAX)
        }
    };
    let kept = kept.unwrap_or_else(|| {
        tracing::warn!(job.id = id, "reporting a job whose runner was killed");
        let end = End::System("the runner was killed while it ran the job".to_owned());
        log.line(&format!("\n{}", end.line().unwrap_or_default()));
        Kept::new(&end.outcome(), &record)
    });
    log.close();
    let sent = send_trace(&shared.client, &key, &log, Pace::Live, control).await;
    if sent != Sent::Gone {
        say(&shared.client, &key, &log, &kept, sent, None).await;
    }
}

fn numbers(folder: &Path) -> Vec<i64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
