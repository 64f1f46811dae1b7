//! What jobs left: erasing, keeping, deleting, and finding it by branch.

use std::sync::Arc;

use model::{Caller, Error, Job, JobId, JobKind, ProjectId};

use super::{LastSeen, Weir, access, audit};
use crate::artifacts::ARCHIVE;
use crate::auth::Action;
use crate::store::{Snapshot, StoreError, jobs, run_pages, runs};

/// How many of the latest good runs of a ref are looked through for a job's artifacts.
const RECENT: u32 = 100;

impl Weir {
    /// Deletes the log and the artifacts of a job that has ended; the job itself stays.
    pub async fn erase_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let has_log = self.logs.size_on_disk(id).is_some_and(|bytes| bytes > 0);
        let by = caller.clone();
        let asked = self.store.read(move |conn| {
            let job = erasable(conn, &by, id)?;
            if !has_log && job.artifacts.is_empty() {
                return Err(Error::conflict("the job cannot be erased: it left nothing").into());
            }
            Ok(())
        });
        asked.await?;
        // First the files: what is said to be erased is, whenever the power is cut.
        let (logs, artifacts) = (Arc::clone(&self.logs), Arc::clone(&self.artifacts));
        tokio::task::spawn_blocking(move || logs.remove(id).and_then(|()| artifacts.remove(id)))
            .await
            .map_err(|error| Error::internal(error.to_string()))?
            .map_err(|error| Error::unavailable(format!("the files of the job cannot be removed: {error}")))?;
        let caller = caller.clone();
        let job = self.store.write(move |tx| {
            let job = erasable(tx.conn(), &caller, id)?;
            audit::of_project(tx, &caller, "job.erase", job.project_id, &format!("job {id} {}", job.name), vec![]);
            jobs::erase(tx, id)?;
            Ok(jobs::require(tx.conn(), id)?.job)
        });
        Ok(job.await?)
    }

    /// Keeps what a job left beyond its time.
    pub async fn keep_artifacts(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let caller = caller.clone();
        let kept = self.store.write(move |tx| {
            let job = jobs::require(tx.conn(), id)?.job;
            access::at_project(tx.conn(), &caller, Action::KeepArtifacts, job.project_id, "job")?;
            if job.artifacts.is_empty() {
                return Err(Error::not_found("artifacts").into());
            }
            let target = format!("artifacts of job {id} {}", job.name);
            audit::of_project(tx, &caller, "artifacts.keep", job.project_id, &target, vec![]);
            jobs::keep_artifacts(tx, id)
        });
        Ok(kept.await?)
    }

    /// Deletes what a job left, unless the job ended since it was seen; its log stays.
    pub async fn delete_artifacts(&self, caller: &Caller, id: JobId, seen: LastSeen) -> Result<(), Error> {
        let by = caller.clone();
        let asked = self.store.read(move |conn| {
            let job = deletable(conn, &by, id)?;
            // A job ends once: that it is not asked again in the transaction below, when the files are gone, lets nothing slip.
            Ok(seen.holds(job.finished_at.unwrap_or(job.created_at))?)
        });
        asked.await?;
        // First the files: who sees that they are listed and finds them gone asks again.
        self.remove_artifacts(id).await?;
        let caller = caller.clone();
        let dropped = self.store.write(move |tx| {
            let job = deletable(tx.conn(), &caller, id)?;
            let target = format!("artifacts of job {id} {}", job.name);
            audit::of_project(tx, &caller, "artifacts.delete", job.project_id, &target, vec![]);
            if job.artifacts.is_empty() { Ok(()) } else { jobs::drop_artifacts(tx, id) }
        });
        Ok(dropped.await?)
    }

    /// Deletes what the ended jobs of a project left, except what is kept as the latest of its ref. Begun when this
    /// returns; done a little later, by the next server if need be: their time is over.
    pub async fn delete_artifacts_of_project(
        self: &Arc<Self>,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<(), Error> {
        let by = caller.clone();
        let ended = self.store.write(move |tx| {
            access::at_project(tx.conn(), &by, Action::DeleteArtifacts, project, "project")?;
            audit::of_project(tx, &by, "artifacts.delete", project, "all artifacts", vec![]);
            jobs::end_free_artifacts(tx, project)
        });
        ended.await?;
        let weir = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = weir.do_due().await {
                tracing::warn!(%error, "failed to delete artifacts; it is tried again");
            }
        });
        Ok(())
    }

    /// Removes the files of what a job left.
    pub(super) async fn remove_artifacts(&self, id: JobId) -> Result<(), Error> {
        let artifacts = Arc::clone(&self.artifacts);
        tokio::task::spawn_blocking(move || artifacts.remove(id))
            .await
            .map_err(|error| Error::internal(error.to_string()))?
            .map_err(|error| Error::unavailable(format!("artifacts cannot be removed: {error}")))
    }

    /// The job of this name whose archive is the latest of a branch or tag: that of its latest good run, or of a run
    /// that it started; `further`: else of good runs before it. `None` when there is none.
    pub async fn latest_archive(
        &self,
        caller: &Caller,
        project: ProjectId,
        git_ref: &str,
        job: &str,
        further: bool,
    ) -> Result<Option<Job>, Error> {
        let (caller, git_ref, name) = (caller.clone(), git_ref.to_owned(), job.to_owned());
        let found = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::ReadArtifacts, project, "project")?;
            for run in run_pages::good(conn, project, &git_ref, if further { RECENT } else { 1 })? {
                let mut all = vec![run];
                all.extend(runs::descendants(conn, run)?.into_iter().rev());
                for id in all {
                    let found = jobs::latest_called(conn, id, &name)?.map(|job| jobs::get(conn, job)).transpose()?;
                    let has_archive = |job: &Job| job.artifacts.iter().any(|artifact| artifact.kind == ARCHIVE);
                    if let Some(job) = found.flatten().filter(|job| job.kind == JobKind::Build && has_archive(job)) {
                        return Ok(Some(job));
                    }
                }
            }
            Ok(None)
        });
        Ok(found.await?)
    }
}

/// The job whose artifacts the caller may delete.
fn deletable(conn: &Snapshot, caller: &Caller, id: JobId) -> Result<Job, StoreError> {
    let job = jobs::require(conn, id)?.job;
    access::at_project(conn, caller, Action::DeleteArtifacts, job.project_id, "job")?;
    Ok(job)
}

/// A job that the caller may erase, and that can be.
fn erasable(conn: &Snapshot, caller: &Caller, id: JobId) -> Result<Job, StoreError> {
    let job = jobs::require(conn, id)?.job;
    let action = if job.user == caller.user { Action::EraseOwnJob } else { Action::EraseJob };
    access::at_project(conn, caller, action, job.project_id, "job")?;
    if job.erased_at.is_some() || !job.status.is_final() {
        let why = if job.erased_at.is_some() { "erased already" } else { job.status.as_str() };
        return Err(Error::conflict(format!("the job cannot be erased: it is {why}")).into());
    }
    Ok(job)
}
