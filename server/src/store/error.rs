//! What can go wrong in the store.

use model::Error;

/// A failed read or write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own error.
    #[error("the database said: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored JSON text cannot be read back.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A rule of the service, broken inside the transaction, which is rolled back.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The database was made by a newer version.
    #[error("the data folder was written by a newer version of weir; use that version or a backup")]
    Newer,
    /// A migration failed.
    #[error("the database could not be brought up to date: {0}")]
    Migration(String),
    /// The batch that the write was part of could not be committed; nothing of it happened.
    #[error("the transaction could not be committed: {message}")]
    Commit {
        /// SQLite's words.
        message: String,
        /// Whether the disk (or the quota) is full.
        full: bool,
    },
    /// The file cannot be made or opened.
    #[error("the database cannot be opened: {0}")]
    File(std::io::Error),
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the disk (or the quota) is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(e) => e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Commit { full, .. } => *full,
            _ => false,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refused) => refused,
            full if full.is_full() => Error::unavailable("the disk is full; nothing was changed"),
            StoreError::Closed => Error::unavailable("the server is shutting down"),
            other => {
                tracing::error!(error = %other, "the store failed");
                Error::internal("internal error")
            }
        }
    }
}
