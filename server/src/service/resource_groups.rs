//! Resource groups: of all jobs of a project that name one, one runs at a time.

use model::schedule::ResourceMode;
use model::{Caller, Error, Job, ProjectId, Run};

use super::Weir;
use crate::auth::{self, Action};
use crate::store::resources::{self, Group};
use crate::store::{jobs, runs};

impl Weir {
    /// The resource groups of a project, by name.
    pub async fn resource_groups(&self, caller: &Caller, project: ProjectId) -> Result<Vec<Group>, Error> {
        auth::require(caller, Action::Read)?;
        Ok(self.store.read(move |conn| resources::list(conn, project)).await?)
    }

    /// One of them.
    pub async fn resource_group(&self, caller: &Caller, project: ProjectId, name: &str) -> Result<Group, Error> {
        auth::require(caller, Action::Read)?;
        let name = name.to_owned();
        let found = self.store.read(move |conn| resources::get(conn, project, &name)).await?;
        found.ok_or_else(|| Error::not_found("resource group"))
    }

    /// Sets who of the jobs that wait for it gets it next.
    pub async fn set_resource_mode(
        &self,
        caller: &Caller,
        project: ProjectId,
        name: &str,
        mode: ResourceMode,
    ) -> Result<Group, Error> {
        auth::require(caller, Action::Run)?;
        self.resource_group(caller, project, name).await?;
        let wanted = name.to_owned();
        self.store.write(move |tx| resources::set_mode(tx, project, &wanted, mode)).await?;
        self.resource_group(caller, project, name).await
    }

    /// The jobs that wait for it, in the order in which they get it, with their runs.
    pub async fn upcoming_jobs(
        &self,
        caller: &Caller,
        project: ProjectId,
        name: &str,
    ) -> Result<Vec<(Job, Run)>, Error> {
        self.resource_group(caller, project, name).await?;
        let name = name.to_owned();
        let waiting = self.store.read(move |conn| {
            let of = |id| {
                let job = jobs::require(conn, id)?.job;
                let run = runs::require(conn, job.run_id)?;
                Ok((job, run))
            };
            resources::upcoming(conn, project, &name)?.into_iter().map(of).collect::<Result<Vec<_>, _>>()
        });
        Ok(waiting.await?)
    }
}
