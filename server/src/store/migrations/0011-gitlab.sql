-- What GitLab's API tells and changes of projects, namespaces, runners, tokens and environments.

-- Namespaces by number. One is there as long as a project is below it; a number is never given twice.
CREATE TABLE namespaces (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    path       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO namespaces (path, created_at)
    WITH RECURSIVE part (path, at, created_at) AS (
        SELECT path, instr(path, '/'), created_at FROM projects
        UNION
        SELECT path, at + instr(substr(path, at + 1), '/'), created_at FROM part WHERE instr(substr(path, at + 1), '/') > 0)
    SELECT substr(path, 1, at - 1), min(created_at) FROM part WHERE at > 1 GROUP BY 1 ORDER BY 2, 1;

ALTER TABLE projects ADD COLUMN namespace_id INTEGER NOT NULL DEFAULT 0;
UPDATE projects SET namespace_id = (SELECT n.id FROM namespaces AS n
    WHERE substr(projects.path, 1, length(n.path) + 1) = n.path || '/' ORDER BY length(n.path) DESC LIMIT 1);

-- NULL is "as the repository has it", or GitLab's usual.
ALTER TABLE projects ADD COLUMN name TEXT;
ALTER TABLE projects ADD COLUMN description TEXT;
ALTER TABLE projects ADD COLUMN default_branch TEXT;
ALTER TABLE projects ADD COLUMN config_path TEXT;
ALTER TABLE projects ADD COLUMN timeout INTEGER NOT NULL DEFAULT 3600 CHECK (timeout BETWEEN 600 AND 2592000);
ALTER TABLE projects ADD COLUMN git_depth INTEGER NOT NULL DEFAULT 20 CHECK (git_depth BETWEEN 0 AND 1000);
ALTER TABLE projects ADD COLUMN auto_cancel INTEGER NOT NULL DEFAULT 1 CHECK (auto_cancel IN (0, 1));
ALTER TABLE projects ADD COLUMN shared_runners INTEGER NOT NULL DEFAULT 1 CHECK (shared_runners IN (0, 1));
-- When somebody changed it, or something in it was made.
ALTER TABLE projects ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE projects SET updated_at = created_at;
ALTER TABLE projects ADD COLUMN creator_id INTEGER REFERENCES users (id);
UPDATE projects SET creator_id = (SELECT users.id FROM audit JOIN users ON users.name = audit.user
    WHERE audit.action = 'project.create' AND audit.project_id = projects.id ORDER BY audit.id LIMIT 1);

-- A token that was ended stays in the lists of its user; what it is recognised by stays too, so that its end can be told.
ALTER TABLE tokens ADD COLUMN description TEXT;
ALTER TABLE tokens ADD COLUMN revoked_at INTEGER;

ALTER TABLE runners ADD COLUMN locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1));
ALTER TABLE runners ADD COLUMN maximum_timeout INTEGER CHECK (maximum_timeout >= 600);
ALTER TABLE runners ADD COLUMN note TEXT;
-- Projects beyond its own that a project's runner was lent to.
CREATE TABLE runner_projects (
    runner_id  INTEGER NOT NULL REFERENCES runners (id) ON DELETE CASCADE,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (runner_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX runner_projects_by_project ON runner_projects (project_id);
-- The processes that take jobs with a runner's token. Written when one comes, changes, or comes again after hours.
CREATE TABLE runner_managers (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    runner_id    INTEGER NOT NULL REFERENCES runners (id) ON DELETE CASCADE,
    system_id    TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    revision     TEXT    NOT NULL,
    platform     TEXT    NOT NULL,
    architecture TEXT    NOT NULL,
    address      TEXT,
    created_at   INTEGER NOT NULL,
    contacted_at INTEGER NOT NULL,
    UNIQUE (runner_id, system_id)
) STRICT;
CREATE INDEX jobs_by_runner ON jobs (runner_id, id) WHERE runner_id IS NOT NULL;

ALTER TABLE environments ADD COLUMN description TEXT;
