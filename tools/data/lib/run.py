"""Builds sets one after another: what is finished stays, what is up to date is skipped."""
import hashlib
import importlib
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np

from sets import Set

from . import shards
from .fetch import Cache, BuildError, Package
from .pictures import PRINT, fingerprint
from .sample import Job, Sample
from .splits import SIDES, Followed, split
from .texts import grams_of, join, running_text
from .workers import each

BESIDE = "without-pictures"
FORMAT = 1   # of all sets: raised when lib changes what is written


def build_all(chosen: list[Set], out: Path, cache: Cache, workers: int, say) -> tuple[list[tuple], list[str]]:
    """Rows of the summary, and the names of the sets that could not be built."""
    rows, failed = [], []
    for one in chosen:
        started = time.monotonic()
        if any(name in failed for name in one.follows):
            say(f"{one.name}: left out, it needs {', '.join(name for name in one.follows if name in failed)}")
            failed.append(one.name)
            continue
        try:
            manifest, state = ensure(one, out, cache, workers, lambda line: say(f"{one.name}: {line}"))
        except BuildError as error:
            say(f"{one.name}: {error}")
            failed.append(one.name)
            continue
        state = state or f"{time.monotonic() - started:.0f} s"
        rows.append(summary_row(manifest, state))
    rows += [(name, "", "", "", "", "", "failed") for name in failed]
    return rows, failed


def summary_row(manifest: dict, state: str) -> tuple:
    """A set's line in the table at the end."""
    total, heldout = shards.count(manifest["shards"]), shards.count(manifest["shards"], "heldout")
    return (manifest["set"], total["documents"], heldout["documents"], total["pictures"], total["words"],
            f"{total['bytes'] / 1e6:.1f}", state)


def ensure(one: Set, out: Path, cache: Cache, workers: int, say) -> tuple[dict, str]:
    """The manifest of a set that is up to date, building it where it is not."""
    module = importlib.import_module("sets." + one.module)
    manifest = shards.read_manifest(out / one.name)
    if manifest and is_current(manifest, one, module.RECIPE, out, cache):
        return manifest, "was there"
    say("building")
    packages = {name: cache.get(name, say) for name in one.packages}
    job = Job(one.name, packages, out, workers, say)
    return write(one, module.build(job), job, module.RECIPE), ""


def is_current(manifest: dict, one: Set, recipe: int, out: Path, cache: Cache) -> bool:
    """Whether a finished set is what would be built now."""
    recorded = {package["name"]: package["version"] for package in manifest["packages"]}
    same_packages = set(recorded) == set(one.packages) and all(
        cache.version(name) in (None, version) for name, version in recorded.items())
    return (manifest["recipe"] == [FORMAT, recipe] and same_packages
            and manifest["follows"] == {name: identity(out / name) for name in one.follows})


