//! Streams of one object: its state once, then every committed change of it, in order, each once.

use std::collections::VecDeque;
use std::sync::Arc;

use app::service::Service;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event as Message;
use model::event::Change;
use model::{Error, ErrorKind, Event, JobId, PipelineId, PipelineKey, ProjectId, RunId, Seq};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::rights::Rights;
use super::{Source, end, event, last_event_id, number, respond};
use crate::auth::Action;
use crate::http::{Access, AppState, Failure};
use crate::service::Scope;

/// A client that missed more than this gets a fresh state: it is smaller.
const LONGEST_RESUME: usize = 10_000;

/// `/live/runs/ID`: a `RunView`, then the run and its jobs as they change.
pub(super) async fn run(
    access: Access,
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id: RunId = id.parse().map_err(|_| Error::not_found("run"))?;
    open(access, &state, Subject::Run(id), &headers).await
}

/// `/live/jobs/ID`: a `JobView`, then the job, its run and its other attempts as they change.
pub(super) async fn job(
    access: Access,
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id: JobId = id.parse().map_err(|_| Error::not_found("job"))?;
    let job = access.weir.job(&access.caller, id).await?.job;
    open(access, &state, Subject::Job { id, run: job.run_id, name: job.name }, &headers).await
}

/// `/live/pipelines/KEY`: a `PipelineView`, then the pipeline and its runs as they change.
pub(super) async fn pipeline(
    access: Access,
    State(state): State<AppState>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let key: PipelineKey = key.parse().map_err(|_| Error::not_found("pipeline"))?;
    let found = access.weir.read_pipeline_only(&access.caller, &key).await?;
    let (id, project) = (found.id, found.project_id);
    open(access, &state, Subject::Pipeline { id, key, project }, &headers).await
}

async fn open(access: Access, state: &AppState, subject: Subject, headers: &HeaderMap) -> Result<Response, Failure> {
    // First listen, then look: what comes between is in both and told once.
    let changes = access.weir.bus().subscribe();
    let rights = Rights::of(&access.weir);
    let mut feed = Feed {
        access,
        rights,
        sees_runs: false,
        subject,
        changes,
        stop: state.stop.clone(),
        seen: Seq(0),
        waiting: VecDeque::new(),
        next: Next::Changes,
    };
    feed.sees_runs = feed.may_see_runs().await;
    let missed = match last_event_id(headers).and_then(|id| i64::try_from(id).ok()) {
        Some(id) => feed.missed_since(Seq(id)).await?,
        None => None,
    };
    match missed {
        Some(missed) => feed.waiting = missed,
        None => feed.next = Next::First(feed.state().await?),
    }
    Ok(respond(feed))
}

/// What a stream is about.
#[derive(Clone, Debug)]
enum Subject {
    Run(RunId),
    Job { id: JobId, run: RunId, name: String },
    Pipeline { id: PipelineId, key: PipelineKey, project: ProjectId },
}

impl Subject {
    fn scope(&self) -> Scope {
        match self {
            Self::Run(id) | Self::Job { run: id, .. } => Scope::Run(*id),
            Self::Pipeline { .. } => Scope::Instance,
        }
    }

    fn concerns(&self, change: &Change) -> bool {
        match self {
            Self::Run(id) => change.run_id() == Some(*id),
            Self::Job { id, run, name } => match change {
                Change::Job(job) => job.id == *id || (job.run_id == *run && job.name == *name),
                other => other.run_id() == Some(*run),
            },
            Self::Pipeline { id, .. } => match change {
                Change::Run(run) => run.pipeline_id == Some(*id),
                Change::Pipeline(pipeline) => pipeline.id == *id,
                Change::PipelineDeleted(deleted) => deleted == id,
                // The deleted run's pipeline is no longer known; who does not have the run ignores it.
                Change::RunDeleted(_) => true,
                Change::Job(_) | Change::Touched(_) => false,
            },
        }
    }

    /// Whether nothing can come after this change.
    fn ends_with(&self, change: &Change) -> bool {
        match change {
            Change::RunDeleted(_) => !matches!(self, Self::Pipeline { .. }),
            Change::PipelineDeleted(_) => true,
            _ => false,
        }
    }
}

enum Next {
    First(Message),
    State,
    Changes,
    End,
    Over,
}

struct Feed {
    access: Access,
    rights: Rights,
    /// Whoever sees a pipeline need not see its runs.
    sees_runs: bool,
    subject: Subject,
    changes: Receiver<Arc<Event>>,
    stop: CancellationToken,
    /// Up to which commit the client knows everything.
    seen: Seq,
    /// Changes that are to be told before the next one is listened for.
    waiting: VecDeque<Event>,
    next: Next,
}

