//! Personal tokens, known by their hash.

use model::{Error, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, Tx};

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that its user may.
    Api,
    /// Only reading.
    ReadApi,
}

impl Scope {
    /// The word in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ReadApi => "read_api",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Api, Self::ReadApi].into_iter().find(|scope| scope.as_str() == word).ok_or(())
    }
}

/// A token as it is recognised.
#[derive(Clone, Debug)]
pub struct Token {
    /// Whose it is.
    pub user: String,
    /// What it is for.
    pub scope: Scope,
    /// When it ends; `None` never.
    pub expires_at: Option<Timestamp>,
}

/// The token with this hash.
pub fn by_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Token>, StoreError> {
    let found = conn.prepare_cached("SELECT user, scope, expires_at FROM tokens WHERE token_hash = ?1")?.query_row(
        [hash.as_slice()],
        |row| {
            let scope = if row.get_ref(1)?.as_str()? == "api" { Scope::Api } else { Scope::ReadApi };
            Ok(Token { user: row.get(0)?, scope, expires_at: row.get::<_, Option<i64>>(2)?.map(Timestamp) })
        },
    );
    Ok(found.optional()?)
}

/// Keeps a new token; a name that its user has given already is a conflict.
pub fn insert(tx: &mut Tx<'_>, name: &str, token: &Token, hash: &[u8; 32]) -> Result<(), StoreError> {
    let taken: bool = tx.conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM tokens WHERE user = ?1 AND name = ?2)",
        (&token.user, name),
        |row| row.get(0),
    )?;
    if taken {
        return Err(Error::conflict(format!("{} has a token {name:?} already", token.user)).into());
    }
    tx.conn.execute(
        "INSERT INTO tokens (user, name, scope, token_hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (&token.user, name, token.scope.as_str(), hash.as_slice(), tx.now.0, token.expires_at.map(|at| at.0)),
    )?;
    Ok(())
}
