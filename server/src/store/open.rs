//! Opening the database: settings and migrations.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::StoreError;

/// Numbered files, applied in order, each in a transaction. Never change one that was released.
fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("migrations/0001-foundation.sql")),
        M::up(include_str!("migrations/0002-ordine.sql")),
        M::up(include_str!("migrations/0003-claims.sql")),
        M::up(include_str!("migrations/0004-language.sql")).foreign_key_check(),
        M::up(include_str!("migrations/0005-variables.sql")),
    ])
}

/// The writing connection, with the schema up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    let mut conn = Connection::open(path)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // 16 MiB of log before the pages move: fewer, larger checkpoints.
    conn.pragma_update(None, "wal_autocheckpoint", 4096)?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    // What a savepoint may have to undo stays in memory: no file is made and deleted for it.
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // A table that is made anew must not take along what refers to it; the migration checks itself.
    conn.pragma_update(None, "foreign_keys", false)?;
    migrations().to_latest(&mut conn).map_err(|error| match error {
        rusqlite_migration::Error::MigrationDefinition(
            rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
        ) => StoreError::Newer,
        other => StoreError::Migration(other.to_string()),
    })?;
    settings(&conn)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(conn)
}

/// A reading connection.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    settings(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

fn settings(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -2000)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_sound() {
        migrations().validate().unwrap();
    }

    #[test]
    fn a_newer_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.db");
        writer(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(writer(&path), Err(StoreError::Newer)));
    }
}
