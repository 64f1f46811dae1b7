//! The audit log: written, read, never changed.

use model::{AuditChange, AuditEntry, AuditFilter, AuditId, ProjectId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::{Scope, StoreError, Tx, rows};

/// What is to be recorded.
#[derive(Clone, Debug)]
pub struct Record {
    /// Who.
    pub user: Option<String>,
    /// By which means.
    pub via: String,
    /// From where.
    pub address: Option<String>,
    /// What.
    pub action: &'static str,
    /// On what.
    pub target: String,
    /// The project, where it is about one.
    pub project: Option<ProjectId>,
    /// The namespace, where it is about one or something in it.
    pub namespace: Option<String>,
    /// What changed.
    pub changes: Vec<AuditChange>,
}

/// Records it. What cannot be recorded is logged and stops nothing: the log never breaks what it records.
pub fn record(tx: &mut Tx<'_>, record: &Record) {
    // Whoever guesses passwords wakes nobody.
    if record.action != "login.failed" {
        tx.note();
    }
    let written = || -> Result<(), StoreError> {
        let changes = serde_json::to_string(&record.changes)?;
        tx.conn
            .prepare_cached(
                "INSERT INTO audit (at, user, via, address, action, target, project_id, namespace, changes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                tx.now.0,
                &record.user,
                &record.via,
                &record.address,
                record.action,
                &record.target,
                record.project.map(|id| id.0),
                &record.namespace,
                changes,
            ))?;
        Ok(())
    };
    if let Err(error) = written() {
        tracing::error!(action = record.action, target = record.target, %error, "failed to write the audit log");
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        id: AuditId(row.get(0)?),
        at: Timestamp(row.get(1)?),
        user: row.get(2)?,
        via: row.get(3)?,
        address: row.get(4)?,
        action: row.get(5)?,
        target: row.get(6)?,
        project_id: row.get::<_, Option<i64>>(7)?.map(ProjectId),
        changes: rows::json(row, 8)?,
    })
}

/// At most `limit` entries that fit, the newest first; of these projects only, unless all. With a namespace, also those
/// about it or what was once in it.
pub fn list(conn: &Connection, filter: &AuditFilter, scope: &Scope, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let mut conditions = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    match &filter.namespace {
        Some(path) => {
            conditions
                .push(format!("({} OR namespace = ? OR substr(namespace, 1, length(?)) = ?)", scope.sql("project_id")));
            let below = format!("{path}/");
            values.extend([path.clone().into(), below.clone().into(), below.into()]);
        }
        None => conditions.push(scope.sql("project_id")),
    }
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(user) = &filter.user {
        add("user = ? COLLATE NOCASE", user.clone().into());
    }
    if let Some(action) = &filter.action {
        add("substr(action, 1, length(?)) = ?", action.clone().into());
    }
    if let Some(target) = &filter.target {
        add("instr(lower(target), lower(?)) > 0", target.clone().into());
    }
    if let Some(since) = filter.since {
        add("at >= ?", since.0.into());
    }
    if let Some(until) = filter.until {
        add("at < ?", until.0.into());
    }
    if let Some(before) = filter.before {
        add("id < ?", before.0.into());
    }
    let sql = format!(
        "SELECT id, at, user, via, address, action, target, project_id, changes FROM audit WHERE {} ORDER BY id DESC LIMIT {limit}",
        conditions.join(" AND ")
    );
    Ok(conn.prepare(&sql)?.query_map(params_from_iter(values), entry)?.collect::<Result<_, _>>()?)
}
