//! One job in the runner: its folders, its log on the way to the server, what it is told, its report.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::{
    Shared, Stop,
    report::{Kept, Record, say},
    stopped,
};
use crate::{
    client::{Client, ClientError, JobKey, Updated},
    control::{Control, Level},
    engine::{End, Exchange, Places, Sources, Work, execute},
    protocol::{JobPayload, JobState, UpdateRequest, WatchedStatus},
    trace::{Log, Pace, Sent, send_trace},
    users::{Held, Users, vacate},
};

/// A job that is over sooner than this is not watched.
const WATCH_AFTER: Duration = Duration::from_millis(50);
/// A server that takes longer for the rest of a log is taken to be away.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is looked whether a user's processes have ended at last.
const VACANT_AGAIN: Duration = Duration::from_secs(30);
/// How often a server that cannot be watched is told that the job is alive, and asked about it.
const TOUCH: Duration = Duration::from_secs(30);

/// Runs a job in a task of its own; `slot` is free for another when its processes have ended.
pub(super) fn start(shared: &Arc<Shared>, tasks: &TaskTracker, job: JobPayload, slot: OwnedSemaphorePermit) {
    let control = Control::new();
    shared.jobs().insert(job.id, control.clone());
    if *shared.stop.borrow() == Stop::Now {
        control.raise(Level::Stop);
    }
    let shared = Arc::clone(shared);
    tasks.spawn(async move {
        let id = job.id;
        tracing::debug!(job.id = id, job.name = job.job_info.name, "the job starts");
        run(&shared, job, &control, slot).await;
        shared.jobs().remove(&id);
    });
}

async fn run(shared: &Arc<Shared>, job: JobPayload, control: &Control, slot: OwnedSemaphorePermit) {
    let held = shared.users.as_ref().map(Users::take);
    let (held, nobody) = match held {
        Some(Err(error)) => (None, Some(error)),
        Some(Ok(held)) => (Some(held), None),
        None => (None, None),
    };
    let places = shared.settings.places(job.id, held.as_ref().map(|held| held.user().clone()));
    let record = Record::new(&job);
    let key = JobKey { id: job.id, token: job.token.clone(), debug: record.debug };
    let made = match (&shared.users, nobody) {
        (_, Some(error)) => Err(std::io::Error::other(error)),
        (None, None) => shared.spares.create(&places),
        (Some(_), None) => places.create(job.image.is_some()),
    };
    let prepared = made.and_then(|()| record.write(&places)).and_then(|()| places.open_spool());
    let (spool, problem) = match prepared {
        Ok(spool) => (Some(spool), None),
        Err(error) => (None, Some(error)),
    };
    let log = Log::spooled(spool, shared.settings.log_limit);
    let pace = if job.features.weir_job_watch { Pace::Live } else { Pace::Asked };
    let sender: JoinHandle<Sent> = tokio::spawn({
        let (client, key, log, control) = (shared.client.clone(), key.clone(), log.clone(), control.clone());
        async move { send_trace(&client, &key, &log, pace, &control).await }
    });
    let watcher = AbortOnDropHandle::new(tokio::spawn({
        let (client, key, control) = (shared.client.clone(), key.clone(), control.clone());
        async move {
            match pace {
                Pace::Live => watch(&client, &key, &control).await,
                Pace::Asked => touch(&client, &key, &control).await,
            }
        }
    }));
    let end = if let Some(error) = problem {
        let end = End::System(format!("failed to make the job's folder: {error}"));
        log.line(&end.line().unwrap_or_default());
        end
    } else {
        let exchange = Exchange::Server { client: shared.client.clone(), job: key.clone() };
        execute(&Work {
            job: &job,
            places: &places,
            settings: &shared.settings,
            leaders: &shared.leaders,
            log: &log,
            control,
            exchange: &exchange,
            sources: Sources::Payload,
        })
        .await
    };
    log.close();
    let emptied = held.map(|held| {
        // The next job of this user finds nothing of this one.
        places.close();
        let is_vacant = vacant(shared, &held);
        (held, is_vacant)
    });
    let sent = delivered(sender, &end, &record, &places).await;
    let mut haunted = None;
    if let Some((held, is_vacant)) = emptied {
        if is_vacant.await.unwrap_or(false) { held.give_back() } else { haunted = Some(held) }
    }
    drop(watcher);
    // All that is left to do is to say how it ended: the next job may come, if there is a user for it.
    let haunted = match haunted {
        None => {
            drop(slot);
            None
        }
        Some(held) => Some((held, slot)),
    };
    tracing::debug!(job.id = job.id, ?end, "the job ended");
    if end != End::Gone && sent != Sent::Gone {
        let kept = Kept::new(&end.outcome(), &record);
        say(&shared.client, &key, &log, &kept, sent, Some(&places)).await;
    }
    match &shared.users {
        None => shared.spares.release(&places, key.id).await,
        Some(_) => places.remove().await,
    }
    if let Some((held, slot)) = haunted {
        until_vacant(shared, held).await;
        drop(slot);
    }
}

