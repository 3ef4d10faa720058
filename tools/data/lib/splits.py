"""Which side of train | heldout a sample stands on: by concept, and equal pictures always together."""
import hashlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from .pictures import near_pairs
from .sample import Sample
from .texts import SHARE, grams_of, join, running_text, shared

HELDOUT = 7       # per cent of the groups
LARGEST = 0.05    # a group with more than this share of the concepts is training data: it would unbalance the rest
SIDES = ("train", "heldout")


def number(name: str, below: int) -> int:
    """0 .. below - 1 by hash of the name: the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % below


def side(name: str) -> str:
    """The side of a group by its name."""
    return "heldout" if number(name, 100) < HELDOUT else "train"


class Groups:
    """Union-find; a group is called by its smallest name."""

    def __init__(self):
        self.parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The name of the group."""
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            self.parent[name] = self.parent[self.parent[name]]
            name = self.parent[name]
        return name

    def join(self, one: str, two: str) -> None:
        """Makes one group of two."""
        first, last = sorted((self.find(one), self.find(two)))
        self.parent[last] = first


@dataclass
class Followed:
    """What stands in sets that were built before: their pictures, and the stretches of their texts by side."""
    prints: np.ndarray
    sides: list[str]              # of each print
    grams: dict[str, np.ndarray]


def split(samples: list[Sample], prints: list[np.ndarray], followed: Followed, near: bool = True) -> list[str | None]:
    """The side of each sample. What also stands in a followed set goes to its side; None for what fits on no side."""
    groups = Groups()
    owner = [index for index, records in enumerate(prints) for _ in records]
    every = np.concatenate([*prints, followed.prints]) if prints else followed.prints
    forced: dict[int, set[str]] = defaultdict(set)   # sample -> sides of its pictures in followed sets
    for i, j in equal_pairs(every) + (near_pairs(every) if near else []):
        i, j = min(i, j), max(i, j)
        if j < len(owner):
            groups.join(samples[owner[i]].concept, samples[owner[j]].concept)
        elif i < len(owner):
            forced[owner[i]].add(followed.sides[j - len(owner)])
    names = [groups.find(sample.concept) for sample in samples]
    chosen = choose_group_sides(samples, names, forced)
    sides = [chosen[name] if forced[index] <= {chosen[name]} else None for index, name in enumerate(names)]
    bound = [name if "heldout" in forced[index] else "" for index, name in enumerate(names)]
    return part_texts(samples, names, sides, followed.grams, set(bound))


def choose_group_sides(samples: list[Sample], names: list[str], forced: dict[int, set[str]]) -> dict[str, str]:
    """By hash of a group's name, unless its pictures stand in followed sets, or it is too large."""
    concepts: dict[str, set[str]] = defaultdict(set)
    asked: dict[str, set[str]] = defaultdict(set)
    for index, (sample, name) in enumerate(zip(samples, names)):
        concepts[name].add(sample.concept)
        asked[name] |= forced[index]
    most = max(20, LARGEST * sum(map(len, concepts.values())))
    result = {}
    for name, members in concepts.items():
        large = len(members) > most or len(asked[name]) == 2
        result[name] = "train" if large else next(iter(asked[name]), side(name))
    return result


def part_texts(samples: list[Sample], names: list[str], sides: list[str | None],
               followed: dict[str, np.ndarray], bound: set[str]) -> list[str | None]:
    """Held-out groups with a text that the training texts have too become training data, until there are none.
    `bound`: groups whose pictures are held out in a followed set; their samples are left out instead."""
    grams = [grams_of(running_text(sample.members)) for sample in samples]
    sides = [None if where == "train" and shared(mine, followed["heldout"]) > SHARE else where
             for mine, where in zip(grams, sides)]
    train = join([followed["train"], *(mine for mine, where in zip(grams, sides) if where == "train")])
    while True:
        moved = {name for mine, name, where in zip(grams, names, sides)
                 if where == "heldout" and shared(mine, train) > SHARE}
        if not moved:
            return sides
        new = [index for index, name in enumerate(names) if name in moved and sides[index] == "heldout"]
        for index in new:
            stuck = names[index] in bound or shared(grams[index], followed["heldout"]) > SHARE
            sides[index] = None if stuck else "train"
        train = join([train, *(grams[index] for index in new)])


def equal_pairs(prints: np.ndarray) -> list[tuple[int, int]]:
    """Neighbours (i, j), i < j, among the prints whose pixels are equal."""
    order = np.argsort(prints["pixels"], kind="stable")
    same = np.flatnonzero(prints["pixels"][order][1:] == prints["pixels"][order][:-1])
    return [(int(order[k]), int(order[k + 1])) for k in same]
