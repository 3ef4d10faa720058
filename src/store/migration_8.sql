-- Sweeps can be imported: their runs are rows of a table of others. And sweeps make claims.
ALTER TABLE sweep ADD COLUMN imported TEXT;
DROP VIEW sweeps;
DROP VIEW jobs;
DROP VIEW runs;

CREATE VIEW sweeps AS
SELECT s.id, s.name, s.path, s.axes, s.run, s.planned_at,
       (SELECT count(*) FROM cell c WHERE c.sweep_id = s.id) AS cells,
       (SELECT count(*) FROM replicate r WHERE r.sweep_id = s.id) AS runs, s.imported
FROM sweep s;

CREATE VIEW jobs AS
SELECT j.id, j.key, j.stage, j.task, j.seed, j.shown_state AS state, j.steps, j.params, j.flops, j.memory_bytes, j.created_at,
       (SELECT json_group_object(p.section, json(p.json))
        FROM json_each(j.parts) AS e JOIN part p ON p.id = e.value) AS config,
       (SELECT json_group_array(k.key) FROM json_each(j.parents) AS e JOIN job k ON k.id = e.value) AS parents,
       (SELECT count(*) FROM attempt a WHERE a.job_id = j.id) AS attempts,
       (SELECT sum(coalesce(a.ended_at, a.last_event_at, a.started_at) - a.started_at)
        FROM attempt a WHERE a.job_id = j.id) AS seconds
FROM job j WHERE j.task <> 'imported';

CREATE VIEW runs AS
SELECT s.name AS sweep, c.number AS cell, c.label, c.levels, r.seed,
       CASE WHEN sum(j.state = 'failed') THEN 'failed'
            WHEN sum(j.shown_state = 'cancelled') THEN 'cancelled'
            WHEN sum(j.shown_state = 'stopped-early') THEN 'stopped-early'
            WHEN sum(j.state = 'running') THEN 'running'
            WHEN sum(j.state = 'queued') THEN 'queued'
            WHEN sum(j.state = 'waiting') THEN 'waiting'
            ELSE 'finished' END AS state,
       (SELECT json_group_object(name, CASE WHEN value > 1.7976931348623157e308 THEN 'Infinity'
                                            WHEN value < -1.7976931348623157e308 THEN '-Infinity'
                                            ELSE value END) FROM (
          SELECT v.name, v.value FROM json_each(r.jobs) AS e JOIN score_value v ON v.job_id = e.value
          UNION ALL
          SELECT k.stage || '/' || n.name, m.last_value
          FROM json_each(r.jobs) AS e JOIN job k ON k.id = e.value JOIN metric_summary m ON m.job_id = k.id
          JOIN metric_name n ON n.id = m.name_id)) AS scores,
       CASE WHEN s.imported IS NULL THEN sum(j.flops) END AS flops,
       sum((SELECT sum(coalesce(a.ended_at, a.last_event_at, a.started_at) - a.started_at)
            FROM attempt a WHERE a.job_id = j.id)) AS seconds,
       json_group_array(j.key) AS jobs
FROM sweep s JOIN replicate r ON r.sweep_id = s.id JOIN cell c ON c.sweep_id = s.id AND c.number = r.cell
JOIN json_each(r.jobs) AS e JOIN job j ON j.id = e.value
GROUP BY r.sweep_id, r.number;

CREATE TABLE claim (id INTEGER PRIMARY KEY, sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  position INTEGER NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, content TEXT NOT NULL, first_seen REAL NOT NULL,
  after_results INTEGER NOT NULL, withdrawn_at REAL) STRICT;
CREATE INDEX claim_by_sweep ON claim (sweep_id);

CREATE VIEW claims AS
SELECT s.name AS sweep, c.position, c.name, c.source, c.content ->> 'score' AS score, c.content ->> 'kind' AS kind, c.content,
       c.first_seen, c.after_results, c.withdrawn_at
FROM claim c JOIN sweep s ON s.id = c.sweep_id;
