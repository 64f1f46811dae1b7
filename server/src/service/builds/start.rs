//! Starting and stopping builds.

use app::service::Service as _;
use model::plan::Variable;
use model::{Caller, Error, NewRun, PipelineKey, RunId};

use super::history::numbered;
use super::{Weir, visible};
use crate::auth::Action;
use crate::service::pipelines::Changes;
use crate::store::builds::{self, Build};

/// A wish for a build.
#[derive(Clone, Debug, Default)]
pub struct BuildWish {
    /// The commit, whole or its beginning.
    pub commit: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// Variables of the run.
    pub parameters: Vec<Variable>,
}

impl Weir {
    /// Starts a build. It is of the commit and of the tag that are named: when they differ it is refused.
    pub async fn start_build(&self, caller: &Caller, uid: &str, wish: BuildWish) -> Result<Build, Error> {
        let key = self.key_of_build_job(caller, uid, Action::StartRun).await?;
        let new = NewRun {
            git_ref: wish.tag.map(|tag| format!("refs/tags/{tag}")),
            commit: wish.commit,
            variables: wish.parameters,
            any_names: true,
            ..NewRun::default()
        };
        let id = self.start_run(caller, &key, new).await?.id;
        let made = self.store.read(move |conn| builds::get(conn, id)).await?;
        made.ok_or_else(|| Error::not_found("build"))
    }

    /// Stops a build; without a number the newest one that has not ended. One that has ended stays as it is.
    pub async fn stop_build(&self, caller: &Caller, uid: &str, number: Option<i64>) -> Result<(), Error> {
        let (wanted, by) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let (pipeline, _) = visible(conn, &by, &wanted, Action::ControlRun)?;
            Ok(match number {
                Some(number) => Some(numbered(conn, &pipeline, number)?.run.id),
                None => builds::last_live(conn, pipeline.id)?.map(|build| build.run.id),
            })
        });
        let id: RunId = found.await?.ok_or_else(|| Error::not_found("build that has not ended"))?;
        self.cancel_run(caller, id).await?;
        Ok(())
    }

    /// Lets a job start no more builds, or again. Those that are there go on.
    pub async fn disable_build_job(&self, caller: &Caller, uid: &str, disabled: bool) -> Result<(), Error> {
        let key = self.key_of_build_job(caller, uid, Action::ChangePipeline).await?;
        self.change_pipeline(caller, &key, Changes { disabled: Some(disabled), ..Changes::default() }).await?;
        Ok(())
    }

    /// The key of a build job's pipeline, for who may do this.
    pub(super) async fn key_of_build_job(
        &self,
        caller: &Caller,
        uid: &str,
        action: Action,
    ) -> Result<PipelineKey, Error> {
        let (uid, caller) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| Ok(visible(conn, &caller, &uid, action)?.0.key));
        Ok(found.await?)
    }
}
