//! What somebody who deletes a thing knows of it.

use model::{Cause, Error, Timestamp};

/// When the client last saw what it deletes, to the second; by default it does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastSeen(Option<i64>);

impl LastSeen {
    /// Then, in seconds.
    pub fn at(seconds: i64) -> Self {
        Self(Some(seconds))
    }

    /// Refuses when it changed after that. Asked in the transaction that deletes: nothing can come between.
    pub(super) fn holds(self, changed_at: Timestamp) -> Result<(), Error> {
        match self.0 {
            Some(seconds) if changed_at.seconds() > seconds => {
                Err(Error::conflict("it was changed since it was seen").about(Cause::Changed))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_the_same_second_is_none() {
        let seen = LastSeen::at(7);
        assert_eq!(seen.holds(Timestamp(7999)), Ok(()));
        assert_eq!(seen.holds(Timestamp(8000)).unwrap_err().cause, Some(Cause::Changed));
        assert_eq!(LastSeen::default().holds(Timestamp(i64::MAX)), Ok(()));
    }
}
