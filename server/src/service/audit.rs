//! What is recorded of what callers do, in the transaction that does it; and reading it.

use model::{AuditChange, AuditFilter, AuditPage, Caller, Error, Pipeline, Place, ProjectId, Run, Via};
use sha2::{Digest as _, Sha256};

use super::accounts::require_namespace;
use super::{DEFAULT_PROJECT, Weir, access};
use crate::auth::Action;
use crate::store::audit::{self, Record};
use crate::store::members::is_at_or_above;
use crate::store::pipelines::Draft;
use crate::store::{Scope, Snapshot, StoreError, Tx, projects};

/// Entries of a page, unless asked for more or less; and at most.
const PAGE: u32 = 50;
const MOST: u32 = 1000;

/// A field that changed.
pub(super) fn change(field: &str, before: Option<&str>, after: Option<&str>) -> AuditChange {
    AuditChange { field: field.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
}

/// The fields of a pipeline that change. Of a definition the log has its size and its hash: enough to tell which of two
/// it was, and nothing of what somebody wrote into it.
pub(super) fn of_pipeline(old: &Pipeline, new: &Draft) -> Vec<AuditChange> {
    let fields = [
        ("name", Some(old.name.clone()), Some(new.name.clone())),
        ("description", Some(old.description.clone()), Some(new.description.clone())),
        ("definition", old.definition.as_deref().map(text), new.definition.as_deref().map(text)),
        ("disabled", Some(old.disabled.to_string()), Some(new.disabled.to_string())),
    ];
    let changed = fields.iter().filter(|(_, before, after)| before != after);
    changed.map(|(name, before, after)| change(name, before.as_deref(), after.as_deref())).collect()
}

/// A long text, as the log names it.
fn text(text: &str) -> String {
    let hash = hex::encode(&Sha256::digest(text.as_bytes())[..8]);
    let lines = text.lines().count();
    format!("{lines} {}, sha256 {hash}…", if lines == 1 { "line" } else { "lines" })
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
    let (target, namespace) = match projects::get(tx.conn(), project) {
        Ok(Some(known)) => {
            let target = if target.is_empty() {
                format!("project {}", known.path)
            } else {
                format!("{target} of {}", known.path)
            };
            // So that the log of the namespace has it when the project is gone.
            (target, Some(known.path.namespace().to_owned()))
        }
        _ => (target.to_owned(), None),
    };
    write(tx, caller, action, target, Some(project), namespace, changes);
}

/// Something that was done to what belongs to the project of objects without one.
pub(super) fn of_default(tx: &mut Tx<'_>, caller: &Caller, action: &'static str, target: &str) {
    match projects::by_path(tx.conn(), DEFAULT_PROJECT) {
        Ok(Some(project)) => of_project(tx, caller, action, project.id, target, Vec::new()),
        _ => of_instance(tx, caller, action, target, Vec::new()),
    }
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
            let scope = readable(conn, &caller, &filter)?;
            let mut entries = audit::list(conn, &filter, &scope, limit + 1)?;
            let more = entries.len() > limit as usize;
            entries.truncate(limit as usize);
            let next = entries.last().map(|entry| entry.id).filter(|_| more);
            Ok(AuditPage { entries, next })
        });
        Ok(page.await?)
    }
}

/// The projects whose entries are asked for, and may be read; everything for who may read the whole log.
fn readable(conn: &Snapshot, caller: &Caller, filter: &AuditFilter) -> Result<Scope, StoreError> {
    if let Some(id) = filter.project {
        access::at_project(conn, caller, Action::ReadProjectAudit, id, "project")?;
        return Ok(Scope::Of(vec![id]));
    }
    if let Some(path) = &filter.namespace {
        access::at_namespace(conn, caller, Action::ReadNamespaceAudit, path)?;
        require_namespace(conn, path)?;
        let below = projects::list(conn)?.into_iter().filter(|project| is_at_or_above(path, project.path.as_str()));
        return Ok(Scope::Of(below.map(|project| project.id).collect()));
    }
    access::at_instance(conn, caller, Action::ReadInstanceAudit)?;
    Ok(Scope::All)
}
