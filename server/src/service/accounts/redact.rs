//! A secret leaked into logs: it is blanked where it is stored, and who had looked is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Caller, Error, JobId, ProjectId, Redaction, Timestamp};
use runner::mask;

use super::PRECISION;
use crate::artifacts::{Artifacts, Wanted};
use crate::auth::Action;
use crate::clock;
use crate::logs::{AppendError, Logs, Places};
use crate::service::{LastSeen, Weir, access, audit};
use crate::store::{Snapshot, jobs, redactions, views};

/// Bytes of a value that is looked for.
const VALUE: usize = 10_000;

/// What looking for a value found.
#[derive(Debug, Default)]
struct Found {
    searched: u64,
    /// Jobs that it may stand in, with where it stands in their logs.
    jobs: BTreeMap<JobId, Places>,
    artifacts: Vec<(JobId, Vec<String>)>,
    unread: Vec<JobId>,
    /// Jobs whose logs could not be looked through, and why: some are gone by now.
    failed: Vec<(JobId, AppendError)>,
}

impl Weir {
    pub(super) async fn redact_traces(
        &self,
        caller: &Caller,
        project: ProjectId,
        value: &str,
    ) -> Result<Redaction, Error> {
        let by = caller.clone();
        let allowed = move |conn: &Snapshot| access::at_project(conn, &by, Action::RedactTraces, project, "project");
        self.store().read(allowed).await?;
        if value.len() > VALUE {
            return Err(Error::too_large("a value has at most 10000 bytes"));
        }
        let forms = mask::forms(value);
        if forms.is_empty() {
            return Err(Error::invalid(
                "this value is too short or too plain to be told apart from other text: nothing was blanked",
            ));
        }
        let forms: Arc<[String]> = forms.into();
        let found = self.look_for(caller, project, &forms).await?;
        let done = self.decide_redaction(caller, project, forms, found).await?;
        self.finish_redactions().await?;
        Ok(done)
    }

    async fn look_for(&self, caller: &Caller, project: ProjectId, forms: &Arc<[String]>) -> Result<Found, Error> {
        let (by, wanted) = (caller.clone(), Arc::clone(forms));
        let ended = self.store().read(move |conn| {
            access::at_project(conn, &by, Action::RedactTraces, project, "project")?;
            // They are kept as JSON, where quotes and backslashes of a form have backslashes of their own.
            let json = |form: &String| {
                let quoted = serde_json::Value::from(form.as_str()).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            };
            let kept: Vec<String> = wanted.iter().map(json).collect();
            let is_there = |text: &str| [&*wanted, &kept].iter().any(|forms| blanked(text, forms).is_some());
            let listed = redactions::candidates(conn, project, is_there)?;
            Ok((jobs::ended_of_project(conn, project)?, listed))
        });
        let (ended, listed) = ended.await?;
        let (logs, artifacts, wanted) = (Arc::clone(self.logs()), Arc::clone(self.artifacts()), Arc::clone(forms));
        let found = tokio::task::spawn_blocking(move || find(&logs, &artifacts, &ended, &wanted)).await;
        let mut found = found.map_err(|error| Error::internal(error.to_string()))??;
        for job in listed {
            found.jobs.entry(job).or_default();
        }
        Ok(found)
    }

    /// Writes down where a value is to be blanked: from then on that happens, whatever becomes of this server. The value
    /// is written nowhere.
    async fn decide_redaction(
        &self,
        caller: &Caller,
        project: ProjectId,
        forms: Arc<[String]>,
        found: Found,
    ) -> Result<Redaction, Error> {
        let Found { searched, jobs: listed, artifacts, unread, failed } = found;
        let (by, leaked) = (caller.clone(), artifacts.clone());
        let told = self.store().write(move |tx| {
            access::at_project(tx.conn(), &by, Action::RedactTraces, project, "project")?;
            let mut viewers: Vec<(String, JobId, Timestamp)> = Vec::new();
            let mut list: Vec<(JobId, u64)> = Vec::new();
            for (job, error) in failed {
                if jobs::get(tx.conn(), job)?.is_some() {
                    let text = format!("the log of job {job} cannot be looked through: {error}; nothing was blanked");
                    return Err(Error::unavailable(text).into());
                }
            }
            for (job, places) in listed {
                // One that was deleted meanwhile has nothing that could be seen.
                let Some(texts) = redactions::blank_texts(tx, job, |text| blanked(text, &forms))? else { continue };
                if places.is_empty() && texts == 0 {
                    continue;
                }
                let line = tombstone(&by.user, tx.now, places.count(), texts);
                redactions::insert(tx, job, &places.to_bytes(), &line)?;
                let of_job = views::of_job(tx.conn(), job)?;
                viewers.extend(of_job.into_iter().map(|(viewer, at)| (viewer, job, at)));
                list.push((job, places.count() + texts));
            }
            let jobs: Vec<String> = list.iter().map(|(job, count)| format!("{job} ({count})")).collect();
            let seen: Vec<String> = viewers.iter().map(|(viewer, job, _)| format!("{viewer} ({job})")).collect();
            let files: Vec<String> = leaked.iter().map(|(job, files)| format!("{job} ({})", files.len())).collect();
            let changes = vec![
                audit::change("jobs", None, Some(&jobs.join(", "))),
                audit::change("had been opened by", None, Some(&seen.join(", "))),
                audit::change("stands in artifacts of", None, Some(&files.join(", "))),
            ];
            audit::of_project(tx, &by, "traces.redact", project, "logs", changes);
            Ok((list, viewers))
        });
        let (redacted, viewers) = told.await?;
        Ok(Redaction { searched, redacted, viewers, artifacts, unread })
    }

