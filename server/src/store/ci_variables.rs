//! CI/CD variables. Values come and go sealed: this module never sees what they are.

use model::{CiVariable, CiVariableDraft, CiVariableId, Error, ProjectId, ProjectPath, Timestamp, VariableOwner};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{StoreError, Tx};

/// Table and column of the sealed values: what they are bound to.
pub const PLACE: (&str, &str) = ("ci_variables", "value");

const COLUMNS: &str = "id, key, value, variable_type, protected, masked, hidden, raw, environment_scope, description, \
     created_at, updated_at, version";

/// A variable as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// All but the value.
    pub variable: CiVariable,
    /// The value, sealed.
    pub sealed: String,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let draft = CiVariableDraft {
        key: row.get(1)?,
        value: None,
        variable_type: row.get_ref(3)?.as_str()?.parse().unwrap_or_default(),
        protected: row.get(4)?,
        masked: row.get(5)?,
        hidden: row.get(6)?,
        raw: row.get(7)?,
        environment_scope: row.get(8)?,
        description: row.get(9)?,
    };
    let variable = CiVariable {
        id: CiVariableId(row.get(0)?),
        draft,
        created_at: Timestamp(row.get(10)?),
        updated_at: Timestamp(row.get(11)?),
        version: model::Seq(row.get(12)?),
    };
    Ok(Stored { variable, sealed: row.get(2)? })
}

fn owner_columns(owner: &VariableOwner) -> (&'static str, String) {
    match owner {
        VariableOwner::Instance => ("instance", String::new()),
        VariableOwner::Namespace(name) => ("namespace", name.clone()),
        VariableOwner::Project(id) => ("project", id.to_string()),
    }
}

/// The variables of one owner, in the order in which they were made.
pub fn list(conn: &Connection, owner: &VariableOwner) -> Result<Vec<Stored>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM ci_variables WHERE owner_kind = ?1 AND owner = ?2 ORDER BY id");
    Ok(conn.prepare_cached(&sql)?.query_map(owner_columns(owner), stored)?.collect::<Result<_, _>>()?)
}

/// One of them.
pub fn require(conn: &Connection, owner: &VariableOwner, id: CiVariableId) -> Result<Stored, StoreError> {
    let (kind, name) = owner_columns(owner);
    let sql = format!("SELECT {COLUMNS} FROM ci_variables WHERE id = ?1 AND owner_kind = ?2 AND owner = ?3");
    let found = conn.prepare_cached(&sql)?.query_row((id.0, kind, name), stored).optional()?;
    found.ok_or_else(|| Error::not_found("variable").into())
}

/// Whether any value is sealed: then a server without its key must not start with a fresh one.
pub fn any(conn: &Connection) -> Result<bool, StoreError> {
    Ok(conn.query_row("SELECT EXISTS (SELECT 1 FROM ci_variables)", [], |row| row.get(0))?)
}

/// All sealed values by row: for another key of the instance.
pub fn sealed(conn: &Connection) -> Result<Vec<(i64, String)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT id, value FROM ci_variables")?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Replaces a sealed value.
pub fn reseal(tx: &mut Tx<'_>, row: i64, sealed: &str) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE ci_variables SET value = ?2 WHERE id = ?1")?.execute((row, sealed))?;
    Ok(())
}

/// What the runs of a project get, owner by owner: the instance, its namespaces from the outermost in, and
/// itself; later ones beat earlier ones.
pub fn of_runs(conn: &Connection, project: ProjectId, path: &ProjectPath) -> Result<Vec<Vec<Stored>>, StoreError> {
    if !any(conn)? {
        return Ok(Vec::new());
    }
    let mut all = vec![list(conn, &VariableOwner::Instance)?];
    let mut name = String::new();
    for part in path.namespace().split('/') {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
        all.push(list(conn, &VariableOwner::Namespace(name.clone()))?);
    }
    all.push(list(conn, &VariableOwner::Project(project))?);
    Ok(all)
}

/// Writes a variable, a new one without `id`. `seal` seals the value for the row that it gets; without it
/// the value stays. A name that is taken for the same scope is a conflict.
pub fn save(
    tx: &mut Tx<'_>,
    owner: &VariableOwner,
    id: Option<CiVariableId>,
    draft: &CiVariableDraft,
    seal: Option<&dyn Fn(i64) -> String>,
) -> Result<CiVariableId, StoreError> {
    let (kind, name) = owner_columns(owner);
    let taken: bool = tx
        .conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM ci_variables WHERE owner_kind = ?1 AND owner = ?2 AND key = ?3
             AND environment_scope = ?4 AND id IS NOT ?5)",
        )?
        .query_row((kind, &name, &draft.key, &draft.environment_scope, id.map(|id| id.0)), |row| row.get(0))?;
    if taken {
        let text = format!("({}) has already been taken", draft.key);
        return Err(Error::conflict(text).into());
    }
    let version = tx.touch("variables")?;
    let id = if let Some(id) = id {
        id
    } else {
        tx.conn
            .prepare_cached(
                "INSERT INTO ci_variables (owner_kind, owner, key, value, variable_type, protected, masked, hidden, raw,
                     environment_scope, created_at, updated_at, version)
                 VALUES (?1, ?2, ?3, '', 'env_var', 0, 0, 0, 0, ?4, ?5, ?5, ?6)",
            )?
            .execute((kind, &name, &draft.key, &draft.environment_scope, tx.now.0, version.0))?;
        CiVariableId(tx.conn.last_insert_rowid())
    };
    tx.conn
        .prepare_cached(
            "UPDATE ci_variables SET key = ?2, value = coalesce(?3, value), variable_type = ?4, protected = ?5, masked = ?6,
                 hidden = ?7, raw = ?8, environment_scope = ?9, description = ?10, updated_at = ?11, version = ?12
             WHERE id = ?1",
        )?
        .execute(rusqlite::params![
            id.0,
            draft.key,
            seal.map(|seal| seal(id.0)),
            draft.variable_type.as_str(),
            draft.protected,
            draft.masked,
            draft.hidden,
            draft.raw,
            draft.environment_scope,
            draft.description,
            tx.now.0,
            version.0,
        ])?;
    Ok(id)
}

/// Deletes a variable.
pub fn delete(tx: &mut Tx<'_>, owner: &VariableOwner, id: CiVariableId) -> Result<(), StoreError> {
    require(tx.conn, owner, id)?;
    tx.touch("variables")?;
    tx.conn.prepare_cached("DELETE FROM ci_variables WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}
