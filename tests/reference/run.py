"""The test `reference`: `ablate` runs sweeps of tiny models, and every number of it is computed again in fp64.

    /usr/bin/python3 tests/reference/run.py ABLATE TOKENIZER_MODEL
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import torch
except ImportError:
    print("skipped: this Python has no PyTorch; expected Debian's python3-torch (apt-get install python3-torch)")
    sys.exit()

from recompute import recompute
from small_sweep import write_sweeps

TOLERANCE = 1e-4  # Relative; losses reach 5e-6, gradients, which may be off by five times as much, 5e-5.
JOBS = 47


def notices_a_wrong_number(results, folder):
    """Whether a loss that is off by 0.03 % is found."""
    for job in (results / "jobs").iterdir():
        if json.loads((job / "job.json").read_text())["stage"] == "llm" and not (folder / "jobs").exists():
            shutil.copytree(job, folder / "jobs" / job.name)
            (journal,) = (folder / "jobs" / job.name).glob("*/journal.jsonl")
            events = [json.loads(line) for line in journal.read_text().splitlines()]
            next(event for event in events if event.get("step") == 4)["values"]["loss"] *= 1.0003
            journal.write_text("".join(json.dumps(event) + "\n" for event in events))
    report, _ = recompute(folder, TOLERANCE)
    return len(report.failures) == 1 and "loss at step 4" in report.failures[0]


def main():
    program, tokenizer = (str(Path(argument).resolve()) for argument in sys.argv[1:])
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for sweep in write_sweeps(folder, tokenizer):
            run = subprocess.run([program, "run", sweep.name, "--slots", "2", "--threads", "1"], cwd=folder, text=True,
                                 env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
            if run.returncode != 0:
                sys.exit(f"ablate run {sweep.name} ended with {run.returncode}:\n{run.stdout}")
        report, jobs = recompute(folder / "results", TOLERANCE)
        if report.failures or jobs != JOBS:
            sys.exit(f"{len(report.failures)} numbers differ; {jobs} jobs were recomputed, expected {JOBS}")
        print("\nWith one number changed:")
        if not notices_a_wrong_number(folder / "results", folder / "wrong"):
            sys.exit("a loss that was changed by hand was not found, or others were held for wrong")


main()
