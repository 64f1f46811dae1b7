-- What runs are listed and filtered by, what is kept of the latest good run of a ref, and how long runs ran.

-- When the status changed last.
ALTER TABLE runs ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET updated_at = max(created_at, coalesce(started_at, 0), coalesce(finished_at, 0));
-- Milliseconds in which at least one of its jobs ran; as good as what is known of older runs.
ALTER TABLE runs ADD COLUMN ran INTEGER;
UPDATE runs SET ran = max(finished_at - started_at, 0) WHERE status IN ('success', 'failed', 'canceled', 'skipped');
CREATE INDEX runs_by_success ON runs (project_id, git_ref, id) WHERE status = 'success';
CREATE INDEX jobs_by_project ON jobs (project_id, id);

-- Whether the artifacts of the latest good run of each ref are kept beyond their time.
ALTER TABLE projects ADD COLUMN keep_latest INTEGER NOT NULL DEFAULT 1 CHECK (keep_latest IN (0, 1));
