//! The last word about a job, said until the server has heard it.

use std::{fs, io, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    client::{Backoff, Client, ClientError, JobKey, Updated},
    control::Control,
    engine::{JobOutcome, Places, known_reason, truth},
    protocol::{JobPayload, JobState, Output, Secret, UpdateRequest},
    trace::{Log, Pace, Sent, send_trace},
};

/// How often the whole trace is sent again because the server finds it wrong.
const RESENDS: u32 = 3;
/// How often a refusal is taken for an accident.
const REFUSALS: u32 = 10;

/// What another runner process needs to know to report this job: kept in the job's folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub id: i64,
    pub token: Secret,
    /// The failure reasons that the server knows.
    pub reasons: Vec<String>,
    /// Whether the log shows more than everybody may see.
    #[serde(default)]
    pub debug: bool,
}

/// How the job ended, kept while the server is away.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub state: JobState,
    pub failure_reason: Option<String>,
    pub exit_code: Option<i32>,
}

impl Record {
    pub(super) fn new(job: &JobPayload) -> Self {
        let traced = job.variable_map().get("CI_DEBUG_TRACE").and_then(|variable| truth(variable.value.reveal()));
        Self {
            id: job.id,
            token: job.token.clone(),
            reasons: job.features.failure_reasons.clone(),
            debug: traced == Some(true),
        }
    }

    /// Before anything of the job runs: one that was cut short is of a job that never began, which the
    /// server gives again.
    pub(super) fn write(&self, places: &Places) -> io::Result<()> {
        places.write_private("job.json", &serde_json::to_vec(self)?).map(drop)
    }

    pub(super) fn read(places: &Places) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(places.private.join("job.json"))?)?)
    }
}

impl Kept {
    pub(super) fn new(outcome: &JobOutcome, record: &Record) -> Self {
        let reason = outcome.failure_reason.map(|reason| known_reason(reason, &record.reasons).to_owned());
        Self { state: outcome.state, failure_reason: reason, exit_code: outcome.exit_code }
    }

    /// Keeps it; without it the next runner could only say that this one died.
    pub(super) fn write(&self, places: &Places) {
        let written = serde_json::to_vec(self)
            .map_err(io::Error::from)
            .and_then(|text| places.write_whole("outcome.json", &text));
        if let Err(error) = written {
            tracing::warn!(folder = %places.private.display(), %error, "failed to keep the job's result");
        }
    }

    pub(super) fn read(places: &Places) -> Option<Self> {
        serde_json::from_slice(&fs::read(places.private.join("outcome.json")).ok()?).ok()
    }

    pub(super) fn update(&self) -> UpdateRequest {
        UpdateRequest {
            state: self.state,
            failure_reason: self.failure_reason.clone().unwrap_or_default(),
            exit_code: self.exit_code.filter(|code| *code != 0),
            ..UpdateRequest::default()
        }
    }
}

/// Says `kept` until it is heard, or the server says that it does not want to know. `places` is where it is kept when the server is away.
pub(super) async fn say(
    client: &Client,
    key: &JobKey,
    log: &Log,
    kept: &Kept,
    sent: Sent,
    mut places: Option<&Places>,
) {
    let mut backoff = client.backoff();
    let mut refused = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
    let (mut resends, mut refusals) = (0, 0);
    let mut with_output = sent == Sent::All;
    loop {
        let mut update = kept.update();
        if with_output {
            let (crc, length) = log.checksum();
            update.output = Some(Output::new(crc, length));
        }
        match client.update(key, update).await {
            Ok(Updated::Done(_) | Updated::Gone) => return,
            Ok(Updated::Again(interval)) => {
                tokio::time::sleep(interval.unwrap_or(Duration::from_secs(1))).await;
            }
            Ok(Updated::TraceInvalid) if resends < RESENDS => {
                resends += 1;
                tracing::warn!(job.id = key.id, "the server wants the whole trace again");
                if send_trace(client, key, log, Pace::Live, &Control::new()).await == Sent::Gone {
                    return;
                }
            }
            Ok(Updated::TraceInvalid) => {
                tracing::error!(job.id = key.id, "the server does not accept the trace; the job is reported without");
                if !with_output {
                    return;
                }
                with_output = false;
            }
            Err(ClientError::Away { text, retry_after, .. }) => {
                tracing::debug!(job.id = key.id, error = text, "the report waits for the server");
                // Should this process die meanwhile, the next one knows the result.
                if let Some(places) = places.take() {
                    kept.write(places);
                }
                backoff.pause(retry_after).await;
            }
            Err(error @ ClientError::Refused { .. }) => {
                refusals += 1;
                tracing::warn!(job.id = key.id, %error, "the server refused the job's result");
                if refusals >= REFUSALS {
                    return;
                }
                refused.pause(None).await;
            }
        }
    }
}
