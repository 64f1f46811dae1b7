//! Roles and visibility, in GitLab's words and numbers.

use serde::{Deserialize, Serialize};

use crate::ProjectId;

/// Roles in GitLab's words, numbered as GitLab does (`access_level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// No member.
    Nobody = 0,
    /// Sees the project.
    Guest = 10,
    /// Reads runs, logs and artifacts.
    Reporter = 20,
    /// Starts and controls runs.
    Developer = 30,
    /// Sets the project up.
    Maintainer = 40,
    /// May delete it.
    Owner = 50,
    /// Of the whole server; no role of a member.
    Administrator = 60,
}

impl Role {
    /// All of them, from the least.
    pub const ALL: [Self; 7] = [
        Self::Nobody,
        Self::Guest,
        Self::Reporter,
        Self::Developer,
        Self::Maintainer,
        Self::Owner,
        Self::Administrator,
    ];

    /// Those that a member can have, from the least.
    pub const OF_MEMBERS: [Self; 5] = [Self::Guest, Self::Reporter, Self::Developer, Self::Maintainer, Self::Owner];

    /// GitLab's number.
    pub const fn level(self) -> u8 {
        self as u8
    }

    /// The role of a member by GitLab's number; nobody becomes administrator by membership.
    pub fn of_member(level: i64) -> Option<Self> {
        Self::OF_MEMBERS.into_iter().find(|role| i64::from(role.level()) == level)
    }

    /// The role of a member by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::OF_MEMBERS.into_iter().find(|role| role.word() == word)
    }

    /// GitLab's word, in lower case.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nobody => "no role",
            Self::Guest => "guest",
            Self::Reporter => "reporter",
            Self::Developer => "developer",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
            Self::Administrator => "administrator",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Who sees a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Members.
    #[default]
    Private,
    /// Whoever is signed in.
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Private, Self::Internal, Self::Public];

    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

impl std::str::FromStr for Visibility {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// Where somebody has a role, or wants to do something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The whole server.
    Instance,
    /// A namespace, such as `shop` or `shop/backend`, and what is below it.
    Namespace(String),
    /// One project.
    Project(ProjectId),
}
