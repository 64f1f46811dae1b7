//! Signed requests that were answered already.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use model::Timestamp;

use super::{SignError, Verified, WINDOW_MS};

/// Milliseconds within which the same signature of an SDK is taken for the client's own second request. The SDKs' dates
/// have whole seconds: a script that starts one job twice within a second signs both times the same, and means both. Where
/// the body is not signed, the second could say something else, and who signs without an SDK can do so anew each time:
/// there a repetition is refused at once.
const REPEAT_MS: i64 = 2000;

/// Remembers the signatures of writes while they would be accepted, at most as many as it was made for. Beyond that
/// the oldest are forgotten together with what was signed before them: nothing is ever accepted because of a lack of
/// room. Whoever made it puts in again what was written down before a restart.
#[derive(Debug)]
pub struct Replays {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When each came first, by the date and the signature.
    seen: BTreeMap<(i64, [u8; 32]), i64>,
    /// What was signed then or before may have been forgotten.
    forgotten: i64,
}

impl Replays {
    /// Room for `capacity` (at least 1) writes in any 30 minutes, at 50 to 100 bytes each.
    pub fn new(capacity: usize) -> Self {
        let state = State { seen: BTreeMap::new(), forgotten: i64::MIN };
        Self { capacity: capacity.max(1), state: Mutex::new(state) }
    }

    /// Takes back what was taken before a restart, oldest first: what was signed when, and when it came.
    pub fn remember(&self, before: impl IntoIterator<Item = (Timestamp, [u8; 32], Timestamp)>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (date, signature, seen_at) in before {
            state.keep((date.0, signature), seen_at.0, self.capacity);
        }
    }

    /// Takes a verified write, once. Tells whether it is the first: then it has to be written down.
    pub fn admit(&self, verified: Verified, now: Timestamp) -> Result<bool, SignError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(oldest) = state.seen.first_entry().filter(|oldest| oldest.key().0 < now.0 - WINDOW_MS) {
            // Kept in mind although it is too old anyway: the clock may go back.
            let (date, _) = *oldest.key();
            oldest.remove();
            state.forgotten = state.forgotten.max(date);
        }
        let key = (verified.date.0, verified.signature);
        if let Some(first) = state.seen.get(&key) {
            let is_repeat = verified.may_repeat && now.0.abs_diff(*first) <= REPEAT_MS.unsigned_abs();
            return if is_repeat { Ok(false) } else { Err(SignError::Replayed) };
        }
        if key.0 <= state.forgotten {
            return Err(SignError::Replayed);
        }
        state.keep(key, now.0, self.capacity);
        Ok(true)
    }
}

impl State {
    fn keep(&mut self, key: (i64, [u8; 32]), seen_at: i64, capacity: usize) {
        self.seen.insert(key, seen_at);
        if self.seen.len() > capacity
            && let Some(((date, _), _)) = self.seen.pop_first()
        {
            self.forgotten = self.forgotten.max(date);
        }
    }
}

impl Default for Replays {
    /// 36 signed writes a second for half an hour, in about 6 MB when full.
    fn default() -> Self {
        Self::new(65_536)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(second: i64, signature: u8) -> Verified {
        Verified { date: Timestamp(second * 1000), signature: [signature; 32], may_repeat: true }
    }

    #[test]
    fn a_write_is_taken_once() {
        let replays = Replays::default();
        let at = |second: i64| Timestamp(second * 1000);
        assert_eq!(replays.admit(verified(100, 1), at(100)), Ok(true));
        assert_eq!(replays.admit(verified(100, 2), at(100)), Ok(true), "another one of the same second");
        assert_eq!(replays.admit(verified(100, 1), at(101)), Ok(false), "the client's own second one");
        assert_eq!(replays.admit(verified(100, 1), at(103)), Err(SignError::Replayed));
        assert_eq!(replays.admit(verified(100, 1), at(900)), Err(SignError::Replayed));
        // What is forgotten because it is too old is not new again when the clock goes back.
        assert_eq!(replays.admit(verified(1100, 3), at(1100)), Ok(true));
        assert_eq!(replays.admit(verified(100, 1), at(500)), Err(SignError::Replayed));
    }

    #[test]
    fn bug_a_write_was_taken_twice_although_its_body_was_not_signed() {
        let replays = Replays::default();
        let unsigned = Verified { may_repeat: false, ..verified(100, 1) };
        assert_eq!(replays.admit(unsigned, Timestamp(100_000)), Ok(true));
        assert_eq!(replays.admit(unsigned, Timestamp(100_000)), Err(SignError::Replayed));
    }

    #[test]
    fn a_restart_forgets_nothing() {
        let replays = Replays::new(2);
        replays.remember([100, 101, 102].map(|second| (Timestamp(second * 1000), [1; 32], Timestamp(second * 1000))));
        for second in [100, 101, 102] {
            assert_eq!(replays.admit(verified(second, 1), Timestamp(110_000)), Err(SignError::Replayed), "{second}");
        }
        assert_eq!(replays.admit(verified(103, 1), Timestamp(110_000)), Ok(true));
    }

    #[test]
    fn without_room_it_refuses_the_old_and_never_accepts_one_twice() {
        let replays = Replays::new(3);
        for second in 0..10 {
            assert_eq!(replays.admit(verified(second, 1), Timestamp(second * 1000)), Ok(true));
        }
        assert_eq!(replays.state.lock().unwrap().seen.len(), 3);
        for second in 0..10 {
            assert_eq!(replays.admit(verified(second, 1), Timestamp(30_000)), Err(SignError::Replayed), "{second}");
        }
        assert_eq!(replays.admit(verified(10, 1), Timestamp(30_000)), Ok(true));
    }
}
