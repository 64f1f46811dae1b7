-- What CodeArts' interface adds: pipelines that start no runs, a count of runs per day, and what was signed.

ALTER TABLE pipelines ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1));
-- Who made it; NULL where that was not kept.
ALTER TABLE pipelines ADD COLUMN creator TEXT;
UPDATE pipelines SET creator = (
    SELECT user FROM audit WHERE action = 'pipeline.create' AND audit.project_id = pipelines.project_id
        AND target = 'pipeline ' || pipelines.key || ' of ' || (SELECT path FROM projects WHERE id = pipelines.project_id) ORDER BY id DESC LIMIT 1);

-- The day of a run where the server is (20260305), and which of its pipeline's runs of that day it is. `pipelines` has
-- the last of both, so that a number that was given once is not given again.
ALTER TABLE pipelines ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pipelines ADD COLUMN day_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN day_number INTEGER NOT NULL DEFAULT 0;
-- Those that are there already are counted by the default zone, UTC+8.
UPDATE runs SET day = CAST(strftime('%Y%m%d', created_at / 1000 + 28800, 'unixepoch') AS INTEGER);
UPDATE runs SET day_number = counted.n FROM (
    SELECT id, row_number() OVER (PARTITION BY coalesce(pipeline_id, pipeline_key), day ORDER BY id) AS n FROM runs
) AS counted WHERE counted.id = runs.id;
UPDATE pipelines SET (day, day_number) = (
    SELECT day, day_number FROM runs WHERE runs.pipeline_id = pipelines.id ORDER BY id DESC LIMIT 1
) WHERE EXISTS (SELECT 1 FROM runs WHERE runs.pipeline_id = pipelines.id);

-- Signatures of requests that changed something, while they would be accepted again.
CREATE TABLE signed_writes (
    signed_at INTEGER NOT NULL,
    signature BLOB    NOT NULL,
    seen_at   INTEGER NOT NULL,
    PRIMARY KEY (signed_at, signature)
) STRICT, WITHOUT ROWID;
