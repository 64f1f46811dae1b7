//! A secret leaked into logs: it is blanked where it is stored, and who had looked is told.

use std::sync::Arc;

use model::{Caller, Error, JobId, ProjectId, Redaction, Timestamp};
use runner::mask;

use super::PRECISION;
use crate::auth::Action;
use crate::clock;
use crate::logs::AppendError;
use crate::service::{Weir, access, audit};
use crate::store::{jobs, views};

/// Bytes of a value that is looked for.
const VALUE: usize = 10_000;

impl Weir {
    pub(super) async fn redact_traces(
        &self,
        caller: &Caller,
        project: ProjectId,
        value: &str,
    ) -> Result<Redaction, Error> {
        if value.len() > VALUE {
            return Err(Error::too_large("a value has at most 10000 bytes"));
        }
        let forms = mask::forms(value);
        if forms.is_empty() {
            return Err(Error::invalid(
                "this value is too short or too plain to be told apart from other text: nothing was blanked",
            ));
        }
        let by = caller.clone();
        let ended = self.store().read(move |conn| {
            access::at_project(conn, &by, Action::RedactTraces, project, "project")?;
            jobs::ended_of_project(conn, project)
        });
        let ended = ended.await?;
        let (logs, user, searched) = (Arc::clone(self.logs()), caller.user.clone(), ended.len() as u64);
        let work = move || {
            let mut found: Vec<(JobId, u64)> = Vec::new();
            for job in ended {
                let line = |count: u64| {
                    let places = if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
                    format!(
                        "{places} of this log were blanked by {user} on {}: a secret stood there",
                        clock::now().rfc3339()
                    )
                };
                match logs.redact(job, &forms, line) {
                    Ok(0) | Err(AppendError::NotFinished) => {}
                    Ok(count) => found.push((job, count)),
                    Err(error) => return Err((error, found)),
                }
            }
            Ok(found)
        };
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?;
        let (redacted, failed) = match done {
            Ok(found) => (found, None),
            Err((error, found)) => (found, Some(error)),
        };
        let (by, list) = (caller.clone(), redacted.clone());
        let told = self.store().write(move |tx| {
            let mut viewers: Vec<(String, JobId, Timestamp)> = Vec::new();
            for (job, _) in &list {
                let of_job = views::of_job(tx.conn(), *job)?;
                viewers.extend(of_job.into_iter().map(|(viewer, at)| (viewer, *job, at)));
            }
            let jobs: Vec<String> = list.iter().map(|(job, count)| format!("{job} ({count})")).collect();
            let seen: Vec<String> = viewers.iter().map(|(viewer, job, _)| format!("{viewer} ({job})")).collect();
            let changes = vec![
                audit::change("jobs", None, Some(&jobs.join(", "))),
                audit::change("had been opened by", None, Some(&seen.join(", "))),
            ];
            audit::of_project(tx, &by, "traces.redact", project, "logs", changes);
            Ok(viewers)
        });
        let viewers = told.await?;
        match failed {
            None => Ok(Redaction { searched, redacted, viewers }),
            Some(error) => Err(Error::unavailable(format!(
                "a log cannot be blanked: {error}; {} logs were blanked before it, try again",
                redacted.len()
            ))),
        }
    }

    /// Notes that somebody opens a trace. Once in some minutes is enough, and nobody waits for it.
    pub(in crate::service) fn note_view(&self, caller: &Caller, job: JobId) {
        let now = clock::now();
        let viewer = if caller.user.is_empty() {
            format!("not signed in, from {}", caller.address.as_deref().unwrap_or("an unknown address"))
        } else {
            caller.user.clone()
        };
        if self.views.is_news(&viewer, job, now, PRECISION) {
            self.note(move |tx| views::record(tx, job, &viewer));
        }
    }
}

/// Which views were noted a short while ago.
#[derive(Debug, Default)]
pub struct Views(std::sync::Mutex<std::collections::HashMap<(String, JobId), Timestamp>>);

/// Views that are remembered.
const MOST: usize = 4096;

impl Views {
    fn is_news(&self, viewer: &str, job: JobId, now: Timestamp, pause: i64) -> bool {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (viewer.to_owned(), job);
        if known.get(&key).is_some_and(|at| now.since(*at) < pause) {
            return false;
        }
        if known.len() >= MOST {
            known.retain(|_, at| now.since(*at) < pause);
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, now);
        true
    }
}
