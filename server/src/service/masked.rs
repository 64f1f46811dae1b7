//! What must not be seen of what jobs say and leave: values of masked variables, and tokens of this server.

use model::plan::{PlannedJob, Variable};
use model::{Error, Project};
use runner::{Secrets, mask};

use super::{ci_variables, given};
use crate::secrets::keys::KeyRing;
use crate::store::jobs::Stored;
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, projects, runs};

/// Beginnings of tokens of this server, which no log shows.
pub const TOKENS: [&str; 3] = ["glpat-", "glrt-", "glcbt-"];

/// The variables of a job that do not come from its definition or from other jobs; later ones beat earlier ones.
pub fn kept_and_given(
    conn: &Snapshot,
    keys: &KeyRing,
    project: &Project,
    commit: &Commit,
    planned: &PlannedJob,
    stored: &Stored,
) -> Result<Vec<Variable>, StoreError> {
    let name = planned.environment.as_ref().map(|environment| environment.name.as_str());
    let mut variables = ci_variables::of_job(conn, keys, project, commit, name)?;
    variables.extend(runs::variables(conn, stored.job.run_id)?.into_iter().filter(given::is_for_jobs));
    variables.extend(stored.variables.iter().cloned());
    Ok(variables)
}

/// What must not be seen of what a job says: runners of others put variables into names as they are. The token is the
/// job's own; empty for one that has none.
pub fn of_job(
    conn: &Snapshot,
    keys: &KeyRing,
    planned: &PlannedJob,
    stored: &Stored,
    token: &str,
) -> Result<Secrets, StoreError> {
    let run = runs::require(conn, stored.job.run_id)?;
    let project = projects::get(conn, run.project_id)?.ok_or_else(|| Error::not_found("project"))?;
    let commit = runs::commit(conn, &run)?;
    Ok(secrets(&kept_and_given(conn, keys, &project, &commit, planned, stored)?, token))
}

/// The same, of a job with these variables.
pub fn secrets(variables: &[Variable], token: &str) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(token);
    for prefix in TOKENS {
        secrets.add_prefix(prefix);
    }
    for value in variables.iter().filter(|one| one.masked).map(|one| one.value.as_str()) {
        secrets.add(value);
        // A name is what is left of a path.
        let last = value.rsplit('/').next().unwrap_or_default();
        if !mask::forms(last).is_empty() {
            secrets.add(last);
        }
    }
    secrets
}
