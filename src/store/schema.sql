-- Ablate's database: results/ablate.db, SQLite in WAL mode. A public interface: open it with sqlite3, pandas or DuckDB.
--
-- Read the views at the end (sweeps, claims, added_seeds, runs, sweep_jobs, jobs, attempts, metrics, scores): they stay as they are from version to version.
-- The tables, named in the singular, are how Ablate keeps things; migrations may change them (PRAGMA user_version).
--
-- Times are seconds since 1970-01-01 UTC. A job's key is 32 hexadecimal digits. JSON is text that json_extract() reads.

-- One row per sweep that was planned, or imported from a table of others. A name is that of one file at a time.
CREATE TABLE sweep (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  path        TEXT NOT NULL,                 -- of the file when it was last planned or imported, links followed
  fingerprint TEXT NOT NULL,                 -- hash of the plan or of what was imported: the same again writes nothing
  axes        TEXT NOT NULL,                 -- JSON: [{"name": "connector.kind", "levels": ["mlp", ...]}, ...]; of a sampled
                                             -- axis also "range": {"low": 1e-4, "high": 0.1, "scale": "log"}
  run         TEXT NOT NULL,                 -- JSON: the [run] table, which is no part of any job's identity
  planned_at  REAL NOT NULL,                 -- or imported
  imported    TEXT                           -- JSON, of an imported one (NULL: planned): {"seed": COLUMN or null, "seeds": [...],
                                             -- "cost": SCORE or null, "lower_is_better": [SCORE, ...]}. Without a seed column no
                                             -- two runs share anything, and seeds number the repeats of a cell; "seeds": what the
                                             -- seeds 1, 2, ... are called in the table, where they are no numbers there.
) STRICT;

-- One combination of levels in a sweep.
CREATE TABLE cell (
  sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  number   INTEGER NOT NULL,                 -- 0, 1, ... in the order of the plan
  label    TEXT,                             -- of an [[include]] cell
  levels   TEXT NOT NULL,                    -- JSON: {"connector.kind": "mlp", ...}; an axis that does not apply is absent
  PRIMARY KEY (sweep_id, number)
) STRICT, WITHOUT ROWID;

-- A cell under one seed, and the jobs that it is made of.
CREATE TABLE replicate (
  sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  number   INTEGER NOT NULL,                 -- 0, 1, ...: all cells of the first seed, then all of the second, ..., then those of added seeds
  cell     INTEGER NOT NULL,                 -- its number
  seed     INTEGER NOT NULL,                 -- unsigned: one of 2^63 or more reads as a negative number
  jobs     TEXT NOT NULL,                    -- JSON: ids of its jobs, upstream first
  PRIMARY KEY (sweep_id, number)
) STRICT, WITHOUT ROWID;

-- What a sweep's file claims that it will show. A claim that is changed is another one; one that is gone from the file stays,
-- withdrawn, and is a new one when it comes back.
CREATE TABLE claim (
  id            INTEGER PRIMARY KEY,
  sweep_id      INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  position      INTEGER NOT NULL,            -- in the file: 0, 1, ...
  name          TEXT NOT NULL,               -- '': the file gives none
  source        TEXT NOT NULL,               -- where it is from; '': the file does not say
  content       TEXT NOT NULL,               -- JSON: {"kind": "better", "score": "vqa/4-shot", "axes": ["connector.kind"], "better":
                                             -- LEVEL, "than": LEVEL, "margin": 0.0, "where": {AXIS: LEVEL, ...}}
  first_seen    REAL NOT NULL,               -- when a plan with it was saved first
  after_results INTEGER NOT NULL,            -- 1: the sweep's jobs had scores by then, or this very metric
  withdrawn_at  REAL                         -- when a plan without it was saved; NULL: it stands
) STRICT;
CREATE INDEX claim_by_sweep ON claim (sweep_id);

-- Seeds that a sweep was given beside those of its file (`ablate run SWEEP --seeds +K`). They go on whenever the file is planned
-- again, for the cells that it still has, and have rows in `replicate` like all others.
CREATE TABLE seed_addition (
  id       INTEGER PRIMARY KEY,
  sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  seeds    TEXT NOT NULL,                    -- JSON: [3, 4]
  cells    TEXT,                             -- JSON: [{"label": null, "levels": {"connector.kind": "mlp", ...}}, ...], as in `cell`;
                                             -- NULL: all cells, whatever the file makes of them
  reason   TEXT NOT NULL,                    -- "all cells", "best 3 by vqa of 24 cells", or the cells as they were asked for
  choice   TEXT,                             -- JSON, of cells that were chosen for their score, so that the seeds that chose them
                                             -- flatter them: {"score": "vqa", "of_cells": 24, "seeds": [0, 1, 2]}; NULL: of others
  added_at REAL NOT NULL
) STRICT;
CREATE INDEX seed_addition_by_sweep ON seed_addition (sweep_id);

