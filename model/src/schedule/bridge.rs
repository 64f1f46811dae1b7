//! Jobs that start a child pipeline: they have no runner; their status follows the child's.

use crate::Status;
use crate::plan::Strategy;

/// Whether the child has to be made now: the job's turn has come, and there is none yet.
pub const fn is_child_due(bridge: Status, has_child: bool) -> bool {
    matches!(bridge, Status::Pending) && !has_child
}

/// The status of a job whose child stands like this; `None` means that it stays as it is. Whoever
/// made the child lets the job become running first.
pub const fn mirrored(strategy: Strategy, bridge: Status, child: Status) -> Option<Status> {
    if bridge.is_complete() {
        return None;
    }
    // A child that waits for a person lets the job run on, also with `mirror`: a job that was played
    // already is not played again, and what waits is the child.
    let wanted = match (strategy, child) {
        (Strategy::Detached, _) | (_, Status::Success) => Status::Success,
        // There is nothing that a job could have skipped by running.
        (_, Status::Failed | Status::Skipped) => Status::Failed,
        (_, Status::Canceled) => Status::Canceled,
        _ => Status::Running,
    };
    if wanted as u8 == bridge as u8 { None } else { Some(wanted) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::*;

    #[test]
    fn follows_the_child() {
        let of = |strategy, child| mirrored(strategy, Running, child);
        assert_eq!(of(Strategy::Detached, Created), Some(Success));
        for strategy in [Strategy::Depend, Strategy::Mirror] {
            assert_eq!(of(strategy, Success), Some(Success));
            assert_eq!(of(strategy, Failed), Some(Failed));
            assert_eq!(of(strategy, Canceled), Some(Canceled));
            assert_eq!(of(strategy, Pending), None);
        }
        assert_eq!((of(Strategy::Depend, Manual), of(Strategy::Mirror, Manual)), (None, None));
    }

    #[test]
    fn a_complete_job_stays_as_it_is() {
        for child in Status::ALL {
            assert_eq!(mirrored(Strategy::Depend, Canceled, *child), None);
        }
        assert!(is_child_due(Pending, false) && !is_child_due(Pending, true) && !is_child_due(Created, false));
    }
}
