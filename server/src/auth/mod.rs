//! Who may do what: one table. Until there are accounts it has one row, the owner of a `--local`
//! server, who may do everything; the checks stand where they will stand later.

use model::{Caller, Error, Via};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See projects, pipelines, runs, jobs and traces.
    Read,
    /// Start, play, retry and cancel.
    Run,
    /// Make, change and delete projects and pipelines; delete runs.
    Maintain,
}

/// Whether `caller` may; the first line of every service method.
pub fn require(caller: &Caller, action: Action) -> Result<(), Error> {
    match (caller.via, action) {
        (Via::Local | Via::Token | Via::System, Action::Read | Action::Run | Action::Maintain)
        | (Via::ReadToken, Action::Read) => Ok(()),
        (Via::ReadToken, Action::Run | Action::Maintain) => {
            Err(Error::forbidden("this token may only read (scope read_api)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_token_only_reads() {
        let caller = Caller { user: "ada".into(), via: Via::ReadToken };
        assert!(require(&caller, Action::Read).is_ok());
        assert!(require(&caller, Action::Run).is_err());
        assert!(require(&caller, Action::Maintain).is_err());
    }
}
