"""What a job reads, read again: its configuration and journal, weights, pictures, documents, tokens, random numbers.

Covers what `small_sweep.py` makes: JSON Lines, PNGs as they are written there, SentencePiece models that `ablate data
tokenizer` trains (BPE with bytes for unknown characters).
"""
import ctypes
import json
import math
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from report import Skipped


class Job:
    """The folder of a finished job: job.json, and what its last attempt was told and wrote."""

    def __init__(self, folder):
        self.key = folder.name
        spec = json.loads((folder / "job.json").read_text())
        self.stage, self.task, self.seed, self.config = spec["stage"], spec["task"], spec["seed"], spec["config"]
        if "encoder.text" in self.config:
            self.config["encoder"]["text"] = self.config["encoder.text"]
        if "llm.moe" in self.config:
            self.config["llm"]["moe"] = self.config["llm.moe"]
        self.attempt = max((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
        attempt = json.loads((self.attempt / "attempt.json").read_text())
        self.sources = attempt["sources"]
        self.parents = {stage: Path(path) for stage, path in attempt["parents"].items()}
        self.events = [json.loads(line) for line in (self.attempt / "journal.jsonl").read_text().splitlines()]

    @property
    def finished(self):
        return self.events[-1]["event"] == "finished"

    def scores(self):
        return {event["name"]: event for event in self.events if event["event"] == "score"}

    def metrics(self):
        return [(event["step"], event["values"]) for event in self.events if event["event"] == "metric"]

    def documents(self, key):
        """Of the one source under a key such as data.text, as they stand there."""
        section, name = key.split(".")
        paths = [Path(self.sources[source]) for source in self.config[section][name]]
        if len(paths) != 1 or paths[0].suffix != ".jsonl":
            raise Skipped(f"{key} is more than one file of JSON Lines")
        return read_documents(paths[0])

    def held_out(self, name):
        """The documents under [eval], in the order in which evaluations see them."""
        found = self.documents("eval." + name)
        return [document for document, _ in DocumentStream(found, 0, f"evaluation/eval.{name}").epoch(0)]

    def tokenizer(self):
        return Tokenizer(Path(self.sources[self.config["data"]["tokenizer"]]))


def read_weights(path):
    """A safetensors file in fp64."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    weights = {}
    for name, item in json.loads(data[8:begin]).items():
        if name != "__metadata__":
            assert item["dtype"] == "F32", name
            start, end = item["data_offsets"]
            values = np.frombuffer(data[begin + start : begin + end], dtype="<f4").astype(np.float64)
            weights[name] = torch.from_numpy(values).view(item["shape"])
    return weights


def read_png(path):
    """[height, width, 3] of 0 .. 255: RGB in 8 bits without filters."""
    data, at, packed, size = path.read_bytes(), 8, b"", (0, 0)
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", content)
            assert (depth, colour, interlace) == (8, 2, 0), path
            size = height, width
        if kind == b"IDAT":
            packed += content
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(size[0], 1 + 3 * size[1])
    assert not rows[:, 0].any(), f"{path}: filtered rows"
    return torch.from_numpy(rows[:, 1:].reshape(*size, 3).astype(np.float64))


@dataclass
class Document:
    segments: list  # Texts, and pictures as tensors.
    targets: list  # For each segment, whether its text is to be predicted.
    choices: list = field(default_factory=list)
    support: list = field(default_factory=list)  # Of an episode: (picture, text).
    synthetic_caption: str = ""
    offset: int = 0  # Of its line, in bytes.

    @property
    def answer(self):
        return self.segments[-1]


def read_documents(path):
    documents, offset = [], 0
    for line in path.read_bytes().splitlines(keepends=True):
        record = json.loads(line)
        picture = lambda name: read_png(path.parent / name)
        if "segments" in record:
            parts = [part["text"].strip() if "text" in part else picture(part["image"]) for part in record["segments"]]
            documents.append(Document(parts, [True] * len(parts)))
        elif "support" in record:
            support = [(picture(shot["image"]), shot["text"]) for shot in record["support"]]
            documents.append(Document([picture(record["query"]["image"]), record["question"], record["answer"]],
                                      [False, False, True], record["choices"], support))
        elif "question" in record:
            documents.append(Document([picture(record["image"]), record["question"], record["answer"]],
                                      [False, False, True], record.get("choices", [])))
        elif "caption" in record:
            documents.append(Document([picture(record["image"]), record["caption"].strip()], [False, True],
                                      synthetic_caption=record.get("synthetic_caption", "")))
        else:
            documents.append(Document([record["text"].strip()], [True]))
        documents[-1].offset = offset
        offset += len(line)
    return documents


class Tokenizer:
    """A SentencePiece model: byte-pair merges by score, without normalisation, a space before the first word."""

    NORMAL, BYTE = 1, 6

    def __init__(self, path):
        self.pieces, self.scores, self.kinds = [], [], []
        for number, value in self.fields(path.read_bytes()):
            if number == 1:
                piece = dict(self.fields(value))
                self.pieces.append(piece[1].decode())
                self.scores.append(struct.unpack("<f", piece[2])[0])
                self.kinds.append(piece.get(3, self.NORMAL))
            if number == 2:
                assert dict(self.fields(value))[3] == 2, "expected a model of byte pairs"
        self.ids = {piece: i for i, piece in enumerate(self.pieces)}
        self.pad, self.end = self.ids["<pad>"], self.ids["</s>"]
        self.image_start, self.image_end = self.ids["<image>"], self.ids["</image>"]

    @staticmethod
    def fields(data):
        """(number, value) of a protocol buffer's message."""
        at = 0

        def varint():
            nonlocal at
            value, shift = 0, 0
            while True:
                byte, at = data[at], at + 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while at < len(data):
            key = varint()
            if key & 7 == 0:
                value = varint()
            else:
                size = {1: 8, 5: 4}.get(key & 7) or varint()
                value, at = data[at : at + size], at + size
            yield key >> 3, value

    def encode(self, text):
        symbols = list("\u2581" + text.replace(" ", "\u2581")) if text else []
        while True:
            best = None
            for i in range(len(symbols) - 1):
                found = self.ids.get(symbols[i] + symbols[i + 1])
                if found is not None and self.kinds[found] == self.NORMAL and (best is None or self.scores[found] > best[0]):
                    best = self.scores[found], i
            if best is None:
                break
            i = best[1]
            symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]
        ids = []
        for symbol in symbols:
            found = self.ids.get(symbol)
            ids += [found] if found is not None else [self.ids[f"<0x{byte:02X}>"] for byte in symbol.encode()]
        return ids

    def bytes_of(self, token):
        """How many bytes of text a piece stands for."""
        if self.kinds[token] == self.BYTE:
            return 1
        return len(self.pieces[token].replace("\u2581", " ").encode()) if self.kinds[token] == self.NORMAL else 0


class RandomStream:
    """Philox4x32-10; the key is the lower half of XXH3-128 of "seed/purpose", the counter (index, lane)."""

    def __init__(self, seed, purpose):
        class Hash(ctypes.Structure):
            _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]

        hash128 = ctypes.CDLL("libxxhash.so.0").XXH3_128bits
        hash128.restype, hash128.argtypes = Hash, [ctypes.c_char_p, ctypes.c_size_t]
        name = f"{seed}/{purpose}".encode()
        self.key = hash128(name, len(name)).low

    def words(self, first, count, lane=0):
        """Four columns of 32 bits, a row for each index from `first` on."""
        index = np.arange(first, first + count, dtype=np.uint64)
        low = np.uint64(0xFFFFFFFF)
        half = np.uint64(32)
        c = [index & low, index >> half, np.full_like(index, lane & 0xFFFFFFFF), np.full_like(index, lane >> 32)]
        key = [self.key & 0xFFFFFFFF, self.key >> 32]
        for _ in range(10):
            product0, product1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
            c = [product1 >> half ^ c[1] ^ np.uint64(key[0]), product1 & low,
                 product0 >> half ^ c[3] ^ np.uint64(key[1]), product0 & low]
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        return c

    def uniform(self, first, count, lane=0):
        words = self.words(first, count, lane)
        return ((words[0] | words[1] << np.uint64(32)) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, first, count):
        words = [word.astype(np.float64) for word in self.words(first, count)]
        return np.sqrt(-2 * np.log((words[0] + 1) * 2.0**-32)) * np.cos(2 * math.pi * words[1] * 2.0**-32)

    def below(self, bound, index, lane=0):
        words = self.words(index, 1, lane)
        return (int(words[0][0]) | int(words[1][0]) << 32) * bound >> 64


class DocumentStream:
    """The documents of one small file, a shard without windows, epoch after epoch; each epoch shuffled by itself (Fisher and
    Yates from the end)."""

    def __init__(self, documents, seed, purpose):
        self.documents = documents
        self.order = RandomStream(seed, purpose + "/windows")
        self.captions = RandomStream(seed, purpose + "/documents")

    def epoch(self, number):
        """(document, the uniform number that decides on its synthetic caption) in order."""
        order = list(self.documents)
        for left in range(len(order), 1, -1):
            other = self.order.below(left, left, number << 32)
            order[left - 1], order[other] = order[other], order[left - 1]
        return [(document, float(self.captions.uniform(document.offset, 1, number << 32)[0])) for document in order]
