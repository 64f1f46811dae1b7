//! Tokens of users, projects and triggers, known by their hash.

use model::{Error, ProjectId, Role, Timestamp, Token, TokenId, TokenKind, TokenScope, UserId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{StoreError, Tx, rows};

/// A token as it is recognised.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its number.
    pub id: TokenId,
    /// Its kind.
    pub kind: TokenKind,
    /// What it is for; none for triggers.
    pub scope: Option<TokenScope>,
    /// Whose it is.
    pub user_id: UserId,
    /// The user's name.
    pub user: String,
    /// Of which project.
    pub project: Option<ProjectId>,
    /// When it ends; `None` never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to some minutes.
    pub used_at: Option<Timestamp>,
    /// Whether somebody ended it.
    pub is_revoked: bool,
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<TokenKind> {
    Ok(match row.get_ref(column)?.as_str()? {
        "trigger" => TokenKind::Trigger,
        "project" => TokenKind::Project,
        _ => TokenKind::Personal,
    })
}

const fn word(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Personal => "personal",
        TokenKind::Project => "project",
        TokenKind::Trigger => "trigger",
    }
}

fn scope(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<TokenScope>> {
    Ok(row.get::<_, Option<String>>(column)?.and_then(|word| word.parse().ok()))
}

/// The token with this hash, of a user who is active. It may have expired or been revoked.
pub fn by_hash(conn: &Connection, hash: &[u8; 32]) -> Result<Option<Known>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT t.id, t.kind, t.scope, t.user_id, u.name, t.project_id, t.expires_at, t.used_at,
             t.revoked_at IS NOT NULL
         FROM tokens AS t JOIN users AS u ON u.id = t.user_id WHERE t.token_hash = ?1 AND u.is_active",
    )?;
    let known = query.query_row([hash.as_slice()], |row| {
        Ok(Known {
            id: TokenId(row.get(0)?),
            kind: kind(row, 1)?,
            scope: scope(row, 2)?,
            user_id: UserId(row.get(3)?),
            user: row.get(4)?,
            project: row.get::<_, Option<i64>>(5)?.map(ProjectId),
            expires_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
            used_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
            is_revoked: row.get(8)?,
        })
    });
    Ok(known.optional()?)
}

/// Whether a token is still there and good, and its user active.
pub fn is_good(conn: &Connection, id: TokenId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tokens AS t JOIN users AS u ON u.id = t.user_id
                   WHERE t.id = ?1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)
                       AND u.is_active)";
    Ok(conn.prepare_cached(sql)?.query_row((id.0, now.0), |row| row.get(0))?)
}

/// A token to be kept.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// Its kind.
    pub kind: TokenKind,
    /// Whose.
    pub user: UserId,
    /// Of which project.
    pub project: Option<ProjectId>,
    /// Its name.
    pub name: &'a str,
    /// What its owner says about it.
    pub description: Option<&'a str>,
    /// What it is for.
    pub scope: Option<TokenScope>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it is recognised by.
    pub hash: &'a [u8; 32],
    /// Its last characters.
    pub hint: &'a str,
}

/// Keeps a new token; a name that its owner has given already is a conflict, but for triggers, whose names describe them.
pub fn insert(tx: &mut Tx<'_>, new: &New<'_>) -> Result<TokenId, StoreError> {
    let taken: bool = tx.conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM tokens WHERE kind = ?1 AND kind <> 'trigger' AND name = ?2 AND project_id IS ?3
             AND (project_id IS NOT NULL OR user_id = ?4) AND (expires_at IS NULL OR expires_at > ?5) AND revoked_at IS NULL)",
        (word(new.kind), new.name, new.project.map(|id| id.0), new.user.0, tx.now.0),
        |row| row.get(0),
    )?;
    if taken {
        return Err(Error::conflict(format!("there is a token {:?} already", new.name)).into());
    }
    tx.conn
        .prepare_cached(
            "INSERT INTO tokens (kind, user_id, project_id, name, scope, token_hash, hint, created_at, expires_at,
                 description)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            word(new.kind),
            new.user.0,
            new.project.map(|id| id.0),
            new.name,
            new.scope.map(TokenScope::as_str),
            new.hash.as_slice(),
            new.hint,
            tx.now.0,
            new.expires_at.map(|at| at.0),
            new.description,
        ))?;
    Ok(TokenId(tx.conn.last_insert_rowid()))
}

/// Replaces what a token is recognised by.
pub fn replace(tx: &mut Tx<'_>, id: TokenId, hash: &[u8; 32], hint: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE tokens SET token_hash = ?2, hint = ?3, created_at = ?4, used_at = NULL, used_from = NULL WHERE id = ?1",
        )?
        .execute((id.0, hash.as_slice(), hint, tx.now.0))?;
    Ok(())
}

/// Gives one another name.
pub fn rename(tx: &mut Tx<'_>, id: TokenId, name: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE tokens SET name = ?2, updated_at = ?3 WHERE id = ?1")?
        .execute((id.0, name, tx.now.0))?;
    Ok(())
}

/// Table and column of the sealed texts of triggers: what they are bound to.
pub const PLACE: (&str, &str) = ("tokens", "sealed");

/// Keeps a token's text, sealed, beside its hash.
pub fn keep_text(tx: &mut Tx<'_>, id: TokenId, sealed: &str) -> Result<(), StoreError> {
    tx.conn.prepare_cached("UPDATE tokens SET sealed = ?2 WHERE id = ?1")?.execute((id.0, sealed))?;
    Ok(())
}