impl Feed {
    /// The stored changes that a client which comes back has missed; `None` when it has to begin
    /// anew.
    async fn missed_since(&mut self, since: Seq) -> Result<Option<VecDeque<Event>>, Error> {
        let missed = self.access.weir.events_since(&self.access.caller, since, self.subject.scope()).await?;
        let Some(missed) = missed.filter(|missed| missed.len() <= LONGEST_RESUME) else { return Ok(None) };
        if missed.is_empty() {
            // Also for an object that is not there: the answer must say so.
            let _found = self.state().await?;
        }
        self.seen = since;
        Ok(Some(missed.into()))
    }

    /// The event with the whole state, which the client then knows.
    async fn state(&mut self) -> Result<Message, Error> {
        let Access { caller, weir } = &self.access;
        let (seq, message) = match &self.subject {
            Subject::Run(id) => {
                let view = weir.run(caller, *id).await?;
                (view.seq, event("state", number(view.seq), &view)?)
            }
            Subject::Job { id, .. } => {
                let view = weir.job(caller, *id).await?;
                (view.seq, event("state", number(view.seq), &view)?)
            }
            Subject::Pipeline { key, .. } => {
                let view = weir.pipeline(caller, key).await?;
                (view.seq, event("state", number(view.seq), &view)?)
            }
        };
        self.seen = seq;
        Ok(message)
    }

    /// Whether the client may still see what it follows.
    async fn may_go_on(&self) -> bool {
        let Access { caller, weir } = &self.access;
        match &self.subject {
            Subject::Run(id) => weir.may_read_run(caller, *id).await,
            Subject::Job { id, .. } => weir.read_job_only(caller, *id).await.is_ok(),
            Subject::Pipeline { key, .. } => weir.read_pipeline_only(caller, key).await.is_ok(),
        }
    }

    async fn may_see_runs(&self) -> bool {
        let Access { caller, weir } = &self.access;
        match &self.subject {
            Subject::Pipeline { project, .. } => weir.may(caller, Action::ReadRuns, *project).await.is_ok(),
            Subject::Run(_) | Subject::Job { .. } => true,
        }
    }

    fn tell(&mut self, change: &Event) -> Option<Message> {
        let is_hidden = !self.sees_runs && change.change.run_id().is_some();
        if change.seq <= self.seen || is_hidden || !self.subject.concerns(&change.change) {
            return None;
        }
        self.seen = change.seq;
        if self.subject.ends_with(&change.change) {
            self.next = Next::End;
        }
        let object = match &change.change {
            Change::Run(run) => event("run", number(change.seq), run),
            Change::Job(job) => event("job", number(change.seq), job),
            Change::Pipeline(pipeline) => event("pipeline", number(change.seq), pipeline),
            Change::RunDeleted(id) => event("run_deleted", number(change.seq), id),
            Change::PipelineDeleted(id) => event("pipeline_deleted", number(change.seq), id),
            Change::Touched(_) => return None,
        };
        object.ok()
    }

    async fn change(&mut self) -> Option<Message> {
        while let Some(change) = self.waiting.pop_front() {
            if let Some(message) = self.tell(&change) {
                return Some(message);
            }
        }
        loop {
            let received = tokio::select! {
                received = self.changes.recv() => received,
                () = self.stop.cancelled() => return None,
                () = self.rights.in_question() => {
                    // The client comes back and is told, if it lost its own.
                    if !self.may_go_on().await {
                        return None;
                    }
                    self.sees_runs = self.may_see_runs().await;
                    continue;
                }
            };
            match received {
                Ok(change) => {
                    if let Some(message) = self.tell(&change) {
                        return Some(message);
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    self.next = Next::State;
                    return None;
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Source for Feed {
    async fn next(&mut self) -> Option<Message> {
        loop {
            match std::mem::replace(&mut self.next, Next::Changes) {
                Next::First(message) => return Some(message),
                Next::Changes => match self.change().await {
                    None if matches!(self.next, Next::State) => {}
                    other => return other,
                },
                Next::State => match self.state().await {
                    Ok(message) => return Some(message),
                    Err(error) if error.kind == ErrorKind::NotFound => self.next = Next::End,
                    // The client comes back and is told.
                    Err(_) => return None,
                },
                Next::End => {
                    self.next = Next::Over;
                    return end(&serde_json::json!({}));
                }
                Next::Over => return None,
            }
        }
    }
}
