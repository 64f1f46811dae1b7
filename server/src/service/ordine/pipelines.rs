//! Pipelines as Ordine's scripts give them, and the operations that their nodes point at.

use std::collections::HashMap;

use model::{Caller, Error, Pipeline, PipelineKey, ProjectId};

use super::{Operation, Ordine, Origin};
use crate::auth::Action;
use crate::service::projects::resolve;
use crate::service::{access, audit};
use crate::store::pipelines::{self, Draft};
use crate::store::{Scope, Snapshot, StoreError, ordine, projects};

/// A pipeline and how it was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// How it was given.
    pub origin: Origin,
}

/// A pipeline to be stored.
#[derive(Clone, Debug, Default)]
pub struct PipelineDraft {
    /// The key.
    pub key: String,
    /// What people read; the key when empty.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The `.gitlab-ci.yml` text; `None` means the project's own file.
    pub definition: Option<String>,
    /// How it was given.
    pub origin: Origin,
}

/// The project that a script means, if the caller sees it.
fn seen_project(conn: &Snapshot, caller: &Caller, name: &str) -> Result<Option<ProjectId>, StoreError> {
    let found = ordine::project_called(conn, name)?;
    Ok(found.filter(|id| access::see_project(conn, caller, *id).is_ok()))
}

impl Ordine<'_> {
    /// Every pipeline, the one that was changed last first.
    pub async fn pipelines(&self, caller: &Caller) -> Result<Vec<Given>, Error> {
        let caller = caller.clone();
        let list = self.0.store.read(move |conn| {
            let scope = access::scope(conn, &caller, Action::ReadProject)?;
            let mut origins = ordine::origins(conn)?;
            let mut all: Vec<Given> = pipelines::list(conn, &scope)?
                .into_iter()
                .map(|pipeline| Given { origin: origins.remove(&pipeline.id).unwrap_or_default(), pipeline })
                .collect();
            all.sort_by_key(|given| std::cmp::Reverse((given.pipeline.updated_at, given.pipeline.id)));
            Ok(all)
        });
        Ok(list.await?)
    }

    /// A pipeline by key, or by uid.
    pub async fn pipeline(&self, caller: &Caller, id: &str) -> Result<Given, Error> {
        let (id, caller) = (id.to_owned(), caller.clone());
        let found = self.0.store.read(move |conn| {
            let mut found = match id.parse::<PipelineKey>() {
                Ok(key) => pipelines::by_key(conn, &key)?,
                Err(_) => None,
            };
            if found.is_none() && id.parse::<model::Uid>().is_ok() {
                found = pipelines::list(conn, &Scope::All)?.into_iter().find(|one| one.uid.as_str() == id);
            }
            let Some(pipeline) = found else { return Ok(None) };
            access::at_project(conn, &caller, Action::ReadProject, pipeline.project_id, "pipeline")?;
            Ok(Some(Given { origin: ordine::origin_of(conn, pipeline.id)?, pipeline }))
        });
        found.await?.ok_or_else(|| Error::not_found("pipeline"))
    }

    /// Makes a pipeline. The project of the origin is a project of ours, or, where the word cannot
    /// be meant as one, kept as what the script calls it.
    pub async fn create_pipeline(&self, caller: &Caller, draft: PipelineDraft) -> Result<Given, Error> {
        let (wanted, by) = (draft.origin.project.clone(), caller.clone());
        let project = self.0.store.read(move |conn| match wanted.as_deref() {
            Some(name) => seen_project(conn, &by, name),
            None => Ok(None),
        });
        let project = project.await?;
        self.0.may_make_pipeline(caller, project).await?;
        let (new, origin) = self.checked(caller, draft, project).await?;
        let by = caller.clone();
        let made = self.0.store.write(move |tx| {
            let known = match origin.project.as_deref() {
                Some(name) => seen_project(tx.conn(), &by, name)?.map(|_| name.to_owned()),
                None => None,
            };
            if let (None, Some(name)) = (&known, &origin.project)
                && (name.contains('/') || name.bytes().all(|b| b.is_ascii_digit()))
            {
                return Err(Error::invalid(format!("there is no project {name:?}")).into());
            }
            let project = resolve(tx, &by, known.as_deref())?;
            access::at_project(tx.conn(), &by, Action::ChangePipeline, project.id, "project")?;
            if new.definition.is_none() && project.source.is_none() {
                let text = format!("the pipeline needs a definition: its project {} has no source", project.path);
                return Err(Error::invalid(text).into());
            }
            audit::of_project(tx, &by, "pipeline.create", project.id, &format!("pipeline {}", new.key), vec![]);
            let pipeline = pipelines::insert(tx, &project, &new, &by.user)?;
            ordine::put_origin(tx, pipeline.id, &origin)?;
            Ok(Given { pipeline, origin })
        });
        Ok(made.await?)
    }

    /// Replaces a pipeline's name, description, definition and origin; its project stays.
    pub async fn replace_pipeline(&self, caller: &Caller, draft: PipelineDraft) -> Result<Given, Error> {
        let old = self.pipeline(caller, &draft.key).await?;
        let project = Some(old.pipeline.project_id);
        self.0.may_make_pipeline(caller, project).await?;
        let (new, origin) = self.checked(caller, draft, project).await?;
        let by = caller.clone();
        let changed = self.0.store.write(move |tx| {
            let old = pipelines::by_key(tx.conn(), &new.key)?.ok_or_else(|| Error::not_found("pipeline"))?;
            access::at_project(tx.conn(), &by, Action::ChangePipeline, old.project_id, "pipeline")?;
            // What its page says about starting it stays.
            let new = Draft { disabled: old.disabled, ..new };
            let changes = audit::of_pipeline(&old, &new);
            audit::of_project(tx, &by, "pipeline.change", old.project_id, &format!("pipeline {}", new.key), changes);
            let pipeline = pipelines::update(tx, &new)?;
            ordine::put_origin(tx, pipeline.id, &origin)?;
            Ok(Given { pipeline, origin })
        });
        Ok(changed.await?)
    }

    /// Looks a draft through; its definition finds the files of the project.
    async fn checked(
        &self,
        caller: &Caller,
        draft: PipelineDraft,
        project: Option<ProjectId>,
    ) -> Result<(Draft, Origin), Error> {
        let key: PipelineKey = draft.key.parse().map_err(|error| Error::invalid(format!("{error}")))?;
        let name = if draft.name.trim().is_empty() { key.as_str().to_owned() } else { draft.name };
        if name.chars().count() > 255 || name.chars().any(char::is_control) {
            return Err(Error::invalid("a pipeline's name has up to 255 characters and no control characters"));
        }
        if draft.description.len() > 10_000 {
            return Err(Error::invalid("a pipeline's description has up to 10000 bytes"));
        }
        if let Some(text) = &draft.definition {
            let files_of = match project {
                Some(id) => Some(self.0.store.read(move |conn| projects::require(conn, id)).await?),
                None => None,
            };
            self.0.check(caller, text.clone(), files_of.as_ref()).await?;
        }
        let (description, definition) = (draft.description, draft.definition);
        Ok((Draft { key, name, description, definition, disabled: false }, draft.origin))
    }

    /// Every operation, the one that was changed last first.
    pub async fn operations(&self, caller: &Caller) -> Result<Vec<Operation>, Error> {
        let caller = caller.clone();
        let list = self.0.store.read(move |conn| {
            access::at_default(conn, &caller, Action::ReadProject, "operation")?;
            ordine::operations(conn)
        });
        Ok(list.await?)
    }

    /// Every operation by id.
    pub async fn operation_map(&self, caller: &Caller) -> Result<HashMap<String, Operation>, Error> {
        Ok(self.operations(caller).await?.into_iter().map(|one| (one.id.clone(), one)).collect())
    }

    /// An operation.
    pub async fn operation(&self, caller: &Caller, id: &str) -> Result<Operation, Error> {
        let (id, caller) = (id.to_owned(), caller.clone());
        let found = self.0.store.read(move |conn| {
            access::at_default(conn, &caller, Action::ReadProject, "operation")?;
            ordine::operation_by_id(conn, &id)
        });
        found.await?.ok_or_else(|| Error::not_found("operation"))
    }

    /// Stores an operation. `new` demands that the id is free; otherwise one of the same id is
    /// replaced. Says whether it is new.
    pub async fn store_operation(&self, caller: &Caller, op: Operation, new: bool) -> Result<(Operation, bool), Error> {
        let caller = caller.clone();
        let stored = self.0.store.write(move |tx| {
            access::at_default(tx.conn(), &caller, Action::ChangePipeline, "operation")?;
            let known = ordine::operation_by_id(tx.conn(), &op.id)?.is_some();
            if new && known {
                return Err(Error::conflict(format!("there is an operation {:?} already", op.id)).into());
            }
            let action = if known { "operation.change" } else { "operation.create" };
            audit::of_default(tx, &caller, action, &format!("operation {}", op.id));
            ordine::put_operation(tx, &op)
        });
        Ok(stored.await?)
    }

    /// Deletes an operation. Pipelines that point at it say so when they are started.
    pub async fn delete_operation(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let (id, caller) = (id.to_owned(), caller.clone());
        let gone = self.0.store.write(move |tx| {
            access::at_default(tx.conn(), &caller, Action::ChangePipeline, "operation")?;
            let gone = ordine::delete_operation(tx, &id)?;
            if gone {
                audit::of_default(tx, &caller, "operation.delete", &format!("operation {id}"));
            }
            Ok(gone)
        });
        let gone = gone.await?;
        if gone { Ok(()) } else { Err(Error::not_found("operation")) }
    }
}