/// A token's text, sealed, where it was kept.
pub fn text_of(conn: &Connection, id: TokenId) -> Result<Option<String>, StoreError> {
    let mut query = conn.prepare_cached("SELECT sealed FROM tokens WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get(0))?)
}

/// When a token got another name, if it ever did.
pub fn renamed_at(conn: &Connection, id: TokenId) -> Result<Option<Timestamp>, StoreError> {
    let mut query = conn.prepare_cached("SELECT updated_at FROM tokens WHERE id = ?1")?;
    Ok(query.query_row([id.0], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp))
}

/// All sealed texts by row: for another key of the instance.
pub fn sealed(conn: &Connection) -> Result<Vec<(i64, String)>, StoreError> {
    let mut query = conn.prepare_cached("SELECT id, sealed FROM tokens WHERE sealed IS NOT NULL")?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// A project's triggers, the oldest first.
pub fn triggers_of(conn: &Connection, project: ProjectId) -> Result<Vec<(Token, UserId)>, StoreError> {
    let sql = format!("{COLUMNS} WHERE t.project_id = ?1 AND t.kind = 'trigger' ORDER BY t.id");
    Ok(conn.prepare_cached(&sql)?.query_map([project.0], token)?.collect::<Result<_, _>>()?)
}

/// Ends one that stays in its user's lists.
pub fn revoke(tx: &mut Tx<'_>, id: TokenId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")?
        .execute((id.0, tx.now.0))?;
    Ok(())
}

/// Ends one without a trace.
pub fn delete(tx: &mut Tx<'_>, id: TokenId) -> Result<(), StoreError> {
    tx.conn.prepare_cached("DELETE FROM tokens WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// Notes that it is used.
pub fn used(tx: &mut Tx<'_>, id: TokenId, from: Option<&str>) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("UPDATE tokens SET used_at = ?2, used_from = ?3 WHERE id = ?1")?
        .execute((id.0, tx.now.0, from))?;
    Ok(())
}

const COLUMNS: &str = "SELECT t.id, t.kind, t.name, t.scope, u.name, t.project_id, m.level, t.hint, t.created_at, \
     t.expires_at, t.used_at, t.used_from, t.user_id, t.description, t.revoked_at FROM tokens AS t JOIN users AS u ON u.id = t.user_id \
     LEFT JOIN members AS m ON t.kind = 'project' AND m.user_id = t.user_id AND m.project_id = t.project_id";

fn token(row: &Row<'_>) -> rusqlite::Result<(Token, UserId)> {
    let time = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
    let token = Token {
        id: TokenId(row.get(0)?),
        kind: kind(row, 1)?,
        name: row.get(2)?,
        scope: scope(row, 3)?,
        user: row.get(4)?,
        project_id: row.get::<_, Option<i64>>(5)?.map(ProjectId),
        role: row.get::<_, Option<i64>>(6)?.and_then(Role::of_member),
        hint: row.get(7)?,
        created_at: Timestamp(row.get(8)?),
        expires_at: time(9)?,
        used_at: time(10)?,
        used_from: row.get(11)?,
        description: row.get(13)?,
        revoked_at: time(14)?,
    };
    Ok((token, UserId(row.get(12)?)))
}

/// One token and whose it is.
pub fn get(conn: &Connection, id: TokenId) -> Result<Option<(Token, UserId)>, StoreError> {
    Ok(conn.prepare_cached(&format!("{COLUMNS} WHERE t.id = ?1"))?.query_row([id.0], token).optional()?)
}

/// The personal tokens of a user, or of everybody, those that ended included; the newest first.
pub fn personal(conn: &Connection, user: Option<UserId>) -> Result<Vec<(Token, UserId)>, StoreError> {
    let mut query = conn.prepare_cached(&format!(
        "{COLUMNS} WHERE t.kind = 'personal' AND (?1 IS NULL OR t.user_id = ?1) ORDER BY t.id DESC"
    ))?;
    Ok(query.query_map([user.map(|id| id.0)], token)?.collect::<Result<_, _>>()?)
}

/// A user's personal tokens, the newest first.
pub fn of_user(conn: &Connection, user: UserId) -> Result<Vec<Token>, StoreError> {
    let mut query = conn.prepare_cached(&format!(
        "{COLUMNS} WHERE t.user_id = ?1 AND t.kind = 'personal' AND t.revoked_at IS NULL ORDER BY t.id DESC"
    ))?;
    Ok(query.query_map([user.0], |row| Ok(token(row)?.0))?.collect::<Result<_, _>>()?)
}

/// A project's tokens and triggers, the newest first.
pub fn of_project(conn: &Connection, project: ProjectId) -> Result<Vec<Token>, StoreError> {
    let mut query = conn.prepare_cached(&format!("{COLUMNS} WHERE t.project_id = ?1 ORDER BY t.id DESC"))?;
    Ok(query.query_map([project.0], |row| Ok(token(row)?.0))?.collect::<Result<_, _>>()?)
}

/// Whose job a token is, while the job runs: the job, its project, and the name of who started it.
pub fn of_job(conn: &Connection, hash: &[u8; 32]) -> Result<Option<(model::JobId, ProjectId, String)>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT id, project_id, user FROM jobs INDEXED BY jobs_running
         WHERE token_hash = ?1 AND status IN ('running', 'canceling')",
    )?;
    let found = query
        .query_row([hash.as_slice()], |row| Ok((model::JobId(row.get(0)?), rows::id(row, 1, ProjectId)?, row.get(2)?)));
    Ok(found.optional()?)
}
