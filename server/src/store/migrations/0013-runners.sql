-- When people last changed a runner: NULL until they do.
ALTER TABLE runners ADD COLUMN updated_at INTEGER;
