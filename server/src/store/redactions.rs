//! Blanking: of logs, where it was decided and is not done yet (where the value stands, and never the value), and of
//! what else a job is listed with.

use model::event::Change;
use model::{Job, JobId, ProjectId, Reason};
use rusqlite::Connection;

use super::{StoreError, Tx, environments, jobs, rows};

/// One log that is to be blanked.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its number.
    pub id: i64,
    /// Whose log.
    pub job: JobId,
    /// Where.
    pub places: Vec<u8>,
    /// What the log says of it in the end.
    pub line: String,
}

/// Notes that a log is to be blanked.
pub fn insert(tx: &mut Tx<'_>, job: JobId, places: &[u8], line: &str) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("INSERT INTO redactions (job_id, places, line) VALUES (?1, ?2, ?3)")?
        .execute((job.0, places, line))?;
    Ok(())
}

/// The next that is to be done behind this one.
pub fn next(conn: &Connection, after: i64) -> Result<Option<Due>, StoreError> {
    let mut query =
        conn.prepare_cached("SELECT id, job_id, places, line FROM redactions WHERE id > ?1 ORDER BY id LIMIT 1")?;
    let mut rows = query.query_map([after], |row| {
        Ok(Due { id: row.get(0)?, job: JobId(row.get(1)?), places: row.get(2)?, line: row.get(3)? })
    })?;
    Ok(rows.next().transpose()?)
}

/// Notes that it is done.
pub fn done(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.conn.prepare_cached("DELETE FROM redactions WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The words of a job that are its runner's: names of what it left, and why it failed.
fn words(job: &mut Job) -> impl Iterator<Item = &mut String> {
    let detail = match &mut job.reason {
        Reason::Failed { detail, .. } => detail.as_mut(),
        _ => None,
    };
    job.artifacts.iter_mut().map(|artifact| &mut artifact.filename).chain(detail)
}

/// Jobs of a project that have ended and may have, in what they are listed with, what `is_wanted`.
pub fn candidates(
    conn: &Connection,
    project: ProjectId,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<JobId>, StoreError> {
    let mut query = conn.prepare_cached(
        "SELECT j.id, j.artifacts || j.reason || coalesce(d.url, '') || coalesce(e.external_url, '') FROM jobs j
             LEFT JOIN deployments d ON d.job_id = j.id LEFT JOIN environments e ON e.id = d.environment_id
             WHERE j.run_id IN (SELECT id FROM runs WHERE project_id = ?1) AND j.finished_at IS NOT NULL",
    )?;
    let mut rows = query.query([project.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if is_wanted(row.get_ref(1)?.as_str().unwrap_or_default()) {
            found.push(JobId(row.get(0)?));
        }
    }
    Ok(found)
}

/// Puts what `blanked` gives, if it does, in the place of each text that a job is listed with; gives how many it were, and
/// `None` of a job that is gone.
pub fn blank_texts(
    tx: &mut Tx<'_>,
    id: JobId,
    blanked: impl Fn(&str) -> Option<String>,
) -> Result<Option<u64>, StoreError> {
    let Some(mut job) = jobs::get(tx.conn, id)? else { return Ok(None) };
    let blank = |job: &mut Job| {
        let mut count = 0;
        for text in words(job) {
            if let Some(blank) = blanked(text) {
                (*text, count) = (blank, count + 1);
            }
        }
        count
    };
    let mut count = blank(&mut job);
    if count > 0 {
        // What streams are told again of how it was.
        let mut query = tx.conn.prepare_cached("SELECT seq, change FROM events WHERE run_id = ?1")?;
        let told = query.query_map([job.run_id.0], |row| Ok((row.get(0)?, rows::json::<Change>(row, 1)?)))?;
        let told: Vec<(i64, Change)> = told.collect::<Result<_, _>>()?;
        for (seq, mut change) in told {
            if let Change::Job(was) = &mut change
                && was.id == id
                && blank(was) > 0
            {
                let json = serde_json::to_string(&change)?;
                tx.conn.prepare_cached("UPDATE events SET change = ?2 WHERE seq = ?1")?.execute((seq, json))?;
            }
        }
        jobs::set_words(tx, &job)?;
    }
    if let Some(blank) = environments::url(tx.conn, id)?.and_then(|url| blanked(&url)) {
        environments::set_url(tx, id, &blank)?;
        count += 1;
    }
    if let Some(mut environment) = environments::of_deployment(tx.conn, id)?
        && let Some(blank) = environment.external_url.as_deref().and_then(&blanked)
    {
        environment.external_url = Some(blank);
        environments::update(tx, &environment)?;
        count += 1;
    }
    Ok(Some(count))
}
