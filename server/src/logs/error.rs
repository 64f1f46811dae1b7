//! Why bytes were not taken.

use std::io;

/// Why bytes were not taken; fits after "failed to store the log: ". What was acknowledged before
/// is still there.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The bytes do not begin where the trace ends.
    #[error("{held} bytes are held, so the next piece begins there")]
    Gap {
        /// Bytes held: where to go on.
        held: u64,
    },
    /// The trace is complete.
    #[error("the log is complete")]
    Finished,
    /// The trace is not complete.
    #[error("the log is still being written")]
    NotFinished,
    /// A value stands there more often than can be written down.
    #[error("the value stands there more than a million times: erase the job instead")]
    TooManyPlaces,
    /// The trace would become larger than allowed.
    #[error("the log is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// The disk is full, or another fault of the file system.
    #[error("{}", describe(.0))]
    Io(#[from] io::Error),
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        _ => error.to_string(),
    }
}
