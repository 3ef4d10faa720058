"""Computes the numbers of finished jobs again, in fp64 and from the formulas: what training logged, step by step from the
initial weights, and the scores of evaluations at the stored weights. Random numbers are drawn again, too.

    /usr/bin/python3 tests/reference/recompute.py results      # the folder with jobs/

Needs Debian's python3-torch. Covers sweeps such as `small_sweep.py` makes: each source is one file of JSON Lines with PNGs of
the encoder's size, and a decoder is trained on one document of each kind, so that it does not matter how they are mixed. Jobs
with other data are passed over with a line. Exit code 1: a number differs by more than it may.
"""
import argparse
import sys
from pathlib import Path

import torch

from evaluations import recompute_evaluation
from inputs import Job
from report import Report, Skipped
from training import recompute_training


def recompute(results, tolerance):
    """Prints what was compared; the report."""
    report, recomputed = Report(tolerance), 0
    for folder in sorted((results / "jobs").iterdir()):
        job = Job(folder)
        if not job.finished:
            continue
        try:
            (recompute_evaluation if job.stage == "eval" else recompute_training)(job, report)
            recomputed += 1
        except Skipped as reason:
            print(f"passed over: {job.key[:8]} {job.stage} {job.task}: {reason}")
    for kind, off in sorted(report.worst.items()):
        print(f"{kind:44} within {off:.1e}")
    print(f"{report.pairs} numbers of {recomputed} jobs, {len(report.failures)} of them off by more than {tolerance:g}")
    print(f"{report.undecided} answers are so near to others that rounding decides")
    for failure in report.failures:
        print("DIFFERS: " + failure)
    return report, recomputed


def main():
    parser = argparse.ArgumentParser(description="Computes the numbers of finished jobs again.")
    parser.add_argument("results", type=Path, help="the folder with jobs/")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="relative")
    options = parser.parse_args()
    torch.set_num_threads(1)
    report, _ = recompute(options.results, options.tolerance)
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    main()
