"""Expected values of optimizer_test.cpp for Adafactor, straight from the formulas, in fp64.

Needs Python 3 alone; it prints what stands in the test as literals:
    /usr/bin/python3 tests/train/golden/adafactor.py
"""
import math

STEPS, RATE, DECAY = 24, 1e-2, 0.1
PARAMS = {"matrix": (1, 3, 4), "stack": (2, 3, 2), "bias": (3,)}  # a stack of matrices, or a vector


def start(count):
    return [0.5 * math.sin(1.0 + 0.9 * i) for i in range(count)]


def gradient(weights, step):
    return [0.3 * w + (0.5 + 0.1 * i) * math.cos(0.7 * i + 1.3 * step) for i, w in enumerate(weights)]


def rms(values):
    return math.sqrt(math.fsum(v * v for v in values) / len(values))


def train(shape):
    weights = start(math.prod(shape))
    rows, columns, squares = {}, {}, {}
    for step in range(1, STEPS + 1):
        beta = 1 - step**-0.8
        grad = gradient(weights, step)
        if len(shape) == 1:
            update = []
            for i, g in enumerate(grad):
                squares[i] = beta * squares.get(i, 0) + (1 - beta) * (g * g + 1e-30)
                update.append(g / math.sqrt(squares[i]))
        else:
            stack, n, m = shape
            at = lambda s, r, c: grad[(s * n + r) * m + c]
            for s in range(stack):
                for r in range(n):
                    mean = sum(at(s, r, c) ** 2 + 1e-30 for c in range(m)) / m
                    rows[s, r] = beta * rows.get((s, r), 0) + (1 - beta) * mean
                for c in range(m):
                    mean = sum(at(s, r, c) ** 2 + 1e-30 for r in range(n)) / n
                    columns[s, c] = beta * columns.get((s, c), 0) + (1 - beta) * mean
            update = []
            for s in range(stack):
                mean = sum(rows[s, r] for r in range(n)) / n
                update += [at(s, r, c) / math.sqrt(rows[s, r] * columns[s, c] / mean)
                           for r in range(n) for c in range(m)]
        kept = 1 - (RATE * DECAY if len(shape) > 1 else 0)
        shrink = max(1, rms(update))
        weights = [w * kept - RATE * u / shrink for w, u in zip(weights, update)]
    return weights


if __name__ == "__main__":
    for name, shape in PARAMS.items():
        print(name, ", ".join(f"{w:.9g}" for w in train(shape)))
