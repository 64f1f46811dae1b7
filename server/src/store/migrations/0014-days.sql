-- How many runs of a day a pipeline has started: the last number that was given, whatever became of its run.
CREATE TABLE run_days (
    pipeline_id INTEGER NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    day         INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number > 0),
    PRIMARY KEY (pipeline_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO run_days SELECT pipeline_id, day, max(day_number) FROM (
    SELECT id AS pipeline_id, day, day_number FROM pipelines
    UNION ALL SELECT pipeline_id, day, day_number FROM runs WHERE pipeline_id IS NOT NULL
) WHERE day_number > 0 GROUP BY pipeline_id, day;
ALTER TABLE pipelines DROP COLUMN day;
ALTER TABLE pipelines DROP COLUMN day_number;
