//! What is recorded of what callers do, in the transaction that does it; and reading it.

use model::{AuditChange, AuditFilter, AuditPage, Caller, Error, Place, ProjectId, Run, Via};

use super::{Weir, access};
use crate::auth::Action;
use crate::store::audit::{self, Record};
use crate::store::{Scope, Snapshot, StoreError, Tx, projects};

/// Entries of a page, unless asked for more or less; and at most.
const PAGE: u32 = 50;
const MOST: u32 = 1000;

/// A field that changed.
pub(super) fn change(field: &str, before: Option<&str>, after: Option<&str>) -> AuditChange {
    AuditChange { field: field.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
}

/// Something that was done to something of the whole server.
pub(super) fn of_instance(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &'static str,
    target: &str,
    changes: Vec<AuditChange>,
) {
    write(tx, caller, action, target.to_owned(), None, None, changes);
}

/// Something that was done to something of a project.
pub(super) fn of_project(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &'static str,
    project: ProjectId,
    target: &str,
    changes: Vec<AuditChange>,
) {
    let target = match projects::get(tx.conn(), project) {
        Ok(Some(known)) if target.is_empty() => format!("project {}", known.path),
        Ok(Some(known)) => format!("{target} of {}", known.path),
        _ => target.to_owned(),
    };
    write(tx, caller, action, target, Some(project), None, changes);
}

/// Something that was done at a place.
pub(super) fn of_place(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &'static str,
    place: &Place,
    target: &str,
    changes: Vec<AuditChange>,
) {
    match place {
        Place::Instance => of_instance(tx, caller, action, target, changes),
        Place::Project(id) => of_project(tx, caller, action, *id, target, changes),
        Place::Namespace(path) => {
            write(tx, caller, action, format!("{target} of {path}"), None, Some(path.clone()), changes);
        }
    }
}

/// Something that was done to a run.
pub(super) fn of_run(tx: &mut Tx<'_>, caller: &Caller, action: &'static str, run: &Run) {
    let target = format!("run {} of {}", run.id, run.pipeline_key);
    of_project(tx, caller, action, run.project_id, &target, Vec::new());
}

fn write(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &'static str,
    target: String,
    project: Option<ProjectId>,
    namespace: Option<String>,
    changes: Vec<AuditChange>,
) {
    let record = Record {
        user: Some(caller.user.clone()).filter(|name| !name.is_empty()),
        via: means(caller),
        address: caller.address.clone(),
        action,
        target,
        project,
        namespace,
        changes,
    };
    audit::record(tx, &record);
}

/// By which means somebody comes, as the log says it.
pub(super) fn means(caller: &Caller) -> String {
    match caller.via {
        Via::Local => "local".to_owned(),
        Via::System => "server".to_owned(),
        Via::Nobody => "not signed in".to_owned(),
        Via::Session(id) => format!("session {id}"),
        Via::Token(id, _) => format!("token {id}"),
        Via::AccessKey(id) => format!("access key {id}"),
        Via::Job(id, _) => format!("token of job {id}"),
        Via::Trigger(id, _) => format!("trigger {id}"),
        Via::Schedule(id) => format!("schedule {id}"),
    }
}

impl Weir {
    pub(super) async fn read_audit(&self, caller: &Caller, filter: AuditFilter) -> Result<AuditPage, Error> {
        let caller = caller.clone();
        let limit = filter.limit.unwrap_or(PAGE).clamp(1, MOST);
        let page = self.store.read(move |conn| {
            let scope = readable(conn, &caller, filter.project)?;
            let mut entries = audit::list(conn, &filter, &scope, limit + 1)?;
            let more = entries.len() > limit as usize;
            entries.truncate(limit as usize);
            let next = entries.last().map(|entry| entry.id).filter(|_| more);
            Ok(AuditPage { entries, next })
        });
        Ok(page.await?)
    }
}

/// The projects whose entries the caller may read; everything for who may read the whole log.
fn readable(conn: &Snapshot, caller: &Caller, project: Option<ProjectId>) -> Result<Scope, StoreError> {
    if let Some(id) = project {
        access::at_project(conn, caller, Action::ReadProjectAudit, id, "project")?;
        return Ok(Scope::Of(vec![id]));
    }
    access::at_instance(conn, caller, Action::ReadInstanceAudit)?;
    Ok(Scope::All)
}
