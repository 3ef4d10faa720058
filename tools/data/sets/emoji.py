"""emoji, emoji-old: one picture for each emoji and drawing style, with its Unicode name and tags."""
from functools import partial

from lib import emoji
from lib.pictures import draw_svg
from lib.sample import Job, Sample, caption
from lib.splits import number
from lib.workers import each

RECIPE = 1
SIDE = 336
LICENCES = {"noto": "Apache-2.0", "twemoji": "CC-BY-4.0", "openmoji": "CC-BY-SA-4.0", "fluent-emoji-flat": "MIT",
            "noto-v1": "Apache-2.0", "fxemoji": "Apache-2.0"}


def build(job: Job) -> list[Sample]:
    """Of skin tones one variant in six."""
    base = job.root("emojibase-data")
    known = emoji.read_emojibase(base)
    names = emoji.read_names(base, known)
    work = []
    for package in sorted(job.packages):
        style = package.removeprefix("@iconify-json/")
        if style == package:
            continue
        for hexcode, drawing in emoji.read_pictures(job.root(package), known, names).items():
            if not known[hexcode]["tone"] or number(hexcode, 6) == 0:
                work.append((style, hexcode, drawing))
    pictures = each(partial(draw_svg, side=SIDE), [drawing for *_, drawing in work], job)
    return [describe(style, hexcode, known[hexcode], picture)
            for (style, hexcode, _), picture in zip(work, pictures) if picture]


def describe(style: str, hexcode: str, entry: dict, picture) -> Sample:
    """The caption is the name with up to six tags; the synthetic one a sentence made from what is known."""
    label, group = entry["label"], entry["group"]
    tags = [tag for tag in entry["tags"] if tag not in label.split()][:6]
    text = f"{label}. Tags: {', '.join(tags)}." if tags else f"{label}."
    kind = f" of {emoji.GROUPS[group]}" if group is not None else ""
    synthetic = f"{label}: an emoji{kind}, drawn in the {emoji.STYLES[style]} style."
    return caption(f"em-{style}-{hexcode}", emoji.concept(hexcode), picture, text, synthetic, label=label,
                   hexcode=hexcode, style=style, source="emoji", licence=LICENCES[style])
