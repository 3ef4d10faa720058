-- Trainings that differ in their last step alone go on from each other.
ALTER TABLE job ADD COLUMN trajectory TEXT NOT NULL DEFAULT '';
CREATE INDEX job_by_trajectory ON job (trajectory, steps) WHERE trajectory <> '';
