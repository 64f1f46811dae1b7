//! Opening the database: settings and migrations.

use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
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
        M::up(include_str!("migrations/0006-accounts.sql")),
        M::up(include_str!("migrations/0007-schedules.sql")),
        M::up(include_str!("migrations/0008-redactions.sql")),
        M::up(include_str!("migrations/0009-lists-of-runs.sql")),
        M::up(include_str!("migrations/0010-codearts.sql")),
        M::up(include_str!("migrations/0011-gitlab.sql")),
        M::up(include_str!("migrations/0012-choices.sql")),
        M::up(include_str!("migrations/0013-runners.sql")),
        M::up(include_str!("migrations/0014-days.sql")),
        M::up(include_str!("migrations/0015-paths.sql")),
        M::up(include_str!("migrations/0016-expired.sql")),
    ])
}

/// The writing connection, with the schema up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    private(path).map_err(StoreError::File)?;
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

/// Makes the file where it is missing, for its owner alone; SQLite gives those beside it the same rights.
fn private(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
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
    fn an_older_database_keeps_all_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.db");
        let mut old = Connection::open(&path).unwrap();
        old.pragma_update(None, "foreign_keys", true).unwrap();
        migrations().to_version(&mut old, 3).unwrap();
        old.execute_batch(
            "INSERT INTO projects (uid, path, created_at, version) VALUES ('p', 'me/shop', 1, 1);
             INSERT INTO pipelines (uid, key, project_id, name, description, created_at, updated_at, version)
                 VALUES ('k', 'shop', 1, 'Shop', '', 1, 1, 1);
             INSERT INTO runs (id, uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, status,
                 warnings, source, git_ref, is_tag, sha, commit_title, user, variables, created_at, version)
                 VALUES (7, 'r', 1, 'me/shop', 1, 'shop', 'Shop', 3, 'running', 0, 'web', '', 0, '', '', 'ada', '[]', 1, 1),
                        (9, 'gone', 1, 'me/shop', 1, 'shop', 'Shop', 4, 'running', 0, 'web', '', 0, '', '', 'ada', '[]', 1, 1);
             DELETE FROM runs WHERE id = 9;
             INSERT INTO stages VALUES (7, 0, 'test', 'running', 0);
             INSERT INTO job_specs VALUES (7, 0, '{}');
             INSERT INTO jobs (uid, run_id, project_id, position, name, stage, stage_index, status, reason, job_when,
                 allow_failure, attempt, user, timeout, created_at, version)
                 VALUES ('j', 7, 1, 0, 'one', 'test', 0, 'pending', '{}', 'on_success', 0, 1, 'ada', 60, 1, 1);",
        )
        .unwrap();
        drop(old);
        let conn = writer(&path).unwrap();
        let kept: (i64, i64, i64, i64) = conn
            .query_row(
                "SELECT (SELECT count(*) FROM runs WHERE id = 7 AND number = 3), (SELECT count(*) FROM stages),
                     (SELECT count(*) FROM job_specs), (SELECT count(*) FROM jobs WHERE kind = 'build')",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(kept, (1, 1, 1, 1));
        // A number that was given once is never given again, and what hangs on a run still goes with it.
        conn.execute_batch(
            "INSERT INTO runs (uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, status, warnings,
                 source, git_ref, is_tag, sha, commit_title, user, variables, created_at, version)
                 VALUES ('n', 1, 'me/shop', 1, 'shop', 'Shop', 5, 'running', 0, 'parent_pipeline', '', 0, '', '', 'ada', '[]', 1, 1)",
        )
        .unwrap();
        assert_eq!(conn.last_insert_rowid(), 10);
        conn.execute("DELETE FROM runs WHERE id = 7", []).unwrap();
        let left: i64 = conn.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    #[test]
    fn numbers_of_days_go_on_in_a_newer_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.db");
        let mut old = Connection::open(&path).unwrap();
        migrations().to_version(&mut old, 13).unwrap();
        // Number 3 of the second day is that of a run that was deleted.
        old.execute_batch(
            "INSERT INTO projects (uid, path, created_at, version) VALUES ('p', 'me/shop', 1, 1);
             INSERT INTO pipelines (uid, key, project_id, name, description, created_at, updated_at, version, day, day_number)
                 VALUES ('k', 'shop', 1, 'Shop', '', 1, 1, 1, 20260306, 3), ('n', 'new', 1, 'New', '', 1, 1, 1, 0, 0);
             INSERT INTO runs (uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, status,
                 warnings, source, git_ref, is_tag, sha, commit_title, user, variables, created_at, version, day, day_number)
                 SELECT column1, 1, 'me/shop', 1, 'shop', 'Shop', 1, 'running', 0, 'web', '', 0, '', '', 'ada', '[]', 1, 1,
                     column2, column3 FROM (VALUES ('a', 20260305, 1), ('b', 20260305, 2), ('c', 20260306, 2));",
        )
        .unwrap();
        drop(old);
        let conn = writer(&path).unwrap();
        let mut query = conn.prepare("SELECT * FROM run_days ORDER BY day").unwrap();
        let kept = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let kept: Vec<(i64, i64, i64)> = kept.map(Result::unwrap).collect();
        assert_eq!(kept, [(1, 20_260_305, 2), (1, 20_260_306, 3)]);
    }

    #[test]
    fn the_database_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.db");
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        for before in [None, Some(0o644)] {
            if let Some(mode) = before {
                std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            }
            let conn = writer(&path).unwrap();
            conn.execute_batch("CREATE TABLE IF NOT EXISTS x (y); INSERT INTO x VALUES (1)").unwrap();
            assert_eq!([mode("weir.db"), mode("weir.db-wal"), mode("weir.db-shm")], [0o600; 3]);
        }
    }

    #[test]
    fn a_newer_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.db");
        writer(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(writer(&path), Err(StoreError::Newer)));
    }
}
