-- Blanking of logs that was decided and is not done yet: finished at the next start when the server ends in the middle.
CREATE TABLE redactions (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    -- Where the value stands, and never the value: offset and length of each place.
    places BLOB    NOT NULL,
    -- What the log says of it in the end.
    line   TEXT    NOT NULL
) STRICT;
CREATE INDEX redactions_by_job ON redactions (job_id);
