//! Resource groups: of all jobs of a project that name one, one runs at a time.

use model::schedule::ResourceMode;
use model::{Caller, Error, Job, ProjectId, Run};

use super::{Weir, access, audit};
use crate::auth::Action;
use crate::scheduler;
use crate::store::resources::{self, Group};
use crate::store::{jobs, runs};

impl Weir {
    /// The resource groups of a project, by name.
    pub async fn resource_groups(&self, caller: &Caller, project: ProjectId) -> Result<Vec<Group>, Error> {
        let caller = caller.clone();
        let groups = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::ManageResourceGroups, project, "project")?;
            resources::list(conn, project)
        });
        Ok(groups.await?)
    }

    /// One of them.
    pub async fn resource_group(&self, caller: &Caller, project: ProjectId, name: &str) -> Result<Group, Error> {
        let (name, caller) = (name.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::ManageResourceGroups, project, "resource group")?;
            resources::get(conn, project, &name)
        });
        found.await?.ok_or_else(|| Error::not_found("resource group"))
    }

    /// Sets who of the jobs that wait for it gets it next.
    pub async fn set_resource_mode(
        &self,
        caller: &Caller,
        project: ProjectId,
        name: &str,
        mode: ResourceMode,
    ) -> Result<Group, Error> {
        self.resource_group(caller, project, name).await?;
        let (wanted, by) = (name.to_owned(), caller.clone());
        let set = self.store.write(move |tx| {
            access::at_project(tx.conn(), &by, Action::ManageResourceGroups, project, "resource group")?;
            let change = audit::change("process_mode", None, Some(mode.as_str()));
            audit::of_project(
                tx,
                &by,
                "resource_group.change",
                project,
                &format!("resource group {wanted}"),
                vec![change],
            );
            resources::set_mode(tx, project, &wanted, mode)?;
            scheduler::settle_changed(tx)
        });
        set.await?;
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
