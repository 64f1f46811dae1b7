-- CI/CD variables of projects, namespaces and the instance. Values are sealed with the instance's key (`secrets`);
-- `owner` is the number of the project, the name of the namespace, or empty.
CREATE TABLE ci_variables (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_kind        TEXT    NOT NULL CHECK (owner_kind IN ('instance', 'namespace', 'project')),
    owner             TEXT    NOT NULL,
    key               TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    value             TEXT    NOT NULL,
    variable_type     TEXT    NOT NULL CHECK (variable_type IN ('env_var', 'file')),
    protected         INTEGER NOT NULL CHECK (protected IN (0, 1)),
    masked            INTEGER NOT NULL CHECK (masked IN (0, 1)),
    hidden            INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    raw               INTEGER NOT NULL CHECK (raw IN (0, 1)),
    environment_scope TEXT    NOT NULL,
    description       TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    UNIQUE (owner_kind, owner, key, environment_scope),
    CHECK (NOT hidden OR masked)
) STRICT;
