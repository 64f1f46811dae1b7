-- Delayed jobs, resource groups, interruptible jobs and what may end a run; artifacts that expire.
ALTER TABLE jobs ADD COLUMN start_in INTEGER;
ALTER TABLE jobs ADD COLUMN due_at INTEGER;
ALTER TABLE jobs ADD COLUMN resource_group TEXT;
ALTER TABLE jobs ADD COLUMN interruptible INTEGER NOT NULL DEFAULT 0 CHECK (interruptible IN (0, 1));
ALTER TABLE jobs ADD COLUMN artifacts_expire_at INTEGER;
CREATE INDEX jobs_by_expiry ON jobs (artifacts_expire_at) WHERE artifacts_expire_at IS NOT NULL;
CREATE INDEX jobs_due ON jobs (due_at) WHERE status = 'scheduled';
CREATE INDEX jobs_by_resource ON jobs (project_id, resource_group) WHERE resource_group IS NOT NULL
    AND status NOT IN ('success', 'failed', 'canceled', 'skipped', 'manual');

-- `workflow:auto_cancel` of the run, as JSON; NULL is the default.
ALTER TABLE runs ADD COLUMN auto_cancel TEXT;
CREATE INDEX runs_by_ref ON runs (pipeline_id, git_ref, id) WHERE sha <> '' AND finished_at IS NULL;

-- Groups of another mode than `unordered`.
CREATE TABLE resource_groups (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    mode       TEXT    NOT NULL CHECK (mode IN ('unordered', 'oldest_first', 'newest_first', 'newest_ready_first')),
    PRIMARY KEY (project_id, name)
) STRICT, WITHOUT ROWID;

-- Written to learn whether writing works.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;