def identity(folder: Path) -> str:
    """Names the content of a built set."""
    manifest = shards.read_manifest(folder) or {}
    text = json.dumps([shard["sha256"] for kind in ("shards", "beside") for shard in manifest.get(kind, [])])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(one: Set, samples: list[Sample], job: Job, recipe: int) -> dict:
    """Splits the samples, writes OUT/SET whole or not at all, returns its manifest."""
    job.say(f"{len(samples)} documents, splitting")
    found = [[]] * len(samples) if one.kind == "text" else each(sample_prints, samples, job)
    prints = [np.array(records, PRINT) for records in found]
    sides = choose_sides(one, samples, prints, job.out)
    part = job.out / f"{one.name}.tmp-{os.getpid()}"
    for old in job.out.glob(one.name + ".tmp-*"):
        shutil.rmtree(old)
    chosen = list(zip(samples, sides))
    written = shards.write_set(part, one.name, [(s, w) for s, w in chosen if one.kind == "text" or not s.is_text()])
    beside = []   # of a manual: the sections without pictures, for the sets of text
    if one.kind == "interleaved":
        beside = shards.write_set(part / BESIDE, one.name, [(s, w) for s, w in chosen if s.is_text()])
    shards.write_prints(part, prints, sides)
    manifest = {
        "set": one.name, "kind": one.kind, "recipe": [FORMAT, recipe], "licence": one.licence,
        "packages": [package.record() for package in job.packages.values()],
        "follows": {name: identity(job.out / name) for name in one.follows},
        "dropped": sides.count(None),   # equal pictures would have stood on both sides
        "train": shards.count(written, "train"), "heldout": shards.count(written, "heldout"), "shards": written,
        "beside": beside, "files": write_files(part, job.files)}
    (part / "LICENSE.txt").write_text(licence_text(one, job.packages))
    (part / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    replace(part, job.out / one.name)
    return manifest


def write_files(folder: Path, files: dict[str, bytes]) -> list[dict]:
    """Writes a set's further files; returns what the manifest says of each."""
    result = []
    for name, data in sorted(files.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        result.append({"path": name, "sha256": shards.sha256(folder / name), "bytes": len(data)})
    return result


def sample_prints(sample: Sample) -> list:
    """Fingerprints of a sample's pictures."""
    return [fingerprint(sample.members[suffix]) for suffix in sample.pictures()]


def choose_sides(one: Set, samples: list[Sample], prints: list[np.ndarray], out: Path) -> list[str | None]:
    """Evaluation is held out as a whole; a set made from others keeps their sides; else by concept."""
    if samples and samples[0].side:
        return [sample.side for sample in samples]
    followed = read_followed(one, out)
    if one.kind not in ("evaluation", "few-shot"):
        return split(samples, prints, followed, one.near)
    train = {bytes(record["pixels"]) for record, side in zip(followed.prints, followed.sides) if side == "train"}
    return [None if any(bytes(record["pixels"]) in train for record in found) else "heldout" for found in prints]


def read_followed(one: Set, out: Path) -> Followed:
    """The pictures, concepts and texts of the sets that a set follows."""
    followed = Followed()
    grams: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}
    for name in one.follows:
        prints, sides = shards.read_prints(out / name)
        followed.prints = np.concatenate([followed.prints, prints])
        followed.sides += sides
        for side in SIDES:
            for members in (members for path in sorted((out / name / side).iterdir()) for members in shards.read(path)):
                grams[side].append(grams_of(running_text(members)))
                if "txt" in members:
                    followed.concepts[json.loads(members["json"])["concept"]] = side
    followed.grams = {side: join(found) for side, found in grams.items()}
    return followed


def licence_text(one: Set, packages: dict[str, Package]) -> str:
    """The set's licence, and what its packages say of authors and licences."""
    parts = [f"{one.name}: {one.licence}\n"]
    for name in one.follows:
        parts.append(f"Made from, or held apart from, the set {name}: see ../{name}/LICENSE.txt\n")
    for package in packages.values():
        parts.append(f"\n==== {package.registry} package {package.name} {package.version}\n")
        for file in licence_files(package):
            parts.append(f"---- {file.relative_to(package.root)}\n{file.read_text(errors='replace')}\n")
    return "".join(parts)


def licence_files(package: Package) -> list[Path]:
    """debian/copyright, or the LICENSE files and package.json of an npm package."""
    if package.registry == "debian":
        files = [package.root / "usr/share/doc" / package.name / "copyright"]
    else:
        files = sorted(file for file in package.root.iterdir()
                       if file.name.lower().startswith(("license", "licence", "notice", "info.json")))
    return [file for file in files if file.is_file()]


def replace(part: Path, target: Path) -> None:
    """Puts a finished folder in the place of an old one."""
    old = target.with_name(f"{target.name}.tmp-old-{os.getpid()}")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def check(out: Path, say) -> int:
    """Verifies every checksum of every built set; 1 when something is wrong."""
    bad = count = 0
    for manifest_file in sorted(out.glob("*/manifest.json")):
        if ".tmp-" in manifest_file.parent.name:
            continue
        manifest = shards.read_manifest(manifest_file.parent) or {"shards": []}
        beside = [{**shard, "path": f"{BESIDE}/{shard['path']}"} for shard in manifest.get("beside", [])]
        for shard in manifest["shards"] + beside + manifest.get("files", []):
            path = manifest_file.parent / shard["path"]
            count += 1
            if not path.is_file() or shards.sha256(path) != shard["sha256"]:
                bad += 1
                say(f"{path}: {'checksum differs' if path.is_file() else 'is missing'}")
    say(f"{count} files checked, {bad} bad")
    return 1 if bad or not count else 0
