"""Choices of a question, drawn from its name: the same in every build."""
import random


def choices(answer: str, pool: list[str], name: str, count: int = 4) -> list[str]:
    """`count` answers in random order, `answer` among them, the others from `pool`."""
    rng = random.Random(name)   # a string seeds it the same way on every machine
    others = sorted(set(pool) - {answer})
    drawn = rng.sample(others, min(count - 1, len(others))) + [answer]
    rng.shuffle(drawn)
    return drawn