    /// Blanks what was decided and is not blanked yet: at once, or when a server starts after one that was killed.
    pub async fn finish_redactions(&self) -> Result<(), Error> {
        let _alone = self.redacting.lock().await;
        let (mut after, mut failed) = (0, None);
        while let Some(due) = self.store().read(move |conn| redactions::next(conn, after)).await? {
            after = due.id;
            let (logs, id, job) = (Arc::clone(self.logs()), due.id, due.job);
            let work = move || logs.blank(due.job, &Places::of_bytes(&due.places), &due.line);
            match tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))? {
                Ok(()) => self.store().write(move |tx| redactions::done(tx, id)).await?,
                // The others are not left for one that cannot be written.
                Err(error) => failed = Some((job, error)),
            }
        }
        match failed {
            None => Ok(()),
            Some((job, error)) => Err(Error::unavailable(format!(
                "the log of job {job} cannot be blanked: {error}; it is tried again with the next value, and when the \
                 server starts"
            ))),
        }
    }

    /// Deletes the artifacts of a job that has ended; its log stays.
    pub(super) async fn drop_artifacts(&self, caller: &Caller, id: JobId) -> Result<(), Error> {
        let by = caller.clone();
        let asked = self.store().read(move |conn| {
            let job = jobs::require(conn, id)?.job;
            access::at_project(conn, &by, Action::DeleteArtifacts, job.project_id, "job")?;
            if !job.status.is_final() {
                return Err(Error::conflict("the job has not ended: it may still leave something").into());
            }
            Ok(())
        });
        asked.await?;
        self.delete_artifacts(caller, id, LastSeen::default()).await
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

/// Looks through logs and artifacts of jobs that have ended.
fn find(logs: &Logs, artifacts: &Artifacts, ended: &[JobId], forms: &[String]) -> Result<Found, Error> {
    let wanted = Wanted::any(forms).map_err(|error| Error::internal(error.to_string()))?;
    let mut found = Found { searched: ended.len() as u64, ..Found::default() };
    for job in ended.iter().copied() {
        match logs.find(job, forms) {
            Ok(places) if places.is_empty() => {}
            Ok(places) => drop(found.jobs.insert(job, places)),
            Err(AppendError::NotFinished) => {}
            Err(error) => found.failed.push((job, error)),
        }
        match artifacts.containing(job, &wanted) {
            Ok(files) if files.is_empty() => {}
            Ok(files) => found.artifacts.push((job, files)),
            Err(error) => {
                tracing::warn!(job.id = job.0, %error, "failed to look through the artifacts of a job");
                found.unread.push(job);
            }
        }
    }
    Ok(found)
}

/// A short text without the value, if it stands there.
fn blanked(text: &str, forms: &[String]) -> Option<String> {
    let is_there = forms.iter().any(|form| text.contains(form.as_str()));
    is_there.then(|| forms.iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), "[REDACTED]")))
}

/// What a log says of itself from then on.
fn tombstone(user: &str, at: Timestamp, places: u64, texts: u64) -> String {
    let counts = [(places, "place", "log"), (texts, "text", "job")].into_iter().filter(|(count, ..)| *count > 0);
    let spell = |(count, what, of): (u64, &str, &str)| {
        format!("{count} {what}{} of this {of}", if count == 1 { "" } else { "s" })
    };
    let what = counts.map(spell).collect::<Vec<_>>().join(" and ");
    let were = if places + texts == 1 { "was" } else { "were" };
    format!("{what} {were} blanked by {user} on {}: a secret stood there", at.rfc3339())
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
