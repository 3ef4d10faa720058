"""Shards and manifest of a set: the same samples give the same bytes."""
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np

from .pictures import PRINT
from .sample import Sample
from .splits import SIDES

SHARD_BYTES = 64_000_000
SHARD_SAMPLES = 4000


def write_set(folder: Path, name: str, samples: list[tuple[Sample, str | None]]) -> list[dict]:
    """Writes FOLDER/train/*.tar|jsonl and FOLDER/heldout/..., by key; returns what the manifest says of each shard."""
    shards = []
    for side in SIDES:
        (folder / side).mkdir(parents=True, exist_ok=True)
        mine = sorted((s for s, where in samples if where == side), key=lambda sample: sample.key)
        for number, part in enumerate(_parts(mine)):
            lines = part[0].is_text()
            path = folder / side / f"{name}-{number:05d}.{'jsonl' if lines else 'tar'}"
            (_write_lines if lines else write_tar)(path, part)
            shards.append({
                "path": f"{side}/{path.name}", "split": side, "sha256": sha256(path), "bytes": path.stat().st_size,
                "documents": len(part), "pictures": sum(len(s.pictures()) for s in part),
                "words": sum(s.words for s in part)})
    return shards


def _parts(samples: list[Sample]):
    """Stretches of at most SHARD_SAMPLES samples and about SHARD_BYTES."""
    part, size = [], 0
    for sample in samples:
        length = sum(len(data) for data in sample.members.values())
        if part and (size + length > SHARD_BYTES or len(part) == SHARD_SAMPLES and not sample.is_text()):
            yield part
            part, size = [], 0
        part.append(sample)
        size += length
    if part:
        yield part


def write_tar(path: Path, samples: list[Sample]) -> None:
    """KEY.SUFFIX members in order, without times and owners."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for sample in samples:
            for suffix, data in sorted(sample.members.items()):
                member = tarfile.TarInfo(f"{sample.key}.{suffix}")   # mtime, uid and gid are 0
                member.size, member.mode = len(data), 0o644
                tar.addfile(member, io.BytesIO(data))


def _write_lines(path: Path, samples: list[Sample]) -> None:
    path.write_bytes(b"".join(sample.members["jsonl"] + b"\n" for sample in samples))


def sha256(path: Path) -> str:
    """Checksum of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> dict | None:
    """manifest.json of a finished set; None when there is none."""
    try:
        return json.loads((folder / "manifest.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def write_prints(folder: Path, prints: list[np.ndarray], sides: list[str | None]) -> None:
    """prints-SIDE.npy: fingerprints of the pictures, for sets that follow this one."""
    for side in SIDES:
        mine = [record for record, where in zip(prints, sides) if where == side]
        np.save(folder / f"prints-{side}.npy", np.concatenate(mine) if mine else np.zeros(0, PRINT))


def read_prints(folder: Path) -> tuple[np.ndarray, list[str]]:
    """Prints of a built set and the side of each."""
    parts = [np.load(folder / f"prints-{side}.npy") for side in SIDES]
    return np.concatenate(parts), [side for side, part in zip(SIDES, parts) for _ in part]


def read_tar(path: Path):
    """(key, {suffix: bytes}) of each sample of a tar."""
    key, members = None, {}
    with tarfile.open(path) as tar:
        for member in tar:
            name, _, suffix = member.name.partition(".")
            if name != key and members:
                yield key, members
                members = {}
            key = name
            members[suffix] = tar.extractfile(member).read()
    if members:
        yield key, members


def read(path: Path):
    """{suffix: bytes} of each sample of a shard, a tar or JSONL."""
    if path.suffix == ".jsonl":
        return ({"jsonl": line} for line in path.read_bytes().splitlines())
    return (members for _, members in read_tar(path))


def count(shards: list[dict], side: str | None = None) -> dict:
    """Sums over the shards of one side, or of both."""
    mine = [shard for shard in shards if side in (None, shard["split"])]
    return {key: sum(shard[key] for shard in mine) for key in ("documents", "pictures", "words", "bytes")}