-- One section of a stage's resolved configuration, kept once for all jobs that share it.
CREATE TABLE part (
  id      INTEGER PRIMARY KEY,
  hash    TEXT NOT NULL,
  section TEXT NOT NULL,                     -- "connector", "train.vlm", ...
  json    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX part_by_hash ON part (hash);

-- A stage with its fully resolved configuration; shared by all replicates, of any sweep, that need the same. A job's id is
-- greater than those of its parents. Jobs are never deleted, but for the rows that stand for imported runs, one each (stage 'eval',
-- task 'imported', no parts, no attempts, costs 0: not known), which go with their sweep.
CREATE TABLE job (
  id           INTEGER PRIMARY KEY,
  key          TEXT NOT NULL,
  stage        TEXT NOT NULL,
  task         TEXT NOT NULL,                -- the evaluation, for stage 'eval', or 'imported'; else ''
  seed         INTEGER NOT NULL,
  parts        TEXT NOT NULL,                -- JSON: ids of its parts
  parents      TEXT NOT NULL,                -- JSON: ids of the jobs that it builds on
  steps        INTEGER NOT NULL,             -- optimiser steps; 0 for an evaluation
  params       REAL NOT NULL,                -- by formula, like the two below
  flops        REAL NOT NULL,
  memory_bytes REAL NOT NULL,
  state        TEXT NOT NULL DEFAULT 'waiting'
               -- with OR, not IN: an insert then takes half the time
               CHECK (state = 'waiting' OR state = 'queued' OR state = 'running' OR state = 'finished' OR state = 'failed'
                      OR state = 'cancelled'),
  cancel       INTEGER NOT NULL DEFAULT 0,   -- who asked to stop it (queued, running), or had it cancelled (cancelled): 1: the user;
                                             -- 2: `ablate law run --stop-early`, since it was behind; 0: nobody
  micro_batch_halvings INTEGER NOT NULL DEFAULT 0,  -- after out-of-memory failures
  created_at   REAL NOT NULL,
  shown_state  TEXT GENERATED ALWAYS AS (CASE WHEN state = 'cancelled' AND cancel = 2 THEN 'stopped-early' ELSE state END) VIRTUAL,
  trajectory   TEXT NOT NULL DEFAULT ''      -- the same for trainings that differ in their last step alone; '': of no such job, or not known
) STRICT;
CREATE UNIQUE INDEX job_by_key ON job (key);
CREATE INDEX job_by_trajectory ON job (trajectory, steps) WHERE trajectory <> '';
CREATE INDEX job_under_way ON job (id) WHERE state = 'queued' OR state = 'running';

-- One `ablate run`: where its attempts come from.
CREATE TABLE invocation (
  id           INTEGER PRIMARY KEY,
  command      TEXT NOT NULL,                -- JSON: the words of the command line
  folder       TEXT NOT NULL,
  host         TEXT NOT NULL,
  user         TEXT NOT NULL,
  pid          INTEGER NOT NULL,
  version      TEXT NOT NULL,                -- of ablate
  git_revision TEXT NOT NULL,                -- of the folder it was started in; '' outside git
  git_dirty    INTEGER NOT NULL,             -- 1: with uncommitted changes
  started_at   REAL NOT NULL,
  ended_at     REAL                          -- NULL: still running, or killed
) STRICT;

-- One execution of a job by one process, which is queued from its submission on and running from its start on. Numbers count
-- up from 1 within a job, passing over those whose folder is there already; only the highest may still write (fencing).
CREATE TABLE attempt (
  id            INTEGER PRIMARY KEY,
  job_id        INTEGER NOT NULL REFERENCES job (id),
  number        INTEGER NOT NULL,
  invocation_id INTEGER NOT NULL REFERENCES invocation (id),
  state         TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'failed', 'lost', 'cancelled')),
  device        TEXT NOT NULL,               -- where it runs: 'cpu', 'cuda:0', 'cuda:0,1'
  threads       INTEGER NOT NULL,
  memory_bytes  REAL NOT NULL,               -- that it was expected to take there
  time_limit    REAL NOT NULL,               -- seconds that it may run; 0: any
  folder        TEXT NOT NULL,               -- relative to the database's folder; holds journal.jsonl and log.txt
  handle        TEXT,                        -- what the runner knows it by: on this machine, its process id; NULL: not started
  host          TEXT,                        -- this and the next as the worker said when it started
  detail        TEXT,                        -- JSON: its process id, library versions, device name, ...; and what it said at its end
  resume_step   INTEGER NOT NULL DEFAULT 0,  -- step of the checkpoint that it went on from
  step          INTEGER NOT NULL DEFAULT 0,  -- the last step that it told of
  total_steps   INTEGER NOT NULL DEFAULT 0,  -- as it said when it started
  last_word     TEXT CHECK (last_word IN ('finished', 'failed')),  -- the end that its journal has; NULL: none yet
  checkpoint_step INTEGER,                   -- its last checkpoint, and where that is (relative to `folder`)
  checkpoint_path TEXT,
  started_at    REAL NOT NULL,               -- when it was submitted; from its start on, when that was
  last_event_at REAL,
  ended_at      REAL,
  exit_code     INTEGER,                     -- NULL when it was ended by a signal, or its parent was gone
  signal        INTEGER,
  failure       TEXT,                        -- 'config', 'data', 'diverged', 'out-of-memory', 'error', 'timeout', ...
  message       TEXT,                        -- the first line of the error
  journal_offset INTEGER NOT NULL DEFAULT 0, -- how far the journal was read: moves in the same transaction as the rows
  journal_seq    INTEGER NOT NULL DEFAULT 0,
  repeated INTEGER NOT NULL DEFAULT 0,       -- faulty journal lines, by kind (journal/reader.hpp)
  missing  INTEGER NOT NULL DEFAULT 0,
  unknown  INTEGER NOT NULL DEFAULT 0,
  malformed INTEGER NOT NULL DEFAULT 0,
  torn     INTEGER NOT NULL DEFAULT 0,
  late     INTEGER NOT NULL DEFAULT 0,       -- lines written after the attempt was given up: never counted in
  UNIQUE (job_id, number)
) STRICT;
CREATE INDEX attempt_under_way ON attempt (job_id) WHERE state = 'queued' OR state = 'running';

