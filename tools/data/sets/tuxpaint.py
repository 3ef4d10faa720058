"""tuxpaint: stamps of a children's drawing program, photographs and drawings, each with a sentence."""
from lib.pictures import draw_svg, normalise
from lib.sample import Job, Sample, caption
from lib.workers import each

RECIPE = 1
SIDE = 384


def build(job: Job) -> list[Sample]:
    """NAME.svg (sharper) or NAME.png, with the first line of NAME.txt."""
    folder = job.root("tuxpaint-stamps-default") / "usr/share/tuxpaint/stamps"
    files = sorted(file for file in folder.rglob("*.txt") if picture_file(file))
    samples, seen = [], set()
    for file, picture in zip(files, each(load, files, job)):
        sentence = file.read_text(errors="replace").partition("\n")[0].strip()
        if picture is None or not sentence or picture.data in seen:
            continue
        seen.add(picture.data)
        name = file.relative_to(folder).with_suffix("").as_posix()
        samples.append(caption(f"tp-{len(samples):05d}", "tuxpaint/" + stem(name), picture, sentence,
                               file=name, source="tuxpaint", licence="GPL-2"))
    return samples


def stem(name: str) -> str:
    """The file's name without number and variant."""
    return name.lower().rstrip("0123456789_-")


def picture_file(file):
    """The stamp beside its text."""
    return next((p for p in (file.with_suffix(".svg"), file.with_suffix(".png")) if p.is_file()), None)


def load(file):
    """The stamp's picture."""
    path = picture_file(file)
    data = path.read_bytes()
    return draw_svg(data, SIDE) if path.suffix == ".svg" else normalise(data, SIDE)
