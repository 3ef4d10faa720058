-- Sweeps can be given more seeds than their files have.
CREATE TABLE seed_addition (id INTEGER PRIMARY KEY, sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  seeds TEXT NOT NULL, cells TEXT, reason TEXT NOT NULL, choice TEXT, added_at REAL NOT NULL) STRICT;
CREATE INDEX seed_addition_by_sweep ON seed_addition (sweep_id);

CREATE VIEW added_seeds AS
SELECT s.name AS sweep, a.seeds, a.cells, a.reason, a.choice, a.added_at
FROM seed_addition a JOIN sweep s ON s.id = a.sweep_id;
