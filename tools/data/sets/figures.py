"""figures, figures-more: the pictures of built manuals with their captions."""
import json
import re

from lib.sample import Job, Sample, as_json, count_words, squeeze
from lib.shards import read_tar
from lib.splits import SIDES
from sets import by_name

RECIPE = 1
FIGURE = re.compile(r"Figure\s+[\dA-Z]+(?:[.-]\d+)*[.:]\s*([^\n]{12,300})")
POOR = re.compile(r"ref-|figure|inline formula|plot |alternate|\.\./|.*_", re.I)


def build(job: Job) -> list[Sample]:
    """On the side on which the manual's page stands."""
    samples, seen = [], set()
    for manual in by_name(job.name).follows:
        for side in SIDES:
            for shard in sorted((job.out / manual / side).glob("*.tar")):
                for key, members in read_tar(shard):
                    samples += read_figures(manual, key, side, members, seen)
    return samples


def read_figures(manual: str, key: str, side: str, members: dict[str, bytes], seen: set[bytes]) -> list[Sample]:
    """The captioned pictures of one document, each picture once."""
    document = json.loads(members["json"])
    segments, samples = document["segments"], []
    for at, segment in enumerate(segments):
        name = segment.get("image")
        text = find_caption(segments, at) if name and members[name] not in seen else ""
        if not text:
            continue
        seen.add(members[name])
        number, kind = name.split(".")
        about = {"concept": key, "section": document["title"], "source": manual, "licence": by_name(manual).licence}
        parts = {kind: members[name], "txt": text.encode(), "json": as_json(about)}
        samples.append(Sample(f"fig-{key}-{number}", key, parts, count_words(text), side))
    return samples


def find_caption(segments: list[dict], at: int) -> str:
    """The alt text of at least three words, else "Figure 1.2. ..." right before or after the picture."""
    alt = segments[at].get("alt", "")
    if len(alt.split()) >= 3 and len(alt) <= 400 and not POOR.match(alt):
        return alt
    before = segments[at - 1].get("text", "").rpartition("\n")[2] if at else ""
    after = segments[at + 1].get("text", "") if at + 1 < len(segments) else ""
    found = FIGURE.match(before) or FIGURE.match(after)
    text = squeeze(found[1]) if found else ""
    return text if len(text.split()) >= 3 else ""
