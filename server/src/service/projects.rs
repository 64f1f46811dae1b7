//! Projects.

use model::{Caller, Error, Project, ProjectPath};

use super::{DEFAULT_PROJECT, Weir};
use crate::auth::{self, Action};
use crate::store::{Tx, projects};

impl Weir {
    pub(super) async fn list_projects(&self, caller: &Caller) -> Result<Vec<Project>, Error> {
        auth::require(caller, Action::Read)?;
        Ok(self.store.read(projects::list).await?)
    }

    pub(super) async fn make_project(
        &self,
        caller: &Caller,
        path: &str,
        source: Option<&str>,
    ) -> Result<Project, Error> {
        auth::require(caller, Action::Maintain)?;
        let path: ProjectPath = path.parse().map_err(|e| Error::invalid(format!("{e}")))?;
        if let Some(source) = source {
            self.sources.check(source).await?;
        }
        let source = source.map(str::to_owned);
        Ok(self
            .store
            .write(move |tx| {
                if projects::by_path(tx.conn(), path.as_str())?.is_some() {
                    return Err(Error::conflict(format!("there is a project {path} already")).into());
                }
                projects::insert(tx, &path, source.as_deref())
            })
            .await?)
    }
}

/// The project by path, uid or number; the default one, made when it is missing, for `None`.
pub(super) fn resolve(tx: &mut Tx<'_>, wanted: Option<&str>) -> Result<Project, crate::store::StoreError> {
    match wanted {
        None => {
            if let Some(project) = projects::by_path(tx.conn(), DEFAULT_PROJECT)? {
                return Ok(project);
            }
            let path = DEFAULT_PROJECT.parse().map_err(|e| Error::internal(format!("{e}")))?;
            projects::insert(tx, &path, None)
        }
        Some(name) => projects::find(tx.conn(), name)?.ok_or_else(|| Error::not_found("project").into()),
    }
}
