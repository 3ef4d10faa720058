-- A job that a search has stopped early is told apart from one that the user has cancelled.
ALTER TABLE job ADD COLUMN shown_state TEXT GENERATED ALWAYS AS
  (CASE WHEN state = 'cancelled' AND cancel = 2 THEN 'stopped-early' ELSE state END) VIRTUAL;
DROP VIEW jobs;
DROP VIEW runs;

CREATE VIEW jobs AS
SELECT j.id, j.key, j.stage, j.task, j.seed, j.shown_state AS state, j.steps, j.params, j.flops, j.memory_bytes, j.created_at,
       (SELECT json_group_object(p.section, json(p.json))
        FROM json_each(j.parts) AS e JOIN part p ON p.id = e.value) AS config,
       (SELECT json_group_array(k.key) FROM json_each(j.parents) AS e JOIN job k ON k.id = e.value) AS parents,
       (SELECT count(*) FROM attempt a WHERE a.job_id = j.id) AS attempts,
       (SELECT sum(coalesce(a.ended_at, a.last_event_at, a.started_at) - a.started_at)
        FROM attempt a WHERE a.job_id = j.id) AS seconds
FROM job j;

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
       sum(j.flops) AS flops,
       sum((SELECT sum(coalesce(a.ended_at, a.last_event_at, a.started_at) - a.started_at)
            FROM attempt a WHERE a.job_id = j.id)) AS seconds,
       json_group_array(j.key) AS jobs
FROM sweep s JOIN replicate r ON r.sweep_id = s.id JOIN cell c ON c.sweep_id = s.id AND c.number = r.cell
JOIN json_each(r.jobs) AS e JOIN job j ON j.id = e.value
GROUP BY r.sweep_id, r.number;
