"""art4apps: drawings of everyday words."""
import re

from lib.pictures import normalise
from lib.sample import Job, Sample, caption

RECIPE = 1
SIDE = 384


def build(job: Job) -> list[Sample]:
    """CATEGORY/WORD.jpg."""
    folder = job.root("pysiogame") / "usr/share/games/pysiogame/res/images/art4apps"
    samples = []
    for file in sorted(folder.glob("*/*.jpg")):
        category, name = file.parent.name, file.stem
        word = re.sub(r"\d+$", "", name.replace("_", " ")).strip()
        picture = normalise(file.read_bytes(), SIDE)
        if picture:
            samples.append(caption(f"a4-{category}-{name}", "word/" + word.lower(), picture, word, label=word,
                                   category=category.replace("_", " "), source="art4apps", licence="GPL-3+"))
    return samples
