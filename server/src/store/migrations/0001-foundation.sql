-- Times are milliseconds since 1970 (UTC). `version` is the seq of the last visible change.

CREATE TABLE projects (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uid        TEXT    NOT NULL UNIQUE,
    path       TEXT    NOT NULL UNIQUE,
    source     TEXT,
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;

CREATE TABLE pipelines (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    uid         TEXT    NOT NULL UNIQUE,
    key         TEXT    NOT NULL UNIQUE,
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    definition  TEXT,
    next_number INTEGER NOT NULL DEFAULT 1,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT;
CREATE INDEX pipelines_by_project ON pipelines (project_id);

CREATE TABLE runs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    uid              TEXT    NOT NULL UNIQUE,
    project_id       INTEGER NOT NULL REFERENCES projects (id),
    project_path     TEXT    NOT NULL,
    pipeline_id      INTEGER REFERENCES pipelines (id) ON DELETE SET NULL,
    pipeline_key     TEXT    NOT NULL,
    pipeline_name    TEXT    NOT NULL,
    number           INTEGER NOT NULL CHECK (number > 0),
    status           TEXT    NOT NULL CHECK (status IN ('created', 'waiting_for_resource', 'preparing', 'pending', 'running',
                             'canceling', 'success', 'failed', 'canceled', 'skipped', 'manual', 'scheduled')),
    warnings         INTEGER NOT NULL CHECK (warnings IN (0, 1)),
    source           TEXT    NOT NULL CHECK (source IN ('web', 'api')),
    git_ref          TEXT    NOT NULL,
    is_tag           INTEGER NOT NULL CHECK (is_tag IN (0, 1)),
    sha              TEXT    NOT NULL,
    commit_title     TEXT    NOT NULL,
    user             TEXT    NOT NULL,
    input_path       TEXT,
    external_project TEXT,
    variables        TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER,
    version          INTEGER NOT NULL,
    CHECK (status NOT IN ('success', 'failed', 'canceled') OR finished_at IS NOT NULL)
) STRICT;
CREATE INDEX runs_by_pipeline ON runs (pipeline_id, id);
CREATE INDEX runs_by_key ON runs (pipeline_key, id);
CREATE INDEX runs_by_status ON runs (status, id);

CREATE TABLE stages (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    idx      INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    status   TEXT    NOT NULL,
    warnings INTEGER NOT NULL CHECK (warnings IN (0, 1)),
    PRIMARY KEY (run_id, idx)
) STRICT, WITHOUT ROWID;

-- What the plan says of a job, shared by all attempts at it.
CREATE TABLE job_specs (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    spec     TEXT    NOT NULL,
    PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE runners (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    uid            TEXT    NOT NULL UNIQUE,
    run_id         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    project_id     INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    stage          TEXT    NOT NULL,
    stage_index    INTEGER NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('created', 'waiting_for_resource', 'preparing', 'pending', 'running',
                           'canceling', 'success', 'failed', 'canceled', 'skipped', 'manual', 'scheduled')),
    reason         TEXT    NOT NULL,
    job_when       TEXT    NOT NULL,
    allow_failure  INTEGER NOT NULL CHECK (allow_failure IN (0, 1)),
    needs          TEXT,
    attempt        INTEGER NOT NULL CHECK (attempt > 0),
    retried        INTEGER NOT NULL DEFAULT 0 CHECK (retried IN (0, 1)),
    failure_reason TEXT,
    exit_code      INTEGER,
    user           TEXT    NOT NULL,
    variables      TEXT    NOT NULL DEFAULT '[]',
    runner_id      INTEGER REFERENCES runners (id),
    runner         TEXT,
    system_id      TEXT,
    graceful       INTEGER NOT NULL DEFAULT 0 CHECK (graceful IN (0, 1)),
    token_hash     BLOB,
    timeout        INTEGER NOT NULL CHECK (timeout > 0),
    artifacts      TEXT    NOT NULL DEFAULT '[]',
    created_at     INTEGER NOT NULL,
    queued_at      INTEGER,
    started_at     INTEGER,
    finished_at    INTEGER,
    erased_at      INTEGER,
    version        INTEGER NOT NULL,
    CHECK ((status = 'failed') = (failure_reason IS NOT NULL)),
    CHECK (status NOT IN ('success', 'failed', 'canceled') OR finished_at IS NOT NULL),
    CHECK (status NOT IN ('running', 'canceling') OR token_hash IS NOT NULL),
    UNIQUE (run_id, position, attempt)
) STRICT;
CREATE INDEX jobs_pending ON jobs (id) WHERE status = 'pending';
CREATE INDEX jobs_running ON jobs (id) WHERE status IN ('running', 'canceling');

-- The edges of the status machine (model::Status::can_become), checked where the state is kept.
CREATE TRIGGER jobs_transition BEFORE UPDATE OF status ON jobs
WHEN old.status IS NOT new.status AND NOT EXISTS (
    SELECT 1 FROM (VALUES
        ('created', 'pending'), ('created', 'manual'), ('created', 'scheduled'), ('created', 'skipped'),
        ('created', 'waiting_for_resource'), ('created', 'preparing'), ('created', 'canceled'),
        ('manual', 'pending'), ('manual', 'waiting_for_resource'), ('manual', 'skipped'), ('manual', 'canceled'), ('manual', 'created'),
        ('scheduled', 'pending'), ('scheduled', 'waiting_for_resource'), ('scheduled', 'manual'), ('scheduled', 'canceled'),
        ('waiting_for_resource', 'pending'), ('waiting_for_resource', 'preparing'), ('waiting_for_resource', 'canceled'),
        ('preparing', 'pending'), ('preparing', 'failed'), ('preparing', 'canceled'),
        ('pending', 'running'), ('pending', 'canceled'), ('pending', 'failed'), ('pending', 'created'),
        ('running', 'success'), ('running', 'failed'), ('running', 'canceling'), ('running', 'canceled'),
        ('canceling', 'canceled'), ('canceling', 'failed'),
        ('skipped', 'created'))
    WHERE column1 = old.status AND column2 = new.status)
BEGIN
    SELECT raise(ABORT, 'illegal transition of a job');
END;

-- One row per committed visible change, with the object as it was then; kept for a window.
CREATE TABLE events (
    seq    INTEGER PRIMARY KEY,
    run_id INTEGER,
    change TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run_id, seq);

-- Personal tokens: only what is needed to recognise one.
CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    scope      TEXT    NOT NULL CHECK (scope IN ('api', 'read_api')),
    token_hash BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    UNIQUE (user, name)
) STRICT;
