"""The same questions, put to Optuna's SQLite storage (Debian's python3-optuna 3.1):
openers of a fresh database, rows reported a second, a writer beside an open reader."""
import multiprocessing
import os
import sqlite3
import sys
import time

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
folder = sys.argv[1]


def open_study(path):
    try:
        study = optuna.create_study(storage=f"sqlite:///{path}", study_name="s", load_if_exists=True)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    except BaseException:
        os._exit(1)
    os._exit(0)


failed = rounds_lost = 0
rounds, processes = 5, 16
for i in range(rounds):
    children = [multiprocessing.Process(target=open_study, args=(f"{folder}/optuna{i}.db",)) for _ in range(processes)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    lost = sum(child.exitcode != 0 for child in children)
    failed += lost
    rounds_lost += lost > 0
print(f"optuna openers: {rounds} rounds of {processes} processes on a fresh database: {failed} failed, in {rounds_lost} rounds")

study = optuna.create_study(storage=f"sqlite:///{folder}/rows.db")
trial = study.ask()
rows = 500
start = time.time()
for step in range(rows):
    trial.report(1.0 / (step + 1), step)
print(f"optuna intake: {rows / (time.time() - start):.0f} rows/s")

reader = sqlite3.connect(f"{folder}/rows.db")
cursor = reader.execute("SELECT * FROM trial_intermediate_values")
cursor.fetchone()
start = time.time()
try:
    for step in range(rows, rows + 5):
        trial.report(1.0, step)
    print(f"optuna beside an open reader: 5 rows in {time.time() - start:.1f} s")
except Exception as error:
    print(f"optuna beside an open reader: {type(error).__name__} after {time.time() - start:.1f} s")
