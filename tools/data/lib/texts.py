"""Texts that say the same: stretches of 13 words in common."""
import json
import re
import zlib

import numpy as np

GRAM = 13     # words
SHARE = 0.5   # of a text's stretches: with more in common, a held-out text leaks

_FACTORS = np.array([pow(0x9E3779B97F4A7C15, i + 1, 1 << 64) for i in range(GRAM)], np.uint64)


def words_of(text: str) -> list[str]:
    """Lower case, letters and digits."""
    return re.findall(r"[a-z0-9]+", text.lower())


def grams_of(text: str) -> np.ndarray:
    """A number for each stretch of 13 words: the same on every machine."""
    codes = np.array([zlib.crc32(word.encode()) for word in words_of(text)], np.uint64)
    if len(codes) < GRAM:
        return np.zeros(0, np.uint64)
    return (np.lib.stride_tricks.sliding_window_view(codes, GRAM) * _FACTORS).sum(axis=1, dtype=np.uint64)


def join(grams: list[np.ndarray]) -> np.ndarray:
    """All of them, sorted, each once."""
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *grams]))


def shared(grams: np.ndarray, others: np.ndarray) -> float:
    """The share of `grams` that are among `others` (joined)."""
    if not len(grams) or not len(others):
        return 0.0
    places = np.searchsorted(others, grams).clip(max=len(others) - 1)
    return float((others[places] == grams).mean())


def running_text(members: dict[str, bytes]) -> str:
    """The text of a sample: a caption, a document's segments, a line's text, or what a conversation answers; "" for
    questions."""
    if "txt" in members:
        return members["txt"].decode()
    record = json.loads(members.get("jsonl") or members["json"])
    answers = [turn["value"] for turn in record.get("conversations", []) if turn["from"] == "gpt"]
    return record.get("text") or " ".join(answers + [part.get("text", "") for part in record.get("segments", [])])
