//! CI/CD variables: names and values that are kept for all runs of a project, a namespace or the instance.

use serde::{Deserialize, Serialize};

use crate::{CiVariableId, ProjectId, ProjectPath, Seq, Timestamp, VariableOwner};

/// How a job gets a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableType {
    /// In its environment.
    #[default]
    EnvVar,
    /// In a file, whose path is in its environment.
    File,
}

impl VariableType {
    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnvVar => "env_var",
            Self::File => "file",
        }
    }
}

impl std::str::FromStr for VariableType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::EnvVar, Self::File].into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// What a variable is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiVariableDraft {
    /// Its name: letters, digits and `_`, at most 255.
    pub key: String,
    /// Its value, at most 10 000 characters; `None` keeps the one that it has.
    pub value: Option<String>,
    /// How jobs get it.
    pub variable_type: VariableType,
    /// Whether only runs of protected refs get it.
    pub protected: bool,
    /// Whether logs have `[MASKED]` in its place.
    pub masked: bool,
    /// Whether its value is never shown again. It stays hidden and masked for good.
    pub hidden: bool,
    /// Whether `$` in its value stays as it is.
    pub raw: bool,
    /// The environments whose jobs get it: a name, where `*` stands for any part; `*` alone means every job.
    pub environment_scope: String,
    /// What it is for, at most 255 characters.
    pub description: Option<String>,
}

/// A variable as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiVariable {
    /// Number in this instance.
    pub id: CiVariableId,
    /// What it is made of; the value is `None` when it is hidden.
    #[serde(flatten)]
    pub draft: CiVariableDraft,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Last change.
    pub version: Seq,
}

/// The variables of one owner, with the places where there may be others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiVariablesView {
    /// The commit this is a snapshot of.
    pub seq: Seq,
    /// Whose variables these are.
    pub owner: VariableOwner,
    /// The variables, by name and scope.
    pub variables: Vec<CiVariable>,
    /// Every project, by path: those that have variables of their own, and those that may.
    pub projects: Vec<(ProjectId, ProjectPath)>,
    /// Every namespace of these projects, by name.
    pub namespaces: Vec<String>,
}
