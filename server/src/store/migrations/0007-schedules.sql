-- Schedules, which start runs by the clock, and the text of triggers for who owns them.

CREATE TABLE schedules (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- As whom it starts runs; without one it starts none.
    owner_id     INTEGER REFERENCES users (id) ON DELETE SET NULL,
    description  TEXT    NOT NULL,
    -- Empty: the default branch.
    git_ref      TEXT    NOT NULL,
    -- The key is kept when the pipeline is deleted: then nothing starts, and the schedule says so.
    pipeline_key TEXT,
    cron         TEXT    NOT NULL,
    timezone     TEXT    NOT NULL,
    is_active    INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    -- A JSON object.
    inputs       TEXT    NOT NULL,
    -- A JSON list of variables, sealed; empty for none.
    variables    TEXT    NOT NULL DEFAULT '',
    next_run_at  INTEGER,
    -- What stood against its last run.
    failed_at    INTEGER,
    failure      TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    CHECK (is_active OR next_run_at IS NULL),
    CHECK ((failed_at IS NULL) = (failure IS NULL))
) STRICT;
CREATE INDEX schedules_by_project ON schedules (project_id);
CREATE INDEX schedules_by_time ON schedules (next_run_at) WHERE next_run_at IS NOT NULL;

-- The schedule that started a run, and what its jobs get to know of it. The schedule may be gone.
ALTER TABLE runs ADD COLUMN schedule_id INTEGER;
ALTER TABLE runs ADD COLUMN schedule_description TEXT;
CREATE INDEX runs_by_schedule ON runs (schedule_id, id) WHERE schedule_id IS NOT NULL;

-- The text of a trigger's token, sealed: GitLab's API shows it to its owner again. Triggers from before have none.
ALTER TABLE tokens ADD COLUMN sealed TEXT;
-- When somebody gave it another name.
ALTER TABLE tokens ADD COLUMN updated_at INTEGER;
