//! Memberships: roles at projects and at namespaces, which hold for all below them.

use std::collections::HashMap;

use model::{Member, Place, ProjectId, Role, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx, users};

/// The roles of one user.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    projects: HashMap<ProjectId, Role>,
    namespaces: Vec<(String, Role)>,
}

impl Roles {
    /// The role at a project of this path: the greatest of those at it and at the namespaces above.
    pub fn at_project(&self, id: ProjectId, path: &str) -> Role {
        let own = self.projects.get(&id).copied().unwrap_or(Role::Nobody);
        own.max(self.at_namespace(path))
    }

    /// The role at a namespace, or at what lies below it at this path.
    pub fn at_namespace(&self, path: &str) -> Role {
        let above = self.namespaces.iter().filter(|(name, _)| is_at_or_above(name, path)).map(|(_, role)| *role);
        above.max().unwrap_or(Role::Nobody)
    }
}

/// Whether a path is that of a namespace or lies below it.
pub fn is_at_or_above(namespace: &str, path: &str) -> bool {
    path.strip_prefix(namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The namespaces above a path, the outermost first.
pub fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// All roles of a user.
pub fn roles(conn: &Connection, user: UserId) -> Result<Roles, StoreError> {
    let mut query = conn.prepare_cached("SELECT project_id, namespace, level FROM members WHERE user_id = ?1")?;
    let mut roles = Roles::default();
    let mut rows = query.query([user.0])?;
    while let Some(row) = rows.next()? {
        let Some(role) = Role::of_member(row.get(2)?) else { continue };
        match (row.get::<_, Option<i64>>(0)?, row.get::<_, Option<String>>(1)?) {
            (Some(id), _) => drop(roles.projects.insert(ProjectId(id), role)),
            (None, Some(name)) => roles.namespaces.push((name, role)),
            (None, None) => {}
        }
    }
    Ok(roles)
}

/// The role that a user has at a place itself, not counting what is above.
pub fn own(conn: &Connection, place: &Place, user: UserId) -> Result<Option<Role>, StoreError> {
    let found: Option<i64> = match place {
        Place::Instance => None,
        Place::Project(id) => conn
            .prepare_cached("SELECT level FROM members WHERE project_id = ?1 AND user_id = ?2")?
            .query_row((id.0, user.0), |row| row.get(0))
            .optional()?,
        Place::Namespace(name) => conn
            .prepare_cached("SELECT level FROM members WHERE namespace = ?1 AND user_id = ?2")?
            .query_row((name, user.0), |row| row.get(0))
            .optional()?,
    };
    Ok(found.and_then(Role::of_member))
}

/// Gives a role at a place; takes it away for `None`.
pub fn set(tx: &mut Tx<'_>, place: &Place, user: UserId, role: Option<Role>) -> Result<(), StoreError> {
    let (project, namespace) = match place {
        Place::Instance => return Ok(()),
        Place::Project(id) => (Some(id.0), None),
        Place::Namespace(name) => (None, Some(name)),
    };
    let updated = match role {
        None => tx
            .conn
            .prepare_cached("DELETE FROM members WHERE project_id IS ?1 AND namespace IS ?2 AND user_id = ?3")?
            .execute((project, namespace, user.0))?,
        Some(role) => tx
            .conn
            .prepare_cached(
                "UPDATE members SET level = ?4 WHERE project_id IS ?1 AND namespace IS ?2 AND user_id = ?3",
            )?
            .execute((project, namespace, user.0, role.level()))?,
    };
    if let (Some(role), 0) = (role, updated) {
        tx.conn
            .prepare_cached(
                "INSERT INTO members (project_id, namespace, user_id, level, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((project, namespace, user.0, role.level(), tx.now.0))?;
    }
    Ok(())
}

/// Who has a role at a place of this path, the greatest role first; those who have it from above too.
pub fn list(conn: &Connection, place: &Place, path: &str) -> Result<Vec<Member>, StoreError> {
    let mut found: Vec<(i64, Role, Option<String>, Timestamp)> = Vec::new();
    let mut add = |sql: &str, value: rusqlite::types::Value, from: Option<&str>| -> Result<(), StoreError> {
        let mut query = conn.prepare_cached(sql)?;
        let mut rows = query.query([value])?;
        while let Some(row) = rows.next()? {
            let Some(role) = Role::of_member(row.get(1)?) else { continue };
            found.push((row.get(0)?, role, from.map(str::to_owned), Timestamp(row.get(2)?)));
        }
        Ok(())
    };
    let of_namespace = "SELECT user_id, level, created_at FROM members WHERE namespace = ?1";
    for name in above(path) {
        add(of_namespace, name.to_owned().into(), Some(name))?;
    }
    match place {
        Place::Instance => {}
        Place::Namespace(name) => add(of_namespace, name.clone().into(), None)?,
        Place::Project(id) => {
            add("SELECT user_id, level, created_at FROM members WHERE project_id = ?1", id.0.into(), None)?;
        }
    }
    let mut members = Vec::with_capacity(found.len());
    for (user, role, from, since) in found {
        if let Some(user) = users::get(conn, UserId(user))? {
            members.push(Member { user, role, from, since });
        }
    }
    members.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.user.name.cmp(&b.user.name)));
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_hold_for_what_is_below_and_for_nothing_beside() {
        let namespaces = vec![("shop".to_owned(), Role::Reporter), ("shop/back".to_owned(), Role::Owner)];
        let projects = HashMap::from([(ProjectId(1), Role::Developer), (ProjectId(2), Role::Guest)]);
        let roles = Roles { projects, namespaces };
        assert_eq!(roles.at_project(ProjectId(1), "shop/web"), Role::Developer);
        assert_eq!(roles.at_project(ProjectId(2), "shop/web"), Role::Reporter);
        assert_eq!(roles.at_project(ProjectId(3), "shop/back/end/api"), Role::Owner);
        assert_eq!(roles.at_project(ProjectId(3), "shopping/web"), Role::Nobody);
        assert_eq!(roles.at_namespace("shop/backyard"), Role::Reporter);
        assert_eq!(roles.at_namespace("sho"), Role::Nobody);
        assert_eq!(above("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
