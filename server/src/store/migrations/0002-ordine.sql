-- What only Ordine's dialect knows. A hand-made job is a record that scripts move; no runner ever
-- sees this table.

CREATE TABLE handmade_jobs (
    rank         INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 255),
    title        TEXT,
    kind         TEXT,
    parent       TEXT,
    pipeline     TEXT,
    project      TEXT,
    input_path   TEXT,
    status       TEXT    NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    result       TEXT,
    error        TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    started_at   INTEGER,
    completed_at INTEGER,
    version      INTEGER NOT NULL,
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CHECK (status <> 'failed' OR coalesce(error, '') <> '')
) STRICT;
CREATE INDEX handmade_by_status ON handmade_jobs (status, rank);
CREATE INDEX handmade_by_project ON handmade_jobs (project, rank);

CREATE TRIGGER handmade_transition BEFORE UPDATE OF status ON handmade_jobs
WHEN old.status IS NOT new.status AND NOT EXISTS (
    SELECT 1 FROM (VALUES
        ('pending', 'running'), ('pending', 'failed'), ('pending', 'cancelled'),
        ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'))
    WHERE column1 = old.status AND column2 = new.status)
BEGIN
    SELECT raise(ABORT, 'illegal transition of a hand-made job');
END;

-- One step that a node of a pipeline points at; `config` is kept as it was given.
CREATE TABLE operations (
    id          TEXT    PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How a pipeline was given: the project as the script called it, and the nodes and edges that its
-- definition was made from.
CREATE TABLE pipeline_origins (
    pipeline_id INTEGER PRIMARY KEY REFERENCES pipelines (id) ON DELETE CASCADE,
    project     TEXT,
    tags        TEXT    NOT NULL,
    graph       TEXT
) STRICT;

CREATE INDEX runs_by_external_project ON runs (external_project, id) WHERE external_project IS NOT NULL;
CREATE INDEX runs_by_project ON runs (project_id, id);
