-- When the time of a job's artifacts was over, which were deleted then.
ALTER TABLE jobs ADD COLUMN artifacts_expired_at INTEGER;