CREATE TABLE metric_name (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- One point of a learning curve. A resumed attempt first removes the points after its checkpoint: curves never fork.
CREATE TABLE metric_point (
  job_id  INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  step    INTEGER NOT NULL,
  value   REAL,                              -- NULL: not a number
  attempt INTEGER NOT NULL,                  -- number of the attempt that wrote it
  PRIMARY KEY (job_id, name_id, step)
) STRICT, WITHOUT ROWID;

-- Kept up to date with metric_point, so that no table of results has to read curves.
CREATE TABLE metric_summary (
  job_id     INTEGER NOT NULL,
  name_id    INTEGER NOT NULL,
  points     INTEGER NOT NULL,
  last_step  INTEGER NOT NULL,
  last_value REAL,
  min_value  REAL,                           -- NULL: no point is a number
  max_value  REAL,
  PRIMARY KEY (job_id, name_id)
) STRICT, WITHOUT ROWID;

-- What an evaluation found.
CREATE TABLE score_value (
  job_id  INTEGER NOT NULL REFERENCES job (id),
  name    TEXT NOT NULL,
  value   REAL,                              -- NULL: not a number
  n       INTEGER NOT NULL,                  -- examples
  stderr  REAL,                              -- standard error, where it has one
  attempt INTEGER NOT NULL,
  outcomes TEXT,                             -- hash of the attempt's file `outcomes`, with what became of each example; NULL: none kept
  PRIMARY KEY (job_id, name)
) STRICT, WITHOUT ROWID;

-- Where a content that a configuration names by its hash was found last: what workers read.
CREATE TABLE IF NOT EXISTS data_source (
  hash TEXT PRIMARY KEY,
  path TEXT NOT NULL                         -- absolute
) STRICT, WITHOUT ROWID;

-- Content hashes of data files, so that large ones are read once.
CREATE TABLE data_hash (
  path     TEXT PRIMARY KEY,                 -- absolute
  size     INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,                 -- a file that was replaced or written has another one
  inode    INTEGER NOT NULL,
  hash     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The pictures that the records of a .jsonl file name, so that it is parsed once.
CREATE TABLE IF NOT EXISTS data_names (
  hash    TEXT PRIMARY KEY,                  -- of its content
  version INTEGER NOT NULL,                  -- of the code that read them
  names   TEXT NOT NULL                      -- with a zero byte between them
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------------
-- The public views.

CREATE VIEW sweeps AS
SELECT s.id, s.name, s.path, s.axes, s.run, s.planned_at,
       (SELECT count(*) FROM cell c WHERE c.sweep_id = s.id) AS cells,
       (SELECT count(*) FROM replicate r WHERE r.sweep_id = s.id) AS runs, s.imported
FROM sweep s;

-- `after_results`: 1 for a claim that was made when results were there already; `withdrawn_at`: NULL for one that stands.
CREATE VIEW claims AS
SELECT s.name AS sweep, c.position, c.name, c.source, c.content ->> 'score' AS score, c.content ->> 'kind' AS kind, c.content,
       c.first_seen, c.after_results, c.withdrawn_at
FROM claim c JOIN sweep s ON s.id = c.sweep_id;

-- `cells`: NULL: all. `choice`: NULL for cells that were not chosen for their score.
CREATE VIEW added_seeds AS
SELECT s.name AS sweep, a.seeds, a.cells, a.reason, a.choice, a.added_at
FROM seed_addition a JOIN sweep s ON s.id = a.sweep_id;

-- One row per job of a planned sweep, with its whole configuration and what it cost. `state`: waiting, queued, running, finished, failed, cancelled
-- by the user, or stopped-early by a search.
CREATE VIEW jobs AS
SELECT j.id, j.key, j.stage, j.task, j.seed, j.shown_state AS state, j.steps, j.params, j.flops, j.memory_bytes, j.created_at,
       (SELECT json_group_object(p.section, json(p.json))
        FROM json_each(j.parts) AS e JOIN part p ON p.id = e.value) AS config,
       (SELECT json_group_array(k.key) FROM json_each(j.parents) AS e JOIN job k ON k.id = e.value) AS parents,
       (SELECT count(*) FROM attempt a WHERE a.job_id = j.id) AS attempts,
       (SELECT sum(coalesce(a.ended_at, a.last_event_at, a.started_at) - a.started_at)
        FROM attempt a WHERE a.job_id = j.id) AS seconds
FROM job j WHERE j.task <> 'imported';

-- `pid` is the worker's own word. New columns stand at the end.
CREATE VIEW attempts AS
SELECT a.id, j.key, j.stage, a.number, a.state, a.device, a.threads, a.folder,
       CASE json_type(a.detail, '$.pid') WHEN 'integer' THEN json_extract(a.detail, '$.pid') END AS pid,
       a.host, a.detail, a.resume_step,
       a.step, a.checkpoint_step, a.started_at, a.last_event_at, a.ended_at, a.exit_code, a.signal, a.failure, a.message,
       a.repeated, a.missing, a.unknown, a.malformed, a.torn, a.late,
       i.command, i.version, i.git_revision, i.git_dirty, a.handle
FROM attempt a JOIN job j ON j.id = a.job_id JOIN invocation i ON i.id = a.invocation_id;

-- One row per point of a curve.
CREATE VIEW metrics AS
SELECT j.key, j.stage, n.name AS metric, m.step, m.value, m.attempt
FROM metric_point m JOIN job j ON j.id = m.job_id JOIN metric_name n ON n.id = m.name_id;

CREATE VIEW scores AS
SELECT j.key, j.stage, j.task, j.seed, s.name, s.value, s.n, s.stderr, s.attempt, s.outcomes
FROM score_value s JOIN job j ON j.id = s.job_id;

-- Which jobs a sweep needs, each once.
CREATE VIEW sweep_jobs AS
SELECT DISTINCT r.sweep_id, e.value AS job_id FROM replicate r JOIN json_each(r.jobs) AS e;

-- One row per cell and seed. `state`: the worst of its jobs (failed, cancelled, stopped-early, running, queued, waiting,
-- finished).
-- An imported run has finished or failed, and neither flops nor seconds.
-- `scores`: JSON, every score of its jobs and, under the stage's name ("vlm/loss"), the last value of every metric; null is
-- not a number, and infinity is text, since JSON has no number for it. `jobs`: JSON, their keys, upstream first.
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