/// Ends what is left of a user's processes; whether that is everybody.
fn vacant(shared: &Shared, held: &Held<'_>) -> JoinHandle<bool> {
    let (user, leader) = (held.user().clone(), shared.leaders.program().to_owned());
    tokio::task::spawn_blocking(move || vacate(&user, &leader))
}

/// Keeps a user from other jobs, who would share it with processes of an earlier one, until those are gone: KILL does not end
/// who waits for a disk that does not answer. Whoever has the number after this runner looks for them again.
async fn until_vacant(shared: &Shared, held: Held<'_>) {
    tracing::error!(user = %held.user(), "processes of a job cannot be ended: one job less runs as long as they are there");
    let mut stop = shared.stop.clone();
    loop {
        tokio::select! {
            () = stopped(&mut stop, Stop::Drain) => return,
            () = tokio::time::sleep(VACANT_AGAIN) => {}
        }
        if vacant(shared, &held).await.unwrap_or(false) {
            return held.give_back();
        }
    }
}

/// Waits until the server has the log. While it is away the job's result is kept on disk: should this
/// process die meanwhile, the next one knows it.
async fn delivered(mut sender: JoinHandle<Sent>, end: &End, record: &Record, places: &Places) -> Sent {
    if let Ok(sent) = timeout(PATIENCE, &mut sender).await {
        return sent.unwrap_or(Sent::Refused);
    }
    if *end != End::Gone {
        Kept::new(&end.outcome(), record).write(places);
    }
    sender.await.unwrap_or(Sent::Refused)
}

/// Keeps asking whether the job has been cancelled, with a request that the server holds.
async fn watch(client: &Client, key: &JobKey, control: &Control) {
    tokio::time::sleep(WATCH_AFTER).await;
    let mut backoff = client.backoff();
    loop {
        let asked = Instant::now();
        match client.watch(key).await {
            Ok(WatchedStatus::Running) => backoff.reset(),
            Ok(WatchedStatus::Canceling) => control.raise(Level::Cancel),
            Ok(WatchedStatus::Gone) => return control.raise(Level::Gone),
            Err(ClientError::Away { retry_after, .. }) => backoff.pause(retry_after).await,
            Err(ClientError::Refused { .. }) => return touch(client, key, control).await,
        }
        // A cancelled job is answered at once, from then on: all there is to learn is that it became
        // more severe.
        if asked.elapsed() < Duration::from_secs(1) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// The same for servers that cannot be watched: the answer to a sign of life tells.
async fn touch(client: &Client, key: &JobKey, control: &Control) {
    loop {
        tokio::time::sleep(TOUCH).await;
        let update = UpdateRequest { state: JobState::Running, ..UpdateRequest::default() };
        match client.update(key, update).await {
            Ok(Updated::Gone | Updated::Done(WatchedStatus::Gone)) => return control.raise(Level::Gone),
            Ok(Updated::Done(WatchedStatus::Canceling)) => control.raise(Level::Cancel),
            Ok(_) => {}
            Err(error) => tracing::debug!(job.id = key.id, %error, "failed to give a sign of life"),
        }
    }
}
