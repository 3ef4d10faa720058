"""maps: which region is shown in red, and what is its capital? Small regions need resolution."""
from pathlib import Path

import numpy as np
from lxml import etree
from PIL import Image

from lib.pictures import encode, shrink
from lib.questions import choices
from lib.sample import Job, Sample, question, safe_key
from lib.workers import each

RECIPE = 1
SIDE = 384
LEAST_PIXELS = 12   # of a region, in the map's own size
LAND, BORDER, WATER, RED = 225, 60, (170, 200, 230), (220, 30, 30)


def build(job: Job) -> list[Sample]:
    """KGeography's maps: each region has a colour of its own in the picture."""
    files = sorted((job.root("kgeography-data") / "usr/share/kgeography").glob("*.kgm"))
    return [sample for samples in each(read_map, files, job) for sample in samples]


def read_map(file: Path) -> list[Sample]:
    """Two questions for each region of a map: its name, its capital."""
    root = etree.parse(str(file), etree.XMLParser(recover=True, no_network=True)).getroot()
    picture = file.parent / (root.findtext("mapFile") or "")
    regions = [d for d in root.iter("division") if (d.findtext("ignore") or "") not in ("yes", "allowClickMode")]
    if not picture.is_file() or len(regions) < 4:
        return []
    colours = np.array(Image.open(picture).convert("RGB")).astype(np.int32) @ (1 << 16, 1 << 8, 1)
    page = np.full((*colours.shape, 3), LAND, np.uint8)
    for division in root.iter("division"):
        if (division.findtext("name") or "") in ("Water", "Sea", "Coast"):
            page[colours == colour(division)] = WATER
    page[colours == 0] = BORDER
    title, samples = root.findtext("name"), []
    names = [d.findtext("name").strip() for d in regions]
    capitals = [(d.findtext("capital") or "").strip() for d in regions]
    for region, name, capital in zip(regions, names, capitals):
        mask = colours == colour(region)
        if mask.sum() < LEAST_PIXELS:
            continue
        drawn = page.copy()
        drawn[mask] = RED
        image = encode(shrink(Image.fromarray(drawn), SIDE), photo=False, palette=32)
        key, concept = safe_key(f"map-{file.stem}-{colour(region):06x}"), f"maps/{file.stem}"
        about = {"map": title, "pixels_at_224": round(float(mask.sum()) * (224 / max(colours.shape)) ** 2, 1),
                 "source": "kgeography", "licence": "GPL-2+"}
        samples.append(question(key + "-name", concept, image, "maps",
                                f"On this map of {title}, which region is shown in red?", name,
                                choices(name, names, key), **about))
        if capital and len(set(filter(None, capitals))) >= 4:
            samples.append(question(key + "-capital", concept, image, "maps-capital",
                                    f"What is the capital of the region shown in red on this map of {title}?", capital,
                                    choices(capital, list(filter(None, capitals)), key + "-capital"), **about))
    return samples


def colour(division) -> int:
    """A division's colour as one number."""
    value = division.find("color")
    return sum(int(value.findtext(name)) << shift for name, shift in (("red", 16), ("green", 8), ("blue", 0)))
