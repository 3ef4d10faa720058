"""What jobs told beside what was computed."""
import math


class Skipped(Exception):
    pass


class Report:
    """Pairs of a number that a job told and the same one computed here."""

    def __init__(self, tolerance):
        self.tolerance, self.pairs, self.worst, self.failures = tolerance, 0, {}, []
        self.undecided = 0  # Examples of which rounding decides whether they are hits.

    def compare(self, job, name, told, low, high=None, slack=1):
        """A score may lie between two numbers where candidates are as good as equal."""
        high = low if high is None else high
        off = max(low - told, told - high, 0) / max(abs(low), abs(high), 1e-12) if math.isfinite(told) else math.inf
        self.pairs += 1
        kind = f"{job.stage} {name.split(' at ')[0]}"
        self.worst[kind] = max(self.worst.get(kind, 0), off)
        if not off <= slack * self.tolerance:
            self.failures.append(f"{job.key[:8]} {job.stage} {job.task} {name}: told {told:.9g}, computed {low:.9g}"
                                 + (f" .. {high:.9g}" if high > low else "") + f", off by {off:.1e} of it")
