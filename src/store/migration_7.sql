-- Beside a score stands where the outcome of each of its examples is kept. Of older ones none is.
ALTER TABLE score_value ADD COLUMN outcomes TEXT;
DROP VIEW scores;

CREATE VIEW scores AS
SELECT j.key, j.stage, j.task, j.seed, s.name, s.value, s.n, s.stderr, s.attempt, s.outcomes
FROM score_value s JOIN job j ON j.id = s.job_id;
