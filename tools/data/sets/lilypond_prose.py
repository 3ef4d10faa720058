"""lilypond-prose: engraved music with the description in its source (`texidoc`)."""
import re
from functools import partial
from pathlib import Path

from lib.pictures import normalise
from lib.sample import Job, Sample, caption, squeeze
from lib.workers import each

RECIPE = 1
SIDE = 800
FOLDER = "usr/share/doc/lilypond/html/Documentation"
SNIPPET = re.compile(r"% ly snippet:\s*\n% \*+\s*\n(.*?)\n\s*% \*+\s*\n% end ly snippet", re.S)
HEADER = re.compile(r'(?<![a-z])(?:doctitle|texidoc)(?![a-z])\s*=\s*"((?:[^"\\]|\\.)*)"')
COMMAND = re.compile(r"@(?:code|samp|var|q|qq|emph|strong|ref|rlearning|ruser|file)\{([^}]*)\}")


def build(job: Job) -> list[Sample]:
    """XX/lily-HASH.png of one package with XX/lily-HASH.ly of the other."""
    sources = job.root("lilypond-doc-html") / FOLDER
    pictures = job.root("lilypond-doc") / FOLDER
    work = []
    for file in sorted(sources.glob("*/lily-*.ly")):
        text = read_description(file)
        picture = pictures / file.relative_to(sources).with_suffix(".png")
        if len(text.split()) >= 4 and picture.is_file():
            work.append((file.parent.name + "-" + file.stem, text, picture))
    samples, seen = [], set()
    for (name, text, _), picture in zip(work, each(partial(load, side=SIDE), [file for *_, file in work], job)):
        if picture and picture.data not in seen:
            seen.add(picture.data)
            concept = "lilypond-prose/" + text.lower()   # the same words stand on one side
            samples.append(caption("ly-" + name, concept, picture, text, source="lilypond-prose", licence="GFDL-1.3+"))
    return samples


def read_description(file: Path) -> str:
    """doctitle and texidoc of a LilyPond source, without Texinfo's commands."""
    snippet = SNIPPET.search(file.read_text(errors="replace"))
    if not snippet:
        return ""
    code = re.sub(r"\\sourcefile(line|name)[^\n]*\n|(?m:%.*$)", "", snippet[1])
    text = COMMAND.sub(r"\1", " ".join(HEADER.findall(code)))
    return squeeze(re.sub(r"@\w+|[{}\\]", " ", text))[:600]


def load(file: Path, side: int):
    """The engraved picture."""
    return normalise(file.read_bytes(), side)
