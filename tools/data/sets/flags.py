"""flags: which country's flag is this?"""
import json

from lib.pictures import normalise
from lib.questions import choices
from lib.sample import Job, Sample, question

RECIPE = 1
SIDE = 320


def build(job: Job) -> list[Sample]:
    """One question a country that ISO 3166-1 names."""
    file = job.root("iso-codes") / "usr/share/iso-codes/json/iso_3166-1.json"
    countries = json.loads(file.read_text())["3166-1"]
    names = {country["alpha_2"]: country.get("common_name", country["name"]) for country in countries}
    folder = job.root("iso-flags-png-320x240") / "usr/share/iso-flags-png-320x240"
    samples = []
    for file in sorted(folder.rglob("*.png")):
        name = names.get(file.stem.upper())
        picture = normalise(file.read_bytes(), SIDE) if name else None
        if picture:
            key = "flag-" + file.stem.lower()
            samples.append(question(key, key, picture, "flags", "Which country's flag is this?", name,
                                    choices(name, list(names.values()), key), source="iso-flags",
                                    licence="public domain"))
    return samples
