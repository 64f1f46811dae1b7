//! How much of what jobs leave is kept, and how long.

use model::plan::Expiry;

use crate::logs;

/// The limits that a server is started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a job's log may have.
    pub log: u64,
    /// Bytes that a job's archive of artifacts may have.
    pub archive: u64,
    /// When the artifacts of a job go whose `artifacts` has no `expire_in`.
    pub artifacts_expire_in: Expiry,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            log: logs::DEFAULT_LIMIT,
            archive: 100 << 20,
            // contracts/ci-yaml.md, part 6.
            artifacts_expire_in: Expiry::After(30 * 86_400),
        }
    }
}
