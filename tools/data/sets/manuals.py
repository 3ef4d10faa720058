"""Manuals in HTML: interleaved documents, one a section with pictures; sections without pictures become text."""
import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lib.html_walk import Section, Shown, read_sections
from lib.pictures import draw_svg, normalise
from lib.sample import Job, Sample, as_json, count_words
from lib.workers import each

RECIPE = 1
FURNITURE = (r"logo|/(prev|next|home|up|note|tip|warning|important|caution|bullet|bg|arrow|btn_|ico_)[^/]*$|ico_|_static/"
             r"|doxygen|nav_|bdwn|closed\.png|open\.png|thumb|favicon|icon-(tip|note|warning|info)|mouse-button|callouts/")
COMMON = 0.05        # a picture that more than this share of a manual's sections show is furniture
MOST_PICTURES = 40   # of a document
LEAST_WORDS = 15


@dataclass(frozen=True)
class Manual:
    """Where a manual's pages are; `folder` in each of the set's packages."""
    folder: str = "usr"
    pages: tuple[str, ...] = ("**/*.html",)
    level: int = 3             # a document begins at h1 .. h<level>
    drop: str = FURNITURE      # paths of pictures that are no content
    side: int = 512            # longest side of a picture
    cut: str = ""              # XPath of parts of a page that are no content


MANUALS = {
    "gimp-help": Manual("usr/share/gimp/2.0/help/en", ("*.html",)),
    "lilypond": Manual("usr/share/doc/lilypond/html/Documentation", ("[!0-9a-f]*/*.html", "learning/*.html",
                       "extending/*.html", "essay/*.html", "contributor/*.html", "changes/*.html"), 4,
                       "forward|back|pictures/double", 800, '//*[@class="header"]'),
    "opencv": Manual(pages=("**/*tutorial*.html", "**/tutorial*/**/*.html"), cut='//*[@class="header"]'),
    "scipy": Manual(pages=("**/tutorial/**/*.html", "**/generated/*.html")),
    "freedombox": Manual(drop=FURNITURE + "|icons?/|moin|/img/(alert|idea|tip|attention)"),
    "kicad": Manual(level=4),
    "grass": Manual(drop=FURNITURE + "|hamburger|grassdocs"),
}


def build(job: Job) -> list[Sample]:
    """Sections in Latin letters with enough words, each content once."""
    manual = MANUALS.get(job.name, Manual())
    sections = read_manual(manual, job)
    uses = Counter(shown.file for _, section in sections for shown in set(section.pictures()))
    common = {file for file, count in uses.items() if count > max(10, COMMON * len(sections))}
    files = sorted(set(uses) - common)
    pictures = dict(zip(files, each(partial(load, side=manual.side), files, job)))
    samples, seen = [], set()
    for page, section in sections:
        members, segments = lay_out(section, pictures)
        words = count_words(*(segment["text"] for segment in segments if "text" in segment))
        content = as_json({"segments": segments}) + b"".join(members.values())
        foreign = sum(ord(c) > 0x2FF for part in section.texts() for c in part) > 0.1 * sum(map(len, section.texts()))
        if words < LEAST_WORDS or len(members) > MOST_PICTURES or foreign or content in seen:
            continue
        seen.add(content)
        key = f"{job.name}-{len(samples):05d}"
        if members:
            record = {"id": key, "title": section.title, "source": job.name, "segments": segments}
        else:
            record = {"id": key, "source": job.name, "text": segments[0]["text"]}
        samples.append(Sample(key, page, {**members, "json" if members else "jsonl": as_json(record)}, words))
    return samples


def read_manual(manual: Manual, job: Job) -> list[tuple[str, Section]]:
    """(page, section) of all pages, each page once however often it is linked."""
    # One tree per package, except where a manual is spread over several: there they are laid over each other.
    overlay = job.name == "lilypond"
    trees = [job.root(name) / manual.folder for name in job.packages]
    result, seen = [], set()
    for roots in [trees] if overlay else [[tree] for tree in trees]:
        files = sorted({file for pattern in manual.pages for file in roots[0].glob(pattern)})
        files = [file for file in files if file.is_file() and "big-page" not in file.name]
        files = [file for file in files if file.resolve() not in seen and not seen.add(file.resolve())]
        for file in files:
            page = f"{job.name}/{file.relative_to(roots[0]).with_suffix('')}"
            sections = read_sections(file, roots, manual.level, re.compile(manual.drop), manual.cut)
            result += [(page, section) for section in sections]
    return result


def lay_out(section: Section, pictures: dict) -> tuple[dict[str, bytes], list[dict]]:
    """Members and segments; a picture that is shown twice is one member."""
    members: dict[str, bytes] = {}
    names: dict[Path, str] = {}
    segments: list[dict] = []
    for part in section.segments:
        if isinstance(part, Shown):
            picture = pictures.get(part.file)
            if picture is None:
                continue
            if part.file not in names:
                names[part.file] = f"{len(names)}.{picture.kind}"
                members[names[part.file]] = picture.data
            segments.append({"image": names[part.file], **({"alt": part.alt} if part.alt else {})})
        elif segments and "text" in segments[-1]:
            segments[-1]["text"] += "\n\n" + part
        else:
            segments.append({"text": part})
    return members, segments


def load(file: Path, side: int):
    """A picture of a manual; None for the tiny ones that stand within a line."""
    data = file.read_bytes()
    picture = draw_svg(data, side) if file.suffix.lower() == ".svg" else normalise(data, side, 32)
    tiny = picture and (max(picture.width, picture.height) < 32 or min(picture.width, picture.height) < 12)
    return None if tiny else picture
