-- What a run was started without (JSON, NULL: nothing), and what was said of it.

ALTER TABLE runs ADD COLUMN left_out TEXT;
ALTER TABLE runs ADD COLUMN description TEXT;
