//! Jobs that start another run instead of a script.

use serde::{Deserialize, Serialize};

use super::Inputs;

/// A child pipeline that a job starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// What the child's definition is made of, one to three files.
    pub include: Vec<TriggerInclude>,
    /// How the job's status follows the child's.
    #[serde(default)]
    pub strategy: Strategy,
    /// What the child gets to know.
    #[serde(default)]
    pub forward: Forward,
}

/// One file of a child's definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerInclude {
    /// A file of the repository.
    Local {
        /// Its path, not expanded.
        path: String,
        /// Values of its inputs.
        #[serde(default)]
        inputs: Inputs,
    },
    /// A file among the artifacts of a job of this run.
    Artifact {
        /// Its path in the archive, not expanded.
        path: String,
        /// The job that makes it: a name in the file.
        job: String,
        /// Values of its inputs.
        #[serde(default)]
        inputs: Inputs,
    },
}

/// How the status of a job that starts a child follows the child's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// It does not: the job succeeds when the child is made (the default).
    #[default]
    Detached,
    /// The job runs as long as the child and ends as it does; a child that waits for a person lets
    /// it run on.
    Depend,
    /// The same; the language has two words for it.
    Mirror,
}

/// `trigger:forward`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// Whether the child gets the job's variables (global ones included, as it inherits them).
    pub yaml_variables: bool,
    /// Whether the child gets the variables that this run was started with.
    pub pipeline_variables: bool,
}

impl Default for Forward {
    fn default() -> Self {
        Self { yaml_variables: true, pipeline_variables: false }
    }
}
