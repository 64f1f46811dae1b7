-- Users, their logins and tokens, memberships, who sees a project, and the audit log. `tokens` is made anew: a token
-- belongs to a user now, and there are those of projects and triggers.

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uid        TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    -- The name in lower case: two names that differ in case only are one.
    key        TEXT    NOT NULL UNIQUE,
    full_name  TEXT    NOT NULL,
    email      TEXT,
    -- PHC string of Argon2id.
    password   TEXT,
    is_admin   INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1)),
    -- Stands for a project's token and not for a person.
    is_bot     INTEGER NOT NULL DEFAULT 0 CHECK (is_bot IN (0, 1)),
    is_active  INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER,
    CHECK (NOT (is_bot AND (is_admin OR password IS NOT NULL)))
) STRICT;

-- Links by which a password is set, once.
CREATE TABLE password_links (
    hash       BLOB    PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB    NOT NULL UNIQUE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT,
    agent      TEXT
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

-- A role at a project, or at a namespace and all below it.
CREATE TABLE members (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    namespace  TEXT,
    level      INTEGER NOT NULL CHECK (level IN (10, 20, 30, 40, 50)),
    created_at INTEGER NOT NULL,
    CHECK ((project_id IS NULL) <> (namespace IS NULL))
) STRICT;
CREATE UNIQUE INDEX members_of_projects ON members (project_id, user_id) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX members_of_namespaces ON members (namespace, user_id) WHERE namespace IS NOT NULL;
CREATE INDEX members_by_user ON members (user_id);

ALTER TABLE projects ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'internal', 'public'));
-- Whether whoever sees the project sees its runs and logs too.
ALTER TABLE projects ADD COLUMN public_jobs INTEGER NOT NULL DEFAULT 1 CHECK (public_jobs IN (0, 1));
ALTER TABLE projects ADD COLUMN protect_default INTEGER NOT NULL DEFAULT 1 CHECK (protect_default IN (0, 1));
-- A JSON list of {is_tag, pattern}.
ALTER TABLE projects ADD COLUMN protected_refs TEXT NOT NULL DEFAULT '[]';

-- Whoever had a token before there were accounts could do everything: the server trusted its machine.
INSERT INTO users (uid, name, key, full_name, is_admin, created_at)
    SELECT lower(hex(randomblob(16))), user, lower(user), user, 1, min(created_at) FROM tokens GROUP BY lower(user);

CREATE TABLE tokens_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('personal', 'project', 'trigger')),
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    scope      TEXT    CHECK (scope IN ('api', 'read_api')),
    token_hash BLOB    NOT NULL UNIQUE,
    -- Its last characters.
    hint       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at    INTEGER,
    used_from  TEXT,
    CHECK ((kind = 'trigger') = (scope IS NULL)),
    CHECK ((kind = 'personal') = (project_id IS NULL))
) STRICT;
INSERT INTO tokens_new (id, kind, user_id, name, scope, token_hash, hint, created_at, expires_at)
    SELECT tokens.id, 'personal', users.id, tokens.name, scope, token_hash, '', tokens.created_at, expires_at
    FROM tokens JOIN users ON users.key = lower(tokens.user);
DROP TABLE tokens;
ALTER TABLE tokens_new RENAME TO tokens;
CREATE INDEX tokens_by_user ON tokens (user_id);
CREATE INDEX tokens_by_project ON tokens (project_id) WHERE project_id IS NOT NULL;

-- A runner is for all projects or for one; it may be paused, and it may be for protected refs alone.
ALTER TABLE runners ADD COLUMN project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE;
ALTER TABLE runners ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
ALTER TABLE runners ADD COLUMN protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1));
ALTER TABLE runners ADD COLUMN created_by TEXT;
-- Whether the run is one of a protected ref, as it was when the run was made.
ALTER TABLE runs ADD COLUMN protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1));

-- Pairs of keys that requests are signed with. The secret key signs directly, so it is sealed and not hashed.
CREATE TABLE access_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    access     TEXT    NOT NULL UNIQUE,
    secret     TEXT    NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE INDEX access_keys_by_user ON access_keys (user_id);

-- Who did what. Written in the transaction of what it records, never changed.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    user       TEXT,
    via        TEXT    NOT NULL,
    address    TEXT,
    action     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    project_id INTEGER,
    namespace  TEXT,
    -- A JSON list of {field, before, after}.
    changes    TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_by_project ON audit (project_id, id);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_written_once BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id)
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;

-- Who opened which log, the last time: asked for when a secret turns out to have leaked.
CREATE TABLE trace_views (
    job_id  INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    viewer  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (job_id, viewer)
) STRICT, WITHOUT ROWID;
