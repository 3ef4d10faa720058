-- Version 5: a state between waiting and running, a runner's handle in the place of a process id, and all of a placement.
-- SQLite changes no CHECK of a table: both are made anew. Views go on naming them.
PRAGMA legacy_alter_table = ON;
DROP VIEW attempts;
DROP VIEW runs;

CREATE TABLE job_5 (
  id           INTEGER PRIMARY KEY,
  key          TEXT NOT NULL,
  stage        TEXT NOT NULL,
  task         TEXT NOT NULL,
  seed         INTEGER NOT NULL,
  parts        TEXT NOT NULL,
  parents      TEXT NOT NULL,
  steps        INTEGER NOT NULL,
  params       REAL NOT NULL,
  flops        REAL NOT NULL,
  memory_bytes REAL NOT NULL,
  state        TEXT NOT NULL DEFAULT 'waiting'
               CHECK (state = 'waiting' OR state = 'queued' OR state = 'running' OR state = 'finished' OR state = 'failed'
                      OR state = 'cancelled'),
  cancel       INTEGER NOT NULL DEFAULT 0,
  micro_batch_halvings INTEGER NOT NULL DEFAULT 0,
  created_at   REAL NOT NULL
) STRICT;
INSERT INTO job_5 SELECT id, key, stage, task, seed, parts, parents, steps, params, flops, memory_bytes, state, cancel,
  micro_batch_halvings, created_at FROM job;

CREATE TABLE attempt_5 (
  id            INTEGER PRIMARY KEY,
  job_id        INTEGER NOT NULL REFERENCES job (id),
  number        INTEGER NOT NULL,
  invocation_id INTEGER NOT NULL REFERENCES invocation (id),
  state         TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'failed', 'lost', 'cancelled')),
  device        TEXT NOT NULL,
  threads       INTEGER NOT NULL,
  memory_bytes  REAL NOT NULL,
  time_limit    REAL NOT NULL,
  folder        TEXT NOT NULL,
  handle        TEXT,
  host          TEXT,
  detail        TEXT,
  resume_step   INTEGER NOT NULL DEFAULT 0,
  step          INTEGER NOT NULL DEFAULT 0,
  total_steps   INTEGER NOT NULL DEFAULT 0,
  last_word     TEXT CHECK (last_word IN ('finished', 'failed')),
  checkpoint_step INTEGER,
  checkpoint_path TEXT,
  started_at    REAL NOT NULL,
  last_event_at REAL,
  ended_at      REAL,
  exit_code     INTEGER,
  signal        INTEGER,
  failure       TEXT,
  message       TEXT,
  journal_offset INTEGER NOT NULL DEFAULT 0,
  journal_seq    INTEGER NOT NULL DEFAULT 0,
  repeated INTEGER NOT NULL DEFAULT 0,
  missing  INTEGER NOT NULL DEFAULT 0,
  unknown  INTEGER NOT NULL DEFAULT 0,
  malformed INTEGER NOT NULL DEFAULT 0,
  torn     INTEGER NOT NULL DEFAULT 0,
  late     INTEGER NOT NULL DEFAULT 0,
  UNIQUE (job_id, number)
) STRICT;
INSERT INTO attempt_5 SELECT id, job_id, number, invocation_id, state, device, threads,
  (SELECT memory_bytes FROM job WHERE job.id = attempt.job_id), 0, folder, CAST(pid AS TEXT), host, detail, resume_step, step,
  total_steps, last_word, checkpoint_step, checkpoint_path, started_at, last_event_at, ended_at, exit_code, signal, failure,
  message, journal_offset, journal_seq, repeated, missing, unknown, malformed, torn, late
FROM attempt;

DROP TABLE attempt;
DROP TABLE job;
ALTER TABLE job_5 RENAME TO job;
ALTER TABLE attempt_5 RENAME TO attempt;
PRAGMA legacy_alter_table = OFF;
CREATE UNIQUE INDEX job_by_key ON job (key);
CREATE INDEX job_under_way ON job (id) WHERE state = 'queued' OR state = 'running';
CREATE INDEX attempt_under_way ON attempt (job_id) WHERE state = 'queued' OR state = 'running';

CREATE VIEW attempts AS
SELECT a.id, j.key, j.stage, a.number, a.state, a.device, a.threads, a.folder,
       CASE json_type(a.detail, '$.pid') WHEN 'integer' THEN json_extract(a.detail, '$.pid') END AS pid,
       a.host, a.detail, a.resume_step,
       a.step, a.checkpoint_step, a.started_at, a.last_event_at, a.ended_at, a.exit_code, a.signal, a.failure, a.message,
       a.repeated, a.missing, a.unknown, a.malformed, a.torn, a.late,
       i.command, i.version, i.git_revision, i.git_dirty, a.handle
FROM attempt a JOIN job j ON j.id = a.job_id JOIN invocation i ON i.id = a.invocation_id;

CREATE VIEW runs AS
SELECT s.name AS sweep, c.number AS cell, c.label, c.levels, r.seed,
       CASE WHEN sum(j.state = 'failed') THEN 'failed'
            WHEN sum(j.state = 'cancelled') THEN 'cancelled'
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
