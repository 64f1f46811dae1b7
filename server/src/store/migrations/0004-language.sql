-- Child runs, environments, tags, tests and coverage. `runs` is made anew: its list of sources was too short.

CREATE TABLE runs_new (
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
    source           TEXT    NOT NULL CHECK (source IN ('web', 'api', 'push', 'trigger', 'schedule', 'parent_pipeline', 'pipeline')),
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
    -- `workflow:auto_cancel`, as JSON; NULL is the default.
    auto_cancel      TEXT,
    -- `workflow:name`.
    name             TEXT,
    -- What jobs get to know of the commit beyond its title, as JSON.
    commit_details   TEXT,
    -- What started a child run: the job and its run.
    parent_run_id    INTEGER,
    parent_job_id    INTEGER,
    CHECK (status NOT IN ('success', 'failed', 'canceled') OR finished_at IS NOT NULL),
    CHECK ((parent_run_id IS NULL) = (parent_job_id IS NULL))
) STRICT;
INSERT INTO runs_new (id, uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, status, warnings,
    source, git_ref, is_tag, sha, commit_title, user, input_path, external_project, variables, created_at, started_at,
    finished_at, version, auto_cancel)
SELECT id, uid, project_id, project_path, pipeline_id, pipeline_key, pipeline_name, number, status, warnings,
    source, git_ref, is_tag, sha, commit_title, user, input_path, external_project, variables, created_at, started_at,
    finished_at, version, auto_cancel FROM runs;
-- Ids that were given once are never given again.
DELETE FROM sqlite_sequence WHERE name = 'runs_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'runs_new', seq FROM sqlite_sequence WHERE name = 'runs';
DROP TABLE runs;
ALTER TABLE runs_new RENAME TO runs;
CREATE INDEX runs_by_pipeline ON runs (pipeline_id, id);
CREATE INDEX runs_by_key ON runs (pipeline_key, id);
CREATE INDEX runs_by_status ON runs (status, id);
CREATE INDEX runs_by_external_project ON runs (external_project, id) WHERE external_project IS NOT NULL;
CREATE INDEX runs_by_project ON runs (project_id, id);
CREATE INDEX runs_by_ref ON runs (pipeline_id, git_ref, id) WHERE sha <> '' AND finished_at IS NULL;
CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;

-- A bridge starts a child run instead of a script. `tags` and `tests` are JSON; `coverage` is in percent,
-- `coverage_pattern` finds it in the log; `dotenv` are the variables that the job hands on.
ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'build' CHECK (kind IN ('build', 'bridge'));
ALTER TABLE jobs ADD COLUMN child_run_id INTEGER;
ALTER TABLE jobs ADD COLUMN tags TEXT;
ALTER TABLE jobs ADD COLUMN environment TEXT;
ALTER TABLE jobs ADD COLUMN confirmation TEXT;
ALTER TABLE jobs ADD COLUMN coverage REAL;
ALTER TABLE jobs ADD COLUMN coverage_pattern TEXT;
ALTER TABLE jobs ADD COLUMN tests TEXT;
ALTER TABLE jobs ADD COLUMN dotenv TEXT;
CREATE INDEX jobs_by_child ON jobs (child_run_id) WHERE child_run_id IS NOT NULL;
CREATE INDEX jobs_bridges ON jobs (id) WHERE kind = 'bridge' AND status = 'pending';

-- What a runner takes: jobs whose tags it has all, and those without any when it wants them.
ALTER TABLE runners ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runners ADD COLUMN run_untagged INTEGER NOT NULL DEFAULT 1 CHECK (run_untagged IN (0, 1));

CREATE TABLE environments (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    slug         TEXT    NOT NULL,
    tier         TEXT    NOT NULL CHECK (tier IN ('production', 'staging', 'testing', 'development', 'other')),
    state        TEXT    NOT NULL CHECK (state IN ('available', 'stopping', 'stopped')),
    external_url TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE deployments (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id     INTEGER NOT NULL,
    number         INTEGER NOT NULL CHECK (number > 0),
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    job_id         INTEGER NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE,
    run_id         INTEGER NOT NULL,
    status         TEXT    NOT NULL,
    -- The address as far as it is known before the job ends, and the job that takes the environment down.
    url            TEXT,
    on_stop        TEXT,
    created_at     INTEGER NOT NULL,
    finished_at    INTEGER,
    UNIQUE (project_id, number)
) STRICT;
CREATE INDEX deployments_by_environment ON deployments (environment_id, id);

-- Resource groups get a row when a job first names them; until now only other modes than `unordered` had one,
-- and nobody could set those.
DROP TABLE resource_groups;
CREATE TABLE resource_groups (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    mode       TEXT    NOT NULL DEFAULT 'unordered' CHECK (mode IN ('unordered', 'oldest_first', 'newest_first', 'newest_ready_first')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
