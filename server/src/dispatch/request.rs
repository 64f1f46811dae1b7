//! Handing out jobs: `POST /jobs/request`, held while there is nothing to do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use model::{Error, FailureReason, RunnerManager, Timestamp};
use runner::protocol::{JobPayload, JobRequest, VerifyRequest, VerifyResponse, header};

use super::hold::Hold;
use super::payload::Way;
use super::{Refused, auth, payload};
use crate::http::Origin;
use crate::random;
use crate::scheduler;
use crate::scheduler::finish::{End, lost_on_the_way};
use crate::service::Weir;
use crate::store::environments;
use crate::store::queue::{self, Asker};

/// A job for this runner, or 204 with the queue's version. A request that brings that version back
/// is held until the queue changes.
pub(super) async fn request(
    State(weir): State<Arc<Weir>>,
    hold: Hold,
    origin: Option<Extension<Origin>>,
    headers: HeaderMap,
    Json(ask): Json<JobRequest>,
) -> Result<Response, Refused> {
    let runner = auth::runner(&weir, &headers, ask.token.reveal()).await?;
    let _waiting = weir.heartbeats().runner(runner.id);
    let text = |text: &str| text.chars().filter(|c| !c.is_control()).take(255).collect::<String>();
    let manager = RunnerManager {
        id: 0,
        system_id: text(&ask.system_id),
        version: text(&ask.info.version),
        revision: text(&ask.info.revision),
        platform: text(&ask.info.platform),
        architecture: text(&ask.info.architecture),
        address: None,
        created_at: Timestamp(0),
        contacted_at: Timestamp(0),
    };
    weir.heard_of_runner(runner.id, manager);
    let asker = Asker { runner, system_id: ask.system_id, graceful: ask.info.features.cancel_gracefully };
    let way = way(&weir, origin.as_deref(), ask.weir_mirrors);
    if let Some(in_hand) = ask.weir_jobs {
        give_again(&weir, &asker, in_hand).await?;
    }
    let mut queue = weir.store().queue();
    let mut known = ask.last_update;
    loop {
        // First the version, then the look: what comes between wakes the next wait.
        let version = version(*queue.borrow_and_update());
        if known != version {
            if let Some(payload) = take(&weir, &asker, &way).await? {
                return Ok((StatusCode::CREATED, Json(payload)).into_response());
            }
            if known.is_empty() {
                return Ok(nothing(&version));
            }
            known = version;
        }
        if !matches!(hold.until(queue.changed()).await, Some(Ok(()))) {
            return Ok(nothing(&known));
        }
    }
}

/// How the jobs of who asks get at repositories. The address that a runner reached this server by is one that its jobs
/// reach, too; over the socket there is none, but that runner is on this machine.
fn way(weir: &Weir, origin: Option<&Origin>, reads_mirrors: bool) -> Way {
    match origin {
        None if reads_mirrors => Way::Folder,
        None => Way::Http(weir.sources_url().to_owned()),
        Some(origin) if origin.host.is_some() => Way::Http(origin.base(None)),
        Some(_) => Way::Http(weir.external_url().to_owned()),
    }
}

/// The queue's version as runners keep it. The process is part of it: the count starts anew with
/// the server.
fn version(count: u64) -> String {
    format!("{}-{count}", std::process::id())
}

fn nothing(version: &str) -> Response {
    (StatusCode::NO_CONTENT, [(header::LAST_UPDATE, version.to_owned())]).into_response()
}

/// What came of a job that was picked.
enum Picked {
    /// It goes to the runner.
    Job(Box<payload::Parts>),
    /// What it needs is gone, so it has failed.
    Failed,
}

async fn take(weir: &Weir, asker: &Asker, way: &Way) -> Result<Option<JobPayload>, Error> {
    loop {
        let token = random::token("glcbt-");
        let hash = random::hash(&token);
        let (asker, own) = (asker.clone(), token.clone());
        let (base, keys, usual) = (weir.external_url().to_owned(), weir.keys(), weir.limits().artifacts_expire_in);
        let taken = weir
            .store()
            .write(move |tx| {
                let Some(job) = queue::take(tx, &asker, &hash)? else { return Ok(None) };
                scheduler::settle(tx, job.run_id, false)?;
                let parts = payload::Parts::read(tx.conn(), job.id, asker.runner, &keys.ring(), usual)?;
                if !parts.gone.is_empty() {
                    let failure = FailureReason::MissingDependencyFailure;
                    let detail = Some(format!("of {}", parts.gone.join(", ")));
                    scheduler::finish::finish(tx, job.id, End::Failed { failure, exit_code: None, detail })?;
                    return Ok(Some(Picked::Failed));
                }
                if let Some(url) = parts.shown_environment_url(&base, &own) {
                    environments::set_url(tx, job.id, &url)?;
                }
                Ok(Some(Picked::Job(Box::new(parts))))
            })
            .await?;
        let parts = match taken {
            None => return Ok(None),
            Some(Picked::Failed) => continue,
            Some(Picked::Job(parts)) => *parts,
        };
        weir.heartbeats().job(parts.job.id);
        let keys = payload::file_keys(weir, &parts).await;
        return Ok(Some(payload::build(weir, parts, &keys, &token, way)));
    }
}

/// Jobs whose 201 never arrived (the server ended, or the connection broke, between the commit and
/// the runner) never started: their attempt ends, and another one takes its place.
async fn give_again(weir: &Weir, asker: &Asker, in_hand: Vec<i64>) -> Result<(), Error> {
    let wanted = asker.clone();
    let lost = weir.store().glance(move |conn| queue::lost_on_the_way(conn, &wanted, &in_hand)).await?;
    for id in lost {
        tracing::warn!(job.id = id.0, "a job was lost on its way to the runner and is given again");
        weir.store().write(move |tx| lost_on_the_way(tx, id)).await?;
        weir.heartbeats().ended(id);
    }
    Ok(())
}

/// Whether a runner's token is good.
pub(super) async fn verify(
    State(weir): State<Arc<Weir>>,
    headers: HeaderMap,
    Json(ask): Json<VerifyRequest>,
) -> Result<Json<VerifyResponse>, Refused> {
    let runner = auth::runner(&weir, &headers, ask.token.reveal()).await?;
    Ok(Json(VerifyResponse { id: runner.id.0, token: ask.token, token_expires_at: None }))
}

/// Registration by a shared token, which does not exist here: what GitLab answers when it is off.
pub(super) async fn register() -> Refused {
    Refused::new(StatusCode::GONE, "Gone: runners are known by their own token (glrt-)")
}
