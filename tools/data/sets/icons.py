"""game-icons, tabler: monochrome icons, named after what they show."""
import json
from functools import partial

from lib.emoji import svg
from lib.pictures import draw_svg
from lib.sample import Job, Sample, caption
from lib.workers import each

RECIPE = 1
SIDE = 224


def build(job: Job) -> list[Sample]:
    """The icon's name as words, and its tags."""
    work = game_icons(job) if job.name == "game-icons" else tabler(job)
    licence = {"game-icons": "CC-BY-3.0", "tabler": "MIT"}[job.name]
    pictures = each(partial(draw_svg, side=SIDE), [drawing for *_, drawing in work], job)
    samples = []
    for (name, tags, _), picture in zip(work, pictures):
        if picture:
            words = name.replace("-", " ")
            text = f"{words}. Tags: {', '.join(tags)}." if tags else f"{words}."
            concept = f"{job.name}/{stem(name)}"
            samples.append(caption(f"{job.name}-{name}", concept, picture, text, name=name, source=job.name,
                                   licence=licence))
    return samples


def stem(name: str) -> str:
    """Variants of an icon (bell, bell-off, bell-ringing-2) share the first word of its name."""
    return name.partition("-")[0]


def game_icons(job: Job) -> list[tuple[str, list[str], bytes]]:
    """Name, no tags, drawing."""
    icons = json.loads((job.root("@iconify-json/game-icons") / "icons.json").read_text())
    return [(name, [], svg(icons, name)) for name in sorted(icons["icons"])]


def tabler(job: Job) -> list[tuple[str, list[str], bytes]]:
    """Name, up to six tags, drawing."""
    root = job.root("@tabler/icons")
    work = []
    for name, entry in sorted(json.loads((root / "icons.json").read_text()).items()):
        file = root / f"icons/outline/{name}.svg"
        if file.is_file():
            tags = [str(tag) for tag in entry.get("tags", []) if str(tag) not in name][:6]
            work.append((name, tags, file.read_text().replace("currentColor", "black").encode()))
    return work
