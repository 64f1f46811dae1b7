//! Resource groups: of the jobs that share one, one at a time runs.

use serde::{Deserialize, Serialize};

use crate::Status;

/// Which of the waiting jobs gets the resource when it is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceMode {
    /// Any that waits: the one whose job is oldest (the default).
    #[default]
    Unordered,
    /// That of the oldest run; a run that has not come to its job yet is waited for.
    OldestFirst,
    /// That of the newest run; a run that has not come to its job yet is waited for.
    NewestFirst,
    /// That of the newest run among those that wait.
    NewestReadyFirst,
}

impl ResourceMode {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unordered => "unordered",
            Self::OldestFirst => "oldest_first",
            Self::NewestFirst => "newest_first",
            Self::NewestReadyFirst => "newest_ready_first",
        }
    }
}

/// One job of a resource group, in any run of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The run's number; larger is newer.
    pub run: i64,
    /// The job's number.
    pub job: i64,
    /// Where it stands.
    pub status: Status,
}

impl Claim {
    /// Whether it has the resource: from when it was let go until it has ended.
    pub const fn holds(&self) -> bool {
        matches!(self.status, Status::Preparing | Status::Pending | Status::Running | Status::Canceling)
    }

    /// Whether its turn may still come by itself.
    const fn is_coming(&self) -> bool {
        matches!(self.status, Status::Created | Status::Scheduled)
    }

    const fn waits(&self) -> bool {
        matches!(self.status, Status::WaitingForResource)
    }
}

/// The claim that gets the resource now, by its place in the slice; `None` when it is taken, when
/// nobody waits, or when the one that is next has not come to its job yet.
pub fn next_claim(mode: ResourceMode, claims: &[Claim]) -> Option<usize> {
    if claims.iter().any(Claim::holds) {
        return None;
    }
    first(mode, claims).filter(|i| claims[*i].waits())
}

/// The claim that those that wait wait for, by its place in the slice: the one that has the resource, else the one
/// that comes first, although it may not have come to its job yet.
pub fn awaited(mode: ResourceMode, claims: &[Claim]) -> Option<usize> {
    claims.iter().position(Claim::holds).or_else(|| first(mode, claims))
}

/// The first of those that have not got the resource.
fn first(mode: ResourceMode, claims: &[Claim]) -> Option<usize> {
    let all = || claims.iter().enumerate();
    let waiting = || all().filter(|(_, claim)| claim.waits());
    let upcoming = || all().filter(|(_, claim)| claim.waits() || claim.is_coming());
    // Within a run those that wait go first.
    let late = |claim: &Claim| !claim.waits();
    let next = match mode {
        ResourceMode::Unordered => waiting().min_by_key(|(_, claim)| claim.job),
        ResourceMode::OldestFirst => upcoming().min_by_key(|(_, claim)| (claim.run, late(claim), claim.job)),
        ResourceMode::NewestFirst => upcoming().min_by_key(|(_, claim)| (-claim.run, late(claim), claim.job)),
        ResourceMode::NewestReadyFirst => waiting().min_by_key(|(_, claim)| (-claim.run, claim.job)),
    };
    next.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Status::*;

    const MODES: [ResourceMode; 4] =
        [ResourceMode::Unordered, ResourceMode::OldestFirst, ResourceMode::NewestFirst, ResourceMode::NewestReadyFirst];

    fn next(claims: &[(i64, Status)]) -> [Option<usize>; 4] {
        let claims: Vec<_> =
            (0..).zip(claims).map(|(job, (run, status))| Claim { run: *run, job, status: *status }).collect();
        MODES.map(|mode| next_claim(mode, &claims))
    }

    #[test]
    fn the_four_modes() {
        let w = WaitingForResource;
        assert_eq!(next(&[(2, w), (1, w), (3, w)]), [Some(0), Some(1), Some(2), Some(2)]);
        // An older and a newer run have not come to their jobs.
        assert_eq!(next(&[(1, Created), (2, w), (3, Scheduled)]), [Some(1), None, None, Some(1)]);
        assert_eq!(next(&[(1, Success), (2, w), (3, Skipped)]), [Some(1); 4]);
        assert_eq!(next(&[(1, w), (2, Running)]), [None; 4]);
        assert_eq!(next(&[(1, Created), (1, w)]), [Some(1); 4]);
        assert_eq!(next(&[(1, Manual)]), [None; 4]);
    }

    #[test]
    fn who_waits_knows_for_whom() {
        let w = WaitingForResource;
        let of = |claims: &[(i64, Status)]| {
            let claims: Vec<_> =
                (0..).zip(claims).map(|(job, (run, status))| Claim { run: *run, job, status: *status }).collect();
            MODES.map(|mode| awaited(mode, &claims))
        };
        assert_eq!(of(&[(2, w), (1, Running), (3, w)]), [Some(1); 4]);
        assert_eq!(of(&[(1, Created), (2, w), (3, Scheduled)]), [Some(1), Some(0), Some(2), Some(1)]);
        assert_eq!(of(&[(1, Success)]), [None; 4]);
    }

    proptest! {
        /// Nobody gets a taken resource, only those that wait get it, and as long as all that may
        /// come do come, everybody has a turn.
        #[test]
        fn everybody_has_a_turn(claims in proptest::collection::vec((0_i64..5, 0_usize..12), 0..12), mode in 0_usize..4) {
            let mut claims: Vec<_> = (0..)
                .zip(claims)
                .map(|(job, (run, status))| Claim { run, job, status: Status::ALL[status] })
                .collect();
            for _ in 0..100 {
                match next_claim(MODES[mode], &claims) {
                    Some(i) => {
                        prop_assert!(claims[i].waits() && !claims.iter().any(Claim::holds));
                        claims[i].status = Running;
                    }
                    None => match claims.iter_mut().find(|claim| claim.holds()) {
                        Some(holder) => holder.status = Success,
                        None => match claims.iter_mut().find(|claim| claim.is_coming()) {
                            Some(coming) => coming.status = WaitingForResource,
                            None => break,
                        },
                    },
                }
            }
            prop_assert!(claims.iter().all(|claim| !claim.waits() && !claim.holds()));
        }
    }
}
