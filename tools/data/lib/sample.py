"""What a set is made of, before it is written."""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .fetch import Package
from .pictures import Picture


@dataclass
class Sample:
    """One document. In a tar its members are KEY.SUFFIX; a text sample has one, its line of JSON."""
    key: str                 # no dots: they end a key
    concept: str             # what decides on which side of the split it stands
    members: dict[str, bytes] = field(default_factory=dict)
    words: int = 0
    side: str = ""           # set by sets that are made from others; else the concept decides

    def pictures(self) -> list[str]:
        """Suffixes of the members that are pictures."""
        return [suffix for suffix in self.members if suffix.endswith(("png", "jpg", "webp"))]

    def is_text(self) -> bool:
        """Whether it is a line of a JSONL shard."""
        return "jsonl" in self.members


@dataclass
class Job:
    """What a set's build function is given."""
    name: str
    packages: dict[str, Package]
    out: Path                                  # built sets
    workers: int
    say: Callable[[str], None]
    files: dict[str, bytes] = field(default_factory=dict)   # further files that the set shall have

    def root(self, package: str) -> Path:
        """The folder of an unpacked package."""
        return self.packages[package].root


def as_json(record: dict) -> bytes:
    """Compact UTF-8."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def count_words(*texts: str) -> int:
    """Words between white space."""
    return sum(len(text.split()) for text in texts)


def squeeze(text: str) -> str:
    """White space as single spaces."""
    return " ".join(text.split())


def safe_key(text: str) -> str:
    """A key: letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:80]


def caption(key: str, concept: str, picture: Picture, text: str, synthetic: str = "", **about) -> Sample:
    """KEY.png|jpg, KEY.txt, KEY.json, and KEY.synthetic.txt where there is one."""
    members = {picture.kind: picture.data, "txt": text.encode(), "json": as_json({"concept": concept, **about})}
    if synthetic:
        members["synthetic.txt"] = synthetic.encode()
    return Sample(key, concept, members, count_words(text))


def text(key: str, concept: str, source: str, content: str) -> Sample:
    """A line of JSON."""
    record = {"id": key, "source": source, "text": content}
    return Sample(key, concept, {"jsonl": as_json(record)}, count_words(content))


def question(key: str, concept: str, picture: Picture, task: str, asked: str, answer: str,
             choices: list[str], **about) -> Sample:
    """KEY.png|jpg and KEY.json."""
    record = {"task": task, "question": asked, "answer": answer, "choices": choices, **about}
    return Sample(key, concept, {picture.kind: picture.data, "json": as_json(record)}, count_words(asked, answer))
