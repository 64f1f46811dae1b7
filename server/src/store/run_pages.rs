//! Numbered pages of runs: what GitLab's interface filters and orders them by.

use model::view::RunFilter;
use model::{ProjectId, Run, RunId, Status, Timestamp};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use super::runs::{clauses, require};
use super::{Scope, StoreError, rows};

/// Above this nobody is told how many there are, and nobody counts.
pub const COUNTED: u64 = 10_000;

/// What a list of runs is ordered by. Equal ones are in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunOrder {
    /// By number.
    #[default]
    Id,
    /// By the word of the status.
    Status,
    /// By branch or tag.
    Ref,
    /// By when the status changed last.
    UpdatedAt,
    /// By the number of who started it.
    User,
}

impl RunOrder {
    const fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Status => "status",
            Self::Ref => "git_ref",
            Self::UpdatedAt => "updated_at",
            Self::User => "(SELECT users.id FROM users WHERE users.key = lower(runs.user))",
        }
    }
}

/// Which runs a list has, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunList {
    /// What every list is filtered by.
    pub filter: RunFilter,
    /// Only of this commit.
    pub sha: Option<String>,
    /// Only those that have this name.
    pub name: Option<String>,
    /// Only those whose status changed before this.
    pub updated_before: Option<Timestamp>,
    /// Only those whose status changed after this.
    pub updated_after: Option<Timestamp>,
    /// Only those made before this.
    pub created_before: Option<Timestamp>,
    /// Only those made after this.
    pub created_after: Option<Timestamp>,
    /// Only the latest of each of these refs; whether they are tags.
    pub latest_of: Option<(bool, Vec<String>)>,
    /// The order.
    pub order: RunOrder,
    /// The least first.
    pub ascending: bool,
}

/// A page of runs, without their stages, and how many there are in all, as far as they are counted.
pub fn page(
    conn: &Connection,
    list: &RunList,
    scope: &Scope,
    offset: u64,
    limit: u32,
) -> Result<(Vec<Run>, u64), StoreError> {
    let (sql, values) = conditions(list, scope)?;
    let count = format!("SELECT count(*) FROM (SELECT 1 FROM runs WHERE {sql} LIMIT {})", COUNTED + 1);
    let total: i64 = conn.prepare_cached(&count)?.query_row(params_from_iter(values.iter()), |row| row.get(0))?;
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let (column, way) = (list.order.column(), if list.ascending { "ASC" } else { "DESC" });
    let order = if list.order == RunOrder::Id { format!("id {way}") } else { format!("{column} {way}, id {way}") };
    let sql = format!("SELECT {} FROM runs WHERE {sql} ORDER BY {order} LIMIT {limit} OFFSET {offset}", rows::RUN);
    let mut statement = conn.prepare_cached(&sql)?;
    let runs = statement.query_map(params_from_iter(values), rows::run)?.collect::<Result<_, _>>()?;
    Ok((runs, total.unsigned_abs()))
}

fn conditions(list: &RunList, scope: &Scope) -> Result<(String, Vec<Value>), StoreError> {
    let (mut sql, mut values) = clauses(&list.filter, scope);
    let mut and = |clause: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&clause.replace('?', &format!("?{}", values.len())));
    };
    if let Some(sha) = &list.sha {
        and("sha = ?", sha.clone().into());
    }
    if let Some(name) = &list.name {
        and("name = ?", name.clone().into());
    }
    for (clause, at) in [
        ("updated_at < ?", list.updated_before),
        ("updated_at > ?", list.updated_after),
        ("created_at < ?", list.created_before),
        ("created_at > ?", list.created_after),
    ] {
        if let Some(at) = at {
            and(clause, at.0.into());
        }
    }
    if let Some((tags, refs)) = &list.latest_of {
        let tags = u8::from(*tags);
        let latest = format!(
            "id IN (SELECT max(latest.id) FROM runs AS latest WHERE latest.project_id = runs.project_id
                 AND latest.is_tag = {tags} AND latest.parent_run_id IS NULL
                 AND latest.git_ref IN (SELECT value FROM json_each(?)) GROUP BY latest.git_ref)"
        );
        and(&latest, serde_json::to_string(refs)?.into());
    }
    Ok((sql, values))
}

/// The newest run of a ref of a project, of one commit where it is named; `None` when there is none.
pub fn latest(
    conn: &Connection,
    project: ProjectId,
    git_ref: &str,
    sha: Option<&str>,
) -> Result<Option<Run>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id FROM runs WHERE project_id = ?1 AND git_ref = ?2 AND (?3 IS NULL OR sha = ?3) AND parent_run_id IS NULL
         ORDER BY id DESC LIMIT 1",
    )?;
    let found = query.query_row((project.0, git_ref, sha), |row| Ok(RunId(row.get(0)?))).optional()?;
    found.map(|id| require(conn, id)).transpose()
}

/// The latest good runs of a ref of a project, the newest first; whether it is a branch or a tag.
pub fn good(conn: &Connection, project: ProjectId, git_ref: &str, limit: u32) -> Result<Vec<RunId>, StoreError> {
    let sql = format!(
        "SELECT id FROM runs WHERE project_id = ?1 AND git_ref = ?2 AND status = '{}' AND parent_run_id IS NULL
         ORDER BY id DESC LIMIT ?3",
        Status::Success
    );
    let mut query = conn.prepare_cached(&sql)?;
    let found = query.query_map((project.0, git_ref, limit), |row| Ok(RunId(row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
