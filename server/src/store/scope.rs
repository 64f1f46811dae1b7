//! Which projects a list is about: what the caller may see, as a condition of a query.

use std::fmt::Write as _;

use model::ProjectId;

/// The projects whose objects a list may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// These.
    Of(Vec<ProjectId>),
}

impl Scope {
    /// Whether something of this project may be shown.
    pub fn holds(&self, project: ProjectId) -> bool {
        match self {
            Self::All => true,
            Self::Of(projects) => projects.contains(&project),
        }
    }

    /// Whether nothing may be shown.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Of(projects) if projects.is_empty())
    }

    /// The same, narrowed to one project when one is wanted.
    #[must_use]
    pub fn narrowed(self, wanted: Option<ProjectId>) -> Self {
        match wanted {
            Some(project) if self.holds(project) => Self::Of(vec![project]),
            Some(_) => Self::Of(Vec::new()),
            None => self,
        }
    }

    /// The condition on a column that holds a project's number: text of ours and numbers alone.
    pub(in crate::store) fn sql(&self, column: &str) -> String {
        match self {
            Self::All => "1".to_owned(),
            Self::Of(projects) => {
                let mut sql = format!("{column} IN (");
                for (i, project) in projects.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    let _ = write!(sql, "{comma}{}", project.0);
                }
                sql.push(')');
                sql
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_what_they_say() {
        let of = |numbers: &[i64]| Scope::Of(numbers.iter().copied().map(ProjectId).collect());
        assert_eq!(Scope::All.sql("x"), "1");
        assert_eq!(of(&[]).sql("x"), "x IN ()");
        assert_eq!(of(&[3, 1]).sql("runs.project_id"), "runs.project_id IN (3, 1)");
        assert_eq!(Scope::All.narrowed(Some(ProjectId(2))), of(&[2]));
        assert!(of(&[1]).narrowed(Some(ProjectId(2))).is_empty());
        assert_eq!(of(&[1, 2]).narrowed(None), of(&[1, 2]));
    }
}
