"""Which side of train | heldout a sample stands on: by concept, and equal pictures always together."""
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from .pictures import PRINT, near_pairs
from .sample import Sample
from .texts import SHARE, grams_of, join, running_text, shared

HELDOUT = 7       # per cent of the groups
LEAST = 0.03      # of the documents
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
    """What stands in sets that were built before."""
    prints: np.ndarray = field(default_factory=lambda: np.zeros(0, PRINT))
    sides: list[str] = field(default_factory=list)            # of each print
    concepts: dict[str, str] = field(default_factory=dict)    # concept of a caption -> side
    grams: dict[str, np.ndarray] = field(default_factory=lambda: {side: join([]) for side in SIDES})


def split(samples: list[Sample], prints: list[np.ndarray], followed: Followed, near: bool = True) -> list[str | None]:
    """The side of each sample. What also stands in a followed set goes to its side; None for what fits on no side."""
    groups = Groups()
    owner = [index for index, records in enumerate(prints) for _ in records]
    own = np.concatenate([followed.prints[:0], *prints])
    every = np.concatenate([own, followed.prints])
    where: dict[bytes, set[str]] = defaultdict(set)
    for record, place in zip(followed.prints, followed.sides):
        where[bytes(record["pixels"])].add(place)
    forced: dict[int, set[str]] = defaultdict(set)   # sample -> sides of its pictures and concept in followed sets
    for index, sample in enumerate(samples):
        forced[index] |= {followed.concepts[sample.concept]} if sample.concept in followed.concepts else set()
    for index, record in zip(owner, own):
        forced[index] |= where.get(bytes(record["pixels"]), set())
    for i, j in equal_pairs(own) + (near_pairs(every) if near else []):
        if j < len(own):
            groups.join(samples[owner[i]].concept, samples[owner[j]].concept)
        elif i < len(own):
            forced[owner[i]].add(followed.sides[j - len(own)])
    names = [groups.find(sample.concept) for sample in samples]
    chosen = choose_group_sides(samples, names, forced)
    sides = [chosen[name] if forced[index] <= {chosen[name]} else None for index, name in enumerate(names)]
    return part_texts(samples, sides, followed.grams)


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
    top_up(samples, names, result, {name for name in result if asked[name] or len(concepts[name]) > most})
    return result


def top_up(samples: list[Sample], names: list[str], sides: dict[str, str], fixed: set[str]) -> None:
    """Holds out further groups, none larger than a fifth, where the hash chose too little: manuals of a few long pages."""
    documents = [name for sample, name in zip(samples, names) if not sample.is_text()] or names
    counts = Counter(documents)
    held = sum(count for name, count in counts.items() if sides[name] == "heldout")
    for name in sorted(counts, key=lambda name: number("top up " + name, 1 << 60)):
        if held >= LEAST * len(documents):
            return
        if sides[name] == "train" and name not in fixed and counts[name] <= max(1, len(documents) // 5):
            sides[name] = "heldout"
            held += counts[name]


def part_texts(samples: list[Sample], sides: list[str | None], followed: dict[str, np.ndarray]) -> list[str | None]:
    """Leaves out held-out samples with a text that the training texts have too, and the other way round for texts that
    followed sets hold out."""
    grams = [grams_of(running_text(sample.members)) for sample in samples]
    sides = [None if place == "train" and shared(mine, followed["heldout"]) > SHARE else place
             for mine, place in zip(grams, sides)]
    train = join([followed["train"], *(mine for mine, place in zip(grams, sides) if place == "train")])
    return [None if place == "heldout" and shared(mine, train) > SHARE else place for mine, place in zip(grams, sides)]


def equal_pairs(prints: np.ndarray) -> list[tuple[int, int]]:
    """Neighbours (i, j), i < j, among the prints whose pixels are equal."""
    order = np.argsort(prints["pixels"], kind="stable")
    same = np.flatnonzero(prints["pixels"][order][1:] == prints["pixels"][order][:-1])
    return [(int(order[k]), int(order[k + 1])) for k in same]
